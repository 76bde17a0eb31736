//! Requests that go to a provider: streamed through, or, where the model decides, read first.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};

use super::accept::Flags;
use super::aside::whole;
use super::engine::{Cut, Served, Turn};
use super::limits::Timed;
use super::watched::{Entry, watched};
use crate::body::MockBody;
use crate::claim::{Claim, Mode, Unmatched};
use crate::error::BoxError;
use crate::future::{Answering, Collected, Outcome};
use crate::mock::Mock;
use crate::provider::{Call, Provider, Room};
use crate::reply::{ApiError, Lost, NoAnswer};
use crate::request::{Head, RequestHead};
use crate::service::refusal_because;
use crate::upstream::{
    Other, Step, Target, UpstreamBody, Upstreams, without_hops, without_key, without_secrets,
};

/// A request that may go to a provider.
pub(super) struct Live {
    pub(super) mock: Mock,
    pub(super) upstream: Arc<Upstreams>,
    pub(super) flags: Arc<Flags>,
    /// Whose API is called, where its room is known, and what for.
    room: Option<Room>,
    call: Option<Call>,
    provider: Provider,
    /// Whether the mock may answer.
    mocked: bool,
}

impl Turn<'_> {
    /// What goes, or may go, to a provider: `None` for what the mock alone answers or refuses.
    pub(super) fn live(&self, claim: &Claim, head: &Head<'_>) -> Option<Live> {
        let upstream = self.core.upstream.as_ref().filter(|upstream| !upstream.own_hosts)?;
        let routes = &upstream.routes;
        let rooms = &self.core.mock.settings.claims.rooms;
        let (room, call, provider) = match claim {
            Claim::Answer(room, call) if routes.by_model() => {
                (Some(Arc::clone(room)), Some(call.clone()), room.provider())
            }
            Claim::Answer(..) | Claim::Refuse(_) => return None,
            Claim::Forward => {
                let provider = routes.provider(rooms, head)?;
                if !self.lets_through(head, &provider) {
                    return None;
                }
                let room = rooms.iter().find(|room| room.provider() == provider).cloned();
                let call = room.as_ref().and_then(|room| room.recognize(head));
                (room, call, provider)
            }
        };
        let mocked = !matches!(claim, Claim::Forward);
        let (mock, upstream) = (self.core.mock.clone(), Arc::clone(upstream));
        let flags = Arc::clone(&self.engine.flags);
        Some(Live { mock, upstream, flags, room, call, provider, mocked })
    }

    /// Whether a request that is not claimed is meant to leave: an endpoint that the mock does not know
    /// is not.
    fn lets_through(&self, head: &Head<'_>, provider: &Provider) -> bool {
        let claims = &self.core.mock.settings.claims;
        self.core.mock.mode() == Mode::Off
            || self.core.mock.is_live(head)
            || !claims.wants_key(head)
            || claims.unmatched == Unmatched::Forward
            || claims.providers.as_ref().is_some_and(|all| !all.contains(provider))
    }
}

/// What one of those that are tried gives.
type Tried = Result<Response<Other>, Failed>;

/// A provider that could not be reached.
struct Failed {
    url: Uri,
    error: BoxError,
}

