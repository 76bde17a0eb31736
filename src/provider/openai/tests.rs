//! Held against recordings, byte by byte.

use http::{HeaderMap, Request};
use serde_json::json;

use super::OpenAi;
use crate::provider::ResponseSynth;
use crate::provider::golden::{self, Recording, masked};
use crate::reply::{ApiError, ErrorKind, Finish, Reply, Usage};
use crate::request::LlmRequest;
use crate::util::tokens::Chunking;

macro_rules! recording {
    ($name:literal) => {
        Recording::read(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/provider/openai/golden/",
            $name,
            ".json"
        )))
    };
}

mod agreeing;
mod cutting;
mod listing;
mod refusing;
mod saying;

fn post(body: serde_json::Value) -> Result<LlmRequest, ApiError> {
    refused_or_not(body.to_string())
}

fn refused_or_not(body: String) -> Result<LlmRequest, ApiError> {
    let request = Request::post("https://api.openai.com/v1/chat/completions");
    golden::request(&OpenAi, request.header("authorization", "Bearer sk-x").body(body).unwrap())
}

pub(super) fn asked(model: &str) -> LlmRequest {
    post(json!({"model": model, "messages": [{"role": "user", "content": "x"}]})).unwrap()
}

fn streamed(model: &str, includes_usage: bool) -> LlmRequest {
    post(json!({
        "model": model, "messages": [{"role": "user", "content": "x"}], "stream": true,
        "stream_options": {"include_usage": includes_usage},
    }))
    .unwrap()
}

/// What cannot be known: ids, times and fingerprints.
const MADE_UP: [&str; 3] = ["id", "created", "system_fingerprint"];

fn check_whole(recording: &Recording, model: &str, reply: &Reply) {
    let request = asked(model);
    let response = OpenAi.unary(&golden::context(&request, reply), reply);
    recording.check_head(&response, &["x-request-id", "openai-organization"]);
    let ours = String::from_utf8(response.into_body().to_vec()).unwrap();
    assert_eq!(masked(&ours, &MADE_UP), masked(&recording.body, &MADE_UP));
}

#[test]
fn a_text_is_as_recorded() {
    let reply = Reply::text("420").usage(Usage::new(14, 10));
    check_whole(&recording!("text"), "gpt-5-mini", &reply);
}

#[test]
fn reasoning_is_counted_and_not_shown_as_recorded() {
    let mut usage = Usage::new(11, 202);
    usage.reasoning = 192;
    check_whole(&recording!("reasoning"), "gpt-5-nano", &Reply::text("3").usage(usage));
    let thought = Reply::empty().reasoning("long thoughts").then_text("3").usage(usage);
    check_whole(&recording!("reasoning"), "gpt-5-nano", &thought);
}

#[test]
fn a_tool_call_is_as_recorded() {
    let reply = Reply::empty().tool_call("0", json!({})).usage(Usage::new(44, 10));
    check_whole(&recording!("tool"), "gpt-4o-mini", &reply);
}

#[test]
fn a_cut_and_a_refusal_are_as_recorded() {
    for (recording, finish) in
        [(recording!("length"), Finish::Length), (recording!("refusal"), Finish::Refusal)]
    {
        let body: serde_json::Value = serde_json::from_str(&recording.body).unwrap();
        let message = &body["choices"][0]["message"];
        let reply = match message["refusal"].as_str() {
            Some(refusal) => Reply::refusal(refusal),
            None => Reply::text(message["content"].as_str().unwrap()),
        };
        let number = |key: &str| body["usage"][key].as_u64().unwrap();
        let reply = reply
            .finish(finish)
            .model(body["model"].as_str().unwrap())
            .usage(Usage::new(number("prompt_tokens"), number("completion_tokens")));
        let request = asked("gpt-4o");
        let ours = OpenAi.unary(&golden::context(&request, &reply), &reply).into_body();
        let ours = String::from_utf8(ours.to_vec()).unwrap();
        // Some recordings are of older models, which have no annotations or tier.
        assert_eq!(masked(&ours, &MADE_UP), masked(&recording.body, &MADE_UP));
    }
}

/// Streams with ids and paddings hidden; the lengths of the paddings stay.
fn normal(stream: &str) -> String {
    masked(stream, &[&MADE_UP[..], &["obfuscation"]].concat())
}

fn check_stream(recording: &Recording, request: &LlmRequest, reply: Reply, chunking: Chunking) {
    let response = golden::stream(&OpenAi, request, reply, chunking);
    let often_cut = ["x-request-id", "openai-organization", "openai-project"];
    recording.check_head(&response, &often_cut);
    assert_eq!(normal(response.body()), normal(&recording.body));
    assert_eq!(paddings(response.body()), paddings(&recording.body));
}

/// The length in characters of each chunk modulo 16.
fn paddings(stream: &str) -> Vec<usize> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: {"));
    data.map(|json| (json.chars().count() + 1) % 16).collect()
}

