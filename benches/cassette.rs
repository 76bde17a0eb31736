//! What it costs to find a recording among others: the canonical form of a request of 1 KiB and the
//! lookup, in a cassette of 100 and of 100,000. The floor is a rule's reply to the same request.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use cpu_time::ThreadTime;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tower::Service;
use tower_mock_llm::cassette::{Cassette, Store};
use tower_mock_llm::{MockLlmLayer, Rule};

#[path = "harness/mod.rs"]
mod harness;

use harness::Group;

type Req = Request<Full<Bytes>>;

fn main() {
    let is_test = std::env::args().any(|arg| arg == "--test");
    let many = if is_test { 1_000 } else { 100_000 };
    let asked = Bytes::from(body(7));
    println!("a request of {} bytes", asked.len());
    let request = move || {
        Request::post("https://api.openai.com/v1/chat/completions")
            .header("authorization", "Bearer any-key-of-the-usual-length-0123456789")
            .header("content-type", "application/json")
            .body(Full::from(asked.clone()))
            .expect("well-formed")
    };
    let layer = || MockLlmLayer::new().journal(0, 0);
    let mut group = Group::new("a recording is found");
    let mut service = layer().rule(Rule::always().respond_with("word")).into_service();
    group.case("a rule's reply", 1, &request, move |request| now(service.call(request)));
    for (name, count) in [("one of 100", 100), ("one of 100,000", many)] {
        let mut service = layer().cassette(open(count)).into_service();
        let status = now(service.call(request())).status();
        assert_eq!(status, 200);
        group.case(name, 1, &request, move |request: Req| now(service.call(request)));
    }
    group.run();
}

fn open(count: usize) -> Cassette {
    let mut text = String::from("{\"cassette\":1}\n");
    for number in 0..count {
        text += &format!(
            "{{\"request\":\"POST https://api.openai.com/v1/chat/completions\",\"provider\":\"openai\",\
             \"headers\":[],\"body\":{{\"json\":{}}}}}\n\
             {{\"response\":200,\"us\":1,\"headers\":[[\"content-type\",\"application/json\"]]}}\n\
             {{\"us\":1,\"frame\":{{\"json\":{{\"number\":{number}}}}}}}\n{{\"end\":\"whole\"}}\n",
            body(number)
        );
    }
    let size = text.len();
    let store = Memory(text.into_bytes());
    let start = ThreadTime::now();
    let cassette = Cassette::open_in(store, "bench").expect("well-formed").repeat(true);
    let took: Duration = start.elapsed();
    println!("{count} recordings, {} KiB, opened in {} ms", size / 1024, took.as_millis());
    cassette
}

fn body(number: usize) -> String {
    let text = format!("This is question {number}. ") + &"How is the weather today? ".repeat(28);
    json!({
        "model": "gpt-4o",
        "temperature": 0.5,
        "messages": [
            {"role": "system", "content": "You answer shortly, and in the user's own language."},
            {"role": "user", "content": text},
        ],
    })
    .to_string()
}

fn now(
    answer: impl Future<Output = Result<Response<tower_mock_llm::MockBody<Full<Bytes>>>, Infallible>>,
) -> Response<tower_mock_llm::MockBody<Full<Bytes>>> {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response,
        Poll::Ready(Err(error)) => match error {},
        Poll::Pending => unreachable!("nothing is waited for"),
    }
}

#[derive(Debug)]
struct Memory(Vec<u8>);

impl Store for Memory {
    fn read(&self, _: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(Some(self.0.clone()))
    }

    fn append(&self, _: &str, _: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn replace(&self, _: &str, _: &mut dyn FnMut(&[u8]) -> io::Result<Vec<u8>>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
