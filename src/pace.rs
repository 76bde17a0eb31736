//! Time: when each frame of an answer is due.
//!
//! Deadlines are absolute, counted from the moment the answer is ready, so that a stream takes as
//! long as its pace says however late each frame was picked up. Everything waits on tokio's
//! clock: under a paused clock (`#[tokio::test(start_paused = true)]`) it takes no time at all.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::fault::Step;

/// How fast an answer comes: the time to its first token, and the time between two tokens.
///
/// An answer that is no stream waits for the whole of it before its head is sent. The default is
/// [`Pace::INSTANT`].
///
/// ```
/// use std::time::Duration;
/// use tower_mock_llm::{MockLlmLayer, Pace};
///
/// let fifty_a_second = Pace::new(Duration::from_millis(400), Duration::from_millis(20));
/// let layer = MockLlmLayer::new().pace(fifty_a_second);
/// # let _ = layer;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    first: Duration,
    gap: Duration,
}

impl Pace {
    /// No delay at all, and no timer.
    pub const INSTANT: Self = Self { first: Duration::ZERO, gap: Duration::ZERO };

    /// `first` until the head and the first frame, then `gap` between two frames.
    pub const fn new(first: Duration, gap: Duration) -> Self {
        Self { first, gap }
    }

    pub(crate) fn is_instant(self) -> bool {
        self == Self::INSTANT
    }

    /// How long the head of a stream takes.
    pub(crate) fn head(self) -> Duration {
        self.first
    }

    /// How long an answer of `tokens` takes that comes as a whole.
    pub(crate) fn whole(self, tokens: u64) -> Duration {
        let gaps = u32::try_from(tokens.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_add(self.gap.saturating_mul(gaps))
    }
}

/// A step and when it is due, counted from the first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Beat {
    pub(crate) at: Duration,
    pub(crate) step: Step,
}

/// Steps with their times.
#[derive(Debug)]
pub(crate) struct Paced<I> {
    steps: I,
    gap: Duration,
    index: u32,
}

impl<I> Paced<I> {
    pub(crate) fn new(steps: I, pace: Pace) -> Self {
        Self { steps, gap: pace.gap, index: 0 }
    }
}

impl<I: Iterator<Item = Step>> Iterator for Paced<I> {
    type Item = Beat;

    fn next(&mut self) -> Option<Beat> {
        let step = self.steps.next()?;
        let at = self.gap.saturating_mul(self.index);
        self.index = self.index.saturating_add(1);
        Some(Beat { at, step })
    }
}

/// Waits for deadlines that are counted from when it was first asked. No other place in the
/// crate holds a timer.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    start: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Ready once `at` has passed since the first call. Zero is always ready and needs no runtime.
    #[expect(clippy::disallowed_methods, reason = "this is the one place for timers")]
    pub(crate) fn poll(&mut self, at: Duration, cx: &mut Context<'_>) -> Poll<()> {
        if at.is_zero() {
            return Poll::Ready(());
        }
        let start = *self.start.get_or_insert_with(Instant::now);
        let deadline = start + at.min(FAR);
        if deadline <= Instant::now() {
            return Poll::Ready(());
        }
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(())
    }

    /// Starts counting, for a first deadline of zero.
    pub(crate) fn start(&mut self) {
        self.start.get_or_insert_with(Instant::now);
    }
}

/// A deadline that no test waits for and no clock overflows at.
const FAR: Duration = Duration::from_secs(86_400 * 365);

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use bytes::Bytes;

    use super::*;

    #[test]
    fn beats_are_absolute() {
        let steps = ["a", "b", "c"].map(|text| Step::Send(Bytes::from(text))).into_iter();
        let pace = Pace::new(Duration::from_secs(9), Duration::from_millis(20));
        let at: Vec<_> = Paced::new(steps, pace).map(|beat| beat.at.as_millis()).collect();
        assert_eq!(at, [0, 20, 40]);
        assert_eq!(pace.whole(3), Duration::from_millis(9040));
        assert_eq!(pace.whole(0), Duration::from_secs(9));
        assert_eq!(Pace::new(Duration::MAX, Duration::MAX).whole(u64::MAX), Duration::MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_does_not_drift_when_it_is_asked_late() {
        let begin = Instant::now();
        let mut timer = Timer::default();
        timer.start();
        for index in 1..=5 {
            let at = Duration::from_millis(20) * index;
            poll_fn(|cx| timer.poll(at, cx)).await;
            tokio::time::advance(Duration::from_millis(7)).await;
        }
        assert_eq!(begin.elapsed().as_millis(), 107);
    }
}
