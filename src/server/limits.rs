//! What clients may take of a server.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::own::own_data;
use crate::error::BoxError;
use crate::pace::Timer;

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) connections: usize,
    /// In bytes.
    pub(super) head: usize,
    /// How long a connection may have nothing to do, or take for the head of a request.
    pub(super) idle: Duration,
    /// How long the body of a request may take.
    pub(super) body: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head: 256 * 1024,
            idle: Duration::from_secs(60),
            body: Duration::from_secs(300),
        }
    }
}

/// The body of a request, which must come in time.
#[derive(Debug)]
pub(super) struct Timed {
    body: Incoming,
    longest: Duration,
    timer: Timer,
}

impl Timed {
    pub(super) fn new(body: Incoming, longest: Duration) -> Self {
        Self { body, longest, timer: Timer::default() }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            return Poll::Ready(
                frame.map(|frame| frame.map(|it| it.map_data(own_data)).map_err(Into::into)),
            );
        }
        ready!(this.timer.poll(this.longest, cx));
        let message = format!("it took longer than {:?}", this.longest);
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, message).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
