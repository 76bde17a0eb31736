//! Which requests are refused, and in which words.

use super::*;

#[test]
fn what_is_wrong_is_said_in_the_vendors_words() {
    let hi = r#""contents":[{"parts":[{"text":"hi"}]}]"#;
    let cases = [
        ("", "* GenerateContentRequest.contents: contents is not specified\n", None),
        (
            r#"{"contents":[]}"#,
            "* GenerateContentRequest.contents: contents is not specified\n",
            None,
        ),
        (
            r#"{"contents":[{"parts":[]},{"parts":[{}]}]}"#,
            "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n\
             * GenerateContentRequest.contents[1].parts[0].data: required oneof field 'data' must \
             have one initialized field\n",
            None,
        ),
        (
            r#"{"contents":[{"parts":[{"input_text":"x"}]}]}"#,
            "Invalid JSON payload received. Unknown name \"input_text\" at \
             'contents[0].parts[0]': Cannot find field.",
            Some("contents[0].parts[0]"),
        ),
        (
            r#"{"contents":"hi"}"#,
            "Invalid value at 'contents' \
             (type.googleapis.com/google.ai.generativelanguage.v1beta.Content), \"hi\"",
            Some("contents"),
        ),
        (
            r#"{"contents":{"parts":[{"text":{}}]}}"#,
            "Invalid value at 'contents.parts[0]' (text), Starting an object on a scalar field",
            Some("contents.parts[0]"),
        ),
        (
            r#"{"contents":[{"role":["user"],"parts":[{"text":7}]}]}"#,
            "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 7\nInvalid JSON payload \
             received. Unknown name \"role\" at 'contents[0]': Proto field is not repeating, \
             cannot start list.",
            Some("contents[0].parts[0].text\ncontents[0]"),
        ),
        (
            r#"[]"#,
            "Invalid JSON payload received. Unknown name \"\": Root element must be a message.",
            Some(""),
        ),
        (
            r#"{"contents":[{"role":"system","parts":[{"text":"x"}]}]}"#,
            "Please use a valid role: user, model.",
            None,
        ),
        (
            &format!(r#"{{{hi},"generationConfig":{{"maxOutputTokens":"abc"}}}}"#),
            "Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32), \"abc\"",
            Some("generation_config.max_output_tokens"),
        ),
        (
            &format!(r#"{{{hi},"generationConfig":{{"temperature":5,"maxOutputTokens":-1}}}}"#),
            "* GenerateContentRequest.generation_config.temperature: temperature must be in the \
             range [0.0, 2.0].\n* GenerateContentRequest.generation_config.max_output_tokens: \
             max_output_tokens must be positive.\n",
            None,
        ),
        (
            &format!(r#"{{{hi},"toolConfig":{{"functionCallingConfig":{{"mode":"ANY"}}}}}}"#),
            "Function calling config is set without function_declarations.",
            None,
        ),
        (
            &format!(r#"{{{hi},"toolConfig":{{"functionCallingConfig":{{"mode":"MUST"}}}}}}"#),
            "Invalid value at 'tool_config.function_calling_config.mode' \
             (type.googleapis.com/google.ai.generativelanguage.v1beta.FunctionCallingConfig.Mode), \
             \"MUST\"",
            Some("tool_config.function_calling_config.mode"),
        ),
        (
            r#"{"contents":[{"parts":[{"functionResponse":{"name":"f","response":{}}}]}]}"#,
            "Please ensure that function response turn comes immediately after a function call \
             turn.",
            None,
        ),
        (
            "{\"contents\":[\n{\"parts\":[{\"text\":\"hi\"]}]}",
            "Invalid JSON payload received. Expected , or } after key:value pair.\n\
             parts\":[{\"text\":\"hi\"]}]}\n                    ^",
            None,
        ),
        (
            r#"{"contents":"#,
            "Invalid JSON payload received. Unexpected end of string. Expected a value.\n\
             {\"contents\":\n            ^",
            None,
        ),
    ];
    for (body, message, param) in cases {
        let error = ask(PATH, "", body.as_bytes()).expect_err(body);
        assert_eq!(error.message.as_deref(), Some(message), "{body}");
        assert_eq!(error.param.as_deref(), param, "{body}");
    }
    let headers = HeaderMap::new();
    let kind = |method: Method| {
        let head = Head::new(&method, None, PATH, None, &headers);
        let call = Gemini.recognize(&head).unwrap();
        Gemini.parse(call, &head, &Bytes::new()).unwrap_err().kind
    };
    assert_eq!(kind(Method::GET), ErrorKind::MethodNotAllowed);
    assert_eq!(kind(Method::POST), ErrorKind::MissingKey);
}
