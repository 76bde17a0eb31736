//! Who may write to a file of a folder.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file that is there for as long as this is.
pub(super) struct Lock(PathBuf);

impl Lock {
    pub(super) fn take(path: PathBuf) -> io::Result<Self> {
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
