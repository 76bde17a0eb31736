//! What must not stand in a cassette.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::places::pointer;
use super::{Recording, Shelved, files};
use crate::cassette::interaction::Interaction;
use crate::cassette::redact::{Redaction, Secrets};
use crate::error::Error;

/// Something that is wrong with a file of recordings: a secret, or that it cannot be read. It never
/// shows the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Flaw {
    /// The path of the file.
    pub file: String,
    /// The line, counted from one; 0 if it is not one line that is wrong.
    pub line: usize,
    /// In which part of the recording: `request body`, `response header set-cookie`, `url` ...
    pub place: String,
    /// Where in that part, as a JSON Pointer; empty where that is no JSON.
    pub pointer: String,
    /// What it is.
    pub what: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, place, pointer, what } = self;
        f.write_str(file)?;
        if *line > 0 {
            write!(f, ":{line}")?;
        }
        write!(f, ": ")?;
        if !place.is_empty() {
            write!(f, "{place}")?;
            if !pointer.is_empty() {
                write!(f, " at {pointer}")?;
            }
            write!(f, ": ")?;
        }
        f.write_str(what)
    }
}

/// Looks for what must not stand in cassettes: keys of a known form, headers and parameters that are
/// secret, and files that cannot be read. It finds what
/// [recording leaves out](crate::guide::cassettes#private-by-construction): in files that were edited,
/// merged or written by an older version. The command `mock-llm cassette lint` does the same.
///
/// The path is a file, or a folder in which every file that ends in `.jsonl`, however deep, is taken
/// for a cassette.
///
/// # Errors
///
/// If there is no such path, or it cannot be read. A file that is no cassette is a [`Flaw`].
///
/// ```
/// use tower_mock_llm::cassette;
///
/// // #[test]
/// fn recordings_are_clean() -> Result<(), tower_mock_llm::Error> {
///     assert_eq!(cassette::lint("examples")?, []);
///     Ok(())
/// }
/// # recordings_are_clean().unwrap();
/// ```
pub fn lint(path: impl AsRef<Path>) -> Result<Vec<Flaw>, Error> {
    let mut flaws = Vec::new();
    for file in files(&[path.as_ref().to_owned()])? {
        flaws.extend(lint_with(&file, &Redaction::default())?);
    }
    Ok(flaws)
}

/// What must not stand in a file by these rules.
pub(crate) fn lint_with(path: &Path, redaction: &Redaction) -> Result<Vec<Flaw>, Error> {
    let shelved = match Shelved::open(path) {
        Ok(shelved) => shelved,
        Err(error) if error.is_cassette() => {
            return Ok(vec![unreadable(&path.display().to_string(), &error)]);
        }
        Err(error) => return Err(error),
    };
    let mut flaws = Vec::new();
    for recording in &shelved.recordings {
        let secrets = Secrets::of_recorded(&recording.interaction);
        let linter = Linter { name: &shelved.name, redaction, secrets, recording };
        flaws.extend(linter.flaws());
    }
    for line in &shelved.torn {
        let mut text = shelved.text[line.range.clone()].to_vec();
        redaction.scrub(&Secrets::default(), &mut text);
        if text != shelved.text[line.range.clone()] {
            flaws.push(Flaw {
                file: shelved.name.clone(),
                line: line.number,
                place: "a recording that was cut off".to_owned(),
                pointer: String::new(),
                what: KEY.to_owned(),
            });
        }
    }
    flaws.sort();
    flaws.dedup();
    Ok(flaws)
}

/// `name:line:column: why`.
fn unreadable(name: &str, error: &Error) -> Flaw {
    let text = error.to_string();
    let rest = text.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')).unwrap_or(&text);
    let (line, what) = match rest.split_once(':').map(|(line, what)| (line.parse(), what)) {
        Some((Ok(line), what)) => (line, what.trim_start()),
        _ => (0, rest),
    };
    let (place, pointer) = <_>::default();
    Flaw { file: name.to_owned(), line, place, pointer, what: what.to_owned() }
}

const KEY: &str = "a key or a secret stands there";

struct Linter<'a> {
    name: &'a str,
    redaction: &'a Redaction,
    secrets: Secrets,
    recording: &'a Recording,
}

impl Linter<'_> {
    fn flaws(&self) -> Vec<Flaw> {
        let Self { redaction, secrets, recording, .. } = self;
        let Interaction { url, request_headers, headers, body, frames, interrupted, .. } =
            &recording.interaction;
        let mut flaws = Vec::new();
        let (asked, answered) = (recording.line(), recording.line_of_frame(usize::MAX));
        if *url != redaction.url(secrets, url) {
            flaws.push(self.flaw(asked, "url", "", "a key, a name or an account stands in it"));
        }
        for (headers, line, whose) in
            [(request_headers, asked, "request"), (headers, answered, "response")]
        {
            for (name, value) in headers {
                let place = format!("{whose} header {name}");
                match redaction.header(name, value) {
                    None => {
                        flaws.push(self.flaw(line, &place, "", "such a header is never kept"));
                    }
                    Some(kept) if kept != *value => {
                        flaws.push(self.flaw(line, &place, "", "its value is secret"));
                    }
                    Some(_) if redaction.text(secrets, value) != *value => {
                        flaws.push(self.flaw(line, &place, "", KEY));
                    }
                    Some(_) => {}
                }
            }
        }
        for offset in self.leaks(body) {
            flaws.push(self.flaw(asked, "request body", &pointer(body, offset), KEY));
        }
        // A key may be cut by the end of a frame.
        let joined: Vec<u8> = frames.iter().flat_map(|frame| frame.bytes.iter().copied()).collect();
        let mut ends = Vec::new();
        for frame in frames {
            ends.push(ends.last().unwrap_or(&0) + frame.bytes.len());
        }
        for offset in self.leaks(&joined) {
            let line = recording.line_of_frame(ends.partition_point(|end| *end <= offset));
            flaws.push(self.flaw(line, "response body", &pointer(&joined, offset), KEY));
        }
        if let Some(why) = interrupted
            && redaction.text(secrets, why) != *why
        {
            let last = recording.lines.last().map_or(asked, |line| line.number);
            flaws.push(self.flaw(last, "reason of the interruption", "", KEY));
        }
        flaws
    }

    /// Where what would be masked begins.
    fn leaks(&self, bytes: &[u8]) -> Vec<usize> {
        let mut masked = bytes.to_vec();
        self.redaction.scrub(&self.secrets, &mut masked);
        let mut leaks = Vec::new();
        let mut is_inside = false;
        for (offset, (was, is)) in bytes.iter().zip(&masked).enumerate() {
            if was != is && !is_inside {
                leaks.push(offset);
            }
            is_inside = was != is;
        }
        leaks
    }

    fn flaw(&self, line: usize, place: &str, pointer: &str, what: &str) -> Flaw {
        // A key may be the name of a field.
        let pointer = self.redaction.text(&self.secrets, pointer);
        let (file, place) = (self.name.to_owned(), place.to_owned());
        Flaw { file, line, place, pointer, what: what.to_owned() }
    }
}
