//! What many rules cost: a whole call among three, a hundred and ten thousand of them, and the
//! time to mount ten thousand. The first row of each table has three rules of the same kind.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use cpu_time::ThreadTime;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower::Service;
use tower_mock_llm::respond::{Condition, RuleBuilder};
use tower_mock_llm::{Match, MockLlmLayer, Reply, Rule, last_user, model};

#[path = "harness/mod.rs"]
mod harness;

use harness::Group;

const COUNTS: [(&str, usize); 3] = [("3 rules", 3), ("100 rules", 100), ("10,000 rules", 10_000)];

fn main() {
    for (kind, condition) in KINDS {
        let mut group = Group::new(kind);
        for (name, count) in COUNTS {
            // Its own reply in each rule, as in life; the one that answers is the last.
            let mut hit = layer(count, condition).into_service();
            group.case(name, 1, || request(17), move |r| drain(now(hit.call(r))));
        }
        let reply = Arc::new(reply());
        for (name, (_, count)) in
            ["3, none fits", "100, none fits", "10,000, none fits"].iter().zip(COUNTS)
        {
            let layer = layer(count, condition).default_reply(Arc::clone(&reply));
            let mut miss = layer.into_service();
            group.case(name, 1, || request(99_999), move |r| drain(now(miss.call(r))));
        }
        group.run();
    }
    build();
}

type Kind = fn(usize) -> RuleBuilder;

const KINDS: [(&str, Kind); 6] = [
    ("the last message is a text: one 1 KiB chat call", |n| Rule::when(equals(n))),
    ("the last message contains a text: one 1 KiB chat call", |n| Rule::when(contains(n))),
    ("contains a text in any case: one 1 KiB chat call", |n| {
        Rule::when(last_user().contains_ignoring_case(format!("Order NUMBER {n:06}.")))
    }),
    ("matches an expression: one 1 KiB chat call", |n| Rule::when(expression(n))),
    ("a model, and contains a text: one 1 KiB chat call", |n| {
        Rule::when(model("gpt-*").and(contains(n)))
    }),
    ("a third of each, the last contains: one 1 KiB chat call", |n| match n % 3 {
        0 => Rule::when(equals(n)),
        1 => Rule::when(expression(n)),
        _ => Rule::when(contains(n)),
    }),
];

fn equals(n: usize) -> Condition {
    last_user().equals(question(n))
}

fn contains(n: usize) -> Condition {
    last_user().contains(format!("order number {n:06}."))
}

fn expression(n: usize) -> Condition {
    last_user().matches(&format!(r"^Where (is|are) .*\border number {n:06}\b"))
}

/// So many rules, the last of which is for order 17.
fn layer(count: usize, condition: Kind) -> MockLlmLayer {
    (0..count).fold(MockLlmLayer::new(), |layer, n| {
        // Numbers from 100 on, and of the right kind: `n % 3` stays.
        let number = if n + 1 == count { 17 } else { 102 + n };
        layer.rule(condition(number).respond_with(reply()))
    })
}

fn reply() -> Reply {
    Reply::text("It is on its way to you, and it will be there tomorrow in the afternoon.")
}

/// Making the rules, mounting them, and the first call, which files them.
fn build() {
    let quick = std::env::args().any(|arg| arg == "--test");
    let rounds = if quick { 1 } else { 9 };
    let median = |times: &mut [Duration]| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1000.0
    };
    println!("\n{:<58} {:>14} {:>14}", "10,000 rules", "mounted, ms", "first call, ms");
    for (kind, condition) in KINDS {
        let (mut mounted, mut first) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let start = ThreadTime::now();
            let mut service = layer(10_000, condition).into_service();
            mounted.push(start.elapsed());
            let start = ThreadTime::now();
            black_box(drain(now(service.call(request(17)))));
            first.push(start.elapsed());
        }
        let kind = kind.split(':').next().unwrap_or_default();
        println!("{kind:<58} {:>14.1} {:>14.1}", median(&mut mounted), median(&mut first));
    }
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

fn question(n: usize) -> String {
    let polite = "I hope that you can help me, since nobody else could until now. ".repeat(3);
    format!("Where is my parcel? {polite}It is the one with order number {n:06}.")
}

/// A chat request of about 1 KiB: system, user, assistant, user.
fn request(n: usize) -> Request<Full<Bytes>> {
    let body = serde_json::json!({
        "model": "gpt-4o-2024-08-06",
        "messages": [
            {"role": "system", "content": "You are a helpful assistant. Answer briefly."},
            {"role": "user", "content": "lorem ipsum dolor sit amet ".repeat(11)},
            {"role": "assistant", "content": "Where did you order it?"},
            {"role": "user", "content": question(n)},
        ],
        "temperature": 0.7, "max_tokens": 512, "user": "user-1234",
    });
    Request::post("https://api.openai.com/v1/chat/completions")
        .header("content-type", "application/json")
        .header("authorization", "Bearer sk-bench")
        .body(Full::new(Bytes::from(body.to_string())))
        .expect("a request")
}
