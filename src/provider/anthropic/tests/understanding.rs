//! Which requests are taken, and what is understood of them.

use http_body_util::{BodyExt, Full};
use tower::ServiceExt;

use super::*;
use crate::MockLlmLayer;
use crate::request::{Content, ResponseFormat, Role, ToolChoice};

#[test]
fn everything_asked_is_understood() {
    let body = json!({
        "model": "claude-sonnet-4-6",
        "max_tokens": 1024,
        "metadata": null, "top_p": 0.95, "stream": true, "cache_control": {"type": "ephemeral"},
        "service_tier": "auto", "thinking": {"type": "adaptive"}, "inference_geo": "us",
        "stop_sequences": ["END"],
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "tools": [
            {"name": "f", "description": "does f", "input_schema": {"type": "object"}},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        ],
        "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": true},
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "Look:"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}},
                {"type": "image", "source": {"type": "url", "url": "https://x.example/y.png"}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": ""}},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "d"},
                {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1]}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": false,
                 "content": [{"type": "text", "text": "re"}, {"type": "text", "text": "sult"}]},
                {"type": "text", "text": "Go on."},
            ]},
        ],
    });
    let request = parse(&body.to_string()).unwrap();
    assert_eq!((request.model.as_str(), request.stream), ("claude-sonnet-4-6", true));
    assert_eq!((request.system().as_ref(), request.last_user().as_ref()), ("Be brief.", "Go on."));
    let roles: Vec<_> = request.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::Tool, Role::User]);
    assert_eq!(
        request.messages[1].content()[1..],
        [
            Content::Image("image/png".into()),
            Content::Image("https://x.example/y.png".into()),
            Content::File("application/pdf".into()),
        ]
    );
    assert_eq!(
        request.messages[2].content(),
        [
            Content::Reasoning("hm".into()),
            Content::Other("redacted_thinking".into()),
            Content::ToolCall {
                id: "toolu_1".into(),
                name: "f".into(),
                arguments: r#"{"a":[1]}"#.into()
            },
        ]
    );
    assert_eq!(request.tool_results().collect::<Vec<_>>(), [("toolu_1", "result")]);
    let tools: Vec<_> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(tools, ["f", "web_search"]);
    assert_eq!(request.tool_choice, ToolChoice::Tool("f".into()));
    assert!(matches!(&request.response_format, ResponseFormat::Schema(schema)
        if schema.get() == r#"{"type":"object"}"#));
    assert_eq!(request.sampling.max_tokens, Some(1024));
    assert_eq!(request.sampling.parallel_tool_calls, Some(false));
    assert_eq!(request.sampling.stop, ["END"]);
    assert_eq!((request.sampling.temperature, request.sampling.top_p), (None, Some(0.95)));
}

#[test]
fn no_bytes_make_parsing_panic() {
    let body = r#"{"model":"claude-opus-5","max_tokens":9,"system":"é","tool_choice":{"type":"tool","name":"f"},"tools":[{"name":"f","input_schema":{}}],"messages":[{"role":"user","content":"👋"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"\ud83d\udc4b"}]}]}]}"#;
    assert!(parse(body).is_ok());
    for length in 0..body.len() {
        let _ = parse_bytes(&body.as_bytes()[..length]);
    }
    for at in 0..body.len() {
        for byte in [b'"', b'{', b']', b',', b'7', b'\n', b'\\', 0, 0xff] {
            let mut bytes = body.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = parse_bytes(&bytes);
        }
    }
    for deep in ["[", "{\"a\":"] {
        let _ = parse(&deep.repeat(100_000));
    }
}

#[tokio::test]
async fn the_layer_answers_for_the_host() {
    let ask = |path: &'static str, body: &'static str| async move {
        let request = http::Request::post(format!("https://api.anthropic.com{path}"))
            .header("x-api-key", "sk-ant-x")
            .header("anthropic-version", "2023-06-01")
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let service = MockLlmLayer::new().into_service();
        let response = service.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    let (status, stream) = ask(
        "/v1/messages?beta=true",
        r#"{"model":"claude-haiku-4-5","max_tokens":99,"stream":true,
            "messages":[{"role":"user","content":"Hi"}]}"#,
    )
    .await;
    assert_eq!(status, 200);
    let message = assembled(&stream);
    assert_eq!(message["model"], "claude-haiku-4-5-20251001");
    assert!(message["content"][0]["text"].as_str().unwrap().contains("Hi"));

    let (status, body) = ask("/v1/complete", "{}").await;
    assert_eq!(status, 404);
    assert!(body.contains("Not Found. tower-mock-llm does not mock"), "{body}");
}
