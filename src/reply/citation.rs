//! What a text is taken from.

use std::ops::Range;

/// A source of a text: a page of the web, or a document that the request brought.
///
/// ```
/// use tower_mock_llm::{Citation, Reply};
///
/// let reply = Reply::empty().cited_text(
///     "Tower is a library of modular components.",
///     [Citation::web("https://docs.rs/tower", "tower").quote("a library of modular components")],
/// );
/// # let _ = reply;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    source: Source,
    title: String,
    quote: String,
}

/// Where a citation points.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A page of the web: OpenAI's `url_citation`, Anthropic's `web_search_result_location`, a chunk
    /// of Gemini's `groundingMetadata`.
    Web {
        /// Its address.
        url: String,
    },
    /// A plain text document of the request, from one character to another: Anthropic's
    /// `char_location`.
    Characters {
        /// Which of the request's documents, from 0.
        document: usize,
        /// The characters, from 0.
        range: Range<usize>,
    },
    /// Pages of a document of the request: Anthropic's `page_location`.
    Pages {
        /// Which of the request's documents, from 0.
        document: usize,
        /// The pages, from 1; the last is not among them.
        range: Range<usize>,
    },
    /// Blocks of a document of the request: Anthropic's `content_block_location`.
    Blocks {
        /// Which of the request's documents, from 0.
        document: usize,
        /// The blocks, from 0.
        range: Range<usize>,
    },
}

impl Citation {
    /// A page of the web with its title.
    pub fn web(url: impl Into<String>, title: impl Into<String>) -> Self {
        Self::new(Source::Web { url: url.into() }, title)
    }

    /// A place in a document of the request, with the document's title.
    pub fn new(source: Source, title: impl Into<String>) -> Self {
        Self { source, title: title.into(), quote: String::new() }
    }

    /// The words of the source that are cited. Gemini's API has no field for them, and shows the
    /// source alone.
    #[must_use]
    pub fn quote(mut self, quote: impl Into<String>) -> Self {
        self.quote = quote.into();
        self
    }

    /// Where it points.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The title of the page or document.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The words that are cited; empty when none were given.
    pub fn quoted(&self) -> &str {
        &self.quote
    }
}
