//! What a server answers about itself, beside the providers' APIs.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::admin::Admin;
pub(crate) use crate::upstream::Other;

/// The answer to a request that is no LLM call.
pub(crate) type OtherFuture = Pin<Box<dyn Future<Output = Response<Other>> + Send>>;

/// Whether a request is for the server itself: it is never claimed, nor passed on.
pub(super) fn is_for_the_server(path: &str) -> bool {
    match path.as_bytes() {
        [b'/', b'_', ..] => path == "/__mock" || path.starts_with("/__mock/"),
        [b'/', b'h', ..] => path == "/health",
        [b'/', b'm', ..] => path == "/metrics",
        _ => false,
    }
}

/// Answers it.
pub(super) fn admin(admin: &Arc<Admin>, request: Request<Incoming>) -> OtherFuture {
    Box::pin(Arc::clone(admin).answer(request))
}

/// A body that is there at once.
pub(crate) fn whole(body: http_body_util::Full<Bytes>) -> Other {
    body.map_err(|never| match never {}).boxed_unsync()
}
