//! The connector: any `reqwest::Client`, mocked, with its `https://` URLs as they are.
//!
//! reqwest lets a layer stand before its connector, but only its own connector can make the
//! connections that the layer must return, and their type cannot be named. So a second client of
//! the same reqwest, the donor, dials the mock's server; a layer on *its* connector takes the
//! finished connection away from it, inside an error, and the app's client is given that. It
//! takes it for a connection to the provider on which TLS is done.

use std::fmt;
use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll};

use http::Uri;
use tower_layer::Layer;
use tower_service::Service;

use super::BoxFuture;
use super::dialer::Dialer;
use crate::claim::Mode;
use crate::error::BoxError;
use crate::layer::MockLlmLayer;
use crate::reply::NoAnswer;
use crate::request::{is_same_host, without_root};
#[cfg(feature = "cassette")]
use {super::live::Way, crate::upstream::UpstreamBody};

impl MockLlmLayer {
    /// A layer for the connector of a `reqwest::Client`, asynchronous or blocking, of any reqwest
    /// whose feature is enabled (`reqwest-0_12`, `reqwest-0_13`).
    ///
    /// The app's URLs, timeouts, retries and headers stay as they are; TLS is not needed.
    ///
    /// ```
    /// # #[cfg(feature = "reqwest-0_13")] {
    /// use tower_mock_llm::MockLlmLayer;
    ///
    /// let mock = MockLlmLayer::new();
    /// let client = reqwest::Client::builder()
    ///     .connector_layer(mock.connector())
    ///     .build()?;
    /// # let _ = client;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// It decides for a whole connection, by host, when one is made:
    ///
    /// * a provider's host, or a [`local_host`](Self::local_host), is mocked, if
    ///   [`providers`](Self::providers) and [`hosts`](Self::hosts) do not leave it out;
    /// * every other host is dialled as ever, this machine's among them;
    /// * when the mode is [`Off`](Mode::Off), every host is.
    ///
    /// So what other surfaces pass on for its path or its API key is refused here: see
    /// [`unmatched`](Self::unmatched) and [`api_keys`](Self::api_keys).
    ///
    /// When the mode is switched off, a call on a mocked connection that is still pooled gets a
    /// `307` to its own URL on a new connection; unless redirects are disabled, the app does not
    /// notice. When the mode is switched *on* again, connections to providers that were made
    /// meanwhile stay in the pool, and in use: for that, build the client with
    /// `pool_max_idle_per_host(0)`. A client that speaks HTTP/2 by prior knowledge can, very rarely, lose
    /// a call that it sends at the moment at which its old connection ends: it waits until its own
    /// timeout ([hyperium/hyper#4122](https://github.com/hyperium/hyper/issues/4122)).
    ///
    /// The bytes travel over a socket, so do not pause tokio's clock: it would run ahead while the
    /// client waits.
    ///
    /// # Panics
    ///
    /// If the mock is on where `MOCK_LLM_FORBID` forbids it.
    #[must_use]
    #[track_caller]
    pub fn connector(&self) -> ConnectorLayer {
        self.mock().refuse_forbidden();
        ConnectorLayer { dialer: Arc::new(Dialer::new(self.clone())), refused: Vec::new() }
    }
}

/// Made by [`MockLlmLayer::connector`]; goes into `ClientBuilder::connector_layer`.
///
/// Its server starts with the first connection, and ends when the last client with this layer is
/// gone and its last response is read.
#[derive(Clone, Debug)]
pub struct ConnectorLayer {
    dialer: Arc<Dialer>,
    refused: Vec<String>,
}

impl ConnectorLayer {
    /// Refuses connections to this host (without port), whether it is a provider's or not: the
    /// client fails with a `reqwest::Error` of its own for which `is_connect()` holds. For an outage
    /// that begins and ends, and for other failures, see
    /// [`MockHandle::fail_connects`](crate::MockHandle::fail_connects).
    ///
    /// ```
    /// use tower_mock_llm::MockLlmLayer;
    ///
    /// let outage = MockLlmLayer::new().connector().refuse_host("api.openai.com");
    /// # let _ = outage;
    /// ```
    #[must_use]
    pub fn refuse_host(mut self, host: impl Into<String>) -> Self {
        self.refused.push(host.into());
        self
    }

