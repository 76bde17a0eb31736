//! Cassettes as files among files: what the commands work on.

#[cfg(feature = "cli")]
mod changes;
mod lint;
mod places;
#[cfg(feature = "cli")]
mod prune;
#[cfg(feature = "cli")]
mod scrub;
#[cfg(feature = "cli")]
mod stats;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

#[cfg(feature = "cli")]
pub(crate) use self::changes::{Change, Pair, compare};
#[cfg(feature = "cli")]
pub(crate) use self::lint::lint_with;
pub use self::lint::{Flaw, lint};
#[cfg(feature = "cli")]
pub(crate) use self::prune::{Prune, Used, prune};
#[cfg(feature = "cli")]
pub(crate) use self::scrub::scrub;
#[cfg(feature = "cli")]
pub(crate) use self::stats::{Large, Stats, stats};
use super::format;
#[cfg(feature = "cli")]
use super::indent::{indented, minified};
use super::interaction::Interaction;
use crate::error::Error;

/// The cassettes among these files and folders: each file that is named, and in folders each that ends
/// in `.jsonl`, in order.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        find(path, &mut files)
            .map_err(|error| Error::io(format!("read {}", path.display()), error))?;
    }
    Ok(files)
}

fn find(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link to a folder may lead back here.
        if entry.file_type()?.is_dir() {
            find(&path, files)?;
        } else if path.extension() == Some(OsStr::new("jsonl")) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// A cassette, and where in the file each recording stands.
#[derive(Debug)]
pub(crate) struct Shelved {
    /// How people call it: its path.
    pub(crate) name: String,
    pub(crate) text: Vec<u8>,
    pub(crate) recordings: Vec<Recording>,
    /// What was cut off while it was written.
    pub(crate) torn: Vec<Line>,
}

/// A recording in a file.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) interaction: Interaction,
    /// Its lines, from the request to the end.
    lines: Vec<Line>,
}

/// A line of a file.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Counted from one.
    pub(crate) number: usize,
    /// In bytes, with the line break.
    range: Range<usize>,
}

impl Shelved {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let text = fs::read(path)
            .map_err(|error| Error::io(format!("read the cassette {name}"), error))?;
        Self::read(name, text)
    }

    pub(crate) fn read(name: String, text: Vec<u8>) -> Result<Self, Error> {
        let interactions = format::read(&name, &text)?;
        let mut lines = Vec::new();
        let mut at = 0;
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let range = at..at + line.len();
            at = range.end;
            if !line.trim_ascii().is_empty() {
                lines.push(Line { number: index + 1, range });
            }
        }
        // The first one has the version.
        let mut lines = lines.into_iter().skip(1).peekable();
        let (mut recordings, mut torn) = (Vec::new(), Vec::new());
        for interaction in interactions {
            while let Some(line) = lines.next_if(|line| line.number < interaction.line) {
                torn.push(line);
            }
            let mut own = Vec::new();
            for line in lines.by_ref() {
                let is_end = ends(&text[line.range.clone()]);
                own.push(line);
                if is_end {
                    break;
                }
            }
            recordings.push(Recording { interaction, lines: own });
        }
        torn.extend(lines);
        Ok(Self { name, text, recordings, torn })
    }

    /// The file without some recordings, and with others in place of some; every other line is as it
    /// was.
    #[cfg(feature = "cli")]
    pub(crate) fn edited(&self, keeps_torn: bool, mut fate: impl FnMut(usize) -> Fate) -> Vec<u8> {
        let mut gone: Vec<(Range<usize>, String)> = Vec::new();
        for (index, recording) in self.recordings.iter().enumerate() {
            let instead = match fate(index) {
                Fate::Stay => continue,
                Fate::Go => String::new(),
                Fate::Become(interaction) => format::write(&interaction),
            };
            gone.push((recording.range(), instead));
        }
        if !keeps_torn {
            gone.extend(self.torn.iter().map(|line| (line.range.clone(), String::new())));
        }
        gone.sort_by_key(|(range, _)| range.start);
        let mut text = Vec::with_capacity(self.text.len());
        let mut at = 0;
        for (range, instead) in gone {
            text.extend_from_slice(&self.text[at..range.start]);
            text.extend_from_slice(instead.as_bytes());
            at = range.end;
        }
        text.extend_from_slice(&self.text[at..]);
        text
    }
}

/// What becomes of a recording.
#[cfg(feature = "cli")]
#[derive(Debug)]
pub(crate) enum Fate {
    Stay,
    Go,
    Become(Box<Interaction>),
}

impl Recording {
    /// Where it begins.
    pub(crate) fn line(&self) -> usize {
        self.interaction.line
    }

    /// From the request to the end.
    #[cfg(feature = "cli")]
    pub(crate) fn lines(&self) -> std::ops::RangeInclusive<usize> {
        self.line()..=self.lines.last().map_or(0, |line| line.number)
    }

    /// In the text of the file, in bytes.
    #[cfg(feature = "cli")]
    pub(crate) fn range(&self) -> Range<usize> {
        let end = self.lines.last().map_or(0, |line| line.range.end);
        self.lines.first().map_or(0, |line| line.range.start)..end
    }

    /// The line of a frame, or of the response if there is none.
    fn line_of_frame(&self, index: usize) -> usize {
        // After the request and the head of the response, and before the end.
        let frames = self.lines.get(2..self.lines.len().saturating_sub(1)).unwrap_or_default();
        let line = frames.get(index).or(self.lines.get(1));
        line.map_or(self.line(), |line| line.number)
    }
}

fn ends(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct End {
        end: Option<IgnoredAny>,
    }
    serde_json::from_slice::<End>(line).is_ok_and(|line| line.end.is_some())
}

/// JSON as people read it, its fields in their order.
#[cfg(feature = "cli")]
pub(crate) fn pretty(json: &str) -> String {
    indented(&minified(json)).unwrap_or_else(|| json.to_owned())
}

/// Puts a text made of the old one in place of a cassette, as a [`Folder`](super::Folder) does. What
/// there is nothing in is removed.
#[cfg(feature = "cli")]
pub(crate) fn replace(
    path: &Path,
    text: &mut dyn FnMut(Vec<u8>) -> Result<Vec<u8>, Error>,
) -> Result<(), Error> {
    use super::{Folder, Store};

    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = Folder::new(path.parent().unwrap_or(Path::new("")));
    let mut refused = None;
    let written = folder.replace(&name, &mut |old| {
        text(old.to_vec()).map_err(|error| {
            refused = Some(error);
            io::Error::other("it cannot be read")
        })
    });
    match (refused, written) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => {
            Err(Error::io(format!("write the cassette {}", path.display()), error))
        }
        (None, Ok(())) => Ok(()),
    }
}
