//! Quotas: limits that are counted, and refilled as time goes by.

mod bucket;
mod ledger;
mod levels;

use std::time::{Duration, SystemTime};

pub(crate) use self::ledger::{Admitted, Ledger, Permit, Refused};
pub use self::levels::{Level, Levels};

/// How much the vendor lets its clients have.
///
/// Limits are token buckets, refilled without a break, as Anthropic describes its own
/// (<https://platform.claude.com/docs/en/api/rate-limits>, read 2026-11-21): a limit of 60 a minute
/// lets 60 requests through at once, and then one a second. Each provider has its own; within it,
/// all clients share one, unless it is [per key](Self::per_key) or [per model](Self::per_model).
///
/// A request that does not fit gets the vendor's `429`, with a truthful time to wait (header or
/// body, as the vendor has it), and costs nothing. One that fits costs a request and its prompt's
/// tokens at once, and the answer's when it is made; those of a
/// [`ReplyStream`](crate::ReplyStream) are not known then, and free. The vendors' rate-limit headers
/// count down. Requests that the vendor would not understand are free.
///
/// Time is tokio's: under a paused clock a minute passes at once.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_mock_llm::BoxError> {
/// use bytes::Bytes;
/// use http_body_util::Full;
/// use tower::ServiceExt;
/// use tower_mock_llm::{MockLlmLayer, Quota};
///
/// let mock = MockLlmLayer::new().quota(Quota::new().requests_per_minute(3)).into_service();
/// let call = async || {
///     let request = http::Request::post("https://api.openai.com/v1/chat/completions")
///         .header("authorization", "Bearer any")
///         .body(Full::<Bytes>::from(
///             r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}"#,
///         ))
///         .unwrap();
///     mock.clone().oneshot(request).await.unwrap()
/// };
/// for remaining in ["2", "1", "0"] {
///     assert_eq!(call().await.headers()["x-ratelimit-remaining-requests"], remaining);
/// }
/// let refused = call().await;
/// assert_eq!(refused.status(), 429);
/// assert_eq!(refused.headers()["retry-after"], "20");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Quota {
    pub(crate) requests_per_minute: Option<u64>,
    pub(crate) tokens_per_minute: Option<u64>,
    pub(crate) requests_per_day: Option<u64>,
    pub(crate) tokens_per_day: Option<u64>,
    pub(crate) concurrent: Option<u64>,
    pub(crate) budget: Option<Budget>,
    pub(crate) per_key: bool,
    pub(crate) per_model: bool,
    pub(crate) epoch: Option<u64>,
}

impl Quota {
    /// A quota without any limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits requests in a minute.
    #[must_use]
    pub fn requests_per_minute(mut self, limit: u64) -> Self {
        self.requests_per_minute = Some(limit);
        self
    }

    /// Limits tokens in a minute, those of prompts and of answers.
    #[must_use]
    pub fn tokens_per_minute(mut self, limit: u64) -> Self {
        self.tokens_per_minute = Some(limit);
        self
    }

    /// Limits requests in a day.
    #[must_use]
    pub fn requests_per_day(mut self, limit: u64) -> Self {
        self.requests_per_day = Some(limit);
        self
    }

    /// Limits tokens in a day, those of prompts and of answers.
    #[must_use]
    pub fn tokens_per_day(mut self, limit: u64) -> Self {
        self.tokens_per_day = Some(limit);
        self
    }

    /// Limits requests at the same time: until an answer is read to its end, or dropped.
    #[must_use]
    pub fn concurrent(mut self, limit: u64) -> Self {
        self.concurrent = Some(limit);
        self
    }

    /// What may be spent in all. Once it is spent, requests get the vendor's error for an account
    /// without money ([`ApiError::quota`](crate::ApiError::quota)), whatever time passes.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Counts for each API key by itself.
    #[must_use]
    pub fn per_key(mut self) -> Self {
        self.per_key = true;
        self
    }

    /// Counts for each model by itself.
    #[must_use]
    pub fn per_model(mut self) -> Self {
        self.per_model = true;
        self
    }

    /// What time it is at the first request, for headers that name a time (Anthropic's). The default
    /// follows from the seed, so that answers are the same each time; give `SystemTime::now()` to a
    /// client that compares them with its own clock.
    #[must_use]
    pub fn starting_at(mut self, time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        self.epoch = Some(since.as_secs());
        self
    }
}

/// What may be spent in all.
///
/// ```
/// use tower_mock_llm::quota::Budget;
///
/// // Half a dollar, at 2.50 and 10 dollars for a million tokens of prompt and answer.
/// let budget = Budget::dollars(0.5, 2.5, 10.0);
/// # let _ = budget;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// In tokens, or in millionths of a dollar for a million tokens.
    pub(crate) amount: f64,
    pub(crate) input: f64,
    pub(crate) output: f64,
}

impl Budget {
    /// So many tokens of prompts and answers.
    pub const fn tokens(tokens: u64) -> Self {
        Self { amount: tokens as f64, input: 1.0, output: 1.0 }
    }

    /// So many dollars, at these prices in dollars for a million tokens of prompt and of answer.
    pub const fn dollars(dollars: f64, input: f64, output: f64) -> Self {
        Self { amount: dollars * 1e6, input, output }
    }

    pub(crate) fn cost(&self, input: u64, output: u64) -> f64 {
        self.input * input as f64 + self.output * output as f64
    }
}
