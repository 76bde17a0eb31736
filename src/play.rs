//! Plays an answer: frames in, bytes out when they are due.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::counting::Counter;
use crate::error::BoxError;
use crate::fault::{Disrupt, Fault, Step};
use crate::pace::{Beat, Pace, Paced, Timer};
use crate::provider::StreamEncoder;
use crate::reply::{Assembler, Cursor, ReplyEvent, ReplyStream, Usage};
use crate::wire::FrameBuf;

/// The body of an answer, being played.
#[derive(Debug)]
pub(crate) enum Playback {
    /// A stream that a user makes.
    Bridge(Box<Bridge>),
    /// A whole body, without time or trouble.
    Full(Bytes),
    /// A stream without time or trouble: neighbouring frames share a buffer.
    Stream(Box<Frames>),
    /// Anything with time or trouble in it: each frame on its own.
    Timed(Box<Timed>),
}

impl Playback {
    /// A whole body.
    pub(crate) fn full(body: Bytes, fault: Option<Fault>) -> Self {
        match fault {
            None => Self::Full(body),
            Some(_) => {
                Self::Timed(Box::new(Timed::new(Source::Full(Some(body)), fault, Pace::INSTANT)))
            }
        }
    }

    /// A stream.
    pub(crate) fn stream(
        cursor: Cursor,
        encoder: Box<dyn StreamEncoder>,
        fault: Option<Fault>,
        pace: Pace,
    ) -> Self {
        let frames = |buf| Frames { cursor, encoder, buf };
        if fault.is_none() && pace.is_instant() {
            return Self::Stream(Box::new(frames(FrameBuf::new())));
        }
        let together = if pace.is_instant() { SHARED } else { APART };
        let frames = frames(FrameBuf::with_capacity(together));
        Self::Timed(Box::new(Timed::new(Source::Frames(frames), fault, pace)))
    }

    /// The bytes that come next; `None` at the end.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        match self {
            Self::Bridge(bridge) => bridge.poll(cx),
            Self::Full(body) if body.is_empty() => Poll::Ready(None),
            Self::Full(body) => Poll::Ready(Some(Ok(std::mem::take(body)))),
            Self::Stream(frames) => Poll::Ready(frames.fill().map(Ok)),
            Self::Timed(timed) => timed.poll(cx),
        }
    }
}

/// The frames of a reply: cut, then encoded, as they are asked for.
#[derive(Debug)]
pub(crate) struct Frames {
    cursor: Cursor,
    encoder: Box<dyn StreamEncoder>,
    buf: FrameBuf,
}

/// Frames without time between them share a buffer of about this size.
const SHARED: usize = 8 * 1024;

/// Frames with time between them are cut from buffers of this size, a few from each: thousands of
/// streams may be waiting.
const APART: usize = 1024;

impl Frames {
    fn fill(&mut self) -> Option<Bytes> {
        self.buf.reserve(SHARED + SHARED / 4);
        while self.buf.len() < SHARED {
            let Some(event) = self.cursor.next() else {
                break;
            };
            self.encoder.encode(event, &mut self.buf);
        }
        self.buf.take_all()
    }
}

impl Iterator for Frames {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.buf.take_frame() {
                return Some(frame);
            }
            let event = self.cursor.next()?;
            self.encoder.encode(event, &mut self.buf);
        }
    }
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a box would cost each stream an allocation, and a body is seldom moved"
)]
enum Source {
    Frames(Frames),
    Full(Option<Bytes>),
}

impl Iterator for Source {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::Frames(frames) => frames.next(),
            Self::Full(body) => body.take(),
        }
    }
}

/// Beats and the clock that they wait for.
#[derive(Debug)]
pub(crate) struct Timed {
    beats: Paced<Disrupt<Source>>,
    next: Option<Beat>,
    timer: Timer,
    broken: Broken,
}

impl Timed {
    fn new(source: Source, fault: Option<Fault>, pace: Pace) -> Self {
        let beats = Paced::new(Disrupt::new(source, fault), pace);
        Self { beats, next: None, timer: Timer::default(), broken: Broken::default() }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if self.broken == Broken::Over {
            return Poll::Ready(None);
        }
        if self.next.is_none() {
            self.next = self.beats.next();
            self.timer.start();
        }
        let Some(beat) = &self.next else {
            return Poll::Ready(None);
        };
        ready!(self.timer.poll(beat.at, cx));
        match &beat.step {
            Step::Abort => self.broken.poll(cx).map(|error| Some(Err(error))),
            Step::Send(_) => match self.next.take() {
                Some(Beat { step: Step::Send(bytes), .. }) => Poll::Ready(Some(Ok(bytes))),
                _ => Poll::Ready(None),
            },
            Step::Stall => Poll::Pending,
        }
    }
}

/// A body that fails.
#[derive(Debug, Default, PartialEq)]
enum Broken {
    #[default]
    No,
    /// Frames were handed out before; they must reach the client first.
    Flushed,
    Over,
}

impl Broken {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<BoxError> {
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

/// A reply that is made while it is sent.
#[derive(Debug)]
pub(crate) struct Bridge {
    stream: Option<ReplyStream>,
    assembler: Assembler,
    encoder: Box<dyn StreamEncoder>,
    buf: FrameBuf,
    prompt: Usage,
    fault: Option<Fault>,
    sent: usize,
    broken: Broken,
}

impl Bridge {
    pub(crate) fn new(
        stream: ReplyStream,
        mut encoder: Box<dyn StreamEncoder>,
        prompt: Usage,
        counter: Counter,
        fault: Option<Fault>,
    ) -> Self {
        let mut buf = FrameBuf::with_capacity(APART);
        encoder.encode(ReplyEvent::Start, &mut buf);
        Self {
            stream: Some(stream),
            assembler: Assembler::new(counter),
            encoder,
            buf,
            prompt,
            fault,
            sent: 0,
            broken: Broken::default(),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if self.broken == Broken::Over {
            return Poll::Ready(None);
        }
        loop {
            let frame = self.buf.take_frame();
            if frame.is_some() || self.stream.is_none() {
                let step = Disrupt::starting_at(self.sent, frame.into_iter(), self.fault).next();
                return match step {
                    None => Poll::Ready(None),
                    Some(Step::Abort) => self.broken.poll(cx).map(|error| Some(Err(error))),
                    Some(Step::Send(bytes)) => {
                        self.sent += 1;
                        Poll::Ready(Some(Ok(bytes)))
                    }
                    Some(Step::Stall) => Poll::Pending,
                };
            }
            let Self { stream, assembler, encoder, buf, .. } = self;
            let Some(deltas) = stream else { continue };
            match ready!(deltas.poll_next(cx)) {
                Some(delta) => assembler.push(&delta, |event| encoder.encode(event, buf)),
                None => {
                    assembler.end(self.prompt, |event| encoder.encode(event, buf));
                    *stream = None;
                }
            }
        }
    }
}

/// Collects a user's stream into a whole reply.
#[derive(Debug)]
pub(crate) struct Gather {
    pub(crate) stream: ReplyStream,
    pub(crate) reply: crate::reply::Reply,
}

impl Gather {
    pub(crate) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(delta) = ready!(self.stream.poll_next(cx)) {
            self.reply.extend([delta]);
        }
        Poll::Ready(())
    }
}
