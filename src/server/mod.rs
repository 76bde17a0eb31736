//! A server on this machine: for programs that are no tower stack, or no Rust.

mod accept;
mod aside;
mod engine;
mod live;
mod refuse;
mod socket;
mod watched;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tokio::sync::oneshot;
use tower_service::Service;

use self::accept::{listen, serve};
pub(crate) use self::aside::{Other, whole};
use crate::admin::{Admin, GuardSettings, Token};
use crate::claim::{Mode, is_forbidden};
use crate::error::{BoxError, Error};
use crate::handle::MockHandle;
use crate::layer::MockLlmLayer;
use crate::provider::Provider;
use crate::upstream::{Routes, Send_, Target, UpstreamBody, Upstreams};

/// A server that answers LLM API calls: HTTP/1.1 and HTTP/2 without TLS, on a port of this machine.
///
/// It stands for every provider at once, by path; a request whose `Host` is a provider's own is
/// answered by that provider. It runs on a thread of its own, so that it needs no runtime, and it
/// lives until it is dropped.
///
/// ```
/// use tower_mock_llm::{MockServer, Rule};
///
/// let server = MockServer::start()?;
/// server.handle().mount(Rule::always().respond_with("hello"));
/// let base_url = format!("{}/v1", server.url()); // for OPENAI_BASE_URL
/// assert!(base_url.starts_with("http://127.0.0.1:"));
/// server.shutdown();
/// # Ok::<(), tower_mock_llm::Error>(())
/// ```
///
/// Rules that panic take their connection with them, and nothing else.
#[derive(Debug)]
pub struct MockServer {
    addr: SocketAddr,
    handle: MockHandle,
    stop: Option<oneshot::Sender<Stop>>,
    thread: Option<JoinHandle<()>>,
}

impl MockServer {
    /// A server with the default layer, on a free port of `127.0.0.1`.
    ///
    /// # Errors
    ///
    /// If the operating system gives no port or no thread.
    pub fn start() -> Result<Self, Error> {
        MockLlmLayer::new().serve()
    }

    /// A server with this layer, still to be placed.
    ///
    /// ```
    /// use tower_mock_llm::{MockLlmLayer, MockServer};
    ///
    /// let server = MockServer::builder(MockLlmLayer::new().seed(7)).port(0).start()?;
    /// assert!(server.addr().ip().is_loopback());
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    pub fn builder(layer: MockLlmLayer) -> MockServerBuilder {
        MockServerBuilder {
            layer,
            host: "127.0.0.1".to_owned(),
            port: 0,
            admin: true,
            admin_token: None,
            send: None,
            routes: Routes::vendors(),
        }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its URL, without a slash at the end: `http://127.0.0.1:4100`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The handle of its layer.
    pub fn handle(&self) -> MockHandle {
        self.handle.clone()
    }

    /// Stops listening, waits up to five seconds for answers that are being sent, and for the
    /// thread to end. Dropping the server cuts such answers off instead.
    pub fn shutdown(mut self) {
        self.stop(Stop::Drain(Duration::from_secs(5)));
    }

    /// Stops listening, and leaves the thread alone until the last answer is sent: for the
    /// connector, whose client may be gone before its last response is read.
    #[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
    pub(crate) fn retire(mut self) {
        self.thread = None;
        self.stop(Stop::Retire);
    }

    fn stop(&mut self, how: Stop) {
        if let Some(stop) = self.stop.take() {
            // It fails only if the thread is gone already.
            let _ = stop.send(how);
        }
        if let Some(thread) = self.thread.take()
            // A rule may own the server; then this thread must not wait for itself.
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.stop(Stop::Cut);
    }
}

impl MockLlmLayer {
    /// A [server](MockServer) with this layer, on a free port of `127.0.0.1`.
    ///
    /// Its clients are programs of their own: it answers whatever host they think they call, so
    /// [`hosts`](Self::hosts) has no meaning for it.
    ///
    /// ```
    /// use tower_mock_llm::MockLlmLayer;
    ///
    /// let server = MockLlmLayer::new().seed(7).serve()?;
    /// println!("OPENAI_BASE_URL={}/v1", server.url());
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the operating system gives no port or no thread.
    pub fn serve(&self) -> Result<MockServer, Error> {
        MockServer::builder(self.clone()).start()
    }
}

/// A [`MockServer`] that is still to be placed.
pub struct MockServerBuilder {
    layer: MockLlmLayer,
    host: String,
    port: u16,
    admin: bool,
    admin_token: Option<Token>,
    send: Option<Box<dyn Send_>>,
    routes: Routes,
}

impl MockServerBuilder {
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
        if self.layer.mock().mode() == Mode::Mock && is_forbidden() {
            return Err(Error::config("MOCK_LLM_FORBID forbids to mock, and so to serve"));
        }
        let place = format!("listen on {}:{}", self.host, self.port);
        let (runtime, listener) =
            listen(&self.host, self.port).map_err(|error| Error::io(place.as_str(), error))?;
        let addr = listener.local_addr().map_err(|error| Error::io(place, error))?;
        let has_admin = self.admin && off == Off::Refuse;
        let layer = if has_admin { self.layer.watch_client() } else { self.layer };
        let layer = layer.everywhere();
        let upstream = self.send.map(|send| {
            Arc::new(Upstreams { routes: self.routes, send, own_hosts: off != Off::Refuse })
        });
        #[cfg(feature = "cassette")]
        let mock = if upstream.is_some() { layer.recorder() } else { layer.mock().clone() };
        #[cfg(not(feature = "cassette"))]
        let mock = layer.mock().clone();
        let guard = GuardSettings { token: self.admin_token, host: self.host };
        let admin = has_admin.then(|| Arc::new(Admin::new(&mock, guard)));
        let handle = MockHandle::new(mock.shared.clone());
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("mock-llm".to_owned())
            .spawn(move || {
                runtime.block_on(serve(listener, mock, off, admin, upstream, stopped));
            })
            .map_err(|error| Error::io("start the server's thread", error))?;
        Ok(MockServer { addr, handle, stop: Some(stop), thread: Some(thread) })
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

/// How a server ends.
#[derive(Debug)]
enum Stop {
    Cut,
    Drain(Duration),
    #[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
    Retire,
}

/// What a server answers while the mock is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Off {
    /// That it is off.
    Refuse,
    /// That the client should call the same URL again: it has a connector before it which dials
    /// the provider by then, and only its pool still has this connection. To close it when the
    /// mode is switched would not do: a call that follows at once may be written to it before the
    /// client has seen its end, and fail (seen on a current-thread runtime).
    #[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
    Redirect,
}
