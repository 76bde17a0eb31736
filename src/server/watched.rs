//! Live answers, watched as the mock's own are: for the journal and the admin side.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;

use crate::delivery::{Progress, Watch};
use crate::error::BoxError;
use crate::journal::{Received, Track};
use crate::mock::Mock;
use crate::provider::{Call, Room};
use crate::request::RequestHead;
use crate::upstream::{Other, Target, without_key, without_secrets};

/// What the journal has of a live call. Nothing in it says who asked.
pub(super) struct Entry<'a> {
    pub(super) mock: &'a Mock,
    pub(super) room: Option<&'a Room>,
    pub(super) call: Option<&'a Call>,
    pub(super) head: &'a RequestHead,
    /// Empty where it was streamed through.
    pub(super) body: Bytes,
}

impl Entry<'_> {
    pub(super) fn note(self, target: &Target, status: StatusCode) -> Watch {
        let Self { mock, room, call, head, body } = self;
        let Some(room) = room else { return Watch::Off };
        let asked = call.and_then(|call| {
            let request = room.parse(call.clone(), &head.as_head().judged(true), &body).ok();
            request.map(|request| (request.model, request.stream))
        });
        let watch = mock.note(|| {
            let mut headers: HeaderMap = head.headers.clone();
            without_secrets(&mut headers);
            let (method, uri) = (head.method.clone(), without_key(&head.uri));
            let track = Track::Here(Progress::default());
            let head = RequestHead { method, uri, headers };
            Received::new(room, call.cloned(), head, body, None, status, track)
                .live_at(target.name.clone())
        });
        if let Some((model, stream)) = asked {
            watch.asked(model, stream);
        }
        watch
    }
}

/// The answer, watched.
pub(super) fn watched(response: Response<Other>, watch: Watch) -> Response<Other> {
    match watch {
        Watch::Off => response,
        watch => response.map(|body| Watched { body, watch }.boxed_unsync()),
    }
}

struct Watched {
    body: Other,
    watch: Watch,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &polled {
            None => self.watch.live_ended(true),
            Some(Err(_)) => self.watch.live_ended(false),
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    self.watch.live_sent(bytes);
                }
                // Nobody asks it for more then.
                if self.body.is_end_stream() {
                    self.watch.live_ended(true);
                }
            }
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
