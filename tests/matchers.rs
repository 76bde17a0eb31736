//! Conditions, through the layer: each holds where it should, and says why where it does not.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::provider::Operation;
use tower_mock_llm::request::ToolChoice;
use tower_mock_llm::respond::{
    any_message_of, audio, file, image, json, last_user, max_tokens, message, messages, metadata,
    model_name, n, operation, query, response_schema, seed, temperature, tool_choice,
    tool_result_for, tool_schema, top_p, turn_number, wants_json,
};
use tower_mock_llm::{
    Match, MockLlmLayer, Role, Rule, first_user, last_assistant, tool_result_of, turn,
};

const OPENAI: &str = "https://api.openai.com/v1/chat/completions?tag=a%20b";
const ANTHROPIC: &str = "https://api.anthropic.com/v1/messages";
const GEMINI: &str =
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent";

async fn send(layer: MockLlmLayer, url: &str, body: &Value) -> String {
    let request = Request::post(url)
        .header("authorization", "Bearer sk-1")
        .header("x-api-key", "sk-1")
        .header("x-goog-api-key", "sk-1")
        .header("anthropic-version", "2023-06-01")
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let response = layer.into_service().oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8_lossy(&body).into_owned()
}

/// The request is answered by a rule with this condition.
async fn holds(url: &str, body: &Value, condition: impl Match) {
    let words = condition.describe();
    let layer = MockLlmLayer::new().rule(Rule::when(condition).respond_with("hit!")).strict();
    let answer = send(layer, url, body).await;
    assert!(answer.contains("hit!"), "{words}: {answer}");
}

/// The request is refused, and these words say why.
async fn fails(url: &str, body: &Value, condition: impl Match, why: &str) {
    let words = condition.describe();
    let layer = MockLlmLayer::new().rule(Rule::when(condition).respond_with("hit!")).strict();
    let handle = layer.handle();
    let answer = send(layer, url, body).await;
    assert!(!answer.contains("hit!"), "{words}: {answer}");
    let report = handle.check().unwrap_err().to_string();
    assert!(report.contains(&format!("failed: {why}\n")), "{words}: {report}");
}

fn conversation() -> Value {
    json!({
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "Look at THIS"},
                {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"file_id": "f1"}},
            ]},
            {"role": "assistant", "content": "A cat.", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}},
                {"id": "c2", "type": "function", "function": {"name": "fetch", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "42 results"},
            {"role": "tool", "tool_call_id": "c2", "content": "error: gone"},
            {"role": "user", "content": "And now?"},
        ],
        "tools": [{"type": "function", "function": {"name": "search", "parameters":
            {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}}}],
        "tool_choice": "required",
        "response_format": {"type": "json_schema", "json_schema":
            {"name": "x", "schema": {"type": "object", "properties": {"a": {"type": "number"}}}}},
        "metadata": {"user": "u-17"},
        "temperature": 0.2, "top_p": 0.9, "max_tokens": 100, "seed": 7, "n": 2,
    })
}

#[tokio::test]
async fn messages_by_role_and_place() {
    let body = conversation();
    holds(OPENAI, &body, first_user().contains("Look")).await;
    holds(OPENAI, &body, last_user().ends_with("now?")).await;
    holds(OPENAI, &body, last_assistant().equals("A cat.")).await;
    holds(OPENAI, &body, message(Role::User, 1).starts_with("And")).await;
    holds(OPENAI, &body, message(Role::User, 2).exists().not()).await;
    holds(OPENAI, &body, any_message_of(Role::User).contains("THIS")).await;
    holds(OPENAI, &body, first_user().contains_ignoring_case("at this")).await;
    let why = r#"the user message 2 (from 0) is there, but there is none"#;
    fails(OPENAI, &body, message(Role::User, 2).exists(), why).await;
    let why = r#"any assistant message contains "x", but 1 messages were"#;
    fails(OPENAI, &body, any_message_of(Role::Assistant).contains("x"), why).await;
    let why = r#"the last user message contains "then" in any case, but it is "And now?""#;
    fails(OPENAI, &body, last_user().contains_ignoring_case("Then"), why).await;
}

#[tokio::test]
async fn models_operations_and_counts() {
    let body = conversation();
    holds(OPENAI, &body, model_name().equals("gpt-4o-mini")).await;
    holds(OPENAI, &body, operation(Operation::Chat)).await;
    holds(OPENAI, &body, turn(2).and(turn_number().between(2..=3))).await;
    holds(OPENAI, &body, messages().at_least(6)).await;
    fails(OPENAI, &body, turn(1), "the turn is 1, but it is 2").await;
    let why = r#"the model is "gpt-4o", but it is "gpt-4o-mini""#;
    fails(OPENAI, &body, model_name().equals("gpt-4o"), why).await;
}

