//! `:countTokens`.
//!
//! Forms after <https://ai.google.dev/api/tokens> (read 2026-11-21) and after recorded traffic of
//! 2026.

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::usage::Details;
use super::{INDENTED, headers, request};
use crate::provider::{Call, Context, admit};
use crate::reply::ApiError;
use crate::request::{Head, LlmRequest};

/// The conversation stands within, or its contents stand alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CountTokensRequest<'a> {
    #[serde(alias = "generate_content_request", borrow)]
    generate_content_request: Option<&'a RawValue>,
}

pub(super) fn parse(call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
    admit(head)?;
    let json: &[u8] = if body.is_empty() { b"{}" } else { body };
    let within = serde_json::from_slice::<CountTokensRequest<'_>>(json)
        .ok()
        .and_then(|asked| asked.generate_content_request);
    match within {
        Some(within) => request::understand(call, within.get().as_bytes(), body),
        None => request::understand(call, json, body),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CountTokensResponse {
    total_tokens: u64,
    #[serde(skip_serializing_if = "Details::is_empty")]
    prompt_tokens_details: Details,
}

pub(super) fn output(cx: &Context<'_>) -> Response<Bytes> {
    let total = cx.usage.input;
    let body =
        CountTokensResponse { total_tokens: total, prompt_tokens_details: Details::text(total) };
    let mut response = Response::new(INDENTED.with_newline().to_vec(&body).into());
    *response.headers_mut() = headers::bare(cx.entropy, 50, 40);
    response
}
