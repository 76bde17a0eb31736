//! A generated content as one body.

use std::borrow::Cow;

use bytes::Bytes;
use http::Response;
use serde::Serialize;

use super::ending::Ending;
use super::grounding::{CitationMetadata, GroundingMetadata};
use super::identity::{Identity, ResponseId};
use super::logprobs::LogprobsResult;
use super::part::{self, FunctionCall, Part, arguments, malformed};
use super::usage::UsageMetadata;
use super::{INDENTED, headers};
use crate::provider::Context;
use crate::reply::{self, Reply};

/// <https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse> (read 2026-11-21),
/// in the order of recorded traffic. What is empty is left out; there are no nulls.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerateContentResponse<'a, C> {
    /// A list; there is none when the prompt is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) candidates: Option<C>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prompt_feedback: Option<PromptFeedback<'a>>,
    pub(super) usage_metadata: UsageMetadata,
    pub(super) model_version: &'a str,
    pub(super) response_id: ResponseId,
}

/// Google writes the fields of a message by their numbers, which is the order here.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finish_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finish_message: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) safety_ratings: Vec<SafetyRating<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) citation_metadata: Option<CitationMetadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) grounding_metadata: Option<GroundingMetadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) avg_logprobs: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs_result: Option<LogprobsResult>,
}

#[derive(Default, Serialize)]
pub(super) struct Content<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "part::list")]
    pub(super) parts: &'a [Part<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptFeedback<'a> {
    pub(super) block_reason: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) safety_ratings: Vec<SafetyRating<'a>>,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct SafetyRating<'a> {
    pub(super) category: &'a str,
    pub(super) probability: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) blocked: bool,
}

pub(super) fn unary(cx: &Context<'_>, reply: &Reply) -> Response<Bytes> {
    let identity = Identity::of(cx);
    let (said, feedback, body);
    if reply.choices().nth(1).is_none() {
        said = Said::of(cx, &identity, reply);
        feedback = said.ending.feedback(&reply.finish_reason());
        let candidate = said.candidate(&identity, reply);
        body = response(cx, &identity, candidate.map(|one| [one]), feedback, said.images);
    } else {
        body = choices(cx, &identity, reply);
    }
    let mut response = Response::new(body.into());
    *response.headers_mut() = headers::whole(cx.entropy);
    response
}

/// Several candidates, of which the usage counts all.
fn choices(cx: &Context<'_>, identity: &Identity<'_>, reply: &Reply) -> Vec<u8> {
    let number = |at: usize| u32::try_from(at).unwrap_or_default();
    let all: Vec<_> = reply
        .choices()
        .enumerate()
        .map(|(at, choice)| {
            let identity = identity.candidate(number(at));
            (Said::of(cx, &identity, choice), identity, choice)
        })
        .collect();
    let feedback =
        all.iter().find_map(|(said, _, choice)| said.ending.feedback(&choice.finish_reason()));
    let candidates: Vec<_> = all
        .iter()
        .filter_map(|(said, identity, choice)| said.candidate(identity, choice))
        .collect();
    let images = all.iter().map(|(said, ..)| said.images).sum();
    let candidates = (!candidates.is_empty()).then_some(candidates);
    response(cx, identity, candidates, feedback, images)
}

fn response<'a, C: Serialize>(
    cx: &Context<'_>,
    identity: &'a Identity<'_>,
    candidates: Option<C>,
    prompt_feedback: Option<PromptFeedback<'a>>,
    images: u64,
) -> Vec<u8> {
    let usage = UsageMetadata::new(cx.usage, identity.has_index).of_which_images(images);
    INDENTED.with_newline().to_vec(&GenerateContentResponse {
        candidates,
        prompt_feedback,
        usage_metadata: usage,
        model_version: &identity.model,
        response_id: identity.response_id(),
    })
}

/// One candidate's parts, and what its end depends on.
struct Said<'a> {
    parts: Vec<Part<'a>>,
    ending: Ending,
    /// Tokens of pictures.
    images: u64,
}

