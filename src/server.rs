//! A server on this machine: for programs that are no tower stack, or no Rust.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, oneshot, watch};

use crate::body::MockBody;
use crate::claim::{Claim, Mode, is_forbidden};
use crate::error::Error;
use crate::future::Answering;
use crate::handle::MockHandle;
use crate::layer::MockLlmLayer;
use crate::mock::Mock;
use crate::reply::NoAnswer;
use crate::request::{Head, RequestHead};
use crate::service::{refusal, refusal_because};
use crate::socket::Socket;

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
        MockServerBuilder { layer, host: "127.0.0.1".to_owned(), port: 0 }
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
#[derive(Clone, Debug)]
pub struct MockServerBuilder {
    layer: MockLlmLayer,
    host: String,
    port: u16,
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
        let mock = self.layer.everywhere().mock().clone();
        let handle = MockHandle::new(mock.shared.clone());
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("mock-llm".to_owned())
            .spawn(move || {
                runtime.block_on(serve(listener, mock, off, stopped));
            })
            .map_err(|error| Error::io("start the server's thread", error))?;
        Ok(MockServer { addr, handle, stop: Some(stop), thread: Some(thread) })
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

fn listen(host: &str, port: u16) -> io::Result<(Runtime, TcpListener)> {
    let addr = (host, port)
        .to_socket_addrs()?
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host has no address"))?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Elsewhere it would let two servers share a port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    let listener = {
        let _context = runtime.enter();
        // Std asks for 128, which a burst of first calls can exceed.
        socket.listen(4096)?
    };
    Ok((runtime, listener))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server has a task for each connection, and must wait when there are no more files"
)]
async fn serve(listener: TcpListener, mock: Mock, off: Off, mut stopped: oneshot::Receiver<Stop>) {
    let (drain, _) = watch::channel(());
    let mut http = auto::Builder::new(TokioExecutor::new());
    // Answers are small: one copy costs less than the gathering of head and body.
    http.http1().writev(false);
    let how = loop {
        tokio::select! {
            how = &mut stopped => break how.unwrap_or(Stop::Cut),
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    // Else each frame of a stream waits for the client's acknowledgement of the one
                    // before.
                    let _ = tcp.set_nodelay(true);
                    let reset = Arc::default();
                    let socket = Socket { tcp, reset: Arc::clone(&reset) };
                    let engine = Engine { mock: mock.clone(), off, close: Arc::default(), reset };
                    tokio::spawn(connection(http.clone(), socket, engine, drain.subscribe()));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    };
    drop(listener);
    drain.send_replace(());
    match how {
        // The runtime is dropped, and the connections with it.
        Stop::Cut => {}
        Stop::Drain(longest) => {
            let _ = tokio::time::timeout(longest, drain.closed()).await;
        }
        #[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
        Stop::Retire => drain.closed().await,
    }
}

async fn connection(
    http: auto::Builder<TokioExecutor>,
    socket: Socket,
    engine: Engine,
    mut drain: watch::Receiver<()>,
) {
    let close = Arc::clone(&engine.close);
    let is_http2 = tokio::select! {
        biased;
        is_http2 = may_be_http2(&socket.tcp) => is_http2,
        // It has not said anything yet.
        _ = drain.changed() => return,
    };
    if is_http2 {
        let connection = http.serve_connection(TokioIo::new(socket), engine);
        Box::pin(served(connection, drain, close)).await;
    } else {
        // The same without a look at the version, which costs a connection 16 KiB for as long as it
        // lives: hyper makes room for another 8 after the few bytes that were looked at.
        let io = TokioIo::new(socket);
        let connection = http1::Builder::new().writev(false).serve_connection(io, engine);
        served(connection, drain, close).await;
    }
}

/// Whether the first bytes may begin HTTP/2; they are not taken.
async fn may_be_http2(tcp: &tokio::net::TcpStream) -> bool {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut first = [0; PREFACE.len()];
    let peeked = tcp.peek(&mut first).await;
    peeked.is_ok_and(|length| length > 0 && PREFACE.starts_with(&first[..length]))
}

async fn served<C: GracefulConnection>(
    connection: C,
    mut drain: watch::Receiver<()>,
    close: Arc<Notify>,
) {
    let mut connection = pin!(connection);
    loop {
        tokio::select! {
            biased;
            // An error is the client's affair: it went away, or spoke no HTTP.
            _ = &mut connection => return,
            _ = drain.changed() => connection.as_mut().graceful_shutdown(),
            () = close.notified() => connection.as_mut().graceful_shutdown(),
        }
    }
}

/// The engine as hyper's service. Unlike [`MockLlm`](crate::MockLlm) it needs no copy of itself
/// for each request, and it knows that there is nothing behind it.
#[derive(Debug)]
struct Engine {
    mock: Mock,
    off: Off,
    /// Closes its connection, once the answers that are on their way are sent.
    close: Arc<Notify>,
    /// Whether the socket is to be reset when it is dropped.
    reset: Arc<AtomicBool>,
}

impl hyper::service::Service<Request<Incoming>> for Engine {
    type Response = Response<MockBody<Full<Bytes>>>;
    type Error = Cut;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let claim = self.mock.claim(&Head::of(&request));
        let (parts, body) = request.into_parts();
        let version = parts.version;
        let head = RequestHead::from(parts);
        if matches!(claim, Claim::Forward) {
            return Answer::Refused(Some(Box::new(self.refuse(&head, version))));
        }
        let answering = Box::pin(Answering::new(self.mock.clone(), claim, head, body));
        Answer::Answering { answering, reset: Arc::clone(&self.reset) }
    }
}

