//! The room against recordings of the real API, byte by byte.

use http::{HeaderMap, HeaderName, Method};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::provider::golden;
use crate::reply::{ErrorKind, Finish, Part, Reasoning, ToolCall, Usage};
use crate::util::tokens::Chunking;

/// An exchange with the real API; see `golden/README.md`.
struct Recording {
    path: String,
    query: String,
    request: Bytes,
    status: u64,
    headers: Value,
    body: String,
}

macro_rules! recording {
    ($name:literal) => {
        recording(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/provider/gemini/golden/",
            $name,
            ".json"
        )))
    };
}

mod agreeing;
mod errors;
mod limits;
mod listing;
mod recorded;
mod recorded_features;
mod refusing;
mod saying;
mod understanding;

fn recording(text: &str) -> Recording {
    let value: Value = serde_json::from_str(text).unwrap();
    let uri: http::Uri = value["url"].as_str().unwrap().parse().unwrap();
    Recording {
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        request: value["request"].to_string().into(),
        status: value["status"].as_u64().unwrap(),
        headers: value["headers"].clone(),
        body: value["body"].as_str().unwrap().to_owned(),
    }
}

fn keyed() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-goog-api-key", "k".parse().unwrap());
    headers
}

fn ask(path: &str, query: &str, body: &[u8]) -> Result<LlmRequest, ApiError> {
    let url = format!("https://generativelanguage.googleapis.com{path}?{query}");
    let request = http::Request::post(url).header("x-goog-api-key", "k");
    golden::request_of_bytes(&Gemini, request.body(Bytes::copy_from_slice(body)).unwrap())
}

const PATH: &str = "/v1beta/models/gemini-2.5-flash:generateContent";
const STREAM_PATH: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";
const SSE_PATH: (&str, &str) = (STREAM_PATH, "alt=sse");
const ASK: &[u8] = br#"{"contents": [{"parts": [{"text": "x"}]}]}"#;
const MODELS: [&str; 3] = ["gemini-2.0-flash", "gemini-2.5-flash", "gemini-3-pro-preview"];

fn whole(model: &str, body: &[u8], reply: &Reply) -> Value {
    let path = format!("/v1beta/models/{model}:generateContent");
    let request = ask(&path, "", body).unwrap();
    serde_json::from_str(golden::whole(&Gemini, &request, reply).body()).unwrap()
}

fn chunks_of(model: &str, query: &str, body: &[u8], reply: &Reply) -> Vec<Value> {
    let path = format!("/v1beta/models/{model}:streamGenerateContent");
    let request = ask(&path, query, body).unwrap();
    chunks(golden::stream(&Gemini, &request, reply, Chunking::Tokens).body())
}

/// The answer whole, after it was found to be the same as its streams.
#[track_caller]
fn agreed(model: &str, body: &[u8], reply: &Reply) -> Value {
    let said = whole(model, body, reply);
    let mut expected = said.clone();
    expected["candidates"][0].as_object_mut().unwrap().remove("avgLogprobs");
    for query in ["", "alt=sse"] {
        let chunks = chunks_of(model, query, body, reply);
        assert_eq!(assembled(&chunks), expected, "{model} {query:?}");
    }
    said
}

fn answered(recording: &Recording, reply: &Reply) -> Response<String> {
    let request = ask(&recording.path, &recording.query, &recording.request).unwrap();
    if request.stream {
        return golden::stream(&Gemini, &request, reply, Chunking::Chars(usize::MAX));
    }
    golden::whole(&Gemini, &request, reply)
}

/// The recording's body with what the mock makes up put in place of what Google made up.
fn like(ours: &str, theirs: &str, keys: &[&str]) -> String {
    let mut theirs = theirs.to_owned();
    for key in keys {
        let recorded = theirs.clone();
        let new: Vec<_> = values(ours, key);
        let old: Vec<_> = values(&recorded, key);
        assert_eq!(new.len(), old.len(), "{key}");
        for ((_, new), (at, old)) in new.into_iter().zip(old).rev() {
            assert_eq!(new.starts_with('"'), old.starts_with('"'), "{key}");
            theirs.replace_range(at..at + old.len(), new);
        }
    }
    theirs
}

