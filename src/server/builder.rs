//! A server that is still to be placed.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tokio::sync::oneshot;
use tower_service::Service;

use super::accept::{Serving, listen, serve};
use super::core::{Core, Current};
use super::limits::Limits;
use super::{MockServer, Off};
use crate::admin::{Admin, GuardSettings, Token};
use crate::claim::{Mode, is_forbidden};
use crate::error::{BoxError, Error};
use crate::layer::MockLlmLayer;
use crate::provider::Provider;
use crate::upstream::{Routes, Send_, Target, UpstreamBody, Upstreams};

/// A [`MockServer`] that is still to be placed.
pub struct MockServerBuilder {
    layer: MockLlmLayer,
    host: String,
    port: u16,
    admin: bool,
    admin_token: Option<Token>,
    send: Option<Box<dyn Send_>>,
    routes: Routes,
    cors: bool,
    sessions_by_key: bool,
    limits: Limits,
    #[cfg(feature = "tls")]
    tls: Option<super::Tls>,
}

impl MockServerBuilder {
    pub(super) fn new(layer: MockLlmLayer) -> Self {
        Self {
            layer,
            host: "127.0.0.1".to_owned(),
            port: 0,
            admin: true,
            admin_token: None,
            send: None,
            routes: Routes::vendors(),
            cors: false,
            sessions_by_key: false,
            limits: Limits::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// The address or name to listen on. The default is `127.0.0.1`; with another, others on the
    /// network may be able to call it.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }

    /// The port to listen on. The default is 0: one that is free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Whether it has an [admin side](crate::guide::server): logs, figures and switches at `/__mock/`,
    /// `/health` and `/metrics`. The default is yes. Without it nothing is kept of answers, no clock is
    /// read for a call, and a request to these paths is refused as one to any other that no provider
    /// has.
    ///
    /// With it, the layer [watches its clients](MockLlmLayer::watch_client).
    ///
    /// ```
    /// use tower_mock_llm::{MockLlmLayer, MockServer};
    ///
    /// let server = MockServer::builder(MockLlmLayer::new()).admin(false).start()?;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[must_use]
    pub fn admin(mut self, admin: bool) -> Self {
        self.admin = admin;
        self
    }

    /// Lets only those use the admin side who send this as `Authorization: Bearer`, but for `/health`.
    /// The default is that everybody may who reaches the port by its address or its name.
    ///
    /// ```
    /// use tower_mock_llm::{MockLlmLayer, MockServer};
    ///
    /// let server = MockServer::builder(MockLlmLayer::new()).admin_token("s3cret").start()?;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[must_use]
    pub fn admin_token(mut self, token: impl AsRef<str>) -> Self {
        self.admin_token = Some(Token::new(token.as_ref()));
        self
    }

    /// Passes on what is live through this service: all while the [mode](crate::Mode) is off, what
    /// [`api_keys`](MockLlmLayer::api_keys), [`key_modes`](MockLlmLayer::key_modes) or
    /// [`providers`](MockLlmLayer::providers) leave out, and, under
    /// [`Unmatched::Forward`](crate::Unmatched::Forward), endpoints that are not mocked. Without one, such
    /// requests are refused.
    ///
    /// The service is called with the URL of the provider whose API is called (see
    /// [`base_url`](Self::base_url)); bodies stream both ways. API keys go along, and headers of one
    /// connection do not. Where the provider cannot be reached, the client gets a `502` in the provider's
    /// envelope. `Upstream` (feature `upstream`) is such a service.
    ///
    /// With a [cassette](MockLlmLayer::cassette) whose mode records, the server records what passes.
    ///
    /// ```
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use tower::service_fn;
    /// use tower_mock_llm::{BoxError, MockLlmLayer, MockServer, UpstreamBody};
    ///
    /// let provider = service_fn(async |request: Request<UpstreamBody>| {
    ///     assert_eq!(request.uri().host(), Some("api.openai.com"));
    ///     Ok::<_, BoxError>(Response::new(Full::<bytes::Bytes>::from("from the provider")))
    /// });
    /// let server = MockServer::builder(MockLlmLayer::new().enabled(false)).upstream(provider).start()?;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[must_use]
    pub fn upstream<S, B>(mut self, service: S) -> Self
    where
        S: Service<Request<UpstreamBody>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.send = Some(Box::new(service));
        self
    }

    /// Where a provider is called, in place of its own address: the path of a request is laid behind this
    /// URL's, and a version (`/v1`) that stands in both stands once.
    ///
    /// # Errors
    ///
    /// If it is no URL of `http` or `https`.
    ///
    /// ```
    /// use tower_mock_llm::{MockLlmLayer, MockServer, Provider};
    ///
    /// let builder = MockServer::builder(MockLlmLayer::new())
    ///     .base_url(Provider::OPENAI, "https://gateway.example/openai/v1")?;
    /// # let _ = builder;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    pub fn base_url(mut self, provider: Provider, url: &str) -> Result<Self, Error> {
        self.routes.set(Target::new(provider.as_str().to_owned(), provider, url)?);
        Ok(self)
    }

