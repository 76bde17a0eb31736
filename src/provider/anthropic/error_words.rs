//! What Anthropic says of each kind of error.
//!
//! Messages as recorded, or as issues quote them; what neither shows is after
//! <https://platform.claude.com/docs/en/api/errors> (read 2026-11-21). The guide
//! ([`guide::fidelity`](crate::guide::fidelity)) lists what rests on documents alone.

use std::borrow::Cow;

use super::headers;
use crate::provider::ErrorContext;
use crate::reply::{ApiError, ErrorKind, Metric, RateLimit};

/// How a kind of error looks at Anthropic.
pub(super) struct Words {
    pub(super) status: u16,
    pub(super) r#type: &'static str,
    pub(super) message: Cow<'static, str>,
}

pub(super) fn words(cx: &ErrorContext<'_>, error: &ApiError) -> Words {
    let model = cx.request.map_or("", |request| request.model.as_str());
    let (status, r#type, message): (_, _, Cow<'static, str>) = match error.kind {
        ErrorKind::Authentication => (401, "authentication_error", "invalid x-api-key".into()),
        ErrorKind::BadGateway => (502, "api_error", "Bad gateway".into()),
        ErrorKind::Billing => (402, "billing_error", "Billing error".into()),
        ErrorKind::Cancelled => (499, "invalid_request_error", "Client disconnected".into()),
        ErrorKind::Conflict => (
            409,
            "conflict_error",
            "The request conflicts with the current state of the resource.".into(),
        ),
        ErrorKind::ContentPolicy => {
            (400, "invalid_request_error", "Output blocked by content filtering policy".into())
        }
        ErrorKind::ContextLength => (
            400,
            "invalid_request_error",
            format!(
                "prompt is too long: {} tokens > {CONTEXT} maximum",
                CONTEXT + cx.request.map_or(1, |request| request.prompt_tokens().max(1)),
            )
            .into(),
        ),
        ErrorKind::InvalidParameter | ErrorKind::InvalidRequest => {
            (400, "invalid_request_error", "Invalid request".into())
        }
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
        ErrorKind::RateLimit => (429, "rate_limit_error", rate_limit(error, model).into()),
        ErrorKind::Region => (403, "forbidden", "Request not allowed".into()),
        ErrorKind::RequestTimeout => (408, "invalid_request_error", "Request timeout".into()),
        ErrorKind::Server => (500, "api_error", "Internal server error".into()),
        ErrorKind::SlowDown => (429, "rate_limit_error", ACCELERATION.into()),
        ErrorKind::Timeout => (504, "timeout_error", "Request timed out".into()),
        ErrorKind::TooLarge => {
            (413, "request_too_large", "Request exceeds the maximum size".into())
        }
        ErrorKind::Unprocessable => (422, "invalid_request_error", "Unprocessable request".into()),
    };
    Words { status, r#type, message }
}

fn rate_limit(error: &ApiError, model: &str) -> String {
    let limit = error.limit.as_deref().copied().unwrap_or(INPUT_TOKENS);
    let most = thousands(limit.limit);
    let what = match limit.metric {
        Metric::Concurrent => {
            return "Number of concurrent connections has exceeded your rate limit. Please try \
                    again later or contact sales at https://www.anthropic.com/contact-sales to \
                    discuss your options for a rate limit increase."
                .to_owned();
        }
        Metric::RequestsPerDay => format!("{most} requests per day"),
        Metric::RequestsPerMinute => format!("{most} requests per minute"),
        Metric::TokensPerDay => format!("{most} input tokens per day"),
        Metric::TokensPerMinute => format!("{most} input tokens per minute"),
    };
    let advice = if limit.metric.is_tokens() {
        "Please reduce the prompt length or the maximum tokens requested, or try again later."
    } else {
        "Please try again later."
    };
    format!(
        "This request would exceed your organization's rate limit of {what} (org: {}, model: \
         {model}). For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see \
         the response headers for current usage. {advice} You may also contact sales at \
         https://claude.com/contact-sales to discuss your options for a rate limit increase.",
        headers::ORGANIZATION,
    )
}

/// `10,000,000`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What the headers of other answers say.
pub(super) const INPUT_TOKENS: RateLimit =
    RateLimit::new(Metric::TokensPerMinute, headers::INPUT_PER_MINUTE);

/// The context of the models without a larger one.
const CONTEXT: u64 = 200_000;

/// <https://platform.claude.com/docs/en/api/rate-limits> (read 2026-11-21) speaks of acceleration
/// limits; the words are from issues.
const ACCELERATION: &str = "This request would exceed your organization\u{2019}s maximum usage \
    increase rate for input tokens per minute. Please scale up your input tokens usage more \
    gradually to stay within the acceleration limits.";
