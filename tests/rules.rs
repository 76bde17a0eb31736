//! Rules, the handle and the journal.

#![expect(clippy::disallowed_methods, reason = "tests look at the clock")]

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tower::ServiceExt;
use tower_mock_llm::respond::CallToolsOnce;
use tower_mock_llm::{
    Answer, ApiError, Citation, Fault, LlmRequest, Match, MockLlmLayer, Pace, Part, Provider,
    Reply, Respond, Rule, Script, any_message, api_key, header, last_user, model, provider,
    streaming, system, tool_offered, tool_result, turn,
};

async fn send(layer: &MockLlmLayer, body: serde_json::Value) -> (StatusCode, String) {
    let request = Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer sk-secret-1234567890")
        .header("x-test", "yes")
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let response = layer.clone().into_service().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = json["choices"][0]["message"]["content"].as_str();
    (status, text.map_or_else(|| String::from_utf8_lossy(&body).into_owned(), str::to_owned))
}

async fn say(layer: &MockLlmLayer, text: &str) -> String {
    let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]});
    send(layer, body).await.1
}

fn rule(text: &str, says: &str) -> Rule {
    Rule::when(last_user().contains(text)).respond_with(says)
}

#[tokio::test]
async fn the_first_rule_that_matches_answers() {
    let layer = MockLlmLayer::new()
        .rule(rule("a", "first"))
        .rule(rule("b", "second"))
        .rule(rule("a", "never"));
    assert_eq!(say(&layer, "a").await, "first");
    assert_eq!(say(&layer, "b").await, "second");
    assert_eq!(say(&layer, "ab").await, "first");
    assert!(say(&layer, "c").await.contains("mock"));
}

#[tokio::test]
async fn times_limits_and_then_the_next_rule_answers() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_with(ApiError::rate_limit()).times(2))
        .rule(Rule::always().respond_with("at last"));
    let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]});
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(send(&layer, body.clone()).await.0.as_u16());
    }
    assert_eq!(statuses, [429, 429, 200, 200]);
}

#[tokio::test]
async fn closures_may_answer_refuse_or_pass() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_fn(|request| {
            request.last_user().contains("one").then(|| Reply::text("one")) // an option
        }))
        .rule(Rule::always().respond_fn(|request| {
            let refused = ApiError::invalid_request(request.last_user().into_owned());
            Err::<Reply, _>(refused) // a result
        }));
    assert_eq!(say(&layer, "one").await, "one");
    assert!(say(&layer, "two").await.contains("\"message\": \"two\""));
}

#[tokio::test]
async fn every_condition_matches_what_it_names() {
    let body = json!({
        "model": "gpt-4o-mini", "stream": false,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Find it"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "42 results"},
        ],
        "tools": [{"type": "function", "function": {"name": "search"}}],
    });
    let conditions: Vec<(bool, Box<dyn Fn() -> Rule>)> = vec![
        (true, Box::new(|| Rule::when(model("gpt-*")).respond_with("hit"))),
        (false, Box::new(|| Rule::when(model("gpt-4o")).respond_with("hit"))),
        (true, Box::new(|| Rule::when(last_user().equals("Find it")).respond_with("hit"))),
        (true, Box::new(|| Rule::when(system().starts_with("Be")).respond_with("hit"))),
        (true, Box::new(|| Rule::when(any_message().contains("brief")).respond_with("hit"))),
        (true, Box::new(|| Rule::when(tool_result().glob("?? results")).respond_with("hit"))),
        (true, Box::new(|| Rule::when(tool_offered("search")).respond_with("hit"))),
        (false, Box::new(|| Rule::when(tool_offered("other")).respond_with("hit"))),
        (true, Box::new(|| Rule::when(turn(2)).respond_with("hit"))),
        (false, Box::new(|| Rule::when(streaming()).respond_with("hit"))),
        (true, Box::new(|| Rule::when(streaming().not().and(turn(2))).respond_with("hit"))),
        (true, Box::new(|| Rule::when(streaming().or(turn(2))).respond_with("hit"))),
        (true, Box::new(|| Rule::when(provider(Provider::OPENAI)).respond_with("hit"))),
        (false, Box::new(|| Rule::when(provider(Provider::GEMINI)).respond_with("hit"))),
        (true, Box::new(|| Rule::when(api_key().starts_with("sk-secret")).respond_with("hit"))),
        (true, Box::new(|| Rule::when(header("X-Test").equals("yes")).respond_with("hit"))),
        (false, Box::new(|| Rule::when(header("x-other").exists()).respond_with("hit"))),
        (true, Box::new(|| Rule::when_fn(|r| r.tools.len() == 1).respond_with("hit"))),
    ];
    for (index, (holds, rule)) in conditions.into_iter().enumerate() {
        let layer = MockLlmLayer::new().rule(rule());
        let (_, text) = send(&layer, body.clone()).await;
        assert_eq!(text == "hit", holds, "condition {index}: {:?}", rule());
    }
}

