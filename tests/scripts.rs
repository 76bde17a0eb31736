//! Sequences, scripts, named states, strict mode and rules that never answer, through the layer.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::respond::{CallToolsOnce, STARTED};
use tower_mock_llm::{
    ApiError, Match, MockLlmLayer, Reply, Rule, Script, last_user, model, tool_result,
    tool_result_of,
};

async fn send(layer: &MockLlmLayer, body: Value) -> (StatusCode, Value) {
    let request = Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer sk-1")
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let response = layer.clone().into_service().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

fn ask(messages: Value) -> Value {
    json!({"model": "gpt-4o", "messages": messages})
}

async fn say(layer: &MockLlmLayer, text: &str) -> String {
    let (status, body) = send(layer, ask(json!([{"role": "user", "content": text}]))).await;
    match body["choices"][0]["message"]["content"].as_str() {
        Some(text) => text.to_owned(),
        None => status.as_u16().to_string(),
    }
}

async fn say_often(layer: &MockLlmLayer, times: usize) -> Vec<String> {
    let mut said = Vec::new();
    for _ in 0..times {
        said.push(say(layer, "x").await);
    }
    said
}

fn tail() -> Rule {
    Rule::always().respond_with("tail")
}

#[tokio::test]
async fn fail_twice_then_succeed_is_one_line() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().first(ApiError::overloaded()).times(2).then_repeat("ok").expect_all());
    assert!(layer.handle().check().unwrap_err().to_string().contains("answered 0 of 3 answers"));
    assert_eq!(say_often(&layer, 4).await, ["503", "503", "ok", "ok"]);
    layer.handle().verify();
}

#[tokio::test]
async fn after_the_last_answer_the_next_rule_goes_on() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().first("a").then("b").times(2).then("c").named("abc").expect_all())
        .rule(tail());
    assert_eq!(say(&layer, "x").await, "a");
    let report = layer.handle().check().unwrap_err().to_string();
    assert!(report.starts_with("rule `abc`: answered 1 of 4 answers\n"), "{report}");
    assert_eq!(say_often(&layer, 4).await, ["b", "b", "c", "tail"]);
    layer.handle().verify();
}

#[test]
#[should_panic(expected = "nothing comes after an answer that is given for ever")]
fn nothing_comes_after_for_ever() {
    let _ = Rule::always().respond_with("a").then("b");
}

fn tool_call(id: &str, tool: &str) -> Value {
    json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": id, "type": "function", "function": {"name": tool, "arguments": "{}"}}]})
}

fn tool_answer(id: &str, text: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": text})
}

fn content(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_script_reads_its_turn_from_the_conversation() {
    let script = Script::new()
        .turn(Reply::empty().tool_call("search", json!({"query": "cats"})))
        .turn_if(tool_result_of("search").contains("error"), "It broke.")
        .turn_if(tool_result().contains("none"), "There are none.")
        .turn("Found.")
        .turn("You are welcome.");
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_with(script).named("agent").expect_all())
        .rule(tail());
    let user = || json!({"role": "user", "content": "go"});
    let call = || tool_call("c1", "search");
    let said = |text: &'static str| json!({"role": "assistant", "content": text});
    let turn_2 = |result: &str| ask(json!([user(), call(), tool_answer("c1", result)]));

    // In any order: nothing is remembered.
    assert_eq!(content(&send(&layer, turn_2("error 5")).await.1), "It broke.");
    let (_, first) = send(&layer, ask(json!([user()]))).await;
    assert_eq!(first["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "search");
    assert_eq!(content(&send(&layer, turn_2("3 cats")).await.1), "Found.");
    let report = layer.handle().check().unwrap_err().to_string();
    let unsaid = "rule `agent`: never said: turn 2, if a tool result contains \"none\"; turn 3\n";
    assert!(report.starts_with(unsaid), "{report}");
    assert_eq!(content(&send(&layer, turn_2("none")).await.1), "There are none.");
    let third = json!([user(), call(), tool_answer("c1", "x"), said("Found."), user()]);
    assert_eq!(content(&send(&layer, ask(third)).await.1), "You are welcome.");
    layer.handle().verify();
    let fourth = json!([user(), said("a"), user(), said("b"), user(), said("c"), user()]);
    assert_eq!(content(&send(&layer, ask(fourth)).await.1), "tail");
}

#[tokio::test]
async fn a_script_by_call_order_and_one_that_goes_on() {
    let script = Script::new().turn("one").turn_if(last_user().equals("y"), "two").by_call_order();
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with(script)).rule(tail());
    assert_eq!(say_often(&layer, 2).await, ["one", "tail"]);
    assert_eq!(say(&layer, "y").await, "two");
    assert_eq!(say(&layer, "y").await, "tail");
    let script = Script::new().turn("one").then_repeat("more").by_call_order();
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with(script));
    assert_eq!(say_often(&layer, 3).await, ["one", "more", "more"]);
}

