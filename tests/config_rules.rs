//! Rules and settings of config files, by what a layer of them does.

#![expect(clippy::disallowed_methods, reason = "tests look at the clock")]
#![cfg(all(feature = "config", feature = "jsonpath", feature = "regex", feature = "templates"))]

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::config::Config;
use tower_mock_llm::{MockLlmLayer, respond::STARTED};

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/config/rules.yaml");
const OPENAI: &str = "https://api.openai.com/v1/chat/completions";
const ANTHROPIC: &str = "https://api.anthropic.com/v1/messages";
const GEMINI: &str =
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent";

fn layer(yaml: &str) -> MockLlmLayer {
    Config::from_yaml(yaml).unwrap().layer().unwrap()
}

async fn send(layer: &MockLlmLayer, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let response = layer.clone().into_service().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

fn post(url: &str, body: &Value) -> Request<Full<Bytes>> {
    Request::post(url).body(Full::from(body.to_string())).unwrap()
}

async fn ask(layer: &MockLlmLayer, url: &str, body: Value) -> (u16, Value) {
    let response = send(layer, post(url, &body)).await;
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

fn says(text: &str) -> Value {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]})
}

/// The text of OpenAI's answer to a body, or its status.
async fn said(layer: &MockLlmLayer, body: Value) -> String {
    let (status, answer) = ask(layer, OPENAI, body).await;
    match answer["choices"][0]["message"]["content"].as_str() {
        Some(text) => text.to_owned(),
        None => status.to_string(),
    }
}

#[tokio::test(start_paused = true)]
async fn the_rules_of_the_example_answer() {
    let layer = MockLlmLayer::from_config(RULES).unwrap();
    for (text, expected) in [
        ("I want a REFUND", "You get your money back."),
        ("It was Returned", "You get your money back."),
        ("Where is order 17?", "Order 17 is on its way, says gpt-4o."),
        ("flaky", "503"),
        ("flaky", "503"),
        ("flaky", "At last."),
        ("too fast", "429"),
        ("anything", "I have no rule for that."),
        ("I am Ada", "I have no rule for that."),
        ("Hello", "Who are you?"),
        ("I am Ada", "Welcome."),
    ] {
        assert_eq!(said(&layer, says(text)).await, expected, "{text}");
    }
    assert_eq!(layer.handle().state("login"), "asked");
    // Another vendor's API, the same rules.
    let (_, body) = ask(&layer, ANTHROPIC, says("refund")).await;
    assert_eq!(body["content"][0]["text"], "You get your money back.");

    let response = send(&layer, post(OPENAI, &says("too fast"))).await;
    assert_eq!(response.headers()["retry-after"], "2");
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert!(text.contains("Limit 30000, Used 29000, Requested 4000"), "{text}");
    let response = send(&layer, post(OPENAI, &says("gateway"))).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["server"]),
        (502, &"nginx".parse().unwrap())
    );

    let mut body = says("please look up tower");
    body["tools"] = json!([{"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}]);
    let (_, answer) = ask(&layer, OPENAI, body.clone()).await;
    let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(call["arguments"], r#"{"query":"tower","limit":3}"#, "in the order of the file");
    assert_eq!(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 12);
}

#[tokio::test]
async fn a_script_of_a_file_has_branches() {
    let layer = MockLlmLayer::from_config(RULES).unwrap();
    let mut messages = vec![json!({"role": "user", "content": "How is the weather?"})];
    let (_, answer) = ask(&layer, OPENAI, json!({"model": "m", "messages": messages})).await;
    let message = answer["choices"][0]["message"].clone();
    let call = &message["tool_calls"][0];
    assert_eq!(call["function"]["arguments"], r#"{"city":"Lisbon"}"#);
    let id = call["id"].clone();
    messages.push(message);
    for (result, expected) in [
        ("Error 500", "The weather service does not answer."),
        ("21", "It is 21 degrees and sunny."),
    ] {
        let mut messages = messages.clone();
        messages.push(json!({"role": "tool", "tool_call_id": id, "content": result}));
        let body = json!({"model": "m", "messages": messages});
        assert_eq!(said(&layer, body).await, expected);
    }
    messages.push(json!({"role": "tool", "tool_call_id": id, "content": "21"}));
    messages.push(json!({"role": "assistant", "content": "It is 21 degrees and sunny."}));
    messages.push(json!({"role": "user", "content": "And then?"}));
    let body = json!({"model": "m", "messages": messages});
    assert_eq!(said(&layer, body).await, "I have said all that I know.");
}

/// A turn that has no branch for a request leaves it to the next rule, and does not become one with
/// the turn behind it.
#[tokio::test]
async fn a_turn_of_branches_alone_is_a_turn() {
    let layer = layer(
        "rules: [{script: {turns: [[{when: {last_user: a}, reply: first}], second]}}, {reply: other}]",
    );
    assert_eq!(said(&layer, says("a")).await, "first");
    assert_eq!(said(&layer, says("b")).await, "other");
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "a"},
        {"role": "assistant", "content": "first"}, {"role": "user", "content": "c"}]});
    assert_eq!(said(&layer, body).await, "second");
}

