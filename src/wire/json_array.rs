//! One JSON array, sent piece by piece.

use bytes::{BufMut, BytesMut};
use serde::Serialize;

use super::{FrameBuf, JsonStyle};

/// A JSON array whose items leave one by one, as Gemini's stream without `alt=sse`: each frame is
/// an item with what stands before it, the last one closes the array.
///
/// ```
/// use tower_mock_llm::wire::{FrameBuf, JsonArray, JsonStyle};
///
/// let mut array = JsonArray::new(JsonStyle::COMPACT, "\n,\r\n", "\n]");
/// let mut frames = FrameBuf::new();
/// array.item(&mut frames, &1);
/// array.item(&mut frames, &2);
/// array.end(&mut frames);
/// assert_eq!(frames.take_all().unwrap(), "[1\n,\r\n2\n]");
/// ```
#[derive(Clone, Debug)]
pub struct JsonArray {
    style: JsonStyle,
    between: &'static str,
    end: &'static str,
    open: bool,
}

impl JsonArray {
    /// An array whose items are parted by `between` and that closes with `end`.
    pub const fn new(style: JsonStyle, between: &'static str, end: &'static str) -> Self {
        Self { style, between, end, open: false }
    }

    /// Whether items came before, for whoever keeps that and not the array.
    pub(crate) const fn opened(mut self, open: bool) -> Self {
        self.open = open;
        self
    }

    /// Appends one item.
    pub fn item(&mut self, frames: &mut FrameBuf, value: &impl Serialize) {
        let json = self.style.to_vec(value);
        self.framed(frames, |buf| buf.put_slice(&json));
    }

    /// Appends one item that `write` adds to the buffer.
    pub fn framed(&mut self, frames: &mut FrameBuf, write: impl FnOnce(&mut BytesMut)) {
        let before = if self.open { self.between } else { "[" };
        self.open = true;
        frames.frame(|buf| {
            buf.put_slice(before.as_bytes());
            write(buf);
        });
    }

    /// Closes the array.
    pub fn end(&mut self, frames: &mut FrameBuf) {
        let (open, end) = (self.open, self.end);
        frames.frame(|buf| {
            if !open {
                buf.put_slice(b"[");
            }
            buf.put_slice(end.as_bytes());
        });
    }
}
