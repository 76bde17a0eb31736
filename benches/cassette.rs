//! What it costs to open a cassette, with an index beside it and without, and to find a recording among
//! others: the canonical form of a request of 1 KiB and the lookup, in a cassette of 100 and of 100,000.
//! First by themselves, up to where the recording is known; then the whole call, whose floor is a rule's
//! reply to the same requests.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use cpu_time::ThreadTime;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tower::Service;
use tower_mock_llm::cassette::Cassette;
use tower_mock_llm::request::RequestHead;
use tower_mock_llm::{MockLlmLayer, Provider, Rule};

#[path = "harness/mod.rs"]
mod harness;

use harness::Group;

type Req = Request<Full<Bytes>>;

fn main() {
    let is_test = std::env::args().any(|arg| arg == "--test");
    let many = if is_test { 1_000 } else { 100_000 };
    println!("a request of {} bytes", body(7).len());
    let counts = [100, many];
    let cassettes = counts.map(open).map(|(cassette, indexed)| [cassette, indexed]);
    let names = ["any of 100", "any of 100, indexed", "any of 100,000", "any of 100,000, indexed"];
    let cases = || {
        let cassettes = counts.into_iter().zip(&cassettes);
        let cases = cassettes.flat_map(|(count, both)| both.iter().map(move |it| (count, it)));
        names.into_iter().zip(cases)
    };
    let mut group = Group::new("its key, and the lookup");
    for (name, (count, cassette)) in cases() {
        let mut request = any_of(count);
        let setup = move || {
            let (parts, body) = request().into_parts();
            (RequestHead::from(parts), bytes(body))
        };
        group.case(name, 1, setup, |(head, body)| {
            assert!(cassette.finds(&Provider::OPENAI, &head, &body));
        });
    }
    group.run();
    let layer = || MockLlmLayer::new().journal(0, 0);
    let mut group = Group::new("a recording is found and played");
    let mut service = layer().rule(Rule::always().respond_with("word")).into_service();
    group.case("a rule's reply", 1, any_of(100), move |request| now(service.call(request)));
    for (name, (count, cassette)) in cases() {
        let mut service = layer().cassette(cassette.clone()).into_service();
        let status = now(service.call(request(count - 1))).status();
        assert_eq!(status, 200);
        group.case(name, 1, any_of(count), move |request: Req| now(service.call(request)));
    }
    group.run();
}

fn bytes(body: Full<Bytes>) -> Bytes {
    match pin!(body.collect()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(body)) => body.to_bytes(),
        Poll::Ready(Err(error)) => match error {},
        Poll::Pending => unreachable!("it is there"),
    }
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

/// A cassette that was opened without an index, and the same with one.
fn open(count: usize) -> (Cassette, Cassette) {
    let path = std::env::temp_dir().join(format!("bench-{count}-{}.jsonl", std::process::id()));
    let index = path.with_extension("jsonl.idx");
    std::fs::write(&path, text(count)).expect("a folder for temporary files");
    let size = std::fs::metadata(&path).expect("it was written").len();
    println!("{count} recordings, {} KiB:", size / 1024);
    let without = opened("without an index", &path, size);
    without.write_index().expect("well-formed");
    let kib = std::fs::metadata(&index).expect("it was written").len() / 1024;
    let indexed = opened(&format!("with an index of {kib} KiB"), &path, size);
    // As after a checkout: the text must be hashed to know that it is the same.
    let file = std::fs::File::options().write(true).open(&path).expect("it was written");
    file.set_modified(std::time::UNIX_EPOCH).expect("a time that can be set");
    opened("with an index, and a file of another time", &path, size);
    if count > 200 {
        without.write_index().expect("well-formed");
        // So many are read one by one; then the whole text is.
        let cassette = Cassette::open(&path).expect("well-formed").repeat(true);
        let mut service = MockLlmLayer::new().cassette(cassette.clone()).into_service();
        let mut requests: Vec<_> = (0..201).map(|number| request(number * 7 % count)).collect();
        let last = requests.pop();
        for (what, requests) in
            [("200 played", requests), ("the next one", last.into_iter().collect())]
        {
            let (number, start) = (requests.len(), ThreadTime::now());
            for request in requests {
                assert_eq!(now(service.call(request)).status(), 200);
            }
            let took = start.elapsed().as_secs_f64() * 1e6 / number as f64;
            println!("  with an index, {what}: {took:.1} us each");
        }
    }
    // All of it, before the file goes away.
    let mut service = MockLlmLayer::new().cassette(indexed.clone()).into_service();
    for number in 0..201.min(count) * 3 {
        assert_eq!(now(service.call(request(number % count))).status(), 200);
    }
    std::fs::remove_file(&path)
        .and_then(|()| std::fs::remove_file(index))
        .expect("they were written");
    (without, indexed)
}

/// Opened: the fastest of some times, since the file must be read from the disk at first.
fn opened(how: &str, path: &Path, size: u64) -> Cassette {
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let start = ThreadTime::now();
        drop(Cassette::open(path).expect("well-formed"));
        fastest = fastest.min(start.elapsed());
    }
    let mut cassette = None;
    let memory = allocation_counter::measure(|| {
        cassette = Some(Cassette::open(path).expect("well-formed").repeat(true));
    });
    println!(
        "  {how}, opened in {:.1} ms; {} allocations, {:.2} bytes in memory for each byte of the file, \
         {:.2} at most",
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
