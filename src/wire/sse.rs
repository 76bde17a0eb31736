//! Server-sent events.

use bytes::{BufMut, BytesMut};
use serde::Serialize;

use super::{FrameBuf, JsonStyle};

/// One vendor's way of writing server-sent events: line ends and spacing.
///
/// ```
/// use tower_mock_llm::wire::{FrameBuf, JsonStyle, Sse};
///
/// let sse = Sse::lf(JsonStyle::COMPACT);
/// let mut frames = FrameBuf::new();
/// sse.data(&mut frames, &serde_json::json!({"a": 1}));
/// sse.event(&mut frames, "stop", &serde_json::json!({"a": 2}));
/// sse.text(&mut frames, "[DONE]");
/// let all = "data: {\"a\":1}\n\nevent: stop\ndata: {\"a\":2}\n\ndata: [DONE]\n\n";
/// assert_eq!(frames.take_all().unwrap(), all);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sse {
    line_end: &'static str,
    style: JsonStyle,
}

impl Sse {
    /// Events whose lines end with LF.
    pub const fn lf(style: JsonStyle) -> Self {
        Self { line_end: "\n", style }
    }

    /// Events whose lines end with CR LF.
    pub const fn crlf(style: JsonStyle) -> Self {
        Self { line_end: "\r\n", style }
    }

    /// A frame with nothing but data.
    pub fn data(&self, frames: &mut FrameBuf, value: &impl Serialize) {
        let json = self.style.to_vec(value);
        self.framed(frames, None, |buf| buf.extend_from_slice(&json));
    }

    /// A frame with the event's name and data.
    pub fn event(&self, frames: &mut FrameBuf, name: &str, value: &impl Serialize) {
        let json = self.style.to_vec(value);
        self.framed(frames, Some(name), |buf| buf.extend_from_slice(&json));
    }

    /// A frame whose data is `text` as it stands, which must be a single line.
    pub fn text(&self, frames: &mut FrameBuf, text: &str) {
        self.framed(frames, None, |buf| buf.extend_from_slice(text.as_bytes()));
    }

    /// A frame whose data `write` appends to the buffer, on a single line.
    pub fn framed(
        &self,
        frames: &mut FrameBuf,
        name: Option<&str>,
        write: impl FnOnce(&mut BytesMut),
    ) {
        frames.frame(|buf| {
            if let Some(name) = name {
                self.line(buf, "event", name);
            }
            self.end(buf, write);
        });
    }

    /// A frame with the event's name, its number, and data.
    #[cfg(feature = "server")]
    pub(crate) fn numbered(
        &self,
        frames: &mut FrameBuf,
        name: &str,
        id: u64,
        value: &impl Serialize,
    ) {
        let json = self.style.to_vec(value);
        frames.frame(|buf| {
            self.line(buf, "event", name);
            self.line(buf, "id", &id.to_string());
            self.end(buf, |buf| buf.extend_from_slice(&json));
        });
    }

    /// A frame that clients pass over.
    #[cfg(feature = "server")]
    pub(crate) fn comment(&self, frames: &mut FrameBuf, text: &str) {
        frames.frame(|buf| {
            self.line(buf, "", text);
            buf.put_slice(self.line_end.as_bytes());
        });
    }

    #[inline]
    fn line(&self, buf: &mut BytesMut, field: &str, value: &str) {
        buf.put_slice(field.as_bytes());
        buf.put_slice(b": ");
        buf.put_slice(value.as_bytes());
        buf.put_slice(self.line_end.as_bytes());
    }

    #[inline]
    fn end(&self, buf: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
        buf.put_slice(b"data: ");
        write(buf);
        buf.put_slice(self.line_end.as_bytes());
        buf.put_slice(self.line_end.as_bytes());
    }
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use super::*;

    /// As <https://html.spec.whatwg.org/multipage/server-sent-events.html> has them.
    #[test]
    fn numbers_and_comments_have_lines_of_their_own() {
        let mut frames = FrameBuf::new();
        Sse::lf(JsonStyle::COMPACT).comment(&mut frames, "still here");
        Sse::crlf(JsonStyle::COMPACT).numbered(&mut frames, "call", 7, &[1]);
        let all = ": still here\n\nevent: call\r\nid: 7\r\ndata: [1]\r\n\r\n";
        assert_eq!(frames.take_all().unwrap(), all);
    }
}