impl Live {
    /// The answer of the provider, or of the next one.
    pub(super) async fn answer(self, request: Request<Timed>) -> Result<Served, Cut> {
        let (parts, body) = request.into_parts();
        let head = RequestHead::from(parts);
        let routes = &self.upstream.routes;
        let by_model =
            routes.by_model().then(|| self.room.clone().zip(self.call.clone())).flatten();
        let Some((room, call)) = by_model else {
            let Some(Step::Live(first)) = routes.first(&self.provider) else {
                return Ok(self.nobody(&head));
            };
            let target = routes.target(first);
            let tried = self.send(target, true, &head, body.boxed()).await;
            return Ok(self.tried(tried, target, &head, Bytes::new()));
        };
        let mut collected = Collected::new(self.mock.settings.max_body);
        let mut body = pin!(body);
        let body = poll_fn(|cx| collected.poll(body.as_mut(), cx)).await;
        let Ok(body) = body else {
            // There is nothing to send: the room says what is wrong.
            return self.mocked(&room, &call, head, body).await.map(|(served, _)| served);
        };
        let model = room
            .parse(call.clone(), &head.as_head().judged(true), &body)
            .map_or_else(|_| String::new(), |request| request.model);
        let steps = self.steps(&model);
        let first_live = steps.iter().find(|step| matches!(step, Step::Live(_))).copied();
        let mut last = None;
        for (index, step) in steps.iter().enumerate() {
            let is_last = index + 1 == steps.len();
            let (served, failed) = match *step {
                Step::Mock => self.mocked(&room, &call, head.clone(), Ok(body.clone())).await?,
                Step::Live(at) => {
                    let target = routes.target(at);
                    let is_first = index == 0 || first_live == Some(*step) && !self.mocked;
                    let sent = Full::new(body.clone()).map_err(|never| match never {}).boxed();
                    let tried = self.send(target, is_first, &head, sent).await;
                    let failed = tried.as_ref().map_or(true, |answer| is_failure(answer.status()));
                    (self.tried(tried, target, &head, body.clone()), failed)
                }
            };
            if is_last || !failed {
                return Ok(served);
            }
            last = Some(served);
        }
        Ok(last.unwrap_or_else(|| self.nobody(&head)))
    }

    /// Who is tried for a model.
    fn steps(&self, model: &str) -> Vec<Step> {
        let routes = &self.upstream.routes;
        let mut steps = routes
            .steps(&self.provider, model)
            .unwrap_or_else(|| if self.mocked { vec![Step::Mock] } else { Vec::new() });
        if !self.mocked {
            steps.retain(|step| *step != Step::Mock);
            if steps.is_empty() {
                steps.extend(routes.first(&self.provider));
            }
        }
        steps
    }

    /// The mock's answer, and whether it is a failure.
    async fn mocked(
        &self,
        room: &Room,
        call: &Call,
        head: RequestHead,
        body: crate::mock::Body,
    ) -> Result<(Served, bool), Cut> {
        let claim = Claim::Answer(Arc::clone(room), call.clone());
        let mut answering = pin!(Answering::<Full<Bytes>>::read(&self.mock, claim, head, body));
        match poll_fn(|cx| answering.as_mut().poll_outcome(cx)).await {
            Outcome::Play(answer) => {
                let failed = is_failure(answer.status());
                Ok((answer.map(MockBody::mock), failed))
            }
            Outcome::Lost(lost) => lost_answer(*lost, &self.flags).map(|served| (served, true)),
            #[cfg(feature = "cassette")]
            Outcome::Record(live) => {
                let served = record(*live, &self.upstream, room).await;
                let failed = is_failure(served.status());
                Ok((served, failed))
            }
        }
    }

    /// Sends a request to a target. The caller's key goes to the provider that it was meant for, and to
    /// no other.
    async fn send(
        &self,
        target: &Target,
        is_first: bool,
        head: &RequestHead,
        body: UpstreamBody,
    ) -> Tried {
        let mut request = Request::new(body);
        *request.method_mut() = head.method.clone();
        *request.headers_mut() = head.headers.clone();
        let mut asked = head.uri.clone();
        if !is_first {
            without_secrets(request.headers_mut());
            asked = without_key(&asked);
        }
        if !is_first || head.as_head().api_key().is_none() {
            target.sign(request.headers_mut());
        }
        send(&self.upstream, target, &asked, request).await
    }

    /// What the caller gets, entered into the journal.
    fn tried(&self, tried: Tried, target: &Target, head: &RequestHead, body: Bytes) -> Served {
        let (room, call) = (self.room.as_ref(), self.call.as_ref());
        let entry = Entry { mock: &self.mock, room, call, head, body };
        entry.served(tried, target).map(MockBody::inner)
    }

    fn nobody(&self, head: &RequestHead) -> Served {
        let reason = format!(
            "{} is to go live, but no provider that speaks the API of {} is enabled for it",
            head.uri.path(),
            self.provider
        );
        let (room, call) = (self.room.as_ref(), self.call.as_ref());
        bad_gateway(&self.mock, room, call, head, &reason).map(MockBody::inner)
    }
}

