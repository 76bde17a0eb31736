//! A reply that is made while it is sent: a bridge to something of your own.
//!
//!     cargo run --example bridge

use std::time::Duration;

use async_stream::stream;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use tower_mock_llm::{BoxError, Delta, MockLlmLayer, ReplyStream, Rule};

/// Stands for a local model, a recording, a person at a keyboard: whatever yields words.
fn think_aloud(prompt: String) -> impl futures::Stream<Item = Delta> {
    stream! {
        yield Delta::Reasoning(format!("They wrote {} words.", prompt.split(' ').count()));
        for word in prompt.split_inclusive(' ').rev() {
            pause().await;
            yield Delta::from(word.trim_end().to_owned() + " ");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the lint is for the library")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mock = MockLlmLayer::new().rule(
        Rule::always()
            .respond_fn(|request| ReplyStream::new(think_aloud(request.last_user().into_owned()))),
    );

    let request = http::Request::post("https://api.anthropic.com/v1/messages")
        .header("x-api-key", "no-key-needed")
        .header("anthropic-version", "2023-06-01")
        .body(Full::<Bytes>::from(
            r#"{"model": "claude-sonnet-4-5", "max_tokens": 100, "stream": true,
                "messages": [{"role": "user", "content": "said are words the backwards"}]}"#,
        ))?;
    let mut body = mock.into_service().oneshot(request).await?.into_body();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            print!("{}", String::from_utf8_lossy(data));
        }
    }
    Ok(())
}
