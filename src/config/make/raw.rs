//! Responses by hand, made of what was written.

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::{bytes, only, status};
use crate::config::de::At;
use crate::config::fault::Fault;
use crate::config::words::Json;
use crate::config::words::answer::{ProxyName, RawMap};
use crate::reply::RawResponse;

pub(super) fn raw(written: &RawMap) -> Result<RawResponse, Fault> {
    let RawMap { status: number, headers, body, json, html, base64, page_of } = written;
    let status = match number {
        None => StatusCode::OK,
        Some(number) => status(number).map_err(|fault| fault.under("status"))?,
    };
    let bytes = match base64 {
        None => None,
        Some(text) => Some(bytes(text).map_err(|fault| fault.under("base64"))?),
    };
    let content = |text: &String| text.clone().into_bytes();
    let bodies = [
        ("body", body.as_ref().map(content)),
        ("json", json.as_ref().map(|Json(text)| content(text))),
        ("html", html.as_ref().map(content)),
        ("base64", bytes),
        ("page_of", page_of.map(|_| Vec::new())),
    ];
    let response = if bodies.iter().all(|(_, body)| body.is_none()) {
        RawResponse::empty(status)
    } else {
        let (key, body) = only(bodies)?;
        match (key, page_of) {
            (_, Some(ProxyName::Cloudflare)) => RawResponse::cloudflare(status),
            (_, Some(ProxyName::Nginx)) => RawResponse::nginx(status),
            ("html", _) => RawResponse::html(status, body),
            (key, None) => {
                let mut response = Response::new(body);
                *response.status_mut() = status;
                if key == "json" {
                    let json = HeaderValue::from_static("application/json");
                    response.headers_mut().insert(CONTENT_TYPE, json);
                }
                RawResponse::new(response)
            }
        }
    };
    let mut response = *response.0;
    for (name, At { place, value }) in &headers.0 {
        let wrong = |why: String| Fault::new(why).at(name.place).under("headers");
        let header: HeaderName = name
            .value
            .parse()
            .map_err(|_| wrong(format!("`{}` is no name of a header", name.value)))?;
        let value = HeaderValue::from_str(value).map_err(|_| {
            let fault = Fault::new("this cannot be the value of a header");
            fault.at(*place).under(&name.value).under("headers")
        })?;
        // One by hand goes before the page's own.
        response.headers_mut().insert(header, value);
    }
    Ok(RawResponse::new(response))
}