#[tokio::test]
async fn results_by_tool_and_call() {
    let body = conversation();
    holds(OPENAI, &body, tool_result_of("search").equals("42 results")).await;
    holds(OPENAI, &body, tool_result_of("fetch").starts_with("error")).await;
    holds(OPENAI, &body, tool_result_for("c1").exists()).await;
    let why = r#"a result of tool "search" contains "error", but there are ["search: 42 results", "fetch: error: gone"]"#;
    fails(OPENAI, &body, tool_result_of("search").contains("error"), why).await;
    let gemini = json!({"contents": [
        {"role": "user", "parts": [{"text": "hi"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "search", "args": {}}}]},
        {"role": "user", "parts": [{"functionResponse":
            {"name": "search", "response": {"found": "42"}}}]},
    ]});
    holds(GEMINI, &gemini, tool_result_of("search").contains("42")).await;
    let anthropic = json!({"model": "claude-sonnet-4-5", "max_tokens": 9,
        "metadata": {"user_id": "u-9"},
        "messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "toolu_1", "name": "search", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "42"}]},
    ]});
    holds(ANTHROPIC, &anthropic, tool_result_of("search").equals("42")).await;
    holds(ANTHROPIC, &anthropic, metadata("user_id").equals("u-9").and(max_tokens().equals(9)))
        .await;
}

#[tokio::test]
async fn tools_and_the_answers_form() {
    let body = conversation();
    holds(OPENAI, &body, tool_schema("search").at("/properties/query/type").equals("string")).await;
    holds(OPENAI, &body, tool_schema("search").satisfies(|s| s["required"][0] == "query")).await;
    holds(OPENAI, &body, tool_choice(ToolChoice::Required)).await;
    holds(OPENAI, &body, wants_json().and(response_schema().at("/properties/a").exists())).await;
    let why = r#"the schema of tool "other" is there, but there is none"#;
    fails(OPENAI, &body, tool_schema("other").exists(), why).await;
    let why = "`tool_choice` is None, but it is Required";
    fails(OPENAI, &body, tool_choice(ToolChoice::None), why).await;
    let plain = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]});
    fails(OPENAI, &plain, wants_json(), "the answer must be JSON, but it may be text").await;
}

#[tokio::test]
async fn sampling_by_range() {
    let body = conversation();
    holds(OPENAI, &body, temperature().at_most(0.2).and(top_p().between(0.5..=0.9))).await;
    holds(OPENAI, &body, max_tokens().at_least(100).and(seed().equals(7)).and(n().exists())).await;
    let why = "the temperature is at least 0.5, but it is 0.2";
    fails(OPENAI, &body, temperature().at_least(0.5), why).await;
    let plain = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]});
    holds(OPENAI, &plain, temperature().missing()).await;
    fails(OPENAI, &plain, seed().equals(7), "`seed` is 7, but there is none").await;
    let gemini = json!({"contents": [{"parts": [{"text": "hi"}]}],
        "generationConfig": {"temperature": 0.5, "maxOutputTokens": 5}});
    holds(GEMINI, &gemini, temperature().equals(0.5).and(max_tokens().at_most(5))).await;
}

#[tokio::test]
async fn pictures_files_and_sound() {
    let body = conversation();
    holds(OPENAI, &body, image().ends_with(".png").and(audio().equals("wav"))).await;
    holds(OPENAI, &body, file().exists()).await;
    let plain = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]});
    fails(OPENAI, &plain, image().exists(), "an image is there, but there is none").await;
}

#[tokio::test]
async fn places_of_the_body_and_the_query() {
    let body = conversation();
    holds(OPENAI, &body, json("/metadata/user").equals("u-17")).await;
    holds(OPENAI, &body, json("/metadata/user").text().starts_with("u-")).await;
    holds(OPENAI, &body, json("/messages/5/content").exists()).await;
    holds(OPENAI, &body, json("/seed").number().between(5..=9)).await;
    holds(OPENAI, &body, json("/metadata").equals(json!({"user": "u-17"}))).await;
    holds(OPENAI, &body, metadata("user").equals("u-17")).await;
    holds(OPENAI, &body, query("tag").equals("a b")).await;
    let why = r#"the body at /metadata/user is "x", but it is "u-17""#;
    fails(OPENAI, &body, json("/metadata/user").equals("x"), why).await;
    let why = r#"query parameter "tag" is "a", but it is "a b""#;
    fails(OPENAI, &body, query("tag").equals("a"), why).await;
    let url = format!("{GEMINI}?key=AIzaSecret");
    let gemini = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    let why = r#"query parameter "key" is "x", but its value is kept secret"#;
    fails(&url, &gemini, query("key").equals("x"), why).await;
}

