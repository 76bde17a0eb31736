//! Real traffic, recorded once and replayed for ever. The guide has a page on it:
//! [`guide::cassettes`](crate::guide::cassettes).

mod ask;
mod canon;
mod deck;
mod diff;
mod format;
mod indent;
mod interaction;
mod mode;
mod player;
mod recorder;
mod redact;
mod service;
mod store;
mod text;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header;

pub use self::diff::{Difference, DifferenceClass};
pub use self::mode::RecordMode;
pub use self::recorder::Taped;
pub use self::service::{Recording, RecordingFuture, RecordingLayer};
pub use self::store::{Folder, Store};

use self::canon::Asked;
use self::deck::{Change, Deck, Next, Settings, nearest};
use self::diff::differences;
use self::interaction::Interaction;
pub(crate) use self::player::{Frames, Recorded};
pub(crate) use self::recorder::{Live, Ticket};
use self::redact::{Pointer, Secrets, url};
use crate::error::Error;
use crate::provider::Provider;
use crate::request::RequestHead;

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
}

/// What a cassette has for a request.
#[derive(Debug)]
pub(crate) enum Found {
    Live(Box<Ticket>),
    /// Nothing, and why.
    Miss(String),
    Play(Recorded),
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
        let interactions = format::read(&location, &bytes.unwrap_or_default())?;
        let mode = AtomicU8::new(RecordMode::default() as u8);
        let deck = Mutex::new(Deck::new(interactions));
        Ok(Self(Arc::new(Inner { store: Arc::new(store), name, location, mode, deck })))
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

