//! Who is answered, who goes on, and what it costs to go on.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_mock_llm::{ApiKeys, MockLlmLayer, Mode, Provider, Unmatched};

const OPENAI: &str = "https://api.openai.com/v1/chat/completions";
const BODY: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"x"}]}"#;

type Req = Request<Full<Bytes>>;

/// Whether the request reached the inner service.
async fn goes_on(layer: &MockLlmLayer, request: Req) -> bool {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let inner = service_fn(move |request: Req| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move { Ok::<_, Infallible>(Response::new(request.into_body())) }
    });
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    let goes_on = calls.load(Ordering::Relaxed) == 1;
    assert_eq!(response.body().is_mock(), !goes_on);
    if goes_on {
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, BODY, "the body passes untouched");
    }
    goes_on
}

fn post(url: &str, key: &str) -> Req {
    Request::post(url)
        .header("authorization", format!("Bearer {key}"))
        .body(Full::from(BODY))
        .unwrap()
}

#[tokio::test]
async fn off_everything_goes_on() {
    let off = MockLlmLayer::new().enabled(false);
    assert!(goes_on(&off, post(OPENAI, "k")).await);
    off.handle().set_mode(Mode::Mock);
    assert!(!goes_on(&off, post(OPENAI, "k")).await);
    off.handle().set_mode(Mode::Off);
    assert!(goes_on(&off, post(OPENAI, "k")).await);
}

#[tokio::test]
async fn hosts_that_are_no_providers_go_on() {
    let layer = MockLlmLayer::new();
    for url in [
        "https://example.com/v1/chat/completions",
        "https://api.openai.com.evil.example/v1/chat/completions",
        "http://10.0.0.7/v1/messages",
        "http://localhost:8080/index.html",
    ] {
        assert!(goes_on(&layer, post(url, "k")).await, "{url}");
    }
}

/// However its host is spelled, what is a provider's does not leave.
#[tokio::test]
async fn a_provider_is_known_by_any_spelling_of_its_host() {
    let layer = MockLlmLayer::new();
    for host in ["API.OpenAI.com", "api.openai.com:443", "api.openai.com.", "Api.openai.com.:443"] {
        let url = OPENAI.replace("api.openai.com", host);
        assert!(!goes_on(&layer, post(&url, "k")).await, "{url}");
        let only = MockLlmLayer::new().hosts(["API.openai.com."]);
        assert!(!goes_on(&only, post(&url, "k")).await, "{url}");
    }
    for named in ["llm.internal", "llm.internal.", "LLM.internal."] {
        let layer = MockLlmLayer::new().local_host(named);
        for host in ["llm.internal", "llm.internal.", "llm.INTERNAL.:80"] {
            let url = OPENAI.replace("api.openai.com", host);
            assert!(!goes_on(&layer, post(&url, "k")).await, "{url}, named {named}");
        }
    }
}

#[tokio::test]
async fn local_hosts_are_claimed_by_path() {
    let layer = MockLlmLayer::new();
    for url in [
        "http://127.0.0.1:1234/v1/chat/completions",
        "http://localhost/v1/messages",
        "http://[::1]:80/v1beta/models/gemini-2.5-flash:generateContent",
        "/v1/chat/completions",
    ] {
        assert!(!goes_on(&layer, post(url, "k")).await, "{url}");
    }
    let gateway = MockLlmLayer::new().local_host("llm.internal");
    assert!(!goes_on(&gateway, post("http://LLM.internal:80/v1/messages", "k")).await);
}

