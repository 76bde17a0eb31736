//! The handle: what a test holds while the layer is somewhere in the app.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::claim::{Mode, panic_if_forbidden};
use crate::error::Error;
use crate::journal::Received;
use crate::mock::Shared;
use crate::reply::NoAnswer;
use crate::respond::{HiddenRule, Rule, RuleId};
use crate::verdict::{Thresholds, Verdict};

/// Shows what a layer received, checks what was expected of it, and changes rules and mode while
/// it runs. Clones, and all services of the same layer, share one state.
///
/// ```
/// use tower_mock_llm::{MockLlmLayer, Mode, Rule};
///
/// let layer = MockLlmLayer::new();
/// let handle = layer.handle();
/// let hello = handle.mount(Rule::always().respond_with("hello"));
/// assert!(handle.received().is_empty());
/// assert!(handle.unmount(hello));
/// handle.set_mode(Mode::Off);
/// assert_eq!(handle.mode(), Mode::Off);
/// ```
#[derive(Clone, Debug)]
pub struct MockHandle(Arc<Shared>);

impl MockHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The requests that were answered or refused, oldest first: the last 500, or fewer where
    /// their bodies are large (see [`MockLlmLayer::journal`](crate::MockLlmLayer::journal)).
    pub fn received(&self) -> Vec<Arc<Received>> {
        self.0.journal.received()
    }

    /// Adds a rule after all others.
    ///
    /// # Panics
    ///
    /// If no provider that the rule is for has words for what it says. In
    /// [strict](crate::MockLlmLayer::strict) mode, if the rule can never answer (see
    /// [`hidden`](Self::hidden)): the message names it and the one that hides it.
    #[track_caller]
    pub fn mount(&self, rule: Rule) -> RuleId {
        self.0.rules.mount(rule)
    }

    /// Removes a rule, and what was expected of it. Whether it was there.
    pub fn unmount(&self, rule: RuleId) -> bool {
        self.0.rules.unmount(rule)
    }

    /// The rules that can never answer, because one before them always answers: for every request,
    /// or under a condition with the same words. A rule that is [expected](Rule::expect) to answer
    /// none may be hidden. It is known as soon as they are mounted:
    ///
    /// ```
    /// use tower_mock_llm::{MockLlmLayer, Rule, last_user};
    ///
    /// let handle = MockLlmLayer::new().handle();
    /// handle.mount(Rule::always().respond_with("anything").named("all"));
    /// handle.mount(Rule::when(last_user().contains("hello")).respond_with("hi"));
    /// let hidden = handle.hidden();
    /// assert_eq!((&*hidden[0].rule, &*hidden[0].by), ("#2", "`all`"));
    /// ```
    pub fn hidden(&self) -> Vec<HiddenRule> {
        self.0.rules.hidden()
    }

    /// The state that this scenario is in: [`STARTED`](crate::respond::STARTED) until a rule's
    /// [`then_state`](Rule::then_state), or [`set_state`](Self::set_state), leads elsewhere.
    pub fn state(&self, scenario: &str) -> String {
        self.0.rules.state(scenario)
    }

    /// Puts a scenario in a state.
    ///
    /// ```
    /// use tower_mock_llm::MockLlmLayer;
    ///
    /// let handle = MockLlmLayer::new().handle();
    /// handle.set_state("login", "asked");
    /// assert_eq!(handle.state("login"), "asked");
    /// handle.reset();
    /// assert_eq!(handle.state("login"), "started");
    /// ```
    pub fn set_state(&self, scenario: &str, state: impl Into<String>) {
        self.0.rules.set_state(scenario, state.into());
    }

    /// Checks what was [expected](Rule::expect) of each rule, that
    /// [strict](crate::MockLlmLayer::strict) mode refused nothing, that every reply
    /// [fitted](crate::MockLlmLayer::check_replies) its request's schemas, and that no rule is hidden
    /// by another.
    ///
    /// # Errors
    ///
    /// If an expectation is not met: the message names the rule, its condition, and the request
    /// that came nearest, with what failed on it. If strict mode refused a request: the message is
    /// the one that the client got; as it is if a reply did not fit. If a rule is
    /// [hidden](Self::hidden).
    pub fn check(&self) -> Result<(), Error> {
        match self.0.misfits.add_to(self.0.rules.unmet(&self.received())) {
            None => Ok(()),
            Some(report) => {
                #[cfg(feature = "cassette")]
                let report = match self.cassette() {
                    Some(cassette) => cassette.with_near(report),
                    None => report,
                };
                Err(Error::unmet(report))
            }
        }
    }

    /// Checks what [`check`](Self::check) does.
    ///
    /// # Panics
    ///
    /// If it is not as it should be, with the message of [`check`](Self::check).
    #[track_caller]
    pub fn verify(&self) {
        if let Err(error) = self.check() {
            panic!("expectations of the LLM mock were not met:\n{error}");
        }
    }

    /// Whether the mock answers.
    pub fn mode(&self) -> Mode {
        Mode::from_u8(self.0.mode.load(Ordering::Relaxed))
    }

    /// Switches the mock on or off, for requests that come from now on.
    ///
    /// # Panics
    ///
    /// If it is to be switched on where `MOCK_LLM_FORBID` forbids it.
    #[track_caller]
    pub fn set_mode(&self, mode: Mode) {
        if mode == Mode::Mock {
            panic_if_forbidden();
        }
        self.0.mode.store(mode as u8, Ordering::Relaxed);
    }

    /// Fails connections to this host (without port) from now on, until
    /// [`mend_connects`](Self::mend_connects): an outage, on a `reqwest::Client` with the
    /// [connector](crate::MockLlmLayer::connector), whether the host is a provider's or not. The
    /// client fails with a `reqwest::Error` of its own for which `is_connect()` holds;
    /// [`NoAnswer::Hang`] never connects, so that its `connect_timeout` is put to the test.
    ///
    /// Connections that it has already stay, and in use: build it with `pool_max_idle_per_host(0)` to
    /// have none.
    ///
    /// ```
    /// use tower_mock_llm::MockLlmLayer;
    /// use tower_mock_llm::reply::NoAnswer;
    ///
    /// let mock = MockLlmLayer::new();
    /// mock.handle().fail_connects("api.openai.com", NoAnswer::Dns);
    /// // ... what the app does meanwhile ...
    /// mock.handle().mend_connects("api.openai.com");
    /// ```
    pub fn fail_connects(&self, host: impl Into<String>, how: NoAnswer) {
        self.0.connects.fail(host.into(), how);
    }

    /// Lets connections to this host be made again.
    pub fn mend_connects(&self, host: &str) {
        self.0.connects.mend(host);
    }

    /// What the client made of it all: how it tried again, and how not. It needs
    /// [`MockLlmLayer::watch_client`](crate::MockLlmLayer::watch_client).
    ///
    /// ```
    /// use tower_mock_llm::MockLlmLayer;
    ///
    /// let layer = MockLlmLayer::new().watch_client();
    /// // ... what the app does ...
    /// layer.handle().verdict().assert_ok();
    /// ```
    ///
    /// # Panics
    ///
    /// Without `watch_client`, if anything was received: nothing is known then.
    #[track_caller]
    pub fn verdict(&self) -> Verdict {
        self.verdict_by(&Thresholds::default())
    }

    /// The same, by other measures.
    ///
    /// # Panics
    ///
    /// As [`verdict`](Self::verdict).
    #[track_caller]
    pub fn verdict_by(&self, thresholds: &Thresholds) -> Verdict {
        Verdict::of(&self.received(), thresholds)
    }

    /// The [cassette](crate::MockLlmLayer::cassette) that was set last, to
    /// [switch](crate::cassette::Cassette::set_mode) it and to ask what it did.
    #[cfg(feature = "cassette")]
    pub fn cassette(&self) -> Option<crate::cassette::Cassette> {
        self.0.cassette.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Switches these API keys (a key, a prefix `sk-test-*` or `sha256:` and a hash) on or off, for
    /// requests that come from now on: see [`KeyModes`](crate::KeyModes). Others stay as they are.
    ///
    /// # Errors
    ///
    /// As [`KeyModes::set`](crate::KeyModes::set).
    #[cfg(feature = "config")]
    pub fn set_key_mode(&self, keys: &str, mode: Mode) -> Result<(), Error> {
        self.0.keys.get_or_init(|| crate::KeyModes::new(Mode::Mock)).set(keys, mode)
    }

    /// Forgets all requests, attempts and rules, what was used of quotas and which hosts cannot be
    /// reached, puts every scenario back to its start, and empties the prompt caches; what is timed
    /// from the first request is timed anew.
    pub fn reset(&self) {
        self.begin_anew();
        self.0.journal.clear();
    }

    /// The same, but what was received is remembered: others may have asked too.
    pub(crate) fn begin_anew(&self) {
        self.0.connects.clear();
        self.0.ledger.clear();
        self.0.rules.clear();
        self.0.misfits.clear();
        self.0.caches.clear();
        self.0.attempts.clear();
        self.0.clock.clear();
    }
}
