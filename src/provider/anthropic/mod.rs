//! Anthropic: `POST /v1/messages`.
//!
//! Forms after <https://platform.claude.com/docs/en/api/messages> (read 2026-11-21) and after
//! recorded traffic of 2026, which goes before the documentation; see `golden/`.

mod diagnose;
mod error;
mod headers;
mod models;
mod request;
mod response;
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
pub(crate) struct Anthropic;

impl ResponseSynth for Anthropic {
    fn provider(&self) -> Provider {
        Provider::ANTHROPIC
    }

    fn owns(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case("api.anthropic.com")
    }

    fn recognize(&self, head: &Head<'_>) -> Option<Call> {
        (head.path == "/v1/messages").then(|| Call::new(Operation::Chat))
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
