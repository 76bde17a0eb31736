//! The service: looks at the head, then answers or steps aside.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use crate::body::MockBody;
use crate::claim::{Claim, Mode};
use crate::error::BoxError;
use crate::future::{Answering, ResponseFuture};
use crate::mock::Mock;
use crate::request::{Head, RequestHead, host_of};

/// A service with the mock before it. Made by [`MockLlmLayer`](crate::MockLlmLayer).
#[derive(Clone, Debug)]
pub struct MockLlm<S> {
    pub(crate) inner: S,
    pub(crate) mock: Mock,
}

impl<S> MockLlm<S> {
    pub(crate) fn new(inner: S, mock: Mock) -> Self {
        Self { inner, mock }
    }

    #[inline(never)]
    fn answer<F, B>(&self, claim: Claim, request: Request<B>) -> ResponseFuture<F, B> {
        let (parts, body) = request.into_parts();
        let head = RequestHead::from(parts);
        ResponseFuture::answer(Answering::new(self.mock.clone(), claim, head, body))
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for MockLlm<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    ReqB: Body,
    ReqB::Error: Into<BoxError>,
{
    type Response = Response<MockBody<ResB>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ReqB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    // Small enough to become a part of its caller, so that what passes is not moved once more.
    #[inline]
    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        if self.mock.mode() == Mode::Off {
            return ResponseFuture::forward(self.inner.call(request));
        }
        let host = host_of(&request);
        if self.mock.settings.claims.passes(host) {
            return ResponseFuture::forward(self.inner.call(request));
        }
        match self.mock.claim(&Head::at(host, &request)) {
            Claim::Forward => ResponseFuture::forward(self.inner.call(request)),
            claim => self.answer(claim, request),
        }
    }
}

/// The end of a stack that has no client: it refuses every request, so that nothing leaves.
///
/// ```
/// use tower_mock_llm::{MockLlmLayer, Reject};
/// use tower_layer::Layer;
///
/// let stack = MockLlmLayer::new().layer(Reject::new());
/// # let _ = stack;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Reject(());

impl Reject {
    /// A service that refuses everything with `501` and a message that names the request.
    pub fn new() -> Self {
        Self(())
    }
}

impl<B> Service<Request<B>> for Reject {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let head = RequestHead {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        };
        ready(Ok(refusal(&head)))
    }
}

/// The answer to a request that no provider's endpoint and no inner service takes.
pub(crate) fn refusal(head: &RequestHead) -> Response<Full<Bytes>> {
    refusal_because(
        StatusCode::NOT_IMPLEMENTED,
        "tower_mock_llm_unmatched",
        "no built-in provider has this endpoint, and there is nothing behind the mock. Check the \
         base URL and the path",
        head,
    )
}

/// The answer to a request that nothing takes, for this reason.
pub(crate) fn refusal_because(
    status: StatusCode,
    kind: &str,
    reason: &str,
    head: &RequestHead,
) -> Response<Full<Bytes>> {
    let message = format!(
        "tower-mock-llm has no answer for {} {}: {reason}.",
        head.method,
        head.url_for_messages(),
    );
    let body = serde_json::json!({"error": {"message": message, "type": kind}});
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    // The vendors' SDKs try a 5xx again unless they are told not to.
    let never = http::HeaderValue::from_static("false");
    response.headers_mut().insert("x-should-retry", never);
    response
}
