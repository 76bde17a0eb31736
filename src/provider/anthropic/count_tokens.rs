//! `POST /v1/messages/count_tokens`.
//!
//! After <https://platform.claude.com/docs/en/api/messages/count_tokens> (read 2026-11-21) and
//! recorded traffic of 2026. What is asked is what a message request asks, without `max_tokens`.

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::diagnose::extra;
use super::{headers, request};
use crate::provider::{Call, Context};
use crate::reply::ApiError;
use crate::request::{Head, LlmRequest};
use crate::wire::JsonStyle;

/// What a count is asked about the limit that it must not have.
#[derive(Deserialize)]
struct Limit<'a> {
    #[serde(borrow, default, deserialize_with = "request::set")]
    max_tokens: Option<&'a RawValue>,
    thinking: Option<Thinking>,
}

#[derive(Deserialize)]
struct Thinking {
    budget_tokens: Option<i64>,
}

pub(super) fn parse(call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
    let Some(limited) = limited(body)? else {
        // No object at all, or one that is wrong elsewhere: the messages' parser says how.
        return request::parse(call, head, body);
    };
    let mut request = request::parse(call, head, &limited.into())?;
    request.sampling.max_tokens = None;
    request.body = body.clone();
    Ok(request)
}

/// The body with the limit that the messages' parser wants, which no thought exceeds. The rest of it
/// stays as it was spelled, since tokens are counted from that.
fn limited(body: &[u8]) -> Result<Option<Vec<u8>>, ApiError> {
    let Ok(limit) = serde_json::from_slice::<Limit<'_>>(body) else { return Ok(None) };
    if limit.max_tokens.is_some() {
        return Err(extra("max_tokens"));
    }
    let Some(open) = body.iter().position(|byte| *byte == b'{') else { return Ok(None) };
    let budget = limit.thinking.and_then(|thinking| thinking.budget_tokens).unwrap_or_default();
    let rest = &body[open + 1..];
    let is_empty = rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'}');
    let comma = if is_empty { "" } else { "," };
    let field = format!("\"max_tokens\":{}{comma}", budget.max(0).saturating_add(1));
    Ok(Some([&body[..=open], field.as_bytes(), rest].concat()))
}

#[derive(Serialize)]
struct MessageTokensCount {
    input_tokens: u64,
}

pub(super) fn output(cx: &Context<'_>) -> Response<Bytes> {
    let count = MessageTokensCount { input_tokens: cx.usage.input };
    let mut response = Response::new(JsonStyle::COMPACT.to_vec(&count).into());
    *response.headers_mut() = headers::count(cx.entropy);
    response
}
