//! Cassettes in the cloud.

use std::fmt;
use std::future::Future;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, PutMode, PutOptions, UpdateVersion};
use tokio::runtime::{Builder, Runtime};

use super::{Stat, Store, TAIL};

/// Cassettes as objects of any store that the crate `object_store` knows (0.14): S3 and what speaks like
/// it, Google Cloud Storage, Azure, memory. Many machines share one library of recordings.
///
/// A cassette is one object. It is written on the condition that it is still the one that was read
/// (by its ETag or version); if another machine was faster, it is read again. So nothing is lost when
/// several record into one cassette; but each recording writes the whole object, so keep cassettes to a
/// test or a suite. A store that knows no conditional writes is refused when something is recorded; for
/// files there is [`Folder`](super::Folder).
///
/// The operations are the `object_store`'s, on a thread and a runtime of their own, for which the calling
/// thread waits, as it does for files: replaying waits once, when the cassette is opened. With an
/// [index](super::super::Cassette::write_index) beside it, it waits for each recording until 200 were read,
/// and then for all: worth it where each process needs a few of very many.
///
/// ```
/// use object_store::memory::InMemory;
/// use tower_mock_llm::cassette::{Cassette, Objects};
///
/// // Of a real one: `AmazonS3Builder::from_env().with_bucket_name("recordings").build()?`
/// let store = Objects::new(InMemory::new())?.under("my-app/main");
/// let cassette = Cassette::open_in(store, "weather.jsonl")?;
/// assert!(cassette.is_empty());
/// # Ok::<(), tower_mock_llm::BoxError>(())
/// ```
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    worker: Arc<Worker>,
}

impl Objects {
    /// This store.
    ///
    /// # Errors
    ///
    /// If the operating system gives no runtime its resources.
    pub fn new(store: impl ObjectStore) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let worker = Arc::new(Worker(Mutex::new(Some(runtime))));
        Ok(Self { store: Arc::new(store), prefix: Path::default(), worker })
    }

    /// Cassettes have names under this one: `a/b` for `a/b/NAME`.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.prefix = Path::from(prefix);
        self
    }

    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}/{name}", self.prefix))
    }

    /// The object, and what tells this version of it from others.
    fn get(&self, name: &str) -> io::Result<Option<(Vec<u8>, UpdateVersion)>> {
        let path = self.path(name);
        let got = self.worker.run(async {
            let got = self.store.get_opts(&path, GetOptions::default()).await?;
            let (e_tag, version) = (got.meta.e_tag.clone(), got.meta.version.clone());
            Ok((got.bytes().await?.to_vec(), UpdateVersion { e_tag, version }))
        });
        there(got)
    }

    /// Puts a text made of the old one in its place; none if there is nothing to do.
    fn update(
        &self,
        name: &str,
        text: &mut dyn FnMut(Vec<u8>) -> io::Result<Option<Vec<u8>>>,
    ) -> io::Result<()> {
        /// Each time at least one of those that try gets through.
        const MOST: u64 = 1000;
        let path = self.path(name);
        for attempt in 0..MOST {
            let (old, mode) = match self.get(name)? {
                Some((old, version)) => (old, PutMode::Update(version)),
                None => (Vec::new(), PutMode::Create),
            };
            let Some(text) = text(old)? else { return Ok(()) };
            let options = PutOptions::from(mode);
            match self.worker.run(self.store.put_opts(&path, text.into(), options)) {
                Ok(_) => return Ok(()),
                Err(
                    object_store::Error::Precondition { .. }
                    | object_store::Error::AlreadyExists { .. },
                ) => std::thread::sleep(Duration::from_millis(attempt.min(50))),
                Err(
                    error @ (object_store::Error::NotImplemented { .. }
                    | object_store::Error::NotSupported { .. }),
                ) => {
                    let why = format!(
                        "{} knows no conditional writes, without which recordings of others would \
                         be lost ({error}); record into a folder, and copy it",
                        self.store
                    );
                    return Err(io::Error::new(io::ErrorKind::Unsupported, why));
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Err(io::Error::new(io::ErrorKind::ResourceBusy, "others write to it all the time"))
    }
}

impl Store for Objects {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.get(name)?.map(|(text, _)| text))
    }

    fn append(&self, name: &str, text: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> io::Result<()> {
        self.update(name, &mut |mut old| {
            let tail = old.len().saturating_sub(TAIL as usize);
            let more = text(&old[tail..]);
            old.extend_from_slice(&more);
            Ok((!more.is_empty()).then_some(old))
        })
    }

    fn replace(
        &self,
        name: &str,
        text: &mut dyn FnMut(&[u8]) -> io::Result<Vec<u8>>,
    ) -> io::Result<()> {
        self.update(name, &mut |old| text(&old).map(Some))
    }

    fn read_range(&self, name: &str, range: Range<u64>) -> io::Result<Option<Vec<u8>>> {
        let path = self.path(name);
        let options = GetOptions { range: Some(range.into()), ..GetOptions::default() };
        there(
            self.worker.run(async {
                Ok(self.store.get_opts(&path, options).await?.bytes().await?.to_vec())
            }),
        )
    }

    /// The version is the object's ETag.
    fn stat(&self, name: &str) -> io::Result<Option<Stat>> {
        let path = self.path(name);
        let options = GetOptions { head: true, ..GetOptions::default() };
        there(self.worker.run(async {
            let known = self.store.get_opts(&path, options).await?.meta;
            Ok(Stat { length: known.size, version: known.e_tag.unwrap_or_default() })
        }))
    }

    fn locate(&self, name: &str) -> String {
        format!("{}: {}", self.store, self.path(name))
    }
}

/// Nothing, of what is not there.
fn there<T>(got: object_store::Result<T>) -> io::Result<Option<T>> {
    match got {
        Ok(got) => Ok(Some(got)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(io::Error::other(error)),
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").field("store", &self.store).field("prefix", &self.prefix).finish()
    }
}

/// A runtime, which keeps connections open from one operation to the next.
struct Worker(Mutex<Option<Runtime>>);

impl Worker {
    /// Waits for a future, which a runtime does not let itself be blocked for on its own threads.
    fn run<T: Send>(&self, future: impl Future<Output = T> + Send) -> T {
        let work = || {
            let runtime = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            runtime.as_ref().expect("it is there until this is dropped").block_on(future)
        };
        let done = std::thread::scope(|scope| scope.spawn(work).join());
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let runtime = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // A runtime may not be waited for in another.
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}
