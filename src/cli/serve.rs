//! `mock-llm serve`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::Serve;
use super::record::replayed;
use super::watch::Watch;
use super::{Failure, config};
use crate::cassette::Cassette;
use crate::config::Config;
use crate::layer::MockLlmLayer;
use crate::provider::{Provider, registry};
use crate::server::{MockServer, MockServerBuilder, Tls};
use crate::upstream::Upstream;

/// What a provider's SDKs read for their base URL, and what it must be after the server's URL.
pub(super) const BASE_URLS: &[(Provider, &str, &str)] = &[
    (Provider::ANTHROPIC, "ANTHROPIC_BASE_URL", ""),
    (Provider::GEMINI, "GOOGLE_GEMINI_BASE_URL", ""),
    (Provider::OPENAI, "OPENAI_BASE_URL", "/v1"),
];

/// The variables that have a provider's key for its SDKs, the first first.
pub(super) const KEYS: &[(Provider, &str)] = &[
    (Provider::ANTHROPIC, "ANTHROPIC_API_KEY"),
    (Provider::GEMINI, "GEMINI_API_KEY"),
    (Provider::GEMINI, "GOOGLE_API_KEY"),
    (Provider::OPENAI, "OPENAI_API_KEY"),
];

/// How many calls are remembered for the logs, if nobody says it.
const JOURNAL_CALLS: usize = 10_000;

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
    for live in config.iter().flat_map(Config::live) {
        let _ = writeln!(err, "mock-llm: live: {live}");
    }
    let cassette = options.cassette.as_deref().map(replayed).transpose()?;
    let mut builder = builder(options, config.as_ref(), cassette.clone())?;
    if let Some(tls) = tls(options)? {
        builder = builder.tls(tls);
    }
    let files = |config: &Config| config.files().map(PathBuf::from).collect();
    let watch = config.as_ref().map(|config| Watch::new(files(config)));
    let watch = watch.transpose().map_err(Failure::Signal)?;
    let server = builder.start()?;
    greet(&server, !options.no_admin, options.json, out, err)?;
    match (&options.config, watch) {
        (Some(file), Some(watch)) => watch.during(wait, || {
            let again = super::config(file, options.profile.as_deref());
            let config = again.map_err(|failure| failure.to_string())?;
            let builder = self::builder(options, Some(&config), cassette.clone());
            let builder = builder.map_err(|failure| failure.to_string())?;
            server.reload(builder).map_err(|error| error.to_string())?;
            Ok(files(&config))
        }),
        _ => wait(),
    }
    server.shutdown();
    Ok(())
}

/// The server that the arguments and the file describe.
fn builder(
    options: &Serve,
    config: Option<&Config>,
    cassette: Option<Cassette>,
) -> Result<MockServerBuilder, Failure> {
    let mut builder = match config {
        None => MockServer::builder(MockLlmLayer::new()),
        Some(config) => config.server_builder()?,
    };
    if let Some(file) = &options.upstream_ca {
        builder = builder.upstream_if_any(trusting(Some(file))?);
    }
    builder = builder.map_layer(|mut layer| {
        if let Some(seed) = options.seed {
            layer = layer.seed(seed);
        }
        if let Some(pace) = &options.pace {
            layer = layer.pace(pace.clone());
        }
        if let Some(cassette) = cassette {
            // The server lives longer than one run of a program.
            layer = layer.cassette(cassette.repeat(true));
        }
        let is_said = config.is_some_and(Config::says_journal);
        match options.journal {
            None if is_said => layer,
            calls => layer.journal(calls.unwrap_or(JOURNAL_CALLS), JOURNAL_BYTES),
        }
    });
    if let Some(host) = &options.host {
        builder = builder.host(host);
    }
    if let Some(port) = options.port {
        builder = builder.port(port);
    }
    if options.cors {
        builder = builder.cors(true);
    }
    if let Some(most) = options.max_connections {
        builder = builder.max_connections(most);
    }
    builder = builder.admin(!options.no_admin);
    let variable = std::env::var("MOCK_LLM_ADMIN_TOKEN").ok();
    let token = options.admin_token.as_deref().or(variable.as_deref());
    if let Some(token) = token.filter(|token| !token.is_empty()) {
        builder = builder.admin_token(token);
    }
    Ok(builder)
}

fn tls(options: &Serve) -> Result<Option<Tls>, Failure> {
    if let (Some(certificate), Some(key)) = (&options.tls_cert, &options.tls_key) {
        return Ok(Some(Tls::from_pem(&read(certificate)?, &read(key)?)?));
    }
    let Some(file) = &options.tls_self_signed else { return Ok(None) };
    let host = options.host.as_deref().filter(|host| *host != "127.0.0.1" && *host != "localhost");
    let names = ["localhost", "127.0.0.1", "::1"].into_iter().chain(host);
    let tls = Tls::self_signed(names)?;
    std::fs::write(file, tls.certificate_pem())
        .map_err(|error| Failure::Other(format!("cannot write {}: {error}", file.display())))?;
    Ok(Some(tls))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file)
        .map_err(|error| Failure::Other(format!("cannot read {}: {error}", file.display())))
}

/// Says where it is, and how it is pointed at.
pub(super) fn greet(
    server: &MockServer,
    has_dashboard: bool,
    json: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let url = server.url();
    let dashboard = has_dashboard.then(|| format!("{url}/__mock/"));
    if json {
        let base_urls = base_urls(&url);
        // In one line, for who waits for the first.
        serde_json::to_writer(
            &mut *out,
            &Serving { url: &url, base_urls, dashboard: dashboard.as_deref() },
        )
        .map_err(|error| Failure::Output(error.into()))?;
        writeln!(out)?;
    } else {
        writeln!(out, "listening on {url}")?;
    }
    out.flush()?;
    if !server.addr().ip().is_loopback() {
        let addr = server.addr();
        let _ = writeln!(
            err,
            "mock-llm: warning: {addr} is open to the network, to anyone and without a key"
        );
    }
    if !json {
        // Hints only: it serves without them.
        for (variable, url) in base_urls(&url) {
            let _ = writeln!(err, "{variable}={url}");
        }
        if let Some(dashboard) = dashboard {
            let _ = writeln!(err, "# dashboard: {dashboard}");
        }
    }
    Ok(())
}

/// What calls providers, with the certificates of this file.
pub(super) fn trusting(file: Option<&Path>) -> Result<Upstream, Failure> {
    let Some(file) = file else { return Ok(Upstream::new()) };
    Ok(Upstream::new().root_pem(&read(file)?)?)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Serving<'a> {
    url: &'a str,
    base_urls: BTreeMap<&'static str, String>,
    dashboard: Option<&'a str>,
}

/// The variables of the providers' SDKs, set to this server.
fn base_urls(url: &str) -> BTreeMap<&'static str, String> {
    let rooms = registry::builtin();
    let mocked = BASE_URLS
        .iter()
        .filter(|(provider, ..)| rooms.iter().any(|room| room.provider() == *provider));
    mocked.map(|(_, variable, path)| (*variable, format!("{url}{path}"))).collect()
}
