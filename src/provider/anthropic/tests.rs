//! What the room says, held against recordings byte for byte, and what it understands.
//!
//! Made equal before comparing: ids, the padding of events, and the first count of output tokens,
//! which is known to the vendor alone. See `golden/README.md` for where the recordings come from.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};
use http_body_util::{BodyExt, Full};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::MockLlmLayer;
use crate::provider::Entropy;
use crate::reply::{
    Cursor, Delta, ErrorKind, Finish, Part, PartStart, Reasoning, ReplyEvent, ToolCall, Usage,
};
use crate::request::{Content, ResponseFormat, Role, ToolChoice};
use crate::util::tokens::Chunking;
use crate::wire::FrameBuf;

#[derive(Deserialize)]
struct Recording {
    model: String,
    status: u16,
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    stream: String,
}

macro_rules! recording {
    ($name:literal) => {
        serde_json::from_str::<Recording>(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/provider/anthropic/golden/",
            $name,
            ".json"
        )))
        .unwrap()
    };
}

mod list;
mod refuse;
mod say;

#[test]
fn whole_messages_are_the_recorded_bytes() {
    for (recording, asked) in [
        (recording!("tool"), "claude-haiku-4-5"),
        (recording!("tools-parallel"), "claude-haiku-4-5-20251001"),
        (recording!("thinking"), "claude-sonnet-5"),
    ] {
        let request = request(asked);
        let recorded: Value = serde_json::from_str(&recording.body).unwrap();
        let reply = reply_of(&recorded);
        let response = Anthropic.unary(&context(&request, &reply), &reply);
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        assert_eq!(anonymous(&body), anonymous(&recording.body));
    }
}

#[test]
fn streams_are_the_recorded_bytes() {
    for (recording, beta) in [
        (recording!("stream-2"), &[][..]),
        (recording!("stream-stop-seq"), &[]),
        (recording!("thinking-stream"), &[]),
        // What the betas that this client asked for added.
        (
            recording!("thinking-tool-stream"),
            &[
                r#"event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"","estimated_tokens":50}}

"#,
                r#"event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"","estimated_tokens":null}}

"#,
                r#","iterations":[{"input_tokens":3,"output_tokens":101,"cache_read_input_tokens":0,"cache_creation_input_tokens":1143,"cache_creation":{"ephemeral_5m_input_tokens":1143,"ephemeral_1h_input_tokens":0},"type":"message"}]"#,
                r#","context_management":{"applied_edits":[]}"#,
            ],
        ),
    ] {
        let mut expected = unpadded(&recording.stream);
        for addition in beta {
            assert!(expected.contains(addition));
            expected = expected.replace(addition, "");
        }
        let said = replay(&recording, &expected);
        assert_eq!(anonymous(&unpadded(&said)), anonymous(expected.trim_end()) + "\n\n");
    }
}

/// Plays the events of a recorded stream, cut as they were, through the encoder.
fn replay(recording: &Recording, stream: &str) -> String {
    let events: Vec<Value> =
        payloads(stream).map(|payload| serde_json::from_str(payload).unwrap()).collect();
    let ending = events.iter().find(|event| event["type"] == "message_delta").unwrap();
    let (finish, usage) = (finish_of(&ending["delta"]), usage_of(&ending["usage"]));
    let request = request(&recording.model);
    let empty = Reply::empty().usage(Usage { output: 0, ..usage });
    let mut encoder = Anthropic.stream(&context(&request, &empty)).into_body();
    let mut frames = FrameBuf::new();
    let mut emit = |event: ReplyEvent<'_>| encoder.encode(event, &mut frames);
    let signature = |index: &Value| {
        let signed = |event: &&Value| {
            event["index"] == *index && event["delta"]["type"] == "signature_delta"
        };
        events.iter().find(signed).map(|event| event["delta"]["signature"].as_str().unwrap())
    };
    let mut calls = 0;
    let mut in_string = false;
    for event in &events {
        match event["type"].as_str().unwrap() {
            "message_start" => emit(ReplyEvent::Start),
            "content_block_start" => {
                let block = &event["content_block"];
                let part = match block["type"].as_str().unwrap() {
                    "text" => PartStart::Text { citations: &[] },
                    "thinking" => PartStart::Reasoning { signature: signature(&event["index"]) },
                    _ => {
                        calls += 1;
                        PartStart::ToolCall {
                            call: calls - 1,
                            id: block["id"].as_str(),
                            name: block["name"].as_str().unwrap(),
                            is_raw: false,
                        }
                    }
                };
                let index = event["index"].as_u64().unwrap() as usize;
                emit(ReplyEvent::PartStart { index, part });
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                let text = delta["text"].as_str().or(delta["thinking"].as_str());
                let arguments =
                    delta["partial_json"].as_str().map(|piece| compact(piece, &mut in_string));
                if let Some(text) = text.or(arguments.as_deref()).filter(|text| !text.is_empty()) {
                    emit(ReplyEvent::Delta(text));
                }
            }
            "content_block_stop" => emit(ReplyEvent::PartEnd),
            "message_stop" => emit(ReplyEvent::End { finish: &finish, usage }),
            _ => {}
        }
    }
    String::from_utf8(frames.take_all().unwrap().to_vec()).unwrap()
}

