//! Plays an answer: frames in, bytes out when they are due.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;

use crate::counting::Counter;
use crate::error::BoxError;
use crate::fault::{Disrupt, Disruption, Step};
use crate::pace::{Gaps, Timer};
use crate::provider::StreamEncoder;
use crate::reply::{Assembler, Cursor, ReplyEvent, ReplyStream, Usage};
use crate::wire::{Frame, FrameBuf, FrameKind};

/// The body of an answer, being played.
#[derive(Debug)]
pub(crate) enum Playback {
    /// A stream that a user makes.
    Bridge(Box<Bridge>),
    /// A whole body, without time or trouble.
    Full(Bytes),
    /// What a cassette has.
    #[cfg(feature = "cassette")]
    Recorded(Box<crate::cassette::Frames>),
    /// A stream without time or trouble: neighbouring frames share a buffer.
    Stream(Box<Frames>),
    /// Anything with time or trouble in it: each frame on its own.
    Timed(Box<Timed>),
}

impl Playback {
    /// A whole body.
    pub(crate) fn full(body: Bytes, fault: Option<Box<Disruption>>) -> Self {
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
        fault: Option<Box<Disruption>>,
        gaps: Gaps,
    ) -> Self {
        let apart = !gaps.are_none();
        let frames = |buf| Frames { cursor, encoder, buf, tokens: 0, apart };
        if fault.is_none() && !apart {
            return Self::Stream(Box::new(frames(FrameBuf::new())));
        }
        let frames = frames(if apart { FrameBuf::new() } else { FrameBuf::with_capacity(SHARED) });
        Self::Timed(Box::new(Timed::new(Source::Frames(frames), fault, gaps)))
    }

    /// A recording with trouble laid over it, which takes no time of its own.
    #[cfg(feature = "cassette")]
    pub(crate) fn recorded(frames: crate::cassette::Frames, fault: Box<Disruption>) -> Self {
        let none = Gaps::Even(Duration::ZERO);
        Self::Timed(Box::new(Timed::new(Source::Recorded(frames), Some(fault), none)))
    }

    /// How many tokens were handed out; `None` where they are not counted one by one.
    pub(crate) fn tokens(&self) -> Option<u64> {
        match self {
            Self::Bridge(bridge) => Some(bridge.deltas.assembler.tokens()),
            Self::Full(_) => None,
            #[cfg(feature = "cassette")]
            Self::Recorded(_) => None,
            Self::Stream(frames) => Some(frames.tokens),
            Self::Timed(timed) => timed.steps.frames().tokens(),
        }
    }

    /// Whether everything was handed out that there is.
    pub(crate) fn is_over(&self) -> bool {
        match self {
            Self::Bridge(bridge) => bridge.is_over(),
            Self::Full(body) => body.is_empty(),
            #[cfg(feature = "cassette")]
            Self::Recorded(frames) => frames.is_over(),
            Self::Stream(frames) => frames.is_over(),
            Self::Timed(timed) => timed.is_over(),
        }
    }

