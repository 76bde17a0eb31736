//! The layer: the one place where things are set.

// First, so that the documentation begins with `new`.
mod making;

mod answers;
mod claims;
mod pace;
mod trouble;

use std::sync::Arc;

use tower_layer::Layer;

use crate::handle::MockHandle;
use crate::journal::Bound;
use crate::mock::{Mock, Settings};
use crate::provider::{ResponseSynth, Room};
use crate::service::MockLlm;

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
