//! Browsers that call from a page of another origin: the Fetch standard's CORS
//! (<https://fetch.spec.whatwg.org/#http-cors-protocol>, read 2026-11-21).

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};

const ANY: HeaderValue = HeaderValue::from_static("*");

/// The answer to a browser that asks whether it may call.
pub(super) fn preflight<B>(request: &Request<B>) -> Option<Response<()>> {
    let asked = request.headers();
    let method = asked.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    if request.method() != Method::OPTIONS || !asked.contains_key(ORIGIN) {
        return None;
    }
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
    // `*` would not stand for `Authorization`.
    if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    headers.insert(VARY, HeaderValue::from_static("access-control-request-headers"));
    // A page of the network that calls this machine.
    const PRIVATE: HeaderName = HeaderName::from_static("access-control-request-private-network");
    if asked.contains_key(PRIVATE) {
        const ALLOWED: HeaderName = HeaderName::from_static("access-control-allow-private-network");
        headers.insert(ALLOWED, HeaderValue::from_static("true"));
    }
    Some(response)
}

/// Lets a page read an answer.
pub(super) fn allow(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, ANY);
}
