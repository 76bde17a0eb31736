//! Recorded traffic of the vendors, recorded once more and replayed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::Instant;
use tower::{Layer, ServiceExt, service_fn};
use tower_mock_llm::cassette::{Cassette, RecordMode};
use tower_mock_llm::fault::Trouble;
use tower_mock_llm::{BoxError, Fault, MockLlmLayer};

use crate::upstream::{Exchange, Req, Scratch, ask, body, call, joined, upstream};

const HEAD: Duration = Duration::from_millis(312);
const GAP: Duration = Duration::from_millis(20);

#[tokio::test(start_paused = true)]
async fn everything_comes_back_byte_for_byte_frame_for_frame_and_in_its_time() {
    let scratch = Scratch::new("wire");
    for (name, exchange) in Exchange::all() {
        let path = scratch.file(&format!("{name}.jsonl"));
        let calls = Arc::new(AtomicUsize::new(0));
        let live = upstream(exchange.clone(), HEAD, GAP, Arc::clone(&calls));
        let open = || Cassette::open(&path).unwrap();
        let recording =
            |cassette: &Cassette| MockLlmLayer::new().cassette(cassette.clone()).recording();

        let cassette = open().mode(RecordMode::RecordMissing);
        let (parts, frames) =
            call(recording(&cassette).layer(live.clone()), exchange.request()).await;
        assert_eq!(frames, exchange.frames(), "{name}");
        assert_eq!(parts.status.as_u16(), exchange.status, "{name}");
        assert_eq!((calls.load(Ordering::SeqCst), cassette.len()), (1, 1), "{name}");

        // Nothing is missing now: nothing is called, and the file stays as it is.
        let written = std::fs::read(&path).unwrap();
        let again = open().mode(RecordMode::RecordMissing);
        let (_, frames) = call(recording(&again).layer(live), exchange.request()).await;
        assert_eq!(frames, exchange.frames(), "{name}");
        assert_eq!(calls.load(Ordering::SeqCst), 1, "{name}");
        assert_eq!(std::fs::read(&path).unwrap(), written, "{name}");

        for factor in [0.0, 1.0, 2.5] {
            let replay = MockLlmLayer::new().cassette(open().timing(factor)).into_service();
            let start = Instant::now();
            let (replayed, frames) = call(replay, exchange.request()).await;
            let gaps = u32::try_from(frames.len()).unwrap();
            assert_eq!(start.elapsed(), (HEAD + GAP * gaps).mul_f64(factor), "{name}");
            assert_eq!(frames, exchange.frames(), "{name}");
            assert_eq!(replayed.status.as_u16(), exchange.status, "{name}");
            let mut wanted = exchange.headers();
            wanted.retain(|(header, _)| header != "set-cookie");
            wanted.sort();
            let headers = replayed.headers.iter();
            let mut ours: Vec<_> = headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect();
            ours.sort();
            for ((name, value), (our_name, ours)) in wanted.iter().zip(&ours) {
                assert_eq!(name, our_name);
                assert!(value == ours || ours == "redacted", "{name}: {value} is not {ours}");
            }
            assert_eq!(wanted.len(), ours.len(), "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_caller_streams_while_it_is_recorded() {
    let scratch = Scratch::new("tee");
    let (_, exchange) = Exchange::all().into_iter().find(|it| it.0.contains("thinking")).unwrap();
    let cassette = Cassette::open(scratch.file("x.jsonl")).unwrap().mode(RecordMode::RecordMissing);
    let live = upstream(exchange.clone(), HEAD, GAP, Arc::default());
    let start = Instant::now();
    let stack = MockLlmLayer::new().cassette(cassette).recording().layer(live);
    let mut response = stack.oneshot(exchange.request()).await.unwrap();
    assert_eq!(start.elapsed(), HEAD);
    for (index, frame) in (1..).zip(exchange.frames()) {
        let seen = response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!((start.elapsed(), seen), (HEAD + GAP * index, frame));
    }
}

#[tokio::test]
async fn what_was_interrupted_is_never_replayed_as_whole() {
    let scratch = Scratch::new("interrupted");
    let path = scratch.file("x.jsonl");
    let cassette = Cassette::open(&path).unwrap().mode(RecordMode::RecordMissing);
    let broken = service_fn(|_: Req| async {
        let frames: Vec<Result<Bytes, BoxError>> =
            vec![Ok("data: {}\n\n".into()), Err("connection reset".into())];
        Ok::<_, std::convert::Infallible>(http::Response::new(body(frames, Duration::ZERO)))
    });
    let stack = MockLlmLayer::new().cassette(cassette.clone()).recording().layer(broken);
    let response = stack.oneshot(ask("hi")).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap_err().to_string(), "connection reset");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.ends_with("{\"end\":\"interrupted\",\"why\":\"connection reset\"}\n"), "{text}");

    let layer = MockLlmLayer::new().cassette(Cassette::open(&path).unwrap());
    let (parts, frames) = call(layer.into_service(), ask("hi")).await;
    assert_eq!(parts.status, 400);
    let why = joined(&frames);
    assert!(why.contains("x.jsonl:2 was interrupted (connection reset)"), "{why}");
}

#[tokio::test]
async fn clients_that_stop_at_the_last_event_have_read_the_whole() {
    let scratch = Scratch::new("done");
    let long =
        format!("data: {{\"type\":\"response.completed\",\"x\":\"{}\"}}\n\n", "x".repeat(9000));
    let openai = "https://api.openai.com/v1/responses";
    let anthropic = "https://api.anthropic.com/v1/messages";
    for (url, last, end) in [
        (openai, "data: [DONE]\n\n", "whole"),
        (openai, &*long.leak(), "whole"),
        (openai, "data: {\"text\":\"[DONE]\"}\n\n", "interrupted"),
        (openai, "data: {\"type\":\"message_stop\"}\n\n", "interrupted"),
        (anthropic, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", "whole"),
        (anthropic, "data: {\"type\":\"message_stop\"           }\n\n", "whole"),
        (anthropic, "data: [DONE]\n\n", "interrupted"),
    ] {
        let path = scratch.file("x.jsonl");
        let _ = std::fs::remove_file(&path);
        let cassette = Cassette::open(&path).unwrap().mode(RecordMode::RecordMissing);
        let live = service_fn(move |_: Req| async move {
            let frames = ["data: {}\n\n", last, "never read"].map(|text| Ok(Bytes::from(text)));
            Ok::<_, std::convert::Infallible>(http::Response::new(body(
                frames.into(),
                Duration::ZERO,
            )))
        });
        let stack = MockLlmLayer::new().cassette(cassette).recording().layer(live);
        let mut request = ask("hi");
        *request.uri_mut() = url.parse().unwrap();
        let mut response = stack.oneshot(request).await.unwrap();
        for _ in 0..2 {
            response.body_mut().frame().await.unwrap().unwrap();
        }
        drop(response);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.lines().last().unwrap().starts_with(&format!("{{\"end\":\"{end}\"")),
            "{text}"
        );
    }
}

#[tokio::test]
async fn trouble_is_laid_over_a_recording() {
    let scratch = Scratch::new("trouble");
    let path = scratch.file("x.jsonl");
    let (_, exchange) = Exchange::all().into_iter().find(|it| it.0.contains("thinking")).unwrap();
    let cassette = Cassette::open(&path).unwrap().mode(RecordMode::RecordMissing);
    let live = upstream(exchange.clone(), Duration::ZERO, Duration::ZERO, Arc::default());
    let layer = MockLlmLayer::new().cassette(cassette);
    call(layer.recording().layer(live), exchange.request()).await;

    let layer = MockLlmLayer::new()
        .cassette(Cassette::open(&path).unwrap())
        .trouble(Trouble::fault(Fault::abort_after(3)));
    let response = layer.into_service().oneshot(exchange.request()).await.unwrap();
    let mut body = response.into_body();
    for frame in exchange.frames().into_iter().take(3) {
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), frame);
    }
    body.frame().await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_body_that_is_empty_or_of_a_known_length_is_whole_without_being_read_to_its_end() {
    let scratch = Scratch::new("length");
    for (sent, read) in [("", 0), ("{}", 1)] {
        let path = scratch.file(&format!("{read}.jsonl"));
        let cassette = Cassette::open(&path).unwrap().mode(RecordMode::RecordMissing);
        let live = service_fn(move |_: Req| async move {
            let body = http_body_util::Full::new(Bytes::from(sent));
            Ok::<_, std::convert::Infallible>(http::Response::new(body))
        });
        let stack = MockLlmLayer::new().cassette(cassette).recording().layer(live);
        let mut response = stack.oneshot(ask("hi")).await.unwrap();
        for _ in 0..read {
            response.body_mut().frame().await.unwrap().unwrap();
        }
        drop(response);
        let (parts, frames) = call(
            MockLlmLayer::new().cassette(Cassette::open(&path).unwrap()).into_service(),
            ask("hi"),
        )
        .await;
        assert_eq!((parts.status.as_u16(), joined(&frames)), (200, sent.to_owned()));
    }
    let path = scratch.file("announced.jsonl");
    for (length, status) in [("3", 400), ("2", 200)] {
        let cassette = Cassette::open(&path).unwrap().mode(RecordMode::RecordMissing);
        let live = service_fn(move |_: Req| async move {
            let body = body(vec![Ok("{}".into()), Ok("more".into())], Duration::ZERO);
            let response = http::Response::builder().header("content-length", length);
            Ok::<_, std::convert::Infallible>(response.body(body).unwrap())
        });
        let stack = MockLlmLayer::new().cassette(cassette).recording().layer(live);
        let mut response = stack.oneshot(ask("hi")).await.unwrap();
        response.body_mut().frame().await.unwrap().unwrap();
        drop(response);
        let layer = MockLlmLayer::new().cassette(Cassette::open(&path).unwrap());
        assert_eq!(call(layer.into_service(), ask("hi")).await.0.status, status, "{length}");
    }
}
