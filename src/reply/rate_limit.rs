//! Which limit was run into.

use std::fmt;
use std::time::Duration;

/// A rate limit that was run into: what the vendor's message tells of it.
///
/// ```
/// use tower_mock_llm::ApiError;
/// use tower_mock_llm::reply::{Metric, RateLimit};
///
/// let limit = RateLimit::new(Metric::TokensPerMinute, 30_000).used(29_937).requested(385);
/// let error = ApiError::rate_limit().of(limit);
/// # let _ = error;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// What is limited.
    pub metric: Metric,
    /// How much there may be.
    pub limit: u64,
    /// How much there was before this request.
    pub used: u64,
    /// How much this request adds.
    pub requested: u64,
}

impl RateLimit {
    /// A limit, used up, and a request for one more.
    pub const fn new(metric: Metric, limit: u64) -> Self {
        Self { metric, limit, used: limit, requested: 1 }
    }

    /// Sets how much there was before. The default is all.
    #[must_use]
    pub const fn used(mut self, used: u64) -> Self {
        self.used = used;
        self
    }

    /// Sets how much the request adds. The default is 1.
    #[must_use]
    pub const fn requested(mut self, requested: u64) -> Self {
        self.requested = requested;
        self
    }

    /// Whether the request alone is more than the limit, so that it never gets through.
    pub const fn never_fits(&self) -> bool {
        self.requested > self.limit
    }
}

/// What a rate limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// Requests at the same time.
    Concurrent,
    /// Requests in a day.
    RequestsPerDay,
    /// Requests in a minute.
    RequestsPerMinute,
    /// Tokens in a day.
    TokensPerDay,
    /// Tokens in a minute.
    TokensPerMinute,
}

impl Metric {
    /// Whether it counts tokens, not requests.
    pub const fn is_tokens(self) -> bool {
        matches!(self, Self::TokensPerDay | Self::TokensPerMinute)
    }

    /// The time in which the limit is to be kept.
    pub(crate) const fn window(self) -> Duration {
        match self {
            Self::Concurrent => Duration::ZERO,
            Self::RequestsPerDay | Self::TokensPerDay => Duration::from_secs(86_400),
            Self::RequestsPerMinute | Self::TokensPerMinute => Duration::from_secs(60),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Concurrent => "requests at once",
            Self::RequestsPerDay => "requests per day",
            Self::RequestsPerMinute => "requests per minute",
            Self::TokensPerDay => "tokens per day",
            Self::TokensPerMinute => "tokens per minute",
        })
    }
}