#[tokio::test]
async fn an_agents_loop_always_ends() {
    let schema = json!({"type": "object", "properties": {"days": {"type": "integer"}},
        "required": ["days"]});
    let tool =
        |name: &str| json!({"type": "function", "function": {"name": name, "parameters": schema}});
    for (parallel, turns) in [(true, 2), (false, 3)] {
        let layer = MockLlmLayer::new().rule(Rule::always().respond_with(CallToolsOnce::new()));
        let mut messages = vec![json!({"role": "user", "content": "go"})];
        let mut called = Vec::new();
        let mut taken = 0;
        // The choice demands a tool each time, and it ends all the same.
        while taken < 10 {
            taken += 1;
            let (_, answer) = send(
                &layer,
                json!({
                    "model": "gpt-4o", "messages": messages, "parallel_tool_calls": parallel,
                    "tools": [tool("search"), tool("fetch")], "tool_choice": "required",
                }),
            )
            .await;
            let message = &answer["choices"][0]["message"];
            messages.push(message.clone());
            let Some(calls) = message["tool_calls"].as_array() else {
                assert!(!content(&answer).is_empty());
                break;
            };
            for call in calls {
                let arguments = call["function"]["arguments"].as_str().unwrap();
                let arguments: Value = serde_json::from_str(arguments).unwrap();
                assert!(arguments["days"].is_i64(), "{arguments}");
                called.push(call["function"]["name"].as_str().unwrap().to_owned());
                messages.push(tool_answer(call["id"].as_str().unwrap(), "done"));
            }
        }
        assert_eq!((called, taken), (vec!["search".to_owned(), "fetch".to_owned()], turns));
    }
    let layer =
        MockLlmLayer::new().rule(Rule::always().respond_with(CallToolsOnce::new())).rule(tail());
    assert_eq!(say(&layer, "no tools").await, "tail");
}

