//! Config files, by what a layer of them does.

#![expect(clippy::disallowed_methods, reason = "tests look at the clock")]
#![cfg(feature = "config")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};
use tower_mock_llm::config::Config;
use tower_mock_llm::{MockLlmLayer, Mode};

const DEVELOPMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/config/development.yaml");
const PRODUCTION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/config/production.yaml");

/// A layer with a network behind it that counts what reaches it.
struct Net {
    layer: MockLlmLayer,
    calls: Arc<AtomicUsize>,
}

impl Net {
    fn behind(layer: MockLlmLayer) -> Self {
        Self { layer, calls: Arc::default() }
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Response<Bytes> {
        let calls = Arc::clone(&self.calls);
        let network = service_fn(move |_: Request<Full<Bytes>>| {
            calls.fetch_add(1, Ordering::Relaxed);
            async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("the network")))) }
        });
        let response = self.layer.layer(network).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }

    async fn post(&self, url: &str, body: Value) -> (u16, Value) {
        let response = self.send(post(url, &body)).await;
        let json = serde_json::from_slice(response.body()).unwrap_or_default();
        (response.status().as_u16(), json)
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

fn post(url: &str, body: &Value) -> Request<Full<Bytes>> {
    Request::post(url).body(Full::from(body.to_string())).unwrap()
}

fn asks(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

fn config(yaml: &str) -> Net {
    Net::behind(Config::from_yaml(yaml).unwrap().layer().unwrap())
}

const OPENAI: &str = "https://api.openai.com/v1/chat/completions";
const ANTHROPIC: &str = "https://api.anthropic.com/v1/messages";

#[tokio::test(start_paused = true)]
async fn development_answers_everything_and_never_touches_the_network() {
    let net = Net::behind(MockLlmLayer::from_config(DEVELOPMENT).unwrap());
    // Bare: no key, no version, no limit. By keyword in any case, or the default.
    for (text, says) in [
        ("HELLO there", "Hello! How can I help you today?"),
        ("What about Error Handling?", "Use a Result, and say what went wrong and where."),
        ("anything", "This is a mock response from GPT-4."),
    ] {
        let (status, body) = net.post(OPENAI, asks("gpt-4", text)).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["object"], "chat.completion");
        assert_eq!(body["choices"][0]["message"]["content"], says);
        // The same model by another vendor's API: its shape, the file's text.
        let (status, body) = net.post(ANTHROPIC, asks("gpt-4", text)).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!((&body["type"], &body["model"]), (&json!("message"), &json!("gpt-4")));
        assert_eq!(body["content"], json!([{"type": "text", "text": says}]));
    }
    let (_, body) = net.post(ANTHROPIC, asks("claude-3-sonnet", "A code review, please")).await;
    assert_eq!(body["content"][0]["text"], "The code looks good. I have two small suggestions.");
    // By path on this machine, as a server sees it.
    let (_, body) = net.post("http://localhost:8080/v1/messages", asks("gpt-4", "hello")).await;
    assert_eq!(body["content"][0]["text"], "Hello! How can I help you today?");
    // What the file does not name.
    let gemini =
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent";
    let (status, _) = net.post(gemini, json!({"contents": [{"parts": [{"text": "hi"}]}]})).await;
    assert_eq!(status, 200);
    assert_eq!(net.post(OPENAI, asks("gpt-5", "hi")).await.0, 200);
    // An endpoint that is not mocked is refused, not called.
    assert_eq!(net.post("https://api.openai.com/v1/files", json!({})).await.0, 404);
    assert_eq!(net.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn answers_are_marked_and_take_their_time() {
    let net = Net::behind(MockLlmLayer::from_config(DEVELOPMENT).unwrap());
    let start = tokio::time::Instant::now();
    let response = net.send(post(OPENAI, &asks("gpt-4", "hello"))).await;
    assert_eq!(response.headers()["x-mock-llm"], "true");
    assert_eq!(start.elapsed().as_millis(), 50);
    // Refusals and streams are marked too.
    let response = net.send(post(OPENAI, &json!({}))).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-mock-llm"]),
        (400, &"true".parse().unwrap())
    );
    let mut body = asks("gpt-4", "hello");
    body["stream"] = true.into();
    let response = net.send(post(OPENAI, &body)).await;
    assert_eq!(response.headers()["x-mock-llm"], "true");
    assert!(response.body().ends_with(b"data: [DONE]\n\n"));

    let net = config("response_header: false\n");
    let response = net.send(post(OPENAI, &asks("gpt-4", "hello"))).await;
    assert!(!response.headers().contains_key("x-mock-llm"));
}

#[tokio::test]
async fn production_passes_everything_on() {
    let layer = MockLlmLayer::from_config(PRODUCTION).unwrap();
    assert_eq!(layer.handle().mode(), Mode::Off);
    let net = Net::behind(layer);
    for url in
        [OPENAI, ANTHROPIC, "https://api.openai.com/v1/files", "http://localhost/v1/messages"]
    {
        let response = net.send(post(url, &asks("gpt-4", "hello"))).await;
        assert_eq!(response.body(), "the network", "{url}");
        assert!(!response.headers().contains_key("x-mock-llm"));
    }
    assert_eq!(net.calls(), 4);
}

#[tokio::test]
async fn a_gateway_of_a_disabled_provider_is_not_called() {
    let net = config(
        "providers:\n  mock: {type: mock, responses: {m: hi}}\n  gateway: {type: anthropic, \
         enabled: false, base_url: https://llm.example.com/anthropic}\n",
    );
    let (_, body) = net.post("https://llm.example.com/v1/messages", asks("m", "x")).await;
    assert_eq!(body["content"][0]["text"], "hi");
    let (status, body) =
        net.post("https://llm.example.com/anthropic/v1/messages", asks("m", "x")).await;
    assert_eq!((status, &body["type"]), (404, &json!("error")));
    assert_eq!(net.calls(), 0);
    net.post("https://elsewhere.example.com/v1/messages", asks("m", "x")).await;
    assert_eq!(net.calls(), 1);
}

#[tokio::test]
async fn validation_may_be_strict() {
    let net = config("validation: strict\n");
    let (status, body) = net.post(OPENAI, asks("gpt-4", "hi")).await;
    assert_eq!(status, 401, "{body}");
    assert_eq!(net.post(ANTHROPIC, asks("gpt-4", "hi")).await.0, 401);
}

#[tokio::test]
async fn lenient_is_not_blind() {
    let net = config("{}");
    for url in [OPENAI, ANTHROPIC] {
        let mut body = asks("gpt-4", "hi");
        body["no_such_field"] = 1.into();
        assert_eq!(net.post(url, body).await.0, 200, "{url}");
        assert_eq!(net.post(url, json!({"model": "gpt-4"})).await.0, 400, "{url}");
        assert_eq!(net.post(url, json!({"model": "gpt-4", "messages": 7})).await.0, 400, "{url}");
    }
    let gemini =
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:countTokens";
    assert_eq!(net.post(gemini, json!({"contents": [{"parts": [{"text": "hi"}]}]})).await.0, 200);
    let embeddings = json!({"model": "text-embedding-3-small", "input": "hi"});
    assert_eq!(net.post("https://api.openai.com/v1/embeddings", embeddings).await.0, 200);
    // Numbers as tools send them that have nothing but texts.
    let mut texts = asks("gpt-4", "hi");
    for (field, value) in [("temperature", "0.5"), ("max_tokens", "3"), ("top_p", "1")] {
        texts[field] = value.into();
    }
    for url in [OPENAI, ANTHROPIC] {
        assert_eq!(net.post(url, texts.clone()).await.0, 200, "{url}");
        let received = net.layer.handle().received();
        let sampling = received.last().unwrap().request().unwrap().sampling.clone();
        assert_eq!((sampling.temperature, sampling.max_tokens), (Some(0.5), Some(3)), "{url}");
    }
    texts["max_tokens"] = "many".into();
    for url in [OPENAI, ANTHROPIC] {
        assert_eq!(net.post(url, texts.clone()).await.0, 400, "{url}");
    }
    let gemini =
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent";
    let config = json!({"temperature": "0.5", "maxOutputTokens": "3"});
    let body = json!({"contents": [{"parts": [{"text": "hi"}]}], "generationConfig": config});
    assert_eq!(net.post(gemini, body).await.0, 200);
    // What the room fills in is not in the journal.
    net.post(ANTHROPIC, asks("gpt-4", "hi")).await;
    let received = net.layer.handle().received();
    let last = received.last().unwrap();
    assert_eq!(last.request().unwrap().body, asks("gpt-4", "hi").to_string());
}

#[tokio::test]
async fn models_belong_to_mocks() {
    let net = config(
        "
providers:
  fast: {type: mock, responses: {\"*\": fast, small: {patterns: [{pattern: a b, response: ab}]}}}
  slow: {type: mock, responses: {\"*\": slow, \"big-*\": bigger}}
  off: {type: openai, enabled: false}
models:
  big: {provider: slow}
  big-2: {provider: off, fallback_provider: slow}
  gone: {provider: off}
",
    );
    for (model, text, says) in [
        ("other", "x", "fast"),
        ("small", "x A B x", "ab"),
        ("small", "x", "fast"),
        ("big", "x", "slow"),
        ("big-2", "x", "bigger"),
        ("gone", "x", "fast"),
    ] {
        let (_, body) = net.post(OPENAI, asks(model, text)).await;
        assert_eq!(body["choices"][0]["message"]["content"], says, "{model}");
    }
}

#[tokio::test]
async fn a_mock_that_fails_is_stood_in_for_by_the_next() {
    let net = config(
        "
providers:
  first:
    type: mock
    responses:
      \"*\": {default: first, patterns: [{pattern: busy, response: {error: rate_limit}}, {pattern: bad, response: {error: invalid_request}}, {pattern: gone, response: {no_answer: closed}}]}
  next: {type: mock, responses: {\"*\": {default: next, patterns: [{pattern: busy, response: next is free}]}}}
  broken: {type: mock, failure_rate: 1, responses: {\"*\": never}}
models:
  a: {provider: first, fallback_provider: next}
  b: {provider: broken, fallback_provider: next}
  c: {provider: broken}
",
    );
    for (model, text, expected) in [
        ("a", "x", Ok("first")),
        ("a", "busy", Ok("next is free")),
        ("a", "gone", Ok("next")),
        // The request is at fault, and would be anywhere.
        ("a", "bad", Err(400)),
        ("b", "x", Ok("next")),
        ("other", "busy", Err(429)),
    ] {
        let (status, body) = net.post(OPENAI, asks(model, text)).await;
        let said = body["choices"][0]["message"]["content"].as_str();
        assert_eq!(said.ok_or(status), expected, "{model} {text}: {body}");
    }
    assert!(net.post(OPENAI, asks("c", "x")).await.0 >= 500);
    let (status, body) = net.post(ANTHROPIC, asks("b", "x")).await;
    assert_eq!((status, &body["content"][0]["text"]), (200, &json!("next")));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_counted_from_when_the_file_was_loaded() {
    let net = config("trouble: [{error: overloaded, between: {from: 10s, to: 50s}}]\n");
    for (wait, status) in [(0, 200), (9, 200), (2, 503), (38, 503), (2, 200)] {
        tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
        assert_eq!(net.post(OPENAI, asks("gpt-4", "hi")).await.0, status, "after {wait} s more");
    }
}

#[tokio::test]
async fn keys_decide_who_goes_live_and_can_be_switched() {
    let net = config("keys: {sk-live-*: live, sk-live-tests: mock}\n");
    let send = async |key: &str| {
        let mut request = post(OPENAI, &asks("gpt-4", "hi"));
        let key = format!("Bearer {key}").parse().unwrap();
        request.headers_mut().insert("authorization", key);
        net.send(request).await.headers().contains_key("x-mock-llm")
    };
    assert!(!send("sk-live-1").await);
    assert!(send("sk-live-tests").await);
    assert!(send("other").await);
    let handle = net.layer.handle();
    handle.set_key_mode("sk-live-*", Mode::Mock).unwrap();
    handle.set_key_mode("other", Mode::Off).unwrap();
    assert!(send("sk-live-1").await);
    assert!(!send("other").await);
    assert_eq!(net.calls(), 2);
}

#[tokio::test]
async fn one_key_may_be_mocked_where_all_else_is_live() {
    let net = config("providers: {o: {type: openai}}\nkeys: {sk-test-*: mock}\n");
    assert_eq!(net.send(post(OPENAI, &asks("gpt-4", "hi"))).await.body(), "the network");
    let mut request = post(OPENAI, &asks("gpt-4", "hi"));
    request.headers_mut().insert("authorization", "Bearer sk-test-1".parse().unwrap());
    assert_eq!(net.send(request).await.headers()["x-mock-llm"], "true");
}

#[tokio::test]
async fn some_requests_fail_as_often_as_the_file_says() {
    let yaml = "providers: {m: {type: mock, failure_rate: 0.3, responses: {\"*\": fine}}}\n";
    let (first, second) = (config(yaml), config(yaml));
    let mut failed = 0;
    for number in 0..300 {
        let body = asks("gpt-4", &number.to_string());
        let (status, _) = first.post(OPENAI, body.clone()).await;
        // The same on every replica.
        assert_eq!(second.post(OPENAI, body).await.0, status);
        assert!([200, 500, 503].contains(&status), "{status}");
        failed += usize::from(status != 200);
    }
    assert!((60..=120).contains(&failed), "{failed} of 300");

    // The same request meets another fate each time, where the file says so.
    let net =
        config("providers: {m: {type: mock, failure_rate: 0.5, deterministic: false}}\nseed: 1\n");
    let mut fates = Vec::new();
    for _ in 0..40 {
        fates.push(net.post(OPENAI, asks("gpt-4", "hi")).await.0 == 200);
    }
    assert!(fates.contains(&true) && fates.contains(&false));
}

#[tokio::test]
async fn strict_refuses_what_the_file_does_not_say() {
    let net = config(
        "strict: true\nproviders: {m: {type: mock, responses: {gpt-4: {patterns: {a: b}}}}}\n",
    );
    assert_eq!(net.post(OPENAI, asks("gpt-4", "a")).await.0, 200);
    let (status, body) = net.post(OPENAI, asks("gpt-4", "c")).await;
    assert_eq!(status, 400);
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("`providers.m.responses.gpt-4.patterns.a`"), "{message}");
    // A rule that can never answer is an error, not a panic.
    let twice = "strict: true\nproviders: {m: {type: mock, responses: {a: {patterns: [\
                 {pattern: x, response: y}, {pattern: X, response: z}]}}}}\n";
    let error = Config::from_yaml(twice).unwrap().layer().unwrap_err();
    assert!(error.to_string().contains("never answers"), "{error}");
}

/// Runs itself once more, where the variable is set.
#[test]
fn a_layer_that_is_on_refuses_to_start_where_that_is_forbidden() {
    if std::env::var_os("MOCK_LLM_FORBID").is_none() {
        let name = "a_layer_that_is_on_refuses_to_start_where_that_is_forbidden";
        let again = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env("MOCK_LLM_FORBID", "1")
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&again.stdout);
        assert!(again.status.success() && out.contains("1 passed"), "{out}");
        return;
    }
    let refused =
        |act: fn(MockLlmLayer)| std::panic::catch_unwind(|| act(MockLlmLayer::new())).is_err();
    assert!(refused(|layer| drop(layer.into_service())));
    assert!(refused(|layer| layer.enabled(false).handle().set_mode(Mode::Mock)));
    // What is off may start.
    assert!(!refused(|layer| drop(layer.enabled(false).into_service())));
    assert!(MockLlmLayer::from_config(PRODUCTION).is_ok());
    let error = MockLlmLayer::from_config(DEVELOPMENT).unwrap_err().to_string();
    let expected = "MOCK_LLM_FORBID forbids to mock, but the config file does: providers.mock: the \
                    mock is enabled";
    assert_eq!(error, expected);
    let keys = "providers: {o: {type: openai}}\nkeys: {sk-test-*: mock}\n";
    assert!(Config::from_yaml(keys).unwrap().layer().is_err());
}

/// Runs itself once more, where the variable is set.
#[cfg(unix)]
#[test]
fn a_profile_whose_name_is_no_text_is_not_passed_over() {
    use std::os::unix::ffi::OsStrExt;

    if std::env::var_os("MOCK_LLM_PROFILE").is_none() {
        let name = "a_profile_whose_name_is_no_text_is_not_passed_over";
        let again = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env("MOCK_LLM_PROFILE", std::ffi::OsStr::from_bytes(b"production\xff"))
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&again.stdout);
        assert!(again.status.success() && out.contains("1 passed"), "{out}");
        return;
    }
    let error = MockLlmLayer::from_config(DEVELOPMENT).unwrap_err().to_string();
    assert_eq!(error, "MOCK_LLM_PROFILE names no profile: it is no UTF-8");
}
