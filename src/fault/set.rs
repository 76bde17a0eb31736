//! Sets a fault to work on what a room says.

use bytes::Bytes;
use http::{Response, header};

use super::{Disruption, Fault, Shape};
use crate::provider::{Entropy, ErrorContext, Room, StreamEncoder};
use crate::reply::{ApiError, Say};
use crate::request::LlmRequest;
use crate::wire::FrameBuf;

/// Sets a fault to work on a response.
#[inline]
pub(crate) fn disrupt<T: Streams>(
    response: &mut Response<T>,
    fault: Option<Fault>,
    entropy: Entropy,
    in_stream: Option<Box<FrameBuf>>,
) -> Option<Box<Disruption>> {
    set(response, fault?, entropy, in_stream)
}

#[cold]
fn set<T: Streams>(
    response: &mut Response<T>,
    fault: Fault,
    entropy: Entropy,
    in_stream: Option<Box<FrameBuf>>,
) -> Option<Box<Disruption>> {
    // An error inside a stream needs a stream.
    if !T::STREAMS && fault.error().is_some() {
        return None;
    }
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_events =
        content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
    let shape = match (T::STREAMS, is_events) {
        (false, _) => Shape::Whole,
        (true, true) => Shape::Events,
        (true, false) => Shape::Items,
    };
    fault.change_head(response.headers_mut());
    let in_stream = in_stream.map(|frames| *frames).unwrap_or_default();
    Some(Box::new(Disruption::new(fault, shape, entropy, in_stream)))
}

/// What a response has behind its head.
pub(crate) trait Streams {
    const STREAMS: bool;
}

impl Streams for Bytes {
    const STREAMS: bool = false;
}

impl Streams for Box<dyn StreamEncoder> {
    const STREAMS: bool = true;
}

#[cfg(feature = "cassette")]
impl Streams for crate::cassette::Frames {
    const STREAMS: bool = true;
}

/// What is said where an error is to come inside it, and that error: a whole answer is the error
/// itself.
#[cold]
pub(crate) fn say_inside(
    say: Say,
    room: &Room,
    request: &LlmRequest,
    created: u64,
    entropy: Entropy,
    error: &ApiError,
) -> (Say, Option<Box<FrameBuf>>) {
    let mut frames = FrameBuf::new();
    let say = match say {
        Say::Error(error) => Say::Error(error),
        _ if !request.stream => Say::Error(Box::new(error.clone())),
        say => match room.stream_error(
            &ErrorContext::of(request, created, entropy),
            error,
            &mut frames,
        ) {
            Ok(()) => say,
            Err(why) => Say::Error(Box::new(ApiError::invalid_request(format!(
                "tower-mock-llm: {} cannot say an error inside a stream: {why}. Give the error \
                 itself as the answer, or another fault.",
                room.provider()
            )))),
        },
    };
    (say, Some(Box::new(frames)))
}
