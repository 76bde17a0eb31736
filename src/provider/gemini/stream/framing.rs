//! What stands around the chunks: events, or one array.

use bytes::BytesMut;

use crate::provider::gemini::{INDENTED, LINE};
use crate::wire::{FrameBuf, JsonArray, JsonStyle, Sse};

pub(in crate::provider::gemini) const EVENTS: Sse = Sse::crlf(LINE);
pub(in crate::provider::gemini) const ARRAY: JsonArray = JsonArray::new(INDENTED, "\n,\r\n", "\n]");

#[derive(Debug)]
pub(super) enum Framing {
    Array {
        /// Whether it has an item.
        open: bool,
    },
    Events,
}

impl Framing {
    pub(super) fn style(&self) -> &'static JsonStyle {
        match self {
            Self::Array { .. } => &INDENTED,
            Self::Events => &LINE,
        }
    }

    pub(super) fn frame(&mut self, frames: &mut FrameBuf, write: impl FnOnce(&mut BytesMut)) {
        match self {
            Self::Array { open } => {
                ARRAY.opened(std::mem::replace(open, true)).framed(frames, write);
            }
            Self::Events => EVENTS.framed(frames, None, write),
        }
    }
}
