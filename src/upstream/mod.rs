//! Where what is live goes: the providers, by name and URL, and the client that calls them.

#[cfg(feature = "upstream")]
mod client;
#[cfg(feature = "upstream")]
mod connect;
mod headers;
mod routes;
mod target;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use tower_service::Service;

#[cfg(feature = "upstream")]
pub use self::client::{Upstream, UpstreamResponse};
pub(crate) use self::headers::{without_hops, without_key, without_secrets};
pub(crate) use self::routes::{Routes, Step};
pub(crate) use self::target::Target;
use crate::error::BoxError;

/// The body of a request that a server passes on.
pub type UpstreamBody = BoxBody<Bytes, BoxError>;

/// The body of what is no answer of the mock.
pub(crate) type Other = UnsyncBoxBody<Bytes, BoxError>;

/// The response of an upstream on its way.
type Responding = Pin<Box<dyn Future<Output = Result<Response<Other>, BoxError>> + Send>>;

/// What sends requests to providers, and where they go.
pub(crate) struct Upstreams {
    pub(crate) routes: Routes,
    pub(crate) send: Box<dyn Send_>,
    /// Whether a request goes to the very host that it names, and to be recorded only: the connector's.
    pub(crate) own_hosts: bool,
}

impl fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstreams").field("routes", &self.routes).finish_non_exhaustive()
    }
}

/// A service that can be called by many at once, without its types.
pub(crate) trait Send_: Send + Sync {
    fn send(&self, request: Request<UpstreamBody>) -> Responding;

    fn boxed(&self) -> Box<dyn Send_>;
}

impl<S, B> Send_ for S
where
    S: Service<Request<UpstreamBody>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send(&self, request: Request<UpstreamBody>) -> Responding {
        Box::pin(oneshot(self.clone(), request))
    }

    fn boxed(&self) -> Box<dyn Send_> {
        Box::new(self.clone())
    }
}

/// Generic over the request, since the compiler cannot see otherwise that the future is `Send`.
async fn oneshot<S, R, B>(mut service: S, request: R) -> Result<Response<Other>, BoxError>
where
    S: Service<R, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    std::future::poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
    let response = service.call(request).await.map_err(Into::into)?;
    Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
}
