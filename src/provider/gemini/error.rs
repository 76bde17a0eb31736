//! Gemini's errors: `google.rpc.Status` as JSON.
//!
//! Envelope, details and styles as recorded; messages from recordings and from issues that quote
//! them; codes after <https://ai.google.dev/gemini-api/docs/troubleshooting> (read 2026-11-21).

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use super::{INDENTED, LINE, SSE, STREAM, Target, headers, stream};
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
    quota_value: &'static str,
}

#[derive(Serialize)]
struct Dimensions<'a> {
    model: &'a str,
    location: &'static str,
}

/// A limit that was run into.
struct Limit {
    metric: &'static str,
    id: &'static str,
    value: &'static str,
}

/// As recorded in 2026.
const PER_MINUTE: Limit = Limit {
    metric: "generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count",
    id: "GenerateContentPaidTierInputTokensPerModelPerMinute",
    value: "1000000",
};
/// As quoted in issues.
const PER_DAY: Limit = Limit {
    metric: "generativelanguage.googleapis.com/generate_content_free_tier_requests",
    id: "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
    value: "250",
};

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
            status: error.code.as_deref().unwrap_or(code(status)),
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
    *response.headers_mut() = if flags & STREAM == 0 && limit(error.kind).is_some() {
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

fn words(cx: &ErrorContext<'_>, error: &ApiError, model: &str) -> (StatusCode, Cow<'static, str>) {
    let target = Target::of(cx.head.path);
    match error.kind {
        ErrorKind::Authentication => (StatusCode::BAD_REQUEST, BAD_KEY.into()),
        ErrorKind::InvalidRequest => {
            (StatusCode::BAD_REQUEST, "Request contains an invalid argument.".into())
        }
        ErrorKind::Malformed => (StatusCode::BAD_REQUEST, "Invalid JSON payload received.".into()),
        ErrorKind::MissingKey => (StatusCode::FORBIDDEN, NO_KEY.into()),
        ErrorKind::ModelNotFound => (
            StatusCode::NOT_FOUND,
            format!(
                "{}{model} is not found for API version {}, or is not supported for {}. Call \
                 ModelService.ListModels to see the list of available models and their supported \
                 methods.",
                if model.starts_with("tunedModels/") { "" } else { "models/" },
                target.as_ref().map_or("v1beta", |target| target.version),
                target.as_ref().map_or("generateContent", |target| target.method),
            )
            .into(),
        ),
        // Google's front end answers both without a body, or with a page of HTML that says the
        // like; a mock that leaves its user alone with that would be no help, so it is an error
        // in the envelope.
        ErrorKind::MethodNotAllowed | ErrorKind::NotFound => {
            let hint = match error.kind {
                ErrorKind::MethodNotAllowed => {
                    format!(" It is served to POST, not to {}.", cx.head.method)
                }
                _ => String::new(),
            };
            let path = cx.head.path;
            (
                StatusCode::NOT_FOUND,
                format!("The requested URL {path} was not found on this server.{hint}").into(),
            )
        }
        ErrorKind::Overloaded => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The model is overloaded. Please try again later.".into(),
        ),
        ErrorKind::Permission => {
            (StatusCode::FORBIDDEN, "The caller does not have permission".into())
        }
        ErrorKind::Quota | ErrorKind::RateLimit => {
            let Limit { metric, value, .. } = limit(error.kind).unwrap_or(PER_MINUTE);
            let mut message = format!(
                "{EXCEEDED} \n* Quota exceeded for metric: {metric}, limit: {value}, model: {model}"
            );
            if let Some(wait) = error.retry_after {
                message.push_str(&format!("\nPlease retry in {}s.", wait.as_secs_f64()));
            }
            (StatusCode::TOO_MANY_REQUESTS, message.into())
        }
        ErrorKind::Server => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "An internal error has occurred. Please retry or report in \
             https://developers.generativeai.google/guide/troubleshooting"
                .into(),
        ),
        ErrorKind::Timeout => (
            StatusCode::GATEWAY_TIMEOUT,
            "Deadline expired before operation could complete.".into(),
        ),
        ErrorKind::TooLarge => (
            StatusCode::BAD_REQUEST,
            format!(
                "Request payload size exceeds the limit: {} bytes.",
                error.param.as_deref().unwrap_or("314572800"),
            )
            .into(),
        ),
    }
}

fn details<'a>(error: &'a ApiError, message: &'a str, model: &'a str) -> Vec<Detail<'a>> {
    let mut details = Vec::new();
    if let (ErrorKind::InvalidRequest, Some(param)) = (error.kind, &error.param) {
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
    if let Some(Limit { metric, id, value }) = limit(error.kind) {
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

fn limit(kind: ErrorKind) -> Option<Limit> {
    match kind {
        ErrorKind::Quota => Some(PER_DAY),
        ErrorKind::RateLimit => Some(PER_MINUTE),
        _ => None,
    }
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

const BAD_KEY: &str = "API key not valid. Please pass a valid API key.";

const NO_KEY: &str = "Method doesn't allow unregistered callers (callers without established \
    identity). Please use API Key or other form of API consumer identity to call this API.";

const EXCEEDED: &str = "You exceeded your current quota, please check your plan and billing \
    details. For more information on this error, head to: \
    https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: \
    https://ai.dev/rate-limit.";
