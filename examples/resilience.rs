//! Two apps under the same trouble: one that tries again at once and takes what it gets, and its
//! repaired twin. The verdict and the sweep tell them apart, on a paused clock, so in no time.
//!
//!     cargo run --example resilience

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::fault::{self, Case};
use tower_mock_llm::{ApiError, BoxError, MockBody, MockLlmLayer, Reply, Rule, last_user};

type Answer = http::Response<MockBody<Full<Bytes>>>;

async fn send(mock: &MockLlmLayer, question: &str) -> Result<Answer, BoxError> {
    let messages = json!([{"role": "user", "content": question}]);
    let body = json!({"model": "gpt-4o", "stream": true, "messages": messages});
    let request = http::Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer any")
        .body(Full::<Bytes>::from(body.to_string()))?;
    Ok(mock.clone().into_service().oneshot(request).await?)
}

/// The text of a stream, and whether its end was seen.
fn read(body: &[u8]) -> Result<(String, bool), BoxError> {
    let (mut text, mut is_whole) = (String::new(), false);
    for line in std::str::from_utf8(body)?.trim_start_matches('\u{feff}').lines() {
        let Some(data) = line.strip_prefix("data: ").filter(|data| *data != "[DONE]") else {
            continue;
        };
        let choice = &serde_json::from_str::<Value>(data)?["choices"][0];
        text += choice["delta"]["content"].as_str().unwrap_or_default();
        is_whole |= choice["finish_reason"].is_string();
    }
    Ok((text, is_whole))
}

async fn naive(mock: &MockLlmLayer, question: &str) -> Result<String, BoxError> {
    for _ in 0..5 {
        let response = send(mock, question).await?;
        if response.status().is_success() {
            let (mut frames, mut body) = (response.into_body(), Vec::new());
            while let Some(Ok(frame)) = frames.frame().await {
                body.extend_from_slice(&frame.into_data().unwrap_or_default());
            }
            return Ok(read(&body).map(|(text, _)| text).unwrap_or_default());
        }
    }
    Err("no luck".into())
}

#[expect(clippy::disallowed_methods, reason = "an app waits where it likes")]
async fn repaired(mock: &MockLlmLayer, question: &str) -> Result<String, BoxError> {
    // Chance would come from `rand`; a fixed number keeps the example without it.
    let mut back_off = Duration::from_millis(530);
    for _ in 0..5 {
        let response = send(mock, question).await?;
        let (status, asked) = (response.status(), response.headers().get("retry-after-ms"));
        let asked = asked.and_then(|value| value.to_str().ok()?.parse().ok());
        if status.is_success() {
            let body =
                tokio::time::timeout(Duration::from_secs(30), response.into_body().collect());
            if let Ok(Ok(body)) = body.await
                && let Ok((text, true)) = read(&body.to_bytes())
            {
                return Ok(text);
            }
        } else if !matches!(status.as_u16(), 408 | 409 | 429 | 500..) {
            return Err(status.as_str().into());
        }
        tokio::time::sleep(asked.map_or(back_off, Duration::from_millis)).await;
        back_off = back_off * 19 / 10;
    }
    Err("no luck".into())
}

/// Overload, then a limit, then an answer; and one question that is always refused.
fn trouble() -> MockLlmLayer {
    let limit = ApiError::rate_limit().retry_after(Duration::from_secs(7));
    MockLlmLayer::new()
        .watch_client()
        .rule(Rule::when(last_user().contains("secret")).respond_with(ApiError::content_policy()))
        .rule(Rule::always().first(ApiError::overloaded()).then(limit).then_repeat("Here I am."))
}

async fn passes(app: impl AsyncFn(&MockLlmLayer, &str) -> Result<String, BoxError>) -> bool {
    let layer = trouble();
    for question in ["Where are you?", "Tell me a secret"] {
        let answer = app(&layer, question).await;
        println!("{question} {answer:?}");
    }
    let verdict = layer.handle().verdict();
    let (app, reply) = (&app, Reply::text("All is well here, and all of it."));
    let ask = |case: Case| async move { app(&case.layer(), "How are you?").await };
    let sweep = fault::sweep(reply, ask).await;
    println!("{verdict}\n{sweep}\n");
    verdict.is_ok() && sweep.is_ok()
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("naive:");
    assert!(!passes(naive).await);
    println!("repaired:");
    assert!(passes(repaired).await);
}
