//! Something that is called as a provider is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures::StreamExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Runs on a thread of its own until the process ends.
pub(crate) struct Provider {
    pub(crate) addr: SocketAddr,
    calls: Arc<AtomicUsize>,
    /// Bytes of `/v1/endless` that were made.
    pub(crate) made: Arc<AtomicUsize>,
    /// How many `/v1/endless` are being sent.
    pub(crate) open: Arc<AtomicUsize>,
}

impl Provider {
    pub(crate) fn start() -> Self {
        Self::on(None)
    }

    /// Also the certificate by which it is known.
    pub(crate) fn start_tls() -> (Self, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let ring = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        (Self::on(Some(TlsAcceptor::from(Arc::new(config)))), made.cert.pem())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn on(tls: Option<TlsAcceptor>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let provider = Self {
            addr: listener.local_addr().unwrap(),
            calls: Arc::default(),
            made: Arc::default(),
            open: Arc::default(),
        };
        let router = provider.router();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(serve(listener, router, tls));
        });
        provider
    }

    fn router(&self) -> Router {
        let (made, open) = (Arc::clone(&self.made), Arc::clone(&self.open));
        let calls = Arc::clone(&self.calls);
        Router::new()
            .route("/v1/echo", any(async |request: Request| Body::new(request.into_body())))
            .route("/v1/endless", any(async move || endless(made, Open::new(open))))
            .route("/v1/silent", any(std::future::pending::<()>))
            .route(
                "/v1/stalls",
                any(async || {
                    let first = futures::stream::iter([Ok::<_, std::io::Error>("first")]);
                    Body::from_stream(first.chain(futures::stream::pending()))
                }),
            )
            .fallback(seen)
            .layer(axum::middleware::map_request(move |request: Request| {
                calls.fetch_add(1, Ordering::SeqCst);
                async { request }
            }))
    }
}

/// What came, as JSON; with the status that the model asks for: `status-503`.
async fn seen(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let asked: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let status = asked["model"].as_str().and_then(|model| model.strip_prefix("status-"));
    let status: u16 = status.map_or(200, |status| status.parse().unwrap());
    let headers: serde_json::Map<_, _> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
        .collect();
    let host = parts.uri.authority().map(ToString::to_string);
    let mut headers = headers;
    if let Some(host) = host {
        headers.insert("host".to_owned(), host.into());
    }
    let seen = serde_json::json!({
        "method": parts.method.as_str(),
        "path": parts.uri.path_and_query().unwrap().as_str(),
        "version": format!("{:?}", parts.version),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    });
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    let own = [
        ("content-type", "application/json"),
        ("x-request-id", "req_live"),
        ("keep-alive", "timeout=5"),
    ];
    (status, own, seen.to_string()).into_response()
}

fn endless(made: Arc<AtomicUsize>, open: Open) -> Body {
    const PIECE: &[u8] = &[b'x'; 64 * 1024];
    Body::from_stream(futures::stream::repeat(()).map(move |()| {
        let _ = &open;
        made.fetch_add(PIECE.len(), Ordering::SeqCst);
        Ok::<_, std::io::Error>(PIECE)
    }))
}

/// Counts for as long as it lives.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(open: Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::SeqCst);
        Self(open)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn serve(listener: std::net::TcpListener, router: Router, tls: Option<TlsAcceptor>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        let (service, tls) = (TowerToHyperService::new(router.clone()), tls.clone());
        tokio::spawn(async move {
            let http = auto::Builder::new(TokioExecutor::new());
            // An error is the other side's affair.
            match tls {
                None => drop(http.serve_connection(TokioIo::new(tcp), service).await),
                Some(tls) => {
                    if let Ok(tls) = tls.accept(tcp).await {
                        drop(http.serve_connection(TokioIo::new(tls), service).await);
                    }
                }
            }
        });
    }
}