#[tokio::test]
async fn verify_names_the_nearest_miss_and_what_failed_on_it() {
    let layer = MockLlmLayer::new().rule(
        Rule::when(model("gpt-*").and(last_user().contains("refactor")))
            .respond_with("ok")
            .named("refactor")
            .expect(1),
    );
    say(&layer, "hello there").await;
    let message = layer.handle().check().unwrap_err();
    assert!(message.is_unmet());
    assert_eq!(
        message.to_string(),
        "rule `refactor`: expected 1 request, answered 0\n  \
         when the model matches \"gpt-*\" and the last user message contains \"refactor\"\n  \
         nearest: request 1 (openai gpt-4o)\n    \
         failed: the last user message contains \"refactor\", but it is \"hello there\"\n"
    );
    say(&layer, "please refactor").await;
    layer.handle().verify();
    say(&layer, "refactor again").await;
    assert!(layer.handle().check().unwrap_err().to_string().contains("answered 2"));
}

#[test]
#[should_panic(expected = "no request was received at all")]
fn verify_panics_with_the_message() {
    let layer = MockLlmLayer::new().rule(rule("x", "y").expect(1..));
    layer.handle().verify();
}

#[tokio::test]
async fn keys_are_not_shown_in_messages() {
    let layer = MockLlmLayer::new()
        .rule(Rule::when(api_key().equals("sk-other")).respond_with("x").expect(1))
        .rule(Rule::when(header("authorization").equals("Bearer x")).respond_with("x").expect(1));
    say(&layer, "x").await;
    let message = layer.handle().check().unwrap_err().to_string();
    assert!(message.contains("sk-s…") && !message.contains("1234567890"), "{message}");
    let received = format!("{:?}", layer.handle().received());
    assert!(!received.contains("sk-secret-1234567890"), "{received}");
    let request = format!("{:?}", layer.handle().received()[0].request());
    assert!(!request.contains("sk-secret-1234567890"), "{request}");
}

#[tokio::test]
async fn rules_come_and_go_while_it_runs() {
    let layer = MockLlmLayer::new();
    let handle = layer.handle();
    let id = handle.mount(rule("x", "mounted"));
    assert_eq!(say(&layer, "x").await, "mounted");
    assert!(handle.unmount(id) && !handle.unmount(id));
    assert!(say(&layer, "x").await.contains("mock"));
    handle.mount(rule("x", "again"));
    handle.reset();
    assert!(handle.received().is_empty());
    assert!(say(&layer, "x").await.contains("mock"));
}

#[tokio::test]
async fn a_rule_may_mount_rules() {
    let layer = MockLlmLayer::new();
    let handle = layer.handle();
    let inner = handle.clone();
    handle.mount(
        Rule::always()
            .respond_fn(move |_| {
                inner.mount(Rule::always().respond_with("second"));
                "first"
            })
            .times(1),
    );
    assert_eq!(say(&layer, "x").await, "first");
    assert_eq!(say(&layer, "x").await, "second");
}

#[tokio::test]
async fn what_was_received_is_shown_typed() {
    let layer = MockLlmLayer::new().rule(rule("x", "y").named("mine"));
    say(&layer, "x marks").await;
    send(&layer, json!({"model": "gpt-4o"})).await;
    let received = layer.handle().received();
    assert_eq!(received.len(), 2);
    let request: &LlmRequest = received[0].request().unwrap();
    assert_eq!((request.model.as_str(), request.last_user().as_ref()), ("gpt-4o", "x marks"));
    assert_eq!(request.head.headers["x-test"], "yes");
    assert_eq!((received[0].rule.as_deref(), received[0].status), (Some("`mine`"), StatusCode::OK));
    assert!(received[1].request().is_none());
    assert_eq!(received[1].status, StatusCode::BAD_REQUEST);
    assert_eq!(received[1].body, r#"{"model":"gpt-4o"}"#);
}

#[tokio::test]
async fn the_journal_forgets_the_oldest() {
    let layer = MockLlmLayer::new().journal(2, 1_000_000);
    for text in ["a", "b", "c"] {
        say(&layer, text).await;
    }
    let texts: Vec<_> = layer
        .handle()
        .received()
        .iter()
        .map(|received| received.request().unwrap().last_user().into_owned())
        .collect();
    assert_eq!(texts, ["b", "c"]);
    let by_size = MockLlmLayer::new().journal(100, 140);
    for _ in 0..10 {
        say(&by_size, "x").await;
    }
    assert_eq!(by_size.handle().received().len(), 2);
    let off = MockLlmLayer::new().journal(0, 0);
    say(&off, "x").await;
    assert!(off.handle().received().is_empty());
}

struct Counting;

impl Respond for Counting {
    fn respond(&self, request: &LlmRequest) -> Option<Answer> {
        (request.turn() > 1).then(|| "later".into())
    }
}

#[tokio::test]
async fn a_type_of_ones_own_may_answer_or_leave_it() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_with(Counting).expect(0))
        .rule(Rule::always().respond_with(Arc::new(Reply::text("now"))).expect(1));
    assert_eq!(say(&layer, "x").await, "now");
    layer.handle().verify();
}

