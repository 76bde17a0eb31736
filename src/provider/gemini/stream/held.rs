//! The chunk that is held back until it is known whether it is the last.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::provider::gemini::logprobs::LogprobsResult;
use crate::provider::gemini::part::{FunctionCall, Part, arguments};
use crate::reply::Usage;

/// The chunk that waits for the next.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) kind: Option<Kind>,
    /// The text, or the arguments of the call.
    pub(super) text: String,
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) signature: Option<Cow<'static, str>>,
    /// A part that is not cut into deltas.
    pub(super) whole: Option<Box<RawValue>>,
    pub(super) logprobs: Option<LogprobsResult>,
    pub(super) usage: Usage,
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
        self.signature.is_none() && self.logprobs.is_none()
    }

    pub(super) fn part(&self) -> Option<Part<'_>> {
        let mut part = Part {
            thought_signature: self.signature.as_deref().map(Cow::Borrowed),
            ..Part::default()
        };
        match self.kind? {
            Kind::Text { thought } => {
                part.text = Some(Cow::Borrowed(&self.text));
                part.thought = thought;
            }
            Kind::Whole => part.raw = self.whole.as_deref(),
            Kind::ToolCall => {
                part.function_call = arguments(&self.text).map(|args| FunctionCall {
                    name: &self.name,
                    args,
                    id: self.id.as_deref().map(Into::into),
                });
            }
        }
        Some(part)
    }
}