#[tokio::test]
async fn claims_are_restricted_by_provider_key_and_host() {
    let anthropic = MockLlmLayer::new().providers([Provider::ANTHROPIC]);
    assert!(goes_on(&anthropic, post(OPENAI, "k")).await);
    assert!(goes_on(&anthropic, post("https://api.openai.com/v1/unknown", "k")).await);
    assert!(!goes_on(&anthropic, post("https://api.anthropic.com/v1/messages", "k")).await);

    let test_keys = MockLlmLayer::new().api_keys(ApiKeys::prefix("sk-test-"));
    assert!(!goes_on(&test_keys, post(OPENAI, "sk-test-1")).await);
    assert!(goes_on(&test_keys, post(OPENAI, "sk-live-1")).await);
    let no_key = Request::post(OPENAI).body(Full::from(BODY)).unwrap();
    assert!(goes_on(&test_keys, no_key).await);
    let not_mine = MockLlmLayer::new().api_keys(ApiKeys::predicate(|key| key != Some("mine")));
    assert!(goes_on(&not_mine, post(OPENAI, "mine")).await);
    assert!(!goes_on(&not_mine, post(OPENAI, "yours")).await);

    let host = MockLlmLayer::new().hosts(["api.anthropic.com"]);
    assert!(goes_on(&host, post(OPENAI, "k")).await);
    assert!(goes_on(&host, post("http://localhost/v1/messages", "k")).await);
    assert!(!goes_on(&host, post("https://API.anthropic.com/v1/messages", "k")).await);
}

#[tokio::test]
async fn an_endpoint_that_is_not_mocked_is_refused_and_says_how_to_get_out() {
    for (url, vendors_words) in [
        ("https://api.openai.com/v1/fine_tuning/jobs?key=hush", "Invalid URL"),
        ("https://api.anthropic.com/v1/organizations", "Not Found"),
        ("https://generativelanguage.googleapis.com/v1beta/corpora", ""),
    ] {
        let request = post(url, "k");
        assert!(!goes_on(&MockLlmLayer::new(), request).await, "{url}");
        let response = MockLlmLayer::new().into_service().oneshot(post(url, "k")).await.unwrap();
        assert_eq!(response.status(), 404, "{url}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let message = json["error"]["message"].as_str().unwrap();
        let shown = url.split('?').next().unwrap();
        for part in [vendors_words, &format!("POST {shown}"), "Unmatched::Forward"] {
            assert!(message.contains(part), "{part:?} is not in {message:?}");
        }
        assert!(!message.contains("hush"));
        let open = MockLlmLayer::new().unmatched(Unmatched::Forward);
        assert!(goes_on(&open, post(url, "k")).await, "{url}");
    }
}

#[test]
fn the_environment_switches_and_a_typo_is_an_error() {
    // Other tests of this binary do not read the variable.
    let of = |value: Option<&str>| {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "read_the_environment", "--nocapture"]).env("READ_ENV", "1");
        match value {
            Some(value) => command.env("MOCK_LLM", value),
            None => command.env_remove("MOCK_LLM"),
        };
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(of(None).contains("mode: Off"));
    assert!(of(Some("off")).contains("mode: Off"));
    assert!(of(Some("mock")).contains("mode: Mock"));
    assert!(of(Some("on")).contains("MOCK_LLM is \"on\"; it must be `off` or `mock`"));
}

/// Run by the test above, in a process of its own.
#[test]
fn read_the_environment() {
    if std::env::var_os("READ_ENV").is_some() {
        match MockLlmLayer::from_env() {
            Ok(layer) => println!("mode: {:?}", layer.handle().mode()),
            Err(error) => println!("{error}"),
        }
    }
}

fn now<T>(future: impl Future<Output = Result<T, Infallible>>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(output)) => output,
        _ => panic!("nothing here waits"),
    }
}

#[test]
fn passing_through_allocates_nothing() {
    let canned = || {
        service_fn(|_: Req| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{}"))))
        })
    };
    let counted = |mut service: tower::util::BoxCloneSyncService<Req, usize, Infallible>| {
        let request = post("https://example.com/v1/things", "k");
        allocation_counter::measure(|| {
            now(service.call(request));
        })
        .count_total
    };
    let size = |response: Response<tower_mock_llm::MockBody<Full<Bytes>>>| response.headers().len();
    let bare = counted(tower::util::BoxCloneSyncService::new(
        canned().map_response(|r| r.headers().len()),
    ));
    for layer in [MockLlmLayer::new(), MockLlmLayer::new().enabled(false)] {
        let through = counted(tower::util::BoxCloneSyncService::new(
            layer.layer(canned()).map_response(size),
        ));
        assert_eq!(through, bare, "the box is the test's own");
    }
}
