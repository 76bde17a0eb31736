//! What became of an answer: how much of it was sent, and how it ended.
//!
//! The body counts, the journal shows. Where both are one allocation anyway (a whole answer), they
//! share the journal's entry; a stream may outlive its entry, and has a few bytes of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;

use crate::error::BoxError;
use crate::hold::Hold;
use crate::journal::{Received, Track};
use crate::pace::Playing;
use crate::play::Playback;
use crate::reply::NoAnswer;

/// How much of an answer the client took, and how it ended. See [`Received::delivery`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// Whether the body was ever asked for anything. A client may go away before, while it waits for
    /// the head, or not care for the body.
    pub polled: bool,
    /// How many pieces of the body were handed out. Without pace and fault, neighbouring frames of a
    /// stream share one.
    pub frames: usize,
    /// How many bytes of the body were handed out.
    pub bytes: usize,
    /// How many tokens of text, reasoning, refusal and arguments were in them, by the mock's own
    /// estimate, whatever [`Tokenizer`](crate::Tokenizer) counts the usage; in an answer that is no
    /// stream, the output of its usage.
    pub tokens: usize,
    /// How it ended.
    pub ended: Ended,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// It has not: it waits, or is being sent.
    NotYet,
    /// All was handed out. Where a [`Fault`](crate::Fault) ends a body early, that is all.
    Whole,
    /// It was dropped before: the client went away.
    Dropped,
    /// It failed, as a [`Fault`](crate::Fault) wanted it.
    Broken,
}

/// What the body has counted so far. One writes, any number read.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The tokens of an answer that comes as a whole.
    whole: AtomicUsize,
    state: AtomicU8,
    frames: AtomicUsize,
    bytes: AtomicUsize,
    tokens: AtomicUsize,
}

const POLLED: u8 = 1;
const WHOLE: u8 = 2;
const DROPPED: u8 = 4;
const BROKEN: u8 = 8;

impl Progress {
    pub(crate) fn delivery(&self) -> Delivery {
        let state = self.state.load(Ordering::Acquire);
        Delivery {
            polled: state & POLLED != 0,
            frames: self.frames.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            tokens: self.tokens.load(Ordering::Relaxed),
            ended: match state & !POLLED {
                WHOLE => Ended::Whole,
                DROPPED => Ended::Dropped,
                BROKEN => Ended::Broken,
                _ => Ended::NotYet,
            },
        }
    }

    // Plain loads and stores: there is one writer.
    fn add(counter: &AtomicUsize, more: usize) {
        counter.store(counter.load(Ordering::Relaxed) + more, Ordering::Relaxed);
    }

    fn polled(&self) {
        let state = self.state.load(Ordering::Relaxed);
        if state & POLLED == 0 {
            self.state.store(state | POLLED, Ordering::Release);
        }
    }

    fn sent(&self, bytes: usize, tokens: Option<u64>) {
        Self::add(&self.frames, 1);
        Self::add(&self.bytes, bytes);
        let tokens = match tokens {
            Some(tokens) => usize::try_from(tokens).unwrap_or(usize::MAX),
            None => self.whole.load(Ordering::Relaxed),
        };
        self.tokens.store(tokens, Ordering::Relaxed);
    }

    fn ended(&self, how: u8) {
        let state = self.state.load(Ordering::Relaxed);
        if state & !POLLED == 0 {
            self.state.store(state | how, Ordering::Release);
        }
    }
}

/// The body's end of the count.
#[derive(Debug)]
pub(crate) enum Watch {
    /// In a journal's entry.
    Entry(Arc<Received>),
    /// Nobody wants to know.
    Off,
    /// On its own.
    Own(Arc<Progress>),
    /// With all that a server's admin shows of it.
    #[cfg(feature = "server")]
    Traced(Arc<crate::admin::Trace>),
}

impl Watch {
    pub(crate) fn of(received: &Arc<Received>) -> Self {
        match received.track() {
            Track::Here(_) => Self::Entry(Arc::clone(received)),
            Track::Beside(progress) => Self::Own(Arc::clone(progress)),
            #[cfg(feature = "server")]
            Track::Traced(trace) => Self::Traced(Arc::clone(trace)),
        }
    }

    /// Says what was asked for.
    pub(crate) fn asked(&self, model: String, stream: bool) {
        #[cfg(feature = "server")]
        if let Self::Traced(trace) = self {
            trace.asked(model, stream);
        }
        #[cfg(not(feature = "server"))]
        let _ = (model, stream);
    }

