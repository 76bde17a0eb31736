//! Anthropic: `POST /v1/messages`.
//!
//! Forms after <https://platform.claude.com/docs/en/api/messages> (read 2026-11-21) and after
//! recorded traffic of 2026, which goes before the documentation; see `golden/`.

mod block;
mod caching;
mod catalog;
mod check;
mod citation;
mod count_tokens;
mod decode;
mod diagnose;
mod error;
mod error_words;
mod headers;
mod heard;
mod lenient;
mod limits;
mod message;
mod model_list;
mod models;
mod neutral;
mod request;
mod response;
mod server_tool;
mod stream;
#[cfg(test)]
mod tests;
mod tools;

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderName, Response};

use super::home::Home;
use super::{
    Cacheable, Call, Context, ErrorContext, Heard, Operation, Provider, ResponseSynth,
    StreamEncoder, no_words,
};
use crate::reply::{ApiError, Feature, Output, Part, Reply, ToolDeltas};
use crate::request::{Head, LlmRequest};
use crate::wire::FrameBuf;

/// The room.
#[derive(Debug)]
pub(crate) struct Anthropic;

pub(super) static HOME: Home = Home {
    provider: Provider::ANTHROPIC,
    host: "api.anthropic.com",
    root: "",
    key: HeaderName::from_static("x-api-key"),
    is_client: |head| {
        let has = |name: &str| head.headers.contains_key(name);
        has("anthropic-version") || has("x-api-key") && !has("authorization")
    },
};

impl ResponseSynth for Anthropic {
    fn provider(&self) -> Provider {
        Provider::ANTHROPIC
    }

    fn owns(&self, host: &str) -> bool {
        HOME.owns(host)
    }

    fn recognize(&self, head: &Head<'_>) -> Option<Call> {
        match head.path {
            "/v1/messages" => Some(Call::new(Operation::Chat)),
            "/v1/messages/count_tokens" => Some(Call::new(Operation::CountTokens)),
            _ => model_list::call(head),
        }
    }

    fn parse(&self, call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
        match call.operation {
            Operation::CountTokens => count_tokens::parse(call, head, body),
            Operation::Models => model_list::parse(call, head, body),
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

    fn output(&self, cx: &Context<'_>, output: &Output) -> Response<Bytes> {
        match (output, cx.request.operation()) {
            (Output::TokenCount(_), Operation::CountTokens) => count_tokens::output(cx),
            (Output::Models(models), Operation::Models) => model_list::output(cx, models),
            _ => no_words(self, cx, output),
        }
    }

    fn cacheable(&self, request: &LlmRequest) -> Option<Cacheable> {
        caching::cacheable(request)
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
