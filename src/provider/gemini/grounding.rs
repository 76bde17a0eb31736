//! What an answer is taken from: pages that a search found, and texts that it repeats.

use serde::Serialize;

use super::identity::Identity;
use crate::provider::Alphabet;
use crate::reply::{Citation, Part, ServerTool, Source};

/// What was found and cited, as far as the answer has come.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pages: Vec<Page>,
    supports: Vec<Support>,
    queries: Vec<String>,
}

#[derive(Debug, PartialEq)]
struct Page {
    url: String,
    title: String,
}

/// A piece of the answer, and the pages that it is taken from.
#[derive(Debug)]
struct Support {
    /// The part, as a client puts it together, and the first byte in it.
    part: usize,
    start: usize,
    text: String,
    pages: Vec<usize>,
}

impl Sources {
    /// Takes note of a search.
    pub(super) fn search(&mut self, part: &Part) {
        if let Part::ServerTool(ServerTool::WebSearch { query, results }) = part {
            self.queries.push(query.clone());
            for page in results {
                self.page(&page.url, &page.title);
            }
        }
    }

    /// Takes note of what `text` is taken from, which begins at byte `start` of the part.
    pub(super) fn cite(&mut self, citations: &[Citation], part: usize, start: usize, text: &str) {
        let web = citations.iter().filter_map(|citation| match citation.source() {
            Source::Web { url } => Some((url, citation.title())),
            // `can_say` names them.
            _ => None,
        });
        let pages: Vec<usize> = web.map(|(url, title)| self.page(url, title)).collect();
        if !pages.is_empty() && !text.is_empty() {
            self.supports.push(Support { part, start, text: text.to_owned(), pages });
        }
    }

    fn page(&mut self, url: &str, title: &str) -> usize {
        let known = self.pages.iter().position(|page| page.url == url && page.title == title);
        known.unwrap_or_else(|| {
            self.pages.push(Page { url: url.to_owned(), title: title.to_owned() });
            self.pages.len() - 1
        })
    }

    /// What the last candidate says of it, if there is anything to say.
    pub(super) fn metadata(&self, identity: &Identity<'_>) -> Option<GroundingMetadata<'_>> {
        if self.pages.is_empty() && self.queries.is_empty() {
            return None;
        }
        let is_search = !self.queries.is_empty();
        let chunks = self
            .pages
            .iter()
            .map(|Page { url, title }| GroundingChunk { web: Web { uri: url, title } });
        let supports = self.supports.iter().enumerate().map(|(at, support)| GroundingSupport {
            segment: Segment {
                part_index: support.part,
                start_index: support.start,
                end_index: support.start + support.text.len(),
                text: &support.text,
            },
            grounding_chunk_indices: &support.pages,
            confidence_scores: (0..support.pages.len())
                .filter_map(|source| identity.confidence(at, source))
                .collect(),
        });
        Some(GroundingMetadata {
            search_entry_point: is_search
                .then(|| SearchEntryPoint { rendered_content: chips(&self.queries, identity) }),
            grounding_chunks: chunks.collect(),
            grounding_supports: supports.collect(),
            retrieval_metadata: (is_search && !identity.has_index).then_some(Empty {}),
            web_search_queries: &self.queries,
        })
    }

    /// What the last candidate says of it, when the answer repeats it.
    pub(super) fn recited(&self) -> Option<CitationMetadata<'_>> {
        let sources = self.supports.iter().flat_map(|support| {
            let (start_index, end_index) = (support.start, support.start + support.text.len());
            let pages = support.pages.iter().map(|page| &self.pages[*page]);
            pages.map(move |page| CitationSource { start_index, end_index, uri: &page.url })
        });
        let citation_sources: Vec<_> = sources.collect();
        (!citation_sources.is_empty()).then_some(CitationMetadata { citation_sources })
    }
}

/// <https://ai.google.dev/api/generate-content#GroundingMetadata> (read 2026-11-21), in the order
/// of recorded traffic.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroundingMetadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    search_entry_point: Option<SearchEntryPoint>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    grounding_chunks: Vec<GroundingChunk<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    grounding_supports: Vec<GroundingSupport<'a>>,
    /// Models before 2.5 have it, with nothing in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    retrieval_metadata: Option<Empty>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    web_search_queries: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SearchEntryPoint {
    rendered_content: String,
}

#[derive(Serialize)]
struct GroundingChunk<'a> {
    web: Web<'a>,
}

#[derive(Serialize)]
struct Web<'a> {
    uri: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroundingSupport<'a> {
    segment: Segment<'a>,
    grounding_chunk_indices: &'a [usize],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    confidence_scores: Vec<f32>,
}

/// Indices count bytes; zeros are left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Segment<'a> {
    #[serde(skip_serializing_if = "is_zero")]
    part_index: usize,
    #[serde(skip_serializing_if = "is_zero")]
    start_index: usize,
    end_index: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct Empty {}

/// <https://ai.google.dev/api/generate-content#citationmetadata> (read 2026-11-21).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CitationMetadata<'a> {
    citation_sources: Vec<CitationSource<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CitationSource<'a> {
    #[serde(skip_serializing_if = "is_zero")]
    start_index: usize,
    end_index: usize,
    uri: &'a str,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The searches as links, which the vendor wants to be shown. Its own come with a logo and two pages
/// of style; these have the same classes.
fn chips(queries: &[String], identity: &Identity<'_>) -> String {
    let mut html = String::from("<div class=\"container\">\n  <div class=\"carousel\">\n");
    for (at, query) in queries.iter().enumerate() {
        let id = identity.entropy().id(SALT_LINK + at as u64, "", Alphabet::Base64Url, 180);
        html.push_str("    <a class=\"chip\" href=\"");
        html.push_str(REDIRECT);
        html.push_str(&id);
        html.push_str("\">");
        for c in query.chars() {
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                c => html.push(c),
            }
        }
        html.push_str("</a>\n");
    }
    html.push_str("  </div>\n</div>\n");
    html
}

const REDIRECT: &str = "https://vertexaisearch.cloud.google.com/grounding-api-redirect/";
const SALT_LINK: u64 = 1 << 22;
