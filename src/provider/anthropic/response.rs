//! A message as one body.

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use http::Response;
use serde::Serialize;

use super::block::ContentBlock;
use super::server_tool::{Container, ServerToolUsage, Used};
use super::{error, headers, models};
use crate::provider::{Alphabet, Context, ErrorContext};
use crate::reply::{ApiError, Finish, Part, Reply, Text, Usage};
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
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<Container>,
    #[serde(flatten)]
    stop: Stop<'a>,
    usage: MessageUsage,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    server_tool_use: Option<ServerToolUsage>,
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
            Finish::ContextWindow => stop("model_context_window_exceeded"),
            Finish::Length => stop("max_tokens"),
            Finish::PauseTurn => stop("pause_turn"),
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
            container: None,
            stop,
            usage: MessageUsage {
                input_tokens: uncached(usage),
                cache_creation_input_tokens: usage.cache_write,
                cache_read_input_tokens: usage.cached,
                cache_creation: CacheCreation {
                    ephemeral_5m_input_tokens: usage
                        .cache_write
                        .saturating_sub(usage.cache_write_1h),
                    ephemeral_1h_input_tokens: usage.cache_write_1h,
                },
                output_tokens: said(usage),
                output_tokens_details: OutputTokensDetails::of(usage),
                service_tier: "standard",
                inference_geo: models::inference_geo(self.model),
                server_tool_use: None,
            },
        }
    }
}

pub(super) fn unary(cx: &Context<'_>, reply: &Reply) -> Response<Bytes> {
    let identity = Identity::of(cx);
    let finish = reply.finish_reason();
    let body = match (reply.parts(), &finish) {
        ([Part::Text(text)], Finish::Length | Finish::Stop) if is_plain(text, cx.usage) => {
            plain(&identity, text.as_str(), Stop::of(&finish), cx.usage)
        }
        _ => match full(&identity, reply, Stop::of(&finish), cx) {
            Ok(body) => body,
            Err(error) => {
                return error::error(&ErrorContext::of(cx.request, cx.created, cx.entropy), &error);
            }
        },
    };
    let mut response = Response::new(body);
    *response.headers_mut() = headers::answer(cx);
    response
}

/// Any reply.
fn full(
    identity: &Identity<'_>,
    reply: &Reply,
    stop: Stop<'_>,
    cx: &Context<'_>,
) -> Result<Bytes, ApiError> {
    let blocks = ContentBlock::all(reply, cx.entropy)?;
    let used = Used::of(reply);
    let mut message = identity.message(&blocks, stop, cx.usage);
    message.container = used.container(cx.entropy, cx.created);
    message.usage.server_tool_use = used.usage();
    Ok(JsonStyle::COMPACT.to_vec(&message).into())
}

/// Whether the template has a place for all of it.
fn is_plain(text: &Text, usage: Usage) -> bool {
    text.citations().is_empty() && usage.reasoning == 0 && usage.cache_write == 0
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

const ID: u8 = 0;
const MODEL: u8 = 1;
const TEXT: u8 = 2;
const REASON: u8 = 3;
const GEO: u8 = 4;
const INPUT: u8 = 0;
const CACHED: u8 = 1;
const OUTPUT: u8 = 2;

static PLAIN: LazyLock<Template> = LazyLock::new(|| {
    let identity = Identity { id: hole::text(ID).to_owned(), model: hole::text(MODEL) };
    let content = [ContentBlock::Text { text: hole::text(TEXT) }];
    let stop = Stop { stop_reason: Some(hole::text(REASON)), ..Stop::default() };
    let mut message = identity.message(&content, stop, Usage::default());
    message.usage.input_tokens = hole::number(INPUT);
    message.usage.cache_read_input_tokens = hole::number(CACHED);
    message.usage.output_tokens = hole::number(OUTPUT);
    message.usage.inference_geo = hole::text(GEO);
    Template::compile(&JsonStyle::COMPACT.to_vec(&message))
});

/// Tokens of the prompt that neither came from a cache nor went into one: here those are counted
/// apart.
pub(super) fn uncached(usage: Usage) -> u64 {
    usage.input.saturating_sub(usage.cached).saturating_sub(usage.cache_write)
}

/// Tokens of the answer: at the least the one that ends it. Where there is none, clients take the
/// number for one that was not sent, and keep that of `message_start`.
pub(super) fn said(usage: Usage) -> u64 {
    usage.output.max(1)
}

const SALT_ID: u64 = 1;

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
