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
mod interaction;
mod mode;
mod normal;
mod note;
mod player;
mod recorder;
mod redact;
mod replayed;
mod scan;
mod service;
pub(crate) mod shelf;
mod stamp;
mod store;
mod take;
mod text;
mod transcode;
mod usage;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
pub use self::store::{Folder, Store};

use self::canon::Asked;
use self::deck::{Deck, Settings};
pub(crate) use self::find::{Found, Inquiry};
use self::interaction::Interaction;
pub(crate) use self::player::{Frames, Recorded};
pub(crate) use self::recorder::{Live, Ticket};
#[cfg(feature = "pseudonyms")]
pub(crate) use self::redact::Mask;
pub(crate) use self::redact::Pointer;
#[cfg(feature = "cli")]
pub(crate) use self::redact::Redaction;
use self::stamp::MaxAge;
use crate::error::Error;

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
    /// The cassette in this file, which need not be there yet. The ending is usually `.jsonl`.
    ///
    /// # Errors
    ///
    /// If there is a file but it cannot be read or is no cassette: the message has the line and the
    /// column. The file stays as it is.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let Some(name) = path.file_name() else {
            let message = format!("a cassette is a file, and {} is none", path.display());
            return Err(Error::config(message));
        };
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        Self::open_in(Folder::new(folder), name.to_string_lossy())
    }

    /// The cassette of this name in a store.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_in(store: impl Store, name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        let location = store.locate(&name);
        let bytes = store
            .read(&name)
            .map_err(|error| Error::io(format!("read the cassette {location}"), error))?;
        let mode = AtomicU8::new(RecordMode::default() as u8);
        let deck = Mutex::new(Deck::read(&location, bytes.unwrap_or_default().into())?);
        let store = Arc::new(store);
        let (notes, warned, told_fuzzy) = Default::default();
        let inner = Inner { store, name, location, mode, deck, notes, warned, told_fuzzy };
        Ok(Self(Arc::new(inner)))
    }

    /// What [`cassette!`](crate::cassette!) opens.
    #[doc(hidden)]
    pub fn of_function(manifest_dir: &str, function: &str) -> Result<Self, Error> {
        let function = function.strip_suffix("::here").unwrap_or(function);
        // Each async block is one of them.
        let steps = function.split("::").filter(|step| !step.starts_with('{'));
        let mut path = Path::new(manifest_dir).join("tests/cassettes");
        path.extend(steps);
        path.as_mut_os_string().push(".jsonl");
        Self::open(path)
    }

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

    /// Leaves a place in the body out when requests are compared, given by a JSON Pointer in which `*`
    /// stands for every element: for dates, session ids and the like.
    ///
    /// # Panics
    ///
    /// If it does not begin with `/`.
    ///
    /// ```
    /// use tower_mock_llm::cassette::Cassette;
    ///
    /// let cassette = Cassette::open("tests/cassettes/none-yet.jsonl")?.ignore("/temperature");
    /// # let _ = cassette;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ignore(self, pointer: &str) -> Self {
        let pointer = parsed(pointer);
        self.with(|settings| settings.ignored.push(pointer))
    }

    /// Compares a place in the body although it is left out when nothing is said, such as `/user` or
    /// `/metadata`; to leave a default out is then another thing than to give it. The pointer is as for
    /// [`ignore`](Self::ignore).
    ///
    /// # Panics
    ///
    /// If it does not begin with `/`.
    #[must_use]
    #[track_caller]
    pub fn exact(self, pointer: &str) -> Self {
        let place = parsed(pointer);
        self.with(|settings| settings.normal.exact(pointer, place))
    }

    /// Lets a value in the body be another each time, but not be missing or of another type when requests
    /// are compared. The pointer is as for [`ignore`](Self::ignore).
    ///
    /// # Panics
    ///
    /// If it does not begin with `/`.
    #[must_use]
    #[track_caller]
    pub fn volatile(self, pointer: &str) -> Self {
        let pointer = parsed(pointer);
        self.with(|settings| settings.normal.volatile(pointer))
    }

    /// Compares each text in a body as what this makes of it: for dates, paths and made-up ids inside of
    /// prompts. A body that is no JSON is one text. What is recorded stays as it was sent.
    ///
    /// ```
    /// use tower_mock_llm::cassette::Cassette;
    ///
    /// // C:\Users\ann and /home/bob are the same to a test.
    /// let cassette = Cassette::open("tests/cassettes/none-yet.jsonl")?
    ///     .normalize(|text| text.replace(env!("CARGO_MANIFEST_DIR"), "(here)"));
    /// # let _ = cassette;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[must_use]
    pub fn normalize(self, change: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.normal.text(change))
    }

    /// Compares each JSON body as what this makes of it. What is recorded stays as it was sent.
    #[must_use]
    pub fn normalize_json(
        self,
        change: impl Fn(&mut serde_json::Value) + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.normal.json(change))
    }

    /// Replays, for a request that was not recorded, the recording of the nearest other one, if of a
    /// hundred words of the prompt no more than `threshold * 100` would have to be changed, put in or
    /// taken out. The default is never to do so.
    ///
    /// Only what is said may differ: another model, tool, parameter, role or number of messages is
    /// another request. It is done in [`RecordMode::Replay`] alone; the other modes ask the provider. It
    /// is told each time: by [`notes`](Self::notes) and by
    /// [`Received::replayed`](crate::Received::replayed), with the distance and the differences, and the
    /// first of a cassette on standard error.
    ///
    /// # Panics
    ///
    /// If it is not between 0 and 1.
    #[must_use]
    #[track_caller]
    pub fn fuzzy(self, threshold: f64) -> Self {
        assert!((0.0..=1.0).contains(&threshold), "`fuzzy` takes 0 to 1, and not {threshold}");
        self.set(|settings| settings.fuzzy = Some(threshold))
    }

    /// Answers clients of one provider with recordings of another, where a request has no recording of
    /// its own: the conversation, the names of the tools, the choice of a tool and the form of the answer
    /// must be the same; the model and the sampling may differ, since no two vendors share them. The
    /// default is not to.
    ///
    /// What was recorded is taken apart into a [`Reply`](crate::Reply), and said in the words of the
    /// provider that is asked: its text, reasoning, refusal, calls of tools, reason to stop and usage, at
    /// the pace of the layer. Signatures of reasoning are left out; what has no such words (citations,
    /// media, tools of the vendor's own) is refused. Each is told by [`notes`](Self::notes).
    ///
    /// It is done in [`RecordMode::Replay`] alone.
    #[must_use]
    pub fn transcode(self, transcode: bool) -> Self {
        self.set(|settings| settings.transcode = transcode)
    }

    /// Leaves conversations to another cassette from this turn on, counted from 1 as
    /// [`turn`](crate::turn) counts: a recorded session that goes on in another way.
    ///
    /// The other one has a mode of its own. In [`RecordMode::RecordMissing`] the session goes on live, and
    /// is recorded there; in [`RecordMode::Replay`] it goes on as it did then; in [`RecordMode::Off`] by
    /// rules, scripts and the default reply. (Rules go before any cassette: to change one turn of a
    /// recorded session, a rule will do.) What `MOCK_LLM` says is for both, unless the other one is off.
    ///
    /// # Panics
    ///
    /// If both are the same cassette, or this is a branch of the other one.
    ///
    /// ```
    /// use tower_mock_llm::cassette::{Cassette, RecordMode};
    ///
    /// let branch = Cassette::open("tests/cassettes/none-yet-branch.jsonl")?.mode(RecordMode::Off);
    /// let cassette = Cassette::open("tests/cassettes/none-yet.jsonl")?.fork_at(3, branch);
    /// # let _ = cassette;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn fork_at(self, turn: usize, branch: Self) -> Self {
        assert!(!branch.leads_to(&self), "a cassette cannot be a branch of itself");
        self.set(|settings| settings.fork = Some((turn, branch)))
    }

    /// Masks a place in bodies of requests and responses and in the events of streams before they are
    /// written, beside [what always is](crate::guide::cassettes#private-by-construction). The place is
    /// not compared either. The pointer is as for [`ignore`](Self::ignore).
    ///
    /// # Panics
    ///
    /// If it does not begin with `/`.
    #[must_use]
    #[track_caller]
    pub fn redact(self, pointer: &str) -> Self {
        let pointer = parsed(pointer);
        self.with(|settings| settings.redaction.pointers.push(pointer))
    }

    /// Masks what a regular expression finds before it is written. A place in the text of a request is
    /// masked too when it is compared.
    ///
    /// # Panics
    ///
    /// If it is no regular expression.
    #[cfg(feature = "regex")]
    #[must_use]
    #[track_caller]
    pub fn redact_regex(self, pattern: &str) -> Self {
        let pattern = regex::Regex::new(pattern)
            .unwrap_or_else(|error| panic!("the pattern of `redact_regex` is none: {error}"));
        self.with(|settings| settings.redaction.patterns.push(pattern))
    }

    /// Masks what is masked by names that the same secret always has, `p_` and digits of an HMAC-SHA-256
    /// by this key: so one sees that two requests had the same customer, and a test that follows an id
    /// from answer to request still works. Without it, stars stand for every secret.
    ///
    /// A name is as long as the secret, but in headers and URLs; secrets shorter than eight bytes get
    /// stars, numbers ones. The same key gives the same names in every file, so a cassette is to be
    /// replayed with the key that it was recorded with: requests are compared when they are masked.
    /// Keep the key out of the repository if the secrets are few enough to be guessed one by one.
    ///
    /// ```
    /// use tower_mock_llm::cassette::Cassette;
    ///
    /// let key = std::env::var("CASSETTE_KEY").unwrap_or_default();
    /// let cassette = Cassette::open("tests/cassettes/none-yet.jsonl")?
    ///     .pseudonyms(key)
    ///     .redact("/metadata/customer");
    /// # let _ = cassette;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[cfg(feature = "pseudonyms")]
    #[must_use]
    pub fn pseudonyms(self, key: impl AsRef<[u8]>) -> Self {
        let mask = Mask::by_key(key.as_ref());
        self.with(|settings| settings.redaction.mask = mask)
    }

    /// Replays the last recording of a request again and again, where it is asked more often than it
    /// was recorded. The default is to refuse that.
    #[must_use]
    pub fn repeat(self, repeat: bool) -> Self {
        self.set(|settings| settings.repeat = repeat)
    }

    /// How long replayed answers take, as a multiple of what was recorded: 1 for the recorded times, 0,
    /// the default, for none. They wait on tokio's clock.
    ///
    /// # Panics
    ///
    /// If it is negative or no number.
    #[must_use]
    #[track_caller]
    pub fn timing(self, factor: f64) -> Self {
        assert!(factor >= 0.0 && factor.is_finite(), "`timing` takes 0 or more, and not {factor}");
        self.set(|settings| settings.timing = factor)
    }

    /// The age at which recordings are too old (zero: all are), and what becomes of those, and of those
    /// that do not say when they were made. Nothing is too old when this is not set, but in
    /// [`RecordMode::Refresh`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_mock_llm::cassette::{Cassette, Stale};
    ///
    /// const MONTH: Duration = Duration::from_secs(30 * 86_400);
    /// let cassette = Cassette::open("tests/cassettes/none-yet.jsonl")?.max_age(MONTH, Stale::Fail);
    /// # let _ = cassette;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[must_use]
    pub fn max_age(self, age: Duration, stale: Stale) -> Self {
        self.set(|settings| settings.max_age = Some(MaxAge { age, stale }))
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
        self.deck().takes().len()
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Recordings that were not replayed until now, in words: `tests/a.jsonl:2: POST https://...`.
    pub fn unused(&self) -> Vec<String> {
        let deck = self.deck();
        let takes = deck.takes().iter().filter(|take| !take.used.load(Ordering::Relaxed));
        takes
            .map(|take| {
                let Interaction { method, url, line, .. } = &*take.interaction();
                format!("{}:{line}: {method} {url}", self.location())
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
    /// `None` if nothing is recorded.
    pub fn compare(&self, body: impl Into<Bytes>) -> Option<Vec<Difference>> {
        let deck = self.deck();
        let unseen = deck.settings.unseen();
        let body = body.into();
        deck.takes()
            .iter()
            .map(|take| {
                let recorded = take.asked();
                let asked = Asked { body: body.clone(), ..recorded.clone() };
                deck.settings.differences(&recorded, &asked, &unseen)
            })
            .min_by_key(Vec::len)
    }

    fn deck(&self) -> MutexGuard<'_, Deck> {
        self.0.deck.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For what may change which requests are the same.
    fn with(self, set: impl FnOnce(&mut Settings)) -> Self {
        let it = self.set(set);
        it.deck().index();
        it
    }

    fn set(self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.deck().settings));
        self
    }
}

#[track_caller]
fn parsed(pointer: &str) -> Pointer {
    Pointer::parse(pointer).unwrap_or_else(|error| panic!("{error}"))
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