    /// Says of how many tokens the prompt is, and the answer if it is sent whole.
    pub(crate) fn of_tokens(&self, (prompt, answer): (u64, u64)) {
        if let Some(progress) = self.progress() {
            let answer = usize::try_from(answer).unwrap_or(usize::MAX);
            progress.whole.store(answer, Ordering::Relaxed);
        }
        #[cfg(feature = "server")]
        if let Self::Traced(trace) = self {
            trace.of_tokens(prompt, answer);
        }
        #[cfg(not(feature = "server"))]
        let _ = prompt;
    }

    /// Says that there is no answer.
    pub(crate) fn lost(&self, how: NoAnswer) {
        #[cfg(feature = "server")]
        if let Self::Traced(trace) = self {
            trace.lost(how);
        }
        #[cfg(not(feature = "server"))]
        let _ = how;
    }

    fn progress(&self) -> Option<&Progress> {
        match self {
            Self::Entry(received) => Some(received.progress()),
            Self::Off => None,
            Self::Own(progress) => Some(progress),
            #[cfg(feature = "server")]
            Self::Traced(trace) => Some(trace.progress()),
        }
    }
}

#[cfg(feature = "server")]
impl Watch {
    /// A piece of an answer that a provider gave was sent.
    pub(crate) fn live_sent(&self, bytes: &Bytes) {
        let Some(progress) = self.progress() else { return };
        progress.polled();
        progress.sent(bytes.len(), Some(0));
        if let Self::Traced(trace) = self {
            trace.saw(&Poll::Ready(Some(Ok(bytes.clone()))));
        }
    }

    /// It is over.
    pub(crate) fn live_ended(&self, whole: bool) {
        if let Some(progress) = self.progress() {
            progress.polled();
            progress.ended(if whole { WHOLE } else { BROKEN });
        }
    }
}

impl Watch {
    /// An answer without a time, watched.
    pub(crate) fn around(self, playback: Playback) -> Player {
        Player::new(playback, self, None)
    }
}

/// Whoever holds the watch last, and did not say how it ended, went away.
impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(progress) = self.progress() {
            progress.ended(DROPPED);
        }
        #[cfg(feature = "server")]
        if let Self::Traced(trace) = self {
            trace.over();
        }
    }
}

/// An answer's body, being played and watched.
#[derive(Debug)]
pub(crate) struct Player {
    playback: Playback,
    watch: Watch,
    _playing: Option<Playing>,
    /// Let go at the end.
    hold: Option<Box<Hold>>,
}

impl Player {
    pub(crate) fn new(playback: Playback, watch: Watch, playing: Option<Playing>) -> Self {
        Self { playback, watch, _playing: playing, hold: None }
    }

    /// With something that is let go at the end of it.
    pub(crate) fn holding(mut self, hold: Option<Box<Hold>>) -> Self {
        self.hold = hold;
        self
    }

    /// The bytes that come next; `None` at the end.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        let polled = self.playback.poll(cx);
        if let Some(progress) = self.watch.progress() {
            progress.polled();
            match &polled {
                Poll::Pending => {}
                Poll::Ready(None) => progress.ended(WHOLE),
                Poll::Ready(Some(Ok(bytes))) => {
                    progress.sent(bytes.len(), self.playback.tokens());
                }
                Poll::Ready(Some(Err(_))) => progress.ended(BROKEN),
            }
        }
        #[cfg(feature = "server")]
        if let Watch::Traced(trace) = &self.watch {
            trace.saw(&polled);
        }
        if self.hold.is_some() && self.is_at_end(&polled) {
            self.hold = None;
        }
        polled
    }

    /// Whether nothing comes after this. Nobody asks a whole body whether there is more.
    fn is_at_end<E>(&self, polled: &Poll<Option<Result<Bytes, E>>>) -> bool {
        match polled {
            Poll::Pending => false,
            Poll::Ready(None | Some(Err(_))) => true,
            Poll::Ready(Some(Ok(_))) => self.as_full().is_some_and(Bytes::is_empty),
        }
    }

    /// The bytes of a body that is whole.
    pub(crate) fn as_full(&self) -> Option<&Bytes> {
        match &self.playback {
            Playback::Full(body) => Some(body),
            _ => None,
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // Clients stop at the vendor's last frame, or at the announced length, and do not ask again.
        if let Some(progress) = self.watch.progress()
            && progress.state.load(Ordering::Relaxed) == POLLED
            && self.playback.is_over()
        {
            progress.ended(WHOLE);
        }
    }
}

/// A body of nobody's: empty.
impl Default for Player {
    fn default() -> Self {
        Self::new(Playback::Full(Bytes::new()), Watch::Off, None)
    }
}
