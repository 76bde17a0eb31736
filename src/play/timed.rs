//! Frames with time or trouble in them: each on its own, when it is due.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;

use super::Frames;
use crate::error::BoxError;
use crate::fault::{Disrupt, Disruption, Step};
use crate::pace::{Gaps, Timer};
use crate::wire::{Frame, FrameKind};

#[derive(Debug)]
pub(super) enum Source {
    Frames(Frames),
    Full(Option<Bytes>),
    #[cfg(feature = "cassette")]
    Recorded(crate::cassette::Frames),
}

impl Source {
    /// How many tokens were handed out, where they are counted.
    fn tokens(&self) -> Option<u64> {
        match self {
            Self::Frames(frames) => Some(frames.tokens),
            Self::Full(_) => None,
            #[cfg(feature = "cassette")]
            Self::Recorded(_) => None,
        }
    }

    /// How many tokens there are at the least with the next frame, if it is one of text.
    fn next_token(&self) -> Option<u64> {
        match self {
            Self::Frames(frames) if frames.is_empty() && frames.cursor.is_in_text() => {
                Some(frames.tokens + 1)
            }
            _ => None,
        }
    }

    /// Makes a bit more of the next frame; false once it is there.
    fn advance(&mut self) -> bool {
        match self {
            Self::Frames(frames) => frames.advance(),
            _ => false,
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Frames(frames) => frames.is_over(),
            Self::Full(body) => body.is_none(),
            #[cfg(feature = "cassette")]
            Self::Recorded(frames) => frames.is_over(),
        }
    }
}

impl Iterator for Source {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        match self {
            Self::Frames(frames) => frames.next(),
            Self::Full(body) => {
                body.take().map(|bytes| Frame { bytes, kind: FrameKind::default() })
            }
            #[cfg(feature = "cassette")]
            Self::Recorded(frames) => {
                frames.take().map(|bytes| Frame { bytes, kind: FrameKind::default() })
            }
        }
    }
}

/// Steps and the clock that they wait for.
#[derive(Debug)]
pub(crate) struct Timed {
    steps: Disrupt<Source>,
    gaps: Gaps,
    /// The step that comes next, if it is waited for, and when it is due, counted from the first.
    next: Option<Box<(Duration, Step)>>,
    timer: Timer,
    /// Only where a fault is laid over the frames.
    trouble: Option<Box<Trouble>>,
}

/// What a fault does beside its steps.
#[derive(Debug, Default)]
struct Trouble {
    broken: Broken,
    apart: Apart,
    /// How long the pauses were so far.
    paused: Duration,
}

impl Timed {
    pub(super) fn new(source: Source, fault: Option<Box<Disruption>>, gaps: Gaps) -> Self {
        Self {
            trouble: fault.as_deref().map(Trouble::new).map(Box::new),
            steps: Disrupt::new(source, fault),
            gaps,
            next: None,
            timer: Timer::default(),
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if self.trouble.as_ref().is_some_and(|trouble| trouble.broken == Broken::Over) {
            return Poll::Ready(None);
        }
        // What was waited for just now.
        let mut waited = Duration::ZERO;
        loop {
            let next = match self.next.take() {
                Some(next) => Some(*next),
                None => {
                    self.timer.start();
                    // A stream that waits for a token holds no frame.
                    while self.trouble.is_none() {
                        if let Some(tokens) = self.steps.frames().next_token() {
                            waited = self.gaps.until(tokens);
                            ready!(self.timer.poll(waited, cx));
                        }
                        if !self.steps.frames_mut().advance() {
                            break;
                        }
                    }
                    self.step()
                }
            };
            let Some((at, step)) = next else { return Poll::Ready(None) };
            if at > waited && self.timer.poll(at, cx).is_pending() {
                self.next = Some(Box::new((at, step)));
                return Poll::Pending;
            }
            match step {
                Step::Send(bytes) => {
                    let apart = self.trouble.as_mut().map(|trouble| &mut trouble.apart);
                    if apart.is_some_and(|apart| apart.poll(cx).is_pending()) {
                        self.next = Some(Box::new((at, Step::Send(bytes))));
                        return Poll::Pending;
                    }
                    return Poll::Ready(Some(Ok(bytes)));
                }
                // It was waited for.
                Step::Pause(_) => {}
                Step::Abort => {
                    self.next = Some(Box::new((at, Step::Abort)));
                    let trouble = self.trouble.get_or_insert_default();
                    return trouble.broken.poll(cx).map(|error| Some(Err(error)));
                }
                Step::Stall => {
                    self.next = Some(Box::new((at, Step::Stall)));
                    return Poll::Pending;
                }
            }
        }
    }

    /// The next step, and when it is due.
    fn step(&mut self) -> Option<(Duration, Step)> {
        let step = self.steps.next()?;
        let paused = self.trouble.as_mut().map_or(Duration::ZERO, |trouble| trouble.after(&step));
        // A frame is due with the last token in it, or before it.
        let tokens = self.steps.frames().tokens().unwrap_or_default();
        Some((self.gaps.until(tokens).saturating_add(paused), step))
    }

    /// How many tokens were handed out, where they are counted.
    pub(super) fn tokens(&self) -> Option<u64> {
        self.steps.frames().tokens()
    }

    pub(super) fn is_over(&self) -> bool {
        self.next.is_none() && self.steps.frames().is_over() && self.steps.holds_nothing()
    }
}

impl Trouble {
    fn new(fault: &Disruption) -> Self {
        Self { apart: Apart::new(fault), ..Self::default() }
    }

    /// How long the pauses were, with this step.
    fn after(&mut self, step: &Step) -> Duration {
        if let Step::Pause(wait) = step {
            self.paused = self.paused.saturating_add(*wait);
        }
        self.paused
    }
}

/// Pieces that go out one by one: hyper writes them out only when the body has nothing more to say
/// for the moment.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Apart {
    /// They need not.
    #[default]
    No,
    Sent,
    Waited,
}

impl Apart {
    pub(super) fn new(fault: &Disruption) -> Self {
        if fault.is_recut() { Self::Waited } else { Self::No }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::No => Poll::Ready(()),
            Self::Sent => {
                *self = Self::Waited;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Waited => {
                *self = Self::Sent;
                Poll::Ready(())
            }
        }
    }
}

/// A body that fails.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Broken {
    #[default]
    No,
    /// Frames were handed out before; they must reach the client first.
    Flushed,
    Over,
}

impl Broken {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<BoxError> {
        // hyper writes out head and frames only when the body has nothing more to say for the
        // moment; an error that follows at once would swallow them.
        if *self == Self::No {
            *self = Self::Flushed;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        *self = Self::Over;
        Poll::Ready("the mock broke off this body: a fault was asked for".into())
    }
}
