//! A recording that has gone stale: `verify` tells how the provider's answers have changed and rewrites
//! nothing, `refresh` records them again.
//!
//! The provider is another mock here, so that this runs offline.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tower::{Layer, Service, ServiceExt};
use tower_mock_llm::cassette::{Cassette, RecordMode, Stale};
use tower_mock_llm::{BoxError, MockLlmLayer, Reply, Rule};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let path = std::env::temp_dir().join(format!("refresh-{}.jsonl", std::process::id()));

    let cassette = Cassette::open(&path)?.mode(RecordMode::RecordMissing);
    through(&cassette, Reply::text("It is sunny.")).await?;
    let before = std::fs::read_to_string(&path)?;

    // Months later the model calls a tool instead. In CI, once a week: MOCK_LLM=verify.
    let now = || Reply::empty().tool_call("weather", json!({"city": "Paris"}));
    let cassette = Cassette::open(&path)?.mode(RecordMode::Verify);
    through(&cassette, now()).await?;
    let notes: Vec<_> = cassette.notes().iter().map(ToString::to_string).collect();
    println!("verify:\n{}", notes.join("\n"));
    assert!(!notes.is_empty());
    assert_eq!(std::fs::read_to_string(&path)?, before);

    // MOCK_LLM=refresh, when the change is welcome. This one is seconds old, and must count as stale.
    let cassette =
        Cassette::open(&path)?.mode(RecordMode::Refresh).max_age(Duration::ZERO, Stale::Refresh);
    through(&cassette, now()).await?;

    let replaying = MockLlmLayer::new().cassette(Cassette::open(&path)?);
    let replayed = ask(replaying.into_service()).await?;
    println!("replayed after refresh:\n{replayed}");
    assert!(replayed.contains("\"name\": \"weather\""));

    std::fs::remove_file(path)?;
    Ok(())
}

/// Asks a provider that says this, through the cassette.
async fn through(cassette: &Cassette, says: Reply) -> Result<String, BoxError> {
    let provider = MockLlmLayer::new().rule(Rule::always().respond_with(says)).into_service();
    ask(MockLlmLayer::new().cassette(cassette.clone()).recording().layer(provider)).await
}

async fn ask<S, B>(service: S) -> Result<String, BoxError>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>>,
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let body = json!({
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "How is the weather?"}],
        "tools": [{"type": "function", "function": {"name": "weather"}}],
    });
    let request = Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer never written")
        .body(Full::from(body.to_string()))?;
    let response = service.oneshot(request).await.map_err(Into::into)?;
    let body = response.into_body().collect().await.map_err(Into::into)?.to_bytes();
    Ok(String::from_utf8(body.to_vec())?)
}
