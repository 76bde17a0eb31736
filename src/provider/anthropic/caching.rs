//! What of a prompt is kept: what the client marks with `cache_control`.
//!
//! After <https://platform.claude.com/docs/en/build-with-claude/prompt-caching> (read 2026-11-21).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::message::ContentBlock;
use crate::provider::text_or::TextOr;
use crate::provider::{Cacheable, Piece};
use crate::request::{Content, LlmRequest};
use crate::util::rng::hash;
use crate::util::tokens::estimate;

/// The body once more, with what only a cache wants to know: every field of every block.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    tools: Option<Vec<Fields<'a>>>,
    #[serde(borrow)]
    system: Option<TextOr<'a, &'a RawValue>>,
    #[serde(borrow)]
    messages: Vec<Message<'a>>,
    /// Marks the last block that can be.
    cache_control: Option<CacheControl>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: TextOr<'a, &'a RawValue>,
}

type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

#[derive(Deserialize)]
struct CacheControl {
    ttl: Option<String>,
}

impl CacheControl {
    fn ttl(&self) -> Duration {
        match self.ttl.as_deref() {
            Some("1h") => Duration::from_secs(3600),
            _ => Duration::from_secs(300),
        }
    }
}

pub(super) fn cacheable(request: &LlmRequest) -> Option<Cacheable> {
    let body: Body<'_> = serde_json::from_slice(&request.body).ok()?;
    let mut pieces = Vec::new();
    let mut tools = Running { bytes: 0, around: 0 };
    for tool in body.tools.unwrap_or_default() {
        let length = ["name", "description", "input_schema"].iter().map(|field| {
            let raw = tool.get(*field).map_or("", |raw| raw.get());
            serde_json::from_str::<Cow<'_, str>>(raw).map_or(raw.len(), |text| text.len())
        });
        let tokens = tools.count(length.sum());
        pieces.push(piece(TOOL, &tool, tokens));
    }
    if let Some(system) = body.system {
        blocks("system", system, &mut pieces);
    }
    for message in body.messages {
        blocks(&message.role, message.content, &mut pieces);
    }
    if let (Some(control), Some(last)) = (body.cache_control, pieces.last_mut()) {
        last.mark.get_or_insert(control.ttl());
    }
    // Most requests have no mark.
    pieces
        .iter()
        .any(|piece| piece.mark.is_some())
        .then(|| Cacheable::marked(pieces, least(&request.model)))
}

/// The fewest tokens that are kept, by model.
fn least(model: &str) -> u64 {
    const LEAST: [(&str, u64); 8] = [
        ("claude-opus-4-5", 4096),
        ("claude-opus-4-6", 4096),
        ("claude-haiku-4-5", 4096),
        ("claude-sonnet-4-6", 2048),
        ("claude-3-5-haiku", 2048),
        ("claude-3-haiku", 2048),
        ("claude-haiku-3", 2048),
        ("claude-haiku", 4096),
    ];
    LEAST.iter().find(|(name, _)| model.starts_with(name)).map_or(1024, |(_, least)| *least)
}

/// The blocks of one message. A text is a message of one block.
fn blocks(role: &str, content: TextOr<'_, &RawValue>, pieces: &mut Vec<Piece>) {
    let salt = hash(BLOCK, role.as_bytes());
    // What tools returned is a message of its own to the mock, and counted so.
    let mut results = Running { bytes: 0, around: 4 };
    let mut rest = Running { bytes: 0, around: 4 };
    let raws = match content {
        TextOr::List(raws) => raws,
        TextOr::Text(text) => {
            let json = serde_json::to_string(&text).unwrap_or_default();
            let fields = serde_json::from_str(&json).map(|text| {
                let kind = serde_json::from_str("\"text\"").unwrap_or(text);
                Fields::from([("text".into(), text), ("type".into(), kind)])
            });
            let tokens = rest.count(text.len());
            pieces.push(piece(salt, &fields.unwrap_or_default(), tokens));
            return;
        }
    };
    for raw in raws {
        let neutral =
            serde_json::from_str::<ContentBlock<'_>>(raw.get()).map(ContentBlock::neutral);
        let tokens = match &neutral {
            Ok(result @ Content::ToolResult { .. }) => results.count(result.len()),
            Ok(other) => rest.count(other.len()),
            Err(_) => 0,
        };
        let fields: Fields<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
        pieces.push(piece(salt, &fields, tokens));
    }
}

/// A piece whose hash is of all fields but the mark, which moves on with the conversation.
fn piece(salt: u64, fields: &Fields<'_>, tokens: u64) -> Piece {
    let said = fields.iter().filter(|(name, _)| *name != MARK);
    let hash = said
        .fold(salt, |state, (name, raw)| hash(hash(state, name.as_bytes()), raw.get().as_bytes()));
    let mut piece = Piece::new(hash, tokens);
    let control = fields.get(MARK).map(|raw| serde_json::from_str::<CacheControl>(raw.get()));
    piece.mark = control.and_then(Result::ok).map(|control| control.ttl());
    piece
}

/// Tokens of texts that are estimated together.
struct Running {
    bytes: usize,
    /// Tokens around them, with the first.
    around: u64,
}

impl Running {
    fn count(&mut self, bytes: usize) -> u64 {
        let before = estimate(self.bytes);
        self.bytes += bytes;
        estimate(self.bytes) - before + std::mem::take(&mut self.around)
    }
}

const MARK: &str = "cache_control";
const TOOL: u64 = 1;
const BLOCK: u64 = 2;
