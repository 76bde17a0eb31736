//! Replies from templates, through the layer.
#![cfg(all(feature = "regex", feature = "templates"))]

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::respond::Template;
use tower_mock_llm::{Match, MockLlmLayer, Rule, Script, any_message, last_user, model};

async fn send(layer: &MockLlmLayer, body: &Value) -> (StatusCode, Value) {
    let request = Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer sk-secret")
        .header("x-tag", "blue")
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let response = layer.clone().into_service().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

fn ask(text: &str) -> Value {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]})
}

fn conversation() -> Value {
    json!({
        "model": "gpt-4o", "user": "u-1", "seed": 7,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Look <here>"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "42 \"cats\""},
        ],
        "tools": [{"type": "function", "function": {"name": "search", "description": "Searches.",
            "parameters": {"type": "object", "required": ["query"]}}}],
    })
}

async fn says(layer: &MockLlmLayer, body: &Value) -> String {
    let (status, answer) = send(layer, body).await;
    let message = &answer["choices"][0]["message"];
    assert_eq!(status, StatusCode::OK, "{answer}");
    message["content"].as_str().unwrap().to_owned()
}

async fn fill(template: &str, body: &Value) -> String {
    let rule = Rule::always().respond_with(Template::new(template));
    says(&MockLlmLayer::new().rule(rule), body).await
}

