//! Framing and spelling, blind to providers: how JSON is spaced, how events are framed.
//!
//! A provider's room states its fingerprint as data (a [`JsonStyle`], an [`Sse`]); this module
//! applies it.

mod frame_buf;
mod headers;
mod json_array;
mod json_style;
mod sse;
mod template;

pub use frame_buf::FrameBuf;
pub(crate) use headers::{fill_headers, header_template};
pub use json_array::JsonArray;
pub use json_style::JsonStyle;
pub use sse::Sse;
pub(crate) use template::{Hole, Template, hole, put_json, put_text};
