//! Real traffic, recorded once and replayed for ever. The guide has a page on it:
//! [`guide::cassettes`](crate::guide::cassettes).

mod aged;
mod ask;
mod canon;
mod deck;
mod diff;
mod drift;
mod find;
mod format;
mod fuzzy;
#[cfg(feature = "cli")]
pub(crate) mod import;
mod indent;
#[cfg(feature = "cli")]
pub(crate) mod index;
#[cfg(not(feature = "cli"))]
mod index;
mod interaction;
mod mode;
mod normal;
mod note;
mod opening;
mod player;
mod recorder;
mod redact;
mod replayed;
mod scan;
mod service;
mod setting;
pub(crate) mod shelf;
mod slot;
mod stamp;
mod store;
mod take;
mod text;
mod transcode;
mod usage;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

pub use self::diff::{Difference, DifferenceClass};
pub use self::drift::{Drift, DriftKind};
pub use self::mode::RecordMode;
pub use self::note::Note;
pub use self::recorder::Taped;
pub use self::replayed::Replayed;
pub use self::service::{Recording, RecordingFuture, RecordingLayer};
pub use self::shelf::{Flaw, lint};
pub use self::stamp::Stale;
#[cfg(feature = "age")]
pub use self::store::Encrypted;
#[cfg(feature = "object-store")]
pub use self::store::Objects;
pub use self::store::{Folder, Stat, Store};

use self::canon::Asked;
use self::deck::Deck;
pub(crate) use self::find::{Found, Inquiry};
pub(crate) use self::player::{Frames, Recorded};
pub(crate) use self::recorder::{Live, Ticket};
#[cfg(feature = "pseudonyms")]
pub(crate) use self::redact::Mask;
pub(crate) use self::redact::Pointer;
#[cfg(feature = "cli")]
pub(crate) use self::redact::Redaction;

/// A file of recorded calls. Clones share it, and its place in it.
///
/// A request is answered with the next recording of the same request: the same method, path and body
/// but for white space, the order of fields, and what says who asks
/// ([`guide::cassettes`](crate::guide::cassettes) has the whole list). Identical requests are replayed
/// in the order in which they were recorded.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_mock_llm::BoxError> {
/// use bytes::Bytes;
/// use http_body_util::{BodyExt, Full};
/// use tower::ServiceExt;
/// use tower_mock_llm::MockLlmLayer;
/// use tower_mock_llm::cassette::Cassette;
///
/// let layer = MockLlmLayer::new().cassette(Cassette::open("tests/cassettes/none-yet.jsonl")?);
/// let request = http::Request::post("https://api.openai.com/v1/chat/completions")
///     .header("authorization", "Bearer any")
///     .body(Full::<Bytes>::from(
///         r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}"#,
///     ))?;
/// let response = layer.into_service().oneshot(request).await?;
/// assert_eq!(response.status(), 400);
/// let body = response.into_body().collect().await?.to_bytes();
/// let why = String::from_utf8(body.to_vec())?;
/// assert!(why.contains("none-yet.jsonl has no recording of POST https://api.openai.com/v1/chat"));
/// assert!(why.contains("MOCK_LLM=record_missing"), "{why}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cassette(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    name: String,
    location: String,
    mode: AtomicU8,
    deck: Mutex<Deck>,
    notes: Mutex<Vec<Note>>,
    /// Whether it was told that a recording is old.
    warned: AtomicBool,
    /// Whether it was told that the recording of another request was replayed.
    told_fuzzy: AtomicBool,
}

impl Cassette {
    /// What it does. The default is [`RecordMode::Replay`]; the environment goes before this where the
    /// layer is made by [`MockLlmLayer::from_env`](crate::MockLlmLayer::from_env).
    #[must_use]
    pub fn mode(self, mode: RecordMode) -> Self {
        self.set_mode(mode);
        self
    }

    /// Changes what it does, for requests that come from now on.
    pub fn set_mode(&self, mode: RecordMode) {
        self.0.mode.store(mode as u8, Ordering::Relaxed);
    }

