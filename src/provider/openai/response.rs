//! A chat completion as one body.

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use http::Response;
use serde::Serialize;

use super::{headers, models};
use crate::provider::{Alphabet, Context, Entropy};
use crate::reply::{Finish, Part, Reply, Usage};
use crate::wire::{Hole, JsonStyle, Template, hole, put_number, put_ordinary, put_text};

/// <https://platform.openai.com/docs/api-reference/chat/object> (read 2026-11-21), in the order of
/// recorded traffic.
#[derive(Serialize)]
struct ChatCompletion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    usage: CompletionUsage,
    service_tier: &'static str,
    system_fingerprint: Option<&'a str>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    message: Message<'a>,
    /// There and null, or not there at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
    refusal: Option<&'a str>,
    annotations: [(); 0],
}

#[derive(Serialize)]
pub(super) struct ToolCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) r#type: Option<&'static str>,
    pub(super) function: Function<'a>,
}

#[derive(Serialize)]
pub(super) struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    pub(super) arguments: &'a str,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct CompletionUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptTokensDetails,
    completion_tokens_details: CompletionTokensDetails,
}

#[derive(Clone, Copy, Serialize)]
struct PromptTokensDetails {
    cached_tokens: u64,
    audio_tokens: u64,
}

#[derive(Clone, Copy, Serialize)]
struct CompletionTokensDetails {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
}

impl From<Usage> for CompletionUsage {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.input,
            completion_tokens: usage.output,
            total_tokens: usage.total(),
            prompt_tokens_details: PromptTokensDetails {
                cached_tokens: usage.cached,
                audio_tokens: 0,
            },
            completion_tokens_details: CompletionTokensDetails {
                reasoning_tokens: usage.reasoning,
                audio_tokens: 0,
                accepted_prediction_tokens: 0,
                rejected_prediction_tokens: 0,
            },
        }
    }
}

/// What all bodies and chunks of one answer share.
pub(super) struct Identity<'a> {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) model: &'a str,
    pub(super) has_logprobs: bool,
    pub(super) fingerprint: Option<String>,
}

impl<'a> Identity<'a> {
    pub(super) fn of(cx: &Context<'a>) -> Self {
        let model = cx.answering_model(models::snapshot);
        Self {
            id: cx.entropy.id(SALT_ID, "chatcmpl-", Alphabet::Base62, 29),
            created: cx.created,
            model,
            has_logprobs: models::has_logprobs(model),
            fingerprint: models::has_fingerprint(model).then(|| fingerprint(model)),
        }
    }
}

pub(super) fn unary(cx: &Context<'_>, reply: &Reply) -> Response<Bytes> {
    let identity = Identity::of(cx);
    let body = match reply.parts() {
        [Part::Text(text)] if cx.usage.cached == 0 && cx.usage.reasoning == 0 => {
            plain(&identity, text.as_str(), &reply.finish_reason(), cx.usage)
        }
        _ => full(&identity, reply, cx),
    };
    let mut response = Response::new(body);
    *response.headers_mut() = headers::answer(cx.entropy, cx.usage.input, "application/json");
    response
}

/// Any reply.
fn full(identity: &Identity<'_>, reply: &Reply, cx: &Context<'_>) -> Bytes {
    let mut content = String::new();
    let mut refusal = String::new();
    let mut ids = Vec::new();
    for part in reply.parts() {
        match part {
            // Not shown by this API; its tokens are counted.
            Part::Reasoning(_) => {}
            Part::Refusal(text) => refusal.push_str(text),
            Part::Text(text) => content.push_str(text.as_str()),
            Part::ToolCall(call) => ids.push(call_id(cx.entropy, ids.len(), call.id())),
            // `can_say` names them.
            _ => {}
        }
    }
    let calls = reply.parts().iter().filter_map(|part| match part {
        Part::ToolCall(call) => Some(call),
        _ => None,
    });
    let tool_calls: Vec<_> = calls
        .zip(&ids)
        .map(|(call, id)| ToolCall {
            index: None,
            id: Some(id),
            r#type: Some("function"),
            function: Function { name: Some(call.name()), arguments: call.arguments() },
        })
        .collect();
    let is_silent = content.is_empty() && !(tool_calls.is_empty() && refusal.is_empty());
    let message = Message {
        role: "assistant",
        content: (!is_silent).then_some(content.as_str()),
        tool_calls,
        refusal: (!refusal.is_empty()).then_some(refusal.as_str()),
        annotations: [],
    };
    let completion = completion(identity, message, &reply.finish_reason(), cx.usage);
    STYLE.to_vec(&completion).into()
}

fn completion<'a>(
    identity: &'a Identity<'a>,
    message: Message<'a>,
    finish: &Finish,
    usage: Usage,
) -> ChatCompletion<'a> {
    ChatCompletion {
        id: &identity.id,
        object: "chat.completion",
        created: identity.created,
        model: identity.model,
        choices: [Choice {
            index: 0,
            message,
            logprobs: identity.has_logprobs.then_some(()),
            finish_reason: finish_reason(finish),
        }],
        usage: usage.into(),
        service_tier: "default",
        system_fingerprint: identity.fingerprint.as_deref(),
    }
}

