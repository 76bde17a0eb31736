//! Held against recordings, byte by byte.

use std::sync::Arc;

use http::Request;
use serde_json::{Value, json};

use super::OpenAi;
use crate::provider::ResponseSynth;
use crate::provider::golden::{self, Recording, masked, payloads};
use crate::reply::{ApiError, Audio, Citation, ErrorKind, Finish, Media, Part, Reply, Usage};
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
mod errors;
mod limits;
mod listing;
mod recorded;
mod recorded_features;
mod refusing;
mod saying;
mod understanding;

fn post(body: Value) -> Result<LlmRequest, ApiError> {
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

fn asking(mut body: Value) -> LlmRequest {
    body["messages"] = json!([{"role": "user", "content": "x"}]);
    post(body).unwrap()
}

fn whole(request: &LlmRequest, reply: &Reply) -> String {
    let reply =
        Arc::new(reply.clone()).obeying(&request.sampling, &crate::counting::Counter::default());
    golden::whole(&OpenAi, request, &reply).into_body()
}

fn chunks(request: &LlmRequest, reply: &Reply, chunking: Chunking) -> Vec<Value> {
    let reply =
        Arc::new(reply.clone()).obeying(&request.sampling, &crate::counting::Counter::default());
    let stream = golden::stream(&OpenAi, request, &reply, chunking);
    payloads(stream.body()).map(|json| serde_json::from_str(json).unwrap()).collect()
}

/// What cannot be known: ids, times and fingerprints.
const MADE_UP: [&str; 3] = ["id", "created", "system_fingerprint"];

/// Streams with ids and paddings hidden; the lengths of the paddings stay.
fn normal(stream: &str) -> String {
    masked(stream, &[&MADE_UP[..], &["obfuscation"]].concat())
}

/// The length in characters of each chunk modulo 16.
fn paddings(stream: &str) -> Vec<usize> {
    payloads(stream).map(|json| json.chars().count() % 16).collect()
}

/// The bytes of base64, which may be several texts in a row.
fn bytes_of(base64: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    for four in base64.as_bytes().chunks(4) {
        let word = four.iter().fold(0, |word, letter| {
            word << 6 | LETTERS.find(char::from(*letter)).unwrap_or(0) as u32
        });
        let padding = four.iter().filter(|letter| **letter == b'=').count();
        bytes.extend_from_slice(&word.to_be_bytes()[1..4 - padding]);
    }
    bytes
}

fn spoken() -> Part {
    let sound: Vec<u8> = (0..10_000_u32).map(|at| ((at * at) >> 3) as u8).collect();
    Part::Audio(Audio::new(Media::new("audio/wav", sound), "Hello there, friend."))
}

fn cited() -> Reply {
    Reply::text("Über 👋: ")
        .cited_text("Tower is a library", [Citation::web("https://docs.rs/tower", "tower")])
        .then_text(" of parts")
        .cited_text(
            " and more.",
            [
                Citation::web("https://a.example/?q=\"", "A"),
                Citation::web("https://b.example", "B"),
            ],
        )
}