    /// Sends what is to be recorded through this.
    #[cfg(all(feature = "cassette", any(feature = "reqwest-0_12", feature = "reqwest-0_13")))]
    pub(crate) fn recorded_through(mut self, send: Box<dyn Send_>) -> Self {
        self.send = Some(send);
        self
    }

    /// Puts another upstream in the place of the one that it has.
    #[cfg(feature = "cli")]
    pub(crate) fn upstream_if_any(self, upstream: crate::Upstream) -> Self {
        if self.send.is_some() { self.upstream(upstream) } else { self }
    }

    #[cfg(feature = "cli")]
    pub(crate) fn map_layer(mut self, map: impl FnOnce(MockLlmLayer) -> MockLlmLayer) -> Self {
        self.layer = map(self.layer);
        self
    }

    /// Where live calls go, in place of the vendors' own addresses.
    #[cfg(feature = "config")]
    pub(crate) fn routes(mut self, routes: Routes) -> Self {
        self.routes = routes;
        self
    }

    /// Whether pages of any origin may call it from a browser (CORS): preflights are answered, and answers
    /// may be read. The admin side stays closed to them. The default is no.
    #[must_use]
    pub fn cors(mut self, cors: bool) -> Self {
        self.cors = cors;
        self
    }

    /// Whether each API key has a session of its own. The default is no: only requests with the header
    /// `x-mock-llm-session` have one.
    ///
    /// A session is a state of its own for the same rules: what they have answered, named states, quotas,
    /// attempts, prompt caches. So test suites that run side by side share one server. It begins with its
    /// first request; a thousand are kept. The journal is common, and `/__mock/calls` has each request's
    /// session. On the admin side the header chooses whose rules are shown, changed and reset.
    ///
    /// ```
    /// # #[cfg(feature = "reqwest-0_13")] {
    /// use tower_mock_llm::{MockLlmLayer, Rule};
    ///
    /// let once = Rule::always().respond_with("the first").times(1);
    /// let rest = Rule::always().respond_with("a later one");
    /// let server = MockLlmLayer::new().rule(once).rule(rest).serve()?;
    /// let ask = |session: &str| {
    ///     let request = reqwest::blocking::Client::new()
    ///         .post(format!("{}/v1/chat/completions", server.url()))
    ///         .bearer_auth("any")
    ///         .header("x-mock-llm-session", session)
    ///         .body(r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}"#);
    ///     request.send()?.text()
    /// };
    /// assert!(ask("one")?.contains("the first"));
    /// assert!(ask("one")?.contains("a later one"));
    /// assert!(ask("two")?.contains("the first"));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sessions_by_key(mut self, by_key: bool) -> Self {
        self.sessions_by_key = by_key;
        self
    }

    /// Serves HTTPS, and nothing else. The default is HTTP.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: super::Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// How many connections it has at a time; others wait until one ends. The default is 10,000. Where
    /// there is no room, connections on which nothing was asked are closed.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.connections = connections.max(1);
        self
    }

    /// How large the head of a request may be, in bytes, 8 KiB at the least: a larger one gets `431`.
    /// The default is 256 KiB. Bodies are limited by
    /// [`max_request_body`](MockLlmLayer::max_request_body).
    #[must_use]
    pub fn max_request_head(mut self, bytes: usize) -> Self {
        self.limits.head = bytes;
        self
    }

    /// How long a connection may be without a request, and how long the head of one may take to come. The
    /// default is a minute; then it is closed.
    #[must_use]
    pub fn idle_timeout(mut self, longest: Duration) -> Self {
        self.limits.idle = longest;
        self
    }

    /// How long the body of a request may take to come. The default is five minutes; then the request is
    /// refused.
    #[must_use]
    pub fn body_timeout(mut self, longest: Duration) -> Self {
        self.limits.body = longest;
        self
    }

    /// Starts it; it listens when this returns.
    ///
    /// # Errors
    ///
    /// If the host is unknown, the port is taken, or there is no thread; if `MOCK_LLM_FORBID` forbids to
    /// mock.
    pub fn start(self) -> Result<MockServer, Error> {
        self.start_with(Off::Refuse)
    }

    pub(crate) fn start_with(self, off: Off) -> Result<MockServer, Error> {
        let place = format!("listen on {}:{}", self.host, self.port);
        let (host, port, limits) = (self.host.clone(), self.port, self.limits);
        #[cfg(feature = "tls")]
        let tls = self.tls.clone();
        #[cfg(feature = "tls")]
        let is_tls = tls.is_some();
        #[cfg(not(feature = "tls"))]
        let is_tls = false;
        let core = self.core(off, None)?;
        let (runtime, listener) =
            listen(&host, port).map_err(|error| Error::io(place.as_str(), error))?;
        let addr = listener.local_addr().map_err(|error| Error::io(place, error))?;
        let current = Arc::new(Current::new(core));
        let serving = Serving {
            current: Arc::clone(&current),
            limits,
            #[cfg(feature = "tls")]
            tls,
        };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("mock-llm".to_owned())
            .spawn(move || runtime.block_on(serve(listener, serving, stopped)))
            .map_err(|error| Error::io("start the server's thread", error))?;
        Ok(MockServer { addr, is_tls, current, stop: Some(stop), thread: Some(thread) })
    }

    /// What answers: from the beginning, or after another.
    pub(super) fn core(self, off: Off, before: Option<&Core>) -> Result<Core, Error> {
        if self.layer.mock().mode() == Mode::Mock && is_forbidden() {
            return Err(Error::config("MOCK_LLM_FORBID forbids to mock, and so to serve"));
        }
        let has_admin = self.admin && off == Off::Refuse;
        let layer = if has_admin { self.layer.watch_client() } else { self.layer };
        let layer = layer.everywhere();
        let upstream = self.send.map(|send| {
            Arc::new(Upstreams { routes: self.routes, send, own_hosts: off != Off::Refuse })
        });
        #[cfg(feature = "cassette")]
        let mut mock = if upstream.is_some() { layer.recorder() } else { layer.mock().clone() };
        #[cfg(not(feature = "cassette"))]
        let mut mock = layer.mock().clone();
        if let Some(before) = before {
            mock.shared = Arc::new(before.mock.shared.after(&mock.shared));
        }
        let admin = match before {
            Some(before) => before.admin.as_ref().map(|admin| admin.beside(&mock)),
            None => has_admin.then(|| {
                let guard = GuardSettings { token: self.admin_token, host: self.host };
                Admin::new(&mock, guard)
            }),
        };
        let for_browsers = (self.cors, self.sessions_by_key);
        Ok(Core::new(mock, admin.map(Arc::new), off, upstream, for_browsers))
    }
}

impl Clone for MockServerBuilder {
    fn clone(&self) -> Self {
        Self {
            layer: self.layer.clone(),
            host: self.host.clone(),
            port: self.port,
            admin: self.admin,
            admin_token: self.admin_token.clone(),
            send: self.send.as_ref().map(|send| send.boxed()),
            routes: self.routes.clone(),
            cors: self.cors,
            sessions_by_key: self.sessions_by_key,
            limits: self.limits,
            #[cfg(feature = "tls")]
            tls: self.tls.clone(),
        }
    }
}

impl fmt::Debug for MockServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServerBuilder")
            .field("layer", &self.layer)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
