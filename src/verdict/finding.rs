//! What can be wrong with a client.

use std::fmt;
use std::time::Duration;

/// Something that a client should not do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub problem: Problem,
    /// The attempt at fault: its place in [`MockHandle::received`](crate::MockHandle::received).
    pub request: usize,
    /// Method and path.
    pub call: String,
}

/// What a client should not do.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Problem {
    /// It tried again too soon after an error that did not say when.
    BackOffTooFast {
        /// How long it waited.
        waited: Duration,
        /// How long it should have waited at the least.
        least: Duration,
    },
    /// It got the answer to a request that has effects (one that brings the result of a tool, or one
    /// with an idempotency key or marked as a retry) more than once.
    DuplicateSideEffect {
        /// How many answers it got.
        answers: usize,
    },
    /// It tried again after an error that stays what it is.
    FinalErrorRetried {
        /// The error's status.
        status: u16,
    },
    /// It met something that may be over soon, or half an answer, and did not try again by the time of
    /// the verdict. (After half an answer: it gave up, or it took the half for the whole. From here the
    /// two look alike, unless the conversation [goes on](Self::TruncationAccepted).)
    GaveUpAtOnce {
        /// The status that it met: 200 for half an answer.
        status: u16,
    },
    /// Its waits follow a pattern: the same for all calls, or each a fixed multiple of the one before.
    /// Waits that a `Retry-After` asked for do not count.
    NoJitter {
        /// How many waits follow it.
        waits: usize,
    },
    /// It waited longer than it should for an answer that had stopped or did not begin.
    NoReadTimeout {
        /// How long, so far.
        waited: Duration,
    },
    /// It tried again sooner than it was asked to.
    RetryAfterIgnored {
        /// How long it waited.
        waited: Duration,
        /// How long it was asked to.
        asked: Duration,
    },
    /// Many calls were tried again at one moment.
    Storm {
        /// How many.
        calls: usize,
    },
    /// It took half an answer for the whole: a later request has it as what the assistant said.
    TruncationAccepted,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {} ({}) ", self.request, self.call)?;
        match self.problem {
            Problem::BackOffTooFast { waited, least } => write!(
                f,
                "failed and was sent again after {waited:?}: wait {least:?} at the least, longer \
                 each time"
            ),
            Problem::DuplicateSideEffect { answers } => write!(
                f,
                "has effects and was answered {answers} times: keep the answer, or let the first \
                 attempt go on"
            ),
            Problem::FinalErrorRetried { status } => write!(
                f,
                "got {status}, which stays, and was sent again: only 408, 409, 429 (but not for \
                 money) and 5xx may be over soon"
            ),
            Problem::GaveUpAtOnce { status: 200 } => f.write_str(
                "got half an answer and was not sent again: it was given up, or half was taken for \
                 the whole",
            ),
            Problem::GaveUpAtOnce { status } => {
                write!(f, "got {status}, which may be over soon, and was not sent again")
            }
            Problem::NoJitter { waits } => write!(
                f,
                "was sent again after a wait that follows a pattern, as {waits} did: add chance to \
                 it, lest many clients come at once"
            ),
            Problem::NoReadTimeout { waited } => write!(
                f,
                "met silence, and the client waited {waited:?} for more: set a timeout for reading"
            ),
            Problem::RetryAfterIgnored { waited, asked } => write!(
                f,
                "was asked to wait {asked:?} and sent again after {waited:?}: keep to Retry-After"
            ),
            Problem::Storm { calls } => write!(
                f,
                "was sent again together with others, {calls} at one moment: add chance to the waits"
            ),
            Problem::TruncationAccepted => f.write_str(
                "got half an answer, and the conversation went on from it: look for the reason to \
                 stop, and for the stream's last event",
            ),
        }
    }
}
