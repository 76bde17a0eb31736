//! The layer that records: what has no answer goes to the inner service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Extensions, Request, Response, Version};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::recorder::{Recorder, Taped};
use crate::body::MockBody;
use crate::claim::Claim;
use crate::error::BoxError;
use crate::future::{Answering, Collected, Outcome};
use crate::layer::MockLlmLayer;
use crate::mock::{Body as ReadBody, Mock};
use crate::provider::{Call, Room};
use crate::request::{Head, RequestHead};

/// A [`MockLlmLayer`] whose cassette can record. Made by [`MockLlmLayer::recording`].
#[derive(Clone, Debug)]
pub struct RecordingLayer {
    mock: Mock,
}

impl MockLlmLayer {
    /// The layer that records what its [cassette](Self::cassette) is missing, when the cassette's mode
    /// says so: then such requests go on to the inner service, and their answers are recorded while
    /// they are read. In the other modes it does what this layer does.
    ///
    /// It is a type of its own since it asks more of a stack: an inner service that can be cloned, and
    /// bodies of requests that can be made from bytes (`reqwest::Body`, `Full<Bytes>`,
    /// `axum::body::Body`); or reqwest's own requests. As a middleware of reqwest-middleware, the plain
    /// layer records.
    ///
    /// ```no_run
    /// # type Client = tower_mock_llm::Reject;
    /// use tower_layer::Layer;
    /// use tower_mock_llm::MockLlmLayer;
    /// use tower_mock_llm::cassette::Cassette;
    ///
    /// // MOCK_LLM=replay, record_missing, record_all or off
    /// let cassette = Cassette::open("tests/cassettes/weather.jsonl")?;
    /// let layer = MockLlmLayer::from_env()?.cassette(cassette).recording();
    /// let stack = layer.layer(Client::default());
    /// # let _ = stack;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    pub fn recording(self) -> RecordingLayer {
        RecordingLayer { mock: self.recorder() }
    }
}

impl<S> Layer<S> for RecordingLayer {
    type Service = Recording<S>;

    /// # Panics
    ///
    /// If the mock is on where `MOCK_LLM_FORBID` forbids it.
    #[track_caller]
    fn layer(&self, inner: S) -> Recording<S> {
        self.mock.refuse_forbidden();
        Recording { inner, mock: self.mock.clone() }
    }
}

/// A service with a mock before it that records. Made by [`RecordingLayer`].
#[derive(Clone, Debug)]
pub struct Recording<S> {
    pub(crate) inner: S,
    pub(crate) mock: Mock,
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for Recording<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>> + Clone,
    ReqB: Body + From<Bytes>,
    ReqB::Error: Into<BoxError>,
    ResB: Body,
{
    type Response = Response<MockBody<Taped<ResB>>>;
    type Error = S::Error;
    type Future = RecordingFuture<S, S::Future, ReqB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let state = match self.mock.claim(&Head::of(&request)) {
            Claim::Forward => State::Forward { future: self.inner.call(request) },
            claim => {
                let (mut parts, body) = request.into_parts();
                let version = parts.version;
                let extensions = std::mem::take(&mut parts.extensions);
                let head = RequestHead::from(parts);
                // The one that is ready goes along.
                let clone = self.inner.clone();
                let inner = std::mem::replace(&mut self.inner, clone);
                match claim {
                    Claim::Answer(room, call) if self.mock.settings.live_by_body().is_some() => {
                        let reading = Reading { mock: self.mock.clone(), room, call, head };
                        let collected = Collected::new(self.mock.settings.max_body);
                        let (reading, inner) = (Some(reading), Some(inner));
                        State::Read { body, collected, reading, inner, version, extensions }
                    }
                    claim => {
                        let answering = Answering::new(self.mock.clone(), claim, head, body);
                        State::Answer { answering: Box::pin(answering), inner, version, extensions }
                    }
                }
            }
        };
        RecordingFuture { state }
    }
}

pin_project! {
    /// The future of [`Recording`].
    pub struct RecordingFuture<S, F, B> {
        #[pin]
        state: State<S, F, B>,
    }
}

