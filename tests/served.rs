//! What a server takes and keeps: reloads, sessions, limits, browsers, TLS.
#![expect(clippy::disallowed_methods, reason = "tests wait for what a process does by itself")]
#![cfg(all(unix, feature = "cli", feature = "reqwest-0_13"))]

#[expect(dead_code, reason = "shared with other tests")]
mod common;
#[path = "served/load.rs"]
mod load;
#[path = "served/process.rs"]
mod process;
#[path = "served/proxy.rs"]
mod proxy;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use common::{deltas, says, streamed, text, unary};
use process::{Scratch, Served};
use tower_mock_llm::{
    MockLlmLayer, MockServer, Mode, Pace, Provider, Rule, Tls, Upstream, last_user,
};

fn chat(url: &str) -> reqwest::RequestBuilder {
    let url = format!("{url}/v1/chat/completions");
    reqwest::Client::new().post(url).bearer_auth("sk-test").body(unary())
}

async fn said(url: &str) -> String {
    text(&chat(url).send().await.unwrap().text().await.unwrap())
}

#[tokio::test]
async fn a_reload_changes_what_comes_and_leaves_what_is_on_its_way() {
    let slow = says("one two three four five six")
        .pace(Pace::new(Duration::ZERO, Duration::from_millis(20)));
    let server = slow.serve().unwrap();
    let client = reqwest::Client::new();
    let url = format!("{}/v1/chat/completions", server.url());
    let ask = |body: String| client.post(&url).bearer_auth("k").body(body).send();
    let mut stream = ask(streamed()).await.unwrap();
    let first = stream.chunk().await.unwrap().unwrap();
    server.reload(MockServer::builder(says("new"))).unwrap();
    // On a connection of before too.
    assert_eq!(text(&ask(unary()).await.unwrap().text().await.unwrap()), "new");
    let mut whole = first.to_vec();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        whole.extend_from_slice(&chunk);
    }
    let whole = String::from_utf8(whole).unwrap();
    assert_eq!(deltas(&whole).concat(), "one two three four five six");
    // The journal goes on, and the handle is of the new layer.
    assert_eq!(server.handle().received().len(), 2);
    server.handle().mount(Rule::always().respond_with("never"));
    assert_eq!(server.handle().hidden().len(), 1);
    server.reload(MockServer::builder(says("x").enabled(false))).unwrap();
    assert_eq!(ask(unary()).await.unwrap().status(), 503);
    assert_eq!(server.handle().mode(), Mode::Off);
}

#[test]
fn a_file_that_changes_is_read_again_and_a_broken_one_is_not_taken() {
    let scratch = Scratch::new("reload");
    let file = scratch.path("mock.yaml");
    let write = |text: &str| {
        let yaml = format!("providers: {{m: {{type: mock, responses: {{'*': {text}}}}}}}\n");
        std::fs::write(&file, yaml).unwrap();
    };
    write("first");
    let served = Served::start(&["serve", "--config", file.to_str().unwrap()]);
    let ask = || {
        let url = format!("{}/v1/chat/completions", served.url);
        let request = reqwest::blocking::Client::new().post(url).body(unary());
        text(&request.send().unwrap().text().unwrap())
    };
    let until = |wanted: &str| {
        while ask() != wanted {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    assert_eq!(ask(), "first");
    write("the second one");
    until("the second one");
    // Broken: it says so, and goes on.
    std::fs::write(&file, "providers: {m: {type: mokc}}\n").unwrap();
    served.stderr_has("did you mean `mock`?");
    served.stderr_has("the server goes on as before");
    assert_eq!(ask(), "the second one");
    write("third");
    until("third");
    // By a signal, though nothing has changed.
    served.signal("-HUP");
    served.stderr_has("reloaded");
    assert_eq!(ask(), "third");
    let (code, err) = served.end();
    assert_eq!(code, Some(0), "{err}");
}

#[tokio::test]
async fn sessions_share_a_server_and_not_their_state() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_with("first").times(1))
        .rule(
            Rule::when(last_user().contains("hi"))
                .in_state("s", "started")
                .respond_with("second")
                .then_state("s", "on"),
        )
        .rule(Rule::always().respond_with("rest"));
    let server = layer.serve().unwrap();
    let ask = async |session: Option<&str>| {
        let mut request = chat(&server.url());
        if let Some(session) = session {
            request = request.header("x-mock-llm-session", session);
        }
        text(&request.send().await.unwrap().text().await.unwrap())
    };
    let sessions = [Some("a"), Some("b"), None];
    for wanted in ["first", "second", "rest", "rest"] {
        for session in sessions {
            assert_eq!(ask(session).await, wanted, "{session:?}");
        }
    }
    assert_eq!(server.handle().received().len(), 12);
    let calls = reqwest::get(format!("{}/__mock/calls?session=b", server.url())).await.unwrap();
    let calls: serde_json::Value = calls.json().await.unwrap();
    assert_eq!((&calls["count"], &calls["calls"][0]["session"]), (&4.into(), &"b".into()));
    // One is reset, and the others go on.
    let reset = reqwest::Client::new().post(format!("{}/__mock/reset", server.url()));
    let reset = reset.header("x-mock-llm-session", "b").send().await.unwrap();
    assert_eq!(reset.status(), 200);
    // The journal is common, and was emptied for all.
    assert_eq!(server.handle().received().len(), 12);
    for (session, wanted) in sessions.into_iter().zip(["rest", "first", "rest"]) {
        assert_eq!(ask(session).await, wanted, "{session:?}");
    }
    // More than are kept: the one that was longest unused begins anew.
    for index in 0..1000 {
        assert_eq!(ask(Some(&format!("s{index}"))).await, "first");
    }
    assert_eq!(ask(Some("a")).await, "first");
    assert_eq!(ask(Some("s999")).await, "second");
}

