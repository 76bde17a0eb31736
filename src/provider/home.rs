//! Where a vendor's API is and how its clients show themselves, as the rooms tell it: for requests
//! that really go there, and for paths that several vendors have.

use http::HeaderName;

use super::Provider;
use super::registry::HOMES;
use crate::request::Head;

#[cfg(feature = "server")]
pub(crate) use self::called::sign;

/// What a room tells of its vendor's API.
#[cfg_attr(not(feature = "server"), expect(dead_code, reason = "only a server calls vendors"))]
pub(crate) struct Home {
    pub(crate) provider: Provider,
    pub(crate) host: &'static str,
    /// What all its paths begin with, as clients have it in their base URL: `/v1` or nothing.
    pub(crate) root: &'static str,
    /// Where the key stands; in `authorization` it is a bearer token.
    pub(crate) key: HeaderName,
    /// Whether only a client of this vendor sends such a head.
    pub(crate) is_client: fn(&Head<'_>) -> bool,
}

impl Home {
    /// Whose client it is, where it sends what no other vendor's does.
    pub(crate) fn of_client(head: &Head<'_>) -> Option<&'static Self> {
        HOMES.iter().copied().find(|home| (home.is_client)(head))
    }

    pub(crate) fn owns(&self, host: &str) -> bool {
        // As clients write it, but for a few.
        host == self.host || host.eq_ignore_ascii_case(self.host)
    }

    /// Whether a request to a path that several vendors have is for this one: by the host, or by what
    /// its client sends.
    pub(super) fn is_meant(&self, head: &Head<'_>) -> bool {
        head.host.is_some_and(|host| self.owns(host))
            || Self::of_client(head).is_some_and(|home| home.provider == self.provider)
    }
}

/// For those who call it.
#[cfg(feature = "server")]
mod called {
    use http::header::AUTHORIZATION;
    use http::{HeaderMap, HeaderValue};

    use super::{HOMES, Home, Provider};

    impl Home {
        /// A vendor's, where it is one of those that are known.
        pub(crate) fn of(provider: &Provider) -> Option<&'static Self> {
            HOMES.iter().copied().find(|home| home.provider == *provider)
        }

        pub(crate) fn base_url(&self) -> String {
            format!("https://{}{}", self.host, self.root)
        }
    }

    /// Puts a key where this provider looks for it: who is not known is taken for one that imitates
    /// OpenAI.
    pub(crate) fn sign(provider: &Provider, key: &HeaderValue, headers: &mut HeaderMap) {
        let name = Home::of(provider).map_or(AUTHORIZATION, |home| home.key.clone());
        let mut value = match name {
            AUTHORIZATION => HeaderValue::from_bytes(&[b"Bearer ", key.as_bytes()].concat())
                .unwrap_or_else(|_| key.clone()),
            _ => key.clone(),
        };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}
