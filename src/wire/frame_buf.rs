//! The buffer that an encoder writes its frames into.

use bytes::{Bytes, BytesMut};

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
    /// Lengths of the frames in `buf` from `taken` on.
    lengths: Vec<usize>,
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

    /// Appends one frame: what `write` adds to the buffer.
    pub fn frame(&mut self, write: impl FnOnce(&mut BytesMut)) {
        let start = self.buf.len();
        write(&mut self.buf);
        self.lengths.push(self.buf.len() - start);
    }

    /// Bytes not yet taken.
    pub fn len(&self) -> usize {
        self.buf.len()
    }

    /// Whether every frame was taken.
    pub fn is_empty(&self) -> bool {
        self.taken == self.lengths.len()
    }

    /// The next frame.
    pub fn take_frame(&mut self) -> Option<Bytes> {
        let length = *self.lengths.get(self.taken)?;
        self.taken += 1;
        if self.is_empty() {
            self.lengths.clear();
            self.taken = 0;
        }
        Some(self.buf.split_to(length).freeze())
    }

    /// All frames that are left, as one piece.
    pub fn take_all(&mut self) -> Option<Bytes> {
        if self.is_empty() {
            return None;
        }
        self.lengths.clear();
        self.taken = 0;
        Some(self.buf.split().freeze())
    }

    /// Makes room for `bytes` more, so that the next frames need no further allocation.
    pub fn reserve(&mut self, bytes: usize) {
        self.buf.reserve(bytes);
    }
}
