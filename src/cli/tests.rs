//! The command, as a function.

use super::*;
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
fn serve_takes_a_file_and_refuses_one_that_mocks_nothing() {
    let (code, out, err) = ran(&["mock-llm", "serve", "--config", &example("development.yaml")]);
    assert_eq!(code, SUCCESS, "{err}");
    assert!(out.starts_with("listening on http://127.0.0.1:"), "{out}");
    let (code, out, err) = ran(&["mock-llm", "serve", "--config", &example("production.yaml")]);
    assert_eq!((code, out.as_str()), (FAILURE, ""));
    assert!(err.contains("mocks nothing"), "{err}");
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