#[test]
#[should_panic(expected = "a JSON pointer begins with a slash: write \"/user\" for \"user\"")]
fn a_pointer_without_its_slash_is_refused() {
    let _ = json("user");
}

#[cfg(feature = "regex")]
#[tokio::test]
async fn regular_expressions() {
    let body = conversation();
    holds(OPENAI, &body, model_name().matches(r"^gpt-\d+o-mini$")).await;
    let why = r#"the last user message matches /\d/, but it is "And now?""#;
    fails(OPENAI, &body, last_user().matches(r"\d"), why).await;
}

#[cfg(feature = "regex")]
#[test]
#[should_panic(expected = "not a regular expression: regex parse error")]
fn a_broken_regular_expression_is_refused() {
    let _ = last_user().matches("(");
}

#[tokio::test]
async fn a_condition_that_does_not_hold_allocates_nothing() {
    // But for places of the body: see `condition/at.rs`.
    let layer = MockLlmLayer::new();
    let handle = layer.handle();
    let mut body = conversation();
    // The texts of a message with several are joined, which takes a copy.
    body["messages"][1]["content"] = "Look at this".into();
    send(layer, OPENAI, &body).await;
    let received = handle.received();
    let request = received[0].request().unwrap();
    let conditions: Vec<Box<dyn Match>> = vec![
        Box::new(first_user().contains("x-x")),
        Box::new(last_user().contains_ignoring_case("X-X")),
        Box::new(any_message_of(Role::User).equals("x-x")),
        Box::new(tool_result_of("search").contains("x-x")),
        Box::new(tool_result_for("c9").exists()),
        Box::new(image().exists()),
        Box::new(temperature().at_least(0.5)),
        Box::new(turn(7)),
        Box::new(query("other").exists()),
        Box::new(tool_schema("search").at("/properties/other").exists()),
        Box::new(tool_choice(ToolChoice::None)),
    ];
    let mut costly = Vec::new();
    for condition in conditions {
        // Texts are understood when they are first looked at.
        assert!(!condition.matches(request), "{}", condition.describe());
        let measured = allocation_counter::measure(|| {
            condition.matches(request);
        });
        if measured.count_total > 0 {
            costly.push((condition.describe(), measured.count_total));
        }
    }
    assert_eq!(costly, []);
}

#[cfg(feature = "jsonpath")]
#[tokio::test]
async fn paths_of_the_body_and_of_schemas() {
    use tower_mock_llm::respond::json_path;
    let body = conversation();
    holds(OPENAI, &body, json_path("$.messages[?@.role == 'user']").exists()).await;
    holds(OPENAI, &body, json_path("$.messages[-1:].content").equals("And now?")).await;
    holds(OPENAI, &body, json_path("$..image_url.url").text().ends_with(".png")).await;
    holds(OPENAI, &body, json_path("$[?@ == 7]").number().at_most(7)).await;
    holds(OPENAI, &body, json_path("$['seed','n']").number().equals(2)).await;
    holds(OPENAI, &body, json_path("$.stream").number().missing()).await;
    holds(OPENAI, &body, json_path("$.tools[?length(@.function.name) == 6]").exists()).await;
    holds(OPENAI, &body, json_path("$.messages[*].role").satisfies(|role| role == "tool")).await;
    holds(OPENAI, &body, tool_schema("search").path("$.required[*]").equals("query")).await;
    holds(OPENAI, &body, json("/metadata").path("$.user").equals("u-17")).await;
    holds(OPENAI, &body, json_path("$.messages[?match(@.content, 'A c.*')]").exists()).await;
    let why = r#"any of the body at $.messages[*].tool_call_id is "c3", but they are "c1", "c2""#;
    fails(OPENAI, &body, json_path("$.messages[*].tool_call_id").equals("c3"), why).await;
    let why = "any of the body at $.nothing is there, but there is none";
    fails(OPENAI, &body, json_path("$.nothing").exists(), why).await;
    let why = "any of the body at $.seed is at least 8, but it is 7";
    fails(OPENAI, &body, json_path("$.seed").number().at_least(8), why).await;
}

#[cfg(feature = "jsonpath")]
#[test]
#[should_panic(expected = r#""$.messages[" is not a JSONPath (RFC 9535): "#)]
fn a_broken_path_is_refused() {
    let _ = tower_mock_llm::respond::json_path("$.messages[");
}

#[cfg(feature = "jsonpath")]
#[test]
#[should_panic(expected = "say `at` before `path`")]
fn a_pointer_behind_a_path_is_refused() {
    let _ = json("/a").path("$.b").at("/c");
}
