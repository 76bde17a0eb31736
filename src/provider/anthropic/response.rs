//! A message as one body.

use std::borrow::Cow;
use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use http::Response;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{headers, models};
use crate::provider::{Alphabet, Context, Entropy};
use crate::reply::{Finish, Part, Reply, ToolCall, Usage};
use crate::wire::{Hole, JsonStyle, Template, hole, put_json, put_number, put_text};

/// <https://platform.claude.com/docs/en/api/messages/create> (read 2026-11-21), in the order of
/// recorded traffic.
#[derive(Serialize)]
pub(super) struct Message<'a> {
    model: &'a str,
    id: &'a str,
    r#type: &'static str,
    role: &'static str,
    content: &'a [ContentBlock<'a>],
    #[serde(flatten)]
    stop: Stop<'a>,
    usage: MessageUsage,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ContentBlock<'a> {
    Text { text: &'a str },
    Thinking { thinking: &'a str, signature: Cow<'a, str> },
    ToolUse { id: Cow<'a, str>, name: &'a str, input: Box<RawValue>, caller: Caller },
}

/// Who calls the tool: the model itself, not code that it runs.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Caller {
    Direct,
}

/// Why the model stopped: part of a message, and of the delta that ends one.
#[derive(Clone, Copy, Default, Serialize)]
pub(super) struct Stop<'a> {
    stop_reason: Option<&'static str>,
    stop_sequence: Option<&'a str>,
    stop_details: Option<RefusalStopDetails>,
}

#[derive(Clone, Copy, Serialize)]
struct RefusalStopDetails {
    r#type: &'static str,
    category: Option<&'static str>,
    explanation: Option<&'static str>,
}

#[derive(Clone, Copy, Serialize)]
struct MessageUsage {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation: CacheCreation,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<OutputTokensDetails>,
    service_tier: &'static str,
    inference_geo: &'static str,
}

#[derive(Clone, Copy, Serialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

/// There when the model thought.
#[derive(Clone, Copy, Serialize)]
pub(super) struct OutputTokensDetails {
    thinking_tokens: u64,
}

impl OutputTokensDetails {
    pub(super) fn of(usage: Usage) -> Option<Self> {
        (usage.reasoning > 0).then_some(Self { thinking_tokens: usage.reasoning })
    }
}

impl<'a> Stop<'a> {
    pub(super) fn of(finish: &'a Finish) -> Self {
        let stop = |reason| Self { stop_reason: Some(reason), ..Self::default() };
        match finish {
            Finish::ContentFilter
            | Finish::PromptBlocked
            | Finish::Recitation
            | Finish::Refusal => Self {
                stop_details: Some(RefusalStopDetails {
                    r#type: "refusal",
                    category: None,
                    explanation: None,
                }),
                ..stop("refusal")
            },
            Finish::Length => stop("max_tokens"),
            Finish::Stop => stop("end_turn"),
            Finish::StopSequence(sequence) => {
                Self { stop_sequence: Some(sequence), ..stop("stop_sequence") }
            }
            Finish::ToolUse => stop("tool_use"),
        }
    }
}

/// What a message and the beginning of a stream share.
#[derive(Debug)]
pub(super) struct Identity<'a> {
    id: String,
    model: &'a str,
}

impl<'a> Identity<'a> {
    pub(super) fn of(cx: &Context<'a>) -> Self {
        Self {
            id: cx.entropy.id(SALT_ID, "msg_011C", Alphabet::Base58, 20),
            model: cx.answering_model(models::snapshot),
        }
    }

    pub(super) fn message(
        &'a self,
        content: &'a [ContentBlock<'a>],
        stop: Stop<'a>,
        usage: Usage,
    ) -> Message<'a> {
        Message {
            model: self.model,
            id: &self.id,
            r#type: "message",
            role: "assistant",
            content,
            stop,
            usage: MessageUsage {
                input_tokens: uncached(usage),
                cache_creation_input_tokens: 0,
                cache_read_input_tokens: usage.cached,
                cache_creation: CacheCreation {
                    ephemeral_5m_input_tokens: 0,
                    ephemeral_1h_input_tokens: 0,
                },
                output_tokens: said(usage),
                output_tokens_details: OutputTokensDetails::of(usage),
                service_tier: "standard",
                inference_geo: models::inference_geo(self.model),
            },
        }
    }
}

pub(super) fn unary(cx: &Context<'_>, reply: &Reply) -> Response<Bytes> {
    let identity = Identity::of(cx);
    let finish = reply.finish_reason();
    let body = match (reply.parts(), &finish) {
        ([Part::Text(text)], Finish::Length | Finish::Stop) if cx.usage.reasoning == 0 => {
            plain(&identity, text.as_str(), Stop::of(&finish), cx.usage)
        }
        _ => full(&identity, reply, Stop::of(&finish), cx),
    };
    let mut response = Response::new(body);
    *response.headers_mut() = headers::answer(cx);
    response
}

