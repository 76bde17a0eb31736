//! Which requests are taken, and what is understood of them.

use super::*;
use crate::request::{Content, Message, ResponseFormat, Role, ToolChoice};

#[test]
fn paths_are_recognized() {
    let target = |path| Target::of(path).map(|t| (t.version, t.model.into_owned(), t.method));
    let is = |version, model: &str, method| Some((version, model.to_owned(), method));
    assert_eq!(target(PATH), is("v1beta", "gemini-2.5-flash", "generateContent"));
    assert_eq!(
        target("/v1/models/m%3AstreamGenerateContent"),
        is("v1", "m", "streamGenerateContent")
    );
    assert_eq!(target("/v1alpha/tunedModels/a%2Db:x"), is("v1alpha", "tunedModels/a-b", "x"));
    assert_eq!(target("/v1beta/models/a%3Ab:x"), is("v1beta", "a:b", "x"));
    for path in [
        "/v1beta/models/m",
        "/v1beta/models/:x",
        "/v2/models/m:x",
        "/v1/models/a/b:x",
        "/:",
        "",
        "/v1/x:y",
    ] {
        assert_eq!(target(path), None, "{path}");
    }
    let headers = HeaderMap::new();
    let call =
        |path, query| Gemini.recognize(&Head::new(&Method::GET, None, path, query, &headers));
    assert_eq!(call(PATH, None).unwrap().flags, 0);
    assert_eq!(call(STREAM_PATH, None).unwrap().flags, STREAM);
    assert_eq!(call(STREAM_PATH, Some("key=k&alt=sse")).unwrap().flags, STREAM | SSE);
    assert_eq!(call("/v1beta/models/m:predict", None), None);
}

/// Both spellings, nulls, and one value in place of a list.
#[test]
fn what_was_asked_is_understood() {
    let camel = json!({
        "systemInstruction": {"parts": {"text": "be brief"}},
        "contents": [
            {"role": "user", "parts": [
                {"text": "look"},
                {"inlineData": {"mimeType": "image/png", "data": "AA"}},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "gs://x"}},
            ]},
            {"role": "model", "parts": [
                {"text": "hm", "thought": true},
                {"functionCall": {"id": "c1", "name": "f", "args": {"x": 1}}, "thoughtSignature": "AA"},
            ]},
            {"role": "user", "parts": {"functionResponse": {"id": "c1", "name": "f", "response": {"y": 2}}}},
        ],
        "tools": {"functionDeclarations": [{"name": "f", "description": null, "parameters": {"type": "OBJECT"}}]},
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {
            "responseMimeType": "application/json", "responseSchema": {"type": "STRING"},
            "maxOutputTokens": "5", "candidateCount": 1.0, "stopSequences": ["a", "b"], "seed": -3,
            "temperature": 1, "topP": null, "thinkingConfig": {"includeThoughts": true, "thinkingBudget": -1},
        },
        "safetySettings": null,
        "cachedContent": null,
    });
    let snake = camel
        .to_string()
        .replace("systemInstruction", "system_instruction")
        .replace("inlineData", "inline_data")
        .replace("mimeType", "mime_type")
        .replace("fileData", "file_data")
        .replace("fileUri", "file_uri")
        .replace("functionCall\"", "function_call\"")
        .replace("functionResponse", "function_response")
        .replace("functionDeclarations", "function_declarations")
        .replace("toolConfig", "tool_config")
        .replace("functionCallingConfig", "function_calling_config")
        .replace("allowedFunctionNames", "allowed_function_names")
        .replace("generationConfig", "generation_config")
        .replace("responseMimeType", "response_mime_type")
        .replace("responseSchema", "response_schema")
        .replace("maxOutputTokens", "max_output_tokens")
        .replace("candidateCount", "candidate_count")
        .replace("stopSequences", "stop_sequences")
        .replace("thinkingConfig", "thinking_config")
        .replace("includeThoughts", "include_thoughts")
        .replace("thinkingBudget", "thinking_budget");
    for body in [camel.to_string(), snake] {
        let request = ask(STREAM_PATH, "alt=sse", body.as_bytes()).unwrap();
        assert_eq!((request.model.as_str(), request.stream), ("gemini-2.5-flash", true));
        let expected = [
            Message::new(Role::System, vec![Content::Text("be brief".into())]),
            Message::new(
                Role::User,
                vec![
                    Content::Text("look".into()),
                    Content::Image("image/png".into()),
                    Content::File("application/pdf".into()),
                ],
            ),
            Message::new(
                Role::Assistant,
                vec![
                    Content::Reasoning("hm".into()),
                    Content::ToolCall {
                        id: "c1".into(),
                        name: "f".into(),
                        arguments: r#"{"x":1}"#.into(),
                    },
                ],
            ),
            Message::new(
                Role::Tool,
                vec![Content::ToolResult { id: "c1".into(), text: r#"{"y":2}"#.into() }],
            ),
        ];
        assert_eq!(request.messages, expected);
        assert_eq!((request.system().as_ref(), request.last_user().as_ref()), ("be brief", "look"));
        assert_eq!(request.tools[0].schema.as_ref().unwrap().get(), r#"{"type":"OBJECT"}"#);
        assert_eq!(request.tool_choice, ToolChoice::Tool("f".into()));
        assert!(
            matches!(&request.response_format, ResponseFormat::Schema(s) if s.get() == r#"{"type":"STRING"}"#)
        );
        let sampling = &request.sampling;
        assert_eq!((sampling.max_tokens, sampling.n, sampling.seed), (Some(5), Some(1), Some(-3)));
        assert_eq!((sampling.temperature, sampling.top_p), (Some(1.0), None));
        assert_eq!(sampling.stop, ["a", "b"]);
    }
}

#[test]
fn no_body_makes_parse_panic() {
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for text in [
        include_str!("../golden/tools-parallel.json"),
        include_str!("../golden/cached.json"),
        include_str!("../golden/stream-array.json"),
    ] {
        bodies.push(recording(text).request.to_vec());
    }
    bodies.push(br#"{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{"x":[1e999,"\ud800"]}}}]}]}"#.to_vec());
    for body in &bodies {
        for at in 0..body.len() {
            let _ = ask(PATH, "", &body[..at]);
            for byte in [b'"', b'{', b']', b'0', 0, 0xff] {
                let mut mutated = body.clone();
                mutated[at] = byte;
                let _ = ask(PATH, "", &mutated);
            }
        }
    }
    for deep in
        ["[", "{\"contents\":", "{\"contents\":[{\"parts\":[{\"functionCall\":{\"args\":{\"x\":"]
    {
        let _ = ask(PATH, "", deep.repeat(20_000).as_bytes());
    }
    let deep = format!(
        r#"{{"contents":[{{"parts":[{{"text":7}}]}}],"x":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(ask(PATH, "", deep.as_bytes()).is_err());
}
