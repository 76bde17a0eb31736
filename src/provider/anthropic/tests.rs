//! What the room says, held against recordings byte for byte, and what it understands.
//!
//! Made equal before comparing: ids, the padding of events, and the first count of output tokens,
//! which is known to the vendor alone. See `golden/README.md` for where the recordings come from.

use std::collections::BTreeMap;

use http::{HeaderMap, Method};
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::provider::golden::{self, payloads};
use crate::reply::{ErrorKind, Finish, Part, PartStart, Reasoning, ReplyEvent, ToolCall, Usage};
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

mod agreeing;
mod errors;
mod fields;
mod limits;
mod listing;
mod recorded;
mod recorded_features;
mod refusing;
mod saying;
mod understanding;

fn parse(body: &str) -> Result<LlmRequest, ApiError> {
    parse_bytes(body.as_bytes())
}

fn parse_bytes(body: &[u8]) -> Result<LlmRequest, ApiError> {
    let request = http::Request::post("https://api.anthropic.com/v1/messages")
        .header("x-api-key", "sk-ant-x")
        .header("anthropic-version", "2023-06-01");
    golden::request_of_bytes(&Anthropic, request.body(Bytes::copy_from_slice(body)).unwrap())
}

fn head_of(headers: &HeaderMap) -> Head<'_> {
    Head::new(&Method::POST, Some("api.anthropic.com"), "/v1/messages", None, headers)
}

fn request(model: &str) -> LlmRequest {
    let body = json!({
        "model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}],
    });
    parse(&body.to_string()).unwrap()
}

fn whole(reply: &Reply) -> String {
    let response = golden::whole(&Anthropic, &request("claude-opus-5"), reply);
    assert_eq!(response.status(), 200);
    response.into_body()
}

fn sayable(reply: &Reply) {
    for feature in reply.features() {
        assert_eq!(Anthropic.can_say(feature), Ok(()), "{feature:?}");
    }
}

fn streamed(reply: &Reply, chunking: Chunking) -> String {
    golden::stream(&Anthropic, &request("claude-opus-5"), reply, chunking).into_body()
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

/// Compares heads, but for what came up after the recording.
#[track_caller]
fn check_head(headers: &HeaderMap, recording: &Recording, newer: &[&str]) {
    let ours = headers.keys().map(http::HeaderName::as_str);
    golden::check_names(ours, recording.headers.keys().map(String::as_str), newer);
    assert_eq!(headers["content-type"], recording.headers["content-type"]);
    assert_eq!(
        headers.get("cache-control").map(|value| value.to_str().unwrap()),
        recording.headers.get("cache-control").map(String::as_str)
    );
}
