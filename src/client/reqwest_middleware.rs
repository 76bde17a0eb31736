//! `MockLlmLayer` as a middleware of reqwest-middleware.
//!
//! Added after a retry middleware it stands inside it, and sees every attempt.

use http::Extensions;

use super::reqwest::claim;
use crate::claim::Claim;
use crate::layer::MockLlmLayer;

macro_rules! middleware {
    ($feature:literal, $version:ident, $reqwest:ident, $middleware:ident, $error:ident) => {
        #[cfg(feature = $feature)]
        const _: () = {
            use ::$middleware::{Middleware, Next, Result};
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
                            match answering(self.mock(), claim, request).await {
                                Ok(answer) => Ok(response(answer, url)),
                                Err(lost) => match $error(lost.how, url.clone()).await {
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
