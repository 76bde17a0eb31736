//! The command, as a function.

use super::*;
use crate::layer::MockLlmLayer;
use crate::server::MockServer;

pub(super) fn ran(args: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(args, &mut out, &mut err, || Ok(|| ()));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(out), text(err))
}

#[test]
fn the_first_line_says_where_it_listens() {
    let (code, out, err) = ran(&["mock-llm", "serve", "--seed", "3"]);
    assert_eq!(code, SUCCESS, "{err}");
    let url = out.strip_prefix("listening on ").unwrap().trim_end();
    assert!(url.starts_with("http://127.0.0.1:"), "{out}");
    assert!(err.contains(&format!("OPENAI_BASE_URL={url}/v1")), "{err}");
    assert!(!err.contains("warning"), "{err}");
}

#[test]
fn a_port_open_to_the_network_is_warned_of() {
    let (code, out, err) = ran(&["mock-llm", "serve", "--host", "0.0.0.0"]);
    assert_eq!(code, SUCCESS, "{err}");
    assert!(out.starts_with("listening on http://"), "{out}");
    assert!(err.starts_with("mock-llm: warning: 0.0.0.0:"), "{err}");
}

#[test]
fn a_taken_port_is_a_failure_that_names_it() {
    let other = MockServer::start().unwrap();
    let port = other.addr().port().to_string();
    let (code, out, err) = ran(&["mock-llm", "serve", "--port", &port]);
    assert_eq!((code, out.as_str()), (FAILURE, ""));
    let expected = format!("mock-llm: cannot listen on 127.0.0.1:{port}: ");
    assert!(err.starts_with(&expected), "{err}");
}

#[test]
fn nonsense_is_a_usage_error_on_stderr() {
    for args in [&["mock-llm", "serve", "--port", "x"][..], &["mock-llm"]] {
        let (code, out, err) = ran(args);
        assert_eq!((code, out.as_str()), (USAGE, ""), "{args:?}");
        assert!(err.starts_with("mock-llm: "), "{err}");
    }
}

#[test]
fn a_pace_is_read_or_refused_with_its_form() {
    let (code, _, err) = ran(&["mock-llm", "serve", "--pace", "first=300ms; gap=20ms"]);
    assert_eq!(code, SUCCESS, "{err}");
    let (code, _, err) = ran(&["mock-llm", "serve", "--pace", "gap=20"]);
    assert_eq!(code, USAGE);
    assert!(err.contains("`gap=20`: `20` is no time; write 20ms, 1.5s or 100us"), "{err}");
}

