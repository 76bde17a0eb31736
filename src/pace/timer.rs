//! The clock that is waited for.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// What time it is, on tokio's clock: it stands still while that is paused, and needs no runtime. No
/// other place in the crate looks at a clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place for clocks")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// What the calendar says: for logs that people read and for the age of recordings, and for nothing else
/// that an answer depends on.
#[cfg(any(feature = "cassette", feature = "server"))]
#[expect(clippy::disallowed_methods, reason = "this is the one place for clocks")]
pub(crate) fn wall() -> std::time::SystemTime {
    std::time::SystemTime::now()
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
        let start = *self.start.get_or_insert_with(now);
        let deadline = start + at.min(FAR);
        if deadline <= now() {
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
        self.start.get_or_insert_with(now);
    }
}

/// A deadline that no test waits for and no clock overflows at.
const FAR: Duration = Duration::from_secs(86_400 * 365);

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_timer_does_not_drift_when_it_is_asked_late() {
        let begin = now();
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
