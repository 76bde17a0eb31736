//! What is kept of one call for those who look on: when it came, what was sent of the answer and when,
//! how it ended.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::observer::Observer;
use crate::delivery::{Ended, Progress};
use crate::error::BoxError;
use crate::journal::Received;
use crate::pace;
use crate::provider::{Operation, Provider};
use crate::reply::NoAnswer;

/// One call. The body of its answer writes it, whoever looks on reads it.
#[derive(Debug)]
pub(crate) struct Trace {
    progress: Progress,
    observer: Arc<Observer>,
    /// When its request was there.
    pub(super) at: Instant,
    pub(super) wire: Provider,
    pub(super) operation: Option<Operation>,
    pub(super) status: u16,
    /// Who answered, if it was not the mock.
    live: Option<Arc<str>>,
    asked: OnceLock<(String, bool)>,
    /// Of the prompt, and of the answer as it is meant to be.
    tokens: OnceLock<(u64, u64)>,
    lost: OnceLock<NoAnswer>,
    frames: Mutex<Frames>,
    ended: OnceLock<Instant>,
}

/// What was sent, and when.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The first bytes of the body.
    pub(super) body: Vec<u8>,
    pub(super) marks: Vec<Mark>,
    /// When the first token was sent.
    pub(super) first_token: Option<Duration>,
    /// Whether not all is here.
    pub(super) cut: bool,
}

/// A piece of the body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Microseconds since the request.
    pub(super) at: u64,
    /// Where it ends in the body.
    pub(super) end: u32,
    /// The tokens up to its end.
    pub(super) tokens: u32,
}

/// How much of one answer is kept.
const MOST_BYTES: usize = 64 * 1024;

/// How many pieces of one answer are told apart; beyond that neighbours are joined.
const MOST_MARKS: usize = 512;

impl Trace {
    pub(super) fn new(observer: &Arc<Observer>, received: &Received) -> Self {
        Self {
            progress: Progress::default(),
            observer: Arc::clone(observer),
            at: pace::now(),
            wire: received.provider.clone(),
            operation: received.call().map(|call| call.operation),
            status: received.status.as_u16(),
            live: received.live().map(Arc::from),
            asked: OnceLock::new(),
            tokens: OnceLock::new(),
            lost: OnceLock::new(),
            frames: Mutex::default(),
            ended: OnceLock::new(),
        }
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(crate) fn asked(&self, model: String, stream: bool) {
        let _ = self.asked.set((model, stream));
    }

    pub(crate) fn of_tokens(&self, prompt: u64, answer: u64) {
        let _ = self.tokens.set((prompt, answer));
    }

    pub(crate) fn lost(&self, how: NoAnswer) {
        let _ = self.lost.set(how);
    }

    /// A piece of the answer was sent, or it ended.
    pub(crate) fn saw(&self, polled: &Poll<Option<Result<Bytes, BoxError>>>) {
        let Poll::Ready(Some(Ok(bytes))) = polled else { return };
        let at = pace::now().saturating_duration_since(self.at);
        let delivery = self.progress.delivery();
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        if frames.first_token.is_none() && delivery.tokens > 0 {
            frames.first_token = Some(at);
        }
        // Only what follows on what is kept: else it would stand in the wrong place.
        let follows = frames.body.len() + bytes.len() == delivery.bytes;
        let most = if follows { MOST_BYTES.saturating_sub(frames.body.len()) } else { 0 };
        let kept = bytes.len().min(most);
        frames.cut |= kept < bytes.len();
        if frames.marks.len() == MOST_MARKS {
            let mut index = 0;
            frames.marks.retain(|_| {
                index += 1;
                index % 2 == 0
            });
            self.observer.let_go(MOST_MARKS / 2 * size_of::<Mark>());
        }
        if !self.observer.keep(kept + size_of::<Mark>()) {
            frames.cut = true;
            return;
        }
        frames.body.extend_from_slice(&bytes[..kept]);
        frames.marks.push(Mark {
            at: u64::try_from(at.as_micros()).unwrap_or(u64::MAX),
            end: u32::try_from(delivery.bytes).unwrap_or(u32::MAX),
            tokens: u32::try_from(delivery.tokens).unwrap_or(u32::MAX),
        });
    }

    /// The answer is over: it was sent, or the client went away.
    pub(crate) fn over(self: &Arc<Self>) {
        if self.ended.set(pace::now()).is_ok() {
            self.observer.over(self);
        }
    }

    /// Lets the answer go; that there was one stays known.
    pub(super) fn forget(&self) {
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        self.observer.let_go(frames.size());
        let first_token = frames.first_token;
        *frames = Frames { first_token, cut: true, ..Frames::default() };
    }

    pub(super) fn observer(&self) -> &Observer {
        &self.observer
    }

    pub(super) fn frames<T>(&self, look: impl FnOnce(&Frames) -> T) -> T {
        look(&self.frames.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The model that was asked for, if it is known.
    pub(super) fn model(&self) -> Option<&str> {
        self.asked.get().map(|(model, _)| model.as_str()).filter(|model| !model.is_empty())
    }

    pub(super) fn is_stream(&self) -> bool {
        self.asked.get().is_some_and(|(_, stream)| *stream)
    }

    /// Who answered: `mock`, or the provider that it went to.
    pub(super) fn answered_by(&self) -> &str {
        self.live.as_deref().unwrap_or("mock")
    }

    /// Tokens of the prompt, and of the answer: all of it, or what was sent until it broke off.
    pub(super) fn tokens(&self) -> (u64, u64) {
        let delivery = self.progress.delivery();
        let sent = delivery.tokens as u64;
        let (prompt, answer) = self.tokens.get().copied().unwrap_or_default();
        let answer = if delivery.ended == Ended::Whole && answer > 0 { answer } else { sent };
        (prompt, answer)
    }

    pub(super) fn no_answer(&self) -> Option<NoAnswer> {
        self.lost.get().copied()
    }

    pub(super) fn is_over(&self) -> bool {
        self.ended.get().is_some()
    }

    /// How long it took, or has taken so far.
    pub(super) fn lasted(&self) -> Duration {
        let end = self.ended.get().copied().unwrap_or_else(pace::now);
        end.saturating_duration_since(self.at)
    }

    pub(super) fn first_token(&self) -> Option<Duration> {
        self.frames(|frames| frames.first_token)
    }

    /// How it ended, in a word.
    pub(super) fn ending(&self) -> &'static str {
        if self.no_answer().is_some() {
            return "no_answer";
        }
        match self.progress.delivery().ended {
            Ended::NotYet => "not_yet",
            Ended::Whole => "whole",
            Ended::Dropped => "dropped",
            Ended::Broken => "broken",
        }
    }
}

impl Frames {
    fn size(&self) -> usize {
        self.body.len() + self.marks.len() * size_of::<Mark>()
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let frames = self.frames.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.observer.let_go(frames.size());
    }
}
