//! Where cassettes are kept.

#[cfg(feature = "age")]
mod encrypted;
mod lock;
#[cfg(feature = "object-store")]
mod objects;

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

#[cfg(feature = "age")]
pub use self::encrypted::Encrypted;
use self::lock::Lock;
#[cfg(feature = "object-store")]
pub use self::objects::Objects;
#[cfg(doc)]
use super::Cassette;

/// A place that keeps cassettes by name. [`Folder`] is the one that is used when nothing else is said.
///
/// What is written is never the whole truth of one process: others may write to the same cassette at
/// the same time, and nobody's interactions may be lost.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// The cassette of this name, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Adds a text at the end, at once and whole. `text` is given the last bytes of the cassette, 4 KiB
    /// or all of it, and tells what is to be added, which may be nothing.
    ///
    /// # Errors
    ///
    /// If it cannot be written; then nothing was.
    fn append(&self, name: &str, text: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> io::Result<()>;

    /// Puts another text in place of the whole cassette, unless it fails to be told. Whoever reads
    /// sees the old one or the new. An empty text may remove it.
    ///
    /// # Errors
    ///
    /// If `text` fails, or the cassette cannot be written; then it is as it was.
    fn replace(
        &self,
        name: &str,
        text: &mut dyn FnMut(&[u8]) -> io::Result<Vec<u8>>,
    ) -> io::Result<()>;

    /// A part of the cassette of this name, by the places of its bytes: less, where it ends before. `None`
    /// if there is no such cassette.
    ///
    /// When nothing is said, the whole is read for it.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    fn read_range(&self, name: &str, range: Range<u64>) -> io::Result<Option<Vec<u8>>> {
        let place = |at: u64, most: usize| usize::try_from(at).unwrap_or(most).min(most);
        Ok(self.read(name)?.map(|mut bytes| {
            bytes.truncate(place(range.end, bytes.len()));
            bytes.drain(..place(range.start, bytes.len()));
            bytes
        }))
    }

    /// How long a cassette is and which version of it this is, told without reading it; `None` if there is
    /// none, or the store cannot tell, as when nothing is said: then an
    /// [index](Cassette::write_index) is of no use.
    ///
    /// # Errors
    ///
    /// If the store cannot be asked.
    fn stat(&self, name: &str) -> io::Result<Option<Stat>> {
        let _ = name;
        Ok(None)
    }

    /// How people find the cassette: a path.
    fn locate(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// What a [`Store`] tells of a cassette without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// In bytes.
    pub length: u64,
    /// Another text for each other content: an ETag, the time of the last change. Empty, if there is no
    /// such thing; two that are empty say nothing.
    pub version: String,
}

/// A folder with a file for each cassette.
///
/// Processes that write keep out of each other's way by a file beside the cassette, `NAME.lock`, that is
/// there for as long as one writes. One that a process left behind when it was killed is taken over
/// after two seconds. This needs a file system that creates files atomically, as local ones do.
///
/// ```
/// use tower_mock_llm::cassette::{Folder, Store};
///
/// let folder = Folder::new("tests/cassettes");
/// assert!(folder.read("none.jsonl")?.is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// This folder. It is made when the first cassette is written.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    fn lock(&self, name: &str) -> io::Result<Lock> {
        fs::create_dir_all(self.0.join(name).parent().unwrap_or(&self.0))?;
        Lock::take(self.0.join(format!("{name}.lock")))
    }
}

impl Store for Folder {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.0.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn append(&self, name: &str, text: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> io::Result<()> {
        let _lock = self.lock(name)?;
        let path = self.0.join(name);
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        let text = text(&tail);
        let written = file.write_all(&text);
        if written.is_err() {
            // The disk is full: what was written of it must not stay.
            file.set_len(length)?;
        }
        written
    }

    fn replace(
        &self,
        name: &str,
        text: &mut dyn FnMut(&[u8]) -> io::Result<Vec<u8>>,
    ) -> io::Result<()> {
        let _lock = self.lock(name)?;
        let text = text(&self.read(name)?.unwrap_or_default())?;
        if text.is_empty() {
            return match fs::remove_file(self.0.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let new = self.0.join(format!("{name}.new"));
        let written = fs::write(&new, text).and_then(|()| fs::rename(&new, self.0.join(name)));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }

    fn read_range(&self, name: &str, range: Range<u64>) -> io::Result<Option<Vec<u8>>> {
        let mut file = match File::open(self.0.join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = range.end.saturating_sub(range.start);
        let mut bytes = Vec::with_capacity(length.min(TAIL) as usize);
        file.seek(SeekFrom::Start(range.start))?;
        file.take(length).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// The version is the time of the last change, in nanoseconds.
    fn stat(&self, name: &str) -> io::Result<Option<Stat>> {
        let known = match fs::metadata(self.0.join(name)) {
            Ok(known) => known,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let since = known.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let version = since.map(|since| since.as_nanos().to_string()).unwrap_or_default();
        Ok(Some(Stat { length: known.len(), version }))
    }

    fn locate(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

const TAIL: u64 = 4096;
