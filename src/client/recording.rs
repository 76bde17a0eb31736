//! What records, as a service of reqwest's own requests.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

use http::Extensions;
use tower_service::Service;

use super::BoxFuture;
use super::reqwest::claim;
use crate::cassette::Recording;
use crate::claim::Claim;
use crate::future::Outcome;

macro_rules! record {
    ($feature:literal, $version:ident, $reqwest:ident) => {
        #[cfg(feature = $feature)]
        const _: () = {
            use ::$reqwest::{Body, Request, Response};

            use super::reqwest::$version::{answering, joined, response};

            impl<S> Service<Request> for Recording<S>
            where
                S: Service<Request, Response = Response> + Clone + Send + 'static,
                S::Future: Send + 'static,
            {
                type Response = Response;
                type Error = S::Error;
                type Future = BoxFuture<Result<Response, S::Error>>;

                fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
                    self.inner.poll_ready(cx)
                }

                fn call(&mut self, request: Request) -> Self::Future {
                    let (method, url) = (request.method(), request.url());
                    let claim = match claim(&self.mock, method, url, request.headers()) {
                        Claim::Forward => return Box::pin(self.inner.call(request)),
                        claim => claim,
                    };
                    let (url, version) = (url.clone(), request.version());
                    let timeout = request.timeout().copied();
                    let answering = answering(&self.mock, claim, request);
                    // The one that is ready goes along.
                    let clone = self.inner.clone();
                    let mut inner = std::mem::replace(&mut self.inner, clone);
                    Box::pin(async move {
                        let mut answering = pin!(answering);
                        let live = match poll_fn(|cx| answering.as_mut().poll_outcome(cx)).await {
                            Outcome::Play(answer) => return Ok(response(answer, url)),
                            // The error is the inner service's, so there is none of ours.
                            Outcome::Lost(lost) => return Ok(response(lost.instead, url)),
                            Outcome::Record(live) => live,
                        };
                        let (live, recorder) = live.send::<Body>(version, Extensions::new());
                        let (parts, body) = live.into_parts();
                        let mut request = Request::new(parts.method, url);
                        *request.headers_mut() = parts.headers;
                        *request.version_mut() = version;
                        *request.timeout_mut() = timeout;
                        *request.body_mut() = Some(body);
                        let answer = inner.call(request).await?;
                        // A redirect may have led elsewhere.
                        let url = answer.url().clone();
                        let (mut parts, body) = http::Response::<Body>::from(answer).into_parts();
                        let body = Body::wrap(recorder.tape(&mut parts, body));
                        Ok(joined(parts, body, url))
                    })
                }
            }
        };
    };
}

record!("reqwest-0_12", v0_12, reqwest12);
record!("reqwest-0_13", v0_13, reqwest);
