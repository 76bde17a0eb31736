//! Recordings of one provider that answer clients of another. What they say is read here out of the
//! recorded bytes, and compared with what the other API's client is given.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use http_body_util::Full;
use serde_json::{Value, json};
use tower::Layer;
use tower_mock_llm::MockLlmLayer;
use tower_mock_llm::cassette::{Cassette, Note, RecordMode};

use crate::upstream::{Exchange, Req, Scratch, call, joined, upstream};

fn exchange(name: &str) -> Exchange {
    Exchange::all().into_iter().find(|it| it.0 == name).unwrap().1
}

/// A cassette with this one recording.
async fn record(scratch: &Scratch, exchange: &Exchange) -> PathBuf {
    let path = scratch.file("x.jsonl");
    let _ = std::fs::remove_file(&path);
    let live = upstream(exchange.clone(), Duration::ZERO, Duration::ZERO, Default::default());
    let cassette = Cassette::open(&path).unwrap().mode(RecordMode::RecordMissing);
    call(MockLlmLayer::new().cassette(cassette).recording().layer(live), exchange.request()).await;
    path
}

fn post(url: &str, body: &Value) -> Req {
    http::Request::post(url)
        .header("authorization", "Bearer any")
        .header("x-api-key", "any")
        .header("x-goog-api-key", "any")
        .header("anthropic-version", "2023-06-01")
        .header("content-type", "application/json")
        .body(Full::from(body.to_string()))
        .unwrap()
}

fn openai(question: &str, stream: bool) -> Req {
    let messages = json!([{"role": "user", "content": question}]);
    let body = json!({"model": "gpt-4o", "messages": messages, "stream": stream});
    post("https://api.openai.com/v1/chat/completions", &body)
}

fn anthropic(question: &str, stream: bool) -> Req {
    let messages = json!([{"role": "user", "content": [{"type": "text", "text": question}]}]);
    let body = json!({"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": messages,
                      "stream": stream});
    post("https://api.anthropic.com/v1/messages", &body)
}

fn gemini(question: &str, stream: bool) -> Req {
    let call = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    let url =
        format!("https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:{call}");
    post(&url, &json!({"contents": [{"role": "user", "parts": [{"text": question}]}]}))
}

async fn ask(cassette: &Cassette, request: Req) -> (u16, String) {
    let stack = MockLlmLayer::new().cassette(cassette.clone()).into_service();
    let (parts, frames) = call(stack, request).await;
    (parts.status.as_u16(), joined(&frames))
}

/// The data of events, or the one document.
fn events(body: &str) -> Vec<Value> {
    match serde_json::from_str(body) {
        Ok(whole) => vec![whole],
        Err(_) => {
            let data = body.lines().filter_map(|line| line.strip_prefix("data:"));
            data.filter_map(|data| serde_json::from_str(data).ok()).collect()
        }
    }
}

/// All texts at a place, one after the other.
fn texts(events: &[Value], place: &str) -> String {
    events.iter().filter_map(|event| event.pointer(place)?.as_str()).collect()
}

/// Name and arguments of the calls in an answer of Anthropic's or OpenAI's.
fn calls(events: &[Value]) -> Vec<(String, Value)> {
    let mut calls: BTreeMap<u64, (String, String)> = BTreeMap::new();
    let mut add = |index: u64, name: Option<&str>, arguments: Option<&str>| {
        let call = calls.entry(index).or_default();
        call.0 += name.unwrap_or_default();
        call.1 += arguments.unwrap_or_default();
    };
    for event in events {
        for choice in event["choices"].as_array().into_iter().flatten() {
            let said =
                if choice["delta"].is_null() { &choice["message"] } else { &choice["delta"] };
            for (index, call) in (0..).zip(said["tool_calls"].as_array().into_iter().flatten()) {
                let function = &call["function"];
                let index = call["index"].as_u64().unwrap_or(index);
                add(index, function["name"].as_str(), function["arguments"].as_str());
            }
        }
        let index = event["index"].as_u64().unwrap_or_default();
        if event["content_block"]["type"] == "tool_use" {
            add(index, event["content_block"]["name"].as_str(), None);
        }
        if event["delta"]["type"] == "input_json_delta" {
            add(index, None, event["delta"]["partial_json"].as_str());
        }
        for (index, block) in (0..).zip(event["content"].as_array().into_iter().flatten()) {
            if block["type"] == "tool_use" {
                add(index, block["name"].as_str(), Some(&block["input"].to_string()));
            }
        }
    }
    calls
        .into_values()
        .map(|(name, arguments)| (name, serde_json::from_str(&arguments).unwrap()))
        .collect()
}

