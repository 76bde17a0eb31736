//! Recorded by a server that stands between a client and the provider.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Request;
use http_body_util::{BodyExt, Full};
use tower::{ServiceExt, service_fn};
use tower_mock_llm::cassette::{Cassette, RecordMode};
use tower_mock_llm::{MockLlmLayer, MockServer, UpstreamBody};

use crate::upstream::{Exchange, Res, Scratch, call, upstream};

/// The bytes that a client of the server reads.
async fn read(server: &MockServer, exchange: &Exchange) -> (u16, Vec<u8>) {
    let request = exchange.request();
    let path = request.uri().path_and_query().unwrap().as_str();
    let (method, mut headers) = (request.method().clone(), request.headers().clone());
    // By these a server tells whose `/v1/models` it is.
    if exchange.url.contains("openai") {
        for other in ["anthropic-version", "x-api-key", "x-goog-api-key"] {
            headers.remove(other);
        }
    }
    let body = request.clone().into_body().collect().await.unwrap().to_bytes();
    let url = format!("{}{path}", server.url());
    let sent = reqwest::Client::new().request(method, url).headers(headers).body(body);
    let answer = sent.send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_server_records_and_replays_everything_byte_for_byte_and_frame_for_frame() {
    let scratch = Scratch::new("server");
    for (name, exchange) in Exchange::all() {
        let path = scratch.file(&format!("{name}.jsonl"));
        let calls = Arc::new(AtomicUsize::new(0));
        let (of_service, counter) = (exchange.clone(), Arc::clone(&calls));
        let provider = service_fn(move |request: Request<UpstreamBody>| {
            let provider =
                upstream(of_service.clone(), Duration::ZERO, Duration::ZERO, Arc::clone(&counter));
            let url = of_service.url.clone();
            async move {
                assert_eq!(request.uri().to_string(), url);
                assert_eq!(request.headers()["authorization"], "Bearer any");
                let (parts, body) = request.into_parts();
                let body = Full::new(body.collect().await.unwrap().to_bytes());
                let response: Res = provider.oneshot(Request::from_parts(parts, body)).await?;
                Ok::<_, Infallible>(response)
            }
        });
        let open = || Cassette::open(&path).unwrap();
        let wanted = (exchange.status, exchange.body.to_vec());

        let layer = MockLlmLayer::new().cassette(open().mode(RecordMode::RecordMissing));
        let server = MockServer::builder(layer).upstream(provider).start().unwrap();
        assert_eq!(read(&server, &exchange).await, wanted, "{name}");
        assert_eq!(calls.load(Ordering::SeqCst), 1, "{name}");
        server.handle().verify();
        drop(server);

        // Found again by a layer, though that sees another URL.
        let replay = MockLlmLayer::new().cassette(open()).into_service();
        let (parts, frames) = call(replay, exchange.request()).await;
        assert_eq!((parts.status.as_u16(), frames), (exchange.status, exchange.frames()), "{name}");

        // And by a server that has nothing behind it.
        let server = MockLlmLayer::new().cassette(open()).serve().unwrap();
        assert_eq!(read(&server, &exchange).await, wanted, "{name}");
        assert_eq!(calls.load(Ordering::SeqCst), 1, "{name}");
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(!written.contains("127.0.0.1"), "{written}");
    }
}
