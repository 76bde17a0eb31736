//! A server is reloaded when its config file changes, and on SIGHUP.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(1);

/// What `reload` makes of it: the files that are to be looked at from now on.
pub(super) type Reloaded = Result<Vec<PathBuf>, String>;

/// Something that can be listened to from now on.
pub(super) struct Watch {
    files: Vec<PathBuf>,
    stamps: Vec<Stamp>,
    runtime: tokio::runtime::Runtime,
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

/// By which a file is known to be the same: when it was changed, and its length.
type Stamp = Option<(SystemTime, u64)>;

impl Watch {
    pub(super) fn new(files: Vec<PathBuf>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        #[cfg(unix)]
        let hangup = {
            use tokio::signal::unix::{SignalKind, signal};
            let _context = runtime.enter();
            signal(SignalKind::hangup())?
        };
        let stamps = stamps(&files);
        Ok(Self {
            files,
            stamps,
            runtime,
            #[cfg(unix)]
            hangup,
        })
    }

    /// Calls `reload` whenever there is reason to, until `wait` returns. What comes of it is told on
    /// stderr.
    pub(super) fn during(self, wait: impl FnOnce(), mut reload: impl FnMut() -> Reloaded + Send) {
        thread::scope(|scope| {
            let (stop, stopped) = oneshot::channel();
            scope.spawn(move || self.watch(stopped, &mut reload));
            wait();
            drop(stop);
        });
    }

    #[expect(clippy::disallowed_methods, reason = "files do not say when they change")]
    fn watch(self, mut stopped: oneshot::Receiver<()>, reload: &mut dyn FnMut() -> Reloaded) {
        let Self { mut files, stamps: mut known, runtime, .. } = self;
        #[cfg(unix)]
        let mut hangup = self.hangup;
        loop {
            let asked = async {
                #[cfg(unix)]
                hangup.recv().await;
                #[cfg(not(unix))]
                std::future::pending::<()>().await;
            };
            let is_asked = runtime.block_on(async {
                tokio::select! {
                    biased;
                    _ = &mut stopped => None,
                    () = asked => Some(true),
                    () = tokio::time::sleep(EVERY) => Some(false),
                }
            });
            let Some(is_asked) = is_asked else { return };
            let now = stamps(&files);
            if now == known && !is_asked {
                continue;
            }
            // Of before it is read: what changes meanwhile is seen the next time.
            known = now;
            match reload() {
                Ok(of_now) => {
                    if of_now != files {
                        known = stamps(&of_now);
                        files = of_now;
                    }
                    eprintln!("mock-llm: reloaded {}", shown(&files));
                }
                Err(why) => eprintln!("mock-llm: {why}\nmock-llm: the server goes on as before"),
            }
        }
    }
}

fn shown(files: &[PathBuf]) -> String {
    files.first().map_or_else(String::new, |file| file.display().to_string())
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |file: &PathBuf| {
        let metadata = fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    files.iter().map(stamp).collect()
}
