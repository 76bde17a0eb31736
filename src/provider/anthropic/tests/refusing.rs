//! Which requests are refused, and in which words.

use super::*;

#[test]
fn what_the_vendor_refuses() {
    let user = json!([{"role": "user", "content": "x"}]);
    let with = |name: &str, value: Value| {
        let mut body = json!({"model": "claude-haiku-4-5", "messages": user, "max_tokens": 9});
        body[name] = value;
        body
    };
    let without = |name: &str| {
        let mut body = with("stream", json!(null));
        body.as_object_mut().unwrap().remove(name);
        body
    };
    let said = |messages: Value| with("messages", messages);
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}});
    let result = json!({"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok"});
    let cases = [
        (without("model"), "model: Field required"),
        (without("messages"), "messages: Field required"),
        (without("max_tokens"), "max_tokens: Field required"),
        (with("model", json!(null)), "model: Input should be a valid string"),
        (with("model", json!("")), "model: String should have at least 1 character"),
        (said(json!([])), "messages: at least one message is required"),
        (said(json!("x")), "messages: Input should be a valid array"),
        (said(json!(null)), "messages: Input should be a valid array"),
        (said(json!([7])), "messages.0: Input should be an object"),
        (said(json!([{"content": "x"}])), "messages.0.role: Field required"),
        (
            said(json!([{"role": "bogus", "content": "x"}])),
            "messages: Unexpected role \"bogus\". Allowed roles are \"user\" or \"assistant\"",
        ),
        (said(json!([{"role": "user"}])), "messages.0.content: Field required"),
        (
            said(json!([{"role": "user", "content": null}])),
            "messages.0.content: Input should be a valid array",
        ),
        (
            said(json!([{"role": "user", "content": {}}])),
            "messages.0.content: Input should be a valid array",
        ),
        (
            said(json!([{"role": "user", "content": [7]}])),
            "messages.0.content.0: Input should be an object",
        ),
        (
            said(json!([{"role": "user", "content": [{}]}])),
            "messages.0.content.0.type: Field required",
        ),
        (
            said(json!([{"role": "user", "content": [{"type": "text"}]}])),
            "messages.0.content.0.text.text: Field required",
        ),
        (
            said(json!([{"role": "user", "content": [{"type": "text", "text": 7}]}])),
            "messages.0.content.0.text.text: Input should be a valid string",
        ),
        (
            said(json!([{"role": "user", "content": []}])),
            "messages.0: user messages must have non-empty content",
        ),
        (with("max_tokens", json!("x")), "max_tokens: Input should be a valid integer"),
        (with("max_tokens", json!(null)), "max_tokens: Input should be a valid integer"),
        (with("max_tokens", json!(-1)), "max_tokens: must be greater than or equal to 0"),
        (with("temperature", json!("x")), "temperature: Input should be a valid number"),
        (with("temperature", json!(2)), "temperature: range: 0..1"),
        (with("top_p", json!(1.5)), "top_p: range: 0..1"),
        (with("top_k", json!("x")), "top_k: Input should be a valid integer"),
        (with("stream", json!("yes")), "stream: Input should be a valid boolean"),
        (with("stop_sequences", json!("Z")), "stop_sequences: Input should be a valid array"),
        (with("stop_sequences", json!([1])), "stop_sequences.0: Input should be a valid string"),
        (with("system", json!(7)), "system: Input should be a valid array"),
        (with("metadata", json!("x")), "metadata: Input does not match the expected shape."),
        (
            with("tool_choice", json!({"type": "any"})),
            "tool_choice.any may only be specified while providing tools",
        ),
        (
            with("tool_choice", json!({"type": "tool", "name": "never"})),
            "Tool 'never' not found in provided tools",
        ),
        (with("tool_choice", json!(null)), "tool_choice: Input should be an object"),
        (with("tool_choice", json!({})), "tool_choice.type: Field required"),
        (
            with("tool_choice", json!({"type": "bogus"})),
            "tool_choice: Input tag 'bogus' found using 'type' does not match any of the expected \
             tags: 'auto', 'any', 'tool', 'none'",
        ),
        (with("tools", json!("x")), "tools: Input should be a valid array"),
        (with("tools", json!([7])), "tools.0: Input should be an object"),
        (with("tools", json!([{}])), "tools.0.custom.name: Field required"),
        (
            with("tools", json!([{"name": ""}])),
            "tools.0.custom.name: String should have at least 1 character",
        ),
        (
            with("tools", json!([{"name": "a b"}])),
            "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
        ),
        (with("tools", json!([{"name": "f"}])), "tools.0.custom.input_schema: Field required"),
        (
            said(json!([{"role": "user", "content": [result]}])),
            "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: \
             toolu_1. Each `tool_result` block must have a corresponding `tool_use` block in the \
             previous message.",
        ),
        (
            said(json!([
                {"role": "user", "content": "x"},
                {"role": "assistant", "content": [call]},
                {"role": "user", "content": "y"},
            ])),
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately \
             after: toolu_1. Each `tool_use` block must have a corresponding `tool_result` block \
             in the next message.",
        ),
    ];
    for (body, message) in cases {
        let error = parse(&body.to_string()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidRequest);
        assert_eq!(error.message.as_deref(), Some(message), "{body}");
    }
    let unknown = said(json!([{"role": "user", "content": [{"type": "image_url"}]}]));
    let message = parse(&unknown.to_string()).unwrap_err().message.unwrap();
    assert!(
        message.starts_with(
            "messages.0.content.0: Input tag 'image_url' found using 'type' does not match any of \
             the expected tags: 'bash_code_execution_tool_result', "
        ),
        "{message}"
    );
    let broken = parse("{\"model\":\n\"é\",}").unwrap_err();
    assert_eq!(broken.kind, ErrorKind::Malformed);
    assert_eq!(
        broken.message.unwrap(),
        "The request body is not valid JSON: unexpected character: line 2 column 5 (char 14)"
    );
}

#[test]
fn what_is_missing_in_the_head() {
    let body = Bytes::from_static(b"{}");
    let call = || Call::new(Operation::Chat);
    let mut headers = HeaderMap::new();
    let refuse = |method: &Method, headers: &HeaderMap| {
        let head = Head::new(method, None, "/v1/messages", Some("beta=true"), headers);
        assert!(Anthropic.recognize(&head).is_some());
        Anthropic.parse(call(), &head, &body).unwrap_err()
    };
    assert_eq!(refuse(&Method::GET, &headers).kind, ErrorKind::MethodNotAllowed);
    assert_eq!(refuse(&Method::POST, &headers).kind, ErrorKind::MissingKey);
    headers.insert("authorization", "Bearer sk-ant-oat".parse().unwrap());
    let error = refuse(&Method::POST, &headers);
    assert_eq!(error.message.unwrap(), "anthropic-version: header is required");
}
