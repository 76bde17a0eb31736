//! Plays an answer: frames in, bytes out when they are due.

mod bridge;
mod timed;

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

pub(crate) use self::bridge::{Bridge, Gather};
use self::timed::{Source, Timed};
use crate::error::BoxError;
use crate::fault::Disruption;
use crate::pace::Gaps;
use crate::provider::StreamEncoder;
use crate::reply::{Cursor, ReplyEvent};
use crate::wire::{Frame, FrameBuf};

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
        let mut frames = Frames { cursor, encoder, buf: None, tokens: 0, apart };
        if fault.is_none() && !apart {
            return Self::Stream(Box::new(frames));
        }
        if !apart {
            frames.buf = Some(Box::new(FrameBuf::with_capacity(SHARED)));
        }
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
            Self::Bridge(bridge) => Some(bridge.tokens()),
            Self::Full(_) => None,
            #[cfg(feature = "cassette")]
            Self::Recorded(_) => None,
            Self::Stream(frames) => Some(frames.tokens),
            Self::Timed(timed) => timed.tokens(),
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
    /// Encoded and not yet taken.
    buf: Option<Box<FrameBuf>>,
    /// How many were encoded.
    tokens: u64,
    /// Whether there is time between frames: thousands of streams may be waiting, so that nothing is
    /// held between two frames, not even an empty buffer.
    apart: bool,
}

/// Frames without time between them share a buffer of about this size.
const SHARED: usize = 8 * 1024;

impl Frames {
    fn fill(&mut self) -> Option<Bytes> {
        let mut buf = self.buf.take().unwrap_or_else(|| Box::new(FrameBuf::of_one_piece()));
        buf.reserve(SHARED + SHARED / 4);
        while buf.len() < SHARED && self.encode(&mut buf) {}
        let bytes = buf.take_all();
        self.buf = Some(buf);
        bytes
    }

    /// Encodes the next event, if there is one.
    fn encode(&mut self, buf: &mut FrameBuf) -> bool {
        let chunking = self.cursor.chunking();
        let Some(event) = self.cursor.next() else { return false };
        if let ReplyEvent::Delta(text) = event {
            self.tokens += chunking.tokens_in(text);
        }
        self.encoder.encode(event, buf);
        true
    }

    /// Encodes the next event, if no frame is left of those before, and if there is one.
    fn advance(&mut self) -> bool {
        if !self.is_empty() {
            return false;
        }
        let mut buf = self.buf.take().unwrap_or_default();
        let is_more = self.encode(&mut buf);
        self.buf = (!self.apart || !buf.is_empty()).then_some(buf);
        is_more
    }

    fn is_empty(&self) -> bool {
        self.buf.as_ref().is_none_or(|buf| buf.is_empty())
    }

    fn is_over(&self) -> bool {
        self.is_empty() && self.cursor.is_over()
    }
}

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        loop {
            let buf = self.buf.as_mut();
            let frame = buf.and_then(|buf| if self.apart { buf.take_away() } else { buf.take() });
            if frame.is_some() {
                if self.apart && self.is_empty() {
                    self.buf = None;
                }
                return frame;
            }
            if !self.advance() {
                return None;
            }
        }
    }
}
