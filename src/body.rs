//! The body of a response: the inner service's own, or an answer that is played.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::delivery::Player;
use crate::error::BoxError;

pin_project! {
    /// The body of a response that went through [`MockLlm`](crate::MockLlm): the inner service's
    /// body, untouched, or an answer of the mock.
    ///
    /// `Send`, `Sync` and `Unpin` whenever `B` is.
    pub struct MockBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<B> {
        Inner { #[pin] body: B },
        Mock { player: Player },
    }
}

impl<B> MockBody<B> {
    pub(crate) fn inner(body: B) -> Self {
        Self { kind: Kind::Inner { body } }
    }

    pub(crate) fn mock(player: Player) -> Self {
        Self { kind: Kind::Mock { player } }
    }

    /// Whether this is an answer of the mock.
    pub fn is_mock(&self) -> bool {
        matches!(self.kind, Kind::Mock { .. })
    }
}

/// An empty body, for layers such as tower-http's `TimeoutLayer` that need one.
impl<B> Default for MockBody<B> {
    fn default() -> Self {
        Self::mock(Player::default())
    }
}

impl<B> fmt::Debug for MockBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockBody").field("is_mock", &self.is_mock()).finish_non_exhaustive()
    }
}

impl<B> Body for MockBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project().kind.project() {
            KindProj::Inner { body } => {
                Poll::Ready(ready!(body.poll_frame(cx)).map(|frame| frame.map_err(Into::into)))
            }
            KindProj::Mock { player } => {
                Poll::Ready(ready!(player.poll(cx)).map(|bytes| bytes.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Mock { player } => player.as_full().is_some_and(Bytes::is_empty),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Mock { player } => match player.as_full() {
                Some(bytes) => SizeHint::with_exact(bytes.len() as u64),
                None => SizeHint::default(),
            },
        }
    }
}
