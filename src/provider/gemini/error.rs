//! Gemini's errors: `google.rpc.Status` as JSON.
//!
//! Envelope, details and styles as recorded; codes after
//! <https://ai.google.dev/gemini-api/docs/troubleshooting> (read 2026-11-21).

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use super::error_words::{Limit, limit, words};
use super::{INDENTED, LINE, SSE, STREAM, headers, stream};
use crate::provider::ErrorContext;
use crate::reply::{ApiError, ErrorKind};
use crate::wire::FrameBuf;

#[derive(Serialize)]
struct Envelope<'a> {
    error: Status<'a>,
}

/// <https://cloud.google.com/apis/design/errors#error_model> (read 2026-11-21).
#[derive(Serialize)]
struct Status<'a> {
    code: u16,
    message: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Detail<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "@type", rename_all_fields = "camelCase")]
enum Detail<'a> {
    #[serde(rename = "type.googleapis.com/google.rpc.BadRequest")]
    BadRequest { field_violations: Vec<FieldViolation<'a>> },
    #[serde(rename = "type.googleapis.com/google.rpc.ErrorInfo")]
    ErrorInfo { reason: &'static str, domain: &'static str, metadata: Metadata },
    #[serde(rename = "type.googleapis.com/google.rpc.Help")]
    Help { links: [Link; 1] },
    #[serde(rename = "type.googleapis.com/google.rpc.LocalizedMessage")]
    LocalizedMessage { locale: &'static str, message: &'a str },
    #[serde(rename = "type.googleapis.com/google.rpc.QuotaFailure")]
    QuotaFailure { violations: [Violation<'a>; 1] },
    #[serde(rename = "type.googleapis.com/google.rpc.RetryInfo")]
    RetryInfo { retry_delay: String },
}

#[derive(Serialize)]
struct FieldViolation<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    field: &'a str,
    description: &'a str,
}

#[derive(Serialize)]
struct Metadata {
    service: &'static str,
}

#[derive(Serialize)]
struct Link {
    description: &'static str,
    url: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Violation<'a> {
    quota_metric: &'static str,
    quota_id: &'static str,
    quota_dimensions: Dimensions<'a>,
    quota_value: Cow<'static, str>,
}

#[derive(Serialize)]
struct Dimensions<'a> {
    model: &'a str,
    location: &'static str,
}

pub(super) fn error(cx: &ErrorContext<'_>, error: &ApiError) -> Response<Bytes> {
    let model = cx.call.and_then(|call| call.model.as_deref()).unwrap_or_default();
    let (status, words) = words(cx, error, model);
    let message = match (error.kind, &error.message) {
        // The vendor's own words first, then how to get out of it.
        (ErrorKind::NotFound | ErrorKind::MethodNotAllowed, Some(remedy)) => {
            format!("{words} {remedy}").into()
        }
        (_, Some(message)) => message.clone(),
        (_, None) => words,
    };
    let status = error.status.unwrap_or(status);
    let envelope = Envelope {
        error: Status {
            code: status.as_u16(),
            message: &message,
            status: error.code.as_deref().unwrap_or(match error.kind {
                ErrorKind::Region => "FAILED_PRECONDITION",
                _ => code(status),
            }),
            details: details(error, &message, model),
        },
    };
    let flags = cx.call.map_or(0, |call| call.flags);
    let body = if flags & STREAM != 0 && flags & SSE == 0 {
        // A stream that is an array is one even when all that it holds is an error.
        let mut frames = FrameBuf::new();
        let mut array = stream::ARRAY;
        array.item(&mut frames, &envelope);
        array.end(&mut frames);
        frames.take_all().unwrap_or_default()
    } else {
        INDENTED.with_newline().to_vec(&envelope).into()
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = if flags & STREAM == 0 && limit(error).is_some() {
        headers::whole(cx.entropy)
    } else {
        headers::error(cx.entropy)
    };
    if flags & SSE != 0 {
        headers::set_events(response.headers_mut());
    }
    response
}

/// An error in a stream: an event, or an item of the array. It was not recorded:
/// googleapis/python-genai#2604 (June 2026) tells of it, and the vendor's SDK (js-genai 2.32.0) looks
/// for it in an event, as for one that stands in the stream without `data: ` before it.
pub(super) fn inside_stream(cx: &ErrorContext<'_>, error: &ApiError, frames: &mut FrameBuf) {
    let body = self::error(cx, error).into_body();
    let flags = cx.call.map_or(0, |call| call.flags);
    match std::str::from_utf8(&body) {
        Ok(json) if flags & SSE != 0 => stream::EVENTS.text(frames, &LINE.respace(json)),
        _ => frames.frame(|buf| buf.extend_from_slice(&body)),
    }
}

fn details<'a>(error: &'a ApiError, message: &'a str, model: &'a str) -> Vec<Detail<'a>> {
    let mut details = Vec::new();
    if let (ErrorKind::InvalidParameter | ErrorKind::InvalidRequest, Some(param)) =
        (error.kind, &error.param)
    {
        // A line of the message for each field at fault.
        let fields = param.split('\n').zip(message.split('\n'));
        details.push(Detail::BadRequest {
            field_violations: fields
                .map(|(field, description)| FieldViolation { field, description })
                .collect(),
        });
    }
    if error.kind == ErrorKind::Authentication {
        details.push(Detail::ErrorInfo {
            reason: "API_KEY_INVALID",
            domain: "googleapis.com",
            metadata: Metadata { service: "generativelanguage.googleapis.com" },
        });
        details.push(Detail::LocalizedMessage { locale: "en-US", message });
    }
    if let Some(Limit { metric, id, value }) = limit(error) {
        details.push(Detail::Help {
            links: [Link {
                description: "Learn more about Gemini API quotas",
                url: "https://ai.google.dev/gemini-api/docs/rate-limits",
            }],
        });
        details.push(Detail::QuotaFailure {
            violations: [Violation {
                quota_metric: metric,
                quota_id: id,
                quota_dimensions: Dimensions { model, location: "global" },
                quota_value: value,
            }],
        });
    }
    if let Some(wait) = error.retry_after {
        details.push(Detail::RetryInfo { retry_delay: delay(wait) });
    }
    details
}

/// Whole seconds, rounded down as recorded; less than one in full.
fn delay(wait: Duration) -> String {
    match wait.as_secs() {
        0 => format!("{}s", wait.as_secs_f64()),
        seconds => format!("{seconds}s"),
    }
}

/// <https://cloud.google.com/apis/design/errors#handling_errors> (read 2026-11-21): the code that
/// goes with a status.
fn code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        500 => "INTERNAL",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "UNKNOWN",
    }
}
