//! Trouble: what goes wrong while an answer is sent.
//!
//! A fault is data in an answer. It works on frames, between the encoder and the clock, and
//! knows neither providers nor time.

use bytes::Bytes;

/// One kind of trouble.
///
/// ```
/// use tower_mock_llm::{Answer, Fault, Rule};
///
/// let cut = Rule::always().respond_with(Answer::from("cut off in the middle").fault(Fault::abort_after(2)));
/// # let _ = cut;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    kind: Kind,
    after: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Abort,
    End,
    Stall,
}

impl Fault {
    /// The connection breaks after `frames` frames: the client has seen the head and those frames,
    /// then its body fails. An answer that is no stream is one frame.
    pub const fn abort_after(frames: usize) -> Self {
        Self { kind: Kind::Abort, after: frames }
    }

    /// The body ends cleanly after `frames` frames, without the vendor's last ones.
    pub const fn end_after(frames: usize) -> Self {
        Self { kind: Kind::End, after: frames }
    }

    /// Nothing more comes after `frames` frames, and nothing ends either.
    pub const fn stall_after(frames: usize) -> Self {
        Self { kind: Kind::Stall, after: frames }
    }

    /// Lays this trouble over the step that frame number `index` (from 0) is.
    fn step(self, index: usize, frame: Option<Bytes>) -> Option<Step> {
        if index < self.after {
            return frame.map(Step::Send);
        }
        match self.kind {
            Kind::Abort => Some(Step::Abort),
            Kind::End => None,
            Kind::Stall => Some(Step::Stall),
        }
    }
}

/// What happens next on the wire.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// The body fails.
    Abort,
    /// Bytes are sent.
    Send(Bytes),
    /// Nothing happens any more.
    Stall,
}

/// Frames with trouble laid over them.
#[derive(Debug)]
pub(crate) struct Disrupt<I> {
    frames: I,
    fault: Option<Fault>,
    index: usize,
}

impl<I> Disrupt<I> {
    pub(crate) fn new(frames: I, fault: Option<Fault>) -> Self {
        Self::starting_at(0, frames, fault)
    }

    /// The same for frames of which `index` went before.
    pub(crate) fn starting_at(index: usize, frames: I, fault: Option<Fault>) -> Self {
        Self { frames, fault, index }
    }

    /// Where the frames come from.
    pub(crate) fn frames(&self) -> &I {
        &self.frames
    }
}

impl<I: Iterator<Item = Bytes>> Iterator for Disrupt<I> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let index = self.index;
        self.index += 1;
        match self.fault {
            None => self.frames.next().map(Step::Send),
            Some(fault) if index < fault.after => fault.step(index, self.frames.next()),
            Some(fault) => fault.step(index, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(fault: Option<Fault>) -> Vec<Step> {
        let frames = ["a", "b", "c"].map(Bytes::from).into_iter();
        Disrupt::new(frames, fault).take(5).collect()
    }

    #[test]
    fn each_kind_of_trouble_comes_after_its_frames() {
        let send = |text: &'static str| Step::Send(Bytes::from(text));
        assert_eq!(play(None), [send("a"), send("b"), send("c")]);
        assert_eq!(play(Some(Fault::end_after(1))), [send("a")]);
        assert_eq!(play(Some(Fault::abort_after(2)))[..3], [send("a"), send("b"), Step::Abort]);
        assert_eq!(play(Some(Fault::stall_after(0)))[0], Step::Stall);
    }

    #[test]
    fn trouble_after_the_last_frame_comes_too() {
        assert_eq!(play(Some(Fault::abort_after(3)))[3], Step::Abort);
        assert_eq!(play(Some(Fault::abort_after(9))).len(), 3);
    }
}