/// A reply that is one text and ends naturally: nearly all are. From a template, since to
/// serialize and indent the whole costs three times as much as the rest of the answer.
fn plain(identity: &Identity<'_>, text: &str, finish: &Finish, usage: Usage) -> Bytes {
    let template =
        &PLAIN[usize::from(identity.has_logprobs)][usize::from(identity.fingerprint.is_some())];
    // Just enough, unless much of the text is escaped: what is over a kilobyte costs an allocator
    // more than twice as much.
    let holes = identity.id.len() + identity.model.len() + text.len() + text.len() / 32;
    let mut out = BytesMut::with_capacity(template.len() + holes + HOLES);
    let mut numbers = [usage.input, usage.output, usage.total()].into_iter();
    template.render(&mut out, |hole, out| match hole {
        Hole::Text(ID) => put_ordinary(out, &identity.id),
        Hole::Text(MODEL) => put_text(out, identity.model),
        Hole::Text(TEXT) => put_text(out, text),
        Hole::Text(FINGERPRINT) => {
            put_ordinary(out, identity.fingerprint.as_deref().unwrap_or_default());
        }
        Hole::Text(_) => put_ordinary(out, finish_reason(finish)),
        Hole::Number(CREATED) => put_number(out, identity.created),
        Hole::Number(_) => put_number(out, numbers.next().unwrap_or_default()),
    });
    out.freeze()
}

/// Room for quotes, numbers, the fingerprint and the reason to stop.
const HOLES: usize = 100;

const ID: usize = 0;
const MODEL: usize = 1;
const TEXT: usize = 2;
const FINGERPRINT: usize = 3;
const FINISH: usize = 4;
const CREATED: usize = 0;
const COUNT: usize = 1;

/// By whether there are logprobs, then by whether there is a fingerprint.
static PLAIN: LazyLock<[[Template; 2]; 2]> = LazyLock::new(|| {
    [false, true].map(|has_logprobs| {
        [false, true].map(|has_fingerprint| {
            let message = Message {
                role: "assistant",
                content: Some(hole::TEXT[TEXT]),
                tool_calls: Vec::new(),
                refusal: None,
                annotations: [],
            };
            let mut usage = CompletionUsage::from(Usage::new(0, 0));
            usage.prompt_tokens = hole::NUMBER[COUNT];
            usage.completion_tokens = hole::NUMBER[COUNT];
            usage.total_tokens = hole::NUMBER[COUNT];
            Template::compile(&STYLE.to_vec(&ChatCompletion {
                id: hole::TEXT[ID],
                object: "chat.completion",
                created: hole::NUMBER[CREATED],
                model: hole::TEXT[MODEL],
                choices: [Choice {
                    index: 0,
                    message,
                    logprobs: has_logprobs.then_some(()),
                    finish_reason: hole::TEXT[FINISH],
                }],
                usage,
                service_tier: "default",
                system_fingerprint: has_fingerprint.then_some(hole::TEXT[FINGERPRINT]),
            }))
        })
    })
});

const STYLE: JsonStyle = JsonStyle::INDENT2.with_newline();

/// <https://platform.openai.com/docs/api-reference/chat/object>, `finish_reason`.
pub(super) fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::ContentFilter | Finish::PromptBlocked | Finish::Recitation => "content_filter",
        Finish::Length => "length",
        Finish::Refusal | Finish::Stop | Finish::StopSequence(_) => "stop",
        Finish::ToolUse => "tool_calls",
    }
}

/// The id of the tool call at `index`, the same in a stream and in a whole answer.
pub(super) fn call_id(entropy: Entropy, index: usize, given: Option<&str>) -> String {
    given.map_or_else(
        || entropy.id(SALT_CALL + index as u64, "call_", Alphabet::Base62, 24),
        str::to_owned,
    )
}

const SALT_ID: u64 = 1;
const SALT_CALL: u64 = 1000;

/// The backend that answers for a model: the same as long as the crate is.
fn fingerprint(model: &str) -> String {
    let backend = Entropy::new(crate::util::rng::hash(0, model.as_bytes()));
    backend.id(0, "fp_", Alphabet::Hex, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_says_what_the_struct_says() {
        for model in ["gpt-4o", "gpt-5-mini", "o3"] {
            for text in ["", "plain", "\"quotes\" \\ and\nlines \u{1} é 👋"] {
                let identity = Identity {
                    id: "chatcmpl-1".into(),
                    created: 1_767_225_600,
                    model,
                    has_logprobs: models::has_logprobs(model),
                    fingerprint: models::has_fingerprint(model).then(|| fingerprint(model)),
                };
                let usage = Usage::new(11, 22);
                let message = Message {
                    role: "assistant",
                    content: Some(text),
                    tool_calls: Vec::new(),
                    refusal: None,
                    annotations: [],
                };
                let whole = STYLE.to_vec(&completion(&identity, message, &Finish::Length, usage));
                assert_eq!(plain(&identity, text, &Finish::Length, usage), whole);
            }
        }
    }
}