/// Whether the next one is tried: the provider is at its limit, or failed.
fn is_failure(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// What becomes of an answer that is lost.
pub(super) fn lost_answer(lost: Lost, flags: &Flags) -> Result<Served, Cut> {
    match lost.how {
        NoAnswer::Closed => Err(Cut),
        NoAnswer::Reset => {
            flags.reset.store(true, Ordering::Release);
            Err(Cut)
        }
        _ => Ok(lost.instead.map(MockBody::mock)),
    }
}

/// Sends a request that is whole but for its place.
async fn send(
    upstream: &Upstreams,
    target: &Target,
    asked: &Uri,
    mut request: Request<UpstreamBody>,
) -> Tried {
    let failed = |url, error| Failed { url, error };
    let url = target.url(asked).map_err(|error| failed(asked.clone(), error.into()))?;
    *request.uri_mut() = url.clone();
    without_hops(request.headers_mut());
    let mut response = upstream.send.send(request).await.map_err(|error| failed(url, error))?;
    without_hops(response.headers_mut());
    Ok(response)
}

/// Sends a request that is to be recorded, and records the answer while it passes by.
#[cfg(feature = "cassette")]
pub(super) async fn record(
    live: crate::cassette::Live,
    upstream: &Upstreams,
    room: &Room,
) -> Served {
    let (mock, head, body) = (live.mock.clone(), live.head.clone(), live.body.clone());
    let provider = room.provider();
    let target = match upstream.routes.first(&provider) {
        _ if upstream.own_hosts => Target::at(&provider, &head.uri),
        Some(Step::Live(at)) => Some(upstream.routes.target(at).clone()),
        _ => None,
    };
    let Some(target) = target else {
        let reason = format!("there is no upstream for {provider} to record it from");
        return bad_gateway(&mock, Some(room), None, &head, &reason).map(MockBody::inner);
    };
    let target = &target;
    let (request, recorder) =
        live.send::<Full<Bytes>>(http::Version::HTTP_11, http::Extensions::new());
    let (asked, request) =
        (request.uri().clone(), request.map(|body| body.map_err(|never| match never {}).boxed()));
    let call = room.recognize(&head.as_head());
    let entry = Entry { mock: &mock, room: Some(room), call: call.as_ref(), head: &head, body };
    let tried = send(upstream, target, &asked, request).await.map(|response| {
        let (mut parts, body) = response.into_parts();
        let body = recorder.tape(&mut parts, body).boxed_unsync();
        Response::from_parts(parts, body)
    });
    entry.served(tried, target).map(MockBody::inner)
}

impl Entry<'_> {
    /// What the caller gets of what was tried.
    fn served(self, tried: Tried, target: &Target) -> Response<Other> {
        let answer = tried.unwrap_or_else(|failed| {
            bad_gateway(self.mock, self.room, self.call, self.head, &failed.why(target))
        });
        let watch = self.note(target, answer.status());
        watched(answer, watch)
    }
}

impl Failed {
    fn why(&self, target: &Target) -> String {
        let mut why = self.error.to_string();
        let mut source = self.error.source();
        while let Some(error) = source {
            let text = error.to_string();
            if !why.contains(&text) {
                why += &format!(": {text}");
            }
            source = error.source();
        }
        let url = &self.url;
        let scheme = url.scheme_str().unwrap_or("http");
        let url = format!("{scheme}://{}{}", target.host_and_port(), url.path());
        format!(
            "the provider `{}` could not be reached at {url}: {why}. Check its `base_url` and this \
             machine's way to it",
            target.name
        )
    }
}

/// That nobody could be reached, in the provider's own envelope, if its room is known.
fn bad_gateway(
    mock: &Mock,
    room: Option<&Room>,
    call: Option<&Call>,
    head: &RequestHead,
    reason: &str,
) -> Response<Other> {
    let Some(room) = room else {
        let kind = "tower_mock_llm_upstream";
        let response = refusal_because(StatusCode::BAD_GATEWAY, kind, reason, head);
        return response.map(whole);
    };
    let message = format!("tower-mock-llm: {reason}.");
    let error = ApiError::server().status(StatusCode::BAD_GATEWAY).message(message);
    mock.error(room, call, head, &error).map(Full::new).map(whole)
}
