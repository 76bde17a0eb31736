//! `MockLlmLayer` as a middleware of reqwest-middleware.
//!
//! Added after a retry middleware it stands inside it, and sees every attempt.

use std::future::poll_fn;
use std::pin::pin;

use http::Extensions;

use super::reqwest::claim;
use crate::claim::Claim;
use crate::future::Outcome;
use crate::layer::MockLlmLayer;

macro_rules! middleware {
    ($feature:literal, $version:ident, $reqwest:ident, $middleware:ident, $error:ident) => {
        #[cfg(feature = $feature)]
        const _: () = {
            #[cfg(feature = "cassette")]
            use super::reqwest::$version::joined;
            use ::$middleware::{Middleware, Next, Result};
            #[cfg(feature = "cassette")]
            use ::$reqwest::Body;
            use ::$reqwest::{Request, Response};

            use super::reqwest::$version::{answering, response};
            use super::unreachable::$error;

            #[async_trait::async_trait]
            impl Middleware for MockLlmLayer {
                async fn handle(
                    &self,
                    request: Request,
                    extensions: &mut Extensions,
                    next: Next<'_>,
                ) -> Result<Response> {
                    let (method, url) = (request.method(), request.url());
                    match claim(self.mock(), method, url, request.headers()) {
                        Claim::Forward => next.run(request, extensions).await,
                        claim => {
                            // Nobody says when a middleware starts.
                            self.mock().refuse_forbidden();
                            let url = url.clone();
                            #[cfg(feature = "cassette")]
                            let (version, timeout) =
                                (request.version(), request.timeout().copied());
                            let mut answering = pin!(answering(&self.recorder(), claim, request));
                            match poll_fn(|cx| answering.as_mut().poll_outcome(cx)).await {
                                Outcome::Play(answer) => Ok(response(answer, url)),
                                #[cfg(feature = "cassette")]
                                Outcome::Record(live) => {
                                    let (live, recorder) =
                                        live.send::<Body>(version, Extensions::new());
                                    let mut live = Request::try_from(live)?;
                                    *live.timeout_mut() = timeout;
                                    let answer = next.run(live, extensions).await?;
                                    // A redirect may have led elsewhere.
                                    let url = answer.url().clone();
                                    let answer = http::Response::<Body>::from(answer);
                                    let (mut parts, body) = answer.into_parts();
                                    let body = Body::wrap(recorder.tape(&mut parts, body));
                                    Ok(joined(parts, body, url))
                                }
                                Outcome::Lost(lost) => match $error(lost.how, url.clone()).await {
                                    Some(error) => Err(error.into()),
                                    None => Ok(response(lost.instead, url)),
                                },
                            }
                        }
                    }
                }
            }
        };
    };
}

middleware!("reqwest-middleware-0_4", v0_12, reqwest12, reqwest_middleware04, error_0_12);
middleware!("reqwest-middleware-0_5", v0_13, reqwest, reqwest_middleware, error_0_13);