#[tokio::test]
async fn every_variable_is_there() {
    let body = conversation();
    for (template, text) in [
        ("plain", "plain"),
        ("You said {{ last_user }} to {{ model }}.", "You said Look <here> to gpt-4o."),
        ("{{ provider }} {{ stream }} {{ turn }}", "openai False 2"),
        ("{{ system }}", "Be brief."),
        ("{% for m in messages %}{{ m.role }},{% endfor %}", "system,user,assistant,tool,"),
        ("{{ messages[1].text | upper }}", "LOOK <HERE>"),
        ("{{ tools[0].name }}: {{ tools[0].description }}", "search: Searches."),
        ("{{ tools[0].parameters.required | tojson }}", r#"["query"]"#),
        (
            "{{ tool_results[0].id }} {{ tool_results[0].tool }} {{ tool_results[0].text | tojson }}",
            r#"c1 search "42 \"cats\"""#,
        ),
        ("{{ headers['x-tag'] }} {{ 'authorization' in headers }}", "blue False"),
        ("{{ body.user }} {{ body.seed + 1 }}", "u-1 8"),
        ("{{ captures | length }}", "0"),
        ("{% if turn > 1 %}again{% else %}first{% endif %}", "again"),
        ("{{ last_user | tojson }}", r#""Look <here>""#),
    ] {
        assert_eq!(fill(template, &body).await, text, "{template}");
    }
}

#[tokio::test]
async fn groups_of_the_rules_expression() {
    let layer = MockLlmLayer::new()
        .rule(
            Rule::when(model("gpt-*").and(last_user().matches(r"(?i)order (?<number>\d+)( now)?")))
                .respond_with(Template::new(
                    "{{ captures[0] }}|{{ captures[1] }}|{{ captures.number }}|{{ captures[2] }}",
                )),
        )
        .rule(
            Rule::when(last_user().matches("a(x)").or(any_message().matches("b(.)")))
                .respond_with(Template::new("{{ captures[1] }}")),
        );
    assert_eq!(says(&layer, &ask("Where is Order 17?")).await, "Order 17|17|17|None");
    assert_eq!(says(&layer, &ask("Where is Order 17 now?")).await, "Order 17 now|17|17| now");
    assert_eq!(says(&layer, &ask("ax by")).await, "x");
    assert_eq!(says(&layer, &ask("a by")).await, "y");
}

#[tokio::test]
async fn chance_follows_from_the_seed_and_the_conversation() {
    let template =
        "{{ random(1, 6) }} {{ random(1, 1000000) }} {{ pick(['a', 'b', 'c']) }} {{ uuid() }}";
    let layer = |seed| {
        let rule = Rule::always().respond_with(Template::new(template));
        MockLlmLayer::new().seed(seed).rule(rule)
    };
    let once = says(&layer(1), &ask("x")).await;
    assert_eq!(says(&layer(1), &ask("x")).await, once);
    assert_ne!(says(&layer(2), &ask("x")).await, once);
    assert_ne!(says(&layer(1), &ask("y")).await, once);
    let (mut dice, mut picked) = ([0; 6], std::collections::BTreeMap::new());
    for n in 0..600 {
        let text = says(&layer(n), &ask("x")).await;
        let [die, _, pick, uuid] = text.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{text}");
        };
        dice[die.parse::<usize>().unwrap() - 1] += 1;
        *picked.entry(pick.to_owned()).or_insert(0) += 1;
        let groups: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{uuid}");
        assert!(uuid[14..].starts_with('4') && uuid[19..].starts_with(['8', '9', 'a', 'b']));
    }
    assert!(dice.iter().all(|n| (60..140).contains(n)), "{dice:?}");
    assert!(picked.len() == 3 && picked.values().all(|n| (150..250).contains(n)), "{picked:?}");
}

#[tokio::test]
async fn a_stream_says_the_same() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_with(Template::new("{{ random(1, 1000000) }}")));
    let whole = says(&layer, &ask("x")).await;
    let mut body = ask("x");
    body["stream"] = true.into();
    let request = Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer sk-1")
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let response = layer.into_service().oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text: String = String::from_utf8_lossy(&body)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
        .filter_map(|json| Some(json["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect();
    assert_eq!(text, whole);
}

#[tokio::test]
async fn the_answers_of_a_rule_are_counted() {
    let template = || Template::new("{{ answer }}");
    let layer = MockLlmLayer::new()
        .rule(Rule::when(last_user().equals("a")).first(template()).times(2).then("three"))
        .rule(
            Rule::when(last_user().equals("b"))
                .respond_with(Script::new().turn(Template::new("{{ answer }} by script"))),
        )
        .default_reply(template());
    for text in ["1", "2", "three", "1"] {
        assert_eq!(says(&layer, &ask("a")).await, text);
    }
    assert_eq!(says(&layer, &ask("b")).await, "1 by script");
    assert_eq!(says(&layer, &ask("b")).await, "2 by script");
}

#[tokio::test]
async fn tools_are_called_with_filled_in_arguments() {
    let template = Template::new("Looking.")
        .tool_call("search", r#"{"zebra": {{ last_user | tojson }}, "ant": {{ random(3, 3) }}}"#);
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with(template));
    let (_, answer) = send(&layer, &ask("say \"hi\"")).await;
    let message = &answer["choices"][0]["message"];
    assert_eq!(message["content"], "Looking.");
    let arguments = &message["tool_calls"][0]["function"]["arguments"];
    assert_eq!(arguments, r#"{"zebra": "say \"hi\"", "ant": 3}"#);
}

#[tokio::test]
async fn what_goes_wrong_is_said_in_the_vendors_envelope() {
    for (template, why) in [
        (
            Template::named("broken", "one\n{{ captures[7].x }}"),
            "tower-mock-llm: template `broken`, line 2: undefined value",
        ),
        (
            Template::named("dice", "{{ random(6, 1) }}"),
            "tower-mock-llm: template `dice`, line 1: invalid operation: random(6, 1): the first is the least",
        ),
        (
            Template::named(
                "loop",
                "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            ),
            "tower-mock-llm: template `loop`, line 1: engine ran out of fuel",
        ),
        (
            Template::named("call", "x").tool_call("search", "{{ last_user }}"),
            "tower-mock-llm: template `call`: the arguments of tool \"search\" are no JSON object: hi",
        ),
    ] {
        let layer = MockLlmLayer::new().rule(Rule::always().respond_with(template));
        let (status, answer) = send(&layer, &ask("hi")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(answer["error"]["type"], "invalid_request_error");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(why), "{message}");
    }
}

#[test]
#[should_panic(
    expected = "template `{{ nmae }}`: there is no variable or function `nmae`; there are"
)]
fn an_unknown_variable_is_refused_when_it_is_made() {
    let _ = Template::new("{{ nmae }}");
}

#[test]
#[should_panic(expected = "in the arguments of \"search\": template `x`, line 1: syntax error")]
fn a_broken_template_is_refused_when_it_is_made() {
    let _ = Template::new("x").tool_call("search", "{{ model");
}
