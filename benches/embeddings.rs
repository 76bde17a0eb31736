//! What embeddings and counting cost: vectors alone and as answers, tokens of prompts and of
//! answers; and OpenAI's vocabularies, read and unread.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use cpu_time::ThreadTime;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower::{Service, service_fn};
use tower_mock_llm::provider::{Call, Operation};
use tower_mock_llm::request::{Content, EmbeddingSize};
use tower_mock_llm::respond::DefaultReply;
use tower_mock_llm::{
    LlmRequest, Message, MockLlmLayer, Provider, Reply, Respond, Role, Tiktoken, Tokenizer,
};

#[path = "harness/mod.rs"]
mod harness;

use harness::Group;

type Req = Request<Full<Bytes>>;

fn main() {
    // First, while nothing has been read.
    vocabularies();
    vectors();
    answers();
    counts();
}

/// What a tokenizer takes that is there and not asked, and what its first questions take.
fn vocabularies() {
    println!("{:<58} {:>10} {:>12}", "OpenAI's vocabularies", "CPU us", "resident KiB");
    let row = |name: &str, run: &dyn Fn()| {
        let start = ThreadTime::now();
        run();
        println!("{name:<58} {:>10} {:>12}", start.elapsed().as_micros(), resident_kib());
    };
    row("before", &|| ());
    row("a layer with them answers for another vendor's model", &|| {
        let mut service = MockLlmLayer::new().tokenizer(Tiktoken).into_service();
        let body = r#"{"model": "claude-haiku-4-5", "max_tokens": 9,
            "messages": [{"role": "user", "content": "hi"}]}"#;
        let request = Request::post("https://api.anthropic.com/v1/messages")
            .header("x-api-key", "bench")
            .header("anthropic-version", "2023-06-01")
            .body(Full::<Bytes>::from(body))
            .expect("a request");
        drain(now(service.call(request)));
    });
    for (name, model) in [
        ("the first text of gpt-4o", "gpt-4o"),
        ("the second", "gpt-4o"),
        ("the first text of gpt-4", "gpt-4"),
    ] {
        row(name, &|| assert_eq!(Tiktoken.count(model, "hello world"), Some(2)));
    }
}

/// Of this process; zero where there is no `/proc`.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

/// Vectors, without an answer around them. The first row is the floor: the numbers are written once.
fn vectors() {
    let mut group = Group::new("a vector of 1 KiB of text");
    group.case("1,536 zeros", 1, || (), |()| vec![0.0_f32; 1536]);
    for (name, dimensions) in
        [("1,536 numbers", 1536), ("3,072 numbers", 3072), ("768 numbers", 768)]
    {
        let request = embeddings(&prose(1024), dimensions);
        group.case(name, 1, move || request.clone(), |r| DefaultReply::new(0).respond(&r));
    }
    group.run();
}

/// Whole calls.
fn answers() {
    let body = |format: &str| {
        let body = serde_json::json!({
            "model": "text-embedding-3-small", "input": prose(1024), "encoding_format": format,
        });
        Bytes::from(body.to_string())
    };
    let floats = body("float");
    let ready = move || request("https://api.openai.com/v1/embeddings", floats.clone());
    let mut group = Group::new("one mocked call for the embedding of 1 KiB, 1,536 numbers");
    let mut canned = service_fn(|_: Req| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(&[b'x'; 8200]))))
    });
    group.case("service_fn with a ready body", 1, &ready, move |r| drain(now(canned.call(r))));
    let base64 = body("base64");
    let mut service = MockLlmLayer::new().journal(0, 0).into_service();
    group.case(
        "base64, as the vendor's clients ask",
        1,
        move || request("https://api.openai.com/v1/embeddings", base64.clone()),
        move |r| drain(now(service.call(r))),
    );
    let mut service = MockLlmLayer::new().journal(0, 0).into_service();
    group.case("floats", 1, &ready, move |r| drain(now(service.call(r))));
    group.run();
}

/// Tokens.
fn counts() {
    let mut group = Group::new("tokens of 64 KiB of prompt, and of 1 KiB of answer");
    let mut asked = chat();
    asked.messages = (0..64).map(|_| user(prose(1024))).collect();
    group.case(
        "prompt, 64 KiB in 64 messages: estimated",
        64,
        || (),
        move |()| asked.prompt_tokens(),
    );
    let text = prose(1024);
    group.case(
        "answer, 1 KiB: counted as it would be cut",
        1,
        move || Reply::text(text.as_str()),
        |reply| reply.usage_for(0),
    );
    let text = prose(1024);
    group.case("1 KiB by OpenAI's vocabulary", 1, || (), move |()| Tiktoken.count("gpt-4o", &text));
    group.run();
}

fn embeddings(text: &str, dimensions: usize) -> LlmRequest {
    let call = Call::new(Operation::Embeddings);
    let mut request = LlmRequest::new(Provider::OPENAI, call, Bytes::new());
    request.messages = vec![user(text.to_owned())];
    request.embeddings = vec![EmbeddingSize::of(dimensions)];
    request
}

fn chat() -> LlmRequest {
    LlmRequest::new(Provider::OPENAI, Call::new(Operation::Chat), Bytes::new())
}

fn user(text: String) -> Message {
    Message::new(Role::User, vec![Content::Text(text)])
}

/// Text with as many different words as prose has.
fn prose(bytes: usize) -> String {
    const WORDS: &str = "It was the best of times, it was the worst of times, it was the age of \
        wisdom, it was the age of foolishness, it was the epoch of belief, it was the epoch of \
        incredulity, it was the season of Light, it was the season of Darkness, it was the spring \
        of hope, it was the winter of despair, we had everything before us, we had nothing before \
        us, we were all going direct to Heaven, we were all going direct the other way. There were \
        a king with a large jaw and a queen with a plain face, on the throne of England; there \
        were a king with a large jaw and a queen with a fair face, on the throne of France. In \
        both countries it was clearer than crystal to the lords of the State preserves of loaves \
        and fishes, that things in general were settled for ever. ";
    WORDS.chars().cycle().take(bytes).collect()
}

/// Polls what is ready at once.
fn now<T>(future: impl Future<Output = Result<T, Infallible>>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(output)) => output,
        _ => panic!("nothing here waits"),
    }
}

fn drain<B: Body<Data = Bytes>>(response: Response<B>) -> usize {
    assert_eq!(response.status(), 200);
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
        .header("authorization", "Bearer sk-bench")
        .body(Full::new(body))
        .expect("a request")
}
