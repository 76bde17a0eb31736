//! `mock-llm serve`.

use std::io::{self, Write};

use super::args::Serve;
use super::{Failure, config};
use crate::layer::MockLlmLayer;
use crate::provider::{Provider, registry};
use crate::server::MockServer;

/// What a provider's SDKs read for their base URL, and what it must be after the server's URL.
pub(super) const BASE_URLS: &[(Provider, &str, &str)] = &[
    (Provider::ANTHROPIC, "ANTHROPIC_BASE_URL", ""),
    (Provider::GEMINI, "GOOGLE_GEMINI_BASE_URL", ""),
    (Provider::OPENAI, "OPENAI_BASE_URL", "/v1"),
];

/// How many bytes of requests are remembered for the logs.
const JOURNAL_BYTES: usize = 64 * 1024 * 1024;

pub(super) fn serve<W: FnOnce()>(
    options: &Serve,
    out: &mut dyn Write,
    err: &mut dyn Write,
    listen: impl FnOnce() -> io::Result<W>,
) -> Result<(), Failure> {
    // First of all, so that a signal that comes early ends it in order too.
    let wait = listen().map_err(Failure::Signal)?;
    let config = match &options.config {
        Some(file) => Some((file, config(file, options.profile.as_deref())?)),
        None => None,
    };
    let mut layer = match &config {
        None => MockLlmLayer::new(),
        Some((file, config)) if config.mocked().is_empty() => {
            return Err(Failure::Other(format!(
                "{} mocks nothing, and a server cannot pass requests on; in a Rust app, put the \
                 layer of the same file around the client",
                file.display(),
            )));
        }
        Some((_, config)) => {
            for live in config.live() {
                let _ = writeln!(
                    err,
                    "mock-llm: warning: {live}; a server cannot pass requests on, and refuses them"
                );
            }
            config.layer()?
        }
    };
    if let Some(seed) = options.seed {
        layer = layer.seed(seed);
    }
    if let Some(pace) = &options.pace {
        layer = layer.pace(pace.clone());
    }
    let (host, port) = config.as_ref().map_or((None, None), |(_, config)| config.server());
    let host = options.host.as_deref().or(host).unwrap_or("127.0.0.1");
    let port = options.port.or(port).unwrap_or(0);
    let layer = layer.journal(options.journal, JOURNAL_BYTES);
    let mut builder = MockServer::builder(layer).host(host).port(port).admin(!options.no_admin);
    let variable = std::env::var("MOCK_LLM_ADMIN_TOKEN").ok();
    let in_file = || config.as_ref().and_then(|(_, config)| config.admin_token());
    let token = options.admin_token.as_deref().or(variable.as_deref()).or_else(in_file);
    if let Some(token) = token.filter(|token| !token.is_empty()) {
        builder = builder.admin_token(token);
    }
    let server = builder.start()?;
    writeln!(out, "listening on {}", server.url())?;
    out.flush()?;
    if !server.addr().ip().is_loopback() {
        let addr = server.addr();
        let _ = writeln!(
            err,
            "mock-llm: warning: {addr} is open to the network, to anyone and without a key"
        );
    }
    // Hints only: it serves without them.
    let rooms = registry::builtin();
    for (provider, variable, path) in BASE_URLS {
        if rooms.iter().any(|room| room.provider() == *provider) {
            let _ = writeln!(err, "{variable}={}{path}", server.url());
        }
    }
    if !options.no_admin {
        let _ = writeln!(err, "dashboard: {}/__mock/", server.url());
    }
    wait();
    server.shutdown();
    Ok(())
}