/// An answer on its way, or a refusal.
enum Answer {
    Answering { answering: Pin<Box<Answering<Incoming>>>, reset: Arc<AtomicBool> },
    Refused(Option<Box<Response<Full<Bytes>>>>),
}

impl Future for Answer {
    type Output = Result<Response<MockBody<Full<Bytes>>>, Cut>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Answering { answering, reset } => {
                Poll::Ready(match ready!(answering.as_mut().poll(cx)) {
                    Ok(answer) => Ok(answer.map(MockBody::mock)),
                    Err(lost) => match lost.how {
                        NoAnswer::Closed => Err(Cut),
                        NoAnswer::Reset => {
                            reset.store(true, Ordering::Release);
                            Err(Cut)
                        }
                        _ => Ok(lost.instead.map(MockBody::mock)),
                    },
                })
            }
            Self::Refused(refusal) => {
                let refusal = refusal.take().expect("polled after completion");
                Poll::Ready(Ok(refusal.map(MockBody::inner)))
            }
        }
    }
}

/// Makes hyper close the connection (or, over HTTP/2, reset the stream) without a response.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mock was told to give no answer")
    }
}

impl std::error::Error for Cut {}

impl Engine {
    fn refuse(&self, head: &RequestHead, version: Version) -> Response<Full<Bytes>> {
        if self.mock.mode() == Mode::Off {
            return self.refuse_off(head, version);
        }
        if self.mock.is_live(&head.as_head()) {
            return refusal_because(
                StatusCode::NOT_IMPLEMENTED,
                "tower_mock_llm_unmatched",
                "its API key is one of those that go live. A server and the connector cannot pass a \
                 request on; to do that, put the layer around the client as a tower layer or as a \
                 middleware",
                head,
            );
        }
        if !self.mock.settings.claims.wants_key(&head.as_head()) {
            return refusal_because(
                StatusCode::NOT_IMPLEMENTED,
                "tower_mock_llm_unmatched",
                "its API key is none of those that `MockLlmLayer::api_keys` claims. A server and \
                 the connector cannot pass a request on; to do that, put the layer around the \
                 client as a tower layer or as a middleware",
                head,
            );
        }
        refusal(head)
    }

    fn refuse_off(&self, head: &RequestHead, version: Version) -> Response<Full<Bytes>> {
        let (status, reason) = match self.off {
            Off::Refuse => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the mock is switched off, and there is nothing behind its server",
            ),
            #[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
            Off::Redirect => (
                StatusCode::TEMPORARY_REDIRECT,
                "the mock was switched off, and this connection is one of its own. The same call \
                 on a new connection goes to the provider",
            ),
        };
        let mut response = refusal_because(status, "tower_mock_llm_off", reason, head);
        let headers = response.headers_mut();
        #[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
        if self.off == Off::Redirect {
            let same = head.uri.path_and_query().map_or("/", |path| path.as_str());
            if let Ok(same) = HeaderValue::from_str(same) {
                headers.insert(header::LOCATION, same);
            }
        }
        if version < Version::HTTP_2 {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        } else {
            self.close.notify_one();
        }
        response
    }
}
