//! All recorded traffic there is, through every surface that records, and back.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::{Layer, Service, service_fn};
use tower_mock_llm::cassette::{Cassette, RecordMode};
use tower_mock_llm::{MockLlmLayer, MockServer, UpstreamBody};

use crate::upstream::{Exchange, Res, Scratch, body, call, upstream};

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

/// The provider, in this process: it answers with one exchange, and knows who is to be called.
fn provider(
    exchange: Exchange,
) -> impl Service<http::Request<UpstreamBody>, Response = Res, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    service_fn(move |request: http::Request<UpstreamBody>| {
        let exchange = exchange.clone();
        async move {
            assert_eq!(request.uri().to_string(), exchange.url);
            assert_eq!(request.headers()["authorization"], "Bearer any");
            let sent = request.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(sent, exchange.asked());
            let mut response = http::Response::builder().status(exchange.status);
            for (name, value) in exchange.headers() {
                response = response.header(name, value);
            }
            let frames = exchange.frames().into_iter().map(Ok).collect();
            Ok(response.body(body(frames, Duration::ZERO)).unwrap())
        }
    })
}

/// That what was recorded has the provider's own frames.
async fn check_frames(path: &Path, name: &str, exchange: &Exchange) {
    let layer = MockLlmLayer::new().cassette(Cassette::open(path).unwrap());
    let (parts, frames) = call(layer.into_service(), exchange.request()).await;
    assert_eq!(parts.status.as_u16(), exchange.status, "{name}");
    assert_eq!(frames, exchange.frames(), "{name}");
}

#[tokio::test]
async fn a_server_does() {
    let scratch = Scratch::new("library-server");
    let client = Client::builder(TokioExecutor::new()).build_http();
    for (name, exchange) in all() {
        let path = scratch.file(&format!("{name}.jsonl"));
        for mode in [RecordMode::RecordMissing, RecordMode::Replay] {
            let layer = MockLlmLayer::new().cassette(Cassette::open(&path).unwrap().mode(mode));
            let server = MockServer::builder(layer).upstream(provider(exchange.clone()));
            let server = server.start().unwrap();
            // A program calls the server by its base URL, and gives no host of a provider's.
            let mut request = exchange.request();
            // It tells providers apart by their headers, where two have the same path.
            if !exchange.url.contains("anthropic") {
                request.headers_mut().remove("anthropic-version");
                request.headers_mut().remove("x-api-key");
            }
            if !exchange.url.contains("googleapis") {
                request.headers_mut().remove("x-goog-api-key");
            }
            let path_and_query = request.uri().path_and_query().unwrap();
            *request.uri_mut() = format!("{}{path_and_query}", server.url()).parse().unwrap();
            let (parts, frames) = call(client.clone(), request).await;
            assert_eq!(parts.status.as_u16(), exchange.status, "{name}");
            assert_eq!(frames.concat(), exchange.body, "{name}");
            server.shutdown();
        }
        check_frames(&path, &name, &exchange).await;
    }
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
            async fn a_connector_does() {
                let scratch = Scratch::new(concat!("library-connector-", stringify!($version)));
                for (name, exchange) in all() {
                    let path = scratch.file(&format!("{name}.jsonl"));
                    for mode in [RecordMode::RecordMissing, RecordMode::Replay] {
                        let cassette = Cassette::open(&path).unwrap().mode(mode);
                        let layer = MockLlmLayer::new().cassette(cassette);
                        let connector = layer.connector().upstream(provider(exchange.clone()));
                        let client = Client::builder().connector_layer(connector).build().unwrap();
                        let answer = client.execute(request(&name, &exchange)).await.unwrap();
                        assert_eq!(answer.status().as_u16(), exchange.status, "{name}");
                        assert_eq!(chunks(answer).await.concat(), exchange.body, "{name}");
                        if mode == RecordMode::Replay {
                            layer.handle().verify();
                        }
                    }
                    check_frames(&path, &name, &exchange).await;
                }
            }

            /// Without a service of the user's: a client of the same reqwest goes to the very host.
            #[tokio::test]
            async fn a_connector_calls_the_host_that_the_app_calls() {
                let scratch = Scratch::new(concat!("connector-", stringify!($version)));
                let path = scratch.file("x.jsonl");
                let all = all();
                let (name, exchange) = all
                    .iter()
                    .find(|(name, _)| name.contains("chat.completions") && name.ends_with("stream"))
                    .unwrap();
                let gateway = serve(&all);
                for mode in [RecordMode::RecordMissing, RecordMode::Verify, RecordMode::Replay] {
                    let cassette = Cassette::open(&path).unwrap().mode(mode);
                    let layer =
                        MockLlmLayer::new().local_host("127.0.0.1").cassette(cassette.clone());
                    let client = Client::builder().connector_layer(layer.connector());
                    let mut request = request(name, exchange);
                    Elsewhere(gateway).lead(&mut request);
                    let url = request.url().clone();
                    let answer = client.build().unwrap().execute(request).await.unwrap();
                    assert_eq!((answer.status().as_u16(), answer.url()), (exchange.status, &url));
                    assert_eq!(chunks(answer).await.concat(), exchange.body);
                    layer.handle().verify();
                    assert_eq!((cassette.len(), cassette.notes()), (1, vec![]));
                }
                let file = std::fs::read_to_string(&path).unwrap();
                assert!(
                    file.contains(&format!("\"POST http://{gateway}/v1/chat/completions\"")),
                    "{file}"
                );
                // Nobody is there.
                let cassette = Cassette::open(scratch.file("y.jsonl")).unwrap();
                let layer = MockLlmLayer::new()
                    .local_host("127.0.0.1")
                    .cassette(cassette.clone().mode(RecordMode::RecordMissing));
                let client = Client::builder().connector_layer(layer.connector()).build().unwrap();
                let mut request = request(name, exchange);
                Elsewhere(([127, 0, 0, 1], 1).into()).lead(&mut request);
                let answer = client.execute(request).await.unwrap();
                assert_eq!(answer.status().as_u16(), 502);
                let why = answer.text().await.unwrap();
                assert!(
                    why.contains("could not be reached at http://127.0.0.1:1/v1/chat"),
                    "{why}"
                );
                assert!(cassette.is_empty());
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
