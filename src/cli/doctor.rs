//! `mock-llm doctor`.

use std::io::Write;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::args::Doctor;
use super::serve::{BASE_URLS, KEYS};
use super::style::{Tone, paint};
use super::{Failure, print_json};
use crate::config::Config;
use crate::provider::registry;
use crate::request::Head;

/// Where the file is looked for.
const FILES: [&str; 4] = ["mock-llm.yaml", "mock-llm.yml", "mock-llm.toml", "mock-llm.json"];
const OWN: [&str; 3] = ["MOCK_LLM", "MOCK_LLM_FORBID", "MOCK_LLM_PROFILE"];
const PROXIES: [&str; 6] =
    ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"];

/// One thing that was looked at.
#[derive(Debug, PartialEq, Serialize)]
struct Finding {
    what: String,
    found: String,
    /// Whether something is wrong with it.
    problem: bool,
}

pub(super) fn doctor(options: &Doctor, colored: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let findings = findings(&|name| std::env::var(name).ok(), Path::new(""));
    if options.json {
        print_json(out, &findings)?;
    } else {
        for Finding { what, found, problem } in &findings {
            let mark = if *problem { "!" } else { " " };
            let line = format!("{mark} {what:<24} {found}");
            writeln!(out, "{}", paint(colored && *problem, Tone::Bad, &line))?;
        }
    }
    if findings.iter().any(|finding| finding.problem) { Err(Failure::Said) } else { Ok(()) }
}

fn findings(env: &dyn Fn(&str) -> Option<String>, folder: &Path) -> Vec<Finding> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    let mut findings = Vec::new();
    let mut note = |what: &str, found: String, problem| {
        findings.push(Finding { what: what.to_owned(), found, problem });
    };
    let mut is_local = false;
    for (_, name, _) in BASE_URLS {
        match set(name) {
            None => note(name, "not set: the provider's own".into(), false),
            Some(url) => {
                let target = Target::of(&url);
                is_local |= matches!(target, Target::Here { .. });
                let (found, problem) = target.found();
                note(name, found, problem);
            }
        }
    }
    for (_, name) in KEYS {
        let found = if set(name).is_some() { "set; not shown" } else { "not set" };
        note(name, found.into(), false);
    }
    let forbidden = set("MOCK_LLM_FORBID").is_some_and(|value| value != "0" && value != "false");
    for name in OWN {
        let value = set(name);
        let problem = name == "MOCK_LLM" && forbidden && value.as_deref() == Some("mock");
        let found = value.map_or("not set".to_owned(), |value| format!("{value:?}"));
        let contradiction = if problem { ", but MOCK_LLM_FORBID forbids it" } else { "" };
        note(name, found + contradiction, problem);
    }
    let excepted = set("NO_PROXY").or_else(|| set("no_proxy")).unwrap_or_default();
    let excepts = ["localhost", "127.0.0.1", "*"].iter().any(|host| excepted.contains(host));
    for name in PROXIES {
        if set(name).is_some() {
            let problem = is_local && !excepts;
            let found = if problem {
                "set, and NO_PROXY does not except 127.0.0.1: the mock is not reached through it"
            } else {
                "set"
            };
            note(name, found.into(), problem);
        }
    }
    let file = FILES.iter().find(|file| folder.join(file).is_file());
    match file {
        None => note("config file", format!("none of {} is here", FILES.join(", ")), false),
        Some(file) => {
            let profile = set("MOCK_LLM_PROFILE");
            match Config::load_in(&folder.join(file), profile.as_deref(), &|name| env(name)) {
                Err(error) => note(file, error.to_string(), true),
                Ok(config) => {
                    let (mocked, live) = (config.mocked().len(), config.live().len());
                    note(file, format!("valid; {mocked} mocked, {live} live"), false);
                    config.warnings().into_iter().for_each(|warning| note(file, warning, false));
                }
            }
        }
    }
    findings
}

/// Where a base URL leads.
enum Target {
    Here { shown: String, answers: bool },
    Provider(String),
    Elsewhere(String),
    Nowhere(String),
}

impl Target {
    fn of(url: &str) -> Self {
        let Ok(uri) = url.parse::<http::Uri>() else { return Self::Nowhere("no URL".into()) };
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Self::Nowhere("no URL with scheme and host".into());
        };
        let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        // A name and a password may stand before the host.
        let shown = format!("{scheme}://{host}:{port}{}", uri.path());
        let headers = http::HeaderMap::new();
        if Head::new(&http::Method::GET, Some(host), "/", None, &headers).is_local() {
            // Nothing else is called from here.
            let host = host.trim_matches(['[', ']']);
            let mut addresses = (host, port).to_socket_addrs().into_iter().flatten();
            let wait = Duration::from_millis(300);
            let answers = addresses.any(|addr| TcpStream::connect_timeout(&addr, wait).is_ok());
            return Self::Here { shown, answers };
        }
        if registry::builtin().iter().any(|room| room.owns(host)) {
            return Self::Provider(shown);
        }
        Self::Elsewhere(shown)
    }

    fn found(self) -> (String, bool) {
        match self {
            Self::Here { shown, answers: true } => {
                (format!("{shown}: this machine; something listens there"), false)
            }
            Self::Here { shown, answers: false } => {
                (format!("{shown}: this machine, but nothing listens there"), true)
            }
            Self::Provider(shown) => (format!("{shown}: the provider"), false),
            Self::Elsewhere(shown) => {
                (format!("{shown}: neither this machine nor a provider"), false)
            }
            Self::Nowhere(why) => (why, true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::MockServer;

    #[test]
    fn what_points_where() {
        let server = MockServer::start().unwrap();
        let here = format!("http://user:secret@{}/v1", server.addr());
        let shown = format!("http://{}/v1: this machine; something listens there", server.addr());
        let found = |proxy: bool| {
            let env = |name: &str| match name {
                "OPENAI_BASE_URL" => Some(here.clone()),
                "ANTHROPIC_BASE_URL" => Some("https://api.anthropic.com".to_owned()),
                "GOOGLE_GEMINI_BASE_URL" => Some("nonsense".to_owned()),
                "OPENAI_API_KEY" => Some("sk-secret".to_owned()),
                "MOCK_LLM" => Some("mock".to_owned()),
                "MOCK_LLM_FORBID" => Some("1".to_owned()),
                "HTTP_PROXY" => Some("http://user:secret@proxy".to_owned()),
                "NO_PROXY" => (!proxy).then(|| "localhost,127.0.0.1".to_owned()),
                _ => None,
            };
            findings(&env, Path::new("no-such-folder"))
        };
        let findings = found(true);
        let of = |what: &str| {
            let finding = findings.iter().find(|finding| finding.what == what).unwrap();
            (finding.found.as_str(), finding.problem)
        };
        assert_eq!(of("OPENAI_BASE_URL"), (shown.as_str(), false));
        assert_eq!(
            of("ANTHROPIC_BASE_URL"),
            ("https://api.anthropic.com:443/: the provider", false)
        );
        assert_eq!(of("GOOGLE_GEMINI_BASE_URL"), ("no URL with scheme and host", true));
        assert_eq!(of("OPENAI_API_KEY"), ("set; not shown", false));
        assert_eq!(of("MOCK_LLM"), ("\"mock\", but MOCK_LLM_FORBID forbids it", true));
        assert!(of("HTTP_PROXY").1);
        assert!(!format!("{findings:?}").contains("secret"));
        assert!(
            !found(false).iter().any(|finding| finding.what == "HTTP_PROXY" && finding.problem)
        );
    }
}
