//! A call is recorded, then replayed with nothing behind it; then the prompt changes.
//!
//! The provider is another mock here, so that this runs offline.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt};
use tower_mock_llm::cassette::{Cassette, RecordMode};
use tower_mock_llm::{BoxError, MockLlmLayer, Rule};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let path = std::env::temp_dir().join(format!("cassette-{}.jsonl", std::process::id()));

    let provider =
        MockLlmLayer::new().rule(Rule::always().respond_with("It is sunny.")).into_service();
    let cassette = Cassette::open(&path)?.mode(RecordMode::RecordMissing);
    let stack = MockLlmLayer::new().cassette(cassette).recording().layer(provider);
    let live = ask(stack, "How is the weather?").await?;
    println!("recorded:\n{}", std::fs::read_to_string(&path)?);

    let layer = MockLlmLayer::new().cassette(Cassette::open(&path)?);
    let replayed = ask(layer.clone().into_service(), "How is the weather?").await?;
    assert_eq!(replayed, live);

    let changed = ask(layer.into_service(), "How is the traffic?").await?;
    assert!(changed.contains("prompt at /messages/0/content"));
    println!("with another prompt:\n{changed}");

    std::fs::remove_file(path)?;
    Ok(())
}

async fn ask<S, B>(service: S, text: &str) -> Result<String, BoxError>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>>,
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let body = serde_json::json!({
        "model": "gpt-4o",
        "stream": true,
        "messages": [{"role": "user", "content": text}],
    });
    let request = Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer never written")
        .body(Full::from(body.to_string()))?;
    let response = service.oneshot(request).await.map_err(Into::into)?;
    let body = response.into_body().collect().await.map_err(Into::into)?.to_bytes();
    Ok(String::from_utf8(body.to_vec())?)
}
