//! A token bucket.

use std::time::Duration;

use tokio::time::Instant;

/// What is left of a limit: exact, since one unit is what a nanosecond of the window brings.
///
/// It may be below zero: an answer is longer than what was left when it was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    limit: u64,
    /// The window, in nanoseconds: so many units are one request or token.
    window: i128,
    /// In units.
    left: i128,
    at: Instant,
}

impl Bucket {
    pub(super) fn new(limit: u64, window: Duration, now: Instant) -> Self {
        let window = window.as_nanos() as i128;
        Self { limit, window, left: i128::from(limit) * window, at: now }
    }

    pub(super) fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_nanos() as i128;
        self.at = self.at.max(now);
        let full = i128::from(self.limit) * self.window;
        self.left = self.left.saturating_add(passed * i128::from(self.limit)).min(full);
    }

    pub(super) fn take(&mut self, amount: u64) {
        self.left = self.left.saturating_sub(i128::from(amount) * self.window);
    }

    /// Whole requests or tokens that are left.
    pub(super) fn remaining(&self) -> u64 {
        u64::try_from(self.left.max(0) / self.window).unwrap_or(u64::MAX)
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// How long until there is so much; `None` if that will never be.
    pub(super) fn wait(&self, amount: u64) -> Option<Duration> {
        let missing = i128::from(amount) * self.window - self.left;
        if missing <= 0 {
            return Some(Duration::ZERO);
        }
        if amount > self.limit || self.limit == 0 {
            return None;
        }
        Some(self.time(missing))
    }

    /// How long until all is there again.
    pub(super) fn reset(&self) -> Duration {
        match self.limit {
            0 => Duration::ZERO,
            limit => self.time(i128::from(limit) * self.window - self.left),
        }
    }

    fn time(&self, units: i128) -> Duration {
        let limit = i128::from(self.limit);
        let nanoseconds = (units + limit - 1) / limit;
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn it_refills_without_a_break_and_no_higher_than_its_limit() {
        let start = crate::pace::now();
        let mut bucket = Bucket::new(3, MINUTE, start);
        bucket.take(3);
        assert_eq!((bucket.remaining(), bucket.wait(1)), (0, Some(Duration::from_secs(20))));
        assert_eq!(bucket.reset(), MINUTE);
        bucket.refill(start + Duration::from_nanos(19_999_999_999));
        assert_eq!((bucket.remaining(), bucket.wait(1)), (0, Some(Duration::from_nanos(1))));
        bucket.refill(start + Duration::from_secs(20));
        assert_eq!((bucket.remaining(), bucket.wait(1)), (1, Some(Duration::ZERO)));
        bucket.refill(start + Duration::from_secs(7200));
        assert_eq!((bucket.remaining(), bucket.reset()), (3, Duration::ZERO));
    }

    #[test]
    fn what_it_waits_for_is_there_then() {
        let start = crate::pace::now();
        for (limit, taken, amount) in [(7, 7, 1), (7, 5, 3), (30_000, 29_937, 385), (1, 5, 1)] {
            let mut bucket = Bucket::new(limit, MINUTE, start);
            bucket.take(taken);
            let wait = bucket.wait(amount).unwrap();
            bucket.refill(start + wait - Duration::from_nanos(1));
            assert!(bucket.remaining() < amount);
            bucket.refill(start + wait);
            assert_eq!(bucket.remaining(), amount);
        }
    }

    #[test]
    fn more_than_the_limit_never_fits() {
        let mut bucket = Bucket::new(5, MINUTE, crate::pace::now());
        assert_eq!(bucket.wait(6), None);
        bucket.take(u64::MAX);
        assert_eq!(bucket.remaining(), 0);
        let none = Bucket::new(0, MINUTE, crate::pace::now());
        assert_eq!((none.wait(1), none.reset(), none.remaining()), (None, Duration::ZERO, 0));
    }
}
