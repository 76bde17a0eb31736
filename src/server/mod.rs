//! A server on this machine: for programs that are no tower stack, or no Rust.

mod accept;
mod aside;
mod builder;
mod core;
mod cors;
mod engine;
mod limits;
mod live;
mod own;
mod refuse;
mod socket;
#[cfg(feature = "tls")]
mod tls;
mod watched;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

pub(crate) use self::aside::{Other, whole};
pub use self::builder::MockServerBuilder;
use self::core::Current;
#[cfg(feature = "tls")]
pub use self::tls::Tls;
use crate::error::Error;
use crate::handle::MockHandle;
use crate::layer::MockLlmLayer;

/// A server that answers LLM API calls: HTTP/1.1 and HTTP/2, on a port of this machine.
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
    is_tls: bool,
    current: Arc<Current>,
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
        MockServerBuilder::new(layer)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its URL, without a slash at the end: `http://127.0.0.1:4100`, or `https:` behind TLS.
    pub fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// The handle of its layer: of the one that answers now, and of what is asked outside of sessions.
    pub fn handle(&self) -> MockHandle {
        MockHandle::new(Arc::clone(&self.current.load().mock.shared))
    }

    /// Answers requests that come from now on as this one would: with its layer, its upstream and base
    /// URLs, CORS and sessions. What is being sent goes on as it began. What was received, counted and
    /// used of quotas is kept; rules begin anew, and so do sessions. Host and port, limits, TLS and the admin side
    /// stay as they are.
    ///
    /// Handles that were taken before go on with the rules and the mode of before: take a new one.
    ///
    /// ```
    /// use tower_mock_llm::{MockLlmLayer, MockServer, Rule};
    ///
    /// let says = |text: &'static str| MockLlmLayer::new().rule(Rule::always().respond_with(text));
    /// let server = MockServer::builder(says("one")).start()?;
    /// server.reload(MockServer::builder(says("two")))?;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If `MOCK_LLM_FORBID` forbids to mock; then nothing changes.
    pub fn reload(&self, builder: MockServerBuilder) -> Result<(), Error> {
        let before = self.current.load();
        self.current.store(builder.core(before.off, Some(&before))?);
        Ok(())
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
