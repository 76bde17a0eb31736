//! Calls that are no conversation.

use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::MockLlmLayer;

use super::{bites, check, schemas, strict};

async fn answer(url: &str, body: Value) -> Value {
    let request = http::Request::post(url)
        .header("authorization", "Bearer sk-mock")
        .header("x-api-key", "sk-ant-mock")
        .header("x-goog-api-key", "mock")
        .header("anthropic-version", "2023-06-01")
        .body(Full::<bytes::Bytes>::from(body.to_string()))
        .expect("a request");
    let answer = MockLlmLayer::new().into_service().oneshot(request).await.expect("an answer");
    let status = answer.status();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(status, 200, "{body:?}");
    serde_json::from_slice(&body).expect("JSON")
}

#[tokio::test]
async fn openai_embeddings() {
    let url = "https://api.openai.com/v1/embeddings";
    let asked = |format: &str| {
        json!({
            "model": "text-embedding-3-small", "input": ["one", "two"], "dimensions": 8,
            "encoding_format": format,
        })
    };
    let schemas = schemas!["openai/embedding.list.json", "openai/sdk.embedding.list.json"];
    let floats = answer(url, asked("float")).await;
    check(&schemas, &floats);
    bites(&schemas, &floats, |body| body["data"][1]["index"] = json!("1"));
    bites(&schemas, &floats, |body| body["usage"]["input_tokens"] = json!(1));
    // The SDK's type is of what it makes of it.
    let base64 = answer(url, asked("base64")).await;
    assert!(base64["data"][1]["embedding"].is_string());
    check(&schemas[..1], &base64);
}

#[tokio::test]
async fn gemini_embeddings() {
    let url = |method: &str| {
        let model = "gemini-embedding-001";
        format!("https://generativelanguage.googleapis.com/v1beta/models/{model}:{method}")
    };
    let asked = json!({"content": {"parts": [{"text": "one"}]}, "outputDimensionality": 8});
    let schemas = schemas!["gemini/embed-content-response.json"];
    let many = json!({"requests": [asked, asked]});
    let many = answer(&url("batchEmbedContents"), many).await;
    check(&schemas, &many);
    bites(&schemas, &many, |body| body["embeddings"][0]["value"] = json!([]));
    // The API says one where the SDK's type has a list.
    let one = answer(&url("embedContent"), asked).await;
    let one = json!({"embeddings": [one["embedding"]]});
    check(&schemas, &one);
    assert_eq!(one["embeddings"][0], many["embeddings"][0]);
}

#[tokio::test]
async fn counts() {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let count = json!({"model": "claude-sonnet-4-5", "messages": messages});
    let count = answer("https://api.anthropic.com/v1/messages/count_tokens", count).await;
    let schemas = schemas!["anthropic/count-tokens.json"];
    bites(&schemas, &count, |body| body["input_tokens"] = json!("8"));

    let url =
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:countTokens";
    let contents = json!([{"role": "user", "parts": [{"text": "hi"}]}]);
    let count = answer(url, json!({"contents": contents})).await;
    // Recordings have it, the SDK's type has not.
    let schemas = schemas!["gemini/count-tokens-response.json" + "promptTokensDetails"];
    bites(&schemas, &count, |body| body["total_tokens"] = json!(8));
}
