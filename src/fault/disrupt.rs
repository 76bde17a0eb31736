//! Lays a fault over the frames of a body.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use super::Fault;
use super::kind::Kind;
use super::payload::{Items, corrupt, truncate};
use super::recutter::Recutter;
use crate::provider::Entropy;
use crate::util::rng::Rng;
use crate::wire::{Frame, FrameBuf, FrameKind};

/// What happens next on the wire.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// The body fails.
    Abort,
    /// Nothing happens for this long.
    Pause(Duration),
    /// Bytes are sent.
    Send(Bytes),
    /// Nothing happens any more.
    Stall,
}

/// What kind of body the frames make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Server-sent events.
    Events,
    /// Another stream: JSON, item by item.
    Items,
    /// One frame.
    Whole,
}

/// A fault at work: frames go in one by one, steps come out.
#[derive(Debug)]
pub(crate) struct Disruption {
    fault: Fault,
    shape: Shape,
    rng: Rng,
    /// How many frames came.
    frames: usize,
    held: Option<Frame>,
    /// Whether the room says what its frames are.
    is_marked: bool,
    items: Items,
    error: FrameBuf,
    recutter: Option<Recutter>,
    steps: VecDeque<Step>,
    is_over: bool,
}

impl Disruption {
    /// `error` is what the room says in a stream in which an error is to come.
    pub(crate) fn new(fault: Fault, shape: Shape, entropy: Entropy, error: FrameBuf) -> Self {
        let rng = entropy.rng(SALT);
        let recutter = match fault.0 {
            Kind::Recut(recut) => Some(Recutter::new(recut, shape, rng.clone())),
            _ => None,
        };
        let mut disruption = Self {
            fault,
            shape,
            rng,
            frames: 0,
            held: None,
            is_marked: false,
            items: Items::default(),
            error,
            recutter,
            steps: VecDeque::new(),
            is_over: false,
        };
        disruption.after();
        disruption
    }

    /// Whether pieces go out one by one, where a transport would join them.
    pub(crate) fn is_recut(&self) -> bool {
        self.fault.is_recut()
    }

    /// The step that comes next, as far as it is known.
    pub(crate) fn pop(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    /// Whether nothing is left of the frames that came.
    pub(crate) fn holds_nothing(&self) -> bool {
        self.is_over && self.steps.is_empty()
    }

    /// Whether no frame is wanted any more.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// The next frame.
    pub(crate) fn push(&mut self, frame: Frame) {
        let index = self.frames;
        self.frames += 1;
        self.is_marked |= frame.kind != FrameKind::Plain;
        if self.shape == Shape::Items {
            self.items.note(&frame.bytes);
        }
        match &self.fault.0 {
            Kind::Corrupt { frame: at } if *at == index => {
                let broken = corrupt(&frame.bytes, &mut self.rng);
                self.send(broken);
            }
            Kind::Drop { frame: at } if *at == index => {}
            Kind::Duplicate { frame: at } if *at == index => self.twice(frame),
            Kind::Probe(probe) => {
                probe.0.fetch_add(1, Ordering::Relaxed);
                self.send(frame.bytes);
            }
            Kind::Recut(_) => {
                if let Some(recutter) = &mut self.recutter {
                    recutter.push(&frame.bytes, &mut self.steps);
                }
            }
            Kind::RepeatFinish if frame.kind == FrameKind::Finish => self.twice(frame),
            Kind::Swap { frame: at } if *at == index => self.held = Some(frame),
            Kind::Swap { .. } => {
                self.send(frame.bytes);
                self.release();
            }
            Kind::Truncate { frame: at } if *at == index => {
                let broken = truncate(&frame.bytes, &mut self.rng);
                self.send(broken);
            }
            Kind::WithoutFinish if frame.kind == FrameKind::Finish => {}
            // It is the last, where the room does not say which it is.
            Kind::WithoutTerminator if self.shape != Shape::Whole => {
                self.release();
                if frame.kind != FrameKind::Terminator {
                    self.held = Some(frame);
                }
            }
            _ => self.send(frame.bytes),
        }
        self.after();
    }

    /// There are no more frames.
    pub(crate) fn end(&mut self) {
        match &self.fault.0 {
            Kind::Recut(_) => {
                if let Some(recutter) = &mut self.recutter {
                    recutter.end(&mut self.steps);
                }
            }
            Kind::Trailing(bytes) if !bytes.is_empty() => {
                self.steps.push_back(Step::Send(Bytes::copy_from_slice(bytes)));
            }
            Kind::WithoutTerminator if !self.is_marked => self.held = None,
            _ => {}
        }
        self.release();
        self.is_over = true;
    }

    /// What happens after so many frames.
    fn after(&mut self) {
        match &self.fault.0 {
            Kind::Abort { after } if *after == self.frames => {
                self.steps.push_back(Step::Abort);
                self.is_over = true;
            }
            Kind::End { after } if *after == self.frames => self.is_over = true,
            Kind::Error { after, .. } if *after == self.frames => {
                while let Some(frame) = self.error.take() {
                    self.send(frame.bytes);
                }
                self.is_over = true;
            }
            Kind::Pause { after, wait } if *after == self.frames => {
                self.steps.push_back(Step::Pause(*wait));
            }
            Kind::Stall { after } if *after == self.frames => {
                self.steps.push_back(Step::Stall);
                self.is_over = true;
            }
            _ => {}
        }
    }

    fn twice(&mut self, frame: Frame) {
        self.send(frame.bytes.clone());
        self.send(frame.bytes);
    }

    fn release(&mut self) {
        if let Some(frame) = self.held.take() {
            self.send(frame.bytes);
        }
    }

    fn send(&mut self, bytes: Bytes) {
        let bytes = match self.shape {
            Shape::Items => self.items.place(bytes),
            Shape::Events | Shape::Whole => bytes,
        };
        self.steps.push_back(Step::Send(bytes));
    }
}

const SALT: u64 = 0x6661_756c;

/// Frames with trouble laid over them.
#[derive(Debug)]
pub(crate) struct Disrupt<I> {
    frames: I,
    disruption: Option<Box<Disruption>>,
}

impl<I> Disrupt<I> {
    pub(crate) fn new(frames: I, disruption: Option<Box<Disruption>>) -> Self {
        Self { frames, disruption }
    }

    /// Where the frames come from.
    pub(crate) fn frames(&self) -> &I {
        &self.frames
    }

    pub(crate) fn frames_mut(&mut self) -> &mut I {
        &mut self.frames
    }

    /// Whether nothing is left of the frames that came.
    pub(crate) fn holds_nothing(&self) -> bool {
        self.disruption.as_ref().is_none_or(|disruption| disruption.holds_nothing())
    }
}

impl<I: Iterator<Item = Frame>> Iterator for Disrupt<I> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let Some(disruption) = &mut self.disruption else {
            return self.frames.next().map(|frame| Step::Send(frame.bytes));
        };
        loop {
            if let Some(step) = disruption.pop() {
                return Some(step);
            }
            if disruption.is_over() {
                return None;
            }
            match self.frames.next() {
                Some(frame) => disruption.push(frame),
                None => disruption.end(),
            }
        }
    }
}
