//! A provider that is reached through the proxy of the environment.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use tower_mock_llm::{MockLlmLayer, MockServer, Rule, Tls};

use super::process::{Scratch, Served};

/// A proxy that connects everybody to `target`, whatever was asked for; and the heads that it was sent.
fn proxy(target: std::net::SocketAddr) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (sender, heads) = channel();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            let mut reader = BufReader::new(client.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
            sender.send(head).unwrap();
            let server = TcpStream::connect(target).unwrap();
            (&client).write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
            for (mut from, mut to) in
                [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
            {
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
        }
    });
    (format!("http://user:word@{addr}"), heads)
}

#[test]
fn a_provider_is_reached_through_the_proxy_of_the_environment() {
    let tls = Tls::self_signed(["provider.test"]).unwrap();
    let scratch = Scratch::new("proxy");
    let (ca, file) = (scratch.path("ca.pem"), scratch.path("mock.yaml"));
    std::fs::write(&ca, tls.certificate_pem()).unwrap();
    let yaml = "providers: {openai: {type: openai, base_url: 'https://provider.test/v1'}}\n";
    std::fs::write(&file, yaml).unwrap();
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with("from afar"));
    let provider = MockServer::builder(layer).tls(tls).start().unwrap();
    let (proxy, heads) = proxy(provider.addr());

    let args = ["serve", "--config", file.to_str().unwrap(), "--upstream-ca", ca.to_str().unwrap()];
    let ask = |excepted: &str| {
        let variables = [("HTTPS_PROXY", proxy.as_str()), ("NO_PROXY", excepted)];
        let served = Served::with_env(&variables, &args);
        let client = reqwest::blocking::Client::new();
        let request = client.post(format!("{}/v1/chat/completions", served.url)).bearer_auth("k");
        let body = r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}"#;
        let answer = request.body(body).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    let (status, answer) = ask("other.test");
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("from afar"), "{answer}");
    let head = heads.try_recv().unwrap().to_ascii_lowercase();
    assert!(head.starts_with("connect provider.test:443 http/1.1\r\n"), "{head}");
    // user:word
    assert!(head.contains("proxy-authorization: basic dxnlcjp3b3jk\r\n"), "{head}");

    // Nobody has that name.
    let (status, answer) = ask("provider.test");
    assert_eq!(status, 502, "{answer}");
    assert!(heads.try_recv().is_err());
}
