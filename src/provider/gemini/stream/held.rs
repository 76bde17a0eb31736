//! The chunk that is held back until it is known whether it is the last.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::provider::gemini::logprobs::LogprobsResult;
use crate::provider::gemini::part::{FunctionCall, Part, arguments};

/// The chunk that waits for the next.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) kind: Option<Kind>,
    /// The text, or the arguments of the call.
    pub(super) text: String,
    pub(super) counts: Counts,
    /// What few chunks have.
    pub(super) more: Option<Box<More>>,
}

/// Tokens of the answer so far; in 32 bits, since each stream has them twice. A stream of more says
/// that it has so many.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) said: u32,
    pub(super) thought: u32,
}

impl Counts {
    pub(super) fn say(&mut self, tokens: u64) {
        add(&mut self.said, tokens);
    }

    pub(super) fn think(&mut self, tokens: u64) {
        add(&mut self.thought, tokens);
    }
}

fn add(count: &mut u32, tokens: u64) {
    *count = count.saturating_add(u32::try_from(tokens).unwrap_or(u32::MAX));
}

#[derive(Debug, Default)]
pub(super) struct More {
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) signature: Option<Cow<'static, str>>,
    /// A part that is not cut into deltas.
    pub(super) whole: Option<Box<RawValue>>,
    pub(super) logprobs: Option<LogprobsResult>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Text { thought: bool },
    ToolCall,
    Whole,
}

impl Held {
    /// Whether the text and the counts are all that sets the chunk apart.
    pub(super) fn is_like_others(&self) -> bool {
        self.more.is_none()
    }

    pub(super) fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    pub(super) fn logprobs(&mut self) -> Option<LogprobsResult> {
        self.more.as_mut()?.logprobs.take()
    }

    pub(super) fn part(&self) -> Option<Part<'_>> {
        let more = self.more.as_deref();
        let signature = more.and_then(|more| more.signature.as_deref());
        let mut part = Part { thought_signature: signature.map(Cow::Borrowed), ..Part::default() };
        match self.kind? {
            Kind::Text { thought } => {
                part.text = Some(Cow::Borrowed(&self.text));
                part.thought = thought;
            }
            Kind::Whole => part.raw = more?.whole.as_deref(),
            Kind::ToolCall => {
                part.function_call = arguments(&self.text).map(|args| FunctionCall {
                    name: more.map_or("", |more| &more.name),
                    args,
                    id: more.and_then(|more| more.id.as_deref()).map(Into::into),
                });
            }
        }
        Some(part)
    }
}
