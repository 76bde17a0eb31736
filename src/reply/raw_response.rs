//! A response by hand.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

/// Any status, headers and body, said as they are: for what no vendor says, but proxies and
/// gateways do.
///
/// ```
/// use http::StatusCode;
/// use tower_mock_llm::{MockLlmLayer, Rule};
/// use tower_mock_llm::reply::RawResponse;
///
/// let page = RawResponse::nginx(StatusCode::BAD_GATEWAY);
/// assert!(page.body().starts_with(b"<html>\r\n<head><title>502 Bad Gateway</title></head>"));
/// let mock = MockLlmLayer::new().rule(Rule::always().respond_with(page));
/// # let _ = mock;
/// ```
#[derive(Clone, Debug)]
pub struct RawResponse(pub(crate) Box<Response<Bytes>>);

impl RawResponse {
    /// A response as it stands.
    pub fn new(response: Response<impl Into<Bytes>>) -> Self {
        Self(Box::new(response.map(Into::into)))
    }

    /// A page of HTML in place of JSON.
    pub fn html(status: StatusCode, page: impl Into<Bytes>) -> Self {
        let mut response = Self::empty(status);
        *response.0.body_mut() = page.into();
        let content_type = HeaderValue::from_static("text/html");
        response.0.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response
    }

    /// A status without a body: no `content-type` either.
    pub fn empty(status: StatusCode) -> Self {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        Self(Box::new(response))
    }

    /// The page that nginx sends for an error of its own: a gateway that cannot reach what is behind
    /// it (`502`, `503`, `504`), a body that is too large (`413`). As nginx 1.x builds it
    /// (`ngx_http_special_response.c`, without `server_tokens`).
    pub fn nginx(status: StatusCode) -> Self {
        let title = title(status, |status| match status.as_u16() {
            413 => Some("Request Entity Too Large"),
            503 => Some("Service Temporarily Unavailable"),
            504 => Some("Gateway Time-out"),
            _ => None,
        });
        Self::page(status, &title, "nginx")
    }

    /// The short page that Cloudflare sends when it cannot reach what is behind it (`502`, `504`,
    /// `520` to `524`), as the vendors' clients report it.
    pub fn cloudflare(status: StatusCode) -> Self {
        let title = title(status, |status| match status.as_u16() {
            503 => Some("Service Temporarily Unavailable"),
            504 => Some("Gateway Time-out"),
            520 => Some("Web server is returning an unknown error"),
            521 => Some("Web server is down"),
            522 => Some("Connection timed out"),
            523 => Some("Origin is unreachable"),
            524 => Some("A timeout occurred"),
            _ => None,
        });
        let mut response = Self::page(status, &title, "cloudflare");
        let headers = response.0.headers_mut();
        headers.insert("cf-ray", HeaderValue::from_static("9c4ecaeb5b9c2b57-LAX"));
        response
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        self.0.body()
    }

    /// A proxy's page, which Cloudflare has from nginx.
    fn page(status: StatusCode, title: &str, server: &'static str) -> Self {
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1>\
             </center>\r\n<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
        );
        let mut response = Self::html(status, page);
        response.0.headers_mut().insert(header::SERVER, HeaderValue::from_static(server));
        response
    }
}

/// `502 Bad Gateway`: the number, and the proxy's own words or the usual ones.
fn title(status: StatusCode, own: fn(StatusCode) -> Option<&'static str>) -> String {
    let words = own(status).or(status.canonical_reason()).unwrap_or("Error");
    format!("{} {words}", status.as_u16())
}

impl<B: Into<Bytes>> From<Response<B>> for RawResponse {
    fn from(response: Response<B>) -> Self {
        Self::new(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As every nginx of the last ten years sends it.
    #[test]
    fn nginx_sends_its_page() {
        let page = RawResponse::nginx(StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(
            page.body(),
            "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n\
             <center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>nginx</center>\r\n\
             </body>\r\n</html>\r\n"
        );
        assert_eq!(page.0.headers()["content-type"], "text/html");
    }

    #[test]
    fn a_status_without_a_name_has_a_page_too() {
        let odd = StatusCode::from_u16(599).unwrap();
        assert!(RawResponse::cloudflare(odd).body().starts_with(b"<html>\r\n<head><title>599 "));
        assert!(RawResponse::empty(odd).body().is_empty());
    }
}
