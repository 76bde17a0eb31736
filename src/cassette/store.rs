//! Where cassettes are kept.

#[cfg(feature = "age")]
mod encrypted;
#[cfg(feature = "object-store")]
mod objects;

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(feature = "age")]
pub use self::encrypted::Encrypted;
#[cfg(feature = "object-store")]
pub use self::objects::Objects;

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

    /// How people find the cassette: a path.
    fn locate(&self, name: &str) -> String {
        name.to_owned()
    }
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

    fn locate(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

const TAIL: u64 = 4096;

/// A file that is there for as long as this is.
struct Lock(PathBuf);

impl Lock {
    fn take(path: PathBuf) -> io::Result<Self> {
        let mut waited = 0_u32;
        loop {
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // Windows says so of a file that is being removed.
                #[cfg(windows)]
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied && waited < 100 => {}
                Err(error) => return Err(error),
            }
            std::thread::sleep(POLL);
            waited += 1;
            if waited.is_multiple_of(100) {
                take_over(&path)?;
            }
        }
    }
}

/// Removes a lock that was left behind: one whose age is [`STALE`] by the clock of the file system.
fn take_over(path: &Path) -> io::Result<()> {
    let clock = path.with_extension(format!("clock-{}", std::process::id()));
    let now = File::create(&clock).and_then(|file| file.metadata()?.modified());
    let _ = fs::remove_file(&clock);
    let Ok(since) = fs::metadata(path).and_then(|lock| lock.modified()) else {
        return Ok(());
    };
    if now?.duration_since(since).is_ok_and(|age| age >= STALE) {
        let _ = fs::remove_file(path);
    }
    Ok(())
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

const STALE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_was_left_behind_is_taken_over_and_no_other() {
        let name = format!("tower-mock-llm-lock-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let held = Lock::take(path.clone()).unwrap();
        take_over(&path).unwrap();
        assert!(path.exists());
        let file = File::options().write(true).open(&path).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        file.set_modified(now - STALE).unwrap();
        drop(Lock::take(path.clone()).unwrap());
        assert!(!path.exists());
        drop(held);
    }
}
