//! The server, called by real clients.
#![cfg(all(feature = "server", feature = "reqwest-0_13"))]

#[expect(dead_code, reason = "shared with other tests")]
mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use common::{body, deltas, says, streamed, text, unary};
use tokio::task::JoinSet;
use tower_mock_llm::{
    Answer, ApiKeys, Ended, Fault, MockLlmLayer, MockServer, Mode, Pace, Provider, Reply, Rule,
    any_message,
};

fn post(client: &reqwest::Client, server: &MockServer, body: String) -> reqwest::RequestBuilder {
    client
        .post(format!("{}/v1/chat/completions", server.url()))
        .bearer_auth("sk-test")
        .header("content-type", "application/json")
        .body(body)
}

fn h2c() -> reqwest::Client {
    reqwest::Client::builder().http2_prior_knowledge().build().expect("a client")
}

#[tokio::test]
async fn answers_over_http1_and_http2() {
    let server = says("pong").serve().unwrap();
    for client in [reqwest::Client::new(), h2c()] {
        let whole = post(&client, &server, unary()).send().await.unwrap();
        assert_eq!(whole.status(), 200);
        assert_eq!(text(&whole.text().await.unwrap()), "pong");
        let stream = post(&client, &server, streamed()).send().await.unwrap();
        assert_eq!(stream.headers()["content-type"], "text/event-stream; charset=utf-8");
        assert_eq!(deltas(&stream.text().await.unwrap()).concat(), "pong");
    }
    assert_eq!(server.handle().received().len(), 4);
}

#[test]
fn needs_no_runtime_and_a_blocking_client_can_call_it() {
    let server = MockServer::builder(says("pong")).host("localhost").start().unwrap();
    let client = reqwest::blocking::Client::new();
    let answer = client
        .post(format!("{}/v1/chat/completions", server.url()))
        .bearer_auth("sk-test")
        .body(unary())
        .send()
        .unwrap();
    assert_eq!(text(&answer.text().unwrap()), "pong");
}

#[tokio::test]
async fn a_stream_of_500_tokens_arrives_whole() {
    let words: String = (0..500).map(|n| format!("word{} ", n % 10)).collect();
    let server = says(&words).serve().unwrap();
    for client in [reqwest::Client::new(), h2c()] {
        let stream = post(&client, &server, streamed()).send().await.unwrap();
        let deltas = deltas(&stream.text().await.unwrap());
        assert_eq!(deltas.concat(), words);
        assert!(deltas.len() >= 500, "{}", deltas.len());
    }
}

#[tokio::test]
async fn paced_frames_come_one_by_one() {
    let layer = MockLlmLayer::new()
        .pace(Pace::new(Duration::ZERO, Duration::from_millis(2)))
        .rule(Rule::always().respond_with("one two three four"));
    let server = layer.serve().unwrap();
    let mut stream = post(&reqwest::Client::new(), &server, streamed()).send().await.unwrap();
    let mut chunks = 0;
    while let Some(chunk) = stream.chunk().await.unwrap() {
        assert!(chunk.ends_with(b"\n\n"));
        chunks += 1;
    }
    assert!(chunks >= 4, "{chunks}");
}

