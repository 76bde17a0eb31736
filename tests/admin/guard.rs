//! Who may use it, and what it says to who asks in vain.

use std::io::{Read, Write};

use tower_mock_llm::{MockLlmLayer, MockServer};

use super::common::{says, unary};
use super::{Admin, message};

#[test]
fn what_it_does_not_know_is_refused_with_what_it_knows() {
    let admin = Admin::of(says("pong"));
    let (status, error) = admin.send("GET", "/__mock/logs", "");
    assert_eq!(status, 404);
    let routes = error["error"]["routes"].as_array().unwrap();
    assert!(routes.contains(&"GET /__mock/calls".into()), "{error}");
    for (method, path, allow) in [
        ("POST", "/__mock/calls", "GET"),
        ("POST", "/__mock/calls/1", "GET"),
        ("PUT", "/__mock/rules", "GET, POST, DELETE"),
        ("GET", "/__mock/rules/1", "DELETE"),
        ("POST", "/__mock/mode", "GET, PUT"),
        ("DELETE", "/__mock/switches", "GET, PUT"),
        ("GET", "/__mock/reset", "POST"),
        ("POST", "/__mock/verdict", "GET"),
        ("POST", "/__mock/summary", "GET"),
        ("POST", "/__mock/", "GET"),
        ("POST", "/health", "GET"),
        ("POST", "/metrics", "GET"),
    ] {
        let response = admin.request(method, path).body("").send().unwrap();
        assert_eq!(response.status(), 405, "{method} {path}");
        assert_eq!(response.headers()["allow"], allow, "{method} {path}");
    }
    assert_eq!(admin.send("PUT", "/__mock/mode", &" ".repeat(2 << 20)).0, 413);
    // None of this is a call.
    assert_eq!(admin.get("/__mock/calls")["count"], 0);
    assert_eq!(admin.server.handle().received().len(), 0);
}

#[test]
fn the_page_is_its_own_and_no_other_script_runs() {
    let admin = Admin::of(says("pong"));
    let page = admin.request("GET", "/__mock").send().unwrap();
    assert_eq!((page.status().as_u16(), page.url().path()), (200, "/__mock/"));
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    assert!(page.text().unwrap().starts_with("<!doctype html>"));
}

#[test]
fn a_token_guards_all_but_the_page_and_health() {
    let server = MockServer::builder(says("pong")).admin_token("s3cret").start().unwrap();
    let admin = Admin::at(server);
    for path in ["/metrics", "/__mock/calls", "/__mock/mode", "/__mock/nothing"] {
        let response = admin.request("GET", path).send().unwrap();
        assert_eq!(response.status(), 401, "{path}");
        assert!(response.headers().contains_key("www-authenticate"));
        let response = admin.request("GET", path).bearer_auth("s3crets").send().unwrap();
        assert_eq!(response.status(), 401, "{path}");
    }
    for path in ["/health", "/__mock/"] {
        assert_eq!(admin.request("GET", path).send().unwrap().status(), 200, "{path}");
    }
    let calls = admin.request("GET", "/__mock/calls").bearer_auth("s3cret").send().unwrap();
    assert_eq!(calls.status(), 200);
    assert_eq!(admin.chat("k", &unary()).0, 200, "the mock needs none");
    assert!(!format!("{:?}", admin.server).contains("s3cret"));
}

#[test]
fn pages_of_other_sites_read_and_change_nothing() {
    let admin = Admin::of(says("pong"));
    let url = admin.server.url();
    let put = |name: &str, value: &str| {
        let put = admin.request("PUT", "/__mock/mode").header(name, value);
        put.body(r#"{"mode": "off"}"#).send().unwrap().status().as_u16()
    };
    assert_eq!(put("origin", "https://evil.example"), 403);
    assert_eq!(put("origin", "null"), 403);
    assert_eq!(put("sec-fetch-site", "cross-site"), 403);
    assert_eq!(admin.get("/__mock/mode")["mode"], "mock");
    assert_eq!(put("origin", &url), 200);
    // A name of theirs that leads here.
    let mut tcp = std::net::TcpStream::connect(admin.server.addr()).unwrap();
    write!(tcp, "GET /__mock/calls HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    // No page may read it across sites either: nothing allows it.
    assert!(!answer.to_ascii_lowercase().contains("access-control"), "{answer}");
}

#[test]
fn without_an_admin_there_is_none() {
    let server = MockServer::builder(MockLlmLayer::new()).admin(false).start().unwrap();
    let admin = Admin::at(server);
    for path in ["/__mock/calls", "/health", "/metrics"] {
        let (status, error) = admin.send("GET", path, "");
        assert_eq!(status, 501);
        assert!(message(&error).contains("no built-in provider has this endpoint"), "{error}");
    }
}
