//! What OpenAI says of each kind of error.
//!
//! Messages from recordings and from issues that quote them; codes after
//! <https://platform.openai.com/docs/guides/error-codes> (read 2026-11-21). The guide
//! ([`guide::fidelity`](crate::guide::fidelity)) lists what rests on documents alone.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;

use crate::provider::{CLIENT_CLOSED_REQUEST, ErrorContext};
use crate::reply::{ApiError, ErrorKind, Metric, RateLimit};
use crate::util::time::span;

/// How a kind of error looks at OpenAI.
pub(super) struct Words {
    pub(super) status: StatusCode,
    pub(super) r#type: &'static str,
    pub(super) param: Option<&'static str>,
    pub(super) code: Option<&'static str>,
    pub(super) message: Cow<'static, str>,
    pub(super) from: From,
}

/// Who says it: each has a style and headers of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// What stands before the models.
    Edge,
    /// A model, or what checks its requests.
    Model,
    /// The proxy before all of it.
    Proxy,
}

pub(super) fn words(cx: &ErrorContext<'_>, error: &ApiError) -> Words {
    let model = cx.request.map_or("", |request| request.model.as_str());
    let invalid = Words {
        status: StatusCode::BAD_REQUEST,
        r#type: "invalid_request_error",
        param: None,
        code: None,
        message: "Invalid request.".into(),
        from: From::Model,
    };
    match error.kind {
        ErrorKind::Authentication => Words {
            status: StatusCode::UNAUTHORIZED,
            code: Some("invalid_api_key"),
            message: format!(
                "Incorrect API key provided: {}. You can find your API key at \
                 https://platform.openai.com/account/api-keys.",
                cx.head.api_key().map_or_else(String::new, masked),
            )
            .into(),
            from: From::Edge,
            ..invalid
        },
        ErrorKind::BadGateway => Words {
            status: StatusCode::BAD_GATEWAY,
            r#type: "cf_bad_gateway",
            param: None,
            code: Some("502"),
            message: "Bad gateway.".into(),
            from: From::Proxy,
        },
        ErrorKind::Billing => Words {
            status: StatusCode::TOO_MANY_REQUESTS,
            r#type: "billing_not_active",
            param: None,
            code: Some("billing_not_active"),
            message:
                "Your account is not active, please check your billing details on our website."
                    .into(),
            from: From::Edge,
        },
        ErrorKind::Cancelled => Words {
            status: CLIENT_CLOSED_REQUEST,
            message: "The client closed the request.".into(),
            ..invalid
        },
        ErrorKind::Conflict => Words {
            status: StatusCode::CONFLICT,
            message: "The resource was updated by another request.".into(),
            ..invalid
        },
        ErrorKind::ContentPolicy => Words {
            code: Some("invalid_prompt"),
            message: "Invalid prompt: your prompt was flagged as potentially violating our usage \
                      policy. Please try again with a different prompt: \
                      https://platform.openai.com/docs/guides/reasoning#advice-on-prompting"
                .into(),
            ..invalid
        },
        ErrorKind::ContextLength => Words {
            param: Some("messages"),
            code: Some("context_length_exceeded"),
            message: format!(
                "This model's maximum context length is {CONTEXT} tokens. However, your messages \
                 resulted in {} tokens. Please reduce the length of the messages.",
                CONTEXT + cx.request.map_or(1, |request| request.prompt_tokens().max(1)),
            )
            .into(),
            ..invalid
        },
        ErrorKind::InvalidParameter => Words { code: Some("invalid_value"), ..invalid },
        ErrorKind::InvalidRequest => invalid,
        ErrorKind::Malformed => Words { message: NOT_JSON.into(), from: From::Edge, ..invalid },
        ErrorKind::MethodNotAllowed => Words {
            status: StatusCode::METHOD_NOT_ALLOWED,
            message: format!("Invalid method for URL ({} {})", cx.head.method, cx.head.path).into(),
            ..invalid
        },
        ErrorKind::MissingKey => Words {
            status: StatusCode::UNAUTHORIZED,
            message: NO_KEY.into(),
            from: From::Edge,
            ..invalid
        },
        ErrorKind::ModelNotFound => Words {
            status: StatusCode::NOT_FOUND,
            code: Some("model_not_found"),
            message: format!("The model `{model}` does not exist or you do not have access to it.")
                .into(),
            from: From::Edge,
            ..invalid
        },
        ErrorKind::NotFound => Words {
            status: StatusCode::NOT_FOUND,
            message: format!("Invalid URL ({} {})", cx.head.method, cx.head.path).into(),
            ..invalid
        },
        ErrorKind::Overloaded => Words {
            status: StatusCode::SERVICE_UNAVAILABLE,
            r#type: "service_unavailable_error",
            code: Some("server_is_overloaded"),
            message: "The engine is currently overloaded, please try again later".into(),
            ..invalid
        },
        ErrorKind::Permission => Words {
            status: StatusCode::FORBIDDEN,
            message: "You are not allowed to sample from this model".into(),
            from: From::Edge,
            ..invalid
        },
        ErrorKind::Quota => Words {
            status: StatusCode::TOO_MANY_REQUESTS,
            r#type: "insufficient_quota",
            param: None,
            code: Some("insufficient_quota"),
            message: "You exceeded your current quota, please check your plan and billing \
                      details. For more information on this error, read the docs: \
                      https://platform.openai.com/docs/guides/error-codes/api-errors."
                .into(),
            from: From::Edge,
        },
        ErrorKind::RateLimit => rate_limit(error, model),
        ErrorKind::Region => Words {
            status: StatusCode::FORBIDDEN,
            r#type: "request_forbidden",
            code: Some("unsupported_country_region_territory"),
            message: "Country, region, or territory not supported".into(),
            from: From::Proxy,
            ..invalid
        },
        ErrorKind::RequestTimeout => Words {
            status: StatusCode::REQUEST_TIMEOUT,
            message: "Request timed out.".into(),
            ..invalid
        },
        ErrorKind::Server => Words {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            r#type: "server_error",
            message: "The server had an error processing your request. Sorry about that! You can \
                      retry your request, or contact us through our help center at \
                      help.openai.com if you keep seeing this error."
                .into(),
            ..invalid
        },
        ErrorKind::SlowDown => Words {
            status: StatusCode::TOO_MANY_REQUESTS,
            r#type: "rate_limit_error",
            code: Some("slow_down"),
            message: SLOW_DOWN.into(),
            from: From::Edge,
            ..invalid
        },
        ErrorKind::Timeout => Words {
            status: StatusCode::GATEWAY_TIMEOUT,
            r#type: "server_error",
            message: "Request timed out.".into(),
            ..invalid
        },
        // Its parameter is the limit; the shape is known from uploads only.
        ErrorKind::TooLarge => Words {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            r#type: "server_error",
            message: format!(
                "Maximum content size limit ({}) exceeded",
                error.param.as_deref().unwrap_or("26214400"),
            )
            .into(),
            ..invalid
        },
        ErrorKind::Unprocessable => Words {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            message: "Unable to process the request despite the format being correct.".into(),
            ..invalid
        },
    }
}

