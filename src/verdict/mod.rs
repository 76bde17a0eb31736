//! A verdict on the client: how it bore what it met.
//!
//! [`MockHandle::verdict`](crate::MockHandle::verdict) groups the requests that a layer received
//! into calls (the same method, path, API key and body, until one is answered well), and looks at how
//! each was tried again, or not.

mod attempt;
mod finding;
mod judge;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::attempt::{Attempt, Outcome};
pub use self::finding::{Finding, Problem};
use crate::journal::Received;

/// What is found wrong with a client.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_mock_llm::BoxError> {
/// use bytes::Bytes;
/// use http_body_util::Full;
/// use tower::ServiceExt;
/// use tower_mock_llm::verdict::Problem;
/// use tower_mock_llm::{ApiError, MockLlmLayer, Rule};
///
/// let layer = MockLlmLayer::new()
///     .watch_client()
///     .rule(Rule::always().respond_with(ApiError::authentication()));
/// let handle = layer.handle();
/// let mock = layer.into_service();
/// // An app that tries again whatever the error is.
/// for _ in 0..2 {
///     let request = http::Request::post("https://api.openai.com/v1/chat/completions")
///         .header("authorization", "Bearer wrong")
///         .body(Full::<Bytes>::from(r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}"#))?;
///     assert_eq!(mock.clone().oneshot(request).await?.status(), 401);
/// }
/// let verdict = handle.verdict();
/// assert!(matches!(verdict.findings()[0].problem, Problem::FinalErrorRetried { .. }));
/// assert!(verdict.to_string().contains("401, which stays, and was sent again"), "{verdict}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct Verdict {
    findings: Vec<Finding>,
    calls: usize,
    attempts: usize,
}

/// By what a client is measured. The defaults are lenient: the vendors' own SDKs pass.
///
/// ```
/// use std::time::Duration;
/// use tower_mock_llm::MockLlmLayer;
/// use tower_mock_llm::verdict::Thresholds;
///
/// let layer = MockLlmLayer::new().watch_client();
/// let strict = Thresholds { least_wait: Duration::from_secs(1), ..Thresholds::default() };
/// layer.handle().verdict_by(&strict).assert_ok();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// The least time before a call is tried again, where no `Retry-After` says how long. The default
    /// is 100 ms; the vendors' SDKs begin with about half a second.
    pub least_wait: Duration,
    /// How long a client may wait for a stream that has stopped, or for an answer that does not begin.
    /// The default is 60 s.
    pub longest_silence: Duration,
    /// How many calls, tried again at one moment, are a storm. The default is 5.
    pub storm: usize,
    /// How long that moment is. The default is 10 ms.
    pub moment: Duration,
    /// How far waits must be apart to count as different: the default is 1 in a hundred.
    pub jitter: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            least_wait: Duration::from_millis(100),
            longest_silence: Duration::from_secs(60),
            storm: 5,
            moment: Duration::from_millis(10),
            jitter: 100,
        }
    }
}

impl Verdict {
    #[track_caller]
    pub(crate) fn of(received: &[Arc<Received>], thresholds: &Thresholds) -> Self {
        let attempts: Vec<_> = received
            .iter()
            .enumerate()
            .filter_map(|(index, received)| {
                Some((index, &**received, received.attempt.as_deref()?))
            })
            .collect();
        assert!(
            received.iter().all(|received| received.is_live()) || !attempts.is_empty(),
            "a verdict needs `MockLlmLayer::watch_client`: without it no times are kept"
        );
        let calls = judge::calls(&attempts);
        let findings = judge::findings(&calls, received, thresholds);
        Self { findings, calls: calls.len(), attempts: attempts.len() }
    }

    /// What was found, in the order of the requests.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether nothing was found.
    pub fn is_ok(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many calls there were, each with one or more attempts.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// How many requests there were.
    pub fn attempts(&self) -> usize {
        self.attempts
    }

    /// Checks that nothing was found.
    ///
    /// # Panics
    ///
    /// If something was, with all of it.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert!(self.is_ok(), "{self}");
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { findings, calls, attempts } = self;
        let count = findings.len();
        if count == 0 {
            return write!(f, "the client is well: {calls} calls, {attempts} attempts");
        }
        write!(f, "the client has {count} faults, in {calls} calls and {attempts} attempts:")?;
        findings.iter().try_for_each(|finding| write!(f, "\n- {finding}"))
    }
}

/// As [`Display`](fmt::Display): it is what `unwrap` prints.
impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