    /// Does what the environment says, and its branches too.
    pub(crate) fn set_mode_of_all(&self, mode: RecordMode) {
        self.set_mode(mode);
        let fork = self.deck().settings.fork.clone();
        if let Some((_, branch)) = fork.filter(|(_, it)| it.current_mode() != RecordMode::Off) {
            branch.set_mode_of_all(mode);
        }
    }

    fn leads_to(&self, other: &Self) -> bool {
        let fork = self.deck().settings.fork.clone();
        Arc::ptr_eq(&self.0, &other.0) || fork.is_some_and(|(_, branch)| branch.leads_to(other))
    }

    /// The cassette that is for this turn.
    fn branch(&self, turn: Option<usize>) -> Self {
        let fork = self.deck().settings.fork.clone();
        match (fork, turn) {
            (Some((from, branch)), Some(turn)) if turn >= from => branch.branch(Some(turn)),
            _ => self.clone(),
        }
    }

    /// What it does now.
    pub fn current_mode(&self) -> RecordMode {
        RecordMode::from_u8(self.0.mode.load(Ordering::Relaxed))
    }

    /// What it did that is worth knowing, oldest first: old recordings that were replayed, how the
    /// provider's answers have changed, what could not be recorded again. At most 1000.
    pub fn notes(&self) -> Vec<Note> {
        self.0.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where it is kept: the path of its file.
    pub fn location(&self) -> &str {
        &self.0.location
    }

    /// How many calls are recorded, interrupted ones among them.
    pub fn len(&self) -> usize {
        self.deck().len()
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Recordings that were not replayed until now, in words: `tests/a.jsonl:2: POST https://...`. Where
    /// the cassette was opened by an [index](Self::write_index) and cannot be read by now, why.
    pub fn unused(&self) -> Vec<String> {
        let deck = match self.whole() {
            Ok(deck) => deck,
            Err(error) => return vec![error.to_string()],
        };
        let takes = deck.takes().iter().filter(|take| !take.is_used());
        takes
            .map(|take| match take.interaction() {
                Some(it) => format!("{}:{}: {} {}", self.location(), it.line, it.method, it.url),
                None => self.unread(take).to_string(),
            })
            .collect()
    }

    /// Begins again: every recording is to be replayed once more.
    pub fn rewind(&self) {
        self.deck().rewind();
    }

    /// How a request differs from the recording that comes nearest: what the message of a miss says, as
    /// data. The request is given by its body alone: provider and path are taken to be the recording's.
    ///
    /// `None` if nothing is recorded, or cannot be read any more.
    pub fn compare(&self, body: impl Into<Bytes>) -> Option<Vec<Difference>> {
        let deck = self.whole().ok()?;
        let unseen = deck.settings.unseen();
        let body = body.into();
        deck.takes()
            .iter()
            .filter_map(|take| take.asked())
            .map(|recorded| {
                let asked = Asked { body: body.clone(), ..recorded.clone() };
                deck.settings.differences(&recorded, &asked, &unseen)
            })
            .min_by_key(Vec::len)
    }

    fn deck(&self) -> MutexGuard<'_, Deck> {
        self.0.deck.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cassette")
            .field("location", &self.location())
            .field("mode", &self.current_mode())
            .finish_non_exhaustive()
    }
}

/// The [cassette](crate::cassette::Cassette) of the function that this stands in:
/// `tests/cassettes/CRATE/MODULE/FUNCTION.jsonl` in the package that is compiled.
///
/// # Errors
///
/// As [`Cassette::open`](crate::cassette::Cassette::open).
///
/// ```
/// // #[tokio::test]
/// async fn it_rains() -> Result<(), tower_mock_llm::Error> {
///     let cassette = tower_mock_llm::cassette!()?;
///     assert!(cassette.location().replace('\\', "/").ends_with("/it_rains.jsonl"));
///     Ok(())
/// }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(it_rains()).unwrap();
/// ```
#[macro_export]
macro_rules! cassette {
    () => {{
        fn here() {}
        let function = ::std::any::type_name_of_val(&here);
        $crate::cassette::Cassette::of_function(env!("CARGO_MANIFEST_DIR"), function)
    }};
}
