//! Cuts a body anew, and writes it otherwise.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::adversary::{BOM, COMMENTS, CRLF, Cut, KEEP_ALIVES, NO_LAST_BLANK_LINE, Recut};
use super::disrupt::{Shape, Step};
use crate::util::rng::Rng;

/// A body on its way to other pieces.
#[derive(Debug)]
pub(super) struct Recutter {
    recut: Recut,
    shape: Shape,
    rng: Rng,
    has_begun: bool,
    /// What is held back, since it cannot be known yet where to cut it.
    rest: BytesMut,
    /// The size of the next piece.
    next: usize,
    /// The last byte that was written.
    last: u8,
    /// The line ends of the frame before, which may be the last.
    line_ends: Bytes,
}

impl Recutter {
    pub(super) fn new(recut: Recut, shape: Shape, mut rng: Rng) -> Self {
        let recut = recut.decided(shape, &mut rng);
        let mut recutter = Self {
            recut,
            shape,
            rng,
            has_begun: false,
            rest: BytesMut::new(),
            next: 1,
            last: 0,
            line_ends: Bytes::new(),
        };
        recutter.next = recutter.size();
        recutter
    }

    pub(super) fn push(&mut self, frame: &Bytes, steps: &mut VecDeque<Step>) {
        if !self.has_begun {
            self.has_begun = true;
            if self.recut.has(BOM) {
                self.rest.extend_from_slice("\u{feff}".as_bytes());
            }
            if self.recut.has(KEEP_ALIVES) && self.shape != Shape::Events {
                self.rest.extend_from_slice(b"\n   \n");
            }
        } else if self.recut.has(NO_LAST_BLANK_LINE) {
            // There is more to come, so those of the frame before were not the last.
            let line_ends = std::mem::take(&mut self.line_ends);
            self.write(&line_ends);
        }
        if self.shape == Shape::Events {
            if self.recut.has(COMMENTS) {
                self.write(b": comment, to be passed over: data: {}\n");
            }
            if self.recut.has(KEEP_ALIVES) {
                self.write(b":\n\n");
            }
        }
        let mut kept = frame.clone();
        if self.recut.has(NO_LAST_BLANK_LINE) {
            let end = frame.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n'));
            self.line_ends = kept.split_off(end.map_or(0, |at| at + 1));
        }
        self.write(&kept);
        self.cut(steps, false);
    }

    pub(super) fn end(&mut self, steps: &mut VecDeque<Step>) {
        self.cut(steps, true);
    }

    /// Appends, with the line ends that are wanted.
    fn write(&mut self, bytes: &[u8]) {
        if !self.recut.has(CRLF) {
            self.rest.extend_from_slice(bytes);
            self.last = bytes.last().copied().unwrap_or(self.last);
            return;
        }
        // In JSON a line end is between tokens: inside a string it is escaped.
        for byte in bytes {
            if *byte == b'\n' && self.last != b'\r' {
                self.rest.extend_from_slice(b"\r");
            }
            self.rest.extend_from_slice(&[*byte]);
            self.last = *byte;
        }
    }

    fn size(&mut self) -> usize {
        1 + self.rng.below(64) as usize
    }

    /// Cuts what can be cut, or all of it.
    fn cut(&mut self, steps: &mut VecDeque<Step>, is_end: bool) {
        match self.recut.cut {
            Cut::Adversary | Cut::Frames => self.flush(steps),
            Cut::Together => {}
            Cut::Anywhere => {
                while self.rest.len() >= self.next {
                    let piece = self.rest.split_to(self.next);
                    steps.push_back(Step::Send(piece.freeze()));
                    self.next = self.size();
                }
            }
            Cut::Bytes => {
                while !self.rest.is_empty() {
                    let piece = self.rest.split_to(1);
                    steps.push_back(Step::Send(piece.freeze()));
                }
            }
            Cut::InCharacters => {
                // Behind the first byte of each.
                self.cut_behind(steps, |pair| pair[0] >= 0xc0);
            }
            Cut::InLineEnds => {
                self.cut_behind(steps, |pair| pair == b"\r\n" || pair == b"\n\n");
            }
        }
        if is_end {
            self.flush(steps);
        }
    }

    /// Cuts between the two bytes of each such pair.
    fn cut_behind(&mut self, steps: &mut VecDeque<Step>, is_place: impl Fn(&[u8]) -> bool) {
        while let Some(at) = self.rest.windows(2).position(&is_place) {
            let piece = self.rest.split_to(at + 1);
            steps.push_back(Step::Send(piece.freeze()));
        }
        // A frame ends with a whole character and a whole blank line.
        self.flush(steps);
    }

    fn flush(&mut self, steps: &mut VecDeque<Step>) {
        if !self.rest.is_empty() {
            steps.push_back(Step::Send(self.rest.split().freeze()));
        }
    }
}
