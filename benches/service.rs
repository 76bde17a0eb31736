//! What the layer costs in process: passing through, and answering. The floor of each table is its
//! first row.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body;
use http_body_util::{Either, Empty, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_mock_llm::{MockLlmLayer, Reply, Rule, last_user};

#[path = "harness/mod.rs"]
mod harness;
#[path = "harness/least.rs"]
mod least;

use harness::Group;
use least::Least;

type Req = Request<Full<Bytes>>;

fn main() {
    through();
    unary();
    stream();
}

/// Requests that are none of ours.
fn through() {
    let canned = || {
        service_fn(|_: Req| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{}"))))
        })
    };
    let request = || request("https://example.com/v1/things", chat(1024, false));
    let mut group =
        Group::new("pass-through: a request to another host (the request is dropped within)");
    let mut bare = canned();
    group.case("service_fn", 1, request, move |r| now(bare.call(r)));
    let mut mapped =
        canned().map_response(|response| response.map(Either::<_, Empty<Bytes>>::Left));
    group.case("+ a body that may be another", 1, request, move |r| now(mapped.call(r)));
    let mut off = MockLlmLayer::new().enabled(false).layer(canned());
    group.case("+ the layer, switched off", 1, request, move |r| now(off.call(r)));
    let mut on = MockLlmLayer::new().layer(canned());
    group.case("+ the layer, switched on", 1, request, move |r| now(on.call(r)));
    group.run();
}

/// Whole answers.
fn unary() {
    let prompt = chat(1024, false);
    let request = move || request("https://api.openai.com/v1/chat/completions", prompt.clone());
    let mut group = Group::new("one mocked 1 KiB chat call, whole answer, journal on");
    let mut canned = service_fn(|_: Req| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(&[b'x'; 840]))))
    });
    group.case("service_fn with a ready body", 1, &request, move |r| drain(now(canned.call(r))));
    let texts = ["no such text", "nor this", "lorem"];
    let text = "word ".repeat(50);
    let reply = Arc::new(Reply::text(&text));
    let mut layer = MockLlmLayer::new();
    for text in texts {
        layer = layer.rule(Rule::when(last_user().contains(text)).respond_with(Arc::clone(&reply)));
    }
    let mut service = layer.into_service();
    let mut least = || Least::like(whole(now(service.call(request()))), &text, &texts);
    let mut bare = least();
    let json = HeaderValue::from_static("application/json");
    bare.headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
    bare.journal = None;
    for (name, least) in [
        ("the least by hand, one header, no journal", bare),
        ("the least by hand, the same headers, a journal", least()),
    ] {
        group.case(name, 1, &request, move |r| {
            let (head, body) = r.into_parts();
            drain(least.answer(head, bytes_of(body)))
        });
    }
    let mut default = MockLlmLayer::new().into_service();
    group.case("default reply", 1, &request, move |r| drain(now(default.call(r))));
    group.case("three rules, the last one matches, 50 tokens", 1, &request, move |r| {
        drain(now(service.call(r)))
    });
    let mut service = MockLlmLayer::new().journal(0, 0).into_service();
    group.case("default reply, journal off", 1, &request, move |r| drain(now(service.call(r))));
    group.run();
}

/// Streams of 500 tokens. The floor is the same bytes, ready and in pieces of the same size.
fn stream() {
    let gemini = r#"{"contents": [{"role": "user", "parts": [{"text": "x"}]}]}"#;
    let anthropic = r#"{"model": "claude-haiku-4-5", "max_tokens": 1000, "stream": true,
        "messages": [{"role": "user", "content": "x"}]}"#;
    for (title, uri, body) in [
        (
            "OpenAI: a stream of 500 tokens, made and drained",
            "https://api.openai.com/v1/chat/completions",
            chat(1024, true),
        ),
        (
            "Anthropic: a stream of 500 tokens, made and drained",
            "https://api.anthropic.com/v1/messages",
            Bytes::from(anthropic),
        ),
        (
            "Gemini: a stream of 500 tokens, made and drained",
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:\
             streamGenerateContent?alt=sse",
            Bytes::from(gemini),
        ),
    ] {
        let request = move || request(uri, body.clone());
        let reply = Arc::new(Reply::text("word ".repeat(500).trim_end()));
        let mut service = MockLlmLayer::new().default_reply(Arc::clone(&reply)).into_service();
        let pieces = pieces(now(service.call(request())));
        let mut group = Group::new(title);
        group.case(
            "the bytes, ready in pieces",
            500,
            move || pieces.clone(),
            |pieces| pieces.iter().map(Bytes::len).sum::<usize>(),
        );
        group.case("the layer", 500, request, move |r| drain(now(service.call(r))));
        group.run();
    }
}

/// The answer with its body in one piece.
fn whole<B: Body<Data = Bytes>>(response: Response<B>) -> Response<Bytes> {
    let (head, body) = response.into_parts();
    Response::from_parts(head, bytes_of(body))
}

/// A body that is one piece.
fn bytes_of<B: Body<Data = Bytes>>(body: B) -> Bytes {
    let mut body = pin!(body);
    match body.as_mut().poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        _ => panic!("nothing here waits"),
    }
}

fn pieces<B: Body<Data = Bytes>>(response: Response<B>) -> Vec<Bytes> {
    let mut body = pin!(response.into_body());
    let mut cx = Context::from_waker(Waker::noop());
    let mut pieces = Vec::new();
    while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) {
        pieces.extend(frame.into_data().ok());
    }
    pieces
}

/// Polls what is ready at once.
fn now<T>(future: impl Future<Output = Result<T, Infallible>>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(output)) => output,
        _ => panic!("nothing here waits"),
    }
}

fn drain<B: Body<Data = Bytes>>(response: Response<B>) -> usize {
    let mut body = pin!(response.into_body());
    let mut cx = Context::from_waker(Waker::noop());
    let mut length = 0;
    while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) {
        length += frame.data_ref().map_or(0, Bytes::len);
    }
    length
}

fn request(uri: &'static str, body: Bytes) -> Req {
    Request::post(uri)
        .header("content-type", "application/json")
        .header("authorization", "Bearer sk-bench")
        .header("anthropic-version", "2023-06-01")
        .header("accept", "*/*")
        .body(Full::new(body))
        .expect("a request")
}

/// A chat request of about `size` bytes: system, user, assistant, user.
fn chat(size: usize, stream: bool) -> Bytes {
    let words = |n: usize| "lorem ipsum dolor sit amet ".repeat(n / 27 + 1)[..n].to_owned();
    let body = serde_json::json!({
        "model": "gpt-4o-2024-08-06",
        "messages": [
            {"role": "system", "content": "You are a helpful assistant. Answer briefly."},
            {"role": "user", "content": words((size - 310) / 2)},
            {"role": "assistant", "content": words((size - 310) / 4)},
            {"role": "user", "content": words((size - 310) / 4)},
        ],
        "temperature": 0.7, "max_tokens": 512, "stream": stream, "user": "user-1234",
    });
    let bytes = serde_json::to_vec(&body).expect("JSON");
    assert!(bytes.len().abs_diff(size) < 50, "{}", bytes.len());
    bytes.into()
}
