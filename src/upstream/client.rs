//! A client with TLS that calls providers.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tower_service::Service;

use super::UpstreamBody;
use super::connect::Connect;
use crate::error::{BoxError, Error};
use crate::pace::Timer;

/// A client that sends what is live to the providers, for
/// [`MockServerBuilder::upstream`](crate::MockServerBuilder::upstream): HTTP/1.1 and HTTP/2, TLS by
/// rustls with Mozilla's root certificates, connections pooled. Bodies stream both ways, and are never
/// read faster than the other side takes them. Redirects are handed to the caller.
///
/// What goes to another machine by `https` goes through the proxy that the environment names by
/// `HTTPS_PROXY` or `ALL_PROXY` (small letters too), an HTTP proxy, perhaps with name and password;
/// `NO_PROXY` excepts hosts, and [`no_proxy`](Self::no_proxy) all of them.
///
/// ```
/// use std::time::Duration;
/// use tower_mock_llm::{MockLlmLayer, MockServer, Mode, Upstream};
///
/// let upstream = Upstream::new().timeout(Duration::from_secs(120));
/// let server = MockServer::builder(MockLlmLayer::new()).upstream(upstream).start()?;
/// // From now on the server hands every call on.
/// server.handle().set_mode(Mode::Off);
/// # Ok::<(), tower_mock_llm::Error>(())
/// ```
#[derive(Clone)]
pub struct Upstream {
    roots: Arc<RootCertStore>,
    connect: Duration,
    head: Duration,
    idle: Duration,
    proxies: Option<Arc<Matcher>>,
    client: Client<HttpsConnector<Connect>, UpstreamBody>,
}

impl Upstream {
    /// A client with the default times.
    #[must_use]
    pub fn new() -> Self {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let (roots, connect) = (Arc::new(roots), Duration::from_secs(10));
        let proxies = Some(Arc::new(Matcher::from_env()));
        let client = client(&roots, connect, &proxies);
        // OpenAI's SDKs wait for ten minutes too.
        let (head, idle) = (Duration::from_secs(600), Duration::from_secs(300));
        Self { roots, connect, head, idle, proxies, client }
    }

    /// How long a connection may take to be made, for each address of the host. The default is ten
    /// seconds.
    #[must_use]
    pub fn connect_timeout(mut self, longest: Duration) -> Self {
        self.connect = longest;
        self.client = client(&self.roots, longest, &self.proxies);
        self
    }

    /// How long the head of a response may take. The default is ten minutes, as in OpenAI's SDKs.
    #[must_use]
    pub fn timeout(mut self, longest: Duration) -> Self {
        self.head = longest;
        self
    }

    /// How long the body of a response may pause. The default is five minutes.
    #[must_use]
    pub fn idle_timeout(mut self, longest: Duration) -> Self {
        self.idle = longest;
        self
    }

    /// Uses no proxy, whatever the environment names. The default is to use it.
    #[must_use]
    pub fn no_proxy(mut self) -> Self {
        self.proxies = None;
        self.client = client(&self.roots, self.connect, &None);
        self
    }

    /// Trusts these certificates too, in PEM: a company's own, or a test's.
    ///
    /// # Errors
    ///
    /// If there is none in it, or one that cannot be read.
    ///
    /// ```
    /// use tower_mock_llm::Upstream;
    ///
    /// assert!(Upstream::new().root_pem(b"no certificate").is_err());
    /// ```
    pub fn root_pem(mut self, pem: &[u8]) -> Result<Self, Error> {
        let roots = Arc::make_mut(&mut self.roots);
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate
                .map_err(|error| Error::config(format!("a root certificate is no PEM: {error}")))?;
            roots.add(certificate).map_err(|error| {
                Error::config(format!("a root certificate cannot be used: {error}"))
            })?;
        }
        if roots.len() == before {
            return Err(Error::config("there is no certificate in the PEM"));
        }
        self.client = client(&self.roots, self.connect, &self.proxies);
        Ok(self)
    }
}

impl Default for Upstream {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("connect_timeout", &self.connect)
            .field("timeout", &self.head)
            .field("idle_timeout", &self.idle)
            .finish_non_exhaustive()
    }
}

fn client(
    roots: &Arc<RootCertStore>,
    connect: Duration,
    proxies: &Option<Arc<Matcher>>,
) -> Client<HttpsConnector<Connect>, UpstreamBody> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the ciphers of TLS 1.2 and 1.3")
        .with_root_certificates(Arc::clone(roots))
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(connect));
    let https =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions();
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(https.wrap_connector(Connect { tcp, proxies: proxies.clone() }))
}

impl Service<Request<UpstreamBody>> for Upstream {
    type Response = Response<UpstreamResponse>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<UpstreamBody>) -> Self::Future {
        let sent = self.client.request(request);
        let (head, idle) = (self.head, self.idle);
        Box::pin(async move {
            let response = tokio::time::timeout(head, sent)
                .await
                .map_err(|_| late(format!("it did not answer within {head:?}")))??;
            Ok(response.map(|body| UpstreamResponse { body, idle, timer: Timer::default() }))
        })
    }
}

fn late(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, message)
}

/// The body of a response that [`Upstream`] got. It fails if it pauses for longer than
/// [`Upstream::idle_timeout`].
#[derive(Debug)]
pub struct UpstreamResponse {
    body: Incoming,
    idle: Duration,
    timer: Timer,
}

impl Body for UpstreamResponse {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.timer = Timer::default();
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(this.timer.poll(this.idle, cx));
        let message = format!("the provider sent nothing for {:?}", this.idle);
        Poll::Ready(Some(Err(late(message).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
