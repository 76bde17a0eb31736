//! One provider that is really called.

use std::fmt;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Uri, uri};

use crate::error::Error;
use crate::provider::Provider;
use crate::provider::home::{Home, sign};

/// A provider that is really called: whose API it speaks, and where.
#[derive(Clone)]
pub(crate) struct Target {
    /// As the config file calls it.
    pub(crate) name: Arc<str>,
    /// Whose API it speaks.
    pub(crate) provider: Provider,
    scheme: Scheme,
    authority: Authority,
    /// Without a slash at its end.
    path: String,
    /// Its own key, for requests that have none for it.
    key: Option<HeaderValue>,
}

impl Target {
    /// # Errors
    ///
    /// If `base_url` is none.
    pub(crate) fn new(
        name: impl Into<Arc<str>>,
        provider: Provider,
        base_url: &str,
    ) -> Result<Self, Error> {
        let wrong = || {
            Error::config(format!(
                "expected a URL such as `https://host/v1`, but it is {base_url:?}"
            ))
        };
        let uri::Parts { scheme, authority, path_and_query, .. } =
            base_url.parse::<Uri>().map_err(|_| wrong())?.into_parts();
        let scheme = scheme.filter(|it| *it == Scheme::HTTP || *it == Scheme::HTTPS);
        let path = path_and_query.as_ref().map_or("", PathAndQuery::path);
        Ok(Self {
            name: name.into(),
            provider,
            scheme: scheme.ok_or_else(wrong)?,
            authority: authority.filter(|it| !it.host().is_empty()).ok_or_else(wrong)?,
            path: path.trim_end_matches('/').to_owned(),
            key: None,
        })
    }

    /// Sets its own key. One that no header can hold is none.
    #[cfg(any(feature = "config", test))]
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = HeaderValue::from_str(key).ok().filter(|key| !key.is_empty());
        if let Some(key) = &mut self.key {
            key.set_sensitive(true);
        }
        self
    }

    /// The vendor itself, where it is one of those that are known.
    pub(crate) fn of_vendor(provider: &Provider) -> Option<Self> {
        let base_url = Home::of(provider)?.base_url();
        Self::new(provider.as_str().to_owned(), provider.clone(), &base_url).ok()
    }

    /// The host that a URL names.
    #[cfg(feature = "cassette")]
    pub(crate) fn at(provider: &Provider, url: &Uri) -> Option<Self> {
        let (scheme, authority) = (url.scheme_str()?, url.authority()?);
        let base_url = format!("{scheme}://{authority}");
        Self::new(provider.as_str(), provider.clone(), &base_url).ok()
    }

    /// Where it is, for messages: without a name and a password.
    pub(crate) fn host_and_port(&self) -> &str {
        let authority = self.authority.as_str();
        authority.rsplit('@').next().unwrap_or(authority)
    }

    /// Where a request to the mock goes: the path is laid behind the base URL's. A version (`/v1`) with
    /// which both end and begin stands once; where they are different, the base URL's is taken.
    pub(crate) fn url(&self, asked: &Uri) -> Result<Uri, http::Error> {
        let path = asked.path();
        let version = |segment: &str| {
            let digits = segment.strip_prefix('v').unwrap_or_default();
            digits.starts_with(|c: char| c.is_ascii_digit())
                && digits.chars().all(|c| c.is_ascii_alphanumeric())
        };
        let last = self.path.rsplit('/').next().unwrap_or_default();
        let (first, rest) = match path.strip_prefix('/').unwrap_or(path).split_once('/') {
            Some((first, _)) => (first, &path[1 + first.len()..]),
            None => (path.trim_start_matches('/'), ""),
        };
        let path = if version(last) && version(first) { rest } else { path };
        let query = asked.query().map_or_else(String::new, |query| format!("?{query}"));
        let slash = if self.path.is_empty() && path.is_empty() { "/" } else { "" };
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{slash}{path}{query}", self.path))
            .build()
    }

    /// The same path at the target's host.
    #[cfg(feature = "cassette")]
    pub(crate) fn at_host(&self, asked: &Uri) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.host_and_port())
            .path_and_query(asked.path_and_query().map_or("/", PathAndQuery::as_str))
            .build()
    }

    /// Gives a request that has no key the target's own.
    pub(crate) fn sign(&self, headers: &mut HeaderMap) {
        if let Some(key) = &self.key {
            sign(&self.provider, key, headers);
        }
    }
}

/// Shows no key.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Target({} at {}://{}{})",
            self.name,
            self.scheme,
            self.host_and_port(),
            self.path
        )
    }
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;

    #[test]
    fn paths_are_laid_behind_the_base_url() {
        for (base, asked, expected) in [
            ("https://a", "/v1/messages", "https://a/v1/messages"),
            ("https://a/", "/v1/messages?beta=true", "https://a/v1/messages?beta=true"),
            ("https://a/v1", "/v1/messages", "https://a/v1/messages"),
            (
                "https://a/openai/v1/",
                "/v1/chat/completions",
                "https://a/openai/v1/chat/completions",
            ),
            ("https://a/openai", "/v1/chat/completions", "https://a/openai/v1/chat/completions"),
            ("http://a:81/api/v3", "/v1/models", "http://a:81/api/v3/models"),
            (
                "https://a/v1beta",
                "/v1beta/models/m:generateContent",
                "https://a/v1beta/models/m:generateContent",
            ),
            ("https://a/v1", "/chat/completions", "https://a/v1/chat/completions"),
            ("https://a/vision", "/v1/x", "https://a/vision/v1/x"),
            ("https://a", "/", "https://a/"),
            ("https://a/v1", "/v1", "https://a/v1"),
            ("https://a/v1", "http://127.0.0.1:4100/v1/models", "https://a/v1/models"),
        ] {
            let target = Target::new("a", Provider::OPENAI, base).unwrap();
            let url = target.url(&asked.parse().unwrap()).unwrap();
            assert_eq!(url, expected, "{base} {asked}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_and_no_key_is_shown() {
        for wrong in ["", "a", "api.openai.com/v1", "ftp://a/v1", "https://", "//a"] {
            assert!(Target::new("a", Provider::OPENAI, wrong).is_err(), "{wrong}");
        }
        let target = Target::new("a", Provider::OPENAI, "https://u:secret@a/v1").unwrap();
        let target = target.key("sk-secret");
        assert_eq!(format!("{target:?}"), "Target(a at https://a/v1)");
        let mut headers = HeaderMap::new();
        target.sign(&mut headers);
        assert_eq!(headers[AUTHORIZATION], "Bearer sk-secret");
    }
}
