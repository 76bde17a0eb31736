//! What of `generationConfig` the vendor refuses.

use super::*;
use crate::request::ToolChoice;

fn refused(model: &str, config: Value) -> Option<(String, Option<String>)> {
    let path = format!("/v1beta/models/{model}:generateContent");
    let body = json!({"contents": [{"parts": [{"text": "x"}]}], "generationConfig": config});
    let error = ask(&path, "", body.to_string().as_bytes()).err()?;
    Some((error.message.unwrap().into_owned(), error.param.map(|param| param.to_string())))
}

#[test]
fn ranges_are_those_of_the_vendor() {
    let cases = [
        (
            json!({"candidateCount": 9}),
            "candidate_count",
            "candidate_count must be in the range [1, 8].",
        ),
        (
            json!({"candidateCount": 0}),
            "candidate_count",
            "candidate_count must be in the range [1, 8].",
        ),
        (
            json!({"stopSequences": ["a", "b", "c", "d", "e", "f"]}),
            "stop_sequences",
            "the number of stop_sequences must not exceed 5.",
        ),
        (json!({"logprobs": 21}), "logprobs", "logprobs must be in the range [0, 20]."),
    ];
    for (config, field, what) in cases {
        let message = format!("* GenerateContentRequest.generation_config.{field}: {what}\n");
        assert_eq!(refused("gemini-2.0-flash", config), Some((message, None)));
    }
    let most = json!({
        "candidateCount": 8, "stopSequences": ["a", "b", "c", "d", "e"], "logprobs": 20,
        "responseLogprobs": true, "topK": 40.0, "presencePenalty": 0.5, "frequencyPenalty": "0.5",
        "responseModalities": ["TEXT", "IMAGE"], "mediaResolution": "MEDIA_RESOLUTION_LOW",
        "thinkingConfig": {"thinkingLevel": "low"}, "speechConfig": {}, "imageConfig": {},
        "response_format": {}, "_responseJsonSchema": {}, "enableEnhancedCivicAnswers": false,
    });
    assert_eq!(refused("gemini-2.0-flash", most), None);
}

#[test]
fn newer_models_refuse_what_they_no_longer_have() {
    let several = json!({"candidateCount": 2});
    let why = Some(("Multiple candidates is not enabled for this model".to_owned(), None));
    assert_eq!(refused("gemini-3.5-flash", several.clone()), why);
    assert_eq!(refused("gemini-2.5-flash-image", several.clone()), why);
    assert_eq!(refused("gemini-2.5-flash", several), None);
    let logprobs = json!({"responseLogprobs": true});
    let why = Some(("Logprobs is not enabled for this model".to_owned(), None));
    assert_eq!(refused("gemini-2.5-flash", logprobs.clone()), why);
    assert_eq!(refused("gemini-2.0-flash", logprobs), None);
    assert_eq!(refused("gemini-2.5-flash", json!({"responseLogprobs": false})), None);
}

#[test]
fn unknown_names_are_refused_with_their_place() {
    let unknown = |name: &str, at: &str| {
        let place = if at.is_empty() { String::new() } else { format!(" at '{at}'") };
        format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field.")
    };
    let told = refused("gemini-2.5-flash", json!({"bananaField": 1, "max_tokens": 5}));
    let both =
        [unknown("bananaField", "generation_config"), unknown("max_tokens", "generation_config")];
    let fields = "generation_config\ngeneration_config".to_owned();
    assert_eq!(told, Some((both.join("\n"), Some(fields))));
    let told = refused("gemini-2.5-flash", json!({"thinkingConfig": {"budget": 1}}));
    let field = "generation_config.thinking_config";
    assert_eq!(told, Some((unknown("budget", field), Some(field.to_owned()))));
    let error = ask(PATH, "", br#"{"contents":[{"parts":[{"text":"x"}]}],"messages":[]}"#);
    assert_eq!(error.unwrap_err().message.unwrap(), unknown("messages", ""));
    let known = br#"{"contents":[{"parts":[{"text":"x"}]}],"model":"m","cachedContent":"c",
        "safety_settings":[{"category":"x"}],"serviceTier":"flex","store":true,"labels":{}}"#;
    assert!(ask(PATH, "", known).is_ok());
}

#[test]
fn types_are_told_in_the_vendors_words() {
    let cases = [
        (json!({"responseLogprobs": "yes"}), "response_logprobs", "TYPE_BOOL", "\"yes\""),
        (json!({"topK": 1.5}), "top_k", "TYPE_INT32", "1.5"),
        (json!({"presencePenalty": "much"}), "presence_penalty", "TYPE_FLOAT", "\"much\""),
    ];
    for (config, field, kind, value) in cases {
        let at = format!("generation_config.{field}");
        let message = format!("Invalid value at '{at}' ({kind}), {value}");
        assert_eq!(refused("gemini-2.0-flash", config), Some((message, Some(at))));
    }
}

#[test]
fn functions_that_are_allowed_can_be_demanded() {
    let choice = |mode: &str, allowed: Value| {
        let functions = json!([{"name": "a"}, {"name": "b"}, {"name": "c"}]);
        let calling = json!({"mode": mode, "allowedFunctionNames": allowed});
        let body = json!({
            "contents": [{"parts": [{"text": "x"}]}],
            "tools": [{"functionDeclarations": functions}],
            "toolConfig": {"functionCallingConfig": calling},
        });
        ask(PATH, "", body.to_string().as_bytes()).unwrap().tool_choice
    };
    assert_eq!(choice("ANY", json!([])), ToolChoice::Required);
    assert_eq!(choice("ANY", json!(["b"])), ToolChoice::Tool("b".into()));
    assert_eq!(choice("ANY", json!(["b", "c"])), ToolChoice::Tool("b".into()));
    assert_eq!(choice("ANY", json!(["a", "b", "c"])), ToolChoice::Required);
    assert_eq!(choice("VALIDATED", json!(["b"])), ToolChoice::Auto);
    assert_eq!(choice("VALIDATED", json!([])), ToolChoice::Auto);
    assert_eq!(choice("NONE", json!([])), ToolChoice::None);
}
