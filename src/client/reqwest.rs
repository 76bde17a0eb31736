//! reqwest's own requests: a tower stack over a `reqwest::Client`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use http_body_util::Full;
use pin_project_lite::pin_project;
use tower_service::Service;

#[cfg(feature = "reqwest-0_13")]
use ::reqwest::Url;
#[cfg(not(feature = "reqwest-0_13"))]
use ::reqwest12::Url;

use crate::body::MockBody;
use crate::claim::Claim;
use crate::future::Answering;
use crate::mock::Mock;
use crate::request::{Head, RequestHead};
use crate::service::MockLlm;

pin_project! {
    /// The future of [`MockLlm`] over a `reqwest::Client`: the client's own, or an answer being
    /// made.
    ///
    /// ```
    /// # #[cfg(feature = "reqwest-0_13")] {
    /// use tower_layer::Layer;
    /// use tower_mock_llm::MockLlmLayer;
    /// use tower_service::Service;
    ///
    /// let mut stack = MockLlmLayer::new().layer(reqwest::Client::new());
    /// let url = "https://api.openai.com/v1/chat/completions".parse().unwrap();
    /// let answer = stack.call(reqwest::Request::new(reqwest::Method::POST, url));
    /// # let _ = answer;
    /// # }
    /// ```
    pub struct ReqwestFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        Answer { #[pin] answering: Answering<B>, url: Option<Url> },
        Forward { #[pin] future: F },
    }
}

impl<F, B> fmt::Debug for ReqwestFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestFuture").finish_non_exhaustive()
    }
}

/// What of a request is looked at, borrowed, to decide whether it is claimed.
pub(super) fn claim(mock: &Mock, method: &Method, url: &Url, headers: &HeaderMap) -> Claim {
    mock.claim(&Head::new(method, url.host_str(), url.path(), url.query(), headers))
}

pub(super) fn head(method: Method, url: &Url, headers: HeaderMap) -> RequestHead {
    RequestHead {
        method,
        // A URL that is no URI fails in the client; here it must not leave, so it has a path.
        uri: Uri::try_from(url.as_str()).unwrap_or_default(),
        headers,
    }
}

macro_rules! adapt {
    ($feature:literal, $name:ident, $reqwest:ident) => {
        #[cfg(feature = $feature)]
        pub(super) mod $name {
            use ::$reqwest::{Body, Request, Response, ResponseBuilderExt};

            use super::*;
            use crate::delivery::Player;

            /// The answer to a request that is claimed, still to be made.
            pub(crate) fn answering(
                mock: &Mock,
                claim: Claim,
                mut request: Request,
            ) -> Answering<Body> {
                let headers = std::mem::take(request.headers_mut());
                let head = head(request.method().clone(), request.url(), headers);
                let body = request.body_mut().take().unwrap_or_default();
                Answering::new(mock.clone(), claim, head, body)
            }

            /// The answer as reqwest's, which says that it came from `url`.
            pub(crate) fn response(answer: http::Response<Player>, url: Url) -> Response {
                let (parts, player) = answer.into_parts();
                joined(parts, Body::wrap(MockBody::<Full<Bytes>>::mock(player)), url)
            }

            /// A response of reqwest's, which says that it came from `url`.
            pub(crate) fn joined(
                mut parts: http::response::Parts,
                body: Body,
                url: Url,
            ) -> Response {
                if let Ok(with_url) = http::Response::builder().url(url).body(()) {
                    parts.extensions.extend(with_url.into_parts().0.extensions);
                }
                http::Response::from_parts(parts, body).into()
            }

            impl<S> Service<Request> for MockLlm<S>
            where
                S: Service<Request, Response = Response>,
            {
                type Response = Response;
                type Error = S::Error;
                type Future = ReqwestFuture<S::Future, Body>;

                fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
                    self.inner.poll_ready(cx)
                }

                fn call(&mut self, request: Request) -> Self::Future {
                    let (method, url) = (request.method(), request.url());
                    let claim = claim(&self.mock, method, url, request.headers());
                    let state = match claim {
                        Claim::Forward => State::Forward { future: self.inner.call(request) },
                        claim => State::Answer {
                            url: Some(url.clone()),
                            answering: answering(&self.mock, claim, request),
                        },
                    };
                    ReqwestFuture { state }
                }
            }

            impl<F, E> Future for ReqwestFuture<F, Body>
            where
                F: Future<Output = Result<Response, E>>,
            {
                type Output = Result<Response, E>;

                fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                    match self.project().state.project() {
                        StateProj::Answer { answering, url } => {
                            // The error is the inner service's, so there is none of ours.
                            let answer = ready!(answering.poll(cx));
                            let answer = answer.unwrap_or_else(|lost| lost.instead);
                            let url = url.take().expect("polled after completion");
                            Poll::Ready(Ok(response(answer, url)))
                        }
                        StateProj::Forward { future } => future.poll(cx),
                    }
                }
            }
        }
    };
}

adapt!("reqwest-0_12", v0_12, reqwest12);
adapt!("reqwest-0_13", v0_13, reqwest);
