//! What happens to a request.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
#[cfg(feature = "cassette")]
use http::Uri;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use super::accept::Flags;
use super::aside::{Other, OtherFuture, admin, is_for_the_server, whole};
use super::core::{Core, Current};
use super::cors::{allow, preflight};
use super::limits::Timed;
use super::live::lost_answer;
use super::own::{Last, own_head};
use crate::body::MockBody;
use crate::claim::Claim;
use crate::future::{Answering, Outcome};
#[cfg(feature = "cassette")]
use crate::provider::Room;
use crate::request::{Head, RequestHead};
#[cfg(feature = "cassette")]
use crate::{
    claim::Mode,
    upstream::{Routes, Target, Upstreams},
};

/// The engine as hyper's service. Unlike [`MockLlm`](crate::MockLlm) it needs no copy of itself
/// for each request, and it knows that there is nothing behind it.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) current: Arc<Current>,
    pub(super) flags: Arc<Flags>,
    /// How long the body of a request may take.
    pub(super) longest: Duration,
    pub(super) last: Last,
}

/// One request at its turn.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) core: &'a Core,
    pub(super) engine: &'a Engine,
}

/// What a client gets.
pub(super) type Served = Response<MockBody<Other>>;

impl hyper::service::Service<Request<Incoming>> for Engine {
    type Response = Served;
    type Error = Cut;
    type Future = Turned;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.flags.asked.store(true, Ordering::Relaxed);
        let core = self.current.load();
        let core = core.of(&request);
        if let Some(its_admin) = &core.admin
            && is_for_the_server(request.uri().path())
        {
            return Turned { answer: Answer::Other(admin(its_admin, request)), cors: false };
        }
        if core.cors
            && let Some(response) = preflight(&request)
        {
            let response = response.map(|()| Full::default());
            return Turned { answer: Answer::Refused(Some(Box::new(response))), cors: true };
        }
        let request = request.map(|body| Timed::new(body, self.longest));
        let turn = Turn { core: &core, engine: self };
        Turned { answer: turn.answer(request), cors: core.cors }
    }
}

impl Turn<'_> {
    fn answer(self, request: Request<Timed>) -> Answer {
        let mock = &self.core.mock;
        let head = Head::of(&request);
        #[cfg_attr(
            not(feature = "cassette"),
            expect(unused_mut, reason = "a cassette may have it")
        )]
        let mut claim = mock.claim(&head);
        if let Some(live) = self.live(&claim, &head) {
            return Answer::Live(Box::pin(live.answer(request)));
        }
        #[cfg(feature = "cassette")]
        self.recall(&mut claim, &head);
        let (parts, body) = request.into_parts();
        let version = parts.version;
        let mut head = RequestHead::from(parts);
        own_head(&mut head, &self.engine.last);
        match &claim {
            Claim::Forward => return Answer::Refused(Some(Box::new(self.refuse(&head, version)))),
            #[cfg(feature = "cassette")]
            Claim::Answer(room, _) | Claim::Refuse(room) => self.locate(room, &mut head),
            #[cfg(not(feature = "cassette"))]
            _ => {}
        }
        #[cfg(feature = "cassette")]
        let recorded = self.recorded(&claim);
        let answering = Box::pin(Answering::new(mock.clone(), claim, head, body));
        Answer::Answering {
            answering,
            flags: Arc::clone(&self.engine.flags),
            #[cfg(feature = "cassette")]
            recorded,
        }
    }
}

/// An answer on its way, for a page of another origin if that is allowed.
pub(super) struct Turned {
    answer: Answer,
    cors: bool,
}

impl Future for Turned {
    type Output = Result<Served, Cut>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut served = ready!(Pin::new(&mut this.answer).poll(cx));
        if this.cors
            && let Ok(served) = &mut served
        {
            allow(served.headers_mut());
        }
        Poll::Ready(served)
    }
}

