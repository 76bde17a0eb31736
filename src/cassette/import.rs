//! Recordings of other tools, made into ours: VCR.py's and pytest-recording's cassettes, Ruby VCR's,
//! and HAR 1.2.

mod har;
mod vcr;
mod yaml;

use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde_json::Value;

use super::format;
use super::interaction::{Frame, Interaction};
use super::redact::Redaction;
use super::shelf::replace;
use crate::error::Error;
use crate::provider::registry;
use crate::request::Head;

/// What was made of a file.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    pub(crate) interactions: Vec<Interaction>,
    /// What was left out, and why.
    pub(crate) left_out: Vec<String>,
}

/// A request and its response, as another tool kept them.
#[derive(Debug, Default)]
struct Exchange {
    method: String,
    url: String,
    request_headers: Vec<(String, String)>,
    asked: Vec<u8>,
    status: u16,
    headers: Vec<(String, String)>,
    said: Vec<u8>,
    /// Until the head of the response, and then until its end, in microseconds.
    took: (u64, u64),
}

/// Reads another tool's file. `provider` is whose API requests to unknown hosts are for.
pub(crate) fn import(
    name: &str,
    text: &[u8],
    provider: Option<&str>,
    redaction: &Redaction,
) -> Result<Imported, Error> {
    let none = |why: String| Error::cassette(format!("{name}: {why}"));
    let text = std::str::from_utf8(text).map_err(|error| none(format!("no text: {error}")))?;
    let text = text.trim_start_matches('\u{feff}');
    let value: Value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| none(format!("no JSON: {error}")))?
    } else {
        yaml::read(text).map_err(none)?
    };
    let exchanges = if value["log"]["entries"].is_array() {
        har::read(&value["log"]["entries"])
    } else if value["interactions"].is_array() {
        vcr::read(&value["interactions"])
    } else if value["http_interactions"].is_array() {
        vcr::read(&value["http_interactions"])
    } else if value["fixtures"].is_array() {
        return Err(none(
            "these are fixtures, which are rules and no recordings: `mock-llm convert` makes a \
             config file of them"
                .to_owned(),
        ));
    } else {
        return Err(none(
            "this is neither HAR (`log.entries`) nor a cassette of VCR.py (`interactions`) or of \
             Ruby's VCR (`http_interactions`)"
                .to_owned(),
        ));
    };
    let mut imported = Imported::default();
    for (index, exchange) in exchanges.into_iter().enumerate() {
        let made = exchange.and_then(|exchange| exchange.interaction(provider));
        match made {
            Ok(interaction) => imported.interactions.push(redaction.cleaned(&interaction)),
            Err(why) => imported.left_out.push(format!("{name}: number {}: {why}", index + 1)),
        }
    }
    Ok(imported)
}

/// Writes a cassette where there is none.
pub(crate) fn write(path: &Path, interactions: &[Interaction]) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::io(format!("make {}", folder.display()), error))?;
    }
    replace(path, &mut |old| {
        if !old.is_empty() {
            let message = format!("{} is there already; nothing was written", path.display());
            return Err(Error::cassette(message));
        }
        let lines: String = interactions.iter().map(format::write).collect();
        Ok((format::first_line() + &lines).into_bytes())
    })
}

impl Exchange {
    fn interaction(mut self, provider: Option<&str>) -> Result<Interaction, String> {
        let Self { method, url, .. } = &self;
        let provider = match (provider_of(method, url)?, provider) {
            (Some(known), _) => known,
            (None, Some(given)) => given.to_owned(),
            (None, None) => {
                let url = url.split('?').next().unwrap_or_default();
                return Err(format!("{url} is no provider's; --provider says whose API it is"));
            }
        };
        if http::StatusCode::from_u16(self.status).is_err() {
            return Err(format!("{} is no HTTP status", self.status));
        }
        self.decode()?;
        let Self { method, url, request_headers, asked, status, headers, said, took } = self;
        let is_stream = headers
            .iter()
            .any(|(name, value)| name == "content-type" && value.contains("event-stream"));
        let frames = if is_stream { events(said) } else { vec![Bytes::from(said)] };
        let frames: Vec<_> = frames.into_iter().filter(|bytes| !bytes.is_empty()).collect();
        let last = frames.len().max(1) as u64;
        let frames = frames.into_iter().zip(1..).map(|(bytes, number)| {
            // Between head and end nobody noted times.
            Frame { at: took.1 * number / last, bytes }
        });
        Ok(Interaction {
            method: method.to_ascii_uppercase(),
            url,
            provider,
            request_headers,
            body: asked.into(),
            status,
            after: took.0,
            headers,
            frames: frames.collect(),
            ..Interaction::default()
        })
    }

