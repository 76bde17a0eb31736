//! Other tools' files, as they are written, and what comes of them.

use serde_json::{Value, json};

use crate::cli::tests::{fresh, ran};
use crate::config::Config;

/// Files of a test's own, in a folder that goes with it.
struct Folder(std::path::PathBuf);

impl Folder {
    fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = fresh(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a layer of the converted file says to a user's words.
fn says(yaml: &str, words: &str) -> Value {
    use bytes::Bytes;
    use http_body_util::{BodyExt, Full};
    use tower_service::Service;

    let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": words}]});
    let request = http::Request::post("https://api.openai.com/v1/chat/completions")
        .body(Full::<Bytes>::from(body.to_string()))
        .unwrap();
    let mut service = Config::from_yaml(yaml).unwrap().layer().unwrap().into_service();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let body = runtime.unwrap().block_on(async {
        service.call(request).await.unwrap().into_body().collect().await.unwrap().to_bytes()
    });
    serde_json::from_slice(&body).unwrap()
}

fn text(yaml: &str, words: &str) -> String {
    let body = says(yaml, words);
    body["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
}

/// As the tool's own example has it, with one more key.
const MOCKLLM: &str = r#"responses:
  "what colour is the sky?": "The sky is blue during a clear day."
  "tell me a joke": "It costs ${PRICE}: too many bugs!"

defaults:
  unknown_response: "I don't know the answer to that. This is a mock response."

settings:
  lag_enabled: true
  lag_factor: 10  # Higher values = faster responses (10 = fast, 1 = slow)
  colour: red
"#;

#[test]
fn files_of_mockllm() {
    let folder = Folder::with("mockllm", &[("responses.yml", MOCKLLM)]);
    let file = folder.path("responses.yml");
    let (code, out, err) = ran(&["mock-llm", "convert", &file]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(err, format!("mock-llm: not carried over: {file}:11: `colour`: not known here\n"));
    let body = out.split_once("\n\n").unwrap().1;
    assert_eq!(
        body,
        "pace: \"gap=40.000ms; jitter=0.5\"\n\
         default_reply: \"I don't know the answer to that. This is a mock response.\"\n\
         rules:\n  - when:\n      last_user:\n        equals: \"what colour is the sky?\"\n    reply: The sky is blue during a clear day.\n  \
         - when:\n      last_user:\n        equals: tell me a joke\n    reply: \"It costs $${PRICE}: too many bugs!\"\n"
    );
    assert_eq!(text(&out, "tell me a joke"), "It costs ${PRICE}: too many bugs!");
    let unknown = "I don't know the answer to that. This is a mock response.";
    assert_eq!(text(&out, "Tell me a joke!"), unknown);
}

const STUBLLM: &str = r#"
fixtures:
  - name: vague
    match:
      messages:
        - role: user
          content: {contains: "Weather"}
    response:
      content: "It is sunny."
  - name: exact
    match:
      provider: openai
      endpoint: /v1/chat/completions
      model: gpt-4o
      messages:
        - role: user
          content: {exact: "the weather in Lisbon"}
      headers: {}
    response:
      tool_calls:
        - id: call_1
          type: function
          function: {name: get_weather, arguments: '{"city": "Lisbon", "days": [1, 2]}'}
      usage: {prompt_tokens: 10, completion_tokens: 20, total_tokens: 30}
      latency_ms: 100
      stream_chunk_delay_ms: 20
  - name: broken arguments
    match: {messages: [{content: "broken"}], tools_present: false}
    response:
      tool_calls: [{function: {name: t, arguments: "{"}}]
  - name: retried
    match: {messages: [{role: user, content: {regex: "^try.*again$"}}]}
    sequence:
      - {http_status: 429, error_message: Slow down., error_code: rate_limit_exceeded}
      - {http_status: 503}
      - {content: "Here you are.", finish_reason: length}
  - name: lost
    match: {endpoint: /v2/chat}
    response: {content: never, wings: 2}
  - name: silent
    match: {messages: [{role: user, content: silence}]}
"#;

#[test]
fn fixtures_of_stubllm() {
    let folder = Folder::with("stubllm", &[("chat.yaml", STUBLLM)]);
    let file = folder.path("chat.yaml");
    let (code, out, err) = ran(&["mock-llm", "convert", &folder.0.display().to_string()]);
    assert_eq!(code, 0, "{err}");
    let lost = format!(
        "mock-llm: not carried over: {file}:38: `endpoint`: there is none like it, so the fixture is \
         left out\n"
    );
    assert_eq!(err, lost);
    assert!(out.starts_with(&format!("# Converted from stubllm: {file}\n\nrules:\n")), "{out}");
    assert_eq!(text(&out, "how is the WEATHER?"), "It is sunny.");
    // The higher score wins, though it comes later.
    let exact = says(&out, "the weather in Lisbon");
    let call = &exact["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["id"], "call_1");
    assert_eq!(call["function"]["arguments"], r#"{"city":"Lisbon","days":[1,2]}"#);
    assert_eq!(exact["usage"]["total_tokens"], 30);
    assert!(out.contains("pace: \"first=100ms; gap=20ms\""), "{out}");
    let broken = says(&out, "this is broken");
    let call = &broken["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["function"]["arguments"], "{");
    let refused = says(&out, "TRY it\nagain");
    assert_eq!(refused["error"]["message"], "Slow down.");
    assert_eq!(refused["error"]["code"], "rate_limit_exceeded");
    assert!(out.contains("    then:\n      - error:\n          status: 503\n"), "{out}");
    assert!(out.contains("then_repeat:\n      reply:\n        text: Here you are.\n"), "{out}");
    assert_eq!(text(&out, "silence"), "Mock response.");
}

#[test]
fn a_list_of_fixtures_in_json_and_several_files() {
    let one = r#"[{"match": {"messages": [{"role": "user", "content": "a"}]}, "response": {"content": "A"}}]"#;
    let two = r#"{"name": "two", "response": {"content": "other"}}"#;
    let folder = Folder::with("several", &[("1.json", one), ("2.json", two), ("3.txt", "no")]);
    let (code, out, err) = ran(&["mock-llm", "convert", &folder.0.display().to_string()]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(text(&out, "A?"), "A");
    assert_eq!(text(&out, "?"), "other");
}

#[test]
fn a_file_is_written_once_and_json_says_what_is_lost() {
    let folder = Folder::with("written", &[("responses.yml", MOCKLLM)]);
    let (from, to) = (folder.path("responses.yml"), folder.path("mock-llm.yaml"));
    let (code, out, _) = ran(&["mock-llm", "convert", &from, "--output", &to, "--json"]);
    assert_eq!(code, 0);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["from"], &report["output"]), (&json!("mockllm"), &json!(to)));
    assert_eq!(report["config"], Value::Null);
    assert_eq!(report["lost"], json!([format!("{from}:11: `colour`: not known here")]));
    Config::load_profile(&to, "dev").unwrap();
    let (code, _, err) = ran(&["mock-llm", "convert", &from, "--output", &to]);
    assert_eq!(code, 1);
    assert!(err.contains("--force"), "{err}");
    let (code, out, _) = ran(&["mock-llm", "convert", &from, "--output", &to, "--force"]);
    assert_eq!((code, out), (0, format!("{to}: written, from mockllm\n")));
    let (_, out, _) = ran(&["mock-llm", "convert", &from, "--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert!(report["config"].as_str().unwrap().contains("default_reply: "), "{out}");
}

#[test]
fn what_is_no_tools_file_is_refused() {
    let folder = Folder::with(
        "unknown",
        &[("a.yaml", "colour: red\n"), ("b.yaml", "responses: [\n"), ("c.txt", "")],
    );
    for (file, args, expected) in [
        (
            "a.yaml",
            &[][..],
            "a.yaml: not known as a file of any tool; say by --from which it is of: aimock, \
             llmposter, mockllm, stubllm",
        ),
        (
            "a.yaml",
            &["--from", "mockll"],
            "there is no tool `mockll`; it may be aimock, llmposter, mockllm, stubllm",
        ),
        ("b.yaml", &[], "b.yaml:2:1: no YAML: "),
        ("c.txt", &[], "its name must end in `.yaml`"),
        ("d.yaml", &[], "d.yaml:1:1: cannot be read: "),
    ] {
        let path = folder.path(file);
        let mut line = vec!["mock-llm", "convert", &path];
        line.extend(args);
        let (code, out, err) = ran(&line);
        assert_eq!((code, out.as_str()), (1, ""), "{file}");
        assert!(err.contains(expected), "{err}");
    }
}

/// The answers of one layer of a file, to bodies of requests in turn.
fn answers(yaml: &str, bodies: &[Value]) -> Vec<(u16, Value)> {
    use bytes::Bytes;
    use http_body_util::{BodyExt, Full};
    use tower_service::Service;

    let mut service = Config::from_yaml(yaml).unwrap().layer().unwrap().into_service();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let mut answers = Vec::new();
        for body in bodies {
            let request = http::Request::post("https://api.openai.com/v1/chat/completions")
                .body(Full::<Bytes>::from(body.to_string()))
                .unwrap();
            let response = service.call(request).await.unwrap();
            let status = response.status().as_u16();
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let text = || Value::from(String::from_utf8_lossy(&bytes).into_owned());
            answers.push((status, serde_json::from_slice(&bytes).unwrap_or_else(|_| text())));
        }
        answers
    })
}

fn asked(words: &str) -> Value {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": words}]})
}

fn said((status, body): &(u16, Value)) -> String {
    assert_eq!(*status, 200, "{body}");
    body["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
}

const AIMOCK: &str = r#"{
  "fixtures": [
    {"match": {"userMessage": "first", "model": "gpt-4"}, "response": {"content": "of another model"}},
    {"match": {"userMessage": "weather", "toolName": "get_weather", "hasToolResult": false},
     "response": {"content": "I look.", "toolCalls": [{"name": "get_weather", "arguments": "{\"city\":\"Rome\"}", "id": "call_7"}]}},
    {"match": {"toolCallId": "call_7", "toolResultContains": "sun"}, "response": {"content": "It is sunny."}},
    {"match": {"userMessage": "retry", "sequenceIndex": 1}, "response": {"content": "Here."}},
    {"match": {"userMessage": "retry", "sequenceIndex": 0},
     "response": {"error": {"message": "Slow down.", "type": "rate_limit_error", "code": "rate_limit_exceeded"}, "status": 429}},
    {"match": {"userMessage": "retry"}, "response": {"content": "And so on."}},
    {"match": {"systemMessage": ["pirate", "brief"], "userMessage": "first"}, "response": {"content": "Arr.", "finishReason": "length"},
     "latency": 20, "truncateAfterChunks": 3, "chunkSize": 5},
    {"match": {"userMessage": "blocks"}, "response": {"blocks": [
       {"type": "toolCall", "name": "t", "arguments": {"a": 1}}, {"type": "text", "text": "after"}]},
     "streamingProfile": {"ttft": 300, "tps": 50, "jitter": 0.2}},
    {"match": {"userMessage": "pixel"}, "response": {"image": {"url": "https://x"}}},
    {"match": {"userMessage": "first", "context": "a"}, "response": {"content": "never"}},
    {"match": {"model": "gpt-4o"}, "response": {"content": "Hi.", "usage": {"prompt_tokens": 3, "completion_tokens": 4}}}
  ]
}"#;

#[test]
fn fixtures_of_aimock() {
    let folder = Folder::with("aimock", &[("chat.json", AIMOCK)]);
    let file = folder.path("chat.json");
    let (code, out, err) = ran(&["mock-llm", "convert", &file]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("# Converted from aimock: "), "{out}");
    let lost: Vec<_> = err.lines().map(|line| line.split_once("chat.json:").unwrap().1).collect();
    assert_eq!(
        lost,
        [
            "12: `chunkSize`: not known here",
            "16: `image`: not known here",
            "16: there is nothing like this response, so the fixture is left out",
            "17: `context`: the fixture is left out",
        ]
    );
    let tool = json!([{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]);
    let mut weather = asked("the weather?");
    weather["tools"] = tool.clone();
    let mut result = weather.clone();
    result["messages"].as_array_mut().unwrap().extend([
        json!({"role": "assistant", "tool_calls": [{"id": "call_7", "type": "function",
            "function": {"name": "get_weather", "arguments": "{}"}}]}),
        json!({"role": "tool", "tool_call_id": "call_7", "content": "sun, 21"}),
    ]);
    let mut pirate = asked("the first");
    pirate["messages"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({"role": "system", "content": "Be brief, pirate."}));
    let mut dated = asked("the first");
    dated["model"] = "gpt-4-0613".into();
    let bodies = [
        weather,
        result,
        pirate,
        dated,
        asked("the first"),
        asked("retry"),
        asked("retry"),
        asked("retry"),
        asked("retry"),
        asked("blocks"),
    ];
    let answers = answers(&out, &bodies);
    let call = &answers[0].1["choices"][0]["message"]["tool_calls"][0];
    assert_eq!((said(&answers[0]), &call["id"]), ("I look.".into(), &json!("call_7")));
    assert_eq!(call["function"]["arguments"], r#"{"city":"Rome"}"#);
    let texts: Vec<_> = answers[1..5].iter().map(said).collect();
    assert_eq!(texts, ["It is sunny.", "Arr.", "of another model", "Hi."]);
    assert_eq!(answers[2].1["choices"][0]["finish_reason"], "length");
    assert_eq!(answers[4].1["usage"]["total_tokens"], 7);
    assert_eq!((answers[5].0, &answers[5].1["error"]["message"]), (429, &json!("Slow down.")));
    let texts: Vec<_> = answers[6..].iter().map(said).collect();
    assert_eq!(texts, ["Here.", "And so on.", "And so on.", "after"]);
    assert!(out.contains("pace: \"first=300ms; rate=50; jitter=0.2\""), "{out}");
    assert!(out.contains("fault: \"abort_after=3\""), "{out}");
}

const LLMPOSTER: &str = r#"
fixtures:
  - catch_all: true
    response: {content: "Anything else."}
  - match: {user_message: "weather"}
    scenario: {name: flow, required_state: "", set_state: called}
    response:
      tool_calls: [{name: get_weather, arguments: {city: Paris, days: [1, 2]}}]
  - match: {user_message: "weather"}
    scenario: {name: flow, required_state: called}
    response: {content: "22 and sunny", stop_reason: max_tokens}
  - match: {user_message: {regex: "^slow \\w+$"}, model: gpt-4}
    error: {status: 429, message: Slow down., headers: {retry-after: "60", x-ratelimit-limit-requests: "100"}}
  - match: {user_message: "slow"}
    priority: 5
    provider: anthropic
    response: {content: "of another provider"}
  - match: {user_message: "bomb"}
    refusal: {reason: "I won't."}
  - match: {user_message: "bomb", temperature: {min: 1.5}}
    priority: 1
    response: {content: "hot"}
  - match: {user_message: "break"}
    response: {content: "ok"}
    failure: {corrupt_body: true, latency_ms: 500, disconnect_after_ms: 9}
  - match: {user_message: "cut"}
    response: {content: "a b c"}
    failure: {truncate_after_frames: 2}
    streaming: {latency: 50, chunk_size: 20}
  - match: {user_message: "path", body_jsonpath: "$.x"}
    response: {content: "never"}
  - match: {user_message: "old"}
    provider: responses
    response: {content: "never"}
"#;

#[test]
fn fixtures_of_llmposter() {
    let folder = Folder::with("llmposter", &[("chat.yaml", LLMPOSTER)]);
    let (code, out, err) = ran(&["mock-llm", "convert", &folder.path("chat.yaml")]);
    assert_eq!(code, 0, "{err}");
    let lost: Vec<_> = err.lines().map(|line| line.split_once("chat.yaml:").unwrap().1).collect();
    assert_eq!(
        lost,
        [
            "13: `x-ratelimit-limit-requests`: an error has the vendor's headers",
            "25: `disconnect_after_ms`: not known here",
            "29: `chunk_size`: not known here",
            "30: `body_jsonpath`: the fixture is left out",
            "33: `provider: responses`: the fixture is left out",
        ]
    );
    let mut hot = asked("a bomb");
    hot["temperature"] = json!(1.7);
    let words = ["weather", "weather", "slow walk", "slowly", "a bomb", "break", "path", "old"];
    let mut bodies: Vec<_> = words.iter().map(|words| asked(words)).collect();
    bodies.push(hot);
    let answers = answers(&out, &bodies);
    let call = &answers[0].1["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(call["arguments"], r#"{"city":"Paris","days":[1,2]}"#);
    assert_eq!(said(&answers[1]), "22 and sunny");
    assert_eq!((answers[2].0, &answers[2].1["error"]["message"]), (429, &json!("Slow down.")));
    assert_eq!(said(&answers[3]), "Anything else.");
    assert_eq!(answers[4].1["choices"][0]["message"]["refusal"], "I won't.");
    assert_eq!(answers[5], (200, json!("overloaded")));
    for (index, text) in [(6, "Anything else."), (7, "Anything else."), (8, "hot")] {
        assert_eq!(said(&answers[index]), text);
    }
    assert!(out.contains("fault: \"end_after=2\"") && out.contains("gap=50ms"), "{out}");
    // Such a file is no recording.
    let to = folder.path("x.jsonl");
    let (code, _, err) = ran(&["mock-llm", "cassette", "convert", &folder.path("chat.yaml"), &to]);
    assert_eq!(code, 1);
    assert!(err.contains("`mock-llm convert` makes a config file of them"), "{err}");
}
