//! What is understood of a request.

use super::*;
use crate::request::{Content, ResponseFormat, Role, ToolChoice};

#[test]
fn a_whole_conversation_is_understood() {
    let request = post(json!({
        "model": "gpt-4o", "stream": null, "stop": "end", "seed": 7, "n": 1, "top_p": 1,
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
            ]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "call_1", "content": "42"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"a": 1}}},
    }))
    .unwrap();
    assert_eq!((request.turn(), request.system().as_ref()), (2, "Be brief."));
    assert_eq!(request.last_user(), "Look");
    assert_eq!(request.tool_results().collect::<Vec<_>>(), [("call_1", "42")]);
    assert_eq!(request.messages[1].content()[1], Content::Image("https://x.example/a.png".into()));
    assert_eq!(request.messages[3].role, Role::Tool);
    assert_eq!(request.tool_choice, ToolChoice::Tool("f".into()));
    assert_eq!(request.tools[0].schema.as_ref().unwrap().get(), r#"{"type":"object"}"#);
    assert!(
        matches!(&request.response_format, ResponseFormat::Schema(s) if s.get() == r#"{"a":1}"#)
    );
    assert_eq!(
        (request.sampling.stop.as_slice(), request.sampling.seed),
        (&["end".to_owned()][..], Some(7))
    );
}
