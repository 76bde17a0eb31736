//! A file as this crate writes it, read in one pass: where its recordings stand and under which keys,
//! without making anything of them. What is otherwise written is left to [`read`](super::read).

mod line;

use bytes::Bytes;

use self::line::{Line, What};
use super::{TORN, VERSION, is_torn};
use crate::cassette::canon::Keyer;
use crate::cassette::interaction::{Frame, Interaction};
use crate::cassette::redact::Pointer;
use crate::cassette::scan::{Node, scan};

/// A recording that was looked at, and not read.
#[derive(Debug)]
pub(in crate::cassette) struct Entry {
    pub(in crate::cassette) key: u128,
    /// Its lines.
    pub(in crate::cassette) lines: Bytes,
    /// Where in them the answer begins.
    pub(in crate::cassette) answer: usize,
    /// The number of the first of them.
    pub(in crate::cassette) number: usize,
    pub(in crate::cassette) is_interrupted: bool,
}

/// All recordings of a file. `None` if anything is not as it is written here: then the file may be
/// right all the same.
pub(in crate::cassette) fn survey(file: &Bytes, ignored: &[Pointer]) -> Option<Vec<Entry>> {
    let mut lines = Lines::of(file)?;
    let mut nodes = Vec::new();
    let mut keyer = Keyer::default();
    let mut entries = Vec::new();
    // Of the one being read: where it begins, in bytes and in lines, its key, and where its response
    // begins, if it was seen.
    let mut open: Option<(usize, usize, u128, Option<usize>)> = None;
    if let Some((.., first)) = lines.next() {
        let first = Line::of(first, &mut nodes)?;
        (first.what == What::File && first.version()? == u64::from(VERSION)).then_some(())?;
    }
    while let Some((start, number, text)) = lines.next() {
        if scan(text, &mut nodes).is_none() {
            // Perhaps it was cut off.
            serde_json::from_str::<super::Line<'_>>(text).err()?;
            let is_cut_off = match lines.clone().next() {
                Some((.., next)) => is_torn(next.as_bytes()),
                None => !file.ends_with(b"\n"),
            };
            is_cut_off.then_some(())?;
            open = None;
            continue;
        }
        let line = Line::scanned(text, &nodes)?;
        match (line.what, open) {
            (What::Request, None) => {
                open = Some((start, number, line.key(&mut keyer, ignored)?, None));
            }
            (What::Response, Some((begun, number, key, None))) if line.has_response() => {
                open = Some((begun, number, key, Some(start - begun)));
            }
            (What::Frame, Some((.., Some(_)))) if line.has_frame() => {}
            (What::End, Some((begun, number, key, Some(answer)))) if !line.is_end(TORN) => {
                let (lines, is_interrupted) = (file.slice(begun..lines.at), line.interrupted()?);
                entries.push(Entry { key, lines, answer, number, is_interrupted });
                open = None;
            }
            (What::End, _) if line.is_end(TORN) => open = None,
            _ => return None,
        }
    }
    Some(entries)
}

/// The key of a recording that was looked at.
pub(in crate::cassette) fn key(
    lines: &Bytes,
    keyer: &mut Keyer,
    ignored: &[Pointer],
) -> Option<u128> {
    let (.., text) = Lines::of(lines)?.next()?;
    Line::of(text, &mut Vec::new())?.key(keyer, ignored)
}

/// A recording that was looked at, read.
pub(in crate::cassette) fn interaction(file: &Bytes, number: usize) -> Option<Interaction> {
    let mut nodes = Vec::new();
    let mut lines = Lines::of(file)?;
    let (.., text) = lines.next()?;
    let line = Line::of(text, &mut nodes)?;
    let (method, url) = line.request()?;
    let asked = Interaction {
        method: method.to_owned(),
        url: url.to_owned(),
        provider: line.provider()?.to_owned(),
        recorded: line.recorded()?,
        request_headers: line.headers()?,
        body: line.body(file)?,
        line: number,
        ..Interaction::default()
    };
    answered(lines, file, asked)
}

/// What was answered, without what was asked, which is not even looked at: it may be far away in the
/// computer's memory. The answer begins `at` this place.
pub(in crate::cassette) fn answer(file: &Bytes, at: usize, number: usize) -> Option<Interaction> {
    let lines = Lines::of(file.get(at..)?)?;
    answered(lines, file, Interaction { line: number, ..Interaction::default() })
}

fn answered(lines: Lines<'_>, file: &Bytes, mut read: Interaction) -> Option<Interaction> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut is_over = false;
    for (.., text) in lines {
        let line = Line::of(text, &mut nodes)?;
        match line.what {
            What::Response => {
                (read.status, read.after) = (line.status()?, line.after()?);
                read.headers = line.headers()?;
            }
            What::Frame => {
                read.frames.push(Frame { at: line.after()?, bytes: line.frame(file)? });
            }
            What::End => (read.interrupted, is_over) = (line.why()?, true),
            What::File | What::Request => return None,
        }
    }
    (is_over && read.status != 0).then_some(read)
}

/// The lines of a text that are not blank: where each begins, which it is, and what it says.
#[derive(Clone)]
struct Lines<'a> {
    text: &'a str,
    at: usize,
    number: usize,
}

impl<'a> Lines<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { text: std::str::from_utf8(bytes).ok()?, at: 0, number: 0 })
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.text.len() {
            let start = self.at;
            let rest = &self.text[start..];
            let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            self.at = self.text.len().min(start + length + 1);
            self.number += 1;
            let line = &rest[..length];
            if !line.trim_ascii().is_empty() {
                return Some((start, self.number, line));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
