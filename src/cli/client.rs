//! A call to a server of ours, by what calls providers.

use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Empty};
use tokio::runtime::Runtime;
use tower_service::Service;

use super::Failure;
use super::args::Reach;
use super::serve::trusting;
use crate::error::BoxError;
use crate::upstream::{Upstream, UpstreamResponse};

/// Where a server is looked for, if nobody says it: the port that the guide's examples use.
const USUAL: &str = "http://127.0.0.1:4100";

/// Calls one server.
pub(super) struct Client {
    runtime: Runtime,
    upstream: Upstream,
    /// As it was given, without a path.
    pub(super) url: String,
    token: Option<String>,
}

/// An answer that is being read.
pub(super) struct Answer<'a> {
    runtime: &'a Runtime,
    response: Response<UpstreamResponse>,
}

impl Client {
    pub(super) fn new(reach: &Reach, token: Option<String>) -> Result<Self, Failure> {
        let other = |message| Failure::Other(message);
        let variable = || std::env::var("MOCK_LLM_URL").ok().filter(|url| !url.is_empty());
        let url = reach.url.clone().or_else(variable).unwrap_or_else(|| USUAL.to_owned());
        let url = url.trim_end_matches('/').to_owned();
        let uri: Uri = url.parse().map_err(|_| {
            other(format!("{url:?} is no URL; one of a server is `http://127.0.0.1:4100`"))
        })?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            let must = format!("{url:?}: it must be `http://HOST:PORT` or `https://HOST:PORT`");
            return Err(other(must));
        }
        let runtime = super::runtime()?;
        // Who follows may wait for the next call as long as he likes.
        let upstream = trusting(reach.ca.as_deref())?.idle_timeout(YEAR).no_proxy();
        Ok(Self { runtime, upstream, url, token })
    }

    /// The answer to a GET, whatever its status.
    pub(super) fn get(&self, path: &str) -> Result<Answer<'_>, Failure> {
        let called = self.runtime.block_on(self.call(path));
        let response = called.map_err(|error| {
            let why = reasons(&*error);
            let remedy = if why.contains("certificate") {
                "name the certificate to trust with --ca"
            } else {
                "is `mock-llm serve` there? Say where with --url or MOCK_LLM_URL"
            };
            Failure::Other(format!("cannot call {}: {why}; {remedy}", self.url))
        })?;
        Ok(Answer { runtime: &self.runtime, response })
    }

    async fn call(&self, path: &str) -> Result<Response<UpstreamResponse>, BoxError> {
        let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed();
        let mut request = Request::get(format!("{}{path}", self.url)).body(body)?;
        if let Some(token) = &self.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let mut upstream = self.upstream.clone();
        poll_fn(|cx| upstream.poll_ready(cx)).await?;
        upstream.call(request).await
    }
}

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What an error says, and what caused it.
fn reasons(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let more = error.to_string();
        if !said.contains(&more) {
            said = format!("{said}: {more}");
        }
        next = error.source();
    }
    said
}

impl Answer<'_> {
    pub(super) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The bytes that come next; `None` at the end.
    pub(super) fn more(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            match self.runtime.block_on(self.response.body_mut().frame()) {
                None => return Ok(None),
                Some(Err(error)) => {
                    let why = reasons(&*error);
                    return Err(Failure::Other(format!("the server's answer broke off: {why}")));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// All of it.
    pub(super) fn whole(mut self) -> Result<Vec<u8>, Failure> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.more()? {
            whole.extend_from_slice(&bytes);
        }
        Ok(whole)
    }
}
