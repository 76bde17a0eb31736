//! `mock-llm record`, and `mock-llm serve --cassette`, as processes.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::provider::Provider;

/// A command that serves, until it is ended.
pub(crate) struct Served {
    process: Child,
    pub(crate) url: String,
}

impl Served {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_mock-llm"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").unwrap_or_default().to_owned();
        Self { process, url }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Ends it in order: its exit code, and what it said on stderr.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        self.signal("-TERM");
        let mut err = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.process.wait().unwrap().code(), err)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn ask(url: &str, path: &str, text: &str) -> (u16, String) {
    let body = json!({"model": "gpt-4", "max_tokens": 9,
        "messages": [{"role": "user", "content": text}]});
    let request = reqwest::blocking::Client::new().post(format!("{url}{path}"));
    let request = request.bearer_auth("sk-live-secret-0123456789").header("x-api-key", "sk-ant-1");
    let answer = request.body(body.to_string()).send().unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

const CHAT: &str = "/v1/chat/completions";

#[test]
fn what_a_proxy_records_is_served_again_without_a_provider() {
    let folder = std::env::temp_dir().join(format!("mock-llm-record-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let (openai, anthropic) = (Provider::start(), Provider::start());
    let cassette = folder.to_str().unwrap();
    let to_openai = format!("openai={}", openai.url("/v1"));
    let to_anthropic = format!("anthropic={}", anthropic.url(""));
    let record = || {
        let upstreams = ["--upstream", &to_openai, "--upstream", &to_anthropic];
        Served::start(&[&["record", "--cassette", cassette][..], &upstreams].concat())
    };

    let proxy = record();
    let chat = ask(&proxy.url, CHAT, "hi");
    assert_eq!(chat.0, 200);
    let seen: Value = serde_json::from_str(&chat.1).unwrap();
    assert_eq!(seen["headers"]["authorization"], "Bearer sk-live-secret-0123456789");
    let message = ask(&proxy.url, "/v1/messages", "hi");
    // Endpoints that nothing here mocks, too.
    let responses = ask(&proxy.url, "/v1/responses", "hi");
    assert_eq!((openai.calls(), anthropic.calls()), (2, 1));
    let (code, err) = proxy.end();
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("recorded 3 calls"), "{err}");

    // What is there already is not paid for again.
    let proxy = record();
    assert_eq!(ask(&proxy.url, CHAT, "hi").0, 200);
    assert_eq!(openai.calls(), 2);
    assert_eq!(ask(&proxy.url, CHAT, "more").0, 200);
    assert_eq!(openai.calls(), 3);
    let (_, err) = proxy.end();
    assert!(err.contains("recorded 1 calls"), "{err}");
    let written = std::fs::read_to_string(folder.join("recorded.jsonl")).unwrap();
    assert!(!written.contains("sk-live-secret") && !written.contains("sk-ant-1"), "{written}");

    // One file, and all of a folder.
    let twice: PathBuf = folder.join("second.jsonl");
    for of_two in [false, true] {
        if of_two {
            std::fs::write(&twice, &written).unwrap();
        }
        let served = Served::start(&["serve", "--cassette", cassette]);
        // But for the key, which is masked.
        let mut again: Value = serde_json::from_str(&ask(&served.url, CHAT, "hi").1).unwrap();
        assert_ne!(again["headers"]["authorization"], seen["headers"]["authorization"]);
        again["headers"] = seen["headers"].clone();
        assert_eq!(again, seen);
        assert_eq!(ask(&served.url, "/v1/messages", "hi").0, message.0);
        assert_eq!(ask(&served.url, "/v1/responses", "hi").0, responses.0);
        let (status, why) = ask(&served.url, CHAT, "something else");
        assert_eq!(status, 400);
        assert!(why.contains("has no recording of POST"), "{why}");
    }
    assert_eq!((openai.calls(), anthropic.calls()), (3, 1));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_cannot_be_recorded_or_replayed_is_said_at_once() {
    for (args, expected) in [
        (
            &["record", "--cassette", "x.jsonl", "--upstream", "opneai=http://127.0.0.1:1"][..],
            "`opneai` is no provider; it may be",
        ),
        (&["record", "--cassette", "x.jsonl", "--upstream", "nowhere"], "expected a URL such as"),
        (&["serve", "--cassette", "none-at-all.jsonl"], "there is no cassette none-at-all.jsonl"),
        (&["serve", "--cassette", "src/cli"], "there is no cassette (*.jsonl) in src/cli"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_mock-llm")).args(args).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.contains(expected), "{err}");
    }
}
