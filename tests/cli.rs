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

#[test]
fn the_environment_names_the_profile() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/starter.yaml");
    let code = |profile: &str, expect: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_mock-llm"))
            .args(["validate", file, "--expect", expect])
            .env("MOCK_LLM_PROFILE", profile)
            .output()
            .unwrap();
        output.status.code()
    };
    assert_eq!(code("dev", "development"), Some(0));
    assert_eq!(code("dev", "production"), Some(3));
    assert_eq!(code("production", "production"), Some(0));
    assert_eq!(code("prodution", "production"), Some(1));
}

#[test]
fn a_served_file_says_why_it_refuses_a_key_that_goes_live() {
    let file = std::env::temp_dir().join(format!("mock-llm-keys-{}.toml", std::process::id()));
    std::fs::write(&file, "[providers.m]\ntype = \"mock\"\n[keys]\n\"sk-live-*\" = \"live\"\n")
        .unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_mock-llm"))
        .args(["serve", "--config"])
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening on ").unwrap();
    let ask = |key: &str| {
        let client = reqwest::blocking::Client::new();
        let request = client.post(format!("{url}/v1/chat/completions")).bearer_auth(key);
        let answer = request.body(unary()).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    let (mocked, (live, why)) = (ask("sk-test-1").0, ask("sk-live-1"));
    process.kill().unwrap();
    process.wait().unwrap();
    std::fs::remove_file(file).unwrap();
    assert_eq!((mocked, live), (200, 501));
    assert!(why.contains("its API key is one of those that go live"), "{why}");
}

#[test]
fn logs_are_followed_until_the_server_ends() {
    let server = tower_mock_llm::MockServer::start().unwrap();
    let url = server.url();
    let client = reqwest::blocking::Client::new();
    let call = || {
        let call = client.post(format!("{url}/v1/messages")).header("x-api-key", "k").body("{}");
        assert_eq!(call.send().unwrap().status(), 400);
    };
    call();
    let mut logs = Command::new(env!("CARGO_BIN_EXE_mock-llm"))
        .args(["logs", "--follow", "--limit", "1", "--wire", "anthropic"])
        .env("MOCK_LLM_URL", &url)
        .env_remove("MOCK_LLM_ADMIN_TOKEN")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(logs.stdout.take().unwrap()).lines();
    let before = lines.next().unwrap().unwrap();
    assert!(before.trim_start().starts_with("1  "), "{before}");
    assert!(before.contains("400  mock      anthropic"), "{before}");
    call();
    let after = lines.next().unwrap().unwrap();
    assert!(after.trim_start().starts_with("2  "), "{after}");
    server.shutdown();
    assert_eq!(logs.wait().unwrap().code(), Some(0));
}

#[test]
fn logs_are_read_over_tls() {
    let tls = tower_mock_llm::Tls::self_signed(["127.0.0.1"]).unwrap();
    let folder = std::env::temp_dir().join(format!("mock-llm-ca-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let ca = folder.join("ca.pem");
    std::fs::write(&ca, tls.certificate_pem()).unwrap();
    let server = tower_mock_llm::MockServer::builder(tower_mock_llm::MockLlmLayer::new());
    let server = server.tls(tls).start().unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_mock-llm"))
            .args(arguments)
            .args(["--url", &server.url()])
            .env_remove("MOCK_LLM_ADMIN_TOKEN")
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let trusted = ["--ca", ca.to_str().unwrap()];
    let (code, said, error) = run(&[&["logs"], &trusted[..]].concat());
    assert_eq!((code, said.as_str()), (Some(0), "0 calls\n"), "{error}");
    let (code, said, error) = run(&[&["health"], &trusted[..]].concat());
    assert_eq!(code, Some(0), "{error}");
    assert!(said.starts_with("https://127.0.0.1:"), "{said}");
    let (code, _, error) = run(&["logs"]);
    assert_ne!(code, Some(0));
    assert!(error.contains("UnknownIssuer") && error.contains("--ca"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}
