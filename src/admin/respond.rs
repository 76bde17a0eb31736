//! How the admin says things.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;

use super::ROUTES;
use crate::server::{Other, whole};

/// Why a request is not answered.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    /// For `405`.
    allow: Option<&'static str>,
    routes: bool,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorDetail<'a>,
}

#[derive(Serialize)]
struct ErrorDetail<'a> {
    message: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    routes: &'a [&'static str],
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), allow: None, routes: false }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn into_response(self) -> Response<Other> {
        let routes = if self.routes { &ROUTES[..] } else { &[] };
        let error = ErrorDetail { message: &self.message, r#type: "tower_mock_llm_admin", routes };
        let mut response = json(self.status, &ErrorBody { error });
        if let Some(allow) = self.allow {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let how = HeaderValue::from_static("Bearer realm=\"mock-llm admin\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
        }
        response
    }
}

pub(super) fn not_found(path: &str) -> Result<Response<Other>, Refusal> {
    let message = format!("there is nothing at {path}; there is what `routes` says");
    Err(Refusal { routes: true, ..Refusal::new(StatusCode::NOT_FOUND, message) })
}

pub(super) fn wrong_method(allow: &'static str) -> Result<Response<Other>, Refusal> {
    let message = format!("this takes {allow}");
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message);
    Err(Refusal { allow: Some(allow), ..refusal })
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response<Other> {
    // It has no maps with other keys than strings, which is all that could fail.
    let mut body = serde_json::to_vec(body).unwrap_or_default();
    body.push(b'\n');
    let mut response = text("application/json", body);
    *response.status_mut() = status;
    response
}

pub(super) fn text(media_type: &'static str, body: impl Into<Bytes>) -> Response<Other> {
    of_type(media_type, whole(Full::new(body.into())))
}

pub(super) fn of_type(media_type: &'static str, body: Other) -> Response<Other> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
