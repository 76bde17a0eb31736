//! The file: JSON Lines. A first line with the version of the format; then for each interaction a line
//! for the request, one for the head of the response, one for each frame, and one that ends it.

pub(super) mod quick;

use std::fmt::Write as _;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::interaction::{Frame, Interaction};
use super::stamp::Stamp;
use super::text;
use crate::error::Error;

/// The version that is written, and the only one there has been.
const VERSION: u32 = 1;

/// The line that begins a file.
#[derive(Serialize)]
struct FileLine {
    cassette: u32,
}

#[derive(Serialize)]
struct RequestLine<'a> {
    request: String,
    provider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<&'a Stamp>,
    headers: &'a [(String, String)],
    body: Box<RawValue>,
}

#[derive(Serialize)]
struct ResponseLine<'a> {
    response: u16,
    us: u64,
    headers: &'a [(String, String)],
}

#[derive(Serialize)]
struct FrameLine {
    us: u64,
    frame: Box<RawValue>,
}

#[derive(Serialize)]
struct EndLine<'a> {
    end: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

/// Any line, as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    cassette: Option<u32>,
    request: Option<String>,
    provider: Option<String>,
    recorded: Option<Stamp>,
    headers: Option<Vec<(String, String)>>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    response: Option<u16>,
    us: Option<u64>,
    #[serde(borrow)]
    frame: Option<&'a RawValue>,
    end: Option<String>,
    why: Option<String>,
}

const WHOLE: &str = "whole";
const INTERRUPTED: &str = "interrupted";
/// Says that what stands before it was cut off while it was written.
const TORN: &str = "torn";

/// The lines of one interaction.
pub(super) fn write(interaction: &Interaction) -> String {
    let mut lines = String::new();
    let Interaction { method, url, provider, request_headers, body, .. } = interaction;
    let request = format!("{method} {url}");
    let (headers, body) = (request_headers, text::write(body));
    let recorded = interaction.recorded.as_ref();
    push(&mut lines, &RequestLine { request, provider, recorded, headers, body });
    let Interaction { status, after, headers, frames, .. } = interaction;
    push(&mut lines, &ResponseLine { response: *status, us: *after, headers });
    for Frame { at, bytes } in frames {
        push(&mut lines, &FrameLine { us: *at, frame: text::write(bytes) });
    }
    let why = interaction.interrupted.as_deref();
    push(&mut lines, &EndLine { end: if why.is_some() { INTERRUPTED } else { WHOLE }, why });
    lines
}

/// The line that begins a file.
pub(super) fn first_line() -> String {
    let mut line = String::new();
    push(&mut line, &FileLine { cassette: VERSION });
    line
}

/// What must stand between the end of a file and the next interaction: nothing, if all is well; a
/// first line, if there is none; a mark, if the last interaction was cut off.
pub(super) fn joint(tail: &[u8]) -> String {
    if tail.trim_ascii().is_empty() {
        return first_line();
    }
    let last = tail.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_whole = serde_json::from_slice::<Line<'_>>(last)
        .is_ok_and(|line| line.end.is_some() || line.cassette.is_some());
    let mut joint = String::new();
    if !tail.ends_with(b"\n") {
        joint.push('\n');
    }
    if !is_whole {
        push(&mut joint, &EndLine { end: TORN, why: None });
    }
    joint
}

fn push(lines: &mut String, line: &impl Serialize) {
    lines.push_str(&serde_json::to_string(line).expect("texts, numbers and raw JSON are JSON"));
    lines.push('\n');
}

/// Reads a file. What was cut off while it was written is left out; everything else that is not as
/// [`write`] has it is an error.
pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Vec<Interaction>, Error> {
    let mut reader = Reader { name, interactions: Vec::new(), open: None };
    let is_blank = |line: &[u8]| line.trim_ascii().is_empty();
    let mut lines = bytes.split(|byte| *byte == b'\n').enumerate().peekable();
    let mut is_first = true;
    while let Some((index, line)) = lines.next() {
        if is_blank(line) {
            continue;
        }
        let number = index + 1;
        let parsed = std::str::from_utf8(line)
            .map_err(|error| (error.valid_up_to() + 1, "this is no UTF-8".to_owned()))
            .and_then(|line| {
                serde_json::from_str(line).map_err(|error| (error.column(), short(&error)))
            });
        let line = match parsed {
            Ok(line) => line,
            Err((column, why)) => {
                while lines.next_if(|(_, line)| is_blank(line)).is_some() {}
                let is_marked = lines.peek().is_some_and(|(_, next)| is_torn(next));
                if is_marked || (lines.peek().is_none() && !bytes.ends_with(b"\n")) {
                    reader.open = None;
                    continue;
                }
                return Err(reader.error(number, column, &why));
            }
        };
        if is_first {
            reader.begin(&line, number)?;
            is_first = false;
        } else {
            reader.take(line, number)?;
        }
    }
    Ok(reader.interactions)
}

