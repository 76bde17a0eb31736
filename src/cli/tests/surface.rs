//! What holds for every command: help, `--json`, colours, codes.

use super::*;

#[test]
fn nonsense_is_a_usage_error_on_stderr() {
    for args in [&["mock-llm", "serve", "--port", "x"][..], &["mock-llm"]] {
        let (code, out, err) = ran(args);
        assert_eq!((code, out.as_str()), (USAGE, ""), "{args:?}");
        assert!(err.starts_with("mock-llm: "), "{err}");
    }
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
