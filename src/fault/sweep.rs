//! The sweep: every kind of trouble at every frame of an answer.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::FutureExt;

use super::cases::{faults, is_harmless, is_unseen};
use super::judge::{Finding, Outcome, Report};
use super::kind::{Fault, Kind, Probe};
use crate::layer::MockLlmLayer;
use crate::reply::{Answer, Reply};
use crate::respond::Rule;

/// Plays every kind of trouble at every frame of `reply`, and runs the app once for each: see
/// [`Sweep`], which has settings too.
///
/// The app is a closure: it builds its client over [`Case::layer`], asks, and returns what it believes
/// to have read, or its error.
///
/// ```
/// use http_body_util::{BodyExt, Full};
/// use tower::ServiceExt;
/// use tower_mock_llm::fault::{self, Outcome};
/// use tower_mock_llm::{BoxError, Reply};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// // An app that takes the end of the stream for the end of the answer.
/// let report = fault::sweep(Reply::text("one two three"), |case| async move {
///     let request = http::Request::post("https://api.openai.com/v1/chat/completions")
///         .header("authorization", "Bearer any")
///         .body(Full::<bytes::Bytes>::from(
///             r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "?"}], "stream": true}"#,
///         ))?;
///     let response = case.layer().into_service().oneshot(request).await?;
///     let body = response.into_body().collect();
///     let body = tokio::time::timeout(std::time::Duration::from_secs(60), body).await??;
///     Ok::<_, BoxError>(String::from_utf8_lossy(&body.to_bytes()).matches("content").count())
/// })
/// .await;
///
/// assert!(report.to_string().contains("Fault::end_after(0): took this for the whole answer: 0"));
/// assert!(!report.findings().iter().any(|finding| finding.outcome == Outcome::Hung));
/// # }
/// ```
///
/// # Panics
///
/// Unless tokio's clock is paused, as by `#[tokio::test(start_paused = true)]`: stalls would take hours.
pub async fn sweep<F, T, E>(reply: impl Into<Arc<Reply>>, run: impl FnMut(Case) -> F) -> Report
where
    F: Future<Output = Result<T, E>>,
    T: PartialEq + fmt::Debug,
    E: fmt::Display,
{
    Sweep::new(reply).run(run).await
}

/// A sweep with settings.
///
/// First the answer is played without trouble, to count its frames and to learn what the app makes of
/// it. Then comes each case, with a layer of its own: for each frame that the body breaks off before it,
/// ends before it, stalls, pauses for a second, has the vendor's own error in its place, that the frame
/// is dropped, doubled, swapped, corrupted, truncated; and once each for what concerns the whole body,
/// the [byte adversary](Fault::adversary) among them.
///
/// The app does well when it returns the whole answer or an error. It does not when it panics, is still
/// waiting after twenty minutes, or returns something else than it did without trouble. When the body
/// is only cut otherwise or slow, an error is wrong too. That a frame is dropped, doubled or swapped, or
/// the finish repeated, is not to be seen in every vendor's stream: for these only panics and waiting
/// count, unless the sweep is [strict](Self::strict).
pub struct Sweep {
    reply: Arc<Reply>,
    configure: Option<Box<dyn Fn(MockLlmLayer) -> MockLlmLayer>>,
    limit: Duration,
    is_strict: bool,
    is_virtual: bool,
    is_once: bool,
}

/// One case of a sweep.
#[derive(Clone, Debug)]
pub struct Case {
    layer: MockLlmLayer,
    fault: Fault,
}

impl Case {
    /// The layer that answers so: every request, whatever it asks.
    pub fn layer(&self) -> MockLlmLayer {
        self.layer.clone()
    }

    /// The trouble; `None` in the case without.
    pub fn fault(&self) -> Option<&Fault> {
        (!matches!(self.fault.0, Kind::Probe(_))).then_some(&self.fault)
    }
}

impl Sweep {
    /// A sweep over this answer.
    pub fn new(reply: impl Into<Arc<Reply>>) -> Self {
        Self {
            reply: reply.into(),
            configure: None,
            limit: Duration::from_secs(20 * 60),
            is_strict: false,
            is_virtual: true,
            is_once: false,
        }
    }

    /// Sets what is to be set in each case's layer: seed, chunking, providers.
    #[must_use]
    pub fn configure(mut self, set: impl Fn(MockLlmLayer) -> MockLlmLayer + 'static) -> Self {
        self.configure = Some(Box::new(set));
        self
    }