#[test]
fn a_stream_is_as_recorded() {
    let request = streamed("gpt-3.5-turbo", false);
    check_stream(&recording!("stream"), &request, Reply::text("foo"), Chunking::Tokens);
}

#[test]
fn a_stream_with_usage_is_as_recorded() {
    let request = streamed("gpt-5.4", true);
    let reply = Reply::text("2").usage(Usage::new(26, 4));
    check_stream(&recording!("stream-usage"), &request, reply, Chunking::Tokens);
}

/// The fragments of recorded arguments.
fn fragments(recording: &Recording) -> Vec<(usize, String)> {
    let data = recording.body.lines().filter_map(|line| line.strip_prefix("data: {"));
    let chunks =
        data.map(|json| serde_json::from_str::<serde_json::Value>(&format!("{{{json}")).unwrap());
    chunks
        .filter_map(|chunk| {
            let call = &chunk["choices"][0]["delta"]["tool_calls"][0];
            let text = call["function"]["arguments"].as_str()?.to_owned();
            Some((call["index"].as_u64()? as usize, text))
        })
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

/// Encodes calls whose arguments come in these very fragments.
fn encode_calls(
    request: &LlmRequest,
    name: &str,
    fragments: &[(usize, String)],
    usage: Usage,
) -> String {
    use crate::reply::{PartStart, ReplyEvent};
    let reply = Reply::empty();
    let mut encoder = OpenAi.stream(&golden::context(request, &reply)).into_body();
    let mut frames = crate::wire::FrameBuf::new();
    encoder.encode(ReplyEvent::Start, &mut frames);
    let mut open = None;
    for (call, text) in fragments {
        if open != Some(*call) {
            if open.is_some() {
                encoder.encode(ReplyEvent::PartEnd, &mut frames);
            }
            let part = PartStart::ToolCall { call: *call, id: None, name, is_raw: false };
            encoder.encode(ReplyEvent::PartStart { index: *call, part }, &mut frames);
            open = Some(*call);
        }
        encoder.encode(ReplyEvent::Delta(text), &mut frames);
    }
    encoder.encode(ReplyEvent::PartEnd, &mut frames);
    encoder.encode(ReplyEvent::End { finish: &Finish::ToolUse, usage }, &mut frames);
    String::from_utf8(frames.take_all().unwrap().to_vec()).unwrap()
}

#[test]
fn streamed_tool_calls_are_as_recorded() {
    for (recording, model, name) in [
        (recording!("tool-stream"), "gpt-4.1-nano", "get_weather"),
        (recording!("tools-parallel-stream"), "gpt-5.4", "favorite_color"),
    ] {
        let last = recording.body.lines().rfind(|line| line.contains("\"prompt_tokens\"")).unwrap();
        let last: serde_json::Value = serde_json::from_str(&last["data: ".len()..]).unwrap();
        let number = |key: &str| last["usage"][key].as_u64().unwrap();
        let usage = Usage::new(number("prompt_tokens"), number("completion_tokens"));
        let ours = encode_calls(&streamed(model, true), name, &fragments(&recording), usage);
        assert_eq!(normal(&ours), normal(&recording.body));
        assert_eq!(paddings(&ours), paddings(&recording.body));
    }
}

#[test]
fn the_padding_rule_holds_in_recordings() {
    for recording in [
        recording!("stream"),
        recording!("stream-usage"),
        recording!("tool-stream"),
        recording!("tools-parallel-stream"),
        recording!("refusal-stream"),
        recording!("n2-stream"),
        recording!("logprobs-stream"),
    ] {
        let lengths = paddings(&recording.body);
        assert!(!lengths.is_empty() && lengths.iter().all(|length| *length == 1), "{lengths:?}");
    }
}

#[test]
fn errors_are_as_recorded() {
    let request = asked("non-existent-model");
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer test-key".parse().unwrap());
    let unsupported = ApiError::invalid_request(
        "Unsupported parameter: 'stop' is not supported with this model.",
    )
    .param("stop")
    .code("unsupported_parameter");
    for (recording, error, left_out) in [
        (recording!("err401"), ApiError::authentication(), &[][..]),
        // Not there in 2025.
        (recording!("err404"), ApiError::model_not_found(), &["x-openai-proxy-wasm"]),
        (recording!("err400-param"), unsupported, &[]),
    ] {
        let response =
            golden::error(&OpenAi, Some(&request.call), Some(&request), &headers, &error);
        recording.check_head(&response, left_out);
        // A key of less than 12 letters was repeated whole when this was recorded.
        let ours = response.body().replace("********", "test-key");
        assert_eq!(ours, recording.body);
    }
}

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

#[test]
fn a_whole_conversation_is_understood() {
    use crate::request::{Content, ResponseFormat, Role, ToolChoice};
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
