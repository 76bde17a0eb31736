//! By the config file: models that go live, and who is asked next.

use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};
use tower_mock_llm::MockServer;
use tower_mock_llm::config::Config;

use super::provider::Provider;

fn server(yaml: &str) -> MockServer {
    Config::from_yaml(yaml).unwrap().server_builder().unwrap().start().unwrap()
}

/// The status, whether the mock answered, and the answer.
async fn ask(server: &MockServer, model: &str, path: &str) -> (u16, bool, Value) {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    let request = reqwest::Client::new().post(format!("{}{path}", server.url()));
    let answer = request.bearer_auth("sk-mine").body(body.to_string()).send().await.unwrap();
    let mocked = answer.headers().contains_key("x-mock-llm");
    (answer.status().as_u16(), mocked, answer.json().await.unwrap())
}

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn models_go_live_while_others_are_mocked() {
    let openai = Provider::start();
    let yaml = format!(
        "
providers:
  mock: {{type: mock, responses: {{gpt-4: mocked}}}}
  openai: {{type: openai, base_url: '{}'}}
models:
  gpt-4: {{provider: mock, fallback_provider: openai}}
  gpt-5: {{provider: openai}}
",
        openai.url("/v1")
    );
    let server = server(&yaml);
    let (status, mocked, answer) = ask(&server, "gpt-4", CHAT).await;
    assert_eq!((status, mocked), (200, true));
    assert_eq!(answer["choices"][0]["message"]["content"], "mocked");
    let (status, mocked, seen) = ask(&server, "gpt-5", CHAT).await;
    assert_eq!((status, mocked), (200, false));
    assert_eq!(seen["headers"]["authorization"], "Bearer sk-mine");
    let sent: Value = serde_json::from_str(seen["body"].as_str().unwrap()).unwrap();
    assert_eq!(sent["model"], "gpt-5");
    // What the file does not name is the mock's, and nothing else leaves.
    assert_eq!(ask(&server, "gpt-6", CHAT).await.0, 200);
    assert!(ask(&server, "gpt-5", "/v1/images/generations").await.0 >= 400);
    // Nobody of the file speaks Anthropic's.
    let (status, _, answer) = ask(&server, "gpt-5", "/v1/messages").await;
    assert_eq!((status, &answer["type"]), (502, &"error".into()), "{answer}");
    assert_eq!(openai.calls(), 1);
}

#[tokio::test]
async fn a_layer_passes_on_by_model_where_it_can() {
    let yaml = "
providers: {mock: {type: mock}, openai: {type: openai}}
models: {gpt-5: {provider: openai}}
";
    let config = Config::from_yaml(yaml).unwrap();
    let live = service_fn(async |request: http::Request<Full<bytes::Bytes>>| {
        assert_eq!(request.headers()["authorization"], "Bearer sk-mine");
        let body = request.into_body().collect().await.unwrap().to_bytes();
        Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(body)))
    });
    let request = |model: &str| {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
        http::Request::post("https://api.openai.com/v1/chat/completions")
            .header("authorization", "Bearer sk-mine")
            .body(Full::<bytes::Bytes>::from(body.to_string()))
            .unwrap()
    };
    let recording = config.layer().unwrap().recording().layer(live);
    for (model, mocked) in [("gpt-5", false), ("gpt-4", true)] {
        let answer = recording.clone().oneshot(request(model)).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers().contains_key("x-mock-llm"), mocked, "{model}");
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body.get("choices").is_some(), mocked);
    }
    // A plain one has only looked at the head, and says so rather than mock it.
    let plain = config.layer().unwrap().layer(live);
    let answer = plain.oneshot(request("gpt-5")).await.unwrap();
    assert_eq!(answer.status(), 400);
    let why = answer.into_body().collect().await.unwrap().to_bytes();
    let why = String::from_utf8_lossy(&why);
    assert!(why.contains("`gpt-5` goes live") && why.contains("recording()"), "{why}");
}

