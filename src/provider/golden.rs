//! Recordings, and how a room's bytes are compared with them.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, Request, Response};
use serde::Deserialize;

use super::{Context, Entropy, ErrorContext, ResponseSynth};
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
    #[track_caller]
    pub(crate) fn check_head<T>(&self, response: &Response<T>, also_left_out: &[&str]) {
        assert_eq!(response.status().as_u16(), self.status);
        assert_eq!(response.headers()["content-type"], self.content_type.as_str());
        let recorded = self.header_names.iter().map(String::as_str);
        let ours = response.headers().keys().map(HeaderName::as_str);
        check_names(ours, recorded, also_left_out);
    }
}

/// Checks the names of headers.
///
/// Left out by us: what the connection makes by itself, what compression and caches add, and
/// what would reach beyond the answer (see the guide, `fidelity`).
#[track_caller]
pub(crate) fn check_names<'a>(
    ours: impl Iterator<Item = &'a str>,
    recorded: impl Iterator<Item = &'a str>,
    also_left_out: &[&str],
) {
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
    let mut ours: Vec<&str> = ours.collect();
    ours.retain(|name| !also_left_out.contains(name));
    let mut wanted: Vec<&str> = recorded.collect();
    wanted.retain(|name| !LEFT_OUT.contains(name) && !also_left_out.contains(name));
    ours.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(ours, wanted);
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

/// The data of each event, without the line that some vendors end with.
pub(crate) fn payloads(stream: &str) -> impl Iterator<Item = &str> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data:")?.strip_prefix(' '));
    data.filter(|data| *data != "[DONE]")
}

/// A request of a client that the vendor would accept.
pub(crate) fn request(
    synth: &dyn ResponseSynth,
    request: Request<String>,
) -> Result<LlmRequest, ApiError> {
    request_of_bytes(synth, request.map(Bytes::from))
}

/// The same, with a body that may be no text.
pub(crate) fn request_of_bytes(
    synth: &dyn ResponseSynth,
    request: Request<Bytes>,
) -> Result<LlmRequest, ApiError> {
    let (parts, body) = request.into_parts();
    let head = RequestHead::from(parts);
    let call = synth.recognize(&head.as_head()).expect("a call");
    let mut request = synth.parse(call, &head.as_head(), &body)?;
    request.head = head;
    Ok(request)
}

/// 2026-01-01.
const CREATED: u64 = 1_767_225_600;

/// The context of a request and reply.
pub(crate) fn context<'a>(request: &'a LlmRequest, reply: &'a Reply) -> Context<'a> {
    Context {
        request,
        model: reply.answering_model(),
        usage: reply.usage_for(request.prompt_tokens()),
        created: CREATED,
        entropy: Entropy::new(1),
        levels: None,
        reply,
        chunking: None,
    }
}

/// A whole answer with its head.
pub(crate) fn whole(
    synth: &dyn ResponseSynth,
    request: &LlmRequest,
    reply: &Reply,
) -> Response<String> {
    synth.unary(&context(request, reply), reply).map(text)
}

/// A whole stream with its head.
pub(crate) fn stream(
    synth: &dyn ResponseSynth,
    request: &LlmRequest,
    reply: &Reply,
    chunking: Chunking,
) -> Response<String> {
    let said = |known: Option<Chunking>| {
        let cx = Context { chunking: known, ..context(request, reply) };
        let mut cursor = Cursor::new(Arc::new(reply.clone()), cx.usage, chunking);
        synth.stream(&cx).map(|mut encoder| {
            let mut frames = FrameBuf::new();
            while let Some(event) = cursor.next() {
                encoder.encode(event, &mut frames);
            }
            text(frames.take_all().unwrap_or_default())
        })
    };
    let answer = said(Some(chunking));
    assert_eq!(*answer.body(), said(None).into_body(), "it matters who counts the tokens");
    answer
}

/// An error with its head: to what came with this one, and to this request if it was understood.
pub(crate) fn error(
    synth: &dyn ResponseSynth,
    head: Head<'_>,
    request: Option<&LlmRequest>,
    error: &ApiError,
) -> Response<String> {
    let call = synth.recognize(&head);
    let cx = ErrorContext {
        call: call.as_ref(),
        request,
        head,
        entropy: Entropy::new(1),
        created: CREATED,
        levels: None,
    };
    synth.error(&cx, error).map(text)
}

/// What frames hold.
pub(crate) fn text(bytes: Bytes) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
