//! A stream of the user's own, on its way to frames or to a whole reply.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::timed::{Apart, Broken};
use crate::counting::Counter;
use crate::error::BoxError;
use crate::fault::{Disruption, Step};
use crate::pace::Timer;
use crate::provider::StreamEncoder;
use crate::reply::{Assembler, ReplyEvent, ReplyStream, Usage};
use crate::wire::{Frame, FrameBuf};

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

    /// How many tokens were handed out.
    pub(super) fn tokens(&self) -> u64 {
        self.deltas.assembler.tokens()
    }

    pub(super) fn is_over(&self) -> bool {
        let holds_nothing =
            self.trouble.as_ref().is_none_or(|trouble| trouble.disruption.holds_nothing());
        self.deltas.stream.is_none() && self.deltas.buf.is_empty() && holds_nothing
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
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
        let apart = Apart::new(&disruption);
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