/// A request of which the body says where it goes.
struct Reading {
    mock: Mock,
    room: Room,
    call: Call,
    head: RequestHead,
}

impl Reading {
    /// The request again, if it goes to the provider, or else what answers it.
    fn decide<B: From<Bytes>>(self, body: ReadBody) -> Result<Request<B>, Pin<Box<Answering<B>>>> {
        let Self { mock, room, call, head } = self;
        let goes_live = |body: &Bytes| {
            let lenient = mock.settings.lenient;
            let request = room.parse(call.clone(), &head.as_head().judged(lenient), body).ok()?;
            mock.settings.live_by_body().map(|live| live.matches(&request))
        };
        match body {
            Ok(body) if goes_live(&body) == Some(true) => {
                let mut request = Request::new(B::from(body));
                *request.method_mut() = head.method;
                *request.uri_mut() = head.uri;
                *request.headers_mut() = head.headers;
                Ok(request)
            }
            body => Err(Box::pin(Answering::read(&mock, Claim::Answer(room, call), head, body))),
        }
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, F, B> {
        Read {
            #[pin]
            body: B,
            collected: Collected,
            reading: Option<Reading>,
            inner: Option<S>,
            version: Version,
            extensions: Extensions,
        },
        Answer {
            answering: Pin<Box<Answering<B>>>,
            inner: S,
            version: Version,
            extensions: Extensions,
        },
        Forward { #[pin] future: F },
        Live { #[pin] future: F, recorder: Option<Recorder> },
    }
}

impl<S, F, B> fmt::Debug for RecordingFuture<S, F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingFuture").finish_non_exhaustive()
    }
}

impl<S, B, ResB> Future for RecordingFuture<S, S::Future, B>
where
    S: Service<Request<B>, Response = Response<ResB>>,
    B: Body + From<Bytes>,
    B::Error: Into<BoxError>,
    ResB: Body,
{
    type Output = Result<Response<MockBody<Taped<ResB>>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let live = match this.state.as_mut().project() {
                StateProj::Read { body, collected, reading, inner, version, extensions } => {
                    let body = ready!(collected.poll(body, cx));
                    let reading = reading.take().expect("polled after completion");
                    let (version, extensions) = (*version, std::mem::take(extensions));
                    match reading.decide(body) {
                        Ok(mut request) => {
                            *request.version_mut() = version;
                            *request.extensions_mut() = extensions;
                            let inner = inner.as_mut().expect("polled after completion");
                            State::Forward { future: inner.call(request) }
                        }
                        Err(answering) => {
                            let inner = inner.take().expect("polled after completion");
                            State::Answer { answering, inner, version, extensions }
                        }
                    }
                }
                StateProj::Answer { answering, inner, version, extensions } => {
                    match ready!(answering.as_mut().poll_outcome(cx)) {
                        // The error is the inner service's, so there is none of ours.
                        Outcome::Lost(lost) => {
                            return Poll::Ready(Ok(lost.instead.map(MockBody::mock)));
                        }
                        Outcome::Play(response) => {
                            return Poll::Ready(Ok(response.map(MockBody::mock)));
                        }
                        Outcome::Record(live) => {
                            let (request, recorder) =
                                live.send(*version, std::mem::take(extensions));
                            State::Live { future: inner.call(request), recorder: Some(recorder) }
                        }
                    }
                }
                StateProj::Forward { future } => {
                    let response = ready!(future.poll(cx))?;
                    return Poll::Ready(Ok(response.map(Taped::untaped).map(MockBody::inner)));
                }
                StateProj::Live { future, recorder } => {
                    let (mut parts, body) = ready!(future.poll(cx))?.into_parts();
                    let recorder = recorder.take().expect("polled after completion");
                    let body = MockBody::inner(recorder.tape(&mut parts, body));
                    return Poll::Ready(Ok(Response::from_parts(parts, body)));
                }
            };
            this.state.set(live);
        }
    }
}