    /// Replays the last recording of a request again and again, where it is asked more often than it
    /// was recorded. The default is to refuse that.
    #[must_use]
    pub fn repeat(self, repeat: bool) -> Self {
        self.with(|settings| settings.repeat = repeat)
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
        self.with(|settings| settings.timing = factor)
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
                let Interaction { method, url, line, .. } = &take.interaction;
                format!("{}:{line}: {method} {url}", self.location())
            })
            .collect()
    }

    /// Begins again: every recording is to be replayed once more.
    pub fn rewind(&self) {
        self.deck().rewind();
    }

    /// What there is for a request; `None` when the cassette is off.
    pub(crate) fn find(
        &self,
        provider: &Provider,
        head: &RequestHead,
        body: &Bytes,
        can_record: bool,
    ) -> Option<Found> {
        let mode = self.current_mode();
        if mode == RecordMode::Off {
            return None;
        }
        let settings = Arc::clone(&self.deck().settings);
        let secrets = Secrets::of(head);
        let content_type = head.headers.get(header::CONTENT_TYPE);
        let asked = Asked {
            provider: provider.as_str().to_owned(),
            method: head.method.to_string(),
            url: url(head, &settings.redaction, &secrets),
            content_type: content_type.and_then(|kind| kind.to_str().ok()).map(str::to_owned),
            body: settings.redaction.body(&secrets, body),
        };
        let key = settings.key(&asked);
        let next = if mode == RecordMode::RecordAll { Next::None } else { self.deck().next(key) };
        if let Next::Take(take) = next {
            return Some(Found::Play(Recorded { take, timing: settings.timing }));
        }
        if mode == RecordMode::Replay {
            return Some(Found::Miss(self.miss(&asked, &next, &settings)));
        }
        if !can_record {
            let message = format!(
                "tower-mock-llm: {} has no recording of {} {}, and this stack cannot record it: put \
                 `MockLlmLayer::recording()` over a client that reaches the provider, or use \
                 reqwest-middleware. Nothing was sent.",
                self.location(),
                asked.method,
                asked.url
            );
            return Some(Found::Miss(message));
        }
        // Before money is spent on what could not be kept.
        let writable = self.0.store.append(&self.0.name, &mut |_| Vec::new());
        Some(match writable {
            Ok(()) => Found::Live(Box::new(Ticket { cassette: self.clone(), asked, key, secrets })),
            Err(error) => Found::Miss(format!(
                "tower-mock-llm: cannot write the cassette {}: {error}. Nothing was sent. Make its \
                 folder writable, or record elsewhere.",
                self.location()
            )),
        })
    }

    /// Why nothing answers, and how to get out of it.
    fn miss(&self, asked: &Asked, next: &Next, settings: &Settings) -> String {
        const SHOWN: usize = 5;
        let unseen = settings.unseen();
        let takes = self.deck().takes().to_vec();
        let location = self.location();
        let Asked { method, url, .. } = asked;
        let mut text = format!("tower-mock-llm: {location} has no recording of {method} {url}");
        let at = |interaction: &Interaction| match interaction.line {
            0 => "the one made in this run".to_owned(),
            line => format!("the one at {location}:{line}"),
        };
        if let Next::Exhausted(times) = next {
            text = format!(
                "tower-mock-llm: {location} has {times} recording(s) of {method} {url} with this body, \
                 and all were replayed: it is asked once more. `Cassette::repeat(true)` replays the \
                 last one again"
            );
        } else if let Some((take, differences)) = nearest(&takes, asked, &unseen) {
            let interaction = &take.interaction;
            let mattering: Vec<_> =
                differences.iter().filter(|it| it.class != DifferenceClass::Volatile).collect();
            if let (true, Some(why)) = (mattering.is_empty(), &interaction.interrupted) {
                text += &format!("; {} was interrupted ({why})", at(interaction));
            } else {
                text += &format!(" as it is; the nearest, {}, differs: ", at(interaction));
                let shown: Vec<_> = mattering.iter().take(SHOWN).map(ToString::to_string).collect();
                text += &shown.join("; ");
                if mattering.len() > SHOWN {
                    text += &format!("; and {} more", mattering.len() - SHOWN);
                }
            }
        }
        text + ". Nothing was sent. To record it, run this with MOCK_LLM=record_missing (or \
                `Cassette::mode(RecordMode::RecordMissing)`) and a key that is valid."
    }

    /// How a request differs from the recording that comes nearest: what the message of a miss says, as
    /// data. The request is given by its body, for the provider and path that most of the cassette's
    /// recordings have in common with it.
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
                differences(&recorded, &asked, &unseen)
            })
            .min_by_key(Vec::len)
    }

    /// Writes down what was recorded.
    fn keep(
        &self,
        key: u128,
        secrets: &Secrets,
        mut interaction: Interaction,
    ) -> Result<(), Error> {
        let settings = Arc::clone(&self.deck().settings);
        settings.redaction.interaction(secrets, &mut interaction);
        let lines = format::write(&interaction);
        let in_place = self.current_mode() == RecordMode::RecordAll;
        let change = self.deck().add(key, interaction, in_place);
        let Inner { store, name, location, .. } = &*self.0;
        let written = match change {
            Change::Nothing => Ok(()),
            Change::Append => {
                store.append(name, &mut |tail| (format::joint(tail) + &lines).into_bytes())
            }
            Change::Replace(gone) => store.replace(name, &mut |old| {
                let mut gone: Vec<_> =
                    gone.iter().map(|take| format::write(&take.interaction)).collect();
                let mut text = format::first_line();
                for kept in format::read(location, old).map_err(std::io::Error::other)? {
                    let kept = format::write(&kept);
                    match gone.iter().position(|gone| *gone == kept) {
                        Some(at) => drop(gone.swap_remove(at)),
                        None => text += &kept,
                    }
                }
                Ok((text + &lines).into_bytes())
            }),
        };
        written.map_err(|error| Error::io(format!("write the cassette {location}"), error))
    }

    fn deck(&self) -> MutexGuard<'_, Deck> {
        self.0.deck.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(self, set: impl FnOnce(&mut Settings)) -> Self {
        let mut deck = self.deck();
        set(Arc::make_mut(&mut deck.settings));
        deck.index();
        drop(deck);
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
