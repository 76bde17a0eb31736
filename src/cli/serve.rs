//! `mock-llm serve`.

use std::io::{self, Write};

use super::args::Serve;
use super::{Failure, config};
use crate::layer::MockLlmLayer;
use crate::provider::{Provider, registry};
use crate::server::MockServer;
use crate::upstream::Upstream;

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
        Some(file) => Some(config(file, options.profile.as_deref())?),
        None => None,
    };
    let mut builder = match &config {
        None => MockServer::builder(MockLlmLayer::new()),
        Some(config) => {
            for live in config.live() {
                let _ = writeln!(err, "mock-llm: live: {live}");
            }
            config.server_builder()?
        }
    };
    if let Some(file) = &options.upstream_ca {
        let pem = std::fs::read(file)
            .map_err(|error| Failure::Other(format!("cannot read {}: {error}", file.display())))?;
        let trusting = Upstream::new().root_pem(&pem)?;
        builder = builder.upstream_if_any(trusting);
    }
    builder = builder.map_layer(|mut layer| {
        if let Some(seed) = options.seed {
            layer = layer.seed(seed);
        }
        if let Some(pace) = &options.pace {
            layer = layer.pace(pace.clone());
        }
        layer.journal(options.journal, JOURNAL_BYTES)
    });
    if let Some(host) = &options.host {
        builder = builder.host(host);
    }
    if let Some(port) = options.port {
        builder = builder.port(port);
    }
    builder = builder.admin(!options.no_admin);
    let variable = std::env::var("MOCK_LLM_ADMIN_TOKEN").ok();
    let token = options.admin_token.as_deref().or(variable.as_deref());
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
        let _ = writeln!(err, "# dashboard: {}/__mock/", server.url());
    }
    wait();
    server.shutdown();
    Ok(())
}
