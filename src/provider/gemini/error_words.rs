//! What Gemini says of each kind of error.
//!
//! Messages from recordings and from issues that quote them; statuses after
//! <https://ai.google.dev/gemini-api/docs/troubleshooting> (read 2026-11-21). The guide
//! ([`guide::fidelity`](crate::guide::fidelity)) lists what rests on documents alone.

use std::borrow::Cow;

use http::StatusCode;

use super::Target;
use crate::provider::{CLIENT_CLOSED_REQUEST, ErrorContext};
use crate::reply::{ApiError, ErrorKind, Metric};

/// A limit that was run into.
pub(super) struct Limit {
    pub(super) metric: &'static str,
    pub(super) id: &'static str,
    pub(super) value: Cow<'static, str>,
}

/// As recorded in 2026.
const PER_MINUTE: Limit = Limit {
    metric: "generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count",
    id: "GenerateContentPaidTierInputTokensPerModelPerMinute",
    value: Cow::Borrowed("1000000"),
};
/// As quoted in issues.
const PER_DAY: Limit = Limit {
    metric: REQUESTS,
    id: "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
    value: Cow::Borrowed("250"),
};

/// The limit that the error tells of.
pub(super) fn limit(error: &ApiError) -> Option<Limit> {
    match (error.kind, &error.limit) {
        (ErrorKind::Quota, None) => Some(PER_DAY),
        (ErrorKind::RateLimit, None) => Some(PER_MINUTE),
        (ErrorKind::Quota | ErrorKind::RateLimit, Some(limit)) => {
            // Names as quoted in issues; for requests at once they quote none.
            let (metric, id) = match limit.metric {
                Metric::Concurrent => (REQUESTS, "GenerateConcurrentRequestsPerProjectPerModel"),
                Metric::RequestsPerDay => {
                    (REQUESTS, "GenerateRequestsPerDayPerProjectPerModel-FreeTier")
                }
                Metric::RequestsPerMinute => {
                    (REQUESTS, "GenerateRequestsPerMinutePerProjectPerModel-FreeTier")
                }
                Metric::TokensPerDay => {
                    (TOKENS, "GenerateContentInputTokensPerModelPerDay-FreeTier")
                }
                Metric::TokensPerMinute => {
                    (TOKENS, "GenerateContentInputTokensPerModelPerMinute-FreeTier")
                }
            };
            Some(Limit { metric, id, value: limit.limit.to_string().into() })
        }
        _ => None,
    }
}

pub(super) fn words(
    cx: &ErrorContext<'_>,
    error: &ApiError,
    model: &str,
) -> (StatusCode, Cow<'static, str>) {
    let target = Target::of(cx.head.path);
    match error.kind {
        ErrorKind::Authentication => (StatusCode::BAD_REQUEST, BAD_KEY.into()),
        ErrorKind::InvalidParameter | ErrorKind::InvalidRequest => {
            (StatusCode::BAD_REQUEST, "Request contains an invalid argument.".into())
        }
        ErrorKind::BadGateway => (StatusCode::BAD_GATEWAY, "Bad Gateway".into()),
        ErrorKind::Billing => (StatusCode::FORBIDDEN, NO_BILLING.into()),
        ErrorKind::Cancelled => (CLIENT_CLOSED_REQUEST, "The operation was cancelled.".into()),
        ErrorKind::Conflict => (StatusCode::CONFLICT, "The operation was aborted.".into()),
        ErrorKind::ContentPolicy => (StatusCode::BAD_REQUEST, BLOCKED.into()),
        ErrorKind::ContextLength => (
            StatusCode::BAD_REQUEST,
            format!(
                "The input token count ({}) exceeds the maximum number of tokens allowed \
                 ({CONTEXT}).",
                CONTEXT + cx.request.map_or(1, |request| request.prompt_tokens().max(1)),
            )
            .into(),
        ),
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
            let Limit { metric, value, .. } = limit(error).unwrap_or(PER_MINUTE);
            let mut message = format!(
                "{EXCEEDED} \n* Quota exceeded for metric: {metric}, limit: {value}, model: {model}"
            );
            if let Some(wait) = error.retry_after {
                message.push_str(&format!("\nPlease retry in {}s.", wait.as_secs_f64()));
            }
            (StatusCode::TOO_MANY_REQUESTS, message.into())
        }
        ErrorKind::Region => {
            (StatusCode::BAD_REQUEST, "User location is not supported for the API use.".into())
        }
        ErrorKind::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "Request Timeout".into()),
        ErrorKind::SlowDown => (StatusCode::TOO_MANY_REQUESTS, EXHAUSTED.into()),
        ErrorKind::Unprocessable => {
            (StatusCode::UNPROCESSABLE_ENTITY, "Unprocessable Content".into())
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

/// The context of the models of today.
const CONTEXT: u64 = 1_048_576;

const REQUESTS: &str = "generativelanguage.googleapis.com/generate_content_free_tier_requests";
const TOKENS: &str =
    "generativelanguage.googleapis.com/generate_content_free_tier_input_token_count";

/// As recorded in 2026.
const EXHAUSTED: &str = "Resource exhausted. Please try again later. Please refer to \
    https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.";

/// As issues quote it for pictures; a conversation is blocked inside a `200`.
const BLOCKED: &str = "The prompt could not be submitted. This prompt contains sensitive words that \
    violate Google's Responsible AI practices. Try rephrasing the prompt. If you think this was an \
    error, send feedback.";

const NO_BILLING: &str = "This API method requires billing to be enabled. Please enable billing on \
    project #1 by visiting https://console.developers.google.com/billing/enable?project=1 then \
    retry. If you enabled billing for this project recently, wait a few minutes for the action to \
    propagate to our systems and retry.";

const BAD_KEY: &str = "API key not valid. Please pass a valid API key.";

const NO_KEY: &str = "Method doesn't allow unregistered callers (callers without established \
    identity). Please use API Key or other form of API consumer identity to call this API.";

const EXCEEDED: &str = "You exceeded your current quota, please check your plan and billing \
    details. For more information on this error, head to: \
    https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: \
    https://ai.dev/rate-limit.";
