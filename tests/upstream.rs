//! A server that passes on what is live, between real clients and providers that are not.
#![expect(clippy::disallowed_methods, reason = "tests wait, and a provider has tasks")]
#![cfg(all(feature = "cli", feature = "reqwest-0_13"))]

#[path = "upstream/by_model.rs"]
mod by_model;
#[expect(dead_code, reason = "shared with other tests")]
mod common;
#[path = "upstream/provider.rs"]
mod provider;
#[path = "upstream/record.rs"]
mod record;

use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{body, text, unary};
use futures::StreamExt;
use provider::Provider;
use tokio::sync::mpsc;
use tower_mock_llm::{
    ApiKeys, Ended, KeyModes, MockLlmLayer, MockServer, Mode, Provider as Vendor, Rule, Unmatched,
    Upstream,
};

fn mock() -> MockLlmLayer {
    MockLlmLayer::new().rule(Rule::always().respond_with("mocked"))
}

/// A server that passes on to this provider whatever is OpenAI's.
fn before(provider: &Provider, layer: MockLlmLayer) -> MockServer {
    before_url(&provider.url("/v1"), layer)
}

fn before_url(url: &str, layer: MockLlmLayer) -> MockServer {
    let server = MockServer::builder(layer).upstream(Upstream::new());
    let server = server.base_url(Vendor::OPENAI, url).unwrap();
    let server = server.base_url(Vendor::ANTHROPIC, url.trim_end_matches("/v1")).unwrap();
    server.base_url(Vendor::GEMINI, url.trim_end_matches("/v1")).unwrap().start().unwrap()
}

fn chat(server: &MockServer, key: &str) -> reqwest::RequestBuilder {
    let url = format!("{}/v1/chat/completions", server.url());
    reqwest::Client::new().post(url).bearer_auth(key).body(unary())
}

#[tokio::test]
async fn while_the_mock_is_off_everything_is_passed_on_as_it_is() {
    let provider = Provider::start();
    let server = before(&provider, mock().enabled(false));
    let answer = chat(&server, "sk-live")
        .header("x-stainless-lang", "rust")
        .header("connection", "x-private, keep-alive")
        .header("x-private", "1")
        .header("x-mock-llm-pace", "instant")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-request-id"], "req_live");
    assert!(!answer.headers().contains_key("keep-alive"), "{:?}", answer.headers());
    assert!(!answer.headers().contains_key("x-mock-llm"));
    let seen: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["path"], "/v1/chat/completions");
    assert_eq!(seen["body"], unary());
    let headers = &seen["headers"];
    assert_eq!(headers["authorization"], "Bearer sk-live");
    assert_eq!(headers["x-stainless-lang"], "rust");
    assert_eq!(headers["host"], provider.addr.to_string());
    for gone in ["x-private", "x-mock-llm-pace", "connection"] {
        assert!(headers.get(gone).is_none(), "{gone}: {headers}");
    }
    // It is in the journal, without the key.
    let received = &server.handle().received()[0];
    assert_eq!((received.live(), received.status.as_u16()), (Some("openai"), 200));
    assert_eq!(received.head.headers["x-stainless-lang"], "rust");
    assert!(!received.head.headers.contains_key("authorization"));
    // Every endpoint and every method.
    let files = format!("{}/v1/files?limit=3", server.url());
    let answer = reqwest::Client::new().get(files).bearer_auth("k").send().await.unwrap();
    let seen: serde_json::Value = answer.json().await.unwrap();
    assert_eq!((&seen["method"], &seen["path"]), (&"GET".into(), &"/v1/files?limit=3".into()));
    let ended: Vec<_> = server.handle().received().iter().map(|it| it.delivery().ended).collect();
    assert_eq!(ended, [Ended::Whole, Ended::Whole]);
    // On again.
    server.handle().set_mode(Mode::Mock);
    let answer = chat(&server, "sk-live").send().await.unwrap();
    assert_eq!(text(&answer.text().await.unwrap()), "mocked");
    assert_eq!(provider.calls(), 2);
}

#[tokio::test]
async fn over_http2_too() {
    let provider = Provider::start();
    let server = before(&provider, mock().enabled(false));
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let url = format!("{}/v1/chat/completions", server.url());
    let answer = client.post(url).bearer_auth("sk-live").body(unary()).send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    let seen: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(seen["body"], unary());
    assert_eq!(seen["headers"]["host"], provider.addr.to_string());
}

