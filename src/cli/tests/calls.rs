//! What calls a server, or does as if: `mock-llm ask`, `logs` and `health`.

use super::*;

#[test]
fn ask_prints_what_each_provider_would_send() {
    for (provider, has) in [
        ("openai", "\"object\": \"chat.completion\""),
        ("anthropic", "\"type\":\"message\""),
        ("gemini", "\"candidates\": ["),
    ] {
        let (code, out, err) = ran(&["mock-llm", "ask", provider, "hi"]);
        assert_eq!(code, SUCCESS, "{out}{err}");
        let (head, body) = out.split_once("\n\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\n"), "{head}");
        assert!(head.contains("\ncontent-type: application/json"), "{head}");
        assert!(body.contains(has), "{body}");

        let (code, out, err) =
            ran(&["mock-llm", "ask", provider, "hi", "--stream", "--tool", "look"]);
        assert_eq!(code, SUCCESS, "{out}{err}");
        assert!(out.contains("data: {") && out.contains("\"look\""), "{out}");
    }
    let config = example("development.yaml");
    let asked =
        ["mock-llm", "ask", "openai", "HELLO", "--model", "gpt-4", "--config", &config, "--json"];
    let (code, out, _) = ran(&asked);
    assert_eq!(code, SUCCESS);
    let answered: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answered["status"], 200);
    assert!(answered["body"].as_str().unwrap().contains("Hello! How can I help you today?"));
    // What the vendor refuses is printed, and a failure.
    let (code, out, _) =
        ran(&["mock-llm", "ask", "openai", "hi", "--tool", "no tool", "--model", ""]);
    assert_eq!(code, FAILURE);
    assert!(out.starts_with("HTTP/1.1 400 Bad Request\n"), "{out}");
}

/// As a program would call it: no key of the environment of the tests is meant.
fn logs(url: &str, args: &[&str]) -> (u8, String, String) {
    ran(&[&["mock-llm", "logs", "--url", url], args].concat())
}

#[test]
fn logs_count_mocked_calls_as_the_mocks_and_none_as_openais() {
    let server = MockServer::start().unwrap();
    let url = server.url();
    assert_eq!(logs(&url, &[]).1, "0 calls\n");
    let client = reqwest::blocking::Client::new();
    for _ in 0..100 {
        let answer = client
            .post(format!("{url}/v1/chat/completions"))
            .bearer_auth("sk-test-0123456789abcdef")
            .body(r#"{"model": "gpt-4", "messages": [{"role": "user", "content": "hi"}]}"#)
            .send()
            .unwrap();
        assert!(answer.bytes().is_ok());
    }
    let (code, out, err) = logs(&url, &["--provider", "openai"]);
    assert_eq!((code, out.as_str()), (SUCCESS, "0 calls\n"), "{err}");
    let (_, out, _) = logs(&url, &["--provider", "mock"]);
    assert!(out.ends_with("\n100 calls\n"), "{out}");
    assert_eq!(out.lines().count(), 101);
    let first = out.lines().next().unwrap();
    assert!(first.contains("200  mock      openai     gpt-4"), "{first}");
    assert!(!out.contains("0123456789"), "{out}");
    let (_, out, _) = logs(&url, &["--wire", "openai", "--limit", "2", "--model", "gpt-*"]);
    assert!(out.ends_with("\n100 calls, the last 2 shown\n"), "{out}");
    assert_eq!(logs(&url, &["--status", "5xx"]).1, "0 calls\n");
    let (_, out, _) = logs(&url, &["--since", "1h", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&list["count"], &list["calls"][99]["id"]), (&100.into(), &100.into()));
}

#[test]
fn logs_say_why_they_cannot_be_had() {
    let nobody = MockServer::start().unwrap();
    let url = nobody.url();
    drop(nobody);
    let (code, out, err) = logs(&url, &[]);
    assert_eq!((code, out.as_str()), (FAILURE, ""));
    assert!(err.starts_with(&format!("mock-llm: cannot call {url}: ")), "{err}");
    assert!(err.ends_with("Say where with --url or MOCK_LLM_URL\n"), "{err}");
    let (_, _, err) = logs("ftp://127.0.0.1", &[]);
    assert!(err.contains("it must be `http://HOST:PORT` or `https://HOST:PORT`"), "{err}");

    let layer = MockLlmLayer::new();
    let guarded = MockServer::builder(layer.clone()).admin_token("s3cret").start().unwrap();
    let (code, _, err) = logs(&guarded.url(), &[]);
    assert_eq!(code, FAILURE);
    assert!(
        err.contains("the server says 401: the admin side of this server has a token"),
        "{err}"
    );
    assert_eq!(logs(&guarded.url(), &["--token", "s3cret"]).1, "0 calls\n");
    let (_, _, err) = logs(&guarded.url(), &["--token", "s3cret", "--since", "soon"]);
    assert!(err.starts_with("mock-llm: the server says 400: `since` must be a span"), "{err}");

    let none = MockServer::builder(layer).admin(false).start().unwrap();
    let (_, _, err) = logs(&none.url(), &[]);
    assert!(err.contains("the server says 501: "), "{err}");
}

#[test]
fn an_admin_token_comes_from_the_command_line_or_the_file() {
    for args in [
        &["mock-llm", "serve", "--admin-token", "t", "--no-admin"][..],
        &["mock-llm", "serve", "--journal", "many"],
    ] {
        assert_eq!(ran(args).0, USAGE, "{args:?}");
    }
    let (_, _, err) = ran(&["mock-llm", "serve"]);
    assert!(err.contains("\n# dashboard: http://127.0.0.1:"), "{err}");
    let (_, _, err) = ran(&["mock-llm", "serve", "--no-admin"]);
    assert!(!err.contains("dashboard"), "{err}");
    let config = crate::config::Config::from_yaml("server: {admin_token: s3cret}").unwrap();
    let server = config.server_builder().unwrap().start().unwrap();
    assert_eq!(logs(&server.url(), &[]).0, FAILURE);
    assert_eq!(logs(&server.url(), &["--token", "s3cret"]).0, SUCCESS);
}

#[test]
fn health_tells_a_mock_from_what_is_none() {
    let server = MockServer::builder(MockLlmLayer::new()).admin(true).start().unwrap();
    let url = &server.url();
    let (code, out, err) = ran(&["mock-llm", "health", "--url", url]);
    assert_eq!(code, SUCCESS, "{err}");
    let expected = format!("{url}: ok, version {}, mode mock, up ", env!("CARGO_PKG_VERSION"));
    assert!(out.starts_with(&expected), "{out}");
    let (code, out, _) = ran(&["mock-llm", "health", "--url", url, "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["status"]), (SUCCESS, &"ok".into()));
    server.shutdown();
    let (code, _, err) = ran(&["mock-llm", "health", "--url", "http://127.0.0.1:1"]);
    assert_eq!(code, FAILURE);
    assert!(err.starts_with("mock-llm: cannot call http://127.0.0.1:1: "), "{err}");
    let bare = MockServer::builder(MockLlmLayer::new()).admin(false).start().unwrap();
    let (code, _, err) = ran(&["mock-llm", "health", "--url", &bare.url()]);
    assert_eq!(code, FAILURE);
    assert!(err.contains("is no mock: it has no /health"), "{err}");
}
