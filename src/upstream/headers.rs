//! Headers that do not go from one side to the other.

use http::Uri;
use http::header::{
    AUTHORIZATION, CONNECTION, COOKIE, EXPECT, HOST, HeaderMap, HeaderName, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

/// What concerns one connection only (RFC 9110, section 7.6.1), the mock's own `x-mock-llm-...`, and, of
/// a request, what the next connection has its own of.
pub(crate) fn without_hops(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let own = headers.keys().filter(|name| name.as_str().starts_with("x-mock-llm")).cloned();
    let own: Vec<HeaderName> = own.collect();
    for name in listed.iter().chain(&own) {
        headers.remove(name);
    }
    const HOPS: [HeaderName; 9] = [
        CONNECTION,
        EXPECT,
        HOST,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    for name in &HOPS {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection"] {
        headers.remove(name);
    }
}

/// Takes away what says who asks.
pub(crate) fn without_secrets(headers: &mut HeaderMap) {
    for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
        headers.remove(name);
    }
    for name in ["x-api-key", "api-key", "x-goog-api-key"] {
        headers.remove(name);
    }
}

/// Takes the key out of a query.
pub(crate) fn without_key(uri: &Uri) -> Uri {
    let Some(query) = uri.query() else { return uri.clone() };
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("key=")).collect();
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    format!("{}{query}", uri.path()).parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_one_connection_stays_there() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-Private"),
            ("connection", "close"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("host", "127.0.0.1:4100"),
            ("x-mock-llm-pace", "instant"),
            ("authorization", "Bearer sk-live"),
            ("x-stainless-lang", "python"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        without_hops(&mut headers);
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["authorization", "x-stainless-lang"]);
        without_secrets(&mut headers);
        assert_eq!(headers.len(), 1);
        assert_eq!(without_key(&"/v1/m?key=secret&alt=sse".parse().unwrap()), "/v1/m?alt=sse");
        assert_eq!(without_key(&"/v1/m?key=secret".parse().unwrap()), "/v1/m");
    }
}
