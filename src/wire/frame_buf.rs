//! The buffer that an encoder writes its frames into.

use bytes::{Bytes, BytesMut};

/// What a frame is to its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameKind {
    /// One of many.
    #[default]
    Plain,
    /// It says why the answer ends.
    Finish,
    /// It says nothing but that the stream ends: OpenAI's `[DONE]`, Anthropic's `message_stop`.
    Terminator,
}

/// A frame, taken out of its buffer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) bytes: Bytes,
    pub(crate) kind: FrameKind,
}

/// A buffer of frames: each is one event of a stream, framed and ready to be sent.
///
/// An encoder appends whole frames, through [`Sse`](super::Sse), [`JsonArray`](super::JsonArray)
/// or [`frame`](Self::frame); what plays the stream takes them out one by one, or all at once
/// where neither time nor trouble lies between them.
///
/// ```
/// use tower_mock_llm::wire::FrameBuf;
///
/// let mut frames = FrameBuf::new();
/// frames.frame(|buf| buf.extend_from_slice(b"one\n"));
/// frames.frame(|buf| buf.extend_from_slice(b"two\n"));
/// assert_eq!(frames.take_frame().unwrap(), "one\n");
/// assert_eq!(frames.take_all().unwrap(), "two\n");
/// assert!(frames.is_empty());
/// ```
#[derive(Debug, Default)]
pub struct FrameBuf {
    buf: BytesMut,
    /// Length of the first frame in `buf`, with its kind in the two highest bits.
    first: Option<usize>,
    /// In a box, since a stream that waits has none, and waits for long.
    more: Option<Box<More>>,
    /// All frames are taken at once: where one ends is nobody's concern.
    is_one: bool,
}

/// The frames behind the first one.
#[derive(Debug, Default)]
struct More {
    lengths: Vec<usize>,
    /// So many have become the first.
    taken: usize,
}

impl FrameBuf {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer with room for `bytes`, and for as many again whenever they are used up.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { buf: BytesMut::with_capacity(bytes), ..Self::default() }
    }

    /// An empty buffer of which [all](Self::take_all) is taken and never a part.
    pub(crate) fn of_one_piece() -> Self {
        Self { is_one: true, ..Self::default() }
    }

    /// Appends one frame: what `write` adds to the buffer.
    pub fn frame(&mut self, write: impl FnOnce(&mut BytesMut)) {
        let start = self.buf.len();
        write(&mut self.buf);
        if self.is_one {
            self.first = Some(self.buf.len());
            return;
        }
        let length = self.buf.len() - start;
        match self.first {
            None => self.first = Some(length),
            Some(_) => self.more.get_or_insert_default().lengths.push(length),
        }
    }

    /// Says what the frame appended last is, if it is more than one of many:
    /// [faults](crate::Fault) that leave out or repeat it go by that.
    pub fn mark(&mut self, kind: FrameKind) {
        let last = self.more.as_mut().and_then(|more| more.lengths.last_mut());
        if let Some(length) = last.or(self.first.as_mut()) {
            *length = *length & LENGTH | (kind as usize) << KIND;
        }
    }

    /// Bytes not yet taken.
    pub fn len(&self) -> usize {
        self.buf.len()
    }

    /// Whether every frame was taken.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The next frame.
    pub fn take_frame(&mut self) -> Option<Bytes> {
        self.take().map(|frame| frame.bytes)
    }

    /// The next frame, with what was said of it.
    pub(crate) fn take(&mut self) -> Option<Frame> {
        let (length, kind) = self.next()?;
        Some(Frame { bytes: self.buf.split_to(length).freeze(), kind })
    }

    /// The same, and with the last frame the buffer gives up its room.
    pub(crate) fn take_away(&mut self) -> Option<Frame> {
        let (length, kind) = self.next()?;
        let bytes = match self.is_empty() {
            false => self.buf.split_to(length),
            true => std::mem::take(self).buf,
        };
        Some(Frame { bytes: bytes.freeze(), kind })
    }

    /// The length and the kind of the next frame, which is the next no more.
    fn next(&mut self) -> Option<(usize, FrameKind)> {
        let length = self.first.take()?;
        if let Some(more) = &mut self.more {
            self.first = more.lengths.get(more.taken).copied();
            more.taken += 1;
            if self.first.is_none() {
                more.clear();
            }
        }
        let kind = match length >> KIND {
            0 => FrameKind::Plain,
            1 => FrameKind::Finish,
            _ => FrameKind::Terminator,
        };
        Some((length & LENGTH, kind))
    }

    /// All frames that are left, as one piece.
    pub fn take_all(&mut self) -> Option<Bytes> {
        self.first.take()?;
        self.more.iter_mut().for_each(|more| more.clear());
        Some(self.buf.split().freeze())
    }

    /// Makes room for `bytes` more, so that the next frames need no further allocation.
    pub fn reserve(&mut self, bytes: usize) {
        self.buf.reserve(bytes);
    }

    /// Makes room for a frame of at most `most` bytes, if there is none: for just so many as `length`
    /// says, so that a frame that goes out alone takes no more.
    pub(crate) fn reserve_for(&mut self, most: usize, length: impl FnOnce() -> usize) {
        if self.buf.capacity() - self.buf.len() < most {
            self.buf.reserve(length());
        }
    }
}

