//! Which recordings the tests of a run used.
//!
//! Processes append a line each time they replay one, or make one, to the file that `MOCK_LLM_USAGE`
//! names. A line is written at once, and shorter than what a file system writes whole.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::interaction::Interaction;
use crate::util::rng::hash;

/// A recording that was used.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
pub(super) struct Use {
    /// The path of the file.
    pub(super) cassette: String,
    /// By what it says, so that it is found wherever it stands.
    pub(super) recording: String,
    /// Which one of those that say the same, counted from one.
    pub(super) nth: usize,
}

/// The file of this process, if there is to be one.
fn file() -> Option<&'static Path> {
    static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        std::env::var_os("MOCK_LLM_USAGE").filter(|it| !it.is_empty()).map(PathBuf::from)
    });
    file.as_deref()
}

/// Whether uses are to be written down.
pub(super) fn is_wanted() -> bool {
    file().is_some()
}

/// Writes a use down. `before`: the recordings of the same request that stand before it.
pub(super) fn note<'a>(
    location: &str,
    interaction: &Interaction,
    before: impl IntoIterator<Item = &'a Interaction>,
) -> io::Result<()> {
    let Some(file) = file() else { return Ok(()) };
    let recording = fingerprint(interaction);
    let nth = 1 + before.into_iter().filter(|it| fingerprint(it) == recording).count();
    let line = Use { cassette: place(Path::new(location)), recording, nth };
    let line = serde_json::to_string(&line).map_err(io::Error::from)? + "\n";
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)?
        .write_all(line.as_bytes())
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))
}

/// A file's name that is the same from wherever it is called. What is no file keeps its own.
pub(super) fn place(path: &Path) -> String {
    let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    place.display().to_string()
}

/// What tells recordings of one file apart: all that they say, but not how they stand there.
pub(super) fn fingerprint(interaction: &Interaction) -> String {
    let Interaction { method, url, body, status, frames, .. } = interaction;
    let head = format!("{method} {url} {status} {}", body.len());
    let mut sum = hash(hash(SEED, head.as_bytes()), body);
    let mut said = Vec::new();
    for frame in frames {
        said.extend_from_slice(&frame.bytes);
    }
    sum = hash(sum, &said);
    format!("{sum:016x}")
}

const SEED: u64 = 0x7573_6564_2d72_6563;