impl<'a> Said<'a> {
    fn of(cx: &Context<'_>, identity: &Identity<'_>, reply: &'a Reply) -> Self {
        let mut parts: Vec<Part<'a>> = Vec::with_capacity(reply.parts().len());
        let mut ending = Ending::of(cx, identity);
        ending.safety.extend_from_slice(reply.safety_ratings());
        let is_thought_unseen = cx.usage.reasoning > 0;
        let unseen = || is_thought_unseen.then(|| identity.signature(None)).flatten();
        let mut owed = unseen();
        let is_cited = is_cited(reply);
        let (mut calls, mut images) = (0, 0);
        for (index, part) in reply.parts().iter().enumerate() {
            match part {
                reply::Part::Reasoning(reasoning) => {
                    sign(&mut parts, &mut owed);
                    owed = identity.signature(reasoning.signature());
                    parts.extend(Part::text(reasoning.text(), true));
                }
                reply::Part::Refusal(text) => ending.refusal.push_str(text),
                reply::Part::Text(text) => {
                    let said = Part::text(text.as_str(), false);
                    let start = match parts.last_mut() {
                        // Pieces of one text, of which some are cited, are one part.
                        Some(last) if is_cited && last.is_plain_text() => {
                            let whole = last.text.get_or_insert_default();
                            let start = whole.len();
                            whole.to_mut().push_str(text.as_str());
                            start
                        }
                        _ => {
                            parts.extend(said);
                            0
                        }
                    };
                    if is_cited {
                        let at = parts.len().saturating_sub(1);
                        ending.sources.cite(text.citations(), at, start, text.as_str());
                    }
                }
                reply::Part::ToolCall(call) => {
                    let args = arguments(call.arguments());
                    ending.called |= args.is_some();
                    match args {
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
                whole => {
                    ending.sources.search(whole);
                    if matches!(whole, reply::Part::Image(_)) {
                        images += whole.tokens();
                    }
                    parts.extend(Part::whole(whole, index, identity, || owed.take()));
                    if part::is_code(whole) {
                        owed = unseen();
                    }
                }
            }
        }
        sign(&mut parts, &mut owed);
        if let Some(signature) = owed.filter(|_| Ending::is_signed(&reply.finish_reason())) {
            parts.push(Part {
                text: Some("".into()),
                thought_signature: Some(signature),
                ..Part::default()
            });
        }
        Self { parts, ending, images }
    }

    fn candidate(&self, identity: &Identity<'_>, reply: &Reply) -> Option<Candidate<'_>> {
        let finish = reply.finish_reason();
        let mut candidate = self.ending.candidate(identity, &self.parts, &finish)?;
        candidate.avg_logprobs = match identity.logprobs {
            // As recorded, an answer from a search has none.
            None if candidate.grounding_metadata.is_some() => None,
            None => identity.avg_logprobs(),
            Some(top) => {
                let mut result = LogprobsResult::default();
                let mut start = 0;
                for part in reply.parts() {
                    if let reply::Part::Text(text) = part {
                        result.add(text.as_str(), start, top.into(), identity.entropy());
                        start += text.as_str().len();
                    }
                }
                let average = result.average();
                candidate.logprobs_result = Some(result);
                Some(average)
            }
        };
        Some(candidate)
    }
}

pub(super) fn is_cited(reply: &Reply) -> bool {
    let is_cited = |part: &reply::Part| matches!(part, reply::Part::Text(text) if !text.citations().is_empty());
    reply.parts().iter().any(is_cited)
}

/// Text that follows a thought is signed where it ends, if no function call took the signature.
fn sign<'a>(parts: &mut [Part<'a>], owed: &mut Option<Cow<'a, str>>) {
    let last = parts.last_mut();
    if let Some(last) = last.filter(|part| part.is_plain_text()) {
        last.thought_signature = owed.take();
    }
}
