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
            "a.yaml: not known as a file of any tool; say by --from which it is of: mockllm, stubllm",
        ),
        ("a.yaml", &["--from", "mockll"], "there is no tool `mockll`; it may be mockllm, stubllm"),
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
