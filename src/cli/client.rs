//! A call to a server of ours: the little of an HTTP client that it takes.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::Failure;

/// Calls one server.
pub(super) struct Client {
    runtime: Runtime,
    /// Without a path.
    url: Uri,
    token: Option<String>,
}

/// An answer that is being read.
pub(super) struct Answer<'a> {
    runtime: &'a Runtime,
    response: Response<Incoming>,
}

impl Client {
    pub(super) fn new(url: &str, token: Option<String>) -> Result<Self, Failure> {
        let other = |message| Failure::Other(message);
        let uri: Uri = url.trim_end_matches('/').parse().map_err(|_| {
            other(format!("{url:?} is no URL; one of a server is `http://127.0.0.1:4100`"))
        })?;
        if uri.scheme_str() != Some("http") || uri.host().is_none() {
            return Err(other(format!("{url:?}: only `http://HOST:PORT` can be called")));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| other(format!("cannot start a runtime: {error}")))?;
        Ok(Self { runtime, url: uri, token })
    }

    /// The answer to a GET, whatever its status.
    pub(super) fn get(&self, path: &str) -> Result<Answer<'_>, Failure> {
        let called = self.runtime.block_on(self.call(path));
        let response = called.map_err(|error| {
            let url = self.url.to_string();
            let url = url.trim_end_matches('/');
            Failure::Other(format!(
                "cannot call {url}: {error}; is `mock-llm serve` there? Say where with --url or \
                 MOCK_LLM_URL"
            ))
        })?;
        Ok(Answer { runtime: &self.runtime, response })
    }

    async fn call(&self, path: &str) -> Result<Response<Incoming>, crate::error::BoxError> {
        let host = self.url.host().unwrap_or_default();
        let port = self.url.port_u16().unwrap_or(80);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let tcp = TcpStream::connect((bare, port)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await?;
        drive(connection);
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = path.parse()?;
        let headers = request.headers_mut();
        headers.insert(header::HOST, HeaderValue::from_str(&format!("{host}:{port}"))?);
        if let Some(token) = &self.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        Ok(sender.send_request(request).await?)
    }
}

#[expect(clippy::disallowed_methods, reason = "a connection of hyper's is driven by a task")]
fn drive(connection: impl Future<Output = hyper::Result<()>> + Send + 'static) {
    // What goes wrong with it is seen by who reads.
    tokio::spawn(async {
        let _ = connection.await;
    });
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
                    return Err(Failure::Other(format!("the server's answer broke off: {error}")));
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