    /// Unpacks what is compressed, so that it can be read, compared and searched for keys.
    fn decode(&mut self) -> Result<(), String> {
        let encoding = self.headers.iter().find(|(name, _)| name == "content-encoding");
        match encoding.map(|(_, value)| value.trim().to_ascii_lowercase()).as_deref() {
            None | Some("identity" | "") => {}
            // Some tools keep it unpacked, with the header that it came with.
            Some("gzip" | "x-gzip") if !self.said.starts_with(&[0x1f, 0x8b]) => {}
            Some("gzip" | "x-gzip") => self.said = unpacked(MultiGzDecoder::new(&*self.said))?,
            Some("deflate") => {
                if let Ok(said) = unpacked(ZlibDecoder::new(&*self.said)) {
                    self.said = said;
                } else if let Err(error) = std::str::from_utf8(&self.said) {
                    return Err(format!("its body is no deflated text: {error}"));
                }
            }
            Some(_) if std::str::from_utf8(&self.said).is_ok() => {}
            Some(other) => {
                return Err(format!("its body is compressed by {other:?}, which is not read here"));
            }
        }
        self.headers.retain(|(name, _)| name != "content-encoding");
        for (name, value) in &mut self.headers {
            if name == "content-length" {
                *value = self.said.len().to_string();
            }
        }
        Ok(())
    }
}

fn unpacked(packed: impl Read) -> Result<Vec<u8>, String> {
    /// More is no answer of a model, but a bomb.
    const MOST: u64 = 256 << 20;
    let mut bytes = Vec::new();
    let read = packed.take(MOST + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("its body cannot be unpacked: {error}"))?;
    if bytes.len() as u64 > MOST {
        return Err(format!("its body is more than {MOST} bytes"));
    }
    Ok(bytes)
}

/// The events of a stream, each with its blank line.
fn events(text: Vec<u8>) -> Vec<Bytes> {
    let mut rest = Bytes::from(text);
    let mut events = Vec::new();
    while !rest.is_empty() {
        let ends = [&b"\n\n"[..], b"\r\n\r\n"]
            .into_iter()
            .filter_map(|end| memchr::memmem::find(&rest, end).map(|at| at + end.len()));
        let end = ends.min().unwrap_or(rest.len());
        events.push(rest.split_to(end));
    }
    events
}

/// Whose API it is: by the host, or on this machine by the path.
fn provider_of(method: &str, url: &str) -> Result<Option<String>, String> {
    let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes())
        .map_err(|_| format!("{method:?} is no method"))?;
    let uri: Uri = url.parse().map_err(|error| format!("its URL is none: {error}"))?;
    let headers = HeaderMap::new();
    let authority = uri.authority().map(http::uri::Authority::as_str);
    let head = Head::new(&method, authority, uri.path(), uri.query(), &headers);
    let host = uri.host().unwrap_or_default();
    let owns = registry::builtin()
        .into_iter()
        .find(|room| room.owns(host) || (head.is_local() && room.recognize(&head).is_some()));
    Ok(owns.map(|room| room.provider().as_str().to_owned()))
}

/// A header as it is kept: by a name in small letters; nothing if it is none.
fn header(name: &str, value: &str) -> Option<(String, String)> {
    let name = HeaderName::try_from(name).ok()?;
    HeaderValue::from_str(value).ok()?;
    Some((name.to_string(), value.to_owned()))
}

#[cfg(test)]
mod tests;
