//! Connections to providers, through the proxy that the environment names.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, Method, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::error::BoxError;
use crate::request::Head;

/// Connects, without TLS: that is spoken over it, also where a proxy stands between.
#[derive(Clone)]
pub(super) struct Connect {
    pub(super) tcp: HttpConnector,
    /// None is used where there is none.
    pub(super) proxies: Option<Arc<Matcher>>,
}

impl Service<Uri> for Connect {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        // What is not encrypted is a server of one's own; and this machine is nearer than any proxy.
        let is_far = to.scheme_str() == Some("https") && !is_local(&to);
        let proxies = self.proxies.as_ref().filter(|_| is_far);
        let Some(proxy) = proxies.and_then(|proxies| proxies.intercept(&to)) else {
            let connecting = self.tcp.call(to);
            return Box::pin(async { Ok(connecting.await?) });
        };
        if proxy.uri().scheme_str() != Some("http") {
            let scheme = proxy.uri().scheme_str().unwrap_or_default().to_owned();
            return Box::pin(async move {
                Err(format!(
                    "the environment names a proxy by {scheme}, and only those by http are spoken to; \
                     set HTTPS_PROXY, or except the host by NO_PROXY"
                )
                .into())
            });
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.tcp.clone());
        if let Some(auth) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        let connecting = tunnel.call(to);
        Box::pin(async { connecting.await.map_err(Into::into) })
    }
}

fn is_local(uri: &Uri) -> bool {
    Head::new(&Method::GET, uri.host(), "/", None, &HeaderMap::new()).is_local()
}
