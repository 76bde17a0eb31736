//! A generated content as one body.

use std::borrow::Cow;

use bytes::Bytes;
use http::Response;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{INDENTED, headers, models};
use crate::provider::{Alphabet, Context, Entropy};
use crate::reply::{self, Finish, Reply, Usage};

/// <https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse> (read 2026-11-21),
/// in the order of recorded traffic. What is empty is left out; there are no nulls.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerateContentResponse<'a> {
    pub(super) candidates: [Candidate<'a>; 1],
    pub(super) usage_metadata: UsageMetadata,
    pub(super) model_version: &'a str,
    pub(super) response_id: &'a str,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    pub(super) content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finish_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) avg_logprobs: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finish_message: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) safety_ratings: &'static [SafetyRating],
}

#[derive(Default, Serialize)]
pub(super) struct Content<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) parts: &'a [Part<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
}

#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<Cow<'a, str>>,
}

#[derive(Clone, Serialize)]
pub(super) struct FunctionCall<'a> {
    pub(super) name: &'a str,
    pub(super) args: Cow<'a, RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
pub(super) struct SafetyRating {
    category: &'static str,
    probability: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    blocked: bool,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageMetadata {
    #[serde(skip_serializing_if = "is_zero")]
    prompt_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) candidates_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) total_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cached_content_token_count: u64,
    #[serde(skip_serializing_if = "Details::is_empty")]
    prompt_tokens_details: Details,
    #[serde(skip_serializing_if = "Details::is_empty")]
    cache_tokens_details: Details,
    #[serde(skip_serializing_if = "Details::is_empty")]
    candidates_tokens_details: Details,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) thoughts_token_count: u64,
    service_tier: &'static str,
}

/// Tokens by modality, of which the mock counts one.
#[derive(Clone, Copy, Serialize)]
struct Details([ModalityTokenCount; 1]);

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct ModalityTokenCount {
    modality: &'static str,
    token_count: u64,
}

impl UsageMetadata {
    pub(super) fn new(usage: Usage, has_index: bool) -> Self {
        let candidates = usage.output.saturating_sub(usage.reasoning);
        Self {
            prompt_token_count: usage.input,
            candidates_token_count: candidates,
            total_token_count: usage.total(),
            cached_content_token_count: usage.cached,
            prompt_tokens_details: Details::of(usage.input),
            cache_tokens_details: Details::of(usage.cached),
            candidates_tokens_details: Details::of(if has_index { 0 } else { candidates }),
            thoughts_token_count: usage.reasoning,
            service_tier: "standard",
        }
    }
}

impl Details {
    fn of(count: u64) -> Self {
        Self([ModalityTokenCount { modality: "TEXT", token_count: count }])
    }

    fn is_empty(&self) -> bool {
        self.0[0].token_count == 0
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What all bodies and chunks of one answer share.
#[derive(Clone, Debug)]
pub(super) struct Identity<'a> {
    pub(super) response_id: String,
    pub(super) model: Cow<'a, str>,
    pub(super) has_index: bool,
    pub(super) has_call_ids: bool,
    /// Whether the model signs what it thought.
    pub(super) signs: bool,
    entropy: Entropy,
}

impl<'a> Identity<'a> {
    pub(super) fn of(cx: &Context<'a>) -> Self {
        let model = cx.answering_model(|model| model);
        let is_new = models::is_gemini3_or_newer(model);
        Self {
            response_id: cx.entropy.id(SALT_ID, "", Alphabet::Base64Url, 23),
            model: Cow::Borrowed(model),
            has_index: models::has_index(model),
            has_call_ids: is_new,
            signs: is_new || !cx.request.tools.is_empty(),
            entropy: cx.entropy,
        }
    }

    pub(super) fn into_owned(self) -> Identity<'static> {
        Identity { model: Cow::Owned(self.model.into_owned()), ..self }
    }

    /// The signature over a thought: the one given, or what this model makes up.
    pub(super) fn signature<'s>(&self, given: Option<&'s str>) -> Option<Cow<'s, str>> {
        // Whole groups of four letters: clients decode it.
        let made_up = || self.entropy.id(SALT_SIGNATURE, "", Alphabet::Base64, 340);
        given.map(Cow::Borrowed).or_else(|| self.signs.then(|| made_up().into()))
    }

    /// The id of the function call at `index`, the same in a stream and in a whole answer.
    pub(super) fn call_id<'s>(&self, index: usize, given: Option<&'s str>) -> Option<Cow<'s, str>> {
        let salt = SALT_CALL + index as u64;
        let made_up = || self.entropy.id(salt, "", Alphabet::Hex, 8);
        given.map(Cow::Borrowed).or_else(|| self.has_call_ids.then(|| made_up().into()))
    }

    pub(super) fn avg_logprobs(&self) -> Option<f64> {
        let drawn = || 1 + self.entropy.below(SALT_LOGPROBS, 250_000_000);
        (!self.has_index).then(|| -(drawn() as f64) / 1e9)
    }
}