#[tokio::test]
async fn keys_providers_and_unknown_endpoints_go_live_as_the_layer_says() {
    let provider = Provider::start();
    let modes = KeyModes::new(Mode::Mock);
    modes.set("sk-live-*", Mode::Off).unwrap();
    for (layer, key, path, live) in [
        (mock().key_modes(modes), "sk-live-1", "/v1/chat/completions", true),
        (mock().api_keys(ApiKeys::prefix("sk-test-")), "sk-live-1", "/v1/chat/completions", true),
        (mock().api_keys(ApiKeys::prefix("sk-test-")), "sk-test-1", "/v1/chat/completions", false),
        (mock().providers([Vendor::GEMINI]), "sk-1", "/v1/chat/completions", true),
        (mock().unmatched(Unmatched::Forward), "sk-1", "/v1/files", true),
        (mock().unmatched(Unmatched::Forward), "sk-1", "/v1/chat/completions", false),
    ] {
        let server = before(&provider, layer);
        let before = provider.calls();
        let url = format!("{}{path}", server.url());
        let request = reqwest::Client::new().post(url).bearer_auth(key).body(unary());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{key} {path}");
        assert_eq!(provider.calls() - before, usize::from(live), "{key} {path}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_not_mocked_never_leaves_unasked() {
    let provider = Provider::start();
    let server = before(&provider, mock());
    for path in ["/v1/files", "/v1/images/generations", "/v1beta/cachedContents", "/x"] {
        let url = format!("{}{path}", server.url());
        let answer = reqwest::Client::new().post(url).bearer_auth("k").send().await.unwrap();
        assert!(answer.status().as_u16() >= 400, "{path}");
    }
    assert_eq!(provider.calls(), 0);
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let provider = Provider::start();
    let server = before(&provider, mock().enabled(false));
    let (send, receive) = mpsc::unbounded_channel::<&str>();
    let chunks = futures::stream::unfold(receive, |mut receive| async {
        Some((Ok::<_, std::io::Error>(receive.recv().await?), receive))
    });
    let url = format!("{}/v1/echo", server.url());
    let request = reqwest::Client::new().post(url).bearer_auth("k");
    send.send("one ").unwrap();
    let answer = request.body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();
    let mut echoed = answer.bytes_stream();
    // Each piece is through before the next is sent.
    for piece in ["one ", "two ", "three"] {
        assert_eq!(echoed.next().await.unwrap().unwrap(), piece);
        match piece {
            "one " => send.send("two ").unwrap(),
            "two " => send.send("three").unwrap(),
            _ => {}
        }
    }
    drop(send);
    assert!(echoed.next().await.is_none());
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_the_provider() {
    let provider = Provider::start();
    let server = before(&provider, mock().enabled(false));
    let url = format!("{}/v1/endless", server.url());
    let answer = reqwest::Client::new().get(url).bearer_auth("k").send().await.unwrap();
    // It would be sent without an end. Here it stops once the buffers between are full.
    let made = || provider.made.load(Ordering::SeqCst);
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(made() < 256 * 1024 * 1024, "nothing holds it up");
        if made() > 0 && made() == before {
            break;
        }
        before = made();
    }
    // And goes on when there is room.
    let mut stream = answer.bytes_stream();
    let mut read = 0;
    while read <= before {
        read += stream.next().await.unwrap().unwrap().len();
    }
    // A client that goes away ends it.
    drop(stream);
    let ended = || server.handle().received()[0].delivery().ended;
    while provider.open.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(ended(), Ended::Dropped);
}

#[tokio::test]
async fn a_dead_provider_is_named_in_its_own_envelope() {
    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let server = before_url(&format!("http://{dead}/v1"), mock().enabled(false));
    for (path, pointer) in [
        ("/v1/chat/completions", "/error/message"),
        ("/v1/messages", "/error/message"),
        ("/v1beta/models/gemini-2.5-flash:generateContent?key=secret", "/error/message"),
    ] {
        let url = format!("{}{path}", server.url());
        let answer = reqwest::Client::new().post(url).header("x-api-key", "k").body("{}");
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 502);
        let answer: serde_json::Value = answer.json().await.unwrap();
        let message = answer.pointer(pointer).unwrap().as_str().unwrap();
        let path = path.split('?').next().unwrap();
        assert!(message.contains(&format!("http://{dead}{path}")), "{message}");
        assert!(message.contains("refused") && message.contains("base_url"), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[tokio::test]
async fn times_are_limited() {
    let provider = Provider::start();
    let short = Duration::from_millis(50);
    let start = |upstream: Upstream| {
        let server = MockServer::builder(mock().enabled(false)).upstream(upstream);
        server.base_url(Vendor::OPENAI, &provider.url("/v1")).unwrap().start().unwrap()
    };
    let client = reqwest::Client::new();
    let server = start(Upstream::new().timeout(short));
    let silent = client.get(format!("{}/v1/silent", server.url())).bearer_auth("k");
    let answer = silent.send().await.unwrap();
    assert_eq!(answer.status(), 502);
    let why = answer.text().await.unwrap();
    assert!(why.contains("did not answer within 50ms"), "{why}");
    let server = start(Upstream::new().idle_timeout(short));
    let stalls = client.get(format!("{}/v1/stalls", server.url())).bearer_auth("k");
    let mut stream = stalls.send().await.unwrap().bytes_stream();
    assert_eq!(stream.next().await.unwrap().unwrap(), "first");
    assert!(stream.next().await.unwrap().is_err());
}

#[tokio::test]
async fn over_tls_certificates_are_checked() {
    let (provider, certificate) = Provider::start_tls();
    let url = format!("https://localhost:{}/v1", provider.addr.port());
    let start = |upstream: Upstream| {
        let server = MockServer::builder(mock().enabled(false)).upstream(upstream);
        server.base_url(Vendor::OPENAI, &url).unwrap().start().unwrap()
    };
    let server = start(Upstream::new());
    let answer = chat(&server, "sk-live").send().await.unwrap();
    assert_eq!(answer.status(), 502);
    let why = answer.text().await.unwrap();
    assert!(why.contains("certificate"), "{why}");
    assert_eq!(provider.calls(), 0);
    let server = start(Upstream::new().root_pem(certificate.as_bytes()).unwrap());
    let answer = chat(&server, "sk-live").send().await.unwrap();
    let seen: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(seen["headers"]["authorization"], "Bearer sk-live");
    assert_eq!(seen["version"], "HTTP/2.0");
}

#[test]
fn base_urls_are_checked() {
    let builder = || MockServer::builder(mock());
    let error = builder().base_url(Vendor::OPENAI, "api.openai.com/v1").unwrap_err();
    assert!(error.is_config() && error.to_string().contains("api.openai.com/v1"), "{error}");
}

#[tokio::test]
async fn without_an_upstream_live_calls_are_refused() {
    let server = mock().enabled(false).serve().unwrap();
    let answer = chat(&server, "sk-live").body(body("hi", true)).send().await.unwrap();
    assert_eq!(answer.status(), 503);
}