#[tokio::test]
async fn strict_mode_names_the_nearest_rule_and_what_failed() {
    let layer = MockLlmLayer::new()
        .rule(Rule::when(model("o1").and(last_user().equals("b"))).respond_with("x"))
        .rule(
            Rule::when(model("gpt-*").and(last_user().contains("refactor")))
                .respond_with("x")
                .named("refactor"),
        )
        .default_reply(|_: &tower_mock_llm::LlmRequest| "never")
        .strict();
    let (status, body) = send(&layer, ask(json!([{"role": "user", "content": "hello"}]))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let why = "no rule answers this request (openai gpt-4o)\n  \
        nearest: rule `refactor`, when the model matches \"gpt-*\" and the last user message \
        contains \"refactor\"\n    \
        failed: the last user message contains \"refactor\", but it is \"hello\"";
    let message = body["error"]["message"].as_str().unwrap();
    assert_eq!(message, format!("tower-mock-llm, in strict mode: {why}"));
    assert_eq!(layer.handle().check().unwrap_err().to_string(), format!("{why}\n"));
    layer.handle().reset();
    layer.handle().verify();
    let (_, body) = send(&layer, ask(json!([{"role": "user", "content": "hello"}]))).await;
    assert!(body["error"]["message"].as_str().unwrap().ends_with("there are no rules at all"));
}

#[tokio::test]
async fn strict_mode_speaks_in_each_vendors_envelope() {
    let post = async |status: u16, url: &str, body: Value| {
        let layer = MockLlmLayer::new().strict_with(StatusCode::from_u16(status).unwrap());
        let request = Request::post(url)
            .header("x-api-key", "k")
            .header("x-goog-api-key", "k")
            .header("anthropic-version", "2023-06-01")
            .body(Full::new(Bytes::from(body.to_string())))
            .unwrap();
        let response = layer.into_service().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice::<Value>(&body).unwrap()
    };
    let why = |model: &str| {
        format!(
            "tower-mock-llm, in strict mode: no rule answers this request ({model}); there are no \
             rules at all"
        )
    };
    let body = json!({"model": "claude-sonnet-4-5", "max_tokens": 9, "stream": true,
        "messages": [{"role": "user", "content": "hi"}]});
    let answer = post(400, "https://api.anthropic.com/v1/messages", body).await;
    assert_eq!(answer["error"]["type"], "invalid_request_error");
    assert_eq!(answer["error"]["message"], why("anthropic claude-sonnet-4-5"));
    let url = "https://generativelanguage.googleapis.com/v1beta/models/gemini-x:generateContent";
    let body = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    let answer = post(400, url, body.clone()).await;
    assert_eq!(answer["error"]["status"], "INVALID_ARGUMENT");
    assert_eq!(answer["error"]["message"], why("gemini gemini-x"));
    assert_eq!(post(422, url, body).await["error"]["code"], 422);
}

#[test]
fn calls_at_once_share_a_sequence() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().first("a").times(3).then("b").times(2).then_repeat("c"));
    let call = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(say(&layer, "x"))
    };
    let mut said: Vec<String> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    said.sort();
    assert_eq!(said, ["a", "a", "a", "b", "b", "c", "c", "c"]);
}

#[tokio::test]
async fn strict_mode_says_when_a_rule_is_spent_or_passed() {
    let layer =
        MockLlmLayer::new().rule(Rule::always().first("once")).strict_with(StatusCode::NOT_FOUND);
    assert_eq!(say_often(&layer, 2).await, ["once", "404"]);
    let report = layer.handle().check().unwrap_err().to_string();
    assert!(report.contains("it matches, but has given all its answers (1)"), "{report}");
    let layer = MockLlmLayer::new().rule(Rule::always().respond_fn(|_| None::<Reply>)).strict();
    assert_eq!(say(&layer, "x").await, "400");
    let report = layer.handle().check().unwrap_err().to_string();
    assert!(report.contains("it matches, but left the request to the next rule"), "{report}");
}

#[test]
fn rules_that_never_answer_are_reported() {
    let report = |layer: MockLlmLayer| layer.handle().check().map_err(|error| error.to_string());
    let on = |text: &str| Rule::when(last_user().contains(text));
    let hidden = MockLlmLayer::new()
        .rule(on("a").respond_with("1").named("first"))
        .rule(on("b").respond_with("2"))
        .rule(on("a").respond_with("3").named("again"))
        .rule(Rule::always().respond_with("4"))
        .rule(on("c").respond_with("5"));
    assert_eq!(
        report(hidden).unwrap_err(),
        "rule `again` never answers: rule `first` before it answers all that it would\n\
         rule #5 never answers: rule #4 before it answers all that it would\n"
    );
    let none = MockLlmLayer::new()
        .rule(on("a").respond_with("1").times(1))
        .rule(on("a").respond_fn(|_| None::<Reply>))
        .rule(Rule::when_fn(|_| true).respond_with("2"))
        .rule(Rule::when_fn(|_| false).respond_with("3"))
        .rule(on("a").respond_with("4"))
        .rule(on("a").respond_with("5").expect(0));
    report(none).unwrap();
}

#[test]
fn hidden_rules_are_known_when_mounted() {
    let on = |text: &str| Rule::when(last_user().contains(text)).respond_with("x");
    let handle = MockLlmLayer::new().rule(on("a")).handle();
    handle.mount(on("b"));
    assert_eq!(handle.hidden(), []);
    let again = handle.mount(on("a").named("again"));
    let words = "rule `again` never answers: rule #1 before it answers all that it would";
    assert_eq!(handle.hidden().iter().map(ToString::to_string).collect::<Vec<_>>(), [words]);
    assert!(handle.unmount(again));
    assert_eq!(handle.hidden(), []);
    let all = handle.mount(Rule::always().respond_with("x"));
    handle.mount(on("c"));
    assert_eq!(handle.hidden().len(), 1);
    assert!(handle.unmount(all));
    handle.verify();
}

