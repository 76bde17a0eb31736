//! Who may look and change: whoever has the token, and no page of another site.

use http::{HeaderMap, Method, StatusCode, header};
use sha2::{Digest, Sha256};

use super::respond::Refusal;
use crate::request::RequestHead;

/// What a server says about who may use its admin side.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuardSettings {
    pub(crate) token: Option<Token>,
    /// The name that it listens on.
    pub(crate) host: String,
}

/// A token, shown to nobody: its hash is all that is kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token([u8; 32]);

impl Token {
    pub(crate) fn new(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// In the same time for every token: hashes are compared, whole.
    fn is(&self, token: &str) -> bool {
        let other: [u8; 32] = Sha256::digest(token).into();
        self.0.iter().zip(other).fold(0, |differ, (ours, theirs)| differ | (ours ^ theirs)) == 0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Decides.
#[derive(Debug)]
pub(super) struct Guard {
    settings: GuardSettings,
}

impl Guard {
    pub(super) fn new(settings: GuardSettings) -> Self {
        Self { settings }
    }

    /// The token, if there is one; else that the host is this machine, and in each case that no page of
    /// another site changes anything.
    pub(super) fn check(&self, head: &RequestHead) -> Result<(), Refusal> {
        match &self.settings.token {
            Some(token) => {
                if !bearer(&head.headers).is_some_and(|given| token.is(given)) {
                    return Err(Refusal::new(
                        StatusCode::UNAUTHORIZED,
                        "the admin side of this server has a token; send it as \
                         `Authorization: Bearer TOKEN`",
                    ));
                }
            }
            None => self.check_host(head)?,
        }
        if matches!(head.method, Method::GET | Method::HEAD) { Ok(()) } else { same_site(head) }
    }

    /// A page of another site may have a name that leads to this machine. Its requests look as if they
    /// were of the same site, but for the name.
    pub(super) fn check_host(&self, head: &RequestHead) -> Result<(), Refusal> {
        let head = head.as_head();
        let host = head.host.unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_known = head.is_local()
            || bare.parse::<std::net::IpAddr>().is_ok()
            || host.eq_ignore_ascii_case(&self.settings.host)
            // A service's name in a network of containers: nobody owns such a name in the world's DNS.
            || !(host.is_empty() || host.contains('.'))
            || self.settings.token.is_some();
        if is_known {
            return Ok(());
        }
        Err(Refusal::new(
            StatusCode::FORBIDDEN,
            format!(
                "the admin side of this server is not for the host `{host}`, which may be a page of \
                 another site: call it by its address or by a name without a dot, or start it with a \
                 token (--admin-token)"
            ),
        ))
    }
}

fn same_site(head: &RequestHead) -> Result<(), Refusal> {
    let value = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let crosses = matches!(value("sec-fetch-site"), Some("cross-site" | "same-site"));
    let is_own = value("origin").is_none_or(|origin| {
        let host = head.uri.authority().map(http::uri::Authority::as_str).or_else(|| value("host"));
        let of_origin = origin.split_once("://").map(|(_, authority)| authority);
        of_origin.is_some() && of_origin == host
    });
    if is_own && !crosses {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "a page of another site may not change anything here (the header `Origin` is not this \
         server's)",
    ))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(guard: &Guard, method: Method, headers: &[(&str, &str)]) -> u16 {
        let mut head = RequestHead { method, ..RequestHead::default() };
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            head.headers.insert(name, value.parse().unwrap());
        }
        guard
            .check(&head)
            .map_or_else(|refusal| refusal.into_response().status().as_u16(), |()| 200)
    }

    #[test]
    fn other_sites_and_other_names_are_refused() {
        let host = "mock.example".to_owned();
        let open = Guard::new(GuardSettings { token: None, host: host.clone() });
        let get = |headers: &[_]| status(&open, Method::GET, headers);
        assert_eq!(get(&[("host", "127.0.0.1:4100")]), 200);
        assert_eq!(get(&[("host", "[::1]:4100")]), 200);
        assert_eq!(get(&[("host", "192.168.1.7:4100")]), 200);
        assert_eq!(get(&[("host", "mock:4100")]), 200);
        assert_eq!(get(&[("host", "mock.example:4100")]), 200);
        assert_eq!(get(&[("host", "rebound.example:4100")]), 403);
        // Who is let in by a browser from elsewhere cannot read, but could write.
        let local = ("host", "localhost:4100");
        assert_eq!(get(&[local, ("origin", "https://evil.example")]), 200);
        let put = |headers: &[_]| status(&open, Method::PUT, headers);
        assert_eq!(put(&[local]), 200);
        assert_eq!(put(&[local, ("origin", "http://localhost:4100")]), 200);
        assert_eq!(put(&[local, ("origin", "http://localhost:3000")]), 403);
        assert_eq!(put(&[local, ("origin", "null")]), 403);
        assert_eq!(put(&[local, ("sec-fetch-site", "cross-site")]), 403);
        assert_eq!(put(&[local, ("sec-fetch-site", "same-origin")]), 200);

        let closed = Guard::new(GuardSettings { token: Some(Token::new("s3cret")), host });
        let get = |headers: &[_]| status(&closed, Method::GET, headers);
        assert_eq!(get(&[local]), 401);
        assert_eq!(get(&[local, ("authorization", "Bearer s3cre")]), 401);
        assert_eq!(get(&[local, ("authorization", "Basic s3cret")]), 401);
        assert_eq!(get(&[local, ("authorization", "bearer s3cret")]), 200);
        assert_eq!(get(&[("host", "any.name"), ("authorization", "Bearer s3cret")]), 200);
        let crossing = [local, ("authorization", "Bearer s3cret"), ("origin", "http://a.example")];
        assert_eq!(status(&closed, Method::POST, &crossing), 403);
        assert_eq!(format!("{:?}", Token::new("s3cret")), "Token(..)");
    }
}
