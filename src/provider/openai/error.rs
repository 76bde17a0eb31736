//! OpenAI's errors.
//!
//! Envelope and styles as recorded: what is refused before a model is reached (keys, unknown
//! models, broken JSON) is indented by four and ends with a newline, what the validator refuses
//! is indented by two, what the proxy before it all says is compact and in an order of its own.

use bytes::Bytes;
use http::{HeaderValue, Response};
use serde::Serialize;

use super::error_words::{DEFAULT_WAIT, From, REQUESTS, Words, words};
use super::headers;
use super::stream::SSE;
use crate::provider::ErrorContext;
use crate::provider::headers::retry_after;
use crate::quota::Levels;
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

/// The same, from the proxy: as issues quote it.
#[derive(Serialize)]
struct ProxyEnvelope<'a> {
    error: ProxyBody<'a>,
}

#[derive(Serialize)]
struct ProxyBody<'a> {
    code: ProxyCode<'a>,
    message: &'a str,
    param: Option<&'a str>,
    r#type: &'a str,
}

/// The proxy's own status is a number here.
#[derive(Serialize)]
#[serde(untagged)]
enum ProxyCode<'a> {
    Status(u16),
    Text(&'a str),
}

pub(super) fn error(cx: &ErrorContext<'_>, error: &ApiError) -> Response<Bytes> {
    let Words { status, r#type, param, code, message, from } = words(cx, error);
    let message = error.say(message);
    let param = match error.kind {
        ErrorKind::TooLarge => None,
        _ => error.param.as_deref().or(param),
    };
    let code = error.code.as_deref().or(code);
    let body = match from {
        From::Proxy => {
            let code = match error.kind {
                ErrorKind::BadGateway if error.code.is_none() => ProxyCode::Status(502),
                _ => ProxyCode::Text(code.unwrap_or_default()),
            };
            let error = ProxyBody { code, message: &message, param, r#type };
            JsonStyle::COMPACT.to_vec(&ProxyEnvelope { error })
        }
        from => {
            let style = match from {
                From::Edge => JsonStyle::INDENT4.with_newline(),
                _ => JsonStyle::INDENT2,
            };
            style.to_vec(&Envelope { error: Body { message: &message, r#type, param, code } })
        }
    };
    let mut headers = if from == From::Model {
        let prompt = cx.request.map_or(0, |request| request.prompt_tokens());
        headers::answer(cx.entropy, prompt, cx.levels, "application/json")
    } else {
        headers::edge_error(cx.entropy)
    };
    if error.kind == ErrorKind::RateLimit {
        let limit = error.limit.as_deref().copied().unwrap_or(REQUESTS);
        let wait = error.retry_after.or(error.limit.is_none().then_some(DEFAULT_WAIT));
        let by_hand = Levels::of_error(limit, wait, cx.created);
        headers::set_levels(&mut headers, cx.levels.unwrap_or(&by_hand));
    }
    if let Some(wait) = error.retry_after {
        retry_after(&mut headers, wait);
        // Rounded up: a client that waits that long must not be early.
        let milliseconds = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        headers.insert("retry-after-ms", HeaderValue::from(milliseconds));
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = error.status.unwrap_or(status);
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
            param: error.param.as_deref().or(words.param),
            code: error.code.as_deref().or(words.code),
        },
    };
    SSE.data(frames, &envelope);
    SSE.text(frames, "[DONE]");
}