/// A piece of JSON as the neutral events carry it: without the model's spaces.
fn compact(piece: &str, in_string: &mut bool) -> String {
    let kept = piece.chars().filter(|letter| {
        *in_string ^= *letter == '"';
        *in_string || *letter != ' '
    });
    kept.collect()
}

#[test]
fn padding_follows_no_rule() {
    let mut seen = [0; 16];
    let mut lengths = [0; 16];
    for recording in [
        recording!("stream-2"),
        recording!("stream-stop-seq"),
        recording!("thinking-stream"),
        recording!("thinking-tool-stream"),
    ] {
        for payload in payloads(&recording.stream).filter(|payload| !payload.contains("ping")) {
            seen[padding(payload)] += 1;
            lengths[payload.chars().count() % 16] += 1;
        }
    }
    assert!(seen.iter().filter(|count| **count > 0).count() > 12, "{seen:?}");
    assert!(lengths.iter().filter(|count| **count > 0).count() > 12, "{lengths:?}");

    let mut ours = [0; 16];
    let reply = Reply::text("word ".repeat(1000));
    for payload in payloads(&streamed(&reply, Chunking::Tokens)) {
        ours[padding(payload)] += 1;
    }
    assert!(ours.iter().all(|count| (30..110).contains(count)), "{ours:?}");
}

#[test]
fn headers_are_the_recorded_ones() {
    let request = request("claude-haiku-4-5");
    let reply = Reply::text("x");
    let cx = context(&request, &reply);
    let message = recording!("tools-parallel");
    same_names(Anthropic.unary(&cx, &reply).headers(), &message, &[]);
    same_names(Anthropic.stream(&cx).headers(), &recording!("thinking-tool-stream"), &[]);

    let whole = Anthropic.unary(&cx, &reply);
    let header = |name: &str| whole.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("anthropic-ratelimit-requests-reset"), "2026-01-14T21:35:51Z");
    assert_eq!(header("anthropic-ratelimit-tokens-remaining"), "12000000");
    assert_eq!(shape(&header("traceresponse")), shape(&message.headers["traceresponse"]));
    assert_eq!(header("request-id").len(), "req_011CczuLUs4rPTDTwzo69rNq".len());
}

#[test]
fn errors_are_the_recorded_bytes() {
    let prefill = "This model does not support assistant message prefill. The conversation must \
                   end with a user message.";
    let context = "prompt is too long: 3333404 tokens > 200000 maximum";
    for (recording, error, newer) in [
        (recording!("err400"), ApiError::invalid_request(prefill), &["anthropic-workspace-id"][..]),
        (recording!("err400-context"), ApiError::invalid_request(context), &[]),
        (recording!("err401"), ApiError::authentication(), &[]),
        (
            recording!("err404"),
            ApiError::model_not_found(),
            &["anthropic-workspace-id", "traceresponse", "vary"],
        ),
    ] {
        let request = request(&recording.model);
        let response =
            Anthropic.error(&ErrorContext::of(&request, 1_767_225_600, Entropy::new(7)), &error);
        assert_eq!(response.status(), recording.status);
        same_names(response.headers(), &recording, newer);
        let id = response.headers()["request-id"].to_str().unwrap();
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(body.contains(id));
        assert_eq!(anonymous(&body), anonymous(&recording.body));
    }
}