#[tokio::test]
async fn shutdown_joins_and_frees_the_port() {
    let server = says("pong").serve().unwrap();
    let client = reqwest::Client::new();
    let answer = post(&client, &server, unary()).send().await.unwrap();
    assert_eq!(text(&answer.text().await.unwrap()), "pong");
    let addr = server.addr();
    server.shutdown();
    assert!(TcpStream::connect(addr).is_err());
    let again = MockServer::builder(says("pong")).port(addr.port()).start().unwrap();
    let client = reqwest::Client::new();
    let answer = post(&client, &again, unary()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_waits_for_an_answer_that_is_being_sent() {
    let layer = MockLlmLayer::new()
        .pace(Pace::new(Duration::ZERO, Duration::from_millis(5)))
        .rule(Rule::always().respond_with("one two three four five six seven eight nine ten"));
    let server = layer.serve().unwrap();
    let stream = post(&reqwest::Client::new(), &server, streamed()).send().await.unwrap();
    let stopped = tokio::task::spawn_blocking(|| server.shutdown());
    assert_eq!(deltas(&stream.text().await.unwrap()).concat().split(' ').count(), 10);
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_client_that_goes_away_stops_its_stream() {
    for client in [reqwest::Client::new(), h2c()] {
        let server = says(&"word ".repeat(100_000))
            .pace(Pace::new(Duration::ZERO, Duration::from_millis(2)))
            .serve()
            .unwrap();
        let mut stream = post(&client, &server, streamed()).send().await.unwrap();
        for _ in 0..3 {
            stream.chunk().await.unwrap().unwrap();
        }
        drop((stream, client));
        let entry = server.handle().received().remove(0);
        while entry.delivery().ended == Ended::NotYet {
            // It takes the server a moment to see it.
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(1)))
                .await
                .unwrap();
        }
        let delivery = entry.delivery();
        assert_eq!((delivery.ended, delivery.polled), (Ended::Dropped, true));
        assert!((1..100_000).contains(&delivery.tokens), "{delivery:?}");
        assert!(delivery.bytes > delivery.tokens);
    }
}

#[tokio::test]
async fn a_request_may_ask_for_its_pace() {
    let server = says("one two").serve().unwrap();
    let client = reqwest::Client::new();
    let slow = post(&client, &server, streamed()).header("x-mock-llm-pace", "first=30s");
    let late = tokio::time::timeout(Duration::from_millis(50), slow.send()).await;
    assert!(late.is_err());
    let bad = post(&client, &server, unary()).header("x-mock-llm-pace", "fast");
    let bad = bad.send().await.unwrap();
    assert_eq!(bad.status(), 400);
    let why = bad.text().await.unwrap();
    assert!(why.contains("the header `x-mock-llm-pace`: `fast`: a setting is"), "{why}");
    let off = says("one two").pace_header(false).serve().unwrap();
    let fast = post(&client, &off, unary()).header("x-mock-llm-pace", "first=30s");
    assert_eq!(text(&fast.send().await.unwrap().text().await.unwrap()), "one two");
}

/// The server looks at the first bytes before hyper does.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_say_nothing_or_little_neither_hang_nor_hold_up_a_shutdown() {
    let server = says("pong").serve().unwrap();
    let silent = TcpStream::connect(server.addr()).unwrap();
    let mut little = TcpStream::connect(server.addr()).unwrap();
    little.write_all(b"P").unwrap();
    let mut slow = TcpStream::connect(server.addr()).unwrap();
    let body = unary();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    // `P` may begin HTTP/2 as well as `POST`.
    let (first, rest) = request.split_at(1);
    slow.write_all(first.as_bytes()).unwrap();
    let answer = tokio::task::spawn_blocking({
        let rest = rest.to_owned();
        move || {
            std::thread::sleep(Duration::from_millis(20));
            slow.write_all(rest.as_bytes()).unwrap();
            let mut answer = String::new();
            slow.read_to_string(&mut answer).unwrap();
            answer
        }
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    tokio::task::spawn_blocking(|| server.shutdown()).await.unwrap();
    drop((silent, little));
}

#[tokio::test]
async fn dropping_it_does_not_wait_for_an_answer_that_never_ends() {
    let rule = Rule::always()
        .respond_with(Answer::from(Reply::text("one two three")).fault(Fault::stall_after(2)));
    let server = MockLlmLayer::new().rule(rule).serve().unwrap();
    let stream = post(&reqwest::Client::new(), &server, streamed()).send().await.unwrap();
    drop(server);
    assert!(stream.text().await.is_err());
}

#[tokio::test]
async fn a_rule_that_panics_costs_a_connection_and_no_more() {
    let layer = MockLlmLayer::new().rule(
        Rule::when(any_message().contains("panic"))
            .respond_fn(|_| -> Reply { panic!("on purpose: this is a test") }),
    );
    let server = layer.serve().unwrap();
    let client = reqwest::Client::new();
    assert!(post(&client, &server, body("panic", false)).send().await.is_err());
    let next = post(&client, &server, body("calm", false)).send().await.unwrap();
    assert_eq!(next.status(), 200);
}

#[tokio::test]
async fn a_body_too_large_gets_413() {
    let server = MockLlmLayer::new().max_request_body(1_000_000).serve().unwrap();
    for client in [reqwest::Client::new(), h2c()] {
        for size in [1_000_001, 5_000_000, 30_000_000] {
            let large = post(&client, &server, "x".repeat(size)).send().await;
            assert_eq!(large.expect("an answer").status(), 413, "{size}");
        }
        let next = post(&client, &server, unary()).send().await.unwrap();
        assert_eq!(next.status(), 200);
    }
}

#[tokio::test]
async fn what_it_has_no_answer_for_it_refuses() {
    let server = MockServer::start().unwrap();
    let client = reqwest::Client::new();
    let unknown = client.get(format!("{}/v9/dreams", server.url())).send().await.unwrap();
    assert_eq!(unknown.status(), 501);
    assert!(unknown.text().await.unwrap().contains("/v9/dreams"));
    // By its Host the request is OpenAI's, and so is the error.
    let openai = client.get(format!("{}/v9/dreams", server.url())).header("host", "api.openai.com");
    let openai = openai.send().await.unwrap();
    assert_eq!(openai.status(), 404);
    assert!(openai.text().await.unwrap().contains("api.openai.com/v9/dreams"));
}

#[tokio::test]
async fn restrictions_by_host_do_not_concern_it_and_those_by_key_are_named() {
    let layer = says("pong")
        .hosts(["api.openai.com"])
        .providers([Provider::OPENAI])
        .api_keys(ApiKeys::prefix("sk-test"));
    let server = layer.serve().unwrap();
    let client = reqwest::Client::new();
    let answer = post(&client, &server, unary()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let other = client
        .post(format!("{}/v1/chat/completions", server.url()))
        .bearer_auth("sk-live")
        .body(unary());
    let other = other.send().await.unwrap();
    assert_eq!(other.status(), 501);
    let message = other.text().await.unwrap();
    assert!(message.contains("api_keys") && !message.contains("sk-live"), "{message}");
}

#[tokio::test]
async fn switched_off_it_answers_503_and_on_again_as_before() {
    let server = says("pong").serve().unwrap();
    for client in [reqwest::Client::new(), h2c()] {
        let handle = server.handle();
        for (mode, status) in
            [(Mode::Off, 503), (Mode::Mock, 200), (Mode::Off, 503), (Mode::Mock, 200)]
        {
            handle.set_mode(mode);
            let answer = post(&client, &server, unary()).send().await.unwrap();
            assert_eq!(answer.status(), status);
            if status == 503 {
                assert!(answer.text().await.unwrap().contains("tower_mock_llm_off"));
            }
        }
    }
}

#[tokio::test]
async fn a_rule_may_switch_its_own_server_off() {
    let layer = MockLlmLayer::new();
    let handle = layer.handle();
    let layer = layer.rule(Rule::always().respond_fn(move |_| {
        handle.set_mode(Mode::Off);
        Reply::text("good night")
    }));
    let server = layer.serve().unwrap();
    let client = reqwest::Client::new();
    let last = post(&client, &server, unary()).send().await.unwrap();
    assert_eq!(text(&last.text().await.unwrap()), "good night");
    let late = post(&client, &server, unary()).send().await.unwrap();
    assert_eq!(late.status(), 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_first_calls_at_once() {
    let server = says("pong").serve().unwrap();
    let calls = (0..300).map(|_| {
        let call = post(&reqwest::Client::new(), &server, unary()).send();
        async move { text(&call.await.unwrap().text().await.unwrap()) }
    });
    let said = calls.collect::<JoinSet<_>>().join_all().await;
    assert_eq!(said, ["pong"; 300]);
}

#[test]
fn requests_may_be_pipelined() {
    let server = says("pong").serve().unwrap();
    let mut tcp = TcpStream::connect(server.addr()).unwrap();
    let body = unary();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer x\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let last = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    tcp.write_all((request.repeat(9) + &last).as_bytes()).unwrap();
    let mut answers = String::new();
    tcp.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 10);
}

#[test]
fn a_port_that_is_taken_is_an_io_error() {
    let server = MockServer::start().unwrap();
    let error =
        MockServer::builder(MockLlmLayer::new()).port(server.addr().port()).start().unwrap_err();
    assert!(error.is_io());
    assert!(error.to_string().contains(&server.addr().to_string()), "{error}");
}