#[tokio::test(start_paused = true)]
async fn pace_and_fault_are_an_answers_own() {
    let layer = MockLlmLayer::from_config(RULES).unwrap();
    let mut body = says("slowly, please");
    body["stream"] = true.into();
    let start = tokio::time::Instant::now();
    let response = layer.clone().into_service().oneshot(post(OPENAI, &body)).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let mut text = String::new();
    let broke = loop {
        match body.frame().await {
            Some(Ok(frame)) => text.push_str(&String::from_utf8_lossy(frame.data_ref().unwrap())),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(broke && !text.contains("[DONE]"), "{text}");
    assert_eq!(text.matches("data: ").count(), 8, "{text}");
    assert!(start.elapsed().as_millis() >= 300 + 5 * 20, "{:?}", start.elapsed());
}

/// Each condition, with a request that meets it and one that does not.
#[tokio::test]
async fn every_condition_of_the_file() {
    let tool = |name: &str| {
        json!({"type": "function", "function": {"name": name, "parameters":
        {"type": "object", "properties": {"q": {"type": "string"}}}}})
    };
    let result = json!([{"role": "user", "content": "u"},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function",
            "function": {"name": "look", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "Found it"}]);
    let schema = json!({"type": "json_schema", "json_schema": {"name": "n", "schema":
        {"type": "object", "properties": {"age": {"type": "integer"}}}}});
    let picture = json!([{"role": "user", "content": [{"type": "image_url",
        "image_url": {"url": "https://a.example/cat.png"}}]}]);
    let talk = json!([{"role": "system", "content": "Be Kind"}, {"role": "user", "content": "one"},
        {"role": "assistant", "content": "answer"}, {"role": "user", "content": "two"}]);
    for (when, with) in [
        ("model: gpt-4?", json!({"model": "gpt-4o"})),
        ("model: {equals: gpt-4o}", json!({"model": "gpt-4o"})),
        ("model: [a, /^GPT/]", json!({"model": "gpt-4o"})),
        ("last_user: {contains: Two}", json!({"messages": [{"role": "user", "content": "Two"}]})),
        ("last_user: {starts_with: t, ends_with: o}", json!({"messages": talk})),
        ("first_user: {equals: one}", json!({"messages": talk})),
        ("last_assistant: ANSWER", json!({"messages": talk})),
        ("any_message: kind", json!({"messages": talk})),
        ("any_message_of: {user: one, assistant: answer}", json!({"messages": talk})),
        ("system: be kind", json!({"messages": talk})),
        ("message: {role: user, index: 1, text: two}", json!({"messages": talk})),
        ("messages: 4", json!({"messages": talk})),
        ("turn: 2", json!({"messages": talk})),
        ("turn: {at_least: 2, at_most: 3}", json!({"messages": talk})),
        ("turn: [7, 2]", json!({"messages": talk})),
        ("temperature: {at_most: 0.2}", json!({"temperature": 0.1})),
        ("temperature: {exists: true}", json!({"temperature": 1})),
        ("top_p: 0.5", json!({"top_p": 0.5})),
        ("max_tokens: {at_least: 10}", json!({"max_tokens": 10})),
        ("n: 2", json!({"n": 2})),
        ("seed: 5", json!({"seed": 5})),
        ("streaming: true", json!({"stream": true})),
        ("wants_json: true", json!({"response_format": {"type": "json_object"}})),
        ("tool_offered: [b, a]", json!({"tools": [tool("a")]})),
        ("tool_choice: required", json!({"tools": [tool("a")], "tool_choice": "required"})),
        (
            "tool_choice: {tool: a}",
            json!({"tools": [tool("a")],
            "tool_choice": {"type": "function", "function": {"name": "a"}}}),
        ),
        ("tool_schema: {a: {/properties/q/type: string}}", json!({"tools": [tool("a")]})),
        ("tool_result: found", json!({"messages": result})),
        ("tool_result_of: {look: found}", json!({"messages": result})),
        ("tool_result_for: {c1: {exists: true}}", json!({"messages": result})),
        ("response_schema: {/properties/age: {exists: true}}", json!({"response_format": schema})),
        ("image: true", json!({"messages": picture})),
        ("image: '*cat.png'", json!({"messages": picture})),
        ("metadata: {team: a*}", json!({"metadata": {"team": "ai"}})),
        ("json: {/user: u1}", json!({"user": "u1"})),
        ("json: {/user: {starts_with: u}}", json!({"user": "u1"})),
        ("json: {/top_logprobs: 2}", json!({"top_logprobs": 2, "logprobs": true})),
        ("json: {/logprobs: true}", json!({"logprobs": true})),
        ("json: {/metadata: {equals: {a: '1'}}}", json!({"metadata": {"a": "1"}})),
        ("json: {/frequency_penalty: {at_least: 1}}", json!({"frequency_penalty": 1.5})),
        ("json: {\"$.messages[?@.role == 'system'].content\": Be Kind}", json!({"messages": talk})),
        ("or: [{model: none}, {seed: 5}]", json!({"seed": 5})),
        ("and: [{n: 2}, {seed: 5}]", json!({"n": 2, "seed": 5})),
        ("{n: 2, seed: 5}", json!({"n": 2, "seed": 5})),
        ("not: {not: {seed: 5}}", json!({"seed": 5})),
    ] {
        let when = if when.starts_with('{') { when.to_owned() } else { format!("{{{when}}}") };
        let layer = layer(&format!(
            "rules: [{{when: {when}, reply: met, name: one}}]\n\
             default_reply: not met\ncheck_replies: false\n"
        ));
        let mut body = json!({"model": "other", "messages": [{"role": "user", "content": "x"}]});
        let (status, answer) = ask(&layer, OPENAI, body.clone()).await;
        assert_eq!(status, 200, "{when}: {answer}");
        assert_eq!(layer.handle().received()[0].rule.as_deref(), None, "{when}");
        for (key, value) in with.as_object().unwrap() {
            body[key] = value.clone();
        }
        let (status, answer) = ask(&layer, OPENAI, body).await;
        assert_eq!(status, 200, "{when}: {answer}");
        assert_eq!(layer.handle().received()[1].rule.as_deref(), Some("`one`"), "{when}");
    }
}

#[tokio::test]
async fn conditions_on_the_head_of_a_request() {
    let layer = layer(
        "rules:\n  - {when: {header: {x-tenant: acme}}, reply: header}\n  - {when: {api_key: \
         sk-test-*}, reply: key}\n  - {when: {query: {alt: json}}, reply: query}\n  - {when: \
         {provider: [anthropic, google]}, reply: provider}\n  - {when: {operation: embeddings}, \
         embeddings: {vectors: [[1, 0.5]], tokens: 3}}\n  - {when: {operation: count_tokens}, \
         token_count: 1000000}\ndefault_reply: other\n",
    );
    let with = async |url: &str, headers: &[(&'static str, &'static str)]| {
        let mut request = post(url, &says("x"));
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let response = send(&layer, request).await;
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        body["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
    };
    assert_eq!(with(OPENAI, &[]).await, "other");
    assert_eq!(with(OPENAI, &[("x-tenant", "acme")]).await, "header");
    assert_eq!(with(OPENAI, &[("x-tenant", "acme2")]).await, "other");
    assert_eq!(with(OPENAI, &[("authorization", "Bearer sk-test-1")]).await, "key");
    assert_eq!(with(&format!("{OPENAI}?alt=json"), &[]).await, "query");
    let (_, body) = ask(&layer, ANTHROPIC, says("x")).await;
    assert_eq!(body["content"][0]["text"], "provider");
    let gemini = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    let (_, body) = ask(&layer, GEMINI, gemini.clone()).await;
    assert_eq!(body["candidates"][0]["content"]["parts"][0]["text"], "provider");
    let embed = json!({"model": "text-embedding-3-small", "input": "x"});
    let (_, body) = ask(&layer, "https://api.openai.com/v1/embeddings", embed).await;
    assert_eq!(
        (&body["data"][0]["embedding"], &body["usage"]["total_tokens"]),
        (&json!([1.0, 0.5]), &json!(3))
    );
    let (_, body) = ask(&layer, &GEMINI.replace("generateContent", "countTokens"), gemini).await;
    assert_eq!(body["totalTokens"], 1_000_000);
}

#[tokio::test]
async fn parts_of_a_reply_in_each_vendors_words() {
    let layer = layer(
        r#"
rules:
  - when: {provider: anthropic}
    reply:
      parts:
        - reasoning: {text: Hm., signature: c2ln}
        - redacted_reasoning: cmVk
        - text: {text: "It rains.", citations: [{url: "https://a.example", title: A, quote: rain}]}
        - text:
            text: Page two says so.
            citations: [{document: 0, pages: [2, 3], title: B}]
        - server_tool:
            web_search: {query: rain, results: [{url: "https://a.example", title: A, age: 2 days}]}
        - tool_call: {name: look, arguments: {b: 1, a: [true, null, "x"]}, id: toolu_1}
        - raw: {type: container_upload, file_id: f1}
      finish: pause_turn
      usage: {input: 5, output: 7, cache_write: 3, cached: 2}
      model: claude-x
  - when: {provider: gemini}
    reply:
      parts:
        - image: {mime_type: image/png, data: "iVBO Rw=="}
        - server_tool: {code: {code: "print(1)", output: "1"}}
      safety: [{category: HARM_CATEGORY_HARASSMENT, probability: LOW}]
      finish: {stop_sequence: END}
  - when: {n: 2}
    reply:
      text: heads
      choices: [tails]
      finish: content_filter
  - reply:
      refusal: I must not.
"#,
    );
    let tools = json!([{"name": "look", "input_schema": {"type": "object"}}]);
    let mut body = says("x");
    body["tools"] = tools;
    let (status, body) = ask(&layer, ANTHROPIC, body).await;
    assert_eq!(status, 200, "{body}");
    let kinds: Vec<_> =
        body["content"].as_array().unwrap().iter().map(|p| p["type"].clone()).collect();
    assert_eq!(
        kinds,
        [
            "thinking",
            "redacted_thinking",
            "text",
            "text",
            "server_tool_use",
            "web_search_tool_result",
            "tool_use",
            "container_upload"
        ]
    );
    assert_eq!(body["content"][0]["signature"], "c2ln");
    assert_eq!(body["content"][2]["citations"][0]["cited_text"], "rain");
    assert_eq!(body["content"][3]["citations"][0]["start_page_number"], 2);
    assert_eq!(
        (&body["content"][6]["id"], &body["content"][6]["input"]),
        (&json!("toolu_1"), &json!({"b": 1, "a": [true, null, "x"]}))
    );
    assert_eq!((&body["stop_reason"], &body["model"]), (&json!("pause_turn"), &json!("claude-x")));
    assert_eq!(body["usage"]["output_tokens"], 7);
    let (status, body) =
        ask(&layer, GEMINI, json!({"contents": [{"parts": [{"text": "hi"}]}]})).await;
    assert_eq!(status, 200, "{body}");
    let parts = &body["candidates"][0]["content"]["parts"];
    assert_eq!(parts[0]["inlineData"]["data"], "iVBORw==");
    assert_eq!(parts[1]["executableCode"]["code"], "print(1)");
    assert_eq!(body["candidates"][0]["safetyRatings"][0]["probability"], "LOW");
    let mut two = says("x");
    two["n"] = 2.into();
    let (_, body) = ask(&layer, OPENAI, two).await;
    assert_eq!(body["choices"][1]["message"]["content"], "tails");
    assert_eq!(body["choices"][0]["finish_reason"], "content_filter");
    let (_, body) = ask(&layer, OPENAI, says("x")).await;
    assert_eq!(body["choices"][0]["message"]["refusal"], "I must not.");
}

#[tokio::test]
async fn other_answers_than_replies() {
    let layer = layer(
        r#"
rules:
  - {when: {last_user: status}, error: 418}
  - when: {last_user: parameter}
    error: {kind: invalid_parameter, param: temperature, code: unsupported_value, message: No., status: 422}
  - {when: {last_user: body}, raw: {status: 207, headers: {x-a: b, content-type: text/x}, body: by hand}}
  - {when: {last_user: json}, raw: {json: {b: 1, a: null}}}
  - {when: {last_user: html}, raw: {status: 503, html: <p>}}
  - {when: {last_user: bytes}, raw: {base64: AAH/}}
  - {when: {last_user: empty}, raw: {status: 204}}
  - {when: {last_user: cloudflare}, raw: {status: 524, page_of: cloudflare}}
  - {when: {last_user: tools}, call_tools_once: {one_by_one: true, then: All done.}}
  - {when: {last_user: form}, structured_output: {near_miss: wrong_type, at: /age, seed: 3}}
  - when: {last_user: call}
    template: {text: "{{ turn }}", tool_calls: [{name: t, arguments: '{"q": {{ last_user | tojson }}}'}]}
  - {when: {last_user: unfit}, reply: no JSON, unchecked: true}
  - {when: {last_user: misfit}, reply: no JSON}
check_replies: true
"#,
    );
    let raw = async |text: &str| send(&layer, post(OPENAI, &says(text))).await;
    assert_eq!(raw("status").await.status(), 418);
    let (status, body) = ask(&layer, OPENAI, says("parameter")).await;
    assert_eq!(
        (status, &body["error"]["param"], &body["error"]["code"]),
        (422, &json!("temperature"), &json!("unsupported_value"))
    );
    let response = raw("body").await;
    assert_eq!((response.status().as_u16(), &response.body()[..]), (207, &b"by hand"[..]));
    assert_eq!(
        (&response.headers()["x-a"], &response.headers()["content-type"]),
        (&"b".parse().unwrap(), &"text/x".parse().unwrap())
    );
    let response = raw("json").await;
    assert_eq!(response.body(), r#"{"b":1,"a":null}"#);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(raw("html").await.headers()["content-type"], "text/html");
    assert_eq!(&raw("bytes").await.body()[..], [0, 1, 255]);
    assert_eq!((raw("empty").await.status().as_u16(), raw("empty").await.body().len()), (204, 0));
    assert_eq!(raw("cloudflare").await.headers()["server"], "cloudflare");
    let tools =
        json!([{"type": "function", "function": {"name": "t", "parameters": {"type": "object"}}}]);
    let arguments = async |text: &str| {
        let mut body = says(text);
        body["tools"] = tools.clone();
        let (_, body) = ask(&layer, OPENAI, body).await;
        body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"].clone()
    };
    assert_eq!(arguments("tools").await, "{}");
    assert_eq!(arguments("call").await, r#"{"q": "call"}"#);
    let (status, body) = ask(&layer, OPENAI, says("tools")).await;
    assert_eq!(status, 200, "it offers none, so that the default reply answers: {body}");
    let mut form = says("form");
    form["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "n", "schema":
        {"type": "object", "required": ["age"], "properties": {"age": {"type": "integer"}}}}});
    let text = said(&layer, form.clone()).await;
    let age: Value = serde_json::from_str(&text).unwrap();
    assert!(!age["age"].is_i64(), "{text}");
    form["messages"][0]["content"] = "misfit".into();
    assert_eq!(said(&layer, form.clone()).await, "400");
    form["messages"][0]["content"] = "unfit".into();
    assert_eq!(said(&layer, form).await, "no JSON");
    // Only where replies are not checked.
    let broken =
        self::layer("rules: [{reply: {tool_calls: [{name: t, raw_arguments: '{\"a\":'}]}}]\n");
    let mut body = says("cut");
    body["tools"] = tools.clone();
    let (_, body) = ask(&broken, OPENAI, body).await;
    assert_eq!(body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], "{\"a\":");
}

#[tokio::test]
async fn answers_one_after_the_other_and_expectations() {
    let layer = layer(
        "rules:\n  - {name: a, first: one, then: [two, {reply: three, times: 2}], then_repeat: \
         four, when: {last_user: a}, expect: all}\n  - {name: b, reply: five, times: 1, when: \
         {last_user: b}, expect: 1..=2}\n  - {name: c, error: server, then: fine, when: {last_user: c}}\n\
         default_reply: six\n",
    );
    for (text, expected) in [
        ("a", "one"),
        ("a", "two"),
        ("a", "three"),
        ("a", "three"),
        ("b", "five"),
        ("b", "six"),
        ("c", "500"),
        ("c", "fine"),
        ("c", "six"),
    ] {
        assert_eq!(said(&layer, says(text)).await, expected);
    }
    let why = layer.handle().check().unwrap_err().to_string();
    assert!(why.starts_with("rule `a`: answered 4 of 5 answers"), "{why}");
    assert_eq!(said(&layer, says("a")).await, "four");
    layer.handle().check().unwrap();
}

#[tokio::test(start_paused = true)]
async fn trouble_of_a_file() {
    let layer = layer(
        "
trouble:
  - {when: {last_user: once}, on_attempts: 1, error: overloaded}
  - {when: {last_user: outage}, during: {from: 10s, to: 50s}, error: {kind: server, retry_after: 5s}}
  - {when: {last_user: seldom}, probability: 0, error: server}
  - {when: {last_user: always}, probability: 1, raw: {status: 502, page_of: nginx}}
  - {when: {last_user: broken}, fault: without_terminator}
default_reply: fine
",
    );
    let status = async |text: &str| send(&layer, post(OPENAI, &says(text))).await.status().as_u16();
    assert_eq!((status("once").await, status("once").await), (503, 200));
    assert_eq!((status("seldom").await, status("always").await), (200, 502));
    assert_eq!(status("outage").await, 200);
    tokio::time::advance(std::time::Duration::from_secs(20)).await;
    let response = send(&layer, post(OPENAI, &says("outage"))).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (500, &"5".parse().unwrap())
    );
    tokio::time::advance(std::time::Duration::from_secs(31)).await;
    assert_eq!(status("outage").await, 200);
    let mut body = says("broken");
    body["stream"] = true.into();
    let response = send(&layer, post(OPENAI, &body)).await;
    assert!(!String::from_utf8_lossy(response.body()).contains("[DONE]"));
}

#[tokio::test(start_paused = true)]
async fn settings_of_the_layer() {
    // Quotas, per key.
    let quota = layer("quota: {requests_per_minute: 1, per_key: true}\n");
    let send_as = async |key: &'static str| {
        let mut request = post(OPENAI, &says("x"));
        request.headers_mut().insert("authorization", key.parse().unwrap());
        send(&quota, request).await.status().as_u16()
    };
    assert_eq!((send_as("Bearer a").await, send_as("Bearer a").await), (200, 429));
    assert_eq!(send_as("Bearer b").await, 200);

    // A budget, spent.
    let budget = layer("quota: {budget: {tokens: 1}}\n");
    ask(&budget, OPENAI, says("x")).await;
    let (_, body) = ask(&budget, OPENAI, says("x")).await;
    assert_eq!(body["error"]["code"], "insufficient_quota");

    // Paces by condition.
    let paces = layer("paces: [{when: {model: gpt-*}, pace: first=2s}]\npace: first=1s\n");
    for (model, seconds) in [("gpt-4o", 2), ("other", 1)] {
        let start = tokio::time::Instant::now();
        let mut body = says("x");
        body["model"] = model.into();
        ask(&paces, OPENAI, body).await;
        assert_eq!(start.elapsed().as_secs(), seconds, "{model}");
    }

    // Headers that ask for pace and fault.
    let headers = layer("pace_header: true\nfault_header: true\n");
    let start = tokio::time::Instant::now();
    let mut request = post(OPENAI, &says("x"));
    request.headers_mut().insert("x-mock-llm-pace", "first=3s".parse().unwrap());
    send(&headers, request).await;
    assert_eq!(start.elapsed().as_secs(), 3);
    let mut request = post(OPENAI, &says("x"));
    request.headers_mut().insert("x-mock-llm-fault", "error=slow_down".parse().unwrap());
    assert_eq!(send(&headers, request).await.status(), 429);

    // Prompt caches, and how long they last.
    let caching = layer("prompt_caching: {ttl: 1m}\n");
    let long = says(&"a long prompt, again and again. ".repeat(600));
    let cached = async || {
        let (_, body) = ask(&caching, OPENAI, long.clone()).await;
        body["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap()
    };
    assert_eq!(cached().await, 0);
    assert!(cached().await > 0);
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    assert_eq!(cached().await, 0);

    // How streams are cut.
    let words = layer("chunking: words\ndefault_reply: antidisestablishmentarianism is long\n");
    let mut body = says("x");
    body["stream"] = true.into();
    let text = send(&words, post(OPENAI, &body)).await;
    assert!(
        String::from_utf8_lossy(text.body())
            .contains("\"content\":\"antidisestablishmentarianism\"")
    );

    // Sizes.
    let small = layer("max_request_body: 10\njournal: {requests: 1}\n");
    assert_eq!(ask(&small, OPENAI, says("x")).await.0, 413);
    ask(&small, OPENAI, says("x")).await;
    assert_eq!(small.handle().received().len(), 1);

    // Who is claimed.
    let only = layer("only: {providers: anthropic}\nunmatched: forward\n");
    assert_eq!(only.handle().state("x"), STARTED);
    assert_eq!(ask(&only, ANTHROPIC, says("x")).await.0, 200);
    assert_ne!(ask(&only, OPENAI, says("x")).await.0, 200);
    let local = layer("local_hosts: gateway.example\n");
    assert_eq!(ask(&local, "https://gateway.example/v1/messages", says("x")).await.0, 200);

    // The verdict on the client.
    let watched = layer("watch_client: true\ndefault_reply: {error: authentication}\n");
    for _ in 0..3 {
        ask(&watched, OPENAI, says("x")).await;
    }
    assert!(!watched.handle().verdict().is_ok());

    // Switched off as a whole.
    let off = layer("enabled: false\nrules: [{reply: x}]\n");
    assert_eq!(off.handle().mode(), tower_mock_llm::Mode::Off);
}

#[tokio::test]
async fn a_strict_files_status_may_be_chosen() {
    let layer = layer("strict: 422\nrules: [{when: {last_user: a}, reply: b}]\n");
    assert_eq!(said(&layer, says("a")).await, "b");
    assert_eq!(said(&layer, says("c")).await, "422");
}

#[test]
fn a_seed_keeps_the_default_reply_that_was_given() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let layer = layer("default_reply: mine\n").seed(9);
    assert_eq!(runtime.block_on(said(&layer, says("x"))), "mine");
}