#[test]
fn help_and_version_are_no_errors() {
    let (code, out, err) = ran(&["mock-llm", "serve", "--help"]);
    assert_eq!((code, err.as_str()), (SUCCESS, ""));
    assert!(out.contains("Examples:"), "{out}");
    let (code, out, _) = ran(&["mock-llm", "--version"]);
    assert_eq!(code, SUCCESS);
    assert_eq!(out, format!("mock-llm {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_broken_pipe_is_success() {
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for args in [&["mock-llm", "serve"][..], &["mock-llm", "--help"]] {
        assert_eq!(run(args, &mut Broken, &mut Vec::new(), || Ok(|| ())), SUCCESS);
    }
}

/// A path in the repository.
fn example(name: &str) -> String {
    format!("{}/examples/config/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A path of a test's own, where nothing is.
pub(super) fn fresh(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("mock-llm-cli-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

#[test]
fn validate_tells_development_from_production() {
    let (development, production) = (example("development.yaml"), example("production.yaml"));
    for (file, expect, expected) in [
        (&development, "development", SUCCESS),
        (&development, "production", UNMET),
        (&production, "production", SUCCESS),
        (&production, "development", UNMET),
    ] {
        let (code, out, err) = ran(&["mock-llm", "validate", file, "--expect", expect]);
        assert_eq!(code, expected, "{file} {expect}: {out}{err}");
    }
    let (_, out, err) = ran(&["mock-llm", "validate", &development, "--expect", "production"]);
    assert_eq!(out, "");
    assert_eq!(
        err,
        format!(
            "mock-llm: {development} is not fit for production: something would be mocked:\n  \
             providers.mock: the mock is enabled\n"
        )
    );
    let (_, out, _) =
        ran(&["mock-llm", "validate", &production, "--expect", "development", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["valid"], &report["met"]), (&true.into(), &false.into()));
    assert_eq!(report["live"].as_array().unwrap().len(), 2);
}

#[test]
fn validate_names_the_place_of_a_mistake() {
    let path = fresh("bad.yaml");
    std::fs::write(&path, "providers:\n  m: {type: mock}\nsede: 1\n").unwrap();
    let file = path.to_str().unwrap();
    let (code, out, err) = ran(&["mock-llm", "validate", file]);
    assert_eq!((code, out.as_str()), (FAILURE, ""));
    assert_eq!(err, format!("mock-llm: {file}:3:1: unknown key `sede`; did you mean `seed`?\n"));
    let (code, out, err) = ran(&["mock-llm", "validate", file, "--json"]);
    assert_eq!((code, err.as_str()), (FAILURE, ""));
    assert!(out.contains("unknown key `sede`"), "{out}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_init_writes_is_valid_in_each_profile() {
    let path = fresh("init.yaml");
    let file = path.to_str().unwrap();
    let (code, out, err) = ran(&["mock-llm", "init", file]);
    assert_eq!(code, SUCCESS, "{err}");
    assert!(out.contains("mock-llm serve --config"), "{out}");
    let (code, _, err) = ran(&["mock-llm", "init", file]);
    assert_eq!(code, FAILURE);
    assert!(err.contains("--force"), "{err}");
    for args in [
        &["mock-llm", "init", file, "--force"][..],
        &["mock-llm", "validate", file, "--profile", "dev", "--expect", "development"],
        &["mock-llm", "validate", file, "--profile", "production", "--expect", "production"],
    ] {
        let (code, _, err) = ran(args);
        assert_eq!(code, SUCCESS, "{err}");
    }
    let (_, out, _) = ran(&["mock-llm", "init", "-"]);
    assert_eq!(out, std::fs::read_to_string(&path).unwrap());
    std::fs::remove_file(path).unwrap();
}

#[test]
fn serve_takes_a_file_and_says_what_goes_live() {
    let (code, out, err) = ran(&["mock-llm", "serve", "--config", &example("development.yaml")]);
    assert_eq!(code, SUCCESS, "{err}");
    assert!(out.starts_with("listening on http://127.0.0.1:"), "{out}");
    assert!(!err.contains("live"), "{err}");
    let (code, out, err) = ran(&["mock-llm", "serve", "--config", &example("production.yaml")]);
    assert_eq!(code, SUCCESS, "{err}");
    assert!(out.starts_with("listening on http://127.0.0.1:"), "{out}");
    assert!(
        err.contains("mock-llm: live: providers.anthropic: a real provider is enabled"),
        "{err}"
    );
}

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

#[test]
fn schema_and_completions_are_printed() {
    let (code, out, _) = ran(&["mock-llm", "schema"]);
    assert_eq!(code, SUCCESS);
    serde_json::from_str::<serde_json::Value>(&out).unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, out, _) = ran(&["mock-llm", "completions", shell]);
        assert_eq!(code, SUCCESS);
        assert!(out.contains("mock-llm") && out.contains("validate"), "{out}");
    }
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

/// What is written to it can be read from elsewhere.
#[derive(Clone, Default)]
struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_file_says_of_the_journal_holds_unless_an_option_does() {
    let path = fresh("journal.yaml");
    std::fs::write(&path, "journal: {requests: 1}\n").unwrap();
    let file = path.to_str().unwrap();
    let remembered = |options: &[&str]| {
        let mut args = vec!["mock-llm", "serve", "--json", "--config", file];
        args.extend(options);
        let mut out = Shared::default();
        let printed = out.clone();
        let mut remembered = 0;
        // It is asked where it would wait for a signal.
        let wait = || {
            let line = printed.0.lock().unwrap().clone();
            let serving: serde_json::Value = serde_json::from_slice(&line).unwrap();
            let url = serving["url"].as_str().unwrap();
            for _ in 0..3 {
                let mut stream =
                    std::net::TcpStream::connect(url.trim_start_matches("http://")).unwrap();
                stream
                    .write_all(b"POST /v1/messages HTTP/1.0\r\ncontent-length: 2\r\n\r\n{}")
                    .unwrap();
                io::copy(&mut stream, &mut io::sink()).unwrap();
            }
            let (_, out, _) = ran(&["mock-llm", "logs", "--url", url, "--json"]);
            let logs: serde_json::Value = serde_json::from_str(&out).unwrap();
            remembered = logs["calls"].as_array().unwrap().len();
        };
        assert_eq!(run(args, &mut out, &mut Vec::new(), || Ok(wait)), SUCCESS);
        remembered
    };
    assert_eq!(remembered(&[]), 1);
    assert_eq!(remembered(&["--journal", "2"]), 2);
    std::fs::remove_file(&path).unwrap();
}

/// Every command, those within others too, by its words.
fn commands(of: &clap::Command, words: &str, all: &mut Vec<(String, clap::Command)>) {
    for command in of.get_subcommands().filter(|command| command.get_name() != "help") {
        let words = format!("{words} {}", command.get_name());
        if command.has_subcommands() {
            commands(command, &words, all);
        } else {
            all.push((words, command.clone()));
        }
    }
}

#[test]
fn every_command_has_json_and_examples() {
    let mut all = Vec::new();
    commands(&Args::command(), "mock-llm", &mut all);
    assert!(all.len() >= 10);
    for (words, command) in all {
        let has_json = command.get_arguments().any(|argument| argument.get_long() == Some("json"));
        assert!(has_json, "{words} has no --json");
        let mut line: Vec<_> = words.split(' ').collect();
        line.push("--help");
        let (code, out, err) = ran(&line);
        assert_eq!((code, err.as_str()), (SUCCESS, ""), "{words}");
        assert!(out.contains("Examples:") && out.contains(&format!("  {words}")), "{out}");
    }
}

#[test]
fn json_is_one_value_whatever_the_command() {
    let path = fresh("json.yaml");
    let file = path.to_str().unwrap();
    for line in [
        &["init", file][..],
        &["init", "-"],
        &["schema"],
        &["completions", "bash"],
        &["serve"],
        &["validate", file],
        &["ask", "openai", "hi"],
    ] {
        let args: Vec<_> = ["mock-llm"].iter().chain(line).chain(&["--json"]).copied().collect();
        let (code, out, err) = ran(&args);
        assert_eq!((code, err.as_str()), (SUCCESS, ""), "{line:?}");
        serde_json::from_str::<serde_json::Value>(&out).unwrap_or_else(|e| panic!("{e}: {out}"));
    }
    let (_, out, _) = ran(&["mock-llm", "serve", "--json"]);
    assert_eq!(out.lines().count(), 1);
    let serving: serde_json::Value = serde_json::from_str(&out).unwrap();
    let url = serving["url"].as_str().unwrap();
    assert_eq!(serving["base_urls"]["OPENAI_BASE_URL"], format!("{url}/v1"));
    assert_eq!(serving["dashboard"], format!("{url}/__mock/"));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn colours_are_shown_only_where_they_are_wanted() {
    let run_colored = |colors: Colors, args: &[&str]| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        run_in(colors, args, &mut out, &mut err, || Ok(|| ()));
        (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    };
    let file = example("development.yaml");
    let validate = ["mock-llm", "validate", &file];
    let on = Colors { out: true, err: true };
    let (out, _) = run_colored(on, &validate);
    assert!(out.contains("\u{1b}[32mvalid\u{1b}[0m"), "{out:?}");
    let (_, err) = run_colored(on, &["mock-llm", "validate", "none.yaml"]);
    assert!(err.starts_with("\u{1b}[31mmock-llm:\u{1b}[0m none.yaml"), "{err:?}");
    let (out, _) = run_colored(Colors::default(), &validate);
    assert!(!out.contains('\u{1b}'), "{out:?}");
    let (out, _) = run_colored(on, &["mock-llm", "validate", &file, "--json"]);
    assert!(!out.contains('\u{1b}'), "{out:?}");
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
