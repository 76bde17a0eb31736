//! When trouble happens that no rule asks for.

use std::fmt;
use std::ops::{Bound, Range, RangeBounds};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Fault;
use crate::pace;
use crate::provider::Entropy;
use crate::reply::Answer;
use crate::request::LlmRequest;
use crate::respond::{Cue, IntoRespond, Match, Respond};

/// Trouble that a layer makes by itself: what happens, and when.
///
/// All conditions that it is given must hold; without any it always happens. Of several the first that
/// applies happens.
///
/// ```
/// use std::time::Duration;
/// use tower_mock_llm::fault::Trouble;
/// use tower_mock_llm::{ApiError, Fault, MockLlmLayer, Provider, provider};
///
/// let layer = MockLlmLayer::new()
///     // Every request fails once, and succeeds when it is sent again.
///     .trouble(Trouble::answer(ApiError::overloaded()).on_attempt(1))
///     // One answer of Anthropic's in ten breaks off.
///     .trouble(Trouble::fault(Fault::abort_after(4)).when(provider(Provider::ANTHROPIC)).probability(0.1))
///     // Forty seconds after the first request nothing works for a minute.
///     .trouble(
///         Trouble::answer(ApiError::server())
///             .during(Duration::from_secs(40)..Duration::from_secs(100)),
///     );
/// # let _ = layer;
/// ```
#[derive(Clone)]
pub struct Trouble {
    what: What,
    attempts: Option<(u32, u32)>,
    probability: Option<f64>,
    during: Option<Range<Duration>>,
    between: Option<Range<Instant>>,
    condition: Option<Arc<dyn Match>>,
}

#[derive(Clone)]
enum What {
    Answer(Arc<dyn Respond>),
    Fault(Fault),
}

/// What happens to a request.
#[derive(Debug)]
pub(crate) enum Happening {
    /// This is answered, and no rule is asked.
    Answer(Answer),
    /// This goes wrong with the answer, whatever it is.
    Fault(Fault),
}

/// What trouble goes by beside the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// From 1; zero where nobody counts.
    pub(crate) attempt: u32,
    pub(crate) since_first: Duration,
    pub(crate) entropy: Entropy,
}

impl Trouble {
    /// This goes wrong with the answer that a rule gives. An answer that has a
    /// [fault of its own](crate::Answer::fault) keeps that.
    pub fn fault(fault: Fault) -> Self {
        Self::new(What::Fault(fault))
    }

    /// This is answered in place of what the rules say, most often an [`ApiError`](crate::ApiError).
    /// No rule is asked, so that none counts it.
    pub fn answer(answer: impl IntoRespond) -> Self {
        Self::new(What::Answer(answer.into_respond().into()))
    }

    fn new(what: What) -> Self {
        Self {
            what,
            attempts: None,
            probability: None,
            during: None,
            between: None,
            condition: None,
        }
    }

    /// Only on this attempt at the same request, counted from 1; of [several](Self::on_attempts).
    #[must_use]
    pub fn on_attempt(self, attempt: u32) -> Self {
        self.on_attempts(attempt..=attempt)
    }

    /// Only on these attempts at the same request, counted from 1.
    ///
    /// Requests are the same when method, path, API key and body are. The layer counts them, for the
    /// last 65,536 that differ; [`MockHandle::reset`](crate::MockHandle::reset) forgets them.
    #[must_use]
    pub fn on_attempts(mut self, attempts: impl RangeBounds<u32>) -> Self {
        let first = match attempts.start_bound() {
            Bound::Included(first) => *first,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let last = match attempts.end_bound() {
            Bound::Included(last) => *last,
            Bound::Excluded(end) => end.saturating_sub(1),
            Bound::Unbounded => u32::MAX,
        };
        self.attempts = Some((first, last));
        self
    }

    /// Only so often, from 0 for never to 1 for always.
    ///
    /// It is drawn from the seed, the request and the number of the attempt: the same request meets the
    /// same fate in every run and next to any other requests, and may have more luck when it is sent
    /// again. Attempts are counted as by [`on_attempts`](Self::on_attempts).
    ///
    /// # Panics
    ///
    /// If it is not from 0 to 1.
    #[must_use]
    #[track_caller]
    pub fn probability(mut self, probability: f64) -> Self {
        assert!((0.0..=1.0).contains(&probability), "a probability is from 0 to 1");
        self.probability = Some(probability);
        self
    }

    /// Only at this time on tokio's clock, counted from the first request that the layer answers: an
    /// outage of forty seconds at once is `during(Duration::ZERO..Duration::from_secs(40))`. Under a
    /// paused clock that is virtual time.
    #[must_use]
    pub fn during(mut self, window: Range<Duration>) -> Self {
        self.during = Some(window);
        self
    }

    /// Only at this time, whenever the first request comes.
    #[must_use]
    pub fn between(mut self, window: Range<Instant>) -> Self {
        self.between = Some(window);
        self
    }

    /// Only for requests that meet this condition.
    #[must_use]
    pub fn when(mut self, condition: impl Match) -> Self {
        self.condition = Some(Arc::new(condition));
        self
    }

    /// Whether attempts must be counted for it.
    pub(crate) fn counts(&self) -> bool {
        self.attempts.is_some() || self.probability.is_some()
    }

    /// Whether it has to know when the first request came.
    pub(crate) fn looks_at_clock(&self) -> bool {
        self.during.is_some()
    }

    /// What happens to this request, if anything. `place` tells apart what is drawn for several.
    pub(crate) fn happen(
        &self,
        request: &LlmRequest,
        cue: &Cue<'_>,
        now: &Now,
        place: usize,
    ) -> Option<Happening> {
        let Now { attempt, since_first, entropy } = *now;
        let is_attempt =
            self.attempts.is_none_or(|(first, last)| (first..=last).contains(&attempt));
        let is_time = self.during.as_ref().is_none_or(|window| window.contains(&since_first))
            && self.between.as_ref().is_none_or(|window| window.contains(&pace::now()));
        if !is_attempt
            || !is_time
            || !self.condition.as_ref().is_none_or(|condition| condition.matches(request))
            || !self.probability.is_none_or(|p| is_drawn(p, place as u64, attempt, entropy))
        {
            return None;
        }
        match &self.what {
            What::Answer(respond) => {
                let answer = respond.respond_to(request, cue)?;
                answer.answers(request.operation()).then_some(Happening::Answer(answer))
            }
            What::Fault(fault) => Some(Happening::Fault(fault.clone())),
        }
    }
}

pub(super) fn is_drawn(probability: f64, place: u64, attempt: u32, entropy: Entropy) -> bool {
    const ALL: u64 = 1 << 53;
    let drawn = entropy.below(SALT ^ place << 32 ^ u64::from(attempt), ALL);
    (drawn as f64) < probability * ALL as f64
}

const SALT: u64 = 0x7472_6f75_626c_0000;

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("Trouble");
        match &self.what {
            What::Answer(_) => f.field("answer", &"..."),
            What::Fault(fault) => f.field("fault", fault),
        };
        f.field("attempts", &self.attempts)
            .field("probability", &self.probability)
            .field("during", &self.during)
            .field("between", &self.between)
            .field("when", &self.condition.as_ref().map(|condition| condition.describe()))
            .finish()
    }
}

/// When the first request came.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<Option<Instant>>);

impl Clock {
    pub(crate) fn since_first(&self) -> Duration {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = pace::now();
        now - *first.get_or_insert(now)
    }

    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