#[test]
#[should_panic(expected = "rule #2 never answers: rule `all` before it answers all that it would")]
fn strict_mode_mounts_no_rule_that_never_answers() {
    let _ = MockLlmLayer::new()
        .strict()
        .rule(Rule::always().respond_with("x").named("all"))
        .rule(Rule::when(last_user().contains("a")).respond_with("x"));
}

#[test]
#[should_panic(expected = "rule #2 never answers: rule #1 before it")]
fn strict_mode_looks_at_the_rules_before_it() {
    let _ = MockLlmLayer::new().rule(tail()).rule(tail()).strict();
}

#[test]
fn strict_mode_leaves_what_it_refused_unmounted() {
    let handle = MockLlmLayer::new().rule(tail()).strict().handle();
    let mount = || handle.mount(tail());
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(mount)).is_err());
    assert_eq!(handle.hidden(), []);
    handle.mount(tail().expect(0));
    handle.verify();
}

#[tokio::test]
async fn a_scenario_moves_from_state_to_state() {
    let layer = MockLlmLayer::new()
        .rule(
            Rule::when(last_user().contains("pay"))
                .in_state("order", "filled")
                .respond_with("paid")
                .then_state("order", "paid")
                .named("pay")
                .expect(1),
        )
        .rule(
            Rule::when(last_user().contains("add"))
                .in_state("order", STARTED)
                .respond_with("added")
                .then_state("order", "filled"),
        )
        .rule(Rule::when(last_user().contains("add")).respond_with("too late"))
        .strict();
    let handle = layer.handle();
    assert_eq!(say(&layer, "pay").await, "400");
    let report = handle.check().unwrap_err().to_string();
    let why = "failed: scenario \"order\" is in state \"filled\", but it is in \"started\"";
    assert!(report.contains(&format!("nearest: rule `pay`, when the last user message contains \"pay\" while scenario \"order\" is in state \"filled\"\n    {why}")), "{report}");
    assert!(report.starts_with("rule `pay`: expected 1 request, answered 0\n"), "{report}");
    assert!(report.contains(&why.replace("failed", "now")), "{report}");
    assert_eq!(say(&layer, "add").await, "added");
    assert_eq!((handle.state("order"), handle.state("other")), ("filled".into(), STARTED.into()));
    assert_eq!(say(&layer, "add").await, "too late");
    assert_eq!(say(&layer, "pay").await, "paid");
    assert_eq!(handle.state("order"), "paid");
    handle.set_state("order", "filled");
    assert_eq!(say(&layer, "pay").await, "paid");
    handle.reset();
    assert_eq!(handle.state("order"), STARTED);
}

#[tokio::test]
async fn a_rule_that_passes_moves_nothing() {
    let passing = Rule::always()
        .in_state("a", STARTED)
        .respond_fn(|r| r.last_user().contains("yes").then(|| Reply::text("moved")))
        .then_state("a", "b")
        .then_state("c", "d");
    let spent = Rule::always().first("once").then_state("c", "e");
    let layer = MockLlmLayer::new().rule(passing).rule(spent).rule(tail());
    assert_eq!(say_often(&layer, 2).await, ["once", "tail"]);
    let states = || (layer.handle().state("a"), layer.handle().state("c"));
    assert_eq!(states(), (STARTED.into(), "e".into()));
    layer.handle().set_state("c", "x");
    assert_eq!(say(&layer, "no").await, "tail");
    assert_eq!(states(), (STARTED.into(), "x".into()));
    assert_eq!(say(&layer, "yes").await, "moved");
    assert_eq!(states(), ("b".into(), "d".into()));
}

#[test]
fn of_calls_at_once_only_one_moves_a_scenario() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().in_state("s", STARTED).respond_with("first").then_state("s", "on"))
        .rule(tail());
    let call = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(say(&layer, "x"))
    };
    let said: Vec<String> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(said.iter().filter(|text| *text == "first").count(), 1);
}
