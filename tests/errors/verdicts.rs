//! Verdicts on clients that do one thing wrong each.

use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, timeout};
use tower_mock_llm::reply::NoAnswer;
use tower_mock_llm::verdict::{Problem, Thresholds, Verdict};
use tower_mock_llm::{Answer, ApiError, Fault, MockLlmLayer, Rule};

use crate::{Api, Mock};

const MS: Duration = Duration::from_millis(1);

/// The first `failures` requests meet this, the others are answered.
fn failing(error: ApiError, failures: u64) -> MockLlmLayer {
    MockLlmLayer::new()
        .watch_client()
        .rule(Rule::always().respond_with(error).times(failures))
        .rule(Rule::always().respond_with("ok"))
}

/// Sends the same request again after each of these waits.
async fn client(layer: &MockLlmLayer, text: &str, waits: &[u64]) {
    let mut mock = Mock::new(layer);
    mock.ask(Api::OpenAi, text).await;
    for wait in waits {
        sleep(*wait as u32 * MS).await;
        mock.ask(Api::OpenAi, text).await;
    }
}

fn problems(verdict: &Verdict) -> Vec<Problem> {
    verdict.findings().iter().map(|finding| finding.problem).collect()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_longer_each_time_is_well() {
    let layer = failing(ApiError::server(), 3);
    client(&layer, "x", &[480, 1130, 1820]).await;
    let verdict = layer.handle().verdict();
    verdict.assert_ok();
    assert_eq!((verdict.calls(), verdict.attempts()), (1, 4));
    assert_eq!(verdict.to_string(), "the client is well: 1 calls, 4 attempts");
}

#[tokio::test(start_paused = true)]
async fn back_off_too_fast() {
    let layer = failing(ApiError::overloaded(), 1);
    client(&layer, "x", &[20]).await;
    let verdict = layer.handle().verdict();
    let (waited, least) = (20 * MS, 100 * MS);
    assert_eq!(problems(&verdict), [Problem::BackOffTooFast { waited, least }]);
    assert!(verdict.to_string().contains("request 0 (POST /v1/chat/completions)"), "{verdict}");
    let lenient = Thresholds { least_wait: 10 * MS, ..Thresholds::default() };
    layer.handle().verdict_by(&lenient).assert_ok();
}

#[tokio::test(start_paused = true)]
async fn retry_after_ignored() {
    let asked = Duration::from_secs(2);
    let layer = failing(ApiError::rate_limit().retry_after(asked), 1);
    client(&layer, "x", &[1500]).await;
    let ignored = Problem::RetryAfterIgnored { waited: 1500 * MS, asked };
    assert_eq!(problems(&layer.handle().verdict()), [ignored]);
    let layer = failing(ApiError::rate_limit().retry_after(asked), 1);
    client(&layer, "x", &[2000]).await;
    layer.handle().verdict().assert_ok();
}

#[tokio::test(start_paused = true)]
async fn errors_that_stay_are_sent_again() {
    for (error, status) in [
        (ApiError::authentication(), 401),
        (ApiError::quota(), 429),
        (ApiError::context_length(), 400),
        (ApiError::server().status(http::StatusCode::NOT_FOUND), 404),
    ] {
        let layer = failing(error, 1);
        client(&layer, "x", &[500]).await;
        let again = Problem::FinalErrorRetried { status };
        assert_eq!(problems(&layer.handle().verdict()), [again]);
    }
}

#[tokio::test(start_paused = true)]
async fn giving_up_at_once() {
    let layer = failing(ApiError::overloaded(), 1);
    client(&layer, "x", &[]).await;
    let gave_up = Problem::GaveUpAtOnce { status: 503 };
    assert_eq!(problems(&layer.handle().verdict()), [gave_up]);
    // One that stays is given up rightly.
    let layer = failing(ApiError::permission(), 1);
    client(&layer, "x", &[]).await;
    layer.handle().verdict().assert_ok();
}

#[tokio::test(start_paused = true)]
async fn no_jitter_in_one_call_and_over_many() {
    for waits in [&[500, 500, 500][..], &[250, 500, 1000], &[200, 600, 1800]] {
        let layer = failing(ApiError::server(), 3);
        client(&layer, "x", waits).await;
        assert_eq!(problems(&layer.handle().verdict()), [Problem::NoJitter { waits: 3 }]);
    }
    let layer = failing(ApiError::server(), 3);
    let calls = ["a", "b", "c"].map(|text| client(&layer, text, &[500]));
    let [a, b, c] = calls;
    tokio::join!(a, b, c);
    assert_eq!(problems(&layer.handle().verdict()), [Problem::NoJitter { waits: 3 }]);
    // A wait that was asked for needs no chance of its own.
    let asked = ApiError::rate_limit().retry_after(500 * MS);
    let layer = failing(asked, 3);
    client(&layer, "x", &[500, 500, 500]).await;
    layer.handle().verdict().assert_ok();
}

#[tokio::test(start_paused = true)]
async fn a_storm() {
    let layer = failing(ApiError::rate_limit().retry_after(300 * MS), 8);
    let clients = (0..8).map(|n| {
        let layer = layer.clone();
        tokio::spawn(async move { client(&layer, &format!("call {n}"), &[300]).await })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    assert_eq!(problems(&layer.handle().verdict()), [Problem::Storm { calls: 8 }]);
}

#[tokio::test(start_paused = true)]
async fn no_read_timeout_on_a_stall() {
    let stalled = || Answer::from("one two three").fault(Fault::stall_after(2));
    for (answer, longest, is_slow) in [
        (stalled(), 90, true),
        (stalled(), 30, false),
        (NoAnswer::Hang.into(), 90, true),
        (NoAnswer::Hang.into(), 30, false),
    ] {
        let layer = MockLlmLayer::new()
            .watch_client()
            .rule(Rule::always().respond_with(answer).times(1))
            .rule(Rule::always().respond_with("ok"));
        let mut mock = Mock::new(&layer);
        let body = Api::OpenAi.body("x", true);
        let wait = Duration::from_secs(longest);
        timeout(wait, mock.send(Api::OpenAi, true, "k", body.clone())).await.unwrap_err();
        sleep(700 * MS).await;
        mock.send(Api::OpenAi, true, "k", body).await;
        let slow = [Problem::NoReadTimeout { waited: wait }];
        assert_eq!(problems(&layer.handle().verdict()), &slow[..usize::from(is_slow)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_still_waits() {
    let layer =
        MockLlmLayer::new().watch_client().rule(Rule::always().respond_with(NoAnswer::Hang));
    let mut mock = Mock::new(&layer);
    let body = Api::OpenAi.body("x", false);
    let waiting = tokio::spawn(async move { mock.ask(Api::OpenAi, "x").await });
    drop(body);
    sleep(Duration::from_secs(61)).await;
    let problems = problems(&layer.handle().verdict());
    assert_eq!(problems, [Problem::NoReadTimeout { waited: Duration::from_secs(61) }]);
    waiting.abort();
}

#[tokio::test(start_paused = true)]
async fn half_an_answer_taken_for_the_whole() {
    let cut = Answer::from("one two three four").fault(Fault::end_after(3));
    let layer = MockLlmLayer::new()
        .watch_client()
        .rule(Rule::always().respond_with(cut).times(1))
        .rule(Rule::always().respond_with("ok"));
    let mut mock = Mock::new(&layer);
    mock.send(Api::OpenAi, true, "k", Api::OpenAi.body("count", true)).await;
    // So far it may as well have been given up.
    assert_eq!(problems(&layer.handle().verdict()), [Problem::GaveUpAtOnce { status: 200 }]);
    let mut next = Api::OpenAi.body("count", true);
    let messages = next["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": "one two"}));
    messages.push(json!({"role": "user", "content": "go on"}));
    mock.send(Api::OpenAi, true, "k", next).await;
    assert_eq!(problems(&layer.handle().verdict()), [Problem::TruncationAccepted]);
}

#[tokio::test(start_paused = true)]
async fn half_an_answer_asked_for_again() {
    let cut = Answer::from("one two three four").fault(Fault::end_after(3));
    let layer = MockLlmLayer::new()
        .watch_client()
        .rule(Rule::always().respond_with(cut).times(1))
        .rule(Rule::always().respond_with("ok"));
    let mut mock = Mock::new(&layer);
    for _ in 0..2 {
        mock.send(Api::OpenAi, true, "k", Api::OpenAi.body("count", true)).await;
        sleep(700 * MS).await;
    }
    layer.handle().verdict().assert_ok();
}

#[tokio::test(start_paused = true)]
async fn the_result_of_a_tool_answered_twice() {
    let layer = MockLlmLayer::new().watch_client().rule(Rule::always().respond_with("ok"));
    let mut mock = Mock::new(&layer);
    for _ in 0..2 {
        mock.ask(Api::OpenAi, "the same question twice is no harm").await;
    }
    layer.handle().verdict().assert_ok();
    let mut body = Api::OpenAi.body("pay", false);
    let call =
        json!({"id": "c", "type": "function", "function": {"name": "pay", "arguments": "{}"}});
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": null, "tool_calls": [call]}));
    messages.push(json!({"role": "tool", "tool_call_id": "c", "content": "paid"}));
    for _ in 0..2 {
        assert_eq!(mock.send(Api::OpenAi, false, "k", body.clone()).await.status, 200);
    }
    assert_eq!(problems(&layer.handle().verdict()), [Problem::DuplicateSideEffect { answers: 2 }]);
}

#[tokio::test]
#[should_panic = "a verdict needs `MockLlmLayer::watch_client`"]
async fn nothing_is_known_of_a_client_that_was_not_watched() {
    let layer = MockLlmLayer::new();
    Mock::new(&layer).ask(Api::OpenAi, "x").await;
    layer.handle().verdict();
}

#[test]
fn attempts_are_kept_without_a_runtime() {
    let layer = MockLlmLayer::new().watch_client();
    let mut mock = Mock::new(&layer);
    futures::executor::block_on(mock.ask(Api::OpenAi, "x"));
    layer.handle().verdict().assert_ok();
}
