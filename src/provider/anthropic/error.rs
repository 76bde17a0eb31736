//! Anthropic's errors.
//!
//! Envelope and messages as recorded, or as issues quote them; what neither shows is after
//! <https://platform.claude.com/docs/en/api/errors> (read 2026-11-21).

use std::borrow::Cow;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use super::headers;
use super::stream::{self, SALT_PADDING};
use crate::provider::ErrorContext;
use crate::provider::headers::retry_after;
use crate::reply::{ApiError, ErrorKind};
use crate::wire::{FrameBuf, JsonStyle};

#[derive(Serialize)]
struct ErrorResponse<'a> {
    /// Left out by the edge.
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    error: ErrorObject<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    r#type: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct ErrorEvent<'a> {
    r#type: &'static str,
    error: ErrorEventObject<'a>,
}

#[derive(Serialize)]
struct ErrorEventObject<'a> {
    details: (),
    r#type: &'a str,
    message: &'a str,
}

/// How a kind of error looks at Anthropic.
struct Words {
    status: u16,
    r#type: &'static str,
    message: Cow<'static, str>,
}

pub(super) fn error(cx: &ErrorContext<'_>, error: &ApiError) -> Response<Bytes> {
    let Words { status, r#type, message } = words(cx, error.kind);
    let status = error
        .status
        .unwrap_or_else(|| StatusCode::from_u16(status).expect("a status has three digits"));
    let request_id = headers::request_id(cx.entropy);
    let at_edge = error.kind == ErrorKind::TooLarge;
    let body = ErrorResponse {
        r#type: (!at_edge).then_some("error"),
        error: ErrorObject {
            r#type: error.code.as_deref().unwrap_or(r#type),
            message: &error.say(message),
        },
        request_id: (!at_edge && error.kind != ErrorKind::MethodNotAllowed)
            .then_some(request_id.as_str()),
    };
    let is_known = !matches!(
        error.kind,
        ErrorKind::Authentication
            | ErrorKind::MethodNotAllowed
            | ErrorKind::MissingKey
            | ErrorKind::NotFound
            | ErrorKind::TooLarge
    );
    let is_transient = status.is_server_error() || matches!(status.as_u16(), 408 | 409 | 429);
    let mut headers = headers::error(cx.entropy, &request_id, is_known, is_transient);
    if let Some(wait) = error.retry_after {
        retry_after(&mut headers, wait);
    }
    let mut response = Response::new(Bytes::from(JsonStyle::COMPACT.to_vec(&body)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// An error in a stream, as stippi/code-assistant#29 quotes one, `details` and padding included; the
/// event's name after <https://platform.claude.com/docs/en/build-with-claude/streaming> (read
/// 2026-11-21).
pub(super) fn inside_stream(cx: &ErrorContext<'_>, error: &ApiError, frames: &mut FrameBuf) {
    let Words { r#type, message, .. } = words(cx, error.kind);
    let event = ErrorEvent {
        r#type: "error",
        error: ErrorEventObject {
            details: (),
            r#type: error.code.as_deref().unwrap_or(r#type),
            message: &error.say(message),
        },
    };
    let padding = &mut cx.entropy.rng(SALT_PADDING);
    stream::event(&JsonStyle::COMPACT.to_vec(&event), event.r#type, padding, frames);
}

fn words(cx: &ErrorContext<'_>, kind: ErrorKind) -> Words {
    let model = cx.request.map_or("", |request| request.model.as_str());
    let (status, r#type, message): (_, _, Cow<'static, str>) = match kind {
        ErrorKind::Authentication => (401, "authentication_error", "invalid x-api-key".into()),
        ErrorKind::InvalidRequest => (400, "invalid_request_error", "Invalid request".into()),
        ErrorKind::Malformed => (
            400,
            "invalid_request_error",
            "The request body is not valid JSON: unexpected character: line 1 column 1 (char 0)"
                .into(),
        ),
        ErrorKind::MethodNotAllowed => (405, "invalid_request_error", "Method Not Allowed".into()),
        ErrorKind::MissingKey => {
            (401, "authentication_error", "x-api-key header is required".into())
        }
        ErrorKind::ModelNotFound => (404, "not_found_error", format!("model: {model}").into()),
        ErrorKind::NotFound => (404, "not_found_error", "Not Found".into()),
        ErrorKind::Overloaded => (529, "overloaded_error", "Overloaded".into()),
        ErrorKind::Permission => (
            403,
            "permission_error",
            "Your API key does not have permission to use the specified resource.".into(),
        ),
        ErrorKind::Quota => (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & \
             Billing to upgrade or purchase credits."
                .into(),
        ),
        ErrorKind::RateLimit => (
            429,
            "rate_limit_error",
            format!(
                "This request would exceed your organization's rate limit of 10,000,000 input \
                 tokens per minute (org: {}, model: {model}). For details, refer to: \
                 https://docs.claude.com/en/api/rate-limits. You can see the response headers for \
                 current usage. Please reduce the prompt length or the maximum tokens requested, \
                 or try again later. You may also contact sales at \
                 https://claude.com/contact-sales to discuss your options for a rate limit \
                 increase.",
                headers::ORGANIZATION,
            )
            .into(),
        ),
        ErrorKind::Server => (500, "api_error", "Internal server error".into()),
        ErrorKind::Timeout => (504, "timeout_error", "Request timed out".into()),
        ErrorKind::TooLarge => {
            (413, "request_too_large", "Request exceeds the maximum size".into())
        }
    };
    Words { status, r#type, message }
}
