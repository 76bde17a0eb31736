//! `mock-llm record`, and what `serve` replays.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Failure;
use super::args::{Record, Upstreams};
use super::serve::{greet, trusting};
use crate::cassette::{Cassette, RecordMode, Store};
use crate::layer::MockLlmLayer;
use crate::provider::{Provider, registry};
use crate::server::{MockServer, MockServerBuilder};

/// What a cassette in a folder is called that `record` makes.
const RECORDED: &str = "recorded.jsonl";

pub(super) fn record<W: FnOnce()>(
    options: &Record,
    out: &mut dyn Write,
    err: &mut dyn Write,
    listen: impl FnOnce() -> io::Result<W>,
) -> Result<(), Failure> {
    let wait = listen().map_err(Failure::Signal)?;
    let path = file_to_record(&options.cassette);
    let mode = if options.all { RecordMode::RecordAll } else { RecordMode::RecordMissing };
    let cassette = Cassette::open(&path)?.mode(mode);
    let already = cassette.len();
    let layer = MockLlmLayer::new().cassette(cassette.clone());
    let mut builder = before(layer, &options.upstreams)?;
    if let Some(host) = &options.host {
        builder = builder.host(host);
    }
    let server = builder.port(options.port.unwrap_or(0)).start()?;
    greet(&server, false, options.json, out, err)?;
    let _ = writeln!(err, "recording into {}", path.display());
    wait();
    let handle = server.handle();
    server.shutdown();
    let _ = writeln!(
        err,
        "recorded {} calls; {} has {}",
        cassette.len().saturating_sub(already),
        path.display(),
        cassette.len()
    );
    // What could not be written, among others.
    handle.check()?;
    Ok(())
}

/// A server before these providers.
pub(super) fn before(
    layer: MockLlmLayer,
    upstreams: &Upstreams,
) -> Result<MockServerBuilder, Failure> {
    let upstream = trusting(upstreams.upstream_ca.as_deref())?;
    let builder = MockServer::builder(layer).upstream(upstream);
    upstreams.upstream.iter().try_fold(builder, |builder, text| with_upstream(builder, text))
}

/// `openai=https://host/v1`, or a URL alone: then it is the provider's whose host it is, or else
/// everybody's.
fn with_upstream(builder: MockServerBuilder, text: &str) -> Result<MockServerBuilder, Failure> {
    let rooms = registry::builtin();
    let known = || rooms.iter().map(|room| room.provider());
    if let Some((name, url)) = text.split_once('=').filter(|(name, _)| !name.contains([':', '/'])) {
        let Some(provider) = known().find(|provider| provider.as_str() == name) else {
            let names: Vec<_> = known().map(|provider| provider.to_string()).collect();
            let names = names.join(", ");
            let message = format!("--upstream {text}: `{name}` is no provider; it may be {names}");
            return Err(Failure::Other(message));
        };
        return Ok(builder.base_url(provider, url)?);
    }
    let host = text.parse::<http::Uri>().ok().and_then(|url| url.host().map(str::to_owned));
    let owner = host.and_then(|host| rooms.iter().find(|room| room.owns(&host)));
    let providers: Vec<Provider> = match owner {
        Some(room) => vec![room.provider()],
        None => known().collect(),
    };
    let mut builder = builder;
    for provider in providers {
        builder = builder.base_url(provider, text)?;
    }
    Ok(builder)
}

/// A path with an ending is a file, any other a folder.
fn file_to_record(path: &Path) -> PathBuf {
    if path.is_dir() || path.extension().is_none() {
        path.join(RECORDED)
    } else {
        path.to_path_buf()
    }
}

/// What is replayed: a file, or all cassettes of a folder.
pub(super) fn replayed(path: &Path) -> Result<Cassette, Failure> {
    if !path.is_dir() {
        if !path.exists() {
            return Err(Failure::Other(format!("there is no cassette {}", path.display())));
        }
        return Ok(Cassette::open(path)?);
    }
    let cannot = |error| Failure::Other(format!("cannot read {}: {error}", path.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(cannot)? {
        let file = entry.map_err(cannot)?.path();
        if file.extension() == Some(OsStr::new("jsonl")) {
            // For its own message, with its own lines.
            Cassette::open(&file)?;
            files.push(file);
        }
    }
    files.sort();
    match &*files {
        [] => Err(Failure::Other(format!("there is no cassette (*.jsonl) in {}", path.display()))),
        [only] => Ok(Cassette::open(only)?),
        _ => Ok(Cassette::open_in(Together(files), path.display().to_string())?),
    }
}

/// Several files, read as one.
#[derive(Debug)]
struct Together(Vec<PathBuf>);

impl Store for Together {
    fn read(&self, _: &str) -> io::Result<Option<Vec<u8>>> {
        let mut all = Vec::new();
        for file in &self.0 {
            let text = fs::read(file)?;
            // The line that begins a cassette stands once.
            let begins =
                text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
            all.extend_from_slice(if all.is_empty() { &text } else { &text[begins..] });
            if !all.is_empty() && !all.ends_with(b"\n") {
                all.push(b'\n');
            }
        }
        Ok(Some(all))
    }

    fn append(&self, _: &str, _: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn replace(&self, _: &str, _: &mut dyn FnMut(&[u8]) -> io::Result<Vec<u8>>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