#[tokio::test]
async fn each_key_may_be_a_session() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_with("first").times(1))
        .rule(Rule::always().respond_with("rest"));
    let server = MockServer::builder(layer).sessions_by_key(true).start().unwrap();
    for (key, wanted) in [("k1", "first"), ("k2", "first"), ("k1", "rest"), ("k2", "rest")] {
        let url = format!("{}/v1/chat/completions", server.url());
        let request = reqwest::Client::new().post(url).bearer_auth(key).body(unary());
        assert_eq!(text(&request.send().await.unwrap().text().await.unwrap()), wanted, "{key}");
    }
}

fn connect(addr: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(addr).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    tcp
}

fn addr(url: &str) -> SocketAddr {
    url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// What comes until the other side closes; a reset is an end too.
fn rest(mut tcp: TcpStream) -> String {
    let mut all = Vec::new();
    let _ = tcp.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

/// Each is a file of this process too, and it may have fewer as it was started: then it starts itself
/// again, and is allowed more.
#[test]
fn a_thousand_half_open_connections_do_not_stop_it() {
    const AGAIN: &str = "MOCK_LLM_TEST_HALF_OPEN";
    if std::env::var_os(AGAIN).is_none() {
        let test = "a_thousand_half_open_connections_do_not_stop_it";
        let status = std::process::Command::new("sh")
            .args(["-c", "ulimit -n 4096; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env(AGAIN, "1")
            .status();
        assert!(status.unwrap().success());
        return;
    }
    // It may have more files than there are of them, and far fewer.
    for files in [2048, 100] {
        let served = Served::with_files(files, &["serve"]);
        let addr = addr(&served.url);
        let half_open: Vec<TcpStream> = (0..1000)
            .map(|index| {
                let mut tcp = connect(addr);
                if index % 2 == 0 {
                    let head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx-slow: ";
                    let _ = tcp.write_all(head);
                }
                tcp
            })
            .collect();
        for _ in 0..20 {
            let url = format!("{}/v1/chat/completions", served.url);
            let request = reqwest::blocking::Client::new().post(url).bearer_auth("k").body(unary());
            assert_eq!(request.timeout(Duration::from_secs(20)).send().unwrap().status(), 200);
        }
        drop(half_open);
    }
}

#[test]
fn slow_clients_are_let_go() {
    let builder = MockServer::builder(says("pong")).idle_timeout(Duration::from_millis(200));
    let server = builder.body_timeout(Duration::from_millis(200)).start().unwrap();
    // Nothing at all, half a head, nothing more after an answer.
    assert_eq!(rest(connect(server.addr())), "");
    let mut tcp = connect(server.addr());
    tcp.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx-slow: ").unwrap();
    assert!(!rest(tcp).contains("200 OK"));
    let mut tcp = connect(server.addr());
    tcp.write_all(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").unwrap();
    assert!(rest(tcp).starts_with("HTTP/1.1 200 OK\r\n"));
    // Half a body.
    let mut tcp = connect(server.addr());
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer k\r\n\
                content-length: 100\r\n\r\n{";
    tcp.write_all(head.as_bytes()).unwrap();
    let answer = rest(tcp);
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("it took longer than 200ms"), "{answer}");
}

#[test]
fn heads_are_limited() {
    let server = MockServer::builder(says("pong")).max_request_head(8192).start().unwrap();
    let mut tcp = connect(server.addr());
    let large =
        format!("GET /health HTTP/1.1\r\nhost: a\r\nx-large: {}\r\n\r\n", "x".repeat(20_000));
    // It may be cut off before all is written.
    let _ = tcp.write_all(large.as_bytes());
    let answer = rest(tcp);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert!(!answer.contains("200 OK"));
}

#[tokio::test]
async fn as_many_connections_as_allowed_and_the_next_one_waits() {
    let server = MockServer::builder(says("pong")).max_connections(2).start().unwrap();
    let ask = |mut tcp: TcpStream| {
        tcp.write_all(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").unwrap();
        let mut first = [0; 15];
        tcp.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        tcp
    };
    let (one, two) = (ask(connect(server.addr())), ask(connect(server.addr())));
    let third = connect(server.addr());
    let waiting = std::thread::spawn(move || ask(third));
    std::thread::sleep(Duration::from_millis(100));
    assert!(!waiting.is_finished());
    drop(one);
    waiting.join().unwrap();
    drop(two);
}

#[tokio::test]
async fn pages_may_call_it_if_that_is_allowed() {
    let server = MockServer::builder(says("pong")).cors(true).start().unwrap();
    let url = format!("{}/v1/chat/completions", server.url());
    let client = reqwest::Client::new();
    let preflight = |url: &str| {
        client
            .request(reqwest::Method::OPTIONS, url)
            .header("origin", "https://app.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type")
    };
    let allowed = preflight(&url).send().await.unwrap();
    assert_eq!(allowed.status(), 204);
    let headers = allowed.headers();
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["access-control-allow-methods"], "POST");
    assert_eq!(headers["access-control-allow-headers"], "authorization,content-type");
    let answer = chat(&server.url()).header("origin", "https://app.example").send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(text(&answer.text().await.unwrap()), "pong");
    // Not the admin side, and not unless it is said.
    let admin = preflight(&format!("{}/__mock/rules", server.url())).send().await.unwrap();
    assert!(!admin.headers().contains_key("access-control-allow-origin"));
    let closed = says("pong").serve().unwrap();
    let answer = chat(&closed.url()).header("origin", "https://app.example").send().await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn behind_tls_by_a_certificate_of_its_own() {
    let tls = Tls::self_signed(["localhost"]).unwrap();
    let certificate = tls.certificate_pem().to_owned();
    let secured = MockServer::builder(says("secret pong")).tls(tls).start().unwrap();
    assert!(secured.url().starts_with("https://127.0.0.1:"));
    // Whoever does not speak TLS gets nothing.
    let mut plain = connect(secured.addr());
    plain.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    assert!(!rest(plain).contains("200 OK"));
    // The client here is a server that passes on.
    let upstream = Upstream::new().root_pem(certificate.as_bytes()).unwrap();
    let builder = MockServer::builder(MockLlmLayer::new().enabled(false)).upstream(upstream);
    let url = format!("https://localhost:{}/v1", secured.addr().port());
    let server = builder.base_url(Provider::OPENAI, &url).unwrap().start().unwrap();
    assert_eq!(said(&server.url()).await, "secret pong");
    let stream = chat(&server.url()).body(streamed()).send().await.unwrap();
    assert_eq!(deltas(&stream.text().await.unwrap()).concat(), "secret pong");
    assert!(Tls::from_pem(b"", b"").is_err());
    assert!(Tls::from_pem(certificate.as_bytes(), b"no key").is_err());
}

#[test]
fn the_command_serves_tls_and_writes_its_certificate() {
    let scratch = Scratch::new("tls");
    let file = scratch.path("mock.pem");
    let served = Served::start(&["serve", "--tls-self-signed", file.to_str().unwrap()]);
    assert!(served.url.starts_with("https://127.0.0.1:"), "{}", served.url);
    let pem = std::fs::read_to_string(&file).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    assert_eq!(served.end().0, Some(0));
}

#[tokio::test]
async fn three_replicas_give_the_same_bytes() {
    let development = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/config/development.yaml");
    let replicas: Vec<_> =
        (0..3).map(|_| Served::start(&["serve", "--config", development])).collect();
    let client = reqwest::Client::new();
    let body = |model: &str, text: &str, stream: bool| {
        serde_json::json!({"max_tokens": 50, "model": model, "stream": stream,
            "messages": [{"role": "user", "content": text}]})
        .to_string()
    };
    let gemini = r#"{"contents": [{"parts": [{"text": "Tell me more"}], "role": "user"}]}"#;
    let mut requests = vec![
        ("/v1beta/models/gemini-2.5-flash:generateContent", gemini.to_owned()),
        ("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", gemini.to_owned()),
        ("/v1/embeddings", r#"{"model": "text-embedding-3-small", "input": "same"}"#.to_owned()),
    ];
    for path in ["/v1/chat/completions", "/v1/messages"] {
        for model in ["gpt-4", "claude-3-sonnet", "gpt-4o"] {
            for stream in [false, true] {
                requests.push((path, body(model, "hello there", stream)));
                requests.push((path, body(model, "Explain the weather", stream)));
            }
        }
    }
    for (round, (path, body)) in requests.iter().enumerate() {
        let mut answers = Vec::new();
        // In another order each time: what was asked before must not matter.
        for index in 0..3 {
            let url = format!("{}{path}", replicas[(index + round) % 3].url);
            let answer = client.post(url).body(body.clone()).send().await.unwrap();
            let mut headers: Vec<_> = answer
                .headers()
                .iter()
                .filter(|(name, _)| *name != "date")
                .map(|(name, value)| (name.to_string(), value.clone()))
                .collect();
            headers.sort();
            assert_eq!(answer.status(), 200, "{path} {body}");
            answers.push((headers, answer.bytes().await.unwrap()));
        }
        assert!(answers.windows(2).all(|two| two[0] == two[1]), "{path} {body}: {answers:?}");
    }
}
