//! What a model does not take, in the vendor's words; from where they are, `fields.rs` says.

use super::*;

/// Of a request to a model with this added.
#[track_caller]
pub(super) fn said(model: &str, more: Value) -> Option<String> {
    said_with("", model, more)
}

#[track_caller]
fn said_with(betas: &'static str, model: &str, more: Value) -> Option<String> {
    let mut body = json!({
        "model": model, "max_tokens": 4000, "messages": [{"role": "user", "content": "x"}],
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", "sk-ant-x".parse().unwrap());
    headers.insert("anthropic-version", "2023-06-01".parse().unwrap());
    headers.insert("anthropic-beta", betas.parse().unwrap());
    let call = Call::new(Operation::Chat);
    let error = Anthropic.parse(call, &head_of(&headers), &body.to_string().into()).err()?;
    assert_eq!(error.kind, ErrorKind::InvalidRequest);
    Some(error.message.unwrap().into_owned())
}

#[test]
fn more_tokens_than_the_model_gives() {
    let cases = [
        (
            "claude-haiku-4-5",
            128_000,
            "64000, which is the maximum allowed number of output tokens for claude-haiku-4-5-20251001",
        ),
        (
            "claude-3-haiku-20240307",
            8000,
            "4096, which is the maximum allowed number of output tokens for claude-3-haiku-20240307",
        ),
        (
            "claude-opus-5",
            128_001,
            "128000, which is the maximum allowed number of output tokens for claude-opus-5",
        ),
    ];
    for (model, most, message) in cases {
        let said = said(model, json!({"max_tokens": most}));
        assert_eq!(said.unwrap(), format!("max_tokens: {most} > {message}"));
    }
    for (model, most) in
        [("claude-haiku-4-5", 64_000), ("claude-opus-5", 128_000), ("mine", 1_i64 << 40)]
    {
        assert_eq!(said(model, json!({"max_tokens": most})), None);
    }
}

#[test]
fn sampling_that_the_model_does_not_take() {
    for name in ["temperature", "top_p"] {
        for model in ["claude-opus-4-7", "claude-sonnet-5"] {
            let message = format!("`{name}` is deprecated for this model.");
            assert_eq!(said(model, json!({name: 1.0})), Some(message));
        }
        assert_eq!(said("claude-opus-4-6", json!({name: 0.5})), None);
    }
    assert_eq!(
        said("claude-sonnet-5", json!({"top_k": 5})).unwrap(),
        "`top_k` is deprecated for this model."
    );
    let both = json!({"temperature": 0.5, "top_p": 0.9, "top_k": 5});
    for model in ["claude-haiku-4-5", "claude-sonnet-4-6"] {
        assert_eq!(
            said(model, both.clone()).unwrap(),
            "`temperature` and `top_p` cannot both be specified for this model. Please use only \
             one."
        );
    }
    for model in ["claude-3-5-haiku-20241022", "claude-opus-4-20250514", "mine"] {
        assert_eq!(said(model, both.clone()), None, "{model}");
    }
}

#[test]
fn thinking_that_does_not_fit() {
    let budget = |budget: i64| json!({"type": "enabled", "budget_tokens": budget});
    let adaptive = || json!({"type": "adaptive"});
    let tools = json!([{"name": "f", "input_schema": {"type": "object"}}]);
    let consult = "Please consult our documentation at https://platform.claude.com/docs/en/build-with-claude/extended-thinking";
    let cases = [
        (
            "claude-haiku-4-5",
            json!({"thinking": {"type": "enabled"}}),
            "thinking.enabled.budget_tokens: Field required".to_owned(),
        ),
        (
            "claude-haiku-4-5",
            json!({"thinking": {"type": "enabled", "budget_tokens": "x"}}),
            "thinking.enabled.budget_tokens: Input should be a valid integer".to_owned(),
        ),
        (
            "claude-haiku-4-5",
            json!({"thinking": budget(1023)}),
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024".to_owned(),
        ),
        (
            "claude-haiku-4-5",
            json!({"thinking": {"type": "sometimes"}}),
            "thinking: Input tag 'sometimes' found using 'type' does not match any of the expected \
             tags: 'adaptive', 'disabled', 'enabled'"
                .to_owned(),
        ),
        (
            "claude-sonnet-4-6",
            json!({"thinking": {"type": "adaptive", "budget_tokens": 2000}}),
            "thinking.adaptive.budget_tokens: Extra inputs are not permitted".to_owned(),
        ),
        (
            "claude-haiku-4-5",
            json!({"thinking": budget(4000)}),
            "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our \
             documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking\
             #max-tokens-and-context-window-size"
                .to_owned(),
        ),
        (
            "claude-haiku-4-5",
            json!({"thinking": adaptive()}),
            "adaptive thinking is not supported on this model".to_owned(),
        ),
        (
            "claude-opus-5",
            json!({"thinking": budget(2000)}),
            "\"thinking.type.enabled\" is not supported for this model. Use \
             \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior."
                .to_owned(),
        ),
        (
            "claude-haiku-4-5",
            json!({"thinking": budget(2000), "tools": tools, "tool_choice": {"type": "any"}}),
            "Thinking may not be enabled when tool_choice forces tool use.".to_owned(),
        ),
        (
            "claude-haiku-4-5",
            json!({"thinking": budget(2000), "temperature": 0.5}),
            format!("`temperature` may only be set to 1 when thinking is enabled. {consult}"),
        ),
        (
            "claude-opus-4-8",
            json!({"thinking": adaptive(), "temperature": 0}),
            format!(
                "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. \
                 {consult}"
            ),
        ),
        (
            "claude-sonnet-4-5",
            json!({"thinking": budget(2000), "top_p": 0.9}),
            format!(
                "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled. \
                 {consult}"
            ),
        ),
        (
            "claude-sonnet-4-6",
            json!({"thinking": adaptive(), "top_k": 5}),
            format!(
                "`top_k` must be unset when thinking is enabled or in adaptive mode. {consult}"
            ),
        ),
    ];
    for (model, more, message) in cases {
        assert_eq!(said(model, more.clone()), Some(message), "{more}");
    }
    for (model, more) in [
        ("claude-haiku-4-5", json!({"thinking": budget(2000), "temperature": 1})),
        ("claude-sonnet-4-6", json!({"thinking": budget(2000), "top_p": 0.95})),
        ("claude-sonnet-4-6", json!({"thinking": adaptive()})),
        ("claude-opus-5", json!({"thinking": adaptive()})),
        ("claude-haiku-4-5", json!({"thinking": {"type": "disabled"}, "temperature": 0.5})),
        ("mine", json!({"thinking": adaptive(), "max_tokens": 1})),
    ] {
        assert_eq!(said(model, more.clone()), None, "{more}");
    }
    let more = json!({"thinking": budget(9000), "tools": tools});
    let betas = "x-2025-01-01,interleaved-thinking-2025-05-14";
    assert_eq!(said_with(betas, "claude-sonnet-4-5", more.clone()), None);
    assert!(said("claude-sonnet-4-5", more).is_some());
}

/// The caller was told that `max_tokens` is missing, which a count must not have.
#[test]
fn a_count_names_the_budget_that_is_too_small() {
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", "sk-ant-x".parse().unwrap());
    headers.insert("anthropic-version", "2023-06-01".parse().unwrap());
    for (budget, message) in [
        (-1, Some("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")),
        (5_000_000_000_i64, None),
    ] {
        let body = json!({
            "model": "mine", "messages": [{"role": "user", "content": "x"}],
            "thinking": {"type": "enabled", "budget_tokens": budget},
        });
        let call = Call::new(Operation::CountTokens);
        let error = Anthropic.parse(call, &head_of(&headers), &body.to_string().into()).err();
        assert_eq!(error.and_then(|error| error.message).as_deref(), message);
    }
}