#[tokio::test]
async fn a_text_is_said_in_the_words_of_each_provider() {
    const QUESTION: &str = "What is 42 * 10?";
    let scratch = Scratch::new("transcode-text");
    let recorded = exchange("openai-chat.completions-text");
    let path = record(&scratch, &recorded).await;
    let said = events(std::str::from_utf8(&recorded.body).unwrap());
    let text = texts(&said, "/choices/0/message/content");
    let usage = &said[0]["usage"];
    assert_eq!(text, "420");
    let open = || Cassette::open(&path).unwrap().transcode(true);

    let cassette = open();
    let (status, body) = ask(&cassette, anthropic(QUESTION, false)).await;
    let message = &events(&body)[0];
    assert_eq!((status, &message["content"][0]["text"]), (200, &json!("420")), "{body}");
    assert_eq!(message["stop_reason"], "end_turn");
    assert_eq!(message["usage"]["input_tokens"], usage["prompt_tokens"]);
    assert_eq!(message["usage"]["output_tokens"], usage["completion_tokens"]);
    assert!(message["model"].as_str().unwrap().starts_with("claude-sonnet-4-5"), "{body}");
    let is = |note: &Note| {
        matches!(note, Note::Transcoded { recording, from, to, .. }
        if recording.ends_with("x.jsonl:2") && from == "openai" && to == "anthropic")
    };
    assert!(matches!(&*cassette.notes(), [note] if is(note)), "{:?}", cassette.notes());
    assert!(cassette.unused().is_empty());
    // It was used.
    assert_eq!(ask(&cassette, anthropic(QUESTION, false)).await.0, 400);

    let (_, body) = ask(&open(), anthropic(QUESTION, true)).await;
    assert_eq!(texts(&events(&body), "/delta/text"), "420", "{body}");
    for stream in [false, true] {
        let (_, body) = ask(&open(), gemini(QUESTION, stream)).await;
        assert_eq!(texts(&events(&body), "/candidates/0/content/parts/0/text"), "420", "{body}");
    }
    // Not another question, and not unless it is wanted.
    let (status, why) = ask(&open(), anthropic("What is 42 * 11?", false)).await;
    assert!(status == 400 && why.contains("has no recording of"), "{why}");
    let plain = Cassette::open(&path).unwrap();
    assert_eq!(ask(&plain, anthropic(QUESTION, false)).await.0, 400);
    // Its own provider's clients get its own bytes.
    let own = ask(&open(), recorded.request()).await.1;
    assert_eq!(own.as_bytes(), recorded.body);
}

#[tokio::test]
async fn two_vendors_requests_for_the_same_are_the_same() {
    let scratch = Scratch::new("transcode-tools");
    let (one, other) = (
        exchange("openai-chat.completions-tools-parallel-stream"),
        exchange("anthropic-messages-tools-parallel-stream"),
    );
    for (recorded, asked) in [(&one, &other), (&other, &one)] {
        let path = record(&scratch, recorded).await;
        let expected = calls(&events(std::str::from_utf8(&recorded.body).unwrap()));
        assert_eq!(expected.len(), 2, "{expected:?}");
        for stream in [true, false] {
            let mut body: Value = serde_json::from_str(&asked.asked()).unwrap();
            body["stream"] = stream.into();
            if !stream {
                body.as_object_mut().unwrap().remove("stream_options");
            }
            let cassette = Cassette::open(&path).unwrap().transcode(true);
            let (status, said) = ask(&cassette, post(&asked.url, &body)).await;
            assert_eq!(status, 200, "{said}");
            assert_eq!(calls(&events(&said)), expected, "{said}");
            let stop =
                if asked.url.contains("anthropic") { "\"tool_use\"" } else { "\"tool_calls\"" };
            assert!(said.contains(stop), "{said}");
        }
    }
}

#[tokio::test]
async fn thoughts_and_streams_are_understood() {
    let scratch = Scratch::new("transcode-thoughts");
    let recorded = exchange("anthropic-messages-thinking-stream");
    let path = record(&scratch, &recorded).await;
    let said = events(std::str::from_utf8(&recorded.body).unwrap());
    let (thought, text) = (texts(&said, "/delta/thinking"), texts(&said, "/delta/text"));
    assert!(!thought.is_empty() && !text.is_empty());
    let question = "What is the best selling book of all time?";
    let open = || Cassette::open(&path).unwrap().transcode(true);
    let (_, body) = ask(&open(), openai(question, true)).await;
    assert_eq!(texts(&events(&body), "/choices/0/delta/content"), text, "{body}");
    let (_, body) = ask(&open(), openai(question, false)).await;
    assert_eq!(texts(&events(&body), "/choices/0/message/content"), text, "{body}");
    let mut request = gemini(question, false);
    let thoughts = json!({"contents": [{"role": "user", "parts": [{"text": question}]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": true}}});
    *request.body_mut() = Full::from(thoughts.to_string());
    let (_, body) = ask(&open(), request).await;
    let answer = &events(&body)[0];
    let parts = answer["candidates"][0]["content"]["parts"].as_array().unwrap();
    let of = |is_thought: bool| -> String {
        let wanted = parts.iter().filter(|part| (part["thought"] == true) == is_thought);
        wanted.filter_map(|part| part["text"].as_str()).collect()
    };
    assert_eq!((of(true), of(false)), (thought, text), "{body}");

    let recorded = exchange("gemini-streamgeneratecontent-stream");
    let path = record(&scratch, &recorded).await;
    let cassette = Cassette::open(&path).unwrap().transcode(true);
    let (_, body) = ask(&cassette, openai("Say 'foo'", false)).await;
    assert_eq!(texts(&events(&body), "/choices/0/message/content"), "foo", "{body}");
}

#[tokio::test]
async fn what_cannot_be_said_in_other_words_is_told() {
    let scratch = Scratch::new("transcode-odd");
    let mut recorded = exchange("openai-chat.completions-text");
    let body = std::str::from_utf8(&recorded.body).unwrap();
    let cited = body.replace("\"annotations\": []", "\"annotations\": [{}]");
    assert_ne!(cited, body);
    recorded.body = cited.into();
    let path = record(&scratch, &recorded).await;
    let cassette = Cassette::open(&path).unwrap().transcode(true);
    let (status, why) = ask(&cassette, anthropic("What is 42 * 10?", false)).await;
    assert_eq!(status, 400);
    for part in
        ["x.jsonl:2 is to answer a client of anthropic", "it has annotations", "Nothing was sent"]
    {
        assert!(why.contains(part), "{why}");
    }
    assert_eq!(cassette.notes(), []);
}
