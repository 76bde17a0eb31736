//! Gemini: `:generateContent` and `:streamGenerateContent` of the Generative Language API.
//!
//! Forms after <https://ai.google.dev/api/generate-content> (read 2026-11-21) and after recorded
//! traffic of 2025 and 2026, which goes before the documentation; see `golden/`.

mod catalog;
mod check;
mod config;
mod count_tokens;
mod decode;
mod diagnose;
mod embed;
mod ending;
mod error;
mod error_words;
mod grounding;
mod headers;
mod heard;
mod identity;
mod logprobs;
mod message;
mod model_list;
mod models;
mod neutral;
mod part;
mod proto;
mod request;
mod response;
mod stream;
#[cfg(test)]
mod tests;
mod tools;
mod usage;
mod values;

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Response};

use super::home::Home;
use super::{
    Cacheable, Call, Context, ErrorContext, Heard, Operation, Provider, ResponseSynth,
    StreamEncoder, no_words,
};
use crate::reply::{ApiError, Feature, Output, Part, Reply, ServerTool, Source};
use crate::request::{Head, LlmRequest};
use crate::util::percent;
use crate::wire::{FrameBuf, JsonStyle};

/// The room.
#[derive(Debug)]
pub(crate) struct Gemini;

pub(super) static HOME: Home = Home {
    provider: Provider::GEMINI,
    host: "generativelanguage.googleapis.com",
    root: "",
    key: HeaderName::from_static("x-goog-api-key"),
    is_client: |head| {
        head.headers.contains_key("x-goog-api-key") || head.query_param("key").is_some()
    },
};

/// The path asks for a stream.
const STREAM: u32 = 1;
/// The query asks for server-sent events; a stream is one JSON array otherwise.
const SSE: u32 = 1 << 1;
/// The body asks for log-probabilities, of as many tokens as stand in the byte at `TOP_SHIFT`.
const LOGPROBS: u32 = 1 << 2;
const TOP_SHIFT: u32 = 8;
/// The body offers the vendor's own search.
const GOOGLE_SEARCH: u32 = 1 << 3;
/// Several contents are to be embedded.
const BATCH: u32 = 1 << 4;

impl ResponseSynth for Gemini {
    fn provider(&self) -> Provider {
        Provider::GEMINI
    }

    fn owns(&self, host: &str) -> bool {
        HOME.owns(host)
    }

    fn recognize(&self, head: &Head<'_>) -> Option<Call> {
        let Some(target) = Target::of(head.path) else { return model_list::call(head) };
        let (operation, mut flags) = match target.method {
            "generateContent" => (Operation::Chat, 0),
            "streamGenerateContent" => (Operation::Chat, STREAM),
            "countTokens" => (Operation::CountTokens, 0),
            "embedContent" => (Operation::Embeddings, 0),
            "batchEmbedContents" => (Operation::Embeddings, BATCH),
            _ => return None,
        };
        if head.query_param("alt") == Some("sse") {
            flags |= SSE;
        }
        Some(Call::new(operation).model(target.model).flags(flags))
    }

    fn parse(&self, call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
        match call.operation {
            Operation::CountTokens => count_tokens::parse(call, head, body),
            Operation::Embeddings => embed::parse(call, head, body),
            Operation::Models => super::catalog::parse(self.provider(), call, head, body),
            _ => request::parse(call, head, body),
        }
    }

    fn unary(&self, cx: &Context<'_>, reply: &Reply) -> Response<Bytes> {
        response::unary(cx, reply)
    }

    fn stream(&self, cx: &Context<'_>) -> Response<Box<dyn StreamEncoder>> {
        stream::stream(cx)
    }