fn is_torn(line: &[u8]) -> bool {
    serde_json::from_slice::<Line<'_>>(line).is_ok_and(|line| line.end.as_deref() == Some(TORN))
}

/// What serde_json says, without its own idea of the line.
fn short(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

struct Reader<'a> {
    name: &'a str,
    interactions: Vec<Interaction>,
    /// The one being read, and whether its response was seen.
    open: Option<(Interaction, bool)>,
}

impl Reader<'_> {
    fn begin(&self, line: &Line<'_>, number: usize) -> Result<(), Error> {
        match line.cassette {
            Some(VERSION) => Ok(()),
            Some(version) => {
                let why = format!(
                    "this cassette has version {version} of the format, and this version of \
                     tower-mock-llm reads {VERSION}"
                );
                Err(Error::cassette(format!("{}:{number}: {why}; update the crate", self.name)))
            }
            None => Err(self.error(number, 1, "a cassette begins with {\"cassette\":1}")),
        }
    }

    fn take(&mut self, line: Line<'_>, number: usize) -> Result<(), Error> {
        let read = |value: &RawValue| {
            text::read(value).map(Bytes::from).map_err(|why| self.error(number, 1, &why))
        };
        match line {
            Line { request: Some(request), provider: Some(provider), body: Some(body), .. } => {
                if let Some((open, _)) = &self.open {
                    let mut why = String::new();
                    let _ = write!(why, "the interaction at line {} has no end", open.line);
                    return Err(self.error(number, 1, &why));
                }
                let Some((method, url)) = request.split_once(' ') else {
                    return Err(self.error(number, 1, "a request is a method and a URL"));
                };
                let interaction = Interaction {
                    method: method.to_owned(),
                    url: url.to_owned(),
                    provider,
                    recorded: line.recorded,
                    request_headers: line.headers.unwrap_or_default(),
                    body: read(body)?,
                    line: number,
                    ..Interaction::default()
                };
                self.open = Some((interaction, false));
            }
            Line { response: Some(status), us, headers, .. } => {
                if http::StatusCode::from_u16(status).is_err() {
                    return Err(self.error(number, 1, "this is no HTTP status"));
                }
                match &mut self.open {
                    Some((interaction, has_response @ false)) => {
                        interaction.status = status;
                        interaction.after = us.unwrap_or_default();
                        interaction.headers = headers.unwrap_or_default();
                        *has_response = true;
                    }
                    _ => return Err(self.error(number, 1, "a response follows a request")),
                }
            }
            Line { frame: Some(frame), us, .. } => {
                let frame = Frame { at: us.unwrap_or_default(), bytes: read(frame)? };
                match &mut self.open {
                    Some((interaction, true)) => interaction.frames.push(frame),
                    _ => return Err(self.error(number, 1, "a frame follows a response")),
                }
            }
            Line { end: Some(end), why, .. } => match (end.as_str(), self.open.take()) {
                (WHOLE, Some((interaction, true))) => self.interactions.push(interaction),
                (INTERRUPTED, Some((mut interaction, true))) => {
                    interaction.interrupted = Some(why.unwrap_or_default());
                    self.interactions.push(interaction);
                }
                (TORN, _) => {}
                _ => {
                    let why = "an end is \"whole\", \"interrupted\" or \"torn\", and follows a \
                               response";
                    return Err(self.error(number, 1, why));
                }
            },
            _ => {
                let why =
                    "a line is a request with provider and body, a response, a frame or an end";
                return Err(self.error(number, 1, why));
            }
        }
        Ok(())
    }

    fn error(&self, line: usize, column: usize, why: &str) -> Error {
        Error::cassette(format!(
            "{}:{line}:{column}: {why}. Nothing was changed; bring the file back from version \
             control, or remove it and record again with MOCK_LLM=record_missing",
            self.name
        ))
    }
}

#[cfg(test)]
mod tests;
