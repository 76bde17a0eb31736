//! The command, as a process.
#![cfg(all(unix, feature = "cli", feature = "reqwest-0_13"))]

#[expect(dead_code, reason = "shared with other tests")]
mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use common::{text, unary};

#[test]
fn it_serves_until_a_signal_and_ends_with_success() {
    for signal in ["-INT", "-TERM"] {
        let mut process = Command::new(env!("CARGO_BIN_EXE_mock-llm"))
            .args(["serve", "--seed", "7"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").unwrap();
        let answer = reqwest::blocking::Client::new()
            .post(format!("{url}/v1/chat/completions"))
            .bearer_auth("x")
            .body(unary())
            .send()
            .unwrap();
        assert!(!text(&answer.text().unwrap()).is_empty());
        let pid = process.id().to_string();
        let killed = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(killed.success());
        assert_eq!(process.wait().unwrap().code(), Some(0), "{signal}");
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[test]
fn it_refuses_to_mock_where_that_is_forbidden() {
    let development = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/config/development.yaml");
    let run = |args: &[&str], forbid: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_mock-llm"))
            .args(args)
            .env("MOCK_LLM_FORBID", forbid)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for args in [
        &["serve"][..],
        &["serve", "--config", development],
        &["ask", "openai", "hi"],
        &["ask", "openai", "hi", "--config", development],
    ] {
        let (code, err) = run(args, "1");
        assert_eq!(code, Some(1), "{args:?}: {err}");
        assert!(err.starts_with("mock-llm: MOCK_LLM_FORBID forbids to mock"), "{err}");
    }
    // To look at a file is no mocking.
    assert_eq!(run(&["validate", development], "1").0, Some(0));
    assert_eq!(run(&["ask", "openai", "hi"], "0").0, Some(0));
}
