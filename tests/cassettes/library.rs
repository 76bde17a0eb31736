//! All recorded traffic there is, through every surface that records, and back.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tower::{Layer, service_fn};
use tower_mock_llm::MockLlmLayer;
use tower_mock_llm::cassette::{Cassette, RecordMode};

use crate::upstream::{Exchange, Scratch, body, call, upstream};

/// What has a room here. What goes to other hosts is not claimed, and so not recorded.
const ROOMS: [&str; 3] = ["anthropic", "gemini", "openai"];

/// Those that go to a provider's own host.
fn all() -> Vec<(String, Exchange)> {
    let hosts = ["api.openai.com", "api.anthropic.com", "generativelanguage.googleapis.com"];
    let mut all = Exchange::library(&ROOMS);
    all.retain(|(_, exchange)| {
        let url = exchange.url.parse::<http::Uri>();
        // Some have a placeholder where a key stood.
        url.is_ok_and(|url| url.host().is_some_and(|host| hosts.contains(&host)))
    });
    assert!(all.len() >= 13);
    all
}

#[tokio::test(start_paused = true)]
async fn a_stack_records_and_replays_all_of_it_frame_for_frame() {
    let scratch = Scratch::new("library");
    let mut streams = 0;
    for (name, exchange) in all() {
        let path = scratch.file(&format!("{name}.jsonl"));
        let cassette = Cassette::open(&path).unwrap().mode(RecordMode::RecordMissing);
        let live = upstream(exchange.clone(), Duration::ZERO, Duration::ZERO, Arc::default());
        let stack = MockLlmLayer::new().cassette(cassette).recording().layer(live);
        let (_, frames) = call(stack, exchange.request()).await;
        assert_eq!(frames, exchange.frames(), "{name}");
        let layer = MockLlmLayer::new().cassette(Cassette::open(&path).unwrap());
        let (parts, frames) = call(layer.into_service(), exchange.request()).await;
        assert_eq!(frames, exchange.frames(), "{name}");
        assert_eq!(parts.status.as_u16(), exchange.status, "{name}");
        streams += usize::from(exchange.body.starts_with(b"data:"));
    }
    assert!(streams > 0);
}

/// A server that stands for all providers, on a thread of its own, for ever: it answers with the exchange
/// that a header names.
fn serve(exchanges: &[(String, Exchange)]) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let exchanges: HashMap<String, Exchange> = exchanges.iter().cloned().collect();
    let answer = move |request: axum::extract::Request| {
        let exchange = &exchanges[request.headers()["x-exchange"].to_str().unwrap()];
        assert_eq!(request.uri().path(), exchange.url.parse::<http::Uri>().unwrap().path());
        let mut response = http::Response::builder().status(exchange.status);
        for (name, value) in exchange.headers() {
            response = response.header(name, value);
        }
        let frames = exchange.frames().into_iter().map(Ok).collect();
        let body = axum::body::Body::new(body(frames, Duration::ZERO));
        std::future::ready(Ok::<_, Infallible>(response.body(body).unwrap()))
    };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let app = axum::Router::new().fallback_service(service_fn(answer));
            axum::serve(listener, app).await.unwrap();
        });
    });
    addr
}

macro_rules! tests {
    ($version:ident, $reqwest:ident, $middleware:ident) => {
        mod $version {
            use $middleware::{ClientBuilder, Middleware, Next};
            use $reqwest::{Client, Method, Request, Response, Url};

            use super::*;

            fn request(name: &str, exchange: &Exchange) -> Request {
                let method = Method::from_bytes(exchange.method.as_bytes()).unwrap();
                let mut request = Request::new(method, Url::parse(&exchange.url).unwrap());
                *request.headers_mut() = exchange.request().headers().clone();
                request.headers_mut().insert("x-exchange", name.parse().unwrap());
                *request.body_mut() = Some(exchange.asked().into());
                request
            }

            async fn chunks(mut response: Response) -> Vec<Bytes> {
                let mut chunks = Vec::new();
                while let Some(chunk) = response.chunk().await.unwrap() {
                    chunks.push(chunk);
                }
                chunks
            }

            /// Leads requests to the server that stands for the provider.
            #[derive(Clone, Copy)]
            struct Elsewhere(SocketAddr);

            impl Elsewhere {
                fn lead(self, request: &mut Request) {
                    let url = request.url_mut();
                    url.set_scheme("http").unwrap();
                    url.set_ip_host(self.0.ip()).unwrap();
                    url.set_port(Some(self.0.port())).unwrap();
                }
            }

            #[async_trait::async_trait]
            impl Middleware for Elsewhere {
                async fn handle(
                    &self,
                    mut request: Request,
                    extensions: &mut http::Extensions,
                    next: Next<'_>,
                ) -> $middleware::Result<Response> {
                    self.lead(&mut request);
                    next.run(request, extensions).await
                }
            }

            #[tokio::test]
            async fn a_middleware_does() {
                let scratch = Scratch::new(concat!("library-middleware-", stringify!($version)));
                let all = all();
                let elsewhere = Elsewhere(serve(&all));
                let client = Client::new();
                for (name, exchange) in &all {
                    let path = scratch.file(&format!("{name}.jsonl"));
                    let mut seen = Vec::new();
                    for mode in [RecordMode::RecordMissing, RecordMode::Replay] {
                        let cassette = Cassette::open(&path).unwrap().mode(mode);
                        let layer = MockLlmLayer::new().cassette(cassette);
                        let client =
                            ClientBuilder::new(client.clone()).with(layer).with(elsewhere).build();
                        let answer = client.execute(request(name, exchange)).await.unwrap();
                        assert_eq!(answer.status().as_u16(), exchange.status, "{name}");
                        seen.push(chunks(answer).await);
                    }
                    assert_eq!(seen[0].concat(), exchange.body, "{name}");
                    assert_eq!(seen[0], seen[1], "{name}");
                }
            }

            #[tokio::test]
            async fn a_stack_over_reqwest_does() {
                let scratch = Scratch::new(concat!("library-stack-", stringify!($version)));
                let all = all();
                let elsewhere = Elsewhere(serve(&all));
                let client = Client::new();
                let live = service_fn(move |mut request: Request| {
                    elsewhere.lead(&mut request);
                    client.execute(request)
                });
                for (name, exchange) in &all {
                    let path = scratch.file(&format!("{name}.jsonl"));
                    let mut seen = Vec::new();
                    for mode in [RecordMode::RecordMissing, RecordMode::Replay] {
                        let cassette = Cassette::open(&path).unwrap().mode(mode);
                        let layer = MockLlmLayer::new().cassette(cassette);
                        let stack = layer.recording().layer(live.clone());
                        let answer = tower::ServiceExt::oneshot(stack, request(name, exchange));
                        let answer = answer.await.unwrap();
                        assert_eq!(answer.status().as_u16(), exchange.status, "{name}");
                        seen.push(chunks(answer).await);
                    }
                    assert_eq!(seen[0].concat(), exchange.body, "{name}");
                    assert_eq!(seen[0], seen[1], "{name}");
                }
            }
        }
    };
}

tests!(v0_12, reqwest12, reqwest_middleware04);
tests!(v0_13, reqwest, reqwest_middleware);
