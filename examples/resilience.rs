//! Two apps under the same trouble: one that tries again at once whatever happened, and its repaired
//! twin. The verdict tells them apart. Takes no time: the clock is tokio's, and it is paused.
//!
//!     cargo run --example resilience

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use tower_mock_llm::verdict::Verdict;
use tower_mock_llm::{ApiError, BoxError, MockLlm, MockLlmLayer, Reject, Rule, last_user};

/// Overload, then a limit, then an answer; and one question that is always refused.
fn trouble() -> MockLlmLayer {
    let limit = ApiError::rate_limit().retry_after(Duration::from_secs(7));
    MockLlmLayer::new()
        .watch_client()
        .rule(Rule::when(last_user().contains("secret")).respond_with(ApiError::content_policy()))
        .rule(Rule::always().first(ApiError::overloaded()).then(limit).then_repeat("Here I am."))
}

async fn send(mock: &MockLlm<Reject>, question: &str) -> Result<http::Response<Bytes>, BoxError> {
    let body = serde_json::json!({
        "model": "gpt-4o", "messages": [{"role": "user", "content": question}],
    });
    let request = http::Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer any")
        .body(Full::<Bytes>::from(body.to_string()))?;
    let (parts, body) = mock.clone().oneshot(request).await?.into_parts();
    Ok(http::Response::from_parts(parts, body.collect().await?.to_bytes()))
}

async fn naive(mock: &MockLlm<Reject>, question: &str) -> Result<(), BoxError> {
    for _ in 0..5 {
        if send(mock, question).await?.status().is_success() {
            break;
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "an app waits where it likes")]
async fn repaired(mock: &MockLlm<Reject>, question: &str) -> Result<(), BoxError> {
    // Chance would come from `rand`; a fixed number keeps the example without it.
    let mut back_off = Duration::from_millis(530);
    for _ in 0..5 {
        let response = send(mock, question).await?;
        if !matches!(response.status().as_u16(), 408 | 409 | 429 | 500..) {
            break;
        }
        let asked = response.headers().get("retry-after-ms");
        let asked = asked.and_then(|value| value.to_str().ok()?.parse().ok());
        tokio::time::sleep(asked.map_or(back_off, Duration::from_millis)).await;
        back_off = back_off * 19 / 10;
    }
    Ok(())
}

async fn try_it(
    app: impl AsyncFn(&MockLlm<Reject>, &str) -> Result<(), BoxError>,
) -> Result<Verdict, BoxError> {
    let layer = trouble();
    let mock = layer.clone().into_service();
    app(&mock, "Where are you?").await?;
    app(&mock, "Tell me a secret").await?;
    Ok(layer.handle().verdict())
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let verdict = try_it(naive).await?;
    println!("naive: {verdict}\n");
    assert!(!verdict.is_ok());
    let verdict = try_it(repaired).await?;
    println!("repaired: {verdict}");
    verdict.assert_ok();
    Ok(())
}
