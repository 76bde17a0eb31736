//! Which requests are refused, and in which words.

use super::*;

/// Messages as issues quote them, and as probes of the real API found them in 2026.
#[test]
fn what_the_vendor_refuses_is_refused_in_its_words() {
    let ok = json!([{"role": "user", "content": "x"}]);
    for (body, message, param, code) in [
        (json!({"messages": ok}), "you must provide a model parameter", None, None),
        (
            json!({"model": "m"}),
            "Missing required parameter: 'messages'.",
            Some("messages"),
            Some("missing_required_parameter"),
        ),
        (
            json!({"model": "m", "messages": "x"}),
            "Invalid type for 'messages': expected an array of objects, but got a string instead.",
            Some("messages"),
            Some("invalid_type"),
        ),
        (
            json!({"model": "m", "messages": ["x"]}),
            "Invalid type for 'messages[0]': expected an object, but got a string instead.",
            Some("messages[0]"),
            Some("invalid_type"),
        ),
        (
            json!({"model": "m", "messages": []}),
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an \
             empty array instead.",
            Some("messages"),
            Some("empty_array"),
        ),
        (
            json!({"model": "m", "messages": [{"content": "x"}]}),
            "Missing required parameter: 'messages[0].role'.",
            Some("messages[0].role"),
            Some("missing_required_parameter"),
        ),
        (
            json!({"model": "m", "messages": [{"role": "bogus", "content": "x"}]}),
            "Invalid value: 'bogus'. Supported values are: 'system', 'assistant', 'user', \
             'function', 'tool', and 'developer'.",
            Some("messages[0].role"),
            Some("invalid_value"),
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": 7}]}),
            "Invalid type for 'messages[0].content': expected one of a string or array of objects, \
             but got an integer instead.",
            Some("messages[0].content"),
            Some("invalid_type"),
        ),
        (
            json!({"model": "m", "messages": [{"role": "user"}]}),
            "Invalid value for 'content': expected a string, got null.",
            Some("messages.[0].content"),
            None,
        ),
        (
            json!({"model": "m", "messages": ok, "n": "2"}),
            "Invalid type for 'n': expected an integer, but got a string instead.",
            Some("n"),
            Some("invalid_type"),
        ),
        (
            json!({"model": "m", "messages": ok, "temperature": 2.5}),
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got \
             2.5 instead.",
            Some("temperature"),
            Some("decimal_above_max_value"),
        ),
        (
            json!({"model": "m", "messages": ok, "max_tokens": 0}),
            "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1, but got 0 \
             instead.",
            Some("max_tokens"),
            Some("integer_below_min_value"),
        ),
        (
            json!({"model": "m", "messages": ok, "tool_choice": "auto"}),
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are \
             specified.",
            Some("tool_choice"),
            None,
        ),
        (
            json!({"model": "m", "messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]}),
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding \
             message with 'tool_calls'.",
            Some("messages.[0].role"),
            None,
        ),
    ] {
        let error = post(body.clone()).expect_err(&body.to_string());
        assert_eq!(error.message.as_deref(), Some(message), "{body}");
        assert_eq!((error.param.as_deref(), error.code.as_deref()), (param, code), "{body}");
    }
    for broken in ["", "{", "[]", "null", "{\"model\": \"\\ud800\", \"messages\": []}"] {
        let error = refused_or_not(broken.to_owned()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed, "{broken}");
    }
}

#[test]
fn half_a_character_in_a_message_is_malformed() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"\ud83d"}]}"#;
    assert_eq!(refused_or_not(body.to_owned()).unwrap_err().kind, ErrorKind::Malformed);
    let body = r#"{"model":"m","messages":[{"role":"user","content":"\ud83d\udc4b \"hi\"\n"}]}"#;
    assert_eq!(refused_or_not(body.to_owned()).unwrap().last_user(), "👋 \"hi\"\n");
}

#[test]
fn a_method_and_a_key_are_looked_at_first() {
    let put = Request::put("https://api.openai.com/v1/chat/completions");
    let error = golden::request(&OpenAi, put.body("{}".to_owned()).unwrap()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::MethodNotAllowed);
    let post = Request::post("https://api.openai.com/v1/chat/completions");
    let error = golden::request(&OpenAi, post.body("{".to_owned()).unwrap()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::MissingKey);
}