/// Any reply.
fn full(identity: &Identity<'_>, reply: &Reply, stop: Stop<'_>, cx: &Context<'_>) -> Bytes {
    let mut calls = 0;
    let blocks = reply.parts().iter().enumerate();
    let blocks = blocks.filter_map(|(index, part)| {
        Some(match part {
            Part::Reasoning(thought) => ContentBlock::Thinking {
                thinking: thought.text(),
                signature: signature(cx.entropy, index, thought.signature()),
            },
            // A refusal is a text that ends so.
            Part::Refusal(text) => ContentBlock::Text { text },
            Part::Text(text) => ContentBlock::Text { text: text.as_str() },
            Part::ToolCall(call) => {
                calls += 1;
                ContentBlock::ToolUse {
                    id: call_id(cx.entropy, calls - 1, call.id()),
                    name: call.name(),
                    input: input(call),
                    caller: Caller::Direct,
                }
            }
            // `can_say` names them.
            _ => return None,
        })
    });
    let blocks: Vec<_> = blocks.collect();
    let message = identity.message(&blocks, stop, cx.usage);
    JsonStyle::COMPACT.to_vec(&message).into()
}

/// A reply that is one text: nearly all are. From a template, which costs half of serializing
/// the whole.
fn plain(identity: &Identity<'_>, text: &str, stop: Stop<'_>, usage: Usage) -> Bytes {
    let mut out = BytesMut::with_capacity(640 + text.len() + text.len() / 8);
    PLAIN.render(&mut out, |hole, out| match hole {
        Hole::Text(ID) => put_text(out, &identity.id),
        Hole::Text(MODEL) => put_text(out, identity.model),
        Hole::Text(TEXT) => put_text(out, text),
        Hole::Text(REASON) => put_json(out, &stop.stop_reason),
        Hole::Text(_) => put_json(out, models::inference_geo(identity.model)),
        Hole::Number(INPUT) => put_number(out, uncached(usage)),
        Hole::Number(CACHED) => put_number(out, usage.cached),
        Hole::Number(_) => put_number(out, said(usage)),
    });
    out.freeze()
}

const ID: usize = 0;
const MODEL: usize = 1;
const TEXT: usize = 2;
const REASON: usize = 3;
const GEO: usize = 4;
const INPUT: usize = 0;
const CACHED: usize = 1;
const OUTPUT: usize = 2;

static PLAIN: LazyLock<Template> = LazyLock::new(|| {
    let identity = Identity { id: hole::TEXT[ID].to_owned(), model: hole::TEXT[MODEL] };
    let content = [ContentBlock::Text { text: hole::TEXT[TEXT] }];
    let stop = Stop { stop_reason: Some(hole::TEXT[REASON]), ..Stop::default() };
    let mut message = identity.message(&content, stop, Usage::default());
    message.usage.input_tokens = hole::NUMBER[INPUT];
    message.usage.cache_read_input_tokens = hole::NUMBER[CACHED];
    message.usage.output_tokens = hole::NUMBER[OUTPUT];
    message.usage.inference_geo = hole::TEXT[GEO];
    Template::compile(&JsonStyle::COMPACT.to_vec(&message))
});

/// Tokens of the prompt that came from no cache: here they are counted apart.
pub(super) fn uncached(usage: Usage) -> u64 {
    usage.input.saturating_sub(usage.cached)
}

/// Tokens of the answer: at the least the one that ends it. Where there is none, clients take the
/// number for one that was not sent, and keep that of `message_start`.
pub(super) fn said(usage: Usage) -> u64 {
    usage.output.max(1)
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
    RawValue::from_string("{}".to_owned()).expect("an empty object is JSON")
}

/// The arguments of a call. A stream of the user's may spell what is no JSON; then there are none.
fn input(call: &ToolCall) -> Box<RawValue> {
    RawValue::from_string(JsonStyle::COMPACT.respace(call.arguments()))
        .unwrap_or_else(|_| no_input())
}

const SALT_ID: u64 = 1;
const SALT_CALL: u64 = 1000;
const SALT_SIGNATURE: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_says_what_the_struct_says() {
        for model in ["claude-haiku-4-5-20251001", "claude-opus-5"] {
            for text in ["", "plain", "\"quotes\" \\ and\nlines \u{1} é 👋"] {
                for finish in [Finish::Length, Finish::Stop] {
                    let identity = Identity { id: "msg_1".into(), model };
                    let usage = Usage { cached: 3, ..Usage::new(11, 22) };
                    let (content, stop) = ([ContentBlock::Text { text }], Stop::of(&finish));
                    let message = identity.message(&content, stop, usage);
                    let whole = JsonStyle::COMPACT.to_vec(&message);
                    assert_eq!(plain(&identity, text, stop, usage), whole);
                }
            }
        }
    }
}
