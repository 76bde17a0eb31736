//! One request of each kind, to look at.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use tower_mock_llm::MockLlmLayer;

#[tokio::test]
async fn smoke() {
    for body in [
        r#"{"model":"gpt-4o","messages":[{"role":"user","content":"Hi there, how are you?"}]}"#,
        r#"{"model":"gpt-5-mini","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hi there"}]}"#,
        r#"{"model":"gpt-4o","messages":"x"}"#,
        r#"{"model":"gpt-4o","tool_choice":"required","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}],"stream":true,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model"#,
    ] {
        let service = MockLlmLayer::new().into_service();
        let request = http::Request::post("https://api.openai.com/v1/chat/completions")
            .header("authorization", "Bearer sk-x")
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let response = service.oneshot(request).await.unwrap();
        println!("{} {:#?}", response.status(), response.headers().len());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        println!("{}", String::from_utf8_lossy(&body));
    }
}
