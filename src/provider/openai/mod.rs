//! OpenAI: `POST /v1/chat/completions`.
//!
//! Forms after <https://platform.openai.com/docs/api-reference/chat> (read 2026-11-21) and after
//! recorded traffic of 2025 and 2026, which goes before the documentation; see `golden/`.

mod diagnose;
mod error;
mod headers;
mod models;
mod request;
mod response;
mod scan;
mod stream;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::Response;

use super::{Call, Context, ErrorContext, Operation, Provider, ResponseSynth, StreamEncoder};
use crate::reply::{ApiError, Feature, Reply};
use crate::request::{Head, LlmRequest};

/// The room.
#[derive(Debug)]
pub(crate) struct OpenAi;

/// The client asked for usage in its stream.
const INCLUDE_USAGE: u32 = 1;
/// The client asked for a stream without padding.
const PLAIN: u32 = 1 << 1;

impl ResponseSynth for OpenAi {
    fn provider(&self) -> Provider {
        Provider::OPENAI
    }

    fn owns(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case("api.openai.com")
    }

    fn recognize(&self, head: &Head<'_>) -> Option<Call> {
        (head.path == "/v1/chat/completions").then(|| Call::new(Operation::Chat))
    }

    fn parse(&self, call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
        request::parse(call, head, body)
    }

    fn unary(&self, cx: &Context<'_>, reply: &Reply) -> Response<Bytes> {
        response::unary(cx, reply)
    }

    fn stream(&self, cx: &Context<'_>) -> Response<Box<dyn StreamEncoder>> {
        stream::stream(cx)
    }

    fn can_say(&self, feature: Feature<'_>) -> Result<(), &'static str> {
        match feature {
            Feature::RawArguments(_) => Ok(()),
            _ => Err("the API has no words for it"),
        }
    }

    fn error(&self, cx: &ErrorContext<'_>, error: &ApiError) -> Response<Bytes> {
        error::error(cx, error)
    }
}