    /// The bytes that come next; `None` at the end.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        match self {
            Self::Bridge(bridge) => bridge.poll(cx),
            Self::Full(body) if body.is_empty() => Poll::Ready(None),
            Self::Full(body) => Poll::Ready(Some(Ok(std::mem::take(body)))),
            #[cfg(feature = "cassette")]
            Self::Recorded(frames) => frames.poll(cx),
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
        let chunking = self.cursor.chunking();
        let Some(event) = self.cursor.next() else { return false };
        if let ReplyEvent::Delta(text) = event {
            self.tokens += chunking.tokens_in(text);
        }
        self.encoder.encode(event, &mut self.buf);
        true
    }

    fn is_over(&self) -> bool {
        self.buf.is_empty() && self.cursor.is_over()
    }
}

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        loop {
            let frame = if self.apart { self.buf.take_away() } else { self.buf.take() };
            if frame.is_some() {
                return frame;
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
    broken: Broken,
    /// Whether no fault is laid over the frames.
    is_clean: bool,
    apart: Apart,
    /// How long the pauses were so far.
    paused: Duration,
}

impl Timed {
    fn new(source: Source, fault: Option<Box<Disruption>>, gaps: Gaps) -> Self {
        Self {
            is_clean: fault.is_none(),
            apart: Apart::new(fault.as_deref()),
            paused: Duration::ZERO,
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
        // What was waited for just now.
        let mut waited = Duration::ZERO;
        loop {
            let next = match self.next.take() {
                Some(next) => Some(*next),
                None => {
                    self.timer.start();
                    // A stream that waits for a token holds no frame.
                    if self.is_clean
                        && let Some(tokens) = self.steps.frames().next_token()
                    {
                        waited = self.gaps.until(tokens);
                        ready!(self.timer.poll(waited, cx));
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
                    if self.apart.poll(cx).is_pending() {
                        self.next = Some(Box::new((at, Step::Send(bytes))));
                        return Poll::Pending;
                    }
                    return Poll::Ready(Some(Ok(bytes)));
                }
                // It was waited for.
                Step::Pause(_) => {}
                Step::Abort => {
                    self.next = Some(Box::new((at, Step::Abort)));
                    return self.broken.poll(cx).map(|error| Some(Err(error)));
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
        if let Step::Pause(wait) = &step {
            self.paused = self.paused.saturating_add(*wait);
        }
        // A frame is due with the last token in it, or before it.
        let tokens = self.steps.frames().tokens().unwrap_or_default();
        Some((self.gaps.until(tokens).saturating_add(self.paused), step))
    }

    fn is_over(&self) -> bool {
        self.next.is_none() && self.steps.frames().is_over() && self.steps.holds_nothing()
    }
}

/// Pieces that go out one by one: hyper writes them out only when the body has nothing more to say
/// for the moment.
#[derive(Debug, PartialEq)]
enum Apart {
    /// They need not.
    No,
    Sent,
    Waited,
}

impl Apart {
    fn new(fault: Option<&Disruption>) -> Self {
        if fault.is_some_and(Disruption::is_recut) { Self::Waited } else { Self::No }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
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
    deltas: Deltas,
    trouble: Option<Box<Troubled>>,
}

impl Bridge {
    pub(crate) fn new(
        stream: ReplyStream,
        mut encoder: Box<dyn StreamEncoder>,
        prompt: Usage,
        counter: Counter,
        fault: Option<Box<Disruption>>,
    ) -> Self {
        let mut buf = FrameBuf::new();
        encoder.encode(ReplyEvent::Start, &mut buf);
        let assembler = Assembler::new(counter);
        let stream = Some(stream);
        Self {
            deltas: Deltas { stream, assembler, encoder, buf, prompt },
            trouble: fault.map(|fault| Box::new(Troubled::new(fault))),
        }
    }

    fn is_over(&self) -> bool {
        let holds_nothing =
            self.trouble.as_ref().is_none_or(|trouble| trouble.disruption.holds_nothing());
        self.deltas.stream.is_none() && self.deltas.buf.is_empty() && holds_nothing
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        match &mut self.trouble {
            None => self.deltas.poll(cx).map(|frame| frame.map(|frame| Ok(frame.bytes))),
            Some(trouble) => trouble.poll(&mut self.deltas, cx),
        }
    }
}

/// A user's stream on its way to frames.
#[derive(Debug)]
struct Deltas {
    stream: Option<ReplyStream>,
    assembler: Assembler,
    encoder: Box<dyn StreamEncoder>,
    buf: FrameBuf,
    prompt: Usage,
}

impl Deltas {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame>> {
        loop {
            let frame = self.buf.take();
            if frame.is_some() || self.stream.is_none() {
                return Poll::Ready(frame);
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

/// Trouble with frames that come when they will.
#[derive(Debug)]
struct Troubled {
    disruption: Box<Disruption>,
    step: Option<Step>,
    pause: Timer,
    broken: Broken,
    apart: Apart,
}

impl Troubled {
    fn new(disruption: Box<Disruption>) -> Self {
        let apart = Apart::new(Some(&disruption));
        Self { disruption, step: None, pause: Timer::default(), broken: Broken::default(), apart }
    }

    fn poll(
        &mut self,
        frames: &mut Deltas,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>> {
        if self.broken == Broken::Over {
            return Poll::Ready(None);
        }
        loop {
            match &self.step {
                None => {}
                Some(Step::Abort) => return self.broken.poll(cx).map(|error| Some(Err(error))),
                Some(Step::Pause(wait)) => {
                    ready!(self.pause.poll(*wait, cx));
                    self.pause = Timer::default();
                }
                Some(Step::Send(_)) => {
                    ready!(self.apart.poll(cx));
                    if let Some(Step::Send(bytes)) = self.step.take() {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                Some(Step::Stall) => return Poll::Pending,
            }
            self.step = self.disruption.pop();
            if self.step.is_some() {
                continue;
            }
            if self.disruption.is_over() {
                return Poll::Ready(None);
            }
            match ready!(frames.poll(cx)) {
                Some(frame) => self.disruption.push(frame),
                None => self.disruption.end(),
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
