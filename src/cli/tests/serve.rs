//! `mock-llm serve`.

use super::*;

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
fn a_pace_is_read_or_refused_with_its_form() {
    let (code, _, err) = ran(&["mock-llm", "serve", "--pace", "first=300ms; gap=20ms"]);
    assert_eq!(code, SUCCESS, "{err}");
    let (code, _, err) = ran(&["mock-llm", "serve", "--pace", "gap=20"]);
    assert_eq!(code, USAGE);
    assert!(err.contains("`gap=20`: `20` is no time; write 20ms, 1.5s or 100us"), "{err}");
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
