//! What is kept of an attempt.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header;
use tokio::time::Instant;

use crate::fault::Fault;
use crate::pace;
use crate::reply::{ApiError, ErrorKind, NoAnswer, Say};

/// When a request came, and what it met.
#[derive(Debug)]
pub(crate) struct Attempt {
    at: Instant,
    /// How long the head was held back.
    wait: Duration,
    pub(super) outcome: Outcome,
    ended: Option<Arc<OnceLock<Instant>>>,
}

impl Attempt {
    pub(crate) fn new(
        outcome: Outcome,
        wait: Duration,
        ended: Option<Arc<OnceLock<Instant>>>,
    ) -> Self {
        Self { at: pace::now(), wait, outcome, ended }
    }

    pub(super) fn at(&self) -> Instant {
        self.at
    }

    /// When its head was there.
    pub(super) fn answered(&self) -> Instant {
        self.at + self.wait
    }

    /// How long the client was there for it, if it is over.
    pub(super) fn lasted(&self) -> Option<Duration> {
        let ended = self.ended.as_ref()?.get()?;
        Some(ended.saturating_duration_since(self.at))
    }
}

/// What an attempt met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(super) met: Met,
    /// How long the client was asked to wait.
    pub(super) retry_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// A part of an answer.
    Cut,
    /// An error that stays what it is.
    Final,
    /// An answer that never ends, or never begins.
    Stall,
    Success,
    /// An error that may be over soon.
    Transient,
}

impl Outcome {
    pub(crate) fn of(say: &Say, fault: Option<&Fault>) -> Self {
        let met = match say {
            Say::Error(error) => return Self::of_error(error),
            Say::NoAnswer(NoAnswer::Hang) => Met::Stall,
            Say::NoAnswer(_) => Met::Transient,
            #[cfg(feature = "cassette")]
            Say::Live(_) => Met::Success,
            #[cfg(feature = "cassette")]
            Say::Recorded(recorded) if recorded.status().as_u16() < 400 => match fault {
                Some(fault) if fault.cuts() => Met::Cut,
                Some(fault) if fault.stalls() => Met::Stall,
                _ => Met::Success,
            },
            #[cfg(feature = "cassette")]
            Say::Recorded(recorded) => {
                let seconds = recorded.header("retry-after").and_then(|it| it.trim().parse().ok());
                let met = match recorded.status().as_u16() {
                    408 | 409 | 429 | 500.. => Met::Transient,
                    _ => Met::Final,
                };
                return Self { met, retry_after: seconds.map(Duration::from_secs) };
            }
            Say::Raw(response) => {
                let header = response.0.headers().get(header::RETRY_AFTER);
                let seconds = header.and_then(|value| value.to_str().ok()?.trim().parse().ok());
                let met = match response.status().as_u16() {
                    0..400 => Met::Success,
                    408 | 409 | 429 | 500.. => Met::Transient,
                    _ => Met::Final,
                };
                return Self { met, retry_after: seconds.map(Duration::from_secs) };
            }
            Say::Output(_) | Say::Reply(_) | Say::Stream(_) => match fault {
                Some(fault) if fault.cuts() => Met::Cut,
                Some(fault) if fault.stalls() => Met::Stall,
                _ => Met::Success,
            },
        };
        Self { met, retry_after: None }
    }

    pub(crate) fn of_error(error: &ApiError) -> Self {
        let by_hand = error.status.filter(|_| error.kind != ErrorKind::Quota);
        let is_transient = match by_hand {
            Some(status) => status.is_server_error() || matches!(status.as_u16(), 408 | 409 | 429),
            None => error.kind.is_transient(),
        };
        let never_fits = error.limit.as_ref().is_some_and(|limit| limit.never_fits());
        let met = if is_transient && !never_fits { Met::Transient } else { Met::Final };
        Self { met, retry_after: error.retry_after }
    }
}
