//! Recordings, and how a room's bytes are compared with them.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use serde::Deserialize;

use super::{Call, Context, Entropy, ErrorContext, ResponseSynth};
use crate::reply::{ApiError, Cursor, Reply};
use crate::request::{Head, LlmRequest, RequestHead};
use crate::util::tokens::Chunking;
use crate::wire::FrameBuf;

/// The response half of a recorded exchange.
#[derive(Debug, Deserialize)]
pub(crate) struct Recording {
    pub(crate) status: u16,
    pub(crate) header_names: Vec<String>,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

impl Recording {
    pub(crate) fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap()
    }

    /// Checks status, content type and the set of header names.
    ///
    /// Left out by us: what the connection makes by itself, what compression and caches add, and
    /// what would reach beyond the answer (see the guide, `fidelity`).
    pub(crate) fn check_head<T>(&self, response: &Response<T>, also_left_out: &[&str]) {
        const LEFT_OUT: [&str; 8] = [
            "alt-svc",
            "connection",
            "content-encoding",
            "content-length",
            "date",
            "set-cookie",
            "transfer-encoding",
            "x-envoy-upstream-service-time",
        ];
        assert_eq!(response.status().as_u16(), self.status);
        assert_eq!(response.headers()["content-type"], self.content_type.as_str());
        let is_kept = |name: &&str| !LEFT_OUT.contains(name) && !also_left_out.contains(name);
        let mut wanted: Vec<&str> =
            self.header_names.iter().map(String::as_str).filter(is_kept).collect();
        let mut ours: Vec<&str> = response.headers().keys().map(http::HeaderName::as_str).collect();
        ours.retain(is_kept);
        wanted.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours, wanted);
    }
}

/// `text` with the values of these JSON keys hidden: strings, numbers and null, however spaced.
pub(crate) fn masked(text: &str, keys: &[&str]) -> String {
    let mut text = text.to_owned();
    for key in keys {
        let quoted = format!("\"{key}\":");
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(&quoted) {
            let value = at + quoted.len();
            let value = value + rest[value..].len() - rest[value..].trim_start_matches(' ').len();
            out.push_str(&rest[..value]);
            out.push('_');
            let length = match rest[value..].strip_prefix('"') {
                Some(string) => string.find('"').unwrap() + 2,
                None => rest[value..].find([',', '}', '\n', ' ']).unwrap(),
            };
            rest = &rest[value + length..];
        }
        out.push_str(rest);
        text = out;
    }
    text
}

/// A request of a client that the vendor would accept.
pub(crate) fn request(
    synth: &dyn ResponseSynth,
    request: Request<String>,
) -> Result<LlmRequest, ApiError> {
    let (parts, body) = request.into_parts();
    let head = RequestHead::from(parts);
    let call = synth.recognize(&head.as_head()).unwrap();
    let mut request = synth.parse(call, &head.as_head(), &Bytes::from(body))?;
    request.head = head;
    Ok(request)
}

/// The context of a request and reply.
pub(crate) fn context<'a>(request: &'a LlmRequest, reply: &'a Reply) -> Context<'a> {
    Context {
        request,
        model: reply.answering_model(),
        usage: reply.usage_for(request.prompt_tokens()),
        created: 1_767_225_600,
        entropy: Entropy::new(1),
        levels: None,
        reply,
    }
}

/// A whole stream with its head.
pub(crate) fn stream(
    synth: &dyn ResponseSynth,
    request: &LlmRequest,
    reply: Reply,
    chunking: Chunking,
) -> Response<String> {
    let reply = Arc::new(reply);
    let cx = context(request, &reply);
    let (parts, mut encoder) = synth.stream(&cx).into_parts();
    let mut cursor = Cursor::new(Arc::clone(&reply), cx.usage, chunking);
    let mut frames = FrameBuf::new();
    while let Some(event) = cursor.next() {
        encoder.encode(event, &mut frames);
    }
    let body = frames.take_all().unwrap_or_default().to_vec();
    Response::from_parts(parts, String::from_utf8(body).unwrap())
}

/// An error, as text, with its head.
pub(crate) fn error(
    synth: &dyn ResponseSynth,
    call: Option<&Call>,
    request: Option<&LlmRequest>,
    headers: &HeaderMap,
    error: &ApiError,
) -> Response<String> {
    let head = Head::new(&http::Method::POST, None, "/path", None, headers);
    let cx = ErrorContext {
        call,
        request,
        head,
        entropy: Entropy::new(1),
        created: 1_767_225_600,
        levels: None,
    };
    synth.error(&cx, error).map(|body| String::from_utf8(body.to_vec()).unwrap())
}
