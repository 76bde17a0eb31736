//! Framing and spelling, blind to providers: how JSON is spaced, how events are framed.
//!
//! A provider's room states its fingerprint as data (a [`JsonStyle`], an [`Sse`]); this module
//! applies it.

#[cfg(feature = "cassette")]
mod events;
mod float;
mod frame_buf;
mod json_array;
mod json_style;
mod plain;
mod spacer;
mod sse;
mod style_formatter;
mod template;

#[cfg(feature = "cassette")]
pub(crate) use events::{Event, events};
pub(crate) use frame_buf::Frame;
pub use frame_buf::{FrameBuf, FrameKind};
pub use json_array::JsonArray;
pub use json_style::JsonStyle;
pub(crate) use plain::{find_special, find_special_in_short};
pub(crate) use spacer::Spacer;
pub use sse::Sse;
pub(crate) use template::{
    Digits, Hole, Template, digits, hole, put_json, put_letters, put_number, put_ordinary, put_text,
};