/// An answer on its way, or a refusal; or what is no LLM call.
pub(super) enum Answer {
    Answering {
        answering: Pin<Box<Answering<Timed>>>,
        flags: Arc<Flags>,
        /// What it takes to record an answer.
        #[cfg(feature = "cassette")]
        recorded: Option<(Arc<Upstreams>, Room)>,
    },
    Live(Pin<Box<dyn Future<Output = Result<Served, Cut>> + Send>>),
    Other(OtherFuture),
    Refused(Option<Box<Response<Full<Bytes>>>>),
}

impl Future for Answer {
    type Output = Result<Served, Cut>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        #[cfg_attr(
            not(feature = "cassette"),
            expect(clippy::never_loop, reason = "only what is recorded becomes another answer")
        )]
        loop {
            match this {
                Self::Answering {
                    answering,
                    flags,
                    #[cfg(feature = "cassette")]
                    recorded,
                } => match ready!(answering.as_mut().poll_outcome(cx)) {
                    Outcome::Play(answer) => return Poll::Ready(Ok(answer.map(MockBody::mock))),
                    Outcome::Lost(lost) => return Poll::Ready(lost_answer(*lost, flags)),
                    #[cfg(feature = "cassette")]
                    Outcome::Record(live) => {
                        let (upstream, room) =
                            recorded.take().expect("a mock without an upstream records nothing");
                        *this = Self::Live(Box::pin(async move {
                            Ok(super::live::record(*live, &upstream, &room).await)
                        }));
                    }
                },
                Self::Live(future) => return future.as_mut().poll(cx),
                Self::Other(future) => {
                    let response = ready!(future.as_mut().poll(cx));
                    return Poll::Ready(Ok(response.map(MockBody::inner)));
                }
                Self::Refused(refusal) => {
                    let refusal = refusal.take().expect("polled after completion");
                    return Poll::Ready(Ok(refusal.map(whole).map(MockBody::inner)));
                }
            }
        }
    }
}

#[cfg(feature = "cassette")]
impl Turn<'_> {
    /// Asks the cassette for what no endpoint here answers, where there is one.
    fn recall(&self, claim: &mut Claim, head: &Head<'_>) {
        let settings = &self.core.mock.settings;
        if !matches!(claim, Claim::Forward)
            || settings.cassette.is_none()
            || self.core.mock.mode() == Mode::Off
        {
            return;
        }
        let rooms = &settings.claims.rooms;
        let provider = self.core.upstream.as_ref().map_or_else(
            || Routes::vendors().provider(rooms, head),
            |upstream| upstream.routes.provider(rooms, head),
        );
        let room = provider.and_then(|it| rooms.iter().find(|room| room.provider() == it));
        if let Some(room) = room {
            *claim = Claim::Refuse(Arc::clone(room));
        }
    }

    /// Gives a request that may be recorded the host that it goes to, under which it is written down.
    fn locate(&self, room: &Room, head: &mut RequestHead) {
        if let Some(upstream) = &self.core.upstream
            && self.core.mock.settings.cassette.is_some()
            && let Some(uri) = match upstream.own_hosts {
                true => head.url_for_messages().parse::<Uri>().ok().and_then(|place| {
                    Target::at(&room.provider(), &place)?.at_host(&head.uri).ok()
                }),
                false => upstream.routes.url(&room.provider(), &head.uri),
            }
        {
            head.uri = uri;
        }
    }

    fn recorded(&self, claim: &Claim) -> Option<(Arc<Upstreams>, Room)> {
        self.core.mock.settings.cassette.as_ref()?;
        let upstream = self.core.upstream.as_ref()?;
        let (Claim::Answer(room, _) | Claim::Refuse(room)) = claim else { return None };
        Some((Arc::clone(upstream), Arc::clone(room)))
    }
}

/// Makes hyper close the connection (or, over HTTP/2, reset the stream) without a response.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mock was told to give no answer")
    }
}

impl std::error::Error for Cut {}
