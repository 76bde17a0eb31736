//! What the layer costs in process: passing through, and answering. The floor of each table is its
//! first row.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower::{Layer, Service, service_fn};
use tower_mock_llm::{MockLlmLayer, Reply, Rule, last_user};

#[path = "harness/mod.rs"]
mod harness;

use harness::Group;

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
    let mut service = MockLlmLayer::new().into_service();
    group.case("default reply", 1, &request, move |r| drain(now(service.call(r))));
    let reply = Arc::new(Reply::text("word ".repeat(50)));
    let mut layer = MockLlmLayer::new();
    for text in ["no such text", "nor this", "lorem"] {
        layer = layer.rule(Rule::when(last_user().contains(text)).respond_with(Arc::clone(&reply)));
    }
    let mut service = layer.into_service();
    group.case("three rules, the last one matches, 50 tokens", 1, &request, move |r| {
        drain(now(service.call(r)))
    });
    let mut service = MockLlmLayer::new().journal(0, 0).into_service();
    group.case("default reply, journal off", 1, &request, move |r| drain(now(service.call(r))));
    group.run();
}

/// A stream of 500 tokens.
fn stream() {
    let prompt = chat(1024, true);
    let request = move || request("https://api.openai.com/v1/chat/completions", prompt.clone());
    let mut group = Group::new("OpenAI: a stream of 500 tokens, made and drained");
    let reply = Arc::new(Reply::text("word ".repeat(500).trim_end()));
    let mut service = MockLlmLayer::new().default_reply(reply).into_service();
    group.case("neighbours share a frame", 500, &request, move |r| drain(now(service.call(r))));
    group.run();
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
        .header("user-agent", "bench")
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