pub(super) fn unary(cx: &Context<'_>, reply: &Reply) -> Response<Bytes> {
    let identity = Identity::of(cx);
    let mut parts: Vec<Part<'_>> = Vec::with_capacity(reply.parts().len());
    let mut ending = Ending::default();
    let mut owed = (cx.usage.reasoning > 0).then(|| identity.signature(None)).flatten();
    let mut calls = 0;
    for part in reply.parts() {
        match part {
            reply::Part::Reasoning(reasoning) => {
                sign(&mut parts, &mut owed);
                owed = identity.signature(reasoning.signature());
                parts.extend(text_part(reasoning.text(), true));
            }
            reply::Part::Refusal(text) => ending.refusal.push_str(text),
            reply::Part::Text(text) => parts.extend(text_part(text.as_str(), false)),
            reply::Part::ToolCall(call) => {
                match arguments(call.arguments()) {
                    Some(args) => parts.push(Part {
                        function_call: Some(FunctionCall {
                            name: call.name(),
                            args,
                            id: identity.call_id(calls, call.id()),
                        }),
                        thought_signature: owed.take(),
                        ..Part::default()
                    }),
                    None => ending.malformed = Some(malformed(call.name(), call.arguments())),
                }
                calls += 1;
            }
            // `can_say` names them.
            _ => {}
        }
    }
    let finish = reply.finish_reason();
    sign(&mut parts, &mut owed);
    if let Some(signature) = owed.filter(|_| finish != Finish::Length) {
        parts.push(Part { text: Some(""), thought_signature: Some(signature), ..Part::default() });
    }
    let mut candidate = ending.candidate(&identity, &parts, &finish);
    candidate.avg_logprobs = identity.avg_logprobs();
    let body = INDENTED.with_newline().to_vec(&GenerateContentResponse {
        candidates: [candidate],
        usage_metadata: UsageMetadata::new(cx.usage, identity.has_index),
        model_version: &identity.model,
        response_id: &identity.response_id,
    });
    let mut response = Response::new(body.into());
    *response.headers_mut() = headers::whole(cx.entropy);
    response
}

/// Text that follows a thought is signed where it ends, if no function call took the signature.
fn sign<'a>(parts: &mut [Part<'a>], owed: &mut Option<Cow<'a, str>>) {
    let last = parts.last_mut();
    if let Some(last) = last.filter(|part| part.is_plain_text()) {
        last.thought_signature = owed.take();
    }
}

impl Part<'_> {
    fn is_plain_text(&self) -> bool {
        self.text.is_some() && !self.thought && self.thought_signature.is_none()
    }
}

fn text_part(text: &str, thought: bool) -> Option<Part<'_>> {
    // A stream has no chunk for a part without text, so it has no part here.
    (!text.is_empty()).then(|| Part { text: Some(text), thought, ..Part::default() })
}

/// The arguments of a call, if they are a JSON object: a user's own stream may spell anything.
pub(super) fn arguments(text: &str) -> Option<Cow<'_, RawValue>> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    serde_json::from_str::<&RawValue>(text)
        .ok()
        .filter(|raw| raw.get().starts_with('{'))
        .map(Cow::Borrowed)
}

pub(super) fn malformed(name: &str, arguments: &str) -> String {
    format!("Malformed function call: {name}({arguments})")
}

/// What the end of an answer depends on, beside the reason that the reply gives.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// There is no part for it in this API; it goes where the reason to stop is explained.
    pub(super) refusal: String,
    pub(super) malformed: Option<String>,
}

impl Ending {
    /// The last (or only) candidate of an answer.
    pub(super) fn candidate<'a>(
        &'a self,
        identity: &Identity<'_>,
        parts: &'a [Part<'a>],
        finish: &Finish,
    ) -> Candidate<'a> {
        let has_calls = parts.iter().any(|part| part.function_call.is_some());
        let (reason, message) = match (&self.malformed, finish) {
            (Some(malformed), _) => ("MALFORMED_FUNCTION_CALL", malformed.as_str()),
            (None, Finish::ContentFilter | Finish::Refusal) => ("SAFETY", self.refusal.as_str()),
            (None, Finish::ContextWindow | Finish::Length) => ("MAX_TOKENS", ""),
            (None, _) if has_calls => ("STOP", "Model generated function call(s)."),
            (None, _) => ("STOP", ""),
        };
        let is_blocked = reason == "SAFETY";
        Candidate {
            content: Content {
                parts,
                role: (!(is_blocked && parts.is_empty())).then_some("model"),
            },
            finish_reason: Some(reason),
            index: identity.has_index.then_some(0),
            avg_logprobs: None,
            finish_message: (!message.is_empty()).then_some(message.into()),
            safety_ratings: if is_blocked { &BLOCKED } else { &[] },
        }
    }
}

static BLOCKED: [SafetyRating; 4] = [
    rating("HARM_CATEGORY_HATE_SPEECH", "HIGH", true),
    rating("HARM_CATEGORY_DANGEROUS_CONTENT", "NEGLIGIBLE", false),
    rating("HARM_CATEGORY_HARASSMENT", "NEGLIGIBLE", false),
    rating("HARM_CATEGORY_SEXUALLY_EXPLICIT", "NEGLIGIBLE", false),
];

const fn rating(category: &'static str, probability: &'static str, blocked: bool) -> SafetyRating {
    SafetyRating { category, probability, blocked }
}

const SALT_ID: u64 = 1;
const SALT_SIGNATURE: u64 = 2;
const SALT_LOGPROBS: u64 = 3;
const SALT_CALL: u64 = 1000;