#[tokio::test]
async fn a_broken_off_body_fails_after_its_frames() {
    let answer = Answer::from("one two three four").fault(Fault::abort_after(3));
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with(answer));
    let body =
        json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "x"}]});
    let request = Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer x")
        .body(Full::<Bytes>::from(body.to_string()))
        .unwrap();
    let mut body = layer.into_service().oneshot(request).await.unwrap().into_body();
    let mut frames = 0;
    let error = loop {
        match body.frame().await {
            Some(Ok(_)) => frames += 1,
            Some(Err(error)) => break error,
            None => panic!("the body must fail"),
        }
    };
    assert_eq!(frames, 3);
    assert!(error.to_string().contains("a fault was asked for"));
}

#[tokio::test(start_paused = true)]
async fn a_paced_stream_takes_its_time_on_tokios_clock() {
    use std::time::Duration;
    use tower_mock_llm::Pace;
    let pace = Pace::new(Duration::from_secs(30), Duration::from_millis(20));
    let layer = MockLlmLayer::new().pace(pace).rule(Rule::always().respond_with("a b c"));
    let body =
        json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "x"}]});
    let start = tokio::time::Instant::now();
    send(&layer, body).await;
    // Three words: two gaps. The role comes with the first, the finish and the end with the last.
    assert_eq!(start.elapsed(), Duration::from_millis(30_000 + 2 * 20));
    let start = tokio::time::Instant::now();
    say(&layer, "x").await;
    assert_eq!(start.elapsed(), Duration::from_millis(30_000 + 2 * 20));
}

/// The message of a panic.
fn panics(run: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).expect_err("a panic");
    *panic.downcast::<String>().expect("a message")
}

#[test]
fn what_no_provider_has_words_for_is_refused_when_mounted() {
    let picture = || Reply::empty().image("image/png", &b"\x89PNG"[..]);
    let citing = |text| Reply::empty().cited_text(text, [Citation::web("https://a.example", "A")]);
    for (rule, whole) in [
        (
            Rule::when(provider(Provider::ANTHROPIC)).respond_with(picture()),
            "no provider can say what rule #1 says, when the provider is \"anthropic\"\n  \
             anthropic cannot say an image: ",
        ),
        (
            Rule::when(provider(Provider::OPENAI).or(provider(Provider::ANTHROPIC)))
                .first("words")
                .then(Answer::from(picture()).pace(Pace::INSTANT))
                .named("show"),
            "no provider can say what rule `show` says, when (the provider is \"openai\" or \
             the provider is \"anthropic\")\n  openai cannot say an image: ",
        ),
        (
            Rule::always().respond_with(
                Script::new()
                    .turn("hm")
                    .turn(picture().part(Part::RedactedReasoning("x".to_owned()))),
            ),
            "no provider can say what rule #1 says\n  openai cannot say an image: ",
        ),
        (
            Rule::when(provider(Provider::ANTHROPIC))
                .respond_with(CallToolsOnce::new().then(picture())),
            "no provider can say what rule #1 says, when the provider is \"anthropic\"\n  \
             anthropic cannot say an image: ",
        ),
    ] {
        let message = panics(move || drop(MockLlmLayer::new().rule(rule)));
        assert!(message.starts_with(whole), "{message}");
    }
    // One provider at least has words for each of these.
    let _ = MockLlmLayer::new()
        .rule(Rule::when(provider(Provider::GEMINI)).respond_with(picture()))
        .rule(Rule::when(model("picture-*")).respond_with(picture()))
        .rule(Rule::when(provider(Provider::ANTHROPIC)).respond_with(citing("x")));
}
