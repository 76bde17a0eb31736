//! The layer: the one place where things are set.

use std::sync::Arc;

use tower_layer::Layer;

use crate::claim::{Claims, Mode, Unmatched, is_forbidden};
use crate::error::Error;
use crate::handle::MockHandle;
use crate::journal::Bound;
use crate::mock::{Mock, Settings, Shared};
use crate::pace::Pace;
use crate::provider::{ResponseSynth, Room, registry};
use crate::respond::DefaultReply;
use crate::service::MockLlm;
use crate::util::tokens::Chunking;

/// Answers the LLM calls that pass through an HTTP client, in place of the providers.
///
/// The crate's documentation shows where it goes. Every setter has a default that works; clones
/// share rules, journal and mode.
///
/// Where it must never answer, set the environment variable `MOCK_LLM_FORBID` (to anything but `0`,
/// `false` or nothing): then a layer that is switched on refuses to start, with a panic, when it is put
/// into a stack, and a handle to switch it on; [`from_env`](Self::from_env), `from_config` and servers
/// return an error.
///
/// ```
/// use tower_mock_llm::{MockLlmLayer, Rule, last_user};
///
/// let layer = MockLlmLayer::new()
///     .seed(7)
///     .rule(Rule::when(last_user().contains("ping")).respond_with("pong"));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug)]
pub struct MockLlmLayer {
    mock: Mock,
}

impl MockLlmLayer {
    /// A layer that answers for every built-in provider.
    #[must_use]
    pub fn new() -> Self {
        let settings = Settings {
            #[cfg(feature = "cassette")]
            cassette: None,
            #[cfg(feature = "cassette")]
            cassette_mode: None,
            check_replies: true,
            claims: Claims {
                rooms: registry::builtin(),
                providers: None,
                keys: None,
                hosts: None,
                local: Vec::new(),
                owned: Vec::new(),
                everywhere: false,
                unmatched: Unmatched::Refuse,
            },
            chunking: Chunking::default(),
            default: Arc::new(DefaultReply::new(0)),
            fault_header: None,
            #[cfg(feature = "config")]
            live_models: None,
            journal: Bound { entries: 500, bytes: 64 * 1024 * 1024 },
            lenient: false,
            marked: false,
            max_body: 16 * 1024 * 1024,
            own_default: false,
            pace: Pace::INSTANT,
            pace_header: None,
            paces: Vec::new(),
            prompt_caching: None,
            quota: None,
            seed: 0,
            tokenizer: None,
            strict: None,
            troubles: Vec::new(),
            watch: false,
        };
        let mock = Mock {
            settings: Arc::new(settings),
            shared: Arc::new(Shared::default()),
            #[cfg(feature = "cassette")]
            records: false,
        };
        Self { mock }
    }

    /// A layer that the environment variable `MOCK_LLM` switches: `mock` on, `off` or unset off. With
    /// the feature `cassette`, `replay`, `record_missing`, `record_all`, `refresh` and `verify` switch it on
    /// too, and say what its cassette does.
    ///
    /// # Errors
    ///
    /// If the variable has any other value, or `MOCK_LLM_FORBID` forbids what it says.
    pub fn from_env() -> Result<Self, Error> {
        let value = std::env::var_os("MOCK_LLM");
        let value = value.as_deref().map_or("off".into(), std::ffi::OsStr::to_string_lossy);
        #[cfg(feature = "cassette")]
        let cassette_mode = crate::cassette::RecordMode::parse(&value);
        #[cfg(feature = "cassette")]
        let mode = cassette_mode.map_or_else(|| Mode::parse(&value), |_| Ok(Mode::Mock))?;
        #[cfg(not(feature = "cassette"))]
        let mode = Mode::parse(&value)?;
        if mode == Mode::Mock && is_forbidden() {
            let why = format!("MOCK_LLM is `{value}`, but MOCK_LLM_FORBID forbids to mock");
            return Err(Error::config(why));
        }
        let layer = Self::new().enabled(mode == Mode::Mock);
        #[cfg(feature = "cassette")]
        let layer = layer.with(|settings| settings.cassette_mode = cassette_mode);
        Ok(layer)
    }

    /// Switches the mock on (the default) or off: the types are the same either way.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        // Whether that is forbidden is asked when it starts.
        self.mock.set_mode(if enabled { Mode::Mock } else { Mode::Off });
        self
    }

    /// Keeps times and outcomes of all attempts for [`MockHandle::verdict`]. Without it no clock is
    /// read. The verdict is on what the [journal](Self::journal) still has.
    #[must_use]
    pub fn watch_client(self) -> Self {
        self.with(|settings| settings.watch = true)
    }

    /// How much is remembered for [`MockHandle::received`]: as many requests, and as many bytes
    /// of their bodies, whichever is reached first. The default is 500 and 64 MiB; 0 remembers
    /// nothing.
    #[must_use]
    pub fn journal(self, requests: usize, bytes: usize) -> Self {
        self.with(|settings| settings.journal = Bound { entries: requests, bytes })
    }

    /// Adds a provider of your own. It is asked before the built-in ones.
    #[must_use]
    pub fn synth(self, synth: impl ResponseSynth) -> Self {
        let room: Room = Arc::new(synth);
        self.mock.shared.rules.know(Arc::clone(&room));
        self.with(|settings| settings.claims.rooms.insert(0, room))
    }

    /// The handle of this layer and of all its services.
    pub fn handle(&self) -> MockHandle {
        MockHandle::new(Arc::clone(&self.mock.shared))
    }

    /// A service that answers what it can and refuses the rest: a whole stack of its own, for
    /// tests and routers.
    pub fn into_service(self) -> MockLlm<crate::service::Reject> {
        self.layer(crate::service::Reject::new())
    }

    #[cfg(feature = "server")]
    pub(crate) fn mock(&self) -> &Mock {
        &self.mock
    }

    /// The engine, for a stack that can record.
    #[cfg(any(
        feature = "cassette",
        feature = "reqwest-middleware-0_4",
        feature = "reqwest-middleware-0_5"
    ))]
    pub(crate) fn recorder(&self) -> Mock {
        Mock {
            #[cfg(feature = "cassette")]
            records: true,
            ..self.mock.clone()
        }
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.mock.settings));
        self
    }
}

// Here, so that the documentation begins with `new`.
mod answers;
mod claims;
mod pace;
mod trouble;

impl Default for MockLlmLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for MockLlmLayer {
    type Service = MockLlm<S>;

    /// # Panics
    ///
    /// If the mock is on where `MOCK_LLM_FORBID` forbids it.
    #[track_caller]
    fn layer(&self, inner: S) -> MockLlm<S> {
        self.mock.refuse_forbidden();
        MockLlm::new(inner, self.mock.clone())
    }
}
