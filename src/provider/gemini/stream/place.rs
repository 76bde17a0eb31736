//! Where in the answer the stream is, as a client puts it together.

use crate::provider::gemini::grounding::Sources;
use crate::reply::Citation;

/// The parts and bytes so far. Pieces of text that follow each other are one part.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Parts that began.
    parts: usize,
    /// Bytes of the text that is the last part, if it is one.
    text: Option<usize>,
    /// Bytes of all texts before the part of the reply that is open, and bytes of that.
    spoken: usize,
    open: usize,
    cited: Option<Cited>,
}

/// A text with citations, as far as it has come.
#[derive(Debug)]
struct Cited {
    citations: Vec<Citation>,
    text: String,
}

impl Place {
    /// A text begins that is taken from somewhere, or nowhere.
    pub(super) fn cite(&mut self, citations: &[Citation]) {
        if !citations.is_empty() {
            let (citations, text) = (citations.to_vec(), String::new());
            self.cited = Some(Cited { citations, text });
        }
    }

    /// More of the text or thought that is open.
    pub(super) fn add(&mut self, text: &str) {
        self.open += text.len();
        if let Some(cited) = &mut self.cited {
            cited.text.push_str(text);
        }
    }

    /// Bytes of text so far.
    pub(super) fn spoken(&self) -> usize {
        self.spoken + self.open
    }

    /// The text or thought ends.
    pub(super) fn end(&mut self, thought: bool, sources: &mut Sources) {
        let (bytes, cited) = (std::mem::take(&mut self.open), self.cited.take());
        if bytes == 0 {
            return;
        }
        if thought {
            return self.skip(1);
        }
        let start = self.text.unwrap_or_else(|| {
            self.parts += 1;
            0
        });
        self.text = Some(start + bytes);
        self.spoken += bytes;
        if let Some(cited) = cited {
            sources.cite(&cited.citations, self.parts - 1, start, &cited.text);
        }
    }

    /// Parts that are no text.
    pub(super) fn skip(&mut self, parts: usize) {
        self.parts += parts;
        if parts > 0 {
            self.text = None;
        }
    }
}
