//! Plays an answer: frames in, bytes out when they are due.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;

use crate::counting::Counter;
use crate::error::BoxError;
use crate::fault::{Disrupt, Fault, Step};
use crate::pace::{Gaps, Timer};
use crate::provider::StreamEncoder;
use crate::reply::{Assembler, Cursor, ReplyEvent, ReplyStream, Usage};
use crate::util::tokens::Chunking;
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
                let none = Gaps::Even(Duration::ZERO);
                Self::Timed(Box::new(Timed::new(Source::Full(Some(body)), fault, none)))
            }
        }
    }

    /// A stream.
    pub(crate) fn stream(
        cursor: Cursor,
        encoder: Box<dyn StreamEncoder>,
        fault: Option<Fault>,
        gaps: Gaps,
    ) -> Self {
        let chunking = cursor.chunking();
        let apart = !gaps.are_none();
        let frames = |buf| Frames { cursor, encoder, buf, chunking, tokens: 0, apart };
        if fault.is_none() && !apart {
            return Self::Stream(Box::new(frames(FrameBuf::new())));
        }
        let frames = frames(if apart { FrameBuf::new() } else { FrameBuf::with_capacity(SHARED) });
        Self::Timed(Box::new(Timed::new(Source::Frames(frames), fault, gaps)))
    }

    /// How many tokens were handed out; `None` where they are not counted one by one.
    pub(crate) fn tokens(&self) -> Option<u64> {
        match self {
            Self::Bridge(bridge) => Some(bridge.assembler.tokens()),
            Self::Full(_) => None,
            Self::Stream(frames) => Some(frames.tokens),
            Self::Timed(timed) => timed.steps.frames().tokens(),
        }
    }

    /// Whether everything was handed out that there is.
    pub(crate) fn is_over(&self) -> bool {
        match self {
            Self::Bridge(bridge) => bridge.stream.is_none() && bridge.buf.is_empty(),
            Self::Full(body) => body.is_empty(),
            Self::Stream(frames) => frames.is_over(),
            Self::Timed(timed) => timed.next.is_none() && timed.steps.frames().is_over(),
        }
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
    chunking: Chunking,
    /// How many were encoded.
    tokens: u64,
    /// Whether there is time between frames: thousands of streams may be waiting, so that nothing is
    /// held between two frames.
    apart: bool,
}

/// Frames without time between them share a buffer of about this size.
const SHARED: usize = 8 * 1024;

impl Frames {
    fn fill(&mut self) -> Option<Bytes> {
        self.buf.reserve(SHARED + SHARED / 4);
        while self.buf.len() < SHARED {
            if !self.encode() {
                break;
            }
        }
        self.buf.take_all()
    }

    /// Encodes the next event, if there is one.
    fn encode(&mut self) -> bool {
        let Some(event) = self.cursor.next() else { return false };
        if let ReplyEvent::Delta(text) = event {
            self.tokens += self.chunking.tokens_in(text);
        }
        self.encoder.encode(event, &mut self.buf);
        true
    }

    fn is_over(&self) -> bool {
        self.buf.is_empty() && self.cursor.is_over()
    }
}

impl Iterator for Frames {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.buf.take_frame() {
                if self.apart && self.buf.is_empty() {
                    self.buf = FrameBuf::new();
                }
                return Some(frame);
            }
            if !self.encode() {
                return None;
            }
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

impl Source {
    /// How many tokens were handed out, where they are counted.
    fn tokens(&self) -> Option<u64> {
        match self {
            Self::Frames(frames) => Some(frames.tokens),
            Self::Full(_) => None,
        }
    }

    /// How many tokens there are at the least with the next frame, if it is one of text.
    fn next_token(&self) -> Option<u64> {
        match self {
            Self::Frames(frames) if frames.buf.is_empty() && frames.cursor.is_in_text() => {
                Some(frames.tokens + 1)
            }
            _ => None,
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Frames(frames) => frames.is_over(),
            Self::Full(body) => body.is_none(),
        }
    }
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

/// Steps and the clock that they wait for.
#[derive(Debug)]
pub(crate) struct Timed {
    steps: Disrupt<Source>,
    gaps: Gaps,
    /// The step that comes next, and when it is due, counted from the first.
    next: Option<(Duration, Step)>,
    timer: Timer,
    broken: Broken,
    /// Whether no fault is laid over the frames.
    is_clean: bool,
}

impl Timed {
    fn new(source: Source, fault: Option<Fault>, gaps: Gaps) -> Self {
        Self {
            is_clean: fault.is_none(),
            steps: Disrupt::new(source, fault),
            gaps,
            next: None,
            timer: Timer::default(),
            broken: Broken::default(),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if self.broken == Broken::Over {
            return Poll::Ready(None);
        }
        if self.next.is_none() {
            self.timer.start();
            // A stream that waits for a token holds no frame.
            if self.is_clean
                && let Some(tokens) = self.steps.frames().next_token()
            {
                ready!(self.timer.poll(self.gaps.until(tokens), cx));
            }
            self.next = self.steps.next().map(|step| {
                // A frame is due with the last token in it, or before it.
                let tokens = self.steps.frames().tokens().unwrap_or_default();
                (self.gaps.until(tokens), step)
            });
        }
        let Some((at, step)) = &self.next else {
            return Poll::Ready(None);
        };
        ready!(self.timer.poll(*at, cx));
        match step {
            Step::Abort => self.broken.poll(cx).map(|error| Some(Err(error))),
            Step::Send(_) => match self.next.take() {
                Some((_, Step::Send(bytes))) => Poll::Ready(Some(Ok(bytes))),
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
        let mut buf = FrameBuf::new();
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
