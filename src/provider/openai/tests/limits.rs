//! Which parameters are refused, of which model, in which words and order.

use super::*;

fn asking(extra: Value, host: &str) -> Result<LlmRequest, ApiError> {
    let mut body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]});
    for (key, value) in extra.as_object().unwrap() {
        body[key] = value.clone();
    }
    let request = Request::post(format!("https://{host}/v1/chat/completions"));
    let request = request.header("authorization", "Bearer sk-x").body(body.to_string()).unwrap();
    golden::request(&OpenAi, request)
}

const VENDOR: &str = "api.openai.com";

/// Messages as issues quote them, and as probes of the real API found them in 2026.
#[test]
fn parameters_are_refused_in_the_vendors_words() {
    const TOP: Option<&str> = Some("top_logprobs");
    for (extra, message, param, code) in [
        (
            json!({"n": 129}),
            "Invalid 'n': integer above maximum value. Expected a value <= 128, but got 129 \
             instead.",
            Some("n"),
            Some("integer_above_max_value"),
        ),
        (
            json!({"model": "gpt-5.6-terra", "n": 64}),
            "Invalid 'n': integer above maximum value. Expected a value <= 8, but got 64 instead.",
            Some("n"),
            Some("integer_above_max_value"),
        ),
        (
            json!({"n": -1}),
            "Invalid 'n': integer below minimum value. Expected a value >= 1, but got -1 instead.",
            Some("n"),
            Some("integer_below_min_value"),
        ),
        (
            json!({"top_logprobs": 1}),
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            TOP,
            None,
        ),
        (
            json!({"logprobs": false, "top_logprobs": 0}),
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            TOP,
            None,
        ),
        (
            json!({"logprobs": true, "top_logprobs": 21}),
            "Invalid value for 'top_logprobs': must be less than or equal to 20.",
            TOP,
            None,
        ),
        (
            json!({"logprobs": true, "top_logprobs": -1}),
            "Invalid 'top_logprobs': integer below minimum value. Expected a value >= 0, but got \
             -1 instead.",
            TOP,
            Some("integer_below_min_value"),
        ),
        (
            json!({"model": "gpt-5.6-terra", "logprobs": true}),
            "Unsupported parameter: 'logprobs' is not supported with this model.",
            Some("logprobs"),
            Some("unsupported_parameter"),
        ),
        (
            json!({"model": "gpt-5-nano", "logprobs": true}),
            "You are not allowed to request logprobs from this model",
            None,
            None,
        ),
        (
            json!({"logprobs": "yes"}),
            "Invalid type for 'logprobs': expected a boolean, but got a string instead.",
            Some("logprobs"),
            Some("invalid_type"),
        ),
        (
            json!({"model": "o3-mini", "max_tokens": 5}),
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
             'max_completion_tokens' instead.",
            Some("max_tokens"),
            Some("unsupported_parameter"),
        ),
        (
            json!({"max_tokens": 5, "max_completion_tokens": 5}),
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            None,
            Some("invalid_parameter_combination"),
        ),
        (
            json!({"stop": ["1", "2", "3", "4", "5"]}),
            "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an \
             array with length 5 instead.",
            Some("stop"),
            Some("array_above_max_length"),
        ),
        (
            json!({"model": "gpt-5-mini", "stop": "x"}),
            "Unsupported parameter: 'stop' is not supported with this model.",
            Some("stop"),
            Some("unsupported_parameter"),
        ),
        (
            json!({"model": "gpt-5-mini", "logit_bias": {"1": 1}}),
            "Unsupported parameter: 'logit_bias' is not supported with this model.",
            Some("logit_bias"),
            Some("unsupported_parameter"),
        ),
        (
            json!({"seed": 1.5}),
            "Invalid type for 'seed': expected an integer, but got a decimal number instead.",
            Some("seed"),
            Some("invalid_type"),
        ),
        (
            json!({"service_tier": "bogus"}),
            "Invalid value: 'bogus'. Supported values are: 'auto', 'default', 'fast', 'flex', and \
             'priority'.",
            Some("service_tier"),
            Some("invalid_value"),
        ),
        (
            json!({"response_format": {"type": "bogus"}}),
            "Invalid value: 'bogus'. Supported values are: 'json_object', 'json_schema', and \
             'text'.",
            Some("response_format.type"),
            Some("invalid_value"),
        ),
        (
            json!({"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "bogus"}),
            "Invalid value: 'bogus'. Supported values are: 'none', 'auto', and 'required'.",
            Some("tool_choice"),
            Some("invalid_value"),
        ),
        (json!({"zzz": 1}), "Unrecognized request argument supplied: zzz", None, None),
        (
            json!({"model": "gpt-5.6-terra", "zzz": 1}),
            "Unknown parameter: 'zzz'.",
            Some("zzz"),
            Some("unknown_parameter"),
        ),
        (
            json!({"reasoning_effort": "low"}),
            "Unrecognized request argument supplied: reasoning_effort",
            None,
            None,
        ),
    ] {
        let error = asking(extra.clone(), VENDOR).expect_err(&extra.to_string());
        assert_eq!(error.message.as_deref(), Some(message), "{extra}");
        assert_eq!((error.param.as_deref(), error.code.as_deref()), (param, code), "{extra}");
    }
    let forbidden = asking(json!({"model": "o4-mini", "logprobs": true}), VENDOR).unwrap_err();
    assert_eq!(forbidden.kind, ErrorKind::Permission);
}

/// As probes of the real API found it in 2026.
#[test]
fn of_two_faults_the_vendor_names_the_same_one() {
    for (extra, param) in [
        (json!({"model": null, "zzz": 1}), None),
        (json!({"messages": null, "zzz": 1}), Some("messages")),
        (json!({"model": "gpt-5.6", "zzz": 1, "n": "abc"}), Some("zzz")),
        (json!({"model": "gpt-5.6", "zzz": 1, "messages": []}), Some("zzz")),
        (json!({"model": "gpt-5.6", "zzz": 1, "stop": ["ZZ"]}), Some("zzz")),
        (json!({"model": "gpt-5.6", "n": "abc", "stop": ["ZZ"]}), Some("n")),
        (json!({"model": "gpt-5.6", "n": 0, "stop": ["ZZ"]}), Some("n")),
        (json!({"model": "gpt-5.6", "stop": ["ZZ"], "temperature": 7}), Some("stop")),
    ] {
        let error = asking(extra.clone(), VENDOR).expect_err(&extra.to_string());
        assert_eq!(error.param.as_deref(), param, "{extra}");
    }
}

#[test]
fn what_the_vendor_accepts_is_accepted() {
    for extra in [
        json!({"metadata": {"a": "b"}, "store": false, "user": "u", "safety_identifier": "s",
            "seed": 1, "prompt_cache_key": "k", "prompt_cache_retention": "24h",
            "parallel_tool_calls": false, "verbosity": "low", "logit_bias": {"50256": -100},
            "prediction": {"type": "content", "content": "x"}, "frequency_penalty": 0.5}),
        json!({"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}),
        json!({"web_search_options": {}, "functions": [], "function_call": "auto"}),
        json!({"n": 128, "stop": ["1", "2", "3", "4"], "logprobs": true, "top_logprobs": 20}),
        json!({"n": null, "stop": null, "logprobs": null, "top_logprobs": null,
            "reasoning_effort": null, "service_tier": null, "max_tokens": null, "tools": null}),
        json!({"model": "gpt-5.6-terra", "reasoning_effort": "none", "logprobs": true,
            "top_logprobs": 5, "n": 8}),
        json!({"model": "o3-mini", "max_completion_tokens": 5, "stop": "x"}),
    ] {
        asking(extra.clone(), VENDOR).unwrap_or_else(|error| panic!("{extra}: {error:?}"));
    }
}

#[test]
fn servers_that_imitate_the_vendor_may_have_parameters_of_their_own() {
    let extra = json!({"chat_template_kwargs": {"enable_thinking": false}, "top_k": 5});
    asking(extra.clone(), "127.0.0.1:8080").unwrap();
    asking(json!({"reasoning_effort": "low"}), "127.0.0.1:8080").unwrap();
    let error = asking(extra, VENDOR).unwrap_err();
    assert!(error.message.unwrap().contains("argument supplied"));
}

#[test]
fn the_tier_that_was_asked_for_answers() {
    for (tier, answered) in [("auto", "default"), ("default", "default"), ("flex", "flex")] {
        for extra in [json!({"service_tier": tier}), json!({"service_tier": tier, "tools": []})] {
            let request = asking(extra, VENDOR).unwrap();
            let reply = Reply::text("x");
            let body = golden::whole(&OpenAi, &request, &reply).into_body();
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["service_tier"], answered);
        }
    }
}
