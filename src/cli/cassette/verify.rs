//! `mock-llm cassette verify`.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full};
use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Runtime;
use tower_service::Service;

use super::args::Verify;
use super::{Failure, count, print_json};
use crate::cassette::shelf::{Recording, Shelved};
use crate::cassette::{Cassette, RecordMode};
use crate::cli::record::before;
use crate::cli::serve::KEYS;
use crate::error::BoxError;
use crate::layer::MockLlmLayer;
use crate::provider::Provider;
use crate::provider::home::sign;
use crate::upstream::{Upstream, without_key};

#[derive(Serialize)]
struct Verified {
    file: String,
    /// How many recordings were asked about again.
    asked: usize,
    /// What has another shape now.
    drifted: Vec<String>,
    /// What could not be asked about, and why.
    failed: Vec<String>,
}

pub(super) fn verify(options: &Verify, out: &mut dyn Write) -> Result<(), Failure> {
    let runtime = crate::cli::runtime()?;
    // All can be read before anybody is asked.
    let files = options.paths.files()?;
    let shelved = files.iter().map(|path| Shelved::open(path)).collect::<Result<Vec<_>, _>>()?;
    let mut keyless = BTreeSet::new();
    let all = files
        .iter()
        .zip(&shelved)
        .map(|(path, file)| again(path, file, options, &runtime, &mut keyless))
        .collect::<Result<Vec<_>, _>>()?;
    if options.json {
        print_json(out, &all)?;
    } else {
        for Verified { file, asked, drifted, failed } in &all {
            drifted.iter().chain(failed).try_for_each(|line| writeln!(out, "{line}"))?;
            let asked = count(*asked, "recording");
            writeln!(out, "{file}: {asked} asked again, {} drifted", drifted.len())?;
        }
        for variable in &keyless {
            writeln!(out, "there is no key in {variable}: the provider may have refused for that")?;
        }
    }
    if all.iter().any(|it| !it.failed.is_empty()) {
        return Err(Failure::Said);
    }
    if all.iter().any(|it| !it.drifted.is_empty()) { Err(Failure::FoundSaid) } else { Ok(()) }
}

/// Sends what a file has to the providers again, through a server that compares.
fn again(
    path: &Path,
    file: &Shelved,
    options: &Verify,
    runtime: &Runtime,
    keyless: &mut BTreeSet<&'static str>,
) -> Result<Verified, Failure> {
    let cassette = Cassette::open(path)?.mode(RecordMode::Verify);
    let layer = MockLlmLayer::new().cassette(cassette.clone());
    let server = before(layer, &options.upstreams)?.start()?;
    let mut client = Upstream::new().no_proxy();
    let (mut asked, mut failed) = (0, Vec::new());
    for recording in &file.recordings {
        let of = &recording.interaction;
        // It is never replayed.
        if of.interrupted.is_some() {
            continue;
        }
        let answer = request(recording, &server.url())
            .map_err(BoxError::from)
            .and_then(|request| runtime.block_on(call(&mut client, request)));
        let why = match answer {
            // What was recorded is replayed, whatever the provider says now.
            Ok((status, body)) if status == of.status && is_recorded(&body, recording) => {
                asked += 1;
                continue;
            }
            Ok((_, body)) => message(&body),
            Err(error) => error.to_string(),
        };
        failed.push(format!("{}:{} was not asked again: {why}", file.name, recording.line()));
    }
    server.shutdown();
    let drifted: Vec<_> = cassette.notes().iter().map(ToString::to_string).collect();
    if !drifted.is_empty() {
        keyless.extend(file.recordings.iter().filter_map(|it| missing(&it.interaction.provider)));
    }
    Ok(Verified { file: file.name.clone(), asked, drifted, failed })
}

/// Whether these are the bytes of the recording, and not words of ours about it.
fn is_recorded(body: &[u8], recording: &Recording) -> bool {
    let frames = recording.interaction.frames.iter();
    frames.flat_map(|frame| frame.bytes.iter()).eq(body)
}

/// What an error says, in whoever's envelope.
fn message(body: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let said = json.as_ref().and_then(|json| json.pointer("/error/message")?.as_str());
    said.map_or_else(|| String::from_utf8_lossy(body).trim().to_owned(), str::to_owned)
}

/// The variables of a provider's key.
fn variables(provider: &str) -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter(move |(known, _)| known.as_str() == provider).map(|(_, name)| *name)
}

/// The key of a provider, if a variable has it.
fn key(provider: &str) -> Option<String> {
    variables(provider).filter_map(|name| std::env::var(name).ok()).find(|key| !key.is_empty())
}

/// The variable that would have a provider's key, if none has.
fn missing(provider: &str) -> Option<&'static str> {
    if key(provider).is_some() { None } else { variables(provider).next() }
}

/// The recorded request with a key of now, at our own server.
fn request(recording: &Recording, server: &str) -> Result<Request<Full<Bytes>>, http::Error> {
    let of = &recording.interaction;
    let url = without_key(&of.url.parse::<Uri>()?);
    let place = url.path_and_query().map_or("/", |place| place.as_str());
    let mut request = Request::builder()
        .method(of.method.as_str())
        .uri(format!("{server}{place}"))
        .body(Full::new(of.body.clone()))?;
    let headers = request.headers_mut();
    for (name, value) in &of.request_headers {
        headers.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    headers.remove(HOST);
    headers.remove(CONTENT_LENGTH);
    if let Some(key) = key(&of.provider) {
        sign(&Provider::new(of.provider.clone()), &HeaderValue::try_from(key)?, headers);
    }
    Ok(request)
}

async fn call(
    client: &mut Upstream,
    request: Request<Full<Bytes>>,
) -> Result<(u16, Bytes), BoxError> {
    let request = request.map(|body| body.map_err(|never| match never {}).boxed());
    poll_fn(|cx| client.poll_ready(cx)).await?;
    let (head, body) = client.call(request).await?.into_parts();
    Ok((head.status.as_u16(), body.collect().await?.to_bytes()))
}