#[tokio::test]
async fn responses_of_the_known_shape_may_be_any_answer() {
    let layer = layer(
        "
providers:
  mock:
    type: mock
    responses:
      gpt-4o:
        patterns:
          fail: {error: rate_limit}
          /^order \\d+$/: {template: 'On its way: {{ last_user }}'}
        default: {reply: {text: hm, finish: length}}
",
    );
    assert_eq!(said(&layer, says("Please FAIL")).await, "429");
    assert_eq!(said(&layer, says("Order 17")).await, "On its way: Order 17");
    let (_, body) = ask(&layer, OPENAI, says("order x")).await;
    assert_eq!(body["choices"][0]["finish_reason"], "length");
}

#[tokio::test]
async fn rules_of_profile_and_include_are_joined() {
    let folder = std::env::temp_dir().join(format!("mock-llm-joined-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write(
        "base.yaml",
        "rules: [{when: {last_user: a}, reply: base a}, {when: {last_user: b}, reply: base b}]\n",
    );
    write(
        "top.yaml",
        "include: base.yaml\nrules: [{when: {last_user: a}, reply: top a}]\nprofiles:\n  ci:\n    \
         rules: [{when: {last_user: c}, reply: ci c}]\n  demo:\n    rules: []\n",
    );
    let path = folder.join("top.yaml");
    let layer = Config::load_profile(&path, "ci").unwrap().layer().unwrap();
    for (text, expected) in [("a", "top a"), ("b", "base b"), ("c", "ci c")] {
        assert_eq!(said(&layer, says(text)).await, expected);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[cfg(feature = "cassette")]
#[tokio::test]
async fn a_cassette_stands_where_its_file_does() {
    use tower_mock_llm::cassette::Cassette;

    let folder = std::env::temp_dir().join(format!("mock-llm-tape-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("tapes")).unwrap();
    let path = folder.join("mock-llm.yaml");
    std::fs::write(
        &path,
        "cassette: {path: tapes/none.jsonl, mode: replay, ignore: [/user], redact: [/metadata], \
         redact_regex: ['\\d{16}'], repeat: true, timing: 0.5, exact: [/seed], volatile: [/n], \
         transcode: true, fuzzy: 0.1, max_age: {age: 30d, stale: fail}, \
         normalize: [{regex: '\\d+', with: N}], \
         fork: {turn: 3, cassette: {path: branch.jsonl, mode: 'off'}}}\n",
    )
    .unwrap();
    let layer = Config::load_profile(&path, "ci").unwrap().layer().unwrap();
    let (status, body) = ask(&layer, OPENAI, says("x")).await;
    let message = body["error"]["message"].as_str().unwrap();
    let expected = folder.join("tapes").join("none.jsonl");
    assert_eq!(status, 400);
    assert!(message.contains(expected.to_str().unwrap()), "{message}");
    // As it is opened by hand.
    assert!(Cassette::open(&expected).unwrap().is_empty());
    // What records is live.
    std::fs::write(&path, "cassette: {path: a.jsonl, mode: record_missing}\n").unwrap();
    let config = Config::load_profile(&path, "ci").unwrap();
    assert_eq!(config.live(), ["cassette.mode: record_missing calls the providers"]);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_goes_live_is_told() {
    for (yaml, expected) in [
        ("unmatched: forward\n", "unmatched: what is not mocked is forwarded"),
        ("only: {providers: openai}\n", "only.providers: all others go live"),
        ("only: {hosts: a.example}\n", "only.hosts: all others go live"),
        ("only: {key_prefix: sk-test}\n", "only.key_prefix: all others go live"),
    ] {
        let config = Config::from_yaml(yaml).unwrap();
        assert_eq!(config.live(), [expected]);
        assert_eq!(config.mocked().len(), 1);
    }
    let off = Config::from_yaml("enabled: false\n").unwrap();
    assert_eq!(off.live(), ["enabled: the file is switched off, so everything goes live"]);
    assert!(off.mocked().is_empty());
}

#[tokio::test]
async fn the_same_file_gives_the_same_bytes() {
    let answer = async || {
        let layer = MockLlmLayer::from_config(RULES).unwrap();
        let response = send(&layer, post(ANTHROPIC, &says("anything"))).await;
        (response.headers().clone(), response.into_body())
    };
    let (first, second): ((HeaderMap, Bytes), _) = (answer().await, answer().await);
    assert_eq!(first, second);
}
