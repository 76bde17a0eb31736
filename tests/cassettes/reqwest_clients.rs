//! Recorded through reqwest-middleware, replayed there and through the connector.

use std::time::Duration;

use bytes::Bytes;
use tower_mock_llm::MockLlmLayer;
use tower_mock_llm::cassette::{Cassette, RecordMode};

use crate::upstream::{Exchange, Scratch, body};

/// A server that answers with this exchange, once it runs on a thread of its own, for ever.
fn serve(exchange: Exchange) -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let answer = move || {
        let mut response = http::Response::builder().status(exchange.status);
        for (name, value) in exchange.headers() {
            response = response.header(name, value);
        }
        let frames = exchange.frames().into_iter().map(Ok).collect();
        let body = axum::body::Body::new(body(frames, Duration::from_millis(1)));
        std::future::ready(response.body(body).unwrap())
    };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap();
        });
    });
    addr
}

macro_rules! tests {
    ($version:ident, $reqwest:ident, $middleware:ident) => {
        mod $version {
            use $middleware::ClientBuilder;
            use $reqwest::{Client, Method, Response, Url};

            use super::*;

            async fn send(layer: MockLlmLayer, url: &str, exchange: &Exchange) -> Response {
                let client = ClientBuilder::new(Client::new()).with(layer).build();
                let method = Method::from_bytes(exchange.method.as_bytes()).unwrap();
                let request = client
                    .request(method, url)
                    .bearer_auth("any")
                    .header("x-api-key", "any")
                    .header("x-goog-api-key", "any")
                    .header("anthropic-version", "2023-06-01")
                    .body(exchange.asked());
                request.send().await.unwrap()
            }

            async fn chunks(mut response: Response) -> Vec<Bytes> {
                let mut chunks = Vec::new();
                while let Some(chunk) = response.chunk().await.unwrap() {
                    chunks.push(chunk);
                }
                chunks
            }

            #[tokio::test]
            async fn what_a_middleware_recorded_every_surface_replays() {
                let scratch = Scratch::new(stringify!($version));
                for (name, exchange) in Exchange::all() {
                    // An endpoint that is not mocked is claimed on the provider's own host only.
                    if name.starts_with("openai-responses") || name.starts_with("openai-models") {
                        continue;
                    }
                    let path = scratch.file(&format!("{name}.jsonl"));
                    let open = || Cassette::open(&path).unwrap();
                    let real = Url::parse(&exchange.url).unwrap();
                    let mut url =
                        Url::parse(&format!("http://{}", serve(exchange.clone()))).unwrap();
                    url.set_path(real.path());
                    url.set_query(real.query());

                    let cassette = open().mode(RecordMode::RecordMissing);
                    let layer = MockLlmLayer::new().cassette(cassette.clone());
                    let live = send(layer, url.as_str(), &exchange).await;
                    assert_eq!(live.status().as_u16(), exchange.status, "{name}");
                    assert_eq!(live.url(), &url);
                    let live = chunks(live).await;
                    assert_eq!(live.concat(), exchange.body, "{name}");
                    assert_eq!(cassette.len(), 1, "{name}");

                    // As frames came over the socket, to a host that is not called.
                    let layer = MockLlmLayer::new().cassette(open());
                    let replayed = send(layer.clone(), real.as_str(), &exchange).await;
                    assert_eq!(replayed.status().as_u16(), exchange.status, "{name}");
                    assert_eq!(chunks(replayed).await, live, "{name}");

                    // And over a socket of the mock's.
                    let layer = MockLlmLayer::new().cassette(open());
                    let client = Client::builder().no_proxy().connector_layer(layer.connector());
                    let replayed = client
                        .build()
                        .unwrap()
                        .request(Method::from_bytes(exchange.method.as_bytes()).unwrap(), real)
                        .bearer_auth("any")
                        .body(exchange.asked())
                        .send()
                        .await
                        .unwrap();
                    assert_eq!(replayed.status().as_u16(), exchange.status, "{name}");
                    assert_eq!(replayed.bytes().await.unwrap(), exchange.body, "{name}");
                }
            }
        }
    };
}

tests!(v0_12, reqwest12, reqwest_middleware04);
tests!(v0_13, reqwest, reqwest_middleware);
