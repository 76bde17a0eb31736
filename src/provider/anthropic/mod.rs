//! Anthropic: `POST /v1/messages`.
//!
//! Forms after <https://platform.claude.com/docs/en/api/messages> (read 2026-11-21) and after
//! recorded traffic of 2026, which goes before the documentation; see `golden/`.

mod arguments;
mod block;
mod citation;
mod diagnose;
mod error;
mod event;
mod headers;
mod limits;
mod message;
mod models;
mod request;
mod response;
mod server_tool;
mod stream;
#[cfg(test)]
mod tests;
mod tools;

use bytes::Bytes;
use http::Response;

use super::{Call, Context, ErrorContext, Operation, Provider, ResponseSynth, StreamEncoder};
use crate::reply::{ApiError, Feature, Part, Reply, ToolDeltas};
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
            Feature::Citation(_) => Ok(()),
            Feature::Part(Part::Audio(_) | Part::Image(_)) => {
                Err("a message's content is text, thinking and tools")
            }
            Feature::Part(_) => Ok(()),
            // A stream hands them on. A whole message cannot, and is refused where it is made.
            Feature::RawArguments(_) => Ok(()),
            Feature::Safety(_) => Err("its filters refuse and give no ratings"),
            Feature::ToolDeltas(deltas) => match deltas {
                ToolDeltas { interleaved: true, .. } => {
                    Err("a content block ends before the next begins, so calls cannot take turns")
                }
                ToolDeltas { no_index: true, .. } => {
                    Err("every event of a content block has its index")
                }
                ToolDeltas { id_in_each: true, .. } | ToolDeltas { empty_names: true, .. } => {
                    Err("only the event that begins a call has its id and name")
                }
                _ => Ok(()),
            },
        }
    }

    fn error(&self, cx: &ErrorContext<'_>, error: &ApiError) -> Response<Bytes> {
        error::error(cx, error)
    }
}
