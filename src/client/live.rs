//! How the connector reaches a provider, to record it: by a client of the app's own reqwest, which has
//! the TLS that the app chose.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::uri::Scheme;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use tower_service::Service;

use crate::error::BoxError;
use crate::upstream::{Other, Send_, UpstreamBody};

/// What is known of the app's client, and what goes in its place.
#[derive(Default)]
pub(super) struct Way {
    given: Option<Box<dyn Send_>>,
    known: Arc<Known>,
}

#[derive(Default)]
struct Known {
    /// Which of the clients is of the app's version.
    version: AtomicUsize,
    /// Hosts, with their ports, that are called without TLS.
    plain: Mutex<HashSet<String>>,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way").field("given", &self.given.is_some()).finish_non_exhaustive()
    }
}

impl Way {
    pub(super) fn through(given: Box<dyn Send_>) -> Self {
        Self { given: Some(given), known: Arc::default() }
    }

    /// Notes where a connection was to go, as reqwest shows it: `Unnameable(http://10.0.0.1:8080/)`.
    pub(super) fn dialled(&self, target: &str) {
        let uri = target.strip_suffix(')').and_then(|target| target.split_once('('));
        let uri = uri.and_then(|(_, uri)| uri.parse::<Uri>().ok());
        if let Some(uri) = uri.filter(|uri| uri.scheme() == Some(&Scheme::HTTP))
            && let Some(authority) = uri.authority()
        {
            let mut plain = self.known.plain.lock().unwrap_or_else(PoisonError::into_inner);
            plain.insert(authority.as_str().to_ascii_lowercase());
        }
    }

    /// Notes which of the donors made the connection.
    pub(super) fn is_of(&self, version: usize) {
        self.known.version.store(version, Ordering::Relaxed);
    }

    /// What sends requests.
    pub(super) fn sender(&self) -> Result<Box<dyn Send_>, BoxError> {
        if let Some(given) = &self.given {
            return Ok(given.boxed());
        }
        // In the order of the donors.
        let clients = vec![
            #[cfg(feature = "reqwest-0_13")]
            Client::V0_13(client_0_13()?),
            #[cfg(feature = "reqwest-0_12")]
            Client::V0_12(client_0_12()?),
        ];
        Ok(Box::new(Live { clients, known: Arc::clone(&self.known) }))
    }
}

#[derive(Clone)]
enum Client {
    #[cfg(feature = "reqwest-0_12")]
    V0_12(::reqwest12::Client),
    #[cfg(feature = "reqwest-0_13")]
    V0_13(::reqwest::Client),
}

macro_rules! client {
    ($feature:literal, $name:ident, $send:ident, $reqwest:ident) => {
        #[cfg(feature = $feature)]
        fn $name() -> Result<::$reqwest::Client, ::$reqwest::Error> {
            // What the provider sends is what is recorded.
            ::$reqwest::Client::builder()
                .redirect(::$reqwest::redirect::Policy::none())
                .no_gzip()
                .no_brotli()
                .no_zstd()
                .no_deflate()
                .build()
        }

        #[cfg(feature = $feature)]
        async fn $send(
            client: ::$reqwest::Client,
            request: Request<UpstreamBody>,
        ) -> Result<Response<Other>, BoxError> {
            let request = ::$reqwest::Request::try_from(request.map(::$reqwest::Body::wrap))?;
            let response: Response<::$reqwest::Body> = client.execute(request).await?.into();
            Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
        }
    };
}

client!("reqwest-0_12", client_0_12, send_0_12, reqwest12);
client!("reqwest-0_13", client_0_13, send_0_13, reqwest);

/// Calls providers by a client of the version that the app has.
#[derive(Clone)]
struct Live {
    clients: Vec<Client>,
    known: Arc<Known>,
}

impl Service<Request<UpstreamBody>> for Live {
    type Response = Response<Other>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<UpstreamBody>) -> Self::Future {
        if let Some(uri) = self.known.as_dialled(request.uri()) {
            *request.uri_mut() = uri;
        }
        let version = self.known.version.load(Ordering::Relaxed);
        match self.clients[version.min(self.clients.len() - 1)].clone() {
            #[cfg(feature = "reqwest-0_12")]
            Client::V0_12(client) => Box::pin(send_0_12(client, request)),
            #[cfg(feature = "reqwest-0_13")]
            Client::V0_13(client) => Box::pin(send_0_13(client, request)),
        }
    }
}

impl Known {
    /// The URL with the scheme that the app has: a server cannot know whether there was to be TLS.
    fn as_dialled(&self, uri: &Uri) -> Option<Uri> {
        let authority = uri.authority()?.as_str().to_ascii_lowercase();
        let plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        let scheme = if plain.contains(&authority) { Scheme::HTTP } else { Scheme::HTTPS };
        let mut parts = uri.clone().into_parts();
        parts.scheme = Some(scheme);
        Uri::from_parts(parts).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_the_scheme_that_the_app_dialled() {
        let way = Way::default();
        way.dialled("Unnameable(http://gateway.example:8080/)");
        way.dialled("Unnameable(https://api.openai.com/)");
        for (guess, dialled) in [
            ("https://gateway.example:8080/v1/x?a=b", "http://gateway.example:8080/v1/x?a=b"),
            ("http://gateway.example/v1", "https://gateway.example/v1"),
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
            ("http://127.0.0.1:1/", "https://127.0.0.1:1/"),
        ] {
            let uri = way.known.as_dialled(&guess.parse().unwrap()).unwrap();
            assert_eq!(uri, dialled);
        }
    }
}