    /// Only the first answer meets trouble: an app that tries again gets it whole. By default every
    /// answer does.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.is_once = true;
        self
    }

    /// How long the app may take in each case. The default is twenty minutes, twice what the vendors'
    /// own SDKs wait.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Also counts it as wrong when a dropped, doubled or swapped frame is not noticed.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.is_strict = true;
        self
    }

    /// Runs on a real clock too: for clients that need a connection. Each stall then takes as long as
    /// the app waits, or until the [limit](Self::limit).
    #[must_use]
    pub fn real_time(mut self) -> Self {
        self.is_virtual = false;
        self
    }

    /// Runs the app once for each case, one after the other.
    ///
    /// # Panics
    ///
    /// As [`sweep`], unless it is in [real time](Self::real_time).
    pub async fn run<F, T, E>(self, mut app: impl FnMut(Case) -> F) -> Report
    where
        F: Future<Output = Result<T, E>>,
        T: PartialEq + fmt::Debug,
        E: fmt::Display,
    {
        assert!(
            !self.is_virtual || is_paused().await,
            "a sweep runs under a paused clock: call it in `#[tokio::test(start_paused = true)]`, or \
             say `Sweep::real_time`"
        );
        let probe = Probe::default();
        let whole = self.play(&mut app, Fault::probe(probe.clone())).await;
        let frames = probe.0.load(Ordering::Relaxed);
        let mut report = Report { cases: 1, frames, findings: Vec::new() };
        let whole = match whole {
            Ok(Ok(whole)) if frames > 0 => whole,
            Ok(Ok(_)) => {
                let error = "it sent no request through the case's layer, or read no body";
                report.note(None, Outcome::Failed(error.to_owned()));
                return report;
            }
            Ok(Err(error)) => {
                report.note(None, Outcome::Failed(error.to_string()));
                return report;
            }
            Err(outcome) => {
                report.note(None, outcome);
                return report;
            }
        };
        for fault in faults(frames) {
            report.cases += 1;
            let outcome = match self.play(&mut app, fault.clone()).await {
                Err(outcome) => Some(outcome),
                Ok(Ok(value)) => (value != whole && self.tells(&fault))
                    .then(|| Outcome::Mistaken(format!("{value:?}"))),
                Ok(Err(error)) => is_harmless(&fault).then(|| Outcome::Failed(error.to_string())),
            };
            if let Some(outcome) = outcome {
                report.note(Some(fault), outcome);
            }
        }
        report
    }

    /// Whether the app can be asked to notice it.
    fn tells(&self, fault: &Fault) -> bool {
        self.is_strict || !is_unseen(fault)
    }

    async fn play<F, T, E>(
        &self,
        app: &mut impl FnMut(Case) -> F,
        fault: Fault,
    ) -> Result<Result<T, E>, Outcome>
    where
        F: Future<Output = Result<T, E>>,
    {
        let answer = Answer::from(Arc::clone(&self.reply)).fault(fault.clone());
        let rule = match self.is_once {
            false => Rule::always().respond_with(answer),
            true => Rule::always().first(answer).then_repeat(Arc::clone(&self.reply)),
        };
        let layer = MockLlmLayer::new().rule(rule);
        let layer = self.configure.as_ref().map_or(layer.clone(), |set| set(layer));
        let case = Case { layer, fault };
        let run = AssertUnwindSafe(async { app(case).await }).catch_unwind();
        match tokio::time::timeout(self.limit, run).await {
            Err(_) => Err(Outcome::Hung),
            Ok(Err(panic)) => Err(Outcome::Panicked(message(&*panic))),
            Ok(Ok(result)) => Ok(result),
        }
    }
}

impl fmt::Debug for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweep")
            .field("limit", &self.limit)
            .field("is_strict", &self.is_strict)
            .finish_non_exhaustive()
    }
}

impl Report {
    fn note(&mut self, fault: Option<Fault>, outcome: Outcome) {
        self.findings.push(Finding { fault, outcome });
    }
}

/// Whether a quarter of a second takes no time. A machine may be slow once, not three times.
#[expect(clippy::disallowed_methods, reason = "to tell tokio's clock from the real one")]
async fn is_paused() -> bool {
    for _ in 0..3 {
        let wait = Duration::from_millis(250);
        let before = std::time::Instant::now();
        let _ = tokio::time::timeout(wait, std::future::pending::<()>()).await;
        if before.elapsed() < wait {
            return true;
        }
    }
    false
}

fn message(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "a panic without words".to_owned(),
    }
}
