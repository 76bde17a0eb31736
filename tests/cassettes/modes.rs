//! What is replayed, what is recorded, and in which order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tower::Layer;
use tower_mock_llm::cassette::{Cassette, RecordMode};
use tower_mock_llm::{ApiError, MockLlmLayer, Rule, last_user};

use crate::upstream::{Req, Res, Scratch, ask, call, joined, says};

/// Says how often it was asked.
fn counter(
    calls: &Arc<AtomicUsize>,
) -> impl tower::Service<Req, Response = Res, Error = std::convert::Infallible, Future: Send> + Clone
{
    let calls = Arc::clone(calls);
    says(move |_| format!("{{\"call\":{}}}", calls.fetch_add(1, Ordering::SeqCst) + 1))
}

#[tokio::test]
async fn identical_requests_are_replayed_in_order() {
    let scratch = Scratch::new("order");
    let path = scratch.file("x.jsonl");
    let calls = Arc::default();
    let cassette = Cassette::open(&path).unwrap().mode(RecordMode::RecordMissing);
    let stack = MockLlmLayer::new().cassette(cassette.clone()).recording().layer(counter(&calls));
    for call_number in 1..=3 {
        let (_, frames) = call(stack.clone(), ask("again")).await;
        assert_eq!(joined(&frames), format!("{{\"call\":{call_number}}}"));
    }
    // By the same one, after it was switched.
    cassette.set_mode(RecordMode::Replay);
    cassette.rewind();
    let reopened = Cassette::open(&path).unwrap();
    let other = MockLlmLayer::new().cassette(reopened).recording().layer(counter(&calls));
    for stack in [stack, other] {
        for call_number in 1..=3 {
            let (_, frames) = call(stack.clone(), ask("again")).await;
            assert_eq!(joined(&frames), format!("{{\"call\":{call_number}}}"));
        }
        let (parts, _) = call(stack, ask("again")).await;
        assert_eq!(parts.status, 400);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn recording_all_replaces_what_changed_and_nothing_else() {
    let scratch = Scratch::new("all");
    let path = scratch.file("x.jsonl");
    let calls = Arc::default();
    let run = async |mode| {
        let cassette = Cassette::open(&path).unwrap().mode(mode);
        let stack = MockLlmLayer::new().cassette(cassette).recording().layer(counter(&calls));
        for text in ["one", "two", "two"] {
            call(stack.clone(), ask(text)).await;
        }
    };
    run(RecordMode::RecordMissing).await;
    call(
        MockLlmLayer::new()
            .cassette(Cassette::open(&path).unwrap().mode(RecordMode::RecordMissing))
            .recording()
            .layer(counter(&calls)),
        ask("another test's"),
    )
    .await;
    run(RecordMode::RecordAll).await;
    let text = std::fs::read_to_string(&path).unwrap();
    for (number, stays) in [(1, false), (3, false), (4, true), (5, true), (7, true)] {
        assert_eq!(text.contains(&format!("{{\"call\":{number}}}")), stays, "{number}: {text}");
    }
    assert_eq!(Cassette::open(&path).unwrap().len(), 4);

    // The same answers as before change nothing, not even their times.
    calls.store(4, Ordering::SeqCst);
    run(RecordMode::RecordAll).await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn rules_go_before_and_off_is_as_if_there_were_none() {
    let scratch = Scratch::new("rules");
    let calls = Arc::default();
    let cassette = Cassette::open(scratch.file("x.jsonl")).unwrap().mode(RecordMode::RecordMissing);
    let layer = MockLlmLayer::new()
        .rule(Rule::when(last_user().contains("ping")).respond_with("pong"))
        .default_reply(ApiError::server().message("by default"))
        .cassette(cassette.clone());
    let stack = layer.recording().layer(counter(&calls));
    let (_, frames) = call(stack.clone(), ask("ping")).await;
    assert!(joined(&frames).contains("pong"));
    cassette.set_mode(RecordMode::Off);
    let (_, frames) = call(stack.clone(), ask("x")).await;
    assert!(joined(&frames).contains("by default"));
    assert_eq!((calls.load(Ordering::SeqCst), cassette.len()), (0, 0));
    cassette.set_mode(RecordMode::RecordMissing);
    call(stack, ask("x")).await;
    assert_eq!((calls.load(Ordering::SeqCst), cassette.len()), (1, 1));
}

#[tokio::test]
async fn a_stack_that_cannot_record_says_so() {
    let scratch = Scratch::new("cannot");
    let cassette = Cassette::open(scratch.file("x.jsonl")).unwrap().mode(RecordMode::RecordMissing);
    let (parts, frames) =
        call(MockLlmLayer::new().cassette(cassette).into_service(), ask("x")).await;
    assert_eq!(parts.status, 400);
    assert!(joined(&frames).contains("MockLlmLayer::recording()"), "{}", joined(&frames));
}

#[tokio::test]
async fn a_place_that_is_ignored_may_differ() {
    let scratch = Scratch::new("ignored");
    let path = scratch.file("x.jsonl");
    let calls = Arc::default();
    let cassette = Cassette::open(&path).unwrap().mode(RecordMode::RecordMissing);
    let stack = MockLlmLayer::new().cassette(cassette).recording().layer(counter(&calls));
    call(stack, ask("today is Monday")).await;
    let cassette = Cassette::open(&path).unwrap().ignore("/messages/0/content");
    let layer = MockLlmLayer::new().cassette(cassette);
    let (parts, _) = call(layer.into_service(), ask("today is Friday")).await;
    assert_eq!(parts.status, 200);
}
