//! A prompt as a cache sees it: pieces in order.

use std::time::Duration;

use crate::request::{Content, LlmRequest, Role};
use crate::util::rng::hash;

/// What of a prompt a vendor's cache may keep, and under which terms.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cacheable {
    /// The prompt in the order in which the vendor reads it.
    pub pieces: Vec<Piece>,
    /// The fewest tokens that are kept, or read.
    pub least: u64,
    /// Tokens that come from the cache are a multiple of this.
    pub step: u64,
    /// How long what is kept lives from its last use on, where pieces do not say so themselves:
    /// then every piece may end what is read. `None`: only [marked](Piece::mark) pieces may.
    pub ttl: Option<Duration>,
}

/// A piece of a prompt.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Piece {
    /// The same for the same piece.
    pub hash: u64,
    /// Its tokens.
    pub tokens: u64,
    /// The client wants the prompt kept up to the end of this piece, for so long.
    pub mark: Option<Duration>,
}

impl Piece {
    /// A piece without a mark.
    pub fn new(hash: u64, tokens: u64) -> Self {
        Self { hash, tokens, mark: None }
    }
}

impl Cacheable {
    /// A cache that the client marks.
    pub fn marked(pieces: Vec<Piece>, least: u64) -> Self {
        Self { pieces, least, step: 1, ttl: None }
    }

    /// A cache that works of its own accord: the tools, then the messages, in pieces of a few
    /// tokens. Media count by what is neutral of them (a URL, a type), not by their bytes.
    pub fn automatic(request: &LlmRequest, least: u64, step: u64, ttl: Duration) -> Self {
        let mut cut = Cut { pieces: Vec::new(), bytes: 0 };
        for tool in &request.tools {
            cut.text(tool.name.as_bytes());
            cut.text(tool.description.as_deref().unwrap_or_default().as_bytes());
            cut.text(tool.schema.as_ref().map_or("", |schema| schema.get()).as_bytes());
        }
        for message in &request.messages {
            cut.message(message.role);
            for content in message.content() {
                match content {
                    Content::Text(text) => cut.text(text.as_bytes()),
                    Content::ToolCall { id: _, name, arguments } => {
                        cut.text(name.as_bytes());
                        cut.text(arguments.as_bytes());
                    }
                    Content::ToolResult { id: _, text } => cut.text(text.as_bytes()),
                    other => {
                        let words = format!("{other:?}");
                        cut.pieces.push(Piece::new(hash(OTHER, words.as_bytes()), 0));
                        cut.count(other.len());
                    }
                }
            }
        }
        Self { pieces: cut.pieces, least, step, ttl: Some(ttl) }
    }
}

/// Cuts texts into pieces, each with the tokens that the estimate gives it: a quarter of the bytes
/// of all texts of a message, and four for what is around it.
struct Cut {
    pieces: Vec<Piece>,
    /// Of the message so far.
    bytes: usize,
}

impl Cut {
    fn message(&mut self, role: Role) {
        self.bytes = 0;
        self.pieces.push(Piece::new(hash(MESSAGE, format!("{role:?}").as_bytes()), 4));
    }

    fn text(&mut self, text: &[u8]) {
        for piece in text.chunks(BYTES) {
            self.pieces.push(Piece::new(hash(TEXT, piece), 0));
            self.count(piece.len());
        }
    }

    fn count(&mut self, bytes: usize) {
        let before = self.bytes.div_ceil(4);
        self.bytes += bytes;
        if let Some(piece) = self.pieces.last_mut() {
            piece.tokens = (self.bytes.div_ceil(4) - before) as u64;
        }
    }
}

/// Sixteen tokens by the estimate.
const BYTES: usize = 64;

const TEXT: u64 = 1;
const MESSAGE: u64 = 2;
const OTHER: u64 = 3;