fn rate_limit(error: &ApiError, model: &str) -> Words {
    let limit = error.limit.as_deref().copied().unwrap_or(REQUESTS);
    let (r#type, what) = match limit.metric {
        // The vendor limits no such thing; what it says of traffic that comes too thick.
        Metric::Concurrent => ("requests", "concurrent requests"),
        Metric::RequestsPerDay => ("requests", "requests per day (RPD)"),
        Metric::RequestsPerMinute => ("requests", "requests per min (RPM)"),
        Metric::TokensPerDay => ("tokens", "tokens per day (TPD)"),
        Metric::TokensPerMinute => ("tokens", "tokens per min (TPM)"),
    };
    let RateLimit { limit: most, used, requested, .. } = limit;
    let message = if limit.never_fits() {
        format!(
            "Request too large for {model} in organization tower-mock-llm on {what}: Limit {most}, \
             Requested {requested}. The input or output tokens must be reduced in order to run \
             successfully. Visit https://platform.openai.com/account/rate-limits to learn more."
        )
    } else {
        format!(
            "Rate limit reached for {model} in organization tower-mock-llm on {what}: Limit {most}, \
             Used {used}, Requested {requested}. Please try again in {}. Visit \
             https://platform.openai.com/account/rate-limits to learn more.",
            span(error.retry_after.unwrap_or(DEFAULT_WAIT)),
        )
    };
    Words {
        status: StatusCode::TOO_MANY_REQUESTS,
        r#type,
        param: None,
        code: Some("rate_limit_exceeded"),
        message: message.into(),
        from: From::Edge,
    }
}

/// A key as OpenAI repeats it: the middle hidden. Of a short one, which would show more than half
/// of it, all.
fn masked(key: &str) -> String {
    let key: Vec<char> = key.chars().collect();
    if key.len() < 24 {
        return "*".repeat(key.len());
    }
    let shown = |part: &[char]| part.iter().collect::<String>();
    let hidden = "*".repeat(key.len() - 12);
    format!("{}{hidden}{}", shown(&key[..8]), shown(&key[key.len() - 4..]))
}

/// What the headers of other answers say.
pub(super) const REQUESTS: RateLimit = RateLimit::new(Metric::RequestsPerMinute, 10_000);

/// In what time one of [`REQUESTS`] is free again.
pub(super) const DEFAULT_WAIT: Duration = Duration::from_millis(6);

/// The context of most models that are called so far.
const CONTEXT: u64 = 128_000;

const SLOW_DOWN: &str = "Your request rate increased faster than the service can safely handle. \
    Reduce your request rate, keep it consistent for at least 15 minutes, and then gradually \
    increase it.";

const NO_KEY: &str = "You didn't provide an API key. You need to provide your API key in an \
    Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the \
    password field (with blank username) if you're accessing the API from your browser and are \
    prompted for a username and password. You can obtain an API key from \
    https://platform.openai.com/account/api-keys.";

const NOT_JSON: &str = "We could not parse the JSON body of your request. (HINT: This likely means \
    you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what \
    was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact \
    us through our help center at help.openai.com.)";
