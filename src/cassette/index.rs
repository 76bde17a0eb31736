//! The file beside a cassette that tells where each recording stands, so that not all of it must be read
//! to find one. It follows from the cassette and is never believed where it does not fit.
//!
//! Whole words of 64 bits, little end first: a head of nine, then five for each recording that may be
//! replayed, ordered by the key of its request and then by its place.

mod lazy;

use bytes::Bytes;

pub(super) use self::lazy::Lazy;
use super::canon::{Keyer, Question};
use super::format::quick;
use super::redact::Pointer;
use super::store::{Stat, Store};
use crate::error::Error;
use crate::util::rng::hash;

/// What the name of a cassette has at its end for its index.
pub(crate) const ENDING: &str = ".idx";

/// Begins the file, with the version of this form.
const MAGIC: u64 = u64::from_le_bytes(*b"mockidx1");
/// As many words make the head.
const HEAD: usize = 9;
/// As many make an entry.
const ENTRY: usize = 5;
const WORD: usize = 8;
/// So much of the beginning and of the end of a cassette is looked at when it is opened.
const BLOCK: u64 = 4096;

/// An index that fits.
#[derive(Debug)]
pub(super) struct Index {
    bytes: Vec<u8>,
    /// Where the entries of each drawer begin, and where those of the last one end: of a large index each
    /// further place that is looked at must be waited for.
    drawers: Vec<u32>,
}

/// Where a recording stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u64,
    length: u64,
    /// The number of its first line.
    line: usize,
    /// The hash of its lines.
    sum: u64,
}

/// What was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) recordings: usize,
    pub(crate) bytes: usize,
}

/// Writes the index of a cassette as it is now, for cassettes that leave the same places out.
pub(crate) fn write(store: &dyn Store, name: &str, left_out: &[Pointer]) -> Result<Written, Error> {
    let location = store.locate(name);
    let failed = |error| Error::io(format!("read the cassette {location}"), error);
    let stat = store.stat(name).map_err(failed)?;
    let text = Bytes::from(store.read(name).map_err(failed)?.unwrap_or_default());
    let no_index = |why: &str| Error::cassette(format!("{location} cannot have an index: {why}"));
    let Some(stat) = stat else {
        let why = "it is not there, or is kept where nothing but all of it can be read";
        return Err(no_index(why));
    };
    if text.len() as u64 != stat.length || store.stat(name).map_err(failed)? != Some(stat.clone()) {
        return Err(no_index("it was written to at the same time. Try it again"));
    }
    let Some(entries) = quick::survey(&text, left_out) else {
        // It may be right all the same; if not, this tells where.
        super::format::read(&location, &text)?;
        return Err(no_index(
            "its lines are not as they are written here. It is read as well without",
        ));
    };
    let recordings = entries.len();
    let mut places: Vec<[u64; ENTRY]> = Vec::with_capacity(recordings);
    for entry in entries.iter().filter(|entry| !entry.is_interrupted) {
        let start = entry.lines.as_ptr() as usize - text.as_ptr() as usize;
        let sizes = u32::try_from(entry.lines.len()).ok().zip(u32::try_from(entry.number).ok());
        let Some((length, line)) = sizes else { return Err(no_index("it is too large")) };
        let sizes = u64::from(line) << 32 | u64::from(length);
        let (high, low) = ((entry.key >> 64) as u64, entry.key as u64);
        places.push([high, low, start as u64, sizes, sum(&entry.lines)]);
    }
    places.sort_unstable();
    // Before these come the mark of the form and the sum of all that follows.
    let head: [u64; HEAD - 2] = [
        keying(),
        fingerprint(left_out),
        stat.length,
        version(&stat),
        ends(&text),
        sum(&text),
        recordings as u64,
    ];
    let mut bytes = Vec::with_capacity(WORD * (HEAD + ENTRY * places.len()));
    bytes.extend_from_slice(&MAGIC.to_le_bytes());
    bytes.extend_from_slice(&[0; WORD]);
    let words = head.iter().chain(places.iter().flatten());
    words.for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
    let all = sum(&bytes[2 * WORD..]);
    bytes[WORD..2 * WORD].copy_from_slice(&all.to_le_bytes());
    let written = Written { recordings, bytes: bytes.len() };
    let name = format!("{name}{ENDING}");
    store
        .replace(&name, &mut |_| Ok(bytes.clone()))
        .map_err(|error| Error::io(format!("write the index {}", store.locate(&name)), error))?;
    Ok(written)
}

/// Of the head.
const KEYING: usize = 2;
const LEFT_OUT: usize = 3;
const LENGTH: usize = 4;
const VERSION: usize = 5;
const ENDS: usize = 6;
const WHOLE: usize = 7;
const RECORDINGS: usize = 8;

impl Index {
    /// The index beside a cassette, if there is one that fits; and the cassette, if it had to be read for
    /// that. Whatever is wrong, the cassette itself tells.
    pub(super) fn open(store: &dyn Store, name: &str) -> Option<(Self, Option<Bytes>)> {
        let index = Self::read(store.read(&format!("{name}{ENDING}")).ok()??)?;
        let stat = store.stat(name).ok()??;
        (stat.length == index.word(LENGTH)).then_some(())?;
        if index.word(VERSION) != 0 && version(&stat) == index.word(VERSION) {
            let start = store.read_range(name, 0..BLOCK).ok()??;
            let last = store.read_range(name, stat.length.saturating_sub(BLOCK)..stat.length);
            return (of_ends(&start, &last.ok()??) == index.word(ENDS)).then_some((index, None));
        }
        // It may have been copied, or checked out anew.
        let text = Bytes::from(store.read(name).ok()??);
        (sum(&text) == index.word(WHOLE)).then_some((index, Some(text)))
    }

