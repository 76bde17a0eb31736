//! The content blocks of a message.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::citation::Citation;
use super::server_tool::{Run, ToolResult};
use crate::provider::{Alphabet, Entropy};
use crate::reply::{ApiError, Part, Reply, ToolCall};
use crate::wire::JsonStyle;

/// <https://platform.claude.com/docs/en/api/messages/create> (read 2026-11-21), in the order of
/// recorded traffic.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ContentBlock<'a> {
    McpToolUse {
        id: String,
        name: &'a str,
        input: Box<RawValue>,
        server_name: &'a str,
    },
    RedactedThinking {
        data: &'a str,
    },
    ServerToolUse {
        id: String,
        name: &'a str,
        input: Box<RawValue>,
    },
    Text {
        text: &'a str,
    },
    Thinking {
        thinking: &'a str,
        signature: Cow<'a, str>,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        input: Box<RawValue>,
        caller: Caller,
    },
    /// Text with citations, which go first.
    #[serde(untagged)]
    Cited {
        citations: Vec<Citation<'a>>,
        r#type: &'static str,
        text: &'a str,
    },
    #[serde(untagged)]
    Raw(Box<RawValue>),
    #[serde(untagged)]
    Result(ToolResult<'a>),
}

/// Who calls the tool: the model itself, not code that it runs.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Caller {
    Direct,
}

impl Caller {
    /// Whether the caller is named in a result of this type.
    pub(super) fn of_result(r#type: &str) -> Option<Self> {
        let is_named = matches!(r#type, "web_fetch_tool_result" | "web_search_tool_result");
        is_named.then_some(Self::Direct)
    }
}

impl<'a> ContentBlock<'a> {
    pub(super) fn cited(citations: Vec<Citation<'a>>, text: &'a str) -> Self {
        Self::Cited { citations, r#type: "text", text }
    }

    /// Whether a ping follows that begins a stream. Streams that begin with a call were recorded
    /// without one, but for calls of the vendor's own tools; what is redacted decides nothing.
    pub(super) fn pings(&self) -> Option<bool> {
        match self {
            Self::McpToolUse { .. } | Self::ToolUse { .. } => Some(false),
            Self::RedactedThinking { .. } => None,
            _ => Some(true),
        }
    }

    /// The blocks of a whole reply, or why there are none.
    pub(super) fn all(reply: &'a Reply, entropy: Entropy) -> Result<Vec<Self>, ApiError> {
        let (mut calls, mut runs) = (0, 0);
        let mut blocks = Vec::with_capacity(reply.parts().len());
        for (index, part) in reply.parts().iter().enumerate() {
            let block = match part {
                // `can_say` names them.
                Part::Audio(_) | Part::Image(_) => continue,
                Part::Raw(raw) => Self::Raw(compact(raw.json())),
                Part::Reasoning(thought) => Self::Thinking {
                    thinking: thought.text(),
                    signature: signature(entropy, index, thought.signature()),
                },
                Part::RedactedReasoning(data) => Self::RedactedThinking { data },
                // A refusal is a text that ends so.
                Part::Refusal(text) => Self::Text { text },
                Part::ServerTool(tool) => {
                    let run = Run::of(entropy, runs, tool);
                    runs += 1;
                    blocks.push(run.call(compact(&run.input())));
                    run.result()
                }
                Part::Text(text) if text.citations().is_empty() => {
                    Self::Text { text: text.as_str() }
                }
                Part::Text(text) => {
                    let citations = Citation::all(entropy, index, text.citations());
                    Self::cited(citations.collect(), text.as_str())
                }
                Part::ToolCall(call) => {
                    calls += 1;
                    Self::ToolUse {
                        id: call_id(entropy, calls - 1, call.id()),
                        name: call.name(),
                        input: input(call)?,
                        caller: Caller::Direct,
                    }
                }
            };
            blocks.push(block);
        }
        Ok(blocks)
    }
}

/// The id of the tool call at `index`, the same in a stream and in a whole answer.
pub(super) fn call_id<'a>(entropy: Entropy, index: usize, given: Option<&'a str>) -> Cow<'a, str> {
    given.map_or_else(
        || entropy.id(SALT_CALL + index as u64, "toolu_01", Alphabet::Base58, 22).into(),
        Cow::Borrowed,
    )
}

/// The signature of the thought at `index`: base64 of what begins and ends as the real ones do, a
/// message of 167 bytes whose fields say so.
pub(super) fn signature<'a>(
    entropy: Entropy,
    index: usize,
    given: Option<&'a str>,
) -> Cow<'a, str> {
    given.map_or_else(
        || {
            let mut signature =
                entropy.id(SALT_SIGNATURE + index as u64, "EqQB", Alphabet::Base64, 216);
            signature.push_str("GAE=");
            signature.into()
        },
        Cow::Borrowed,
    )
}

/// No arguments.
pub(super) fn no_input() -> Box<RawValue> {
    compact("{}")
}

/// A JSON text as part of a body, without white space: a newline would end a line of a stream.
pub(super) fn compact(json: &str) -> Box<RawValue> {
    RawValue::from_string(JsonStyle::COMPACT.respace(json)).expect("what was serialized is JSON")
}

/// The arguments of a call. A stream of the user's may end before it spells any: then there are
/// none. What is no object has no place in a whole message, whereas a stream hands it on as it is.
fn input(call: &ToolCall) -> Result<Box<RawValue>, ApiError> {
    if call.arguments().trim().is_empty() {
        return Ok(no_input());
    }
    let json = JsonStyle::COMPACT.respace(call.arguments());
    let input = RawValue::from_string(json).ok().filter(|json| json.get().starts_with('{'));
    input.ok_or_else(|| {
        ApiError::invalid_request(format!(
            "tower-mock-llm: anthropic cannot say raw arguments of a tool call in a whole message: \
             `input` is a JSON object there, and the arguments of `{}` are none. Stream the answer, \
             or give it other arguments.",
            call.name(),
        ))
    })
}

const SALT_CALL: u64 = 1000;
const SALT_SIGNATURE: u64 = 1_000_000;
