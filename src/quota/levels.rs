//! What is left, as the vendors' headers tell it.

use std::time::Duration;

use crate::reply::{Metric, RateLimit};

/// What a quota has left after a request: what a room's rate-limit headers report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Levels {
    /// Requests: per minute, or else per day.
    pub requests: Option<Level>,
    /// Tokens: per minute, or else per day.
    pub tokens: Option<Level>,
    /// When this is, in seconds since 1970, for headers that name a time.
    pub now: u64,
}

/// One limit, and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Level {
    /// How much there may be.
    pub limit: u64,
    /// How much of it is left.
    pub remaining: u64,
    /// How long until all of it is there again.
    pub reset: Duration,
}

impl Level {
    /// A level.
    pub const fn new(limit: u64, remaining: u64, reset: Duration) -> Self {
        Self { limit, remaining, reset }
    }
}

impl Levels {
    /// What an error by hand says of the limit that was run into: nothing is left of it for as long as
    /// the client shall wait.
    pub(crate) fn of_error(limit: RateLimit, wait: Option<Duration>, now: u64) -> Self {
        let remaining = limit.limit.saturating_sub(limit.used);
        let reset = wait.unwrap_or(if limit.limit == 0 {
            Duration::ZERO
        } else {
            limit.metric.window().mul_f64((limit.used.min(limit.limit) as f64) / limit.limit as f64)
        });
        let level = Some(Level { limit: limit.limit, remaining, reset });
        match limit.metric {
            Metric::Concurrent => Self { now, ..Self::default() },
            Metric::RequestsPerDay | Metric::RequestsPerMinute => {
                Self { requests: level, tokens: None, now }
            }
            Metric::TokensPerDay | Metric::TokensPerMinute => {
                Self { requests: None, tokens: level, now }
            }
        }
    }
}