#[test]
fn errors_that_no_recording_shows() {
    let request = request("claude-sonnet-5");
    let say = |error: ApiError| {
        let response =
            Anthropic.error(&ErrorContext::of(&request, 1_767_225_600, Entropy::new(7)), &error);
        let retry = response.headers()["x-should-retry"].to_str().unwrap().to_owned();
        let value: Value = serde_json::from_slice(response.body()).unwrap();
        let r#type = value["error"]["type"].as_str().unwrap().to_owned();
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        (response.status().as_u16(), r#type, retry, body, response)
    };
    for (kind, status, r#type, retry) in [
        (ErrorKind::Malformed, 400, "invalid_request_error", "false"),
        (ErrorKind::MethodNotAllowed, 405, "invalid_request_error", "false"),
        (ErrorKind::MissingKey, 401, "authentication_error", "false"),
        (ErrorKind::NotFound, 404, "not_found_error", "false"),
        (ErrorKind::Overloaded, 529, "overloaded_error", "true"),
        (ErrorKind::Permission, 403, "permission_error", "false"),
        (ErrorKind::Quota, 400, "invalid_request_error", "false"),
        (ErrorKind::RateLimit, 429, "rate_limit_error", "true"),
        (ErrorKind::Server, 500, "api_error", "true"),
        (ErrorKind::Timeout, 504, "timeout_error", "true"),
        (ErrorKind::TooLarge, 413, "request_too_large", "false"),
    ] {
        let said = say(ApiError::new(kind));
        assert_eq!((said.0, said.1.as_str(), said.2.as_str()), (status, r#type, retry), "{kind:?}");
    }
    assert_eq!(
        say(ApiError::new(ErrorKind::TooLarge)).3,
        r#"{"error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#
    );
    assert_eq!(
        say(ApiError::new(ErrorKind::MethodNotAllowed)).3,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"Method Not Allowed"}}"#
    );
    assert!(
        say(ApiError::new(ErrorKind::NotFound).message("Mount a rule."))
            .3
            .contains(r#""message":"Not Found. Mount a rule.""#)
    );
    let waits = say(ApiError::rate_limit().retry_after(Duration::from_millis(1500)));
    assert_eq!(waits.4.headers()["retry-after"], "2");
}

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

#[test]
fn a_stream_says_what_the_whole_says() {
    let arguments = json!({"a: b, c": [1, {"d\"\\": null}], "e": {}, "é": "👋 , :"});
    let replies = [
        Reply::text("Hello, \"world\" \\ é 👋\n"),
        Reply::empty(),
        Reply::refusal("I can't."),
        Reply::text("cut").finish(Finish::Length),
        Reply::text("a").finish(Finish::StopSequence("END".into())),
        Reply::empty()
            .reasoning("hm, let me see")
            .then_text("Look:")
            .tool_call("f", &arguments)
            .tool_call("none", json!({}))
            .usage(Usage { reasoning: 3, cached: 20, ..Usage::new(50, 9) }),
    ];
    for reply in replies {
        let request = request("claude-opus-5");
        let response = Anthropic.unary(&context(&request, &reply), &reply);
        let whole: Value = serde_json::from_slice(response.body()).unwrap();
        for chunking in [Chunking::Tokens, Chunking::Words, Chunking::Chars(1), Chunking::Chars(7)]
        {
            assert_eq!(assembled(&streamed(&reply, chunking)), whole, "{chunking:?}");
        }
    }
}

/// misanthropic 1.0.0-alpha.25 reads 0 as "not reported": the sum of a stream was 1, of a whole
/// message 0.
#[test]
fn an_answer_without_a_word_has_a_token() {
    let reply = Reply::empty();
    let request = request("claude-opus-5");
    let response = Anthropic.unary(&context(&request, &reply), &reply);
    let whole: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(whole["usage"]["output_tokens"], 1);
    let stream = streamed(&reply, Chunking::Tokens);
    let counts: Vec<Value> = payloads(&stream)
        .map(|payload| serde_json::from_str::<Value>(payload).unwrap())
        .filter_map(|event| match event["type"].as_str()? {
            "message_start" => Some(event["message"]["usage"]["output_tokens"].clone()),
            "message_delta" => Some(event["usage"]["output_tokens"].clone()),
            _ => None,
        })
        .collect();
    assert_eq!(counts, [1, 1]);
}

#[test]
fn arguments_are_spelled_as_models_spell_them() {
    let reply = Reply::empty().tool_call("f", json!({"a": [1, 2], "b": "x,y"}));
    for chunking in [Chunking::Tokens, Chunking::Chars(1)] {
        let pieces = pieces_of(&reply, chunking);
        assert_eq!(pieces.concat(), r#"{"a": [1, 2], "b": "x,y"}"#);
        assert_eq!((pieces[0].as_str(), &pieces[1][..2]), ("", "{\""));
        let none = Reply::empty().tool_call("f", json!({}));
        assert_eq!(pieces_of(&none, chunking), [""]);
    }
}

fn pieces_of(reply: &Reply, chunking: Chunking) -> Vec<String> {
    let stream = streamed(reply, chunking);
    let events = payloads(&stream).map(|payload| serde_json::from_str::<Value>(payload).unwrap());
    events.filter_map(|event| Some(event["delta"]["partial_json"].as_str()?.to_owned())).collect()
}

#[test]
fn arguments_that_never_came_are_none() {
    let mut reply = Reply::empty();
    reply.extend([
        Delta::ToolCall { id: None, name: "f".into() },
        Delta::ToolCall { id: None, name: "g".into() },
        Delta::Arguments(" ".into()),
    ]);
    let request = request("claude-opus-5");
    let response = Anthropic.unary(&context(&request, &reply), &reply);
    let whole: Value = serde_json::from_slice(response.body()).unwrap();
    for call in 0..2 {
        assert_eq!(whole["content"][call]["input"], json!({}));
    }
}

#[test]
fn made_up_ids_have_the_vendors_form() {
    let reply = Reply::empty().reasoning("hm").tool_call("f", json!({}));
    let request = request("claude-opus-5");
    let response = Anthropic.unary(&context(&request, &reply), &reply);
    let whole: Value = serde_json::from_slice(response.body()).unwrap();
    let recorded: Value = serde_json::from_str(&recording!("tool").body).unwrap();
    let length = |value: &Value| value.as_str().unwrap().len();
    assert_eq!(length(&whole["id"]), length(&recorded["id"]));
    assert_eq!(length(&whole["content"][1]["id"]), length(&recorded["content"][0]["id"]));
    let signature = whole["content"][0]["signature"].as_str().unwrap();
    assert!(signature.len() == 224 && signature.starts_with('E') && signature.ends_with("AE="));
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

// What the tests share.

fn head_of(headers: &HeaderMap) -> Head<'_> {
    Head::new(&Method::POST, Some("api.anthropic.com"), "/v1/messages", None, headers)
}

fn parse(body: &str) -> Result<LlmRequest, ApiError> {
    parse_bytes(body.as_bytes())
}

fn parse_bytes(body: &[u8]) -> Result<LlmRequest, ApiError> {
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", "sk-ant-x".parse().unwrap());
    headers.insert("anthropic-version", "2023-06-01".parse().unwrap());
    let call = Call::new(Operation::Chat);
    Anthropic.parse(call, &head_of(&headers), &Bytes::copy_from_slice(body))
}

fn request(model: &str) -> LlmRequest {
    let body = json!({
        "model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}],
    });
    parse(&body.to_string()).unwrap()
}

fn context<'a>(request: &'a LlmRequest, reply: &'a Reply) -> Context<'a> {
    Context {
        request,
        model: reply.answering_model(),
        usage: reply.usage_for(request.prompt_tokens()),
        created: 1_768_426_551,
        entropy: Entropy::new(7),
        levels: None,
        reply,
    }
}

fn streamed(reply: &Reply, chunking: Chunking) -> String {
    let request = request("claude-opus-5");
    let cx = context(&request, reply);
    let mut encoder = Anthropic.stream(&cx).into_body();
    let mut cursor = Cursor::new(Arc::new(reply.clone()), cx.usage, chunking);
    let mut frames = FrameBuf::new();
    while let Some(event) = cursor.next() {
        encoder.encode(event, &mut frames);
    }
    String::from_utf8(frames.take_all().unwrap().to_vec()).unwrap()
}

/// The message that a stream's events add up to, as the vendor's clients add them up.
fn assembled(stream: &str) -> Value {
    let mut message = Value::Null;
    let mut arguments = String::new();
    for payload in payloads(stream) {
        let event: Value = serde_json::from_str(payload).unwrap();
        let index = event["index"].as_u64().unwrap_or_default() as usize;
        match event["type"].as_str().unwrap() {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                let blocks = message["content"].as_array_mut().unwrap();
                assert_eq!(blocks.len(), index);
                blocks.push(event["content_block"].clone());
                arguments.clear();
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                let kind = delta["type"].as_str().unwrap().trim_end_matches("_delta");
                if kind == "input_json" {
                    arguments.push_str(delta["partial_json"].as_str().unwrap());
                    continue;
                }
                if kind == "citations" {
                    let citations = message["content"][index]["citations"].as_array_mut();
                    citations.unwrap().push(delta["citation"].clone());
                    continue;
                }
                let text = &mut message["content"][index][kind];
                let more = text.as_str().unwrap().to_owned() + delta[kind].as_str().unwrap();
                *text = more.into();
            }
            "content_block_stop" if !arguments.is_empty() => {
                message["content"][index]["input"] = serde_json::from_str(&arguments).unwrap();
            }
            "message_delta" => {
                for (part, target) in [("delta", None), ("usage", Some("usage"))] {
                    for (name, value) in event[part].as_object().unwrap() {
                        match target {
                            None => message[name] = value.clone(),
                            Some(target) => message[target][name] = value.clone(),
                        }
                    }
                }
            }
            _ => {}
        }
    }
    message
}

fn reply_of(message: &Value) -> Reply {
    let blocks = message["content"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let parts = blocks.map(|block| match block["type"].as_str().unwrap() {
        "text" => Part::Text(text(&block["text"]).into()),
        "thinking" => Part::Reasoning(
            Reasoning::new(text(&block["thinking"])).with_signature(text(&block["signature"])),
        ),
        _ => Part::ToolCall(
            ToolCall::new(text(&block["name"]), &block["input"]).with_id(text(&block["id"])),
        ),
    });
    parts
        .fold(Reply::empty(), Reply::part)
        .finish(finish_of(message))
        .usage(usage_of(&message["usage"]))
}

fn finish_of(value: &Value) -> Finish {
    match value["stop_reason"].as_str().unwrap() {
        "end_turn" => Finish::Stop,
        "tool_use" => Finish::ToolUse,
        "stop_sequence" => Finish::StopSequence(value["stop_sequence"].as_str().unwrap().into()),
        other => panic!("{other}"),
    }
}

fn usage_of(value: &Value) -> Usage {
    let cached = value["cache_read_input_tokens"].as_u64().unwrap();
    let cache_write = value["cache_creation_input_tokens"].as_u64().unwrap();
    Usage {
        input: value["input_tokens"].as_u64().unwrap() + cached + cache_write,
        output: value["output_tokens"].as_u64().unwrap(),
        reasoning: value["output_tokens_details"]["thinking_tokens"].as_u64().unwrap_or_default(),
        cached,
        cache_write,
        ..Usage::default()
    }
}

/// The data of each event.
fn payloads(stream: &str) -> impl Iterator<Item = &str> {
    stream.lines().filter_map(|line| line.strip_prefix("data:")?.strip_prefix(' '))
}

fn padding(payload: &str) -> usize {
    let inside = payload.strip_suffix('}').unwrap();
    inside.len() - inside.trim_end_matches(' ').len()
}

fn unpadded(stream: &str) -> String {
    let lines = stream.lines().map(|line| match line.strip_suffix('}') {
        Some(line) => line.trim_end_matches(' ').to_owned() + "}\n",
        None => line.to_owned() + "\n",
    });
    lines.collect()
}

/// The same with one id for each message and request, and one first count of tokens.
fn anonymous(text: &str) -> String {
    let mut text = text.to_owned();
    for prefix in ["\"msg_", "\"req_"] {
        if let Some(at) = text.find(prefix) {
            let start = at + prefix.len();
            let length = text[start..].find('"').unwrap();
            text.replace_range(start..start + length, "");
        }
    }
    if let Some(end) = text.find("\n\nevent: content_block_start") {
        let name = "\"output_tokens\":";
        let start = text[..end].find(name).unwrap() + name.len();
        let length = text[start..].find(',').unwrap();
        text.replace_range(start..start + length, "1");
    }
    text
}

/// Letters and digits made equal.
fn shape(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { 'x' } else { letter }).collect()
}

/// Compares names, but for what belongs to the transport and what came up after the recording.
fn same_names(headers: &HeaderMap, recording: &Recording, newer: &[&str]) {
    const TRANSPORT: [&str; 5] =
        ["connection", "content-encoding", "content-length", "date", "transfer-encoding"];
    // Gone by July 2026.
    const OLDER: [&str; 1] = ["x-envoy-upstream-service-time"];
    let mut recorded: Vec<_> = recording.headers.keys().map(String::as_str).collect();
    recorded.retain(|name| !TRANSPORT.contains(name) && !OLDER.contains(name));
    let mut ours: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
    ours.retain(|name| !newer.contains(name));
    ours.sort_unstable();
    assert_eq!(ours, recorded);
    assert_eq!(headers["content-type"], recording.headers["content-type"]);
    assert_eq!(
        headers.get("cache-control").map(|value| value.to_str().unwrap()),
        recording.headers.get("cache-control").map(String::as_str)
    );
}
