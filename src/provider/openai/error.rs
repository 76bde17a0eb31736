//! OpenAI's errors.
//!
//! Envelope and styles as recorded: what is refused before a model is reached (keys, unknown
//! models, broken JSON) is indented by four and ends with a newline, what the validator refuses
//! is indented by two. Messages from recordings and from issues that quote them; codes after
//! <https://platform.openai.com/docs/guides/error-codes> (read 2026-11-21).

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::chunks::SSE;
use super::headers;
use crate::provider::ErrorContext;
use crate::provider::headers::retry_after;
use crate::reply::{ApiError, ErrorKind};
use crate::wire::{FrameBuf, JsonStyle};

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

/// How a kind of error looks at OpenAI.
struct Words {
    status: StatusCode,
    r#type: &'static str,
    code: Option<&'static str>,
    message: Cow<'static, str>,
    /// Refused before a model was reached.
    edge: bool,
}

pub(super) fn error(cx: &ErrorContext<'_>, error: &ApiError) -> Response<Bytes> {
    let words = words(cx, error);
    let message = error.say(words.message);
    let envelope = Envelope {
        error: Body {
            message: &message,
            r#type: words.r#type,
            param: error.param.as_deref().filter(|_| error.kind != ErrorKind::TooLarge),
            code: error.code.as_deref().or(words.code),
        },
    };
    let (mut headers, style) = if words.edge {
        (headers::edge_error(cx.entropy), JsonStyle::INDENT4.with_newline())
    } else {
        let prompt = cx.request.map_or(0, |request| request.prompt_tokens());
        (headers::answer(cx.entropy, prompt, "application/json"), JsonStyle::INDENT2)
    };
    if let Some(wait) = error.retry_after {
        let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        retry_after(&mut headers, wait);
        headers.insert("retry-after-ms", HeaderValue::from(milliseconds));
    }
    let mut response = Response::new(Bytes::from(style.to_vec(&envelope)));
    *response.status_mut() = error.status.unwrap_or(words.status);
    *response.headers_mut() = headers;
    response
}

/// An error in a stream, as sashabaranov/go-openai#396 quotes one: a chunk of its own, on one line,
/// then the end.
pub(super) fn inside_stream(cx: &ErrorContext<'_>, error: &ApiError, frames: &mut FrameBuf) {
    let words = words(cx, error);
    let envelope = Envelope {
        error: Body {
            message: &error.say(words.message),
            r#type: words.r#type,
            param: error.param.as_deref(),
            code: error.code.as_deref().or(words.code),
        },
    };
    SSE.data(frames, &envelope);
    SSE.text(frames, "[DONE]");
}

fn words(cx: &ErrorContext<'_>, error: &ApiError) -> Words {
    let model = cx.request.map_or("", |request| request.model.as_str());
    let invalid = Words {
        status: StatusCode::BAD_REQUEST,
        r#type: "invalid_request_error",
        code: None,
        message: "Invalid request.".into(),
        edge: false,
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
            edge: true,
            ..invalid
        },
        ErrorKind::InvalidRequest => invalid,
        ErrorKind::Malformed => Words { message: NOT_JSON.into(), edge: true, ..invalid },
        ErrorKind::MethodNotAllowed => Words {
            status: StatusCode::METHOD_NOT_ALLOWED,
            message: format!("Invalid method for URL ({} {})", cx.head.method, cx.head.path).into(),
            ..invalid
        },
        ErrorKind::MissingKey => Words {
            status: StatusCode::UNAUTHORIZED,
            message: NO_KEY.into(),
            edge: true,
            ..invalid
        },
        ErrorKind::ModelNotFound => Words {
            status: StatusCode::NOT_FOUND,
            code: Some("model_not_found"),
            message: format!("The model `{model}` does not exist or you do not have access to it.")
                .into(),
            edge: true,
            ..invalid
        },
        ErrorKind::NotFound => Words {
            status: StatusCode::NOT_FOUND,
            message: format!("Invalid URL ({} {})", cx.head.method, cx.head.path).into(),
            ..invalid
        },
        ErrorKind::Overloaded => Words {
            status: StatusCode::SERVICE_UNAVAILABLE,
            r#type: "server_error",
            message: "The engine is currently overloaded, please try again later".into(),
            ..invalid
        },
        ErrorKind::Permission => Words {
            status: StatusCode::FORBIDDEN,
            message: "You are not allowed to sample from this model".into(),
            edge: true,
            ..invalid
        },
        ErrorKind::Quota => Words {
            status: StatusCode::TOO_MANY_REQUESTS,
            r#type: "insufficient_quota",
            code: Some("insufficient_quota"),
            message: "You exceeded your current quota, please check your plan and billing \
                      details. For more information on this error, read the docs: \
                      https://platform.openai.com/docs/guides/error-codes/api-errors."
                .into(),
            edge: true,
        },
        ErrorKind::RateLimit => Words {
            status: StatusCode::TOO_MANY_REQUESTS,
            r#type: "requests",
            code: Some("rate_limit_exceeded"),
            message: format!(
                "Rate limit reached for {model} in organization tower-mock-llm on requests per \
                 min (RPM): Limit 10000, Used 10000, Requested 1. Please try again in {}ms. Visit \
                 https://platform.openai.com/account/rate-limits to learn more.",
                error.retry_after.map_or(6, |wait| wait.as_millis()),
            )
            .into(),
            edge: true,
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
    }
}

/// A key as OpenAI repeats it: the middle hidden.
fn masked(key: &str) -> String {
    let key: Vec<char> = key.chars().collect();
    if key.len() < 12 {
        return "*".repeat(key.len());
    }
    let shown = |part: &[char]| part.iter().collect::<String>();
    let hidden = "*".repeat(key.len() - 12);
    format!("{}{hidden}{}", shown(&key[..8]), shown(&key[key.len() - 4..]))
}

const NO_KEY: &str = "You didn't provide an API key. You need to provide your API key in an \
    Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the \
    password field (with blank username) if you're accessing the API from your browser and are \
    prompted for a username and password. You can obtain an API key from \
    https://platform.openai.com/account/api-keys.";

const NOT_JSON: &str = "We could not parse the JSON body of your request. (HINT: This likely means \
    you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what \
    was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact \
    us through our help center at help.openai.com.)";
