//! Anthropic's errors.
//!
//! Envelope as recorded, or as issues quote it; what neither shows is after
//! <https://platform.claude.com/docs/en/api/errors> (read 2026-11-21).

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use super::error_words::{INPUT_TOKENS, Words, words};
use super::headers;
use super::stream::{self, SALT_PADDING};
use crate::provider::ErrorContext;
use crate::provider::headers::retry_after;
use crate::quota::Levels;
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

pub(super) fn error(cx: &ErrorContext<'_>, error: &ApiError) -> Response<Bytes> {
    let Words { status, r#type, message } = words(cx, error);
    let status = error
        .status
        .unwrap_or_else(|| StatusCode::from_u16(status).expect("a status has three digits"));
    let request_id = headers::request_id(cx.entropy);
    let at_edge = matches!(error.kind, ErrorKind::Region | ErrorKind::TooLarge);
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
            | ErrorKind::Region
            | ErrorKind::TooLarge
    );
    let is_transient = status.is_server_error() || matches!(status.as_u16(), 408 | 409 | 429);
    let mut headers = headers::error(cx.entropy, &request_id, is_known, is_transient);
    if error.kind == ErrorKind::RateLimit {
        headers::set_limits(&mut headers, cx.created);
        let limit = error.limit.as_deref().copied().unwrap_or(INPUT_TOKENS);
        let by_hand = Levels::of_error(limit, error.retry_after, cx.created);
        headers::set_levels(&mut headers, cx.levels.unwrap_or(&by_hand));
    }
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
    let Words { r#type, message, .. } = words(cx, error);
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