    fn can_say(&self, feature: Feature<'_>) -> Result<(), &'static str> {
        match feature {
            Feature::RawArguments(_) | Feature::Safety(_) => Ok(()),
            Feature::Citation(citation) => match citation.source() {
                Source::Web { .. } => Ok(()),
                _ => Err("it cites pages of the web, and no places in the request's documents"),
            },
            Feature::Part(part) => match part {
                Part::Audio(_) | Part::Image(_) | Part::Raw(_) => Ok(()),
                Part::ServerTool(ServerTool::Code { .. } | ServerTool::WebSearch { .. }) => Ok(()),
                Part::ServerTool(_) => Err("of its own tools it shows searches and code alone"),
                Part::RedactedReasoning(_) => {
                    Err("its thoughts are never encrypted, only signed; give reasoning a signature")
                }
                _ => Err("the API has no words for it"),
            },
            Feature::ToolDeltas(_) => Err("it sends each function call whole, in one chunk"),
        }
    }

    fn output(&self, cx: &Context<'_>, output: &Output) -> Response<Bytes> {
        match (output, cx.request.operation()) {
            (Output::Embeddings(embeddings), Operation::Embeddings) => {
                embed::output(cx, embeddings)
            }
            (Output::TokenCount(_), Operation::CountTokens) => count_tokens::output(cx),
            (Output::Models(models), Operation::Models) => model_list::output(cx, models),
            _ => no_words(self, cx, output),
        }
    }

    fn cacheable(&self, request: &LlmRequest) -> Option<Cacheable> {
        let least = models::least_cached(&request.model)?;
        Some(Cacheable::automatic(request, least, 1, Duration::from_secs(300)))
    }

    fn stream_error(
        &self,
        cx: &ErrorContext<'_>,
        error: &ApiError,
        frames: &mut FrameBuf,
    ) -> Result<(), &'static str> {
        error::inside_stream(cx, error, frames);
        Ok(())
    }

    fn decode(&self, events: &[Cow<'_, str>]) -> Result<Reply, &'static str> {
        decode::decode(events)
    }

    fn hear(&self, event: &[u8]) -> Heard {
        heard::hear(event)
    }

    fn error(&self, cx: &ErrorContext<'_>, error: &ApiError) -> Response<Bytes> {
        error::error(cx, error)
    }
}

/// What a path such as `/v1beta/models/gemini-2.5-flash:generateContent` names.
#[derive(Debug, PartialEq)]
struct Target<'a> {
    version: &'a str,
    /// Without `models/`; with `tunedModels/`.
    model: Cow<'a, str>,
    method: &'a str,
}

impl<'a> Target<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
        if !matches!(version, "v1" | "v1alpha" | "v1beta") {
            return None;
        }
        // Some clients encode the colon.
        let colon = [":", "%3A", "%3a"]
            .iter()
            .filter_map(|colon| Some((rest.rfind(colon)?, colon.len())))
            .max()?;
        let (resource, method) = (&rest[..colon.0], &rest[colon.0 + colon.1..]);
        let model = match resource.strip_prefix("models/") {
            Some(model) => model,
            None if resource.starts_with("tunedModels/") => resource,
            None => return None,
        };
        let name = model.strip_prefix("tunedModels/").unwrap_or(model);
        (!name.is_empty() && !name.contains('/')).then(|| Self {
            version,
            model: percent::decoded(model),
            method,
        })
    }
}

/// Whole bodies, and the items of a stream that is a JSON array.
const INDENTED: JsonStyle = JsonStyle::INDENT2.with_escaped(&ESCAPED);
/// Events.
const LINE: JsonStyle = JsonStyle::COLON.with_escaped(&ESCAPED);

/// What Google's servers escape beyond what JSON demands: `<` and `>` are in recordings, the rest
/// is the table of protobuf's `json_escaping.cc` that those two are from (read 2026-11-21).
static ESCAPED: [(char, char); 17] = [
    ('<', '<'),
    ('>', '>'),
    ('\u{7f}', '\u{9f}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{603}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{2064}'),
    ('\u{206a}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0001}', '\u{e0001}'),
    ('\u{e0020}', '\u{e007f}'),
];
