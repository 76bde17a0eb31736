//! What a text is taken from, as Anthropic says it.

use serde::Serialize;

use crate::provider::{Alphabet, Entropy};
use crate::reply;
use crate::reply::Source;

/// <https://platform.claude.com/docs/en/build-with-claude/citations> (read 2026-11-21), in the order
/// of recorded traffic.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "the vendor's names")]
pub(super) enum Citation<'a> {
    CharLocation {
        cited_text: &'a str,
        document_index: usize,
        document_title: Option<&'a str>,
        start_char_index: usize,
        end_char_index: usize,
    },
    ContentBlockLocation {
        cited_text: &'a str,
        document_index: usize,
        document_title: Option<&'a str>,
        start_block_index: usize,
        end_block_index: usize,
    },
    PageLocation {
        cited_text: &'a str,
        document_index: usize,
        document_title: Option<&'a str>,
        start_page_number: usize,
        end_page_number: usize,
    },
    WebSearchResultLocation {
        cited_text: &'a str,
        url: &'a str,
        title: Option<&'a str>,
        encrypted_index: String,
    },
}

impl<'a> Citation<'a> {
    /// The citations of the part at `index`.
    pub(super) fn all(
        entropy: Entropy,
        index: usize,
        citations: &'a [reply::Citation],
    ) -> impl Iterator<Item = Self> {
        let salt = SALT_INDEX + ((index as u64) << 20);
        citations.iter().zip(salt..).map(move |(citation, salt)| Self::of(entropy, salt, citation))
    }

    fn of(entropy: Entropy, salt: u64, citation: &'a reply::Citation) -> Self {
        let cited_text = citation.quoted();
        let title = Some(citation.title()).filter(|title| !title.is_empty());
        match citation.source() {
            Source::Blocks { document, range } => Self::ContentBlockLocation {
                cited_text,
                document_index: *document,
                document_title: title,
                start_block_index: range.start,
                end_block_index: range.end,
            },
            Source::Characters { document, range } => Self::CharLocation {
                cited_text,
                document_index: *document,
                document_title: title,
                start_char_index: range.start,
                end_char_index: range.end,
            },
            Source::Pages { document, range } => Self::PageLocation {
                cited_text,
                document_index: *document,
                document_title: title,
                start_page_number: range.start,
                end_page_number: range.end,
            },
            Source::Web { url } => Self::WebSearchResultLocation {
                cited_text,
                url,
                title,
                encrypted_index: encrypted_index(entropy, salt),
            },
        }
    }
}

/// Base64 of what begins and ends as the real ones do, a message of 143 bytes and a number.
fn encrypted_index(entropy: Entropy, salt: u64) -> String {
    let mut index = entropy.id(salt, "Eo8BCioIEhgCIiQ", Alphabet::Base64, 179);
    index.push_str("AYBA==");
    index
}

const SALT_INDEX: u64 = 1 << 40;