#[tokio::test]
async fn the_next_provider_is_asked_when_the_first_fails() {
    let (first, next) = (Provider::start(), Provider::start());
    let dead = "http://127.0.0.1:9/v1";
    let yaml = format!(
        "
providers:
  first: {{type: openai, base_url: '{}', api_key: sk-first}}
  dead: {{type: openai, base_url: '{dead}'}}
  next: {{type: custom, base_url: '{}', api_key: sk-next}}
  claude: {{type: anthropic, base_url: '{}'}}
models:
  status-503: {{provider: first, fallback_provider: next}}
  status-429: {{provider: first, fallback_provider: next}}
  status-400: {{provider: first, fallback_provider: next}}
  status-500: {{provider: first, fallback_provider: claude}}
  gpt-4: {{provider: dead, fallback_provider: next}}
",
        first.url("/v1"),
        next.url("/v1"),
        next.url("")
    );
    let server = server(&yaml);
    for (model, of_first, of_next) in [
        ("status-503", 1, 1),
        ("status-429", 1, 1),
        // Nothing that another would answer otherwise.
        ("status-400", 1, 0),
        // It does not speak this API.
        ("status-500", 1, 0),
        ("gpt-4", 0, 1),
        // Not named: the first of its wire.
        ("gpt-9", 1, 0),
    ] {
        let before = (first.calls(), next.calls());
        let (_, mocked, seen) = ask(&server, model, CHAT).await;
        assert!(!mocked);
        let calls = (first.calls() - before.0, next.calls() - before.1);
        assert_eq!(calls, (of_first, of_next), "{model}");
        // The caller's key is for the first one, and for no other.
        let key = if of_next == 1 { "Bearer sk-next" } else { "Bearer sk-mine" };
        assert_eq!(seen["headers"]["authorization"], key, "{model}");
    }
    // The last failure is what the caller gets.
    assert_eq!(ask(&server, "status-503", CHAT).await.0, 503);
    // A request without a key goes with the file's.
    let answer = reqwest::Client::new().post(format!("{}{CHAT}", server.url()));
    let answer = answer.body(r#"{"model": "gpt-9"}"#).send().await.unwrap();
    let seen: Value = answer.json().await.unwrap();
    assert_eq!(seen["headers"]["authorization"], "Bearer sk-first");
}

#[tokio::test]
async fn a_mock_that_is_told_to_fail_falls_back_on_the_provider_and_the_other_way_round() {
    let openai = Provider::start();
    let yaml = format!(
        "
providers:
  mock: {{type: mock, failure_rate: 1.0}}
  openai: {{type: openai, base_url: '{}'}}
  calm: {{type: mock, responses: {{'*': from the calm one}}}}
models:
  gpt-4: {{provider: mock, fallback_provider: openai}}
  status-502: {{provider: openai, fallback_provider: calm}}
",
        openai.url("/v1")
    );
    let server = server(&yaml);
    let (status, mocked, _) = ask(&server, "gpt-4", CHAT).await;
    assert_eq!((status, mocked, openai.calls()), (200, false, 1));
    let (status, mocked, answer) = ask(&server, "status-502", CHAT).await;
    assert_eq!((status, mocked, openai.calls()), (200, true, 2));
    assert_eq!(answer["choices"][0]["message"]["content"], "from the calm one");
    // Where there is nobody to fall back on, it fails.
    let (status, mocked, _) = ask(&server, "gpt-5", CHAT).await;
    assert!(status >= 500 && mocked, "{status}");
}

#[tokio::test]
async fn production_is_passed_on_by_a_server() {
    let (openai, anthropic) = (Provider::start(), Provider::start());
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/config/production.yaml");
    let yaml = std::fs::read_to_string(file).unwrap();
    let yaml = yaml
        .replace("https://api.openai.com", &openai.url(""))
        .replace("https://api.anthropic.com", &anthropic.url(""));
    let server = server(&yaml);
    for (model, path) in
        [("gpt-4", CHAT), ("claude-3-sonnet", "/v1/messages"), ("gpt-5", "/v1/responses")]
    {
        let (status, mocked, seen) = ask(&server, model, path).await;
        assert_eq!((status, mocked), (200, false), "{seen}");
        assert_eq!(seen["path"], path);
    }
    assert_eq!((openai.calls(), anthropic.calls()), (2, 1));
}

#[test]
fn a_live_provider_without_an_address_is_refused() {
    let config = Config::from_yaml("providers: {a: {type: azure}}\n").unwrap();
    let error = config.server_builder().unwrap_err().to_string();
    assert_eq!(error, "providers.a: a server needs its `base_url`, to call it");
}
