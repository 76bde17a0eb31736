//! What the builder set, and what changes while it runs.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "server")]
use std::sync::atomic::Ordering;
use std::sync::atomic::{AtomicU8, AtomicUsize};

use http::StatusCode;

use crate::caching::{Caches, PromptCaching};
use crate::claim::Claims;
use crate::connects::Connects;
use crate::counting::Tokenizer;
use crate::fault::{Attempts, Clock, Trouble};
use crate::journal::{Bound, Journal};
use crate::pace::Pace;
use crate::quota::{Ledger, Quota};
use crate::request::LlmRequest;
use crate::respond::{Misfits, Respond, Rules};
use crate::util::tokens::Chunking;

/// What the builder set.
#[derive(Clone)]
pub(crate) struct Settings {
    #[cfg(feature = "cassette")]
    pub(crate) cassette: Option<crate::cassette::Cassette>,
    /// What the environment says about cassettes.
    #[cfg(feature = "cassette")]
    pub(crate) cassette_mode: Option<crate::cassette::RecordMode>,
    /// Whether replies are held against the request's schemas.
    pub(crate) check_replies: bool,
    pub(crate) claims: Claims,
    pub(crate) chunking: Chunking,
    pub(crate) default: Arc<dyn Respond>,
    /// Whether a request's header may ask for a fault; `None` where nobody said so.
    pub(crate) fault_header: Option<bool>,
    /// Mocks that stand in for others.
    #[cfg(feature = "config")]
    pub(crate) fallbacks: Option<Arc<crate::config::Fallbacks>>,
    pub(crate) journal: Bound,
    /// Whether requests are judged leniently.
    pub(crate) lenient: bool,
    /// The models that go live while others are mocked.
    #[cfg(feature = "config")]
    pub(crate) live_models: Option<crate::config::LiveModels>,
    /// Whether answers say in a header that they are the mock's.
    pub(crate) marked: bool,
    pub(crate) max_body: usize,
    /// Models that are listed beside the vendor's own.
    pub(crate) models: Vec<String>,
    /// Whether the default reply was given, and does not follow from the seed.
    pub(crate) own_default: bool,
    pub(crate) pace: Pace,
    /// Whether a request's header may ask for a pace; not said, only a server's.
    pub(crate) pace_header: Option<bool>,
    /// Paces for some requests.
    pub(crate) paces: Vec<Arc<PaceFor>>,
    pub(crate) prompt_caching: Option<PromptCaching>,
    pub(crate) quota: Option<Quota>,
    pub(crate) seed: u64,
    pub(crate) tokenizer: Option<Arc<dyn Tokenizer>>,
    /// The status of requests that no rule answers, in strict mode.
    pub(crate) strict: Option<StatusCode>,
    /// What happens that no rule asks for.
    pub(crate) troubles: Vec<Trouble>,
    /// Whether attempts are kept with their times, for a verdict on the client.
    pub(crate) watch: bool,
}

impl Settings {
    /// What goes live although the mock is on, where that depends on the body.
    #[cfg(feature = "cassette")]
    pub(crate) fn live_by_body(&self) -> Option<&dyn crate::respond::Match> {
        #[cfg(feature = "config")]
        return self.live_models.as_ref().map(|models| models as _);
        #[cfg(not(feature = "config"))]
        return None;
    }
}

/// The pace of a request, if it has one of its own.
pub(crate) type PaceFor = dyn Fn(&LlmRequest) -> Option<Pace> + Send + Sync;

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("claims", &self.claims)
            .field("chunking", &self.chunking)
            .field("max_body", &self.max_body)
            .field("pace", &self.pace)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// What changes while it runs.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) attempts: Arc<Attempts>,
    /// The one that was set last.
    #[cfg(feature = "cassette")]
    pub(crate) cassette: std::sync::Mutex<Option<crate::cassette::Cassette>>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) connects: Connects,
    #[cfg(feature = "config")]
    pub(crate) keys: std::sync::OnceLock<crate::keys::KeyModes>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) misfits: Misfits,
    pub(crate) mode: Arc<AtomicU8>,
    /// Whoever shows what is going on, once a server does.
    #[cfg(feature = "server")]
    pub(crate) observer: std::sync::OnceLock<Arc<crate::admin::Observer>>,
    /// How many answers are being played whose pace depends on it.
    pub(crate) playing: Arc<AtomicUsize>,
    pub(crate) rules: Rules,
    pub(crate) journal: Arc<Journal>,
    pub(crate) caches: Arc<Caches>,
}

#[cfg(feature = "server")]
impl Shared {
    /// What a server goes on with that is reloaded: the rules, keys and mode are the new ones, and what it
    /// received and counted stays.
    pub(crate) fn after(&self, new: &Self) -> Self {
        Self {
            attempts: Arc::clone(&self.attempts),
            clock: Arc::clone(&self.clock),
            ledger: Arc::clone(&self.ledger),
            observer: self.observer.clone(),
            playing: Arc::clone(&self.playing),
            journal: Arc::clone(&self.journal),
            caches: Arc::clone(&self.caches),
            #[cfg(feature = "cassette")]
            cassette: new.same_cassette(),
            #[cfg(feature = "config")]
            keys: new.keys.clone(),
            mode: Arc::new(AtomicU8::new(new.mode.load(Ordering::Relaxed))),
            rules: new.rules.fresh(),
            ..Self::default()
        }
    }

    #[cfg(feature = "cassette")]
    fn same_cassette(&self) -> std::sync::Mutex<Option<crate::cassette::Cassette>> {
        self.cassette.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone().into()
    }

    /// What a session begins with: nothing has happened in it, and all that comes is written where the
    /// server writes.
    pub(crate) fn session(&self) -> Self {
        Self {
            observer: self.observer.clone(),
            journal: Arc::clone(&self.journal),
            #[cfg(feature = "cassette")]
            cassette: self.same_cassette(),
            #[cfg(feature = "config")]
            keys: self.keys.clone(),
            mode: Arc::clone(&self.mode),
            rules: self.rules.fresh(),
            ..Self::default()
        }
    }
}

#[cfg(feature = "server")]
impl super::Mock {
    /// The same settings for a session.
    pub(crate) fn session(&self) -> Self {
        Self { shared: Arc::new(self.shared.session()), ..self.clone() }
    }
}