    fn read(bytes: Vec<u8>) -> Option<Self> {
        let entries = bytes.len().checked_sub(WORD * HEAD)?;
        entries.is_multiple_of(WORD * ENTRY).then_some(())?;
        let mut index = Self { bytes, drawers: Vec::new() };
        let is_one = index.word(0) == MAGIC && index.word(KEYING) == keying();
        (is_one && index.word(1) == sum(&index.bytes[2 * WORD..])).then_some(())?;
        index.drawers = index.drawn()?;
        Some(index)
    }

    /// Where the drawers begin; `None` if there are too many entries.
    fn drawn(&self) -> Option<Vec<u32>> {
        /// So many are in each, more or less.
        const EACH: usize = 4;
        let entries = u32::try_from(self.entries()).ok()?;
        let count = self.entries() / EACH + 1;
        let mut drawers = Vec::with_capacity(count + 1);
        for entry in 0..entries {
            let drawer = drawer(self.key(entry as usize), count);
            while drawers.len() <= drawer {
                drawers.push(entry);
            }
        }
        drawers.resize(count + 1, entries);
        Some(drawers)
    }

    fn word(&self, at: usize) -> u64 {
        let word = self.bytes.get(WORD * at..).and_then(<[u8]>::first_chunk);
        word.map_or(0, |word| u64::from_le_bytes(*word))
    }

    /// How many are recorded, interrupted ones among them.
    pub(super) fn recordings(&self) -> usize {
        usize::try_from(self.word(RECORDINGS)).unwrap_or(usize::MAX)
    }

    /// Whether its keys are those of requests from which these places are left out.
    fn leaves_out<'a>(&self, left_out: impl IntoIterator<Item = &'a Pointer>) -> bool {
        fingerprint(left_out) == self.word(LEFT_OUT)
    }

    /// What the cassette was when it was opened, if it begins with that.
    pub(super) fn snapshot(&self, text: &Bytes) -> Option<Bytes> {
        let length = usize::try_from(self.word(LENGTH)).ok()?;
        let text = (length <= text.len()).then(|| text.slice(..length))?;
        (sum(&text) == self.word(WHOLE)).then_some(text)
    }

    fn entries(&self) -> usize {
        (self.bytes.len() / WORD - HEAD) / ENTRY
    }

    fn key(&self, entry: usize) -> u128 {
        let at = HEAD + ENTRY * entry;
        u128::from(self.word(at)) << 64 | u128::from(self.word(at + 1))
    }

    /// The recording of a request that stands so many behind the [first](Self::first) one.
    fn place(&self, key: u128, first: usize, nth: usize) -> Option<Place> {
        let entry = first.checked_add(nth)?;
        (entry < self.entries() && self.key(entry) == key).then_some(())?;
        let at = HEAD + ENTRY * entry + 2;
        let (start, sizes) = (self.word(at), self.word(at + 1));
        let (length, line) = (sizes & u64::from(u32::MAX), (sizes >> 32) as usize);
        start.checked_add(length).filter(|end| *end <= self.word(LENGTH))?;
        Some(Place { start, length, line, sum: self.word(at + 2) })
    }

    /// The first entry whose key is not smaller.
    fn first(&self, key: u128) -> usize {
        let drawer = drawer(key, self.drawers.len() - 1);
        let mut low = self.drawers[drawer] as usize;
        let mut high = self.drawers[drawer + 1] as usize;
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(middle) < key { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// Which of so many drawers a key lies in. Keys are hashes, so that they fill them evenly.
fn drawer(key: u128, drawers: usize) -> usize {
    ((u128::from((key >> 64) as u64) * drawers as u128) >> 64) as usize
}

/// Another number wherever another version of this crate makes other keys.
fn keying() -> u64 {
    /// A little of all that keys are made of; texts of each length that is hashed in a way of its own.
    const PROBE: &[u8] = br#"{"model":"m","n":1,"user":"u","temperature":0.5,"text":"\u00e9",
        "lengths":["a","4 to 7","from 8 to 16","between 17 and 32 bytes","more than 32 bytes: of these",
        "each whole block of 64 bytes is folded by itself, and what is left in another way"],
        "messages":[{"id":"a","created":1},{"tool_call_id":"a","content":[null,true,-7,1e3]}],
        "tools":[{"function":{"parameters":{}}}],"response_format":{"type":"text"}}"#;
    let question = Question {
        provider: "openai",
        method: "POST",
        url: "https://api.openai.com/v1/chat/completions?b=2&a=1",
        content_type: None,
        body: PROBE,
    };
    let key = question.key(&mut Keyer::default(), &[]).to_le_bytes();
    hash(hash(SEED, env!("CARGO_PKG_VERSION").as_bytes()), &key)
}

/// The same for the same places in whatever order; 0 for none.
fn fingerprint<'a>(places: impl IntoIterator<Item = &'a Pointer>) -> u64 {
    let of_place =
        |place: &Pointer| place.steps().iter().fold(SEED, |all, step| hash(all, step.as_bytes()));
    places.into_iter().fold(0, |all, place| all.wrapping_add(of_place(place)))
}

/// Of what a store says; 0, if it says nothing.
fn version(stat: &Stat) -> u64 {
    if stat.version.is_empty() { 0 } else { sum(stat.version.as_bytes()) }
}

fn ends(text: &[u8]) -> u64 {
    let block = text.len().min(BLOCK as usize);
    of_ends(&text[..block], &text[text.len() - block..])
}

fn of_ends(start: &[u8], last: &[u8]) -> u64 {
    hash(sum(start), last)
}

fn sum(bytes: &[u8]) -> u64 {
    hash(SEED, bytes)
}

const SEED: u64 = 0x6d6f_636b_2d69_6478;

#[cfg(test)]
mod tests;
