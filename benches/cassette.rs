//! What it costs to open a cassette, and to find a recording among others: the canonical form of a
//! request of 1 KiB and the lookup, in a cassette of 100 and of 100,000. The floor is a rule's reply to
//! the same requests.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use cpu_time::ThreadTime;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tower::Service;
use tower_mock_llm::cassette::Cassette;
use tower_mock_llm::{MockLlmLayer, Rule};

#[path = "harness/mod.rs"]
mod harness;

use harness::Group;

type Req = Request<Full<Bytes>>;

fn main() {
    let is_test = std::env::args().any(|arg| arg == "--test");
    let many = if is_test { 1_000 } else { 100_000 };
    println!("a request of {} bytes", body(7).len());
    let layer = || MockLlmLayer::new().journal(0, 0);
    let mut group = Group::new("a recording is found");
    let mut service = layer().rule(Rule::always().respond_with("word")).into_service();
    group.case("a rule's reply", 1, any_of(100), move |request| now(service.call(request)));
    for (name, count) in [("any of 100", 100), ("any of 100,000", many)] {
        let mut service = layer().cassette(open(count)).into_service();
        let status = now(service.call(request(count - 1))).status();
        assert_eq!(status, 200);
        group.case(name, 1, any_of(count), move |request: Req| now(service.call(request)));
    }
    group.run();
}

/// Requests for one recording after the other, in no order.
fn any_of(count: usize) -> impl FnMut() -> Req {
    let mut number = 0;
    move || {
        // A prime, so that all have their turn.
        number = (number + 7_919) % count;
        request(number)
    }
}

fn request(number: usize) -> Req {
    Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer any-key-of-the-usual-length-0123456789")
        .header("content-type", "application/json")
        .body(Full::from(body(number)))
        .expect("well-formed")
}

/// A cassette that was opened: the fastest of some times, since the file must be read from the disk
/// at first.
fn open(count: usize) -> Cassette {
    let path = std::env::temp_dir().join(format!("bench-{count}-{}.jsonl", std::process::id()));
    std::fs::write(&path, text(count)).expect("a folder for temporary files");
    let size = std::fs::metadata(&path).expect("it was written").len();
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let start = ThreadTime::now();
        drop(Cassette::open(&path).expect("well-formed"));
        fastest = fastest.min(start.elapsed());
    }
    let mut cassette = None;
    let memory = allocation_counter::measure(|| {
        cassette = Some(Cassette::open(&path).expect("well-formed").repeat(true));
    });
    std::fs::remove_file(&path).expect("it was written");
    println!(
        "{count} recordings, {} KiB, opened in {:.1} ms; {} allocations, {:.2} bytes in memory for each \
         byte of the file, {:.2} at most",
        size / 1024,
        fastest.as_secs_f64() * 1e3,
        memory.count_total,
        memory.bytes_current as f64 / size as f64,
        memory.bytes_max as f64 / size as f64,
    );
    cassette.expect("opened")
}

fn text(count: usize) -> String {
    let mut text = String::from("{\"cassette\":1}\n");
    for number in 0..count {
        let body = body(number);
        write!(
            text,
            "{{\"request\":\"POST https://api.openai.com/v1/chat/completions\",\"provider\":\"openai\",\
             \"headers\":[],\"body\":{{\"json\":{body}}}}}\n\
             {{\"response\":200,\"us\":1,\"headers\":[[\"content-type\",\"application/json\"]]}}\n\
             {{\"us\":1,\"frame\":{{\"json\":{{\"number\":{number}}}}}}}\n{{\"end\":\"whole\"}}\n",
        )
        .expect("a text takes all");
    }
    text
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
