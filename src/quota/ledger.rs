//! What was used of a quota, and by whom.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::Bucket;
use super::{Level, Levels, Quota};
use crate::pace;
use crate::provider::Provider;
use crate::reply::{ApiError, Metric, RateLimit};
use crate::request::LlmRequest;

/// Who used what.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accounts: Mutex<HashMap<Owner, Account>>,
    /// When the first request came.
    start: OnceLock<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Owner {
    provider: Provider,
    key: Option<String>,
    model: Option<String>,
}

#[derive(Debug)]
struct Account {
    buckets: Vec<(Metric, Bucket)>,
    concurrent: Arc<AtomicU64>,
    spent: f64,
}

/// A request that was let through, and what it may still cost.
#[derive(Debug)]
pub(crate) struct Admitted {
    owner: Owner,
    /// For as long as the answer is played.
    pub(crate) permit: Option<Permit>,
}

/// A request that was not, and what is left.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: ApiError,
    pub(crate) levels: Levels,
}

/// One of the requests that may be there at the same time.
#[derive(Debug)]
pub(crate) struct Permit(Arc<AtomicU64>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Ledger {
    /// Lets a request with a prompt of `input` tokens through, or not. `time` is what the clock shows at the first request.
    pub(crate) fn admit(
        &self,
        quota: &Quota,
        provider: Provider,
        request: &LlmRequest,
        input: u64,
        time: u64,
    ) -> Result<Admitted, Box<Refused>> {
        let now = pace::now();
        let time = self.time(quota, now, time);
        let head = request.head.as_head();
        let owner = Owner {
            provider,
            key: head.api_key().filter(|_| quota.per_key).map(str::to_owned),
            model: quota.per_model.then(|| request.model.clone()),
        };
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let account = accounts.entry(owner.clone()).or_insert_with(|| Account::new(quota, now));
        for (_, bucket) in &mut account.buckets {
            bucket.refill(now);
        }
        let refused =
            |error, account: &Account| Box::new(Refused { error, levels: account.levels(time) });
        if quota.budget.is_some_and(|budget| account.spent >= budget.amount) {
            return Err(refused(ApiError::quota(), account));
        }
        if let Some(error) = account.exceeded(input) {
            return Err(refused(error, account));
        }
        let permit = match quota.concurrent {
            None => None,
            Some(most) => {
                // The lock is held: nobody else counts up, and a count down is no harm.
                let there = account.concurrent.load(Ordering::Acquire);
                if there >= most {
                    let limit = RateLimit::new(Metric::Concurrent, most).used(there);
                    return Err(refused(ApiError::rate_limit().of(limit), account));
                }
                account.concurrent.fetch_add(1, Ordering::AcqRel);
                Some(Permit(Arc::clone(&account.concurrent)))
            }
        };
        for (metric, bucket) in &mut account.buckets {
            bucket.take(if metric.is_tokens() { input } else { 1 });
        }
        if let Some(budget) = quota.budget {
            account.spent += budget.cost(input, 0);
        }
        Ok(Admitted { owner, permit })
    }

    /// Takes what the answer costs, and tells what is left.
    pub(crate) fn charge(
        &self,
        quota: &Quota,
        admitted: &Admitted,
        output: u64,
        time: u64,
    ) -> Levels {
        let time = self.time(quota, pace::now(), time);
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(account) = accounts.get_mut(&admitted.owner) else {
            return Levels::default();
        };
        for (metric, bucket) in &mut account.buckets {
            if metric.is_tokens() {
                bucket.take(output);
            }
        }
        if let Some(budget) = quota.budget {
            account.spent += budget.cost(0, output);
        }
        account.levels(time)
    }

    pub(crate) fn clear(&self) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What the clock shows, in seconds since 1970.
    fn time(&self, quota: &Quota, now: Instant, time: u64) -> u64 {
        let start = *self.start.get_or_init(|| now);
        quota.epoch.unwrap_or(time) + now.saturating_duration_since(start).as_secs()
    }
}

impl Account {
    fn new(quota: &Quota, now: Instant) -> Self {
        let limits = [
            (Metric::RequestsPerMinute, quota.requests_per_minute),
            (Metric::TokensPerMinute, quota.tokens_per_minute),
            (Metric::RequestsPerDay, quota.requests_per_day),
            (Metric::TokensPerDay, quota.tokens_per_day),
        ];
        let bucket = |(metric, limit): (Metric, Option<u64>)| {
            Some((metric, Bucket::new(limit?, metric.window(), now)))
        };
        Self {
            buckets: limits.into_iter().filter_map(bucket).collect(),
            concurrent: Arc::default(),
            spent: 0.0,
        }
    }

    /// The limit that makes a request of `input` tokens wait longest, if one does.
    fn exceeded(&self, input: u64) -> Option<ApiError> {
        let waits = self.buckets.iter().filter_map(|(metric, bucket)| {
            let requested = if metric.is_tokens() { input } else { 1 };
            let wait = bucket.wait(requested);
            (wait != Some(Duration::ZERO)).then(|| {
                let used = bucket.limit() - bucket.remaining();
                let limit =
                    RateLimit { requested, used, ..RateLimit::new(*metric, bucket.limit()) };
                (wait.unwrap_or(Duration::MAX), limit, wait)
            })
        });
        let (_, limit, wait) = waits.max_by_key(|(order, ..)| *order)?;
        let error = ApiError::rate_limit().of(limit);
        Some(match wait {
            Some(wait) => error.retry_after(wait),
            // It never fits, so there is nothing to wait for.
            None => error,
        })
    }

    fn levels(&self, now: u64) -> Levels {
        let level = |is_tokens: bool| {
            // Those of a minute stand before those of a day.
            let (_, bucket) =
                self.buckets.iter().find(|(metric, _)| metric.is_tokens() == is_tokens)?;
            Some(Level::new(bucket.limit(), bucket.remaining(), bucket.reset()))
        };
        Levels { requests: level(false), tokens: level(true), now }
    }
}