impl More {
    /// The room is kept: there will be as many again.
    fn clear(&mut self) {
        self.lengths.clear();
        self.taken = 0;
    }
}

/// Where a frame's kind begins in its length.
const KIND: u32 = usize::BITS - 2;
const LENGTH: usize = (1 << KIND) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_do_not_touch_the_bytes() {
        let mut frames = FrameBuf::new();
        frames.mark(FrameKind::Finish);
        for (text, kind) in [
            ("one", FrameKind::Plain),
            ("two", FrameKind::Finish),
            ("", FrameKind::Terminator),
            ("four", FrameKind::Terminator),
        ] {
            frames.frame(|buf| buf.extend_from_slice(text.as_bytes()));
            frames.mark(kind);
        }
        frames.mark(FrameKind::Plain);
        let taken: Vec<_> = std::iter::from_fn(|| frames.take()).collect();
        let kinds: Vec<_> = taken.iter().map(|frame| (&frame.bytes[..], frame.kind)).collect();
        assert!(frames.is_empty() && frames.take_all().is_none());
        assert_eq!(
            kinds,
            [
                (&b"one"[..], FrameKind::Plain),
                (b"two", FrameKind::Finish),
                (b"", FrameKind::Terminator),
                (b"four", FrameKind::Plain),
            ]
        );
    }

    #[test]
    fn of_one_piece_all_frames_are_taken_at_once() {
        let mut frames = FrameBuf::of_one_piece();
        for round in 0..2 {
            for text in ["one", "two", ""] {
                frames.frame(|buf| buf.extend_from_slice(text.as_bytes()));
                frames.mark(FrameKind::Finish);
            }
            assert_eq!((frames.is_empty(), frames.len()), (false, 6), "{round}");
            assert_eq!(frames.take_all().unwrap(), "onetwo");
            assert!(frames.is_empty() && frames.more.is_none() && frames.take_all().is_none());
        }
    }

    #[test]
    fn frames_are_taken_in_order_whatever_comes_between() {
        let mut frames = FrameBuf::new();
        let put = |frames: &mut FrameBuf, text: &'static str| {
            frames.frame(|buf| buf.extend_from_slice(text.as_bytes()));
        };
        put(&mut frames, "one");
        put(&mut frames, "two");
        assert_eq!(frames.take_away().unwrap().bytes, "one");
        put(&mut frames, "three");
        frames.mark(FrameKind::Finish);
        assert_eq!(frames.take_away().unwrap().bytes, "two");
        let last = frames.take_away().unwrap();
        assert_eq!((&last.bytes[..], last.kind), (&b"three"[..], FrameKind::Finish));
        assert!(frames.take_away().is_none() && frames.buf.capacity() == 0);
        put(&mut frames, "four");
        put(&mut frames, "five");
        assert_eq!(frames.take_all().unwrap(), "fourfive");
        assert!(frames.is_empty());
    }
}