    /// What a [cassette](MockLlmLayer::cassette) records goes through this service. The default is a
    /// client of the app's own reqwest, with the settings of `Client::new()` but for redirects, which are
    /// recorded: the connector cannot see how the app's client was built. Give one where it needs a proxy,
    /// certificates or the like; `Upstream` (feature `upstream`) is such a service.
    ///
    /// ```
    /// use tower_mock_llm::{BoxError, MockLlmLayer, UpstreamBody};
    ///
    /// let provider = tower::service_fn(async |request: http::Request<UpstreamBody>| {
    ///     assert_eq!(request.uri().host(), Some("api.openai.com"));
    ///     Ok::<_, BoxError>(http::Response::new(String::from("from the provider")))
    /// });
    /// let layer = MockLlmLayer::new().connector().upstream(provider);
    /// # let _ = layer;
    /// ```
    #[cfg(feature = "cassette")]
    #[must_use]
    pub fn upstream<S, B>(mut self, service: S) -> Self
    where
        S: Service<http::Request<UpstreamBody>, Response = http::Response<B>>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut dialer = Dialer::new(self.dialer.layer.clone());
        dialer.way = Way::through(Box::new(service));
        self.dialer = Arc::new(dialer);
        self
    }

    fn verdict(&self, target: &impl fmt::Debug) -> Result<Verdict, BoxError> {
        let mock = self.dialer.layer.mock();
        if mock.mode() == Mode::Off {
            return Ok(Verdict::Forward);
        }
        let target = format!("{target:?}");
        let Some(host) = host(&target) else {
            return Err(format!(
                "tower-mock-llm cannot tell where this connection goes, so it is not made: {target} \
                 is none of the forms that it knows of reqwest's. Please report this; until then, \
                 use `MockServer` and a base URL"
            )
            .into());
        };
        let refused = || {
            let is_refused = self.refused.iter().any(|r| is_same_host(r, &host));
            is_refused.then_some(NoAnswer::Refused)
        };
        match mock.shared.connects.failure(&host).or_else(refused) {
            None => {}
            Some(NoAnswer::Hang) => return Ok(Verdict::Hang),
            Some(how) => return Err(how.to_io(&host).into()),
        }
        if !mock.settings.claims.takes_host(&host) {
            return Ok(Verdict::Forward);
        }
        #[cfg(feature = "cassette")]
        self.dialer.way.dialled(&target);
        Ok(Verdict::Mock)
    }
}

impl<S> Layer<S> for ConnectorLayer {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector { inner, layer: self.clone(), donor: Arc::default() }
    }
}

/// A connector with the mock before it. Made by [`ConnectorLayer`].
#[derive(Clone, Debug)]
pub struct Connector<S> {
    inner: S,
    layer: ConnectorLayer,
    /// The donor that has this client's version, as far as is known.
    donor: Arc<AtomicUsize>,
}

impl<S, R> Service<R> for Connector<S>
where
    R: fmt::Debug,
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> Self::Future {
        match self.layer.verdict(&target) {
            Err(error) => Box::pin(ready(Err(error))),
            Ok(Verdict::Hang) => Box::pin(pending()),
            Ok(Verdict::Forward) => Box::pin(self.inner.call(target)),
            Ok(Verdict::Mock) => {
                let dialer = Arc::clone(&self.layer.dialer);
                let donor = Arc::clone(&self.donor);
                Box::pin(async move { dialer.dial(&donor).await })
            }
        }
    }
}

enum Verdict {
    Forward,
    Hang,
    Mock,
}

/// The host in `Unnameable(https://api.openai.com/)`: all that reqwest lets a layer know.
fn host(target: &str) -> Option<String> {
    let (_, uri) = target.strip_suffix(')')?.split_once('(')?;
    let uri: Uri = uri.parse().ok()?;
    uri.scheme()?;
    uri.host().map(|host| without_root(host).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_from_what_reqwest_shows() {
        for (target, expected) in [
            ("Unnameable(https://api.openai.com/)", Some("api.openai.com")),
            ("Unnameable(http://10.0.0.1:8080/)", Some("10.0.0.1")),
            ("Unnameable(https://api.openai.com.:443/)", Some("api.openai.com")),
            ("Unnameable(https://[::1]:8443/)", Some("[::1]")),
            ("Renamed(https://u:p@api.openai.com/)", Some("api.openai.com")),
            ("Unnameable(api.openai.com)", None),
            ("Unnameable(/path)", None),
            ("Unnameable { uri: https://api.openai.com/ }", None),
            ("https://api.openai.com/", None),
            ("Unnameable", None),
            ("", None),
        ] {
            assert_eq!(host(target).as_deref(), expected, "{target}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_dialled() {
        let layer = MockLlmLayer::new();
        let error = layer.connector().verdict(&"opaque").err().unwrap();
        assert!(error.to_string().contains("\"opaque\""), "{error}");
        let off = layer.enabled(false).connector();
        assert!(matches!(off.verdict(&"opaque"), Ok(Verdict::Forward)));
    }
}
