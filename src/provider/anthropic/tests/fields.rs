//! Which fields there are, and of which kind, in the words of the vendor's refusals.
//!
//! The sentences are those that public projects saw from the API in 2026, most of them from the
//! parity tests that one of them ran against it on 2026-08-31.

use super::limits::said;
use super::*;

#[test]
fn fields_that_it_does_not_know() {
    let user = |more: Value| {
        let mut message = json!({"role": "user", "content": "x"});
        for (name, value) in more.as_object().unwrap() {
            message[name] = value.clone();
        }
        json!([message])
    };
    let cases = [
        (json!({"zzz_unknown": 1}), "zzz_unknown: Extra inputs are not permitted"),
        (json!({"n": 2}), "n: Extra inputs are not permitted"),
        (
            json!({"messages": user(json!({"bogus": 1}))}),
            "messages.0.bogus: Extra inputs are not permitted",
        ),
        (json!({"metadata": {"bogus": "x"}}), "metadata.bogus: Extra inputs are not permitted"),
        // What a message has beside its own goes before later fields, and after earlier ones.
        (
            json!({"messages": user(json!({"bogus": 1})), "temperature": "x"}),
            "messages.0.bogus: Extra inputs are not permitted",
        ),
        (
            json!({"messages": user(json!({"bogus": 1})), "model": 7}),
            "model: Input should be a valid string",
        ),
        (
            json!({"messages": user(json!({"bogus": 1})), "zzz_unknown": 1}),
            "messages.0.bogus: Extra inputs are not permitted",
        ),
        // Whatever is wrong with a known field goes before an unknown one.
        (
            json!({"zzz_unknown": 1, "inference_geo": 7}),
            "inference_geo: Input should be a valid string",
        ),
        (json!({"zzz_unknown": 1, "temperature": 2}), "temperature: range: 0..1"),
        (
            json!({"zzz_unknown": 1, "container": 7}),
            "container.ContainerParams: Input does not match the expected shape.",
        ),
        // What is wrong with the whole goes after it.
        (
            json!({"zzz_unknown": 1, "container": "container_x"}),
            "zzz_unknown: Extra inputs are not permitted",
        ),
        (
            json!({"zzz_unknown": 1, "messages": [{"role": "user", "content": []}]}),
            "zzz_unknown: Extra inputs are not permitted",
        ),
    ];
    for (more, message) in cases {
        assert_eq!(said("claude-haiku-4-5", more.clone()).as_deref(), Some(message), "{more}");
    }
    for known in [
        "billing_policy",
        "compaction",
        "context_management",
        "diagnostics",
        "fallback_credit_token",
        "fallbacks",
        "mcp_servers",
        "speed",
        "thread",
    ] {
        assert_eq!(said("claude-haiku-4-5", json!({known: {"any": []}})), None, "{known}");
    }
}

#[test]
fn null_is_nothing_in_some_fields_alone() {
    for name in ["cache_control", "container", "inference_geo", "metadata", "stop_sequences"] {
        assert_eq!(said("claude-haiku-4-5", json!({name: null})), None, "{name}");
    }
    for (name, wanted) in [
        ("output_config", "Input does not match the expected shape."),
        ("service_tier", "Input should be 'auto' or 'standard_only'"),
        ("stream", "Input should be a valid boolean"),
        ("system", "Input should be a valid array"),
        ("temperature", "Input should be a valid number"),
        ("thinking", "Input should be an object"),
        ("tool_choice", "Input should be an object"),
        ("tools", "Input should be a valid array"),
        ("top_k", "Input should be a valid integer"),
        ("top_p", "Input should be a valid number"),
    ] {
        let message = format!("{name}: {wanted}");
        assert_eq!(said("claude-haiku-4-5", json!({name: null})), Some(message));
    }
}

#[test]
fn fields_of_the_wrong_kind() {
    let cases = [
        (json!({"tool_choice": 7}), "tool_choice: Input should be an object"),
        (json!({"tools": "x", "tool_choice": 7}), "tool_choice: Input should be an object"),
        (json!({"system": [7]}), "system.0: Input does not match the expected shape."),
        (json!({"thinking": "x"}), "thinking: Input should be an object"),
        (json!({"thinking": {}}), "thinking.type: Field required"),
        (json!({"output_config": "x"}), "output_config: Input does not match the expected shape."),
        (json!({"cache_control": "x"}), "cache_control: Input should be an object"),
        (json!({"metadata": {"user_id": 7}}), "metadata.user_id: Input should be a valid string"),
        (
            json!({"service_tier": "bogus"}),
            "service_tier: Input should be 'auto' or 'standard_only'",
        ),
        (json!({"service_tier": 7}), "service_tier: Input should be 'auto' or 'standard_only'"),
        (
            json!({"container": 7}),
            "container.ContainerParams: Input does not match the expected shape.",
        ),
        (
            json!({"container": "container_x"}),
            "container: Container identifier can only be provided when using the code execution \
             tool",
        ),
        (json!({"inference_geo": "bogus"}), "inference_geo: must be one of ['global', 'us']"),
        (
            json!({"stop_sequences": ["END", " \n"]}),
            "stop_sequences: each stop sequence must contain non-whitespace",
        ),
    ];
    for (more, message) in cases {
        assert_eq!(said("claude-haiku-4-5", more.clone()).as_deref(), Some(message), "{more}");
    }
    let code = json!([{"type": "code_execution_20260521", "name": "code_execution"}]);
    let more = json!({
        "container": "container_x", "tools": code, "service_tier": "standard_only",
        "metadata": {"user_id": "u"}, "stop_sequences": ["END"],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
    });
    assert_eq!(said("claude-haiku-4-5", more), None);
}

/// Schemas and arguments went through a map, whose order hangs on a feature of `serde_json`.
#[test]
fn a_lenient_body_that_is_filled_in_keeps_the_spelling_of_its_fields() {
    let body = r#"{"model": "claude-opus-5", "surprise": 1, "max_tokens": null,
        "messages": [{"role": "user", "content": "x"}],
        "tools": [{"name": "f", "input_schema": {"z": 1.50, "a": {}}}]}"#;
    let headers = HeaderMap::new();
    let head = head_of(&headers).judged(true);
    let request = Anthropic.parse(Call::new(Operation::Chat), &head, &body.into()).unwrap();
    assert_eq!(request.sampling.max_tokens, Some(1024));
    assert_eq!(request.tools[0].schema.as_ref().unwrap().get(), r#"{"z": 1.50, "a": {}}"#);
}
