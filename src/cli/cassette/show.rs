//! `mock-llm cassette show`.

use std::io::Write;

use serde::Serialize;
use serde_json::value::RawValue;

use super::args::Show;
use super::{Chosen, Failure, print_json};
use crate::cassette::shelf::{Recording, pretty};

/// A recording, whole.
#[derive(Serialize)]
struct Shown<'a> {
    file: &'a str,
    line: usize,
    provider: &'a str,
    method: &'a str,
    url: &'a str,
    request_headers: &'a [(String, String)],
    request_body: Body,
    status: u16,
    /// When the head of the response came, in microseconds.
    after_us: u64,
    headers: &'a [(String, String)],
    body: Body,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<Vec<Frame>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interrupted: Option<&'a str>,
}

#[derive(Serialize)]
struct Frame {
    us: u64,
    body: Body,
}

/// JSON as JSON, text as text.
#[derive(Serialize)]
#[serde(untagged)]
enum Body {
    Json(Box<RawValue>),
    Text(String),
    Binary { bytes: usize },
}

impl Body {
    fn of(bytes: &[u8]) -> Self {
        match (serde_json::from_slice(bytes), std::str::from_utf8(bytes)) {
            (Ok(json), _) => Self::Json(json),
            (_, Ok(text)) => Self::Text(text.to_owned()),
            _ => Self::Binary { bytes: bytes.len() },
        }
    }

    fn print(&self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Json(json) => Ok(writeln!(out, "{}", pretty(json.get()))?),
            Self::Text(text) => Ok(writeln!(out, "{}", text.trim_end())?),
            Self::Binary { bytes } => Ok(writeln!(out, "({bytes} bytes that are no text)")?),
        }
    }
}

pub(super) fn show(options: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let chosen = Chosen::read(&options.recording)?;
    let shown: Vec<_> = chosen
        .recordings()
        .into_iter()
        .map(|recording| shown(&chosen.file.name, recording, options.frames))
        .collect();
    if options.json {
        return print_json(out, &shown);
    }
    for it in &shown {
        writeln!(out, "# {}:{}, {}", it.file, it.line, it.provider)?;
        writeln!(out, "{} {}", it.method, it.url)?;
        headers(it.request_headers, out)?;
        writeln!(out)?;
        it.request_body.print(out)?;
        writeln!(out, "\n{} after {:.3} s", it.status, it.after_us as f64 / 1e6)?;
        headers(it.headers, out)?;
        writeln!(out)?;
        match &it.frames {
            None => it.body.print(out)?,
            Some(frames) => {
                for Frame { us, body } in frames {
                    writeln!(out, "+{:.3} s", *us as f64 / 1e6)?;
                    body.print(out)?;
                }
            }
        }
        if let Some(why) = it.interrupted {
            writeln!(out, "\ninterrupted: {why}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn headers(headers: &[(String, String)], out: &mut dyn Write) -> Result<(), Failure> {
    for (name, value) in headers {
        writeln!(out, "{name}: {value}")?;
    }
    Ok(())
}

fn shown<'a>(file: &'a str, recording: &'a Recording, frames: bool) -> Shown<'a> {
    let it = &recording.interaction;
    let body: Vec<u8> = it.frames.iter().flat_map(|frame| frame.bytes.iter().copied()).collect();
    let each = || it.frames.iter().map(|it| Frame { us: it.at, body: Body::of(&it.bytes) });
    Shown {
        file,
        line: recording.line(),
        provider: &it.provider,
        method: &it.method,
        url: &it.url,
        request_headers: &it.request_headers,
        request_body: Body::of(&it.body),
        status: it.status,
        after_us: it.after,
        headers: &it.headers,
        body: Body::of(&body),
        frames: frames.then(|| each().collect()),
        interrupted: it.interrupted.as_deref(),
    }
}