/// The scalar values of `key`, and where they begin.
fn values<'a>(text: &'a str, key: &str) -> Vec<(usize, &'a str)> {
    let key = format!("\"{key}\": ");
    let starts = text.match_indices(&key).map(|(at, key)| at + key.len());
    starts
        .map(|start| {
            let rest = &text[start..];
            let end = rest.find([',', '}', '\n']).unwrap_or(rest.len());
            (start, &rest[..end])
        })
        .collect()
}

/// Recordings from before the summer of 2026 do not name the tier that newer ones do.
fn with_tier(body: &str) -> String {
    if body.contains("serviceTier") {
        return body.to_owned();
    }
    body.replace(
        "\n  },\n  \"modelVersion\"",
        ",\n    \"serviceTier\": \"standard\"\n  },\n  \"modelVersion\"",
    )
    .replace("},\"modelVersion\"", ",\"serviceTier\": \"standard\"},\"modelVersion\"")
}

#[track_caller]
fn assert_headers(ours: &HeaderMap, theirs: &Value) {
    let theirs = theirs.as_object().unwrap();
    // A name for each line.
    let names = theirs.iter().flat_map(|(name, value)| {
        std::iter::repeat_n(name.as_str(), value.as_array().map_or(1, Vec::len))
    });
    golden::check_names(ours.iter().map(|(name, _)| name.as_str()), names, &[]);
    for (name, value) in theirs {
        let name: HeaderName = name.parse().unwrap();
        let both = ours.get(&name).zip(value.as_str());
        if let Some((ours, theirs)) = both.filter(|_| name != "server-timing") {
            assert_eq!(ours, theirs, "{name}");
        }
    }
    let vary: Vec<_> = ours.get_all("vary").iter().collect();
    assert_eq!(vary, ["Origin", "X-Origin", "Referer"]);
    let timing = ours["server-timing"].to_str().unwrap();
    let number = timing.strip_prefix("gfet4t7; dur=").unwrap();
    assert!(number.parse::<u32>().is_ok(), "{timing}");
}

fn usage(input: u64, output: u64, reasoning: u64) -> Usage {
    Usage { reasoning, ..Usage::new(input, output) }
}

fn raw(json: &str) -> Box<RawValue> {
    serde_json::from_str(json).unwrap()
}

fn chunks(stream: &str) -> Vec<Value> {
    if stream.starts_with('[') {
        return serde_json::from_str(stream).unwrap();
    }
    assert!(stream.ends_with("\r\n\r\n"));
    let events = stream.split_terminator("\r\n\r\n");
    events
        .map(|event| {
            let (field, json) = event.split_once(' ').unwrap();
            assert_eq!(field.trim_end_matches(':'), "data");
            assert_eq!(super::LINE.respace(json), json);
            serde_json::from_str(json).unwrap()
        })
        .collect()
}

/// What a client puts together: texts of a kind are joined, counts only grow.
fn assembled(chunks: &[Value]) -> Value {
    let mut parts: Vec<Value> = Vec::new();
    let mut total = 0;
    for (at, chunk) in chunks.iter().enumerate() {
        let candidate = &chunk["candidates"][0];
        assert_eq!(candidate.get("finishReason").is_some(), at + 1 == chunks.len());
        assert_eq!(chunk["responseId"], chunks[0]["responseId"]);
        assert_eq!(chunk["modelVersion"], chunks[0]["modelVersion"]);
        let so_far = chunk["usageMetadata"]["totalTokenCount"].as_u64().unwrap();
        assert!(so_far >= total, "{chunk}");
        total = so_far;
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            let joins = parts.last().is_some_and(|last| {
                last["text"].is_string()
                    && part["text"].is_string()
                    && part["text"] != ""
                    && last["thought"] == part["thought"]
                    && last.get("thoughtSignature").is_none()
                    // Two thoughts stay two.
                    && !(last["text"] == "hm" && part["text"] == "well")
            });
            match parts.last_mut().filter(|_| joins) {
                Some(last) => {
                    let text = format!(
                        "{}{}",
                        last["text"].as_str().unwrap(),
                        part["text"].as_str().unwrap()
                    );
                    *last = part.clone();
                    last["text"] = text.into();
                }
                None => parts.push(part.clone()),
            }
        }
    }
    let mut whole = chunks.last().unwrap().clone();
    if !parts.is_empty() {
        whole["candidates"][0]["content"]["parts"] = parts.into();
    }
    whole
}
