//! The words of a whole chat completion.

use serde::Serialize;

use super::extra::{Annotation, Fields, Spoken};
use super::identity::{Fingerprint, Identity};
use super::logprobs::Logprobs;
use crate::reply::{Finish, Usage};

/// <https://platform.openai.com/docs/api-reference/chat/object> (read 2026-11-21), in the order of
/// recorded traffic.
#[derive(Serialize)]
pub(super) struct ChatCompletion<'a> {
    pub(super) id: &'a str,
    pub(super) object: &'static str,
    pub(super) created: u64,
    pub(super) model: &'a str,
    pub(super) choices: &'a [Choice<'a>],
    pub(super) usage: CompletionUsage,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_tier: Option<&'static str>,
    pub(super) system_fingerprint: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Choice<'a> {
    pub(super) index: usize,
    pub(super) message: Message<'a>,
    /// `Some(None)` is null, `None` not there at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<Option<Logprobs<'a>>>,
    pub(super) finish_reason: &'static str,
}

#[derive(Default, Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<ToolCall<'a>>,
    pub(super) refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) audio: Option<Spoken>,
    pub(super) annotations: Vec<Annotation<'a>>,
    #[serde(flatten)]
    pub(super) raw: Fields<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct ToolCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) r#type: Option<&'static str>,
    pub(super) function: Function<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    pub(super) arguments: &'a str,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct CompletionUsage {
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
    pub(super) total_tokens: u64,
    prompt_tokens_details: PromptTokensDetails,
    completion_tokens_details: CompletionTokensDetails,
}

#[derive(Clone, Copy, Serialize)]
struct PromptTokensDetails {
    cached_tokens: u64,
    audio_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tokens: Option<u64>,
}

#[derive(Clone, Copy, Serialize)]
struct CompletionTokensDetails {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_tokens: Option<u64>,
}

impl CompletionUsage {
    /// `speaks`: models that speak count text and pictures by themselves, as recorded.
    pub(super) fn of(usage: Usage, speaks: bool) -> Self {
        let text = |all: u64, sound: u64| speaks.then(|| all.saturating_sub(sound));
        Self {
            prompt_tokens: usage.input,
            completion_tokens: usage.output,
            total_tokens: usage.total(),
            prompt_tokens_details: PromptTokensDetails {
                cached_tokens: usage.cached,
                audio_tokens: usage.audio_input,
                text_tokens: text(usage.input, usage.audio_input),
                image_tokens: speaks.then_some(0),
            },
            completion_tokens_details: CompletionTokensDetails {
                reasoning_tokens: usage.reasoning,
                audio_tokens: usage.audio_output,
                accepted_prediction_tokens: 0,
                rejected_prediction_tokens: 0,
                text_tokens: text(usage.output, usage.audio_output),
            },
        }
    }
}

pub(super) fn completion<'a>(
    identity: &'a Identity<'_>,
    choices: &'a [Choice<'a>],
    usage: Usage,
) -> ChatCompletion<'a> {
    ChatCompletion {
        id: identity.id.as_str(),
        object: "chat.completion",
        created: identity.created,
        model: identity.model,
        choices,
        usage: CompletionUsage::of(usage, identity.speaks),
        service_tier: identity.tier,
        system_fingerprint: identity.fingerprint.as_ref().map(Fingerprint::as_str),
    }
}

/// <https://platform.openai.com/docs/api-reference/chat/object>, `finish_reason`.
pub(super) fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::ContentFilter | Finish::PromptBlocked | Finish::Recitation => "content_filter",
        Finish::ContextWindow | Finish::Length => "length",
        Finish::PauseTurn | Finish::Refusal | Finish::Stop | Finish::StopSequence(_) => "stop",
        Finish::ToolUse => "tool_calls",
    }
}
