//! What stands around the chunks: events, or one array.

use bytes::BytesMut;

use crate::provider::gemini::{INDENTED, LINE};
use crate::wire::{FrameBuf, JsonArray, JsonStyle, Sse};

pub(in crate::provider::gemini) const EVENTS: Sse = Sse::crlf(LINE);
pub(in crate::provider::gemini) const ARRAY: JsonArray = JsonArray::new(INDENTED, "\n,\r\n", "\n]");

#[derive(Debug)]
pub(super) enum Framing {
    Array(JsonArray),
    Events(Sse),
}

impl Framing {
    pub(super) fn style(&self) -> JsonStyle {
        match self {
            Self::Array(_) => INDENTED,
            Self::Events(_) => LINE,
        }
    }

    pub(super) fn frame(&mut self, frames: &mut FrameBuf, write: impl FnOnce(&mut BytesMut)) {
        match self {
            Self::Array(array) => array.framed(frames, write),
            Self::Events(sse) => sse.framed(frames, None, write),
        }
    }
}
