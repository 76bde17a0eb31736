//! OpenAI: `POST /v1/chat/completions`.
//!
//! Forms after <https://platform.openai.com/docs/api-reference/chat> (read 2026-11-21) and after
//! recorded traffic of 2025 and 2026, which goes before the documentation; see `golden/`.

mod check;
mod completion;
mod decode;
mod diagnose;
mod embeddings;
mod error;
mod error_words;
mod extra;
mod headers;
mod heard;
mod identity;
mod logprobs;
mod message;
mod model_list;
mod models;
mod neutral;
mod overlong;
mod request;
mod response;
mod scan;
mod stream;
#[cfg(test)]
mod tests;
mod tools;

use std::time::Duration;

use std::borrow::Cow;

use bytes::Bytes;
use http::Response;
use http::header::AUTHORIZATION;

use super::home::Home;
use super::{
    Cacheable, Call, Context, ErrorContext, Heard, Operation, Provider, ResponseSynth,
    StreamEncoder, no_words,
};
use crate::reply::{ApiError, Feature, Output, Part, Reply, Source};
use crate::request::{Head, LlmRequest};
use crate::wire::FrameBuf;

/// The room.
#[derive(Debug)]
pub(crate) struct OpenAi;

/// The client asked for usage in its stream.
const INCLUDE_USAGE: u32 = 1;
/// The client asked for a stream without padding.
const PLAIN: u32 = 1 << 1;
/// The client asked for log-probabilities.
const LOGPROBS: u32 = 1 << 2;
/// Two bits from here on: which of [`TIERS`] the client asked for.
const TIER: u32 = 3;
/// Five bits from here on: how many tokens it wants to see beside the chosen one.
const TOP_LOGPROBS: u32 = 8;

/// The tiers that are said to have answered; each when it was asked for, as probes of the real API
/// found it, and the first when none or `auto` was.
const TIERS: [&str; 4] = ["default", "fast", "flex", "priority"];

pub(super) static HOME: Home = Home {
    provider: Provider::OPENAI,
    host: "api.openai.com",
    root: "/v1",
    key: AUTHORIZATION,
    // Everybody imitates them.
    is_client: |_| false,
};

impl ResponseSynth for OpenAi {
    fn provider(&self) -> Provider {
        Provider::OPENAI
    }

    fn owns(&self, host: &str) -> bool {
        HOME.owns(host)
    }

    fn recognize(&self, head: &Head<'_>) -> Option<Call> {
        match head.path {
            "/v1/chat/completions" => Some(Call::new(Operation::Chat)),
            "/v1/embeddings" => Some(Call::new(Operation::Embeddings)),
            _ => model_list::call(head),
        }
    }

    fn parse(&self, call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
        match call.operation {
            Operation::Embeddings => embeddings::parse(call, head, body),
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
            Feature::Citation(citation) => match citation.source() {
                Source::Web { .. } => Ok(()),
                _ => Err("it cites pages of the web only"),
            },
            Feature::Part(part) => match part {
                Part::Audio(_) => Ok(()),
                Part::Image(_) => Err("its answers have no pictures"),
                Part::Raw(raw) => extra::can_say(raw),
                Part::RedactedReasoning(_) => Err("it does not show what a model thinks"),
                Part::ServerTool(_) => Err("of a search it shows only what the text cites"),
                _ => Err("the API has no words for it"),
            },
            Feature::RawArguments(_) | Feature::ToolDeltas(_) => Ok(()),
            Feature::Safety(_) => Err("it rates no answers; it ends them with `content_filter`"),
        }
    }

    fn output(&self, cx: &Context<'_>, output: &Output) -> Response<Bytes> {
        match (output, cx.request.operation()) {
            (Output::Embeddings(embeddings), Operation::Embeddings) => {
                embeddings::output(cx, embeddings)
            }
            (Output::Models(models), Operation::Models) => model_list::output(cx, models),
            _ => no_words(self, cx, output),
        }
    }

    fn overlong(
        &self,
        request: &LlmRequest,
        count: &dyn Fn(&str) -> Option<u64>,
    ) -> Option<ApiError> {
        overlong::overlong(request, count)
    }

    fn cacheable(&self, request: &LlmRequest) -> Option<Cacheable> {
        // <https://platform.openai.com/docs/guides/prompt-caching> (read 2026-11-21).
        Some(Cacheable::automatic(request, 1024, 128, Duration::from_secs(300)))
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
