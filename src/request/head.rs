//! What may be looked at before a body is read.

use http::{HeaderMap, HeaderValue, Method, header};

/// The head of a request: all that decides whether it is claimed. Borrowed from any kind of
/// request; looking at it allocates nothing.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The host without port and without a dot at its end, from the URL or else the `Host` header.
    pub host: Option<&'a str>,
    /// The path, as it was encoded.
    pub path: &'a str,
    /// The query, without `?`.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// See [`is_lenient`](Self::is_lenient).
    lenient: bool,
}

impl<'a> Head<'a> {
    /// A head from its parts. `authority` is the URL's, and goes before the `Host` header.
    pub fn new(
        method: &'a Method,
        authority: Option<&'a str>,
        path: &'a str,
        query: Option<&'a str>,
        headers: &'a HeaderMap,
    ) -> Self {
        Self { method, host: host(authority, headers), path, query, headers, lenient: false }
    }

    /// The head of an `http` request.
    pub fn of<B>(request: &'a http::Request<B>) -> Self {
        Self::at(host_of(request), request)
    }

    /// The head of a request of which the host is known already.
    pub(crate) fn at<B>(host: Option<&'a str>, request: &'a http::Request<B>) -> Self {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        Self { method, host, path: uri.path(), query: uri.query(), headers, lenient: false }
    }

    /// The API key: `Authorization: Bearer`, `x-api-key`, `api-key`, `x-goog-api-key`, or the
    /// query's `key`. An empty one counts as none.
    pub fn api_key(&self) -> Option<&'a str> {
        api_key(self.headers, self.query)
    }

    /// The same head, to be judged so.
    pub(crate) fn judged(mut self, lenient: bool) -> Self {
        self.lenient = lenient;
        self
    }

    /// Whether the request is judged leniently: a room fills in what is missing, and leaves alone
    /// what is unknown, where the vendor would refuse. See
    /// [`Validation::Lenient`](crate::Validation::Lenient).
    pub fn is_lenient(&self) -> bool {
        self.lenient
    }

    /// Whether it must be refused for want of an API key.
    pub(crate) fn lacks_key(&self) -> bool {
        !self.lenient && !has_bearer(self.headers) && self.api_key().is_none()
    }

    /// A header's value, when it is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The value of a parameter of the query, as it was encoded.
    pub fn query_param(&self, name: &str) -> Option<&'a str> {
        query_param(self.query, name)
    }

    /// Whether the host is this machine (or there is none, as in a request to a router).
    pub fn is_local(&self) -> bool {
        is_local(self.host)
    }
}

/// The host of an `http` request, which is all that most requests are looked at for.
pub(crate) fn host_of<B>(request: &http::Request<B>) -> Option<&str> {
    host(request.uri().authority().map(http::uri::Authority::as_str), request.headers())
}

fn host<'a>(authority: Option<&'a str>, headers: &'a HeaderMap) -> Option<&'a str> {
    let of_header = || headers.get(header::HOST).and_then(|value| value.to_str().ok());
    authority.or_else(of_header).map(|authority| without_root(without_port(authority)))
}

/// `api.openai.com.` is what `api.openai.com` is: the dot says that no domain is to be tried behind it.
pub(crate) fn without_root(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// Whether both name the same host, however they are spelled.
pub(crate) fn is_same_host(one: &str, other: &str) -> bool {
    without_root(one).eq_ignore_ascii_case(without_root(other))
}

/// See [`Head::is_local`].
pub(crate) fn is_local(host: Option<&str>) -> bool {
    let Some(host) = host else { return true };
    // Nearly every other host ends here.
    if !matches!(host.as_bytes(), [b'0'..=b'9' | b'[' | b':', ..] | [.., b't' | b'T']) {
        return false;
    }
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || host.rsplit_once('.').is_some_and(|(_, tld)| tld.eq_ignore_ascii_case("localhost"))
        || (host.as_bytes().first().is_some_and(|b| b.is_ascii_digit() || *b == b':')
            && host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}

/// Whether there is a bearer token beyond doubt: nearly always, and told faster than which it is.
fn has_bearer(headers: &HeaderMap) -> bool {
    let value = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let token = value.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
    // No early end, so that many bytes are looked at at once.
    !token.is_empty() && token.iter().fold(true, |all, byte| all & byte.is_ascii_graphic())
}

/// See [`Head::api_key`].
pub(super) fn api_key<'a>(headers: &'a HeaderMap, query: Option<&'a str>) -> Option<&'a str> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let named = || {
        ["x-api-key", "api-key", "x-goog-api-key"]
            .iter()
            .find_map(|name| headers.get(*name)?.to_str().ok())
    };
    bearer
        .filter(|key| !key.is_empty())
        .or_else(named)
        .or_else(|| query_param(query, "key"))
        .filter(|key| !key.is_empty())
}

fn query_param<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    query?.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    })
}

/// The host in `user@host:port`: byte by byte, since every request passes here, ours or not.
fn without_port(authority: &str) -> &str {
    let bytes = authority.as_bytes();
    // Nearly all have nothing but a host; no early end, so that many bytes are looked at at once.
    if !bytes.iter().fold(false, |found, byte| found | matches!(byte, b'@' | b':' | b'[')) {
        return authority;
    }
    let (mut start, mut end, mut in_brackets) = (0, bytes.len(), false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'@' => (start, end) = (at + 1, bytes.len()),
            b'[' => in_brackets = true,
            b']' => in_brackets = false,
            b':' if !in_brackets => end = end.min(at),
            _ => {}
        }
    }
    authority.get(start..end).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(host: &str) -> (HeaderMap, Method) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        (headers, Method::GET)
    }

    #[test]
    fn hosts_of_this_machine() {
        for (host, local) in [
            ("localhost:8080", true),
            ("app.LOCALHOST", true),
            ("127.0.0.1:1", true),
            ("127.9.9.9", true),
            ("[::1]:9", true),
            ("api.openai.com", false),
            ("localhost.example.com", false),
            ("user:word@127.0.0.1:80", true),
            ("::", false),
            ("10.0.0.1", false),
            ("127.0.0.1.example.com", false),
            ("localhost.:80", true),
        ] {
            let (headers, method) = head(host);
            assert_eq!(Head::new(&method, None, "/", None, &headers).is_local(), local, "{host}");
        }
        assert!(Head::new(&Method::GET, None, "/", None, &HeaderMap::new()).is_local());
    }

    #[test]
    fn the_urls_host_goes_before_the_header() {
        let (headers, method) = head("a.example:1");
        let named = Head::new(&method, Some("b.example:2"), "/", None, &headers);
        assert_eq!(named.host, Some("b.example"));
        assert_eq!(Head::new(&method, None, "/", None, &headers).host, Some("a.example"));
        let rooted = Head::new(&method, Some("api.openai.com.:443"), "/", None, &headers);
        assert_eq!(rooted.host, Some("api.openai.com"));
    }

    #[test]
    fn keys_are_found_where_vendors_look_for_them() {
        for (name, value) in [
            ("authorization", "Bearer k"),
            ("authorization", "bearer k"),
            ("x-api-key", "k"),
            ("api-key", "k"),
            ("x-goog-api-key", "k"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(api_key(&headers, None), Some("k"), "{name}");
        }
        let none = HeaderMap::new();
        assert_eq!(api_key(&none, Some("alt=sse&key=k")), Some("k"));
        assert_eq!(api_key(&none, Some("key=&keys=1")), None);
        let mut empty = HeaderMap::new();
        empty.insert("authorization", "Bearer ".parse().unwrap());
        assert_eq!(api_key(&empty, None), None);
    }
}
