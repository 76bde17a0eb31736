//! What other tools recorded, replayed.

use std::path::Path;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::Value;
use tower_mock_llm::MockLlmLayer;
use tower_mock_llm::cassette::Cassette;
use tower_mock_llm::cli;

use crate::upstream::{Scratch, call, joined};

fn convert(args: &[&str]) -> (u8, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = [&["mock-llm", "cassette", "convert"][..], args].concat();
    let code = cli::run(args, &mut out, &mut err, || Ok(|| ()));
    out.extend(err);
    (code, String::from_utf8(out).unwrap())
}

#[tokio::test]
async fn what_vcr_py_recorded_is_replayed_to_the_byte_and_without_keys() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cassettes/golden/vcr");
    let scratch = Scratch::new("convert");
    let to = scratch.file("made");
    let to = to.to_str().unwrap();
    let (code, out) = convert(&[golden.to_str().unwrap(), to]);
    assert_eq!(code, cli::SUCCESS, "{out}");
    // `chat.json` and `chat.yaml` would be one file.
    assert!(out.contains("chat.jsonl: 1 recording\n"), "{out}");
    assert!(out.contains("chat.jsonl is there already"), "{out}");
    let second = scratch.file("chat.jsonl");
    let yaml = golden.join("chat.yaml");
    let (code, out) = convert(&[yaml.to_str().unwrap(), second.to_str().unwrap(), "--json"]);
    assert_eq!(code, cli::SUCCESS, "{out}");

    let json: Value =
        serde_json::from_str(&std::fs::read_to_string(golden.join("chat.json")).unwrap()).unwrap();
    let recorded = &json["interactions"][0];
    let body = recorded["request"]["body"].as_str().unwrap().to_owned();
    for path in [Path::new(to).join("chat.jsonl"), second.clone()] {
        let layer = MockLlmLayer::new().cassette(Cassette::open(path).unwrap());
        let (parts, frames) = call(layer.into_service(), chat(&body)).await;
        assert_eq!(parts.status, 200);
        assert_eq!(parts.headers["openai-processing-ms"], "606");
        assert_eq!(parts.headers["openai-organization"], "redacted");
        // The organization, which is also what the mock calls itself.
        let said = recorded["response"]["body"]["string"].as_str().unwrap();
        assert_eq!(joined(&frames), said.replace("tower-mock-llm", "**************"));
    }
    // A stream comes in its events.
    let cassette = Cassette::open(&second).unwrap();
    assert_eq!(cassette.len(), 3);
    let body = r#"{"stream":true,"model":"gpt-4o","messages":[{"role":"user","content":"Count to three"}]}"#;
    let layer = MockLlmLayer::new().cassette(cassette);
    let (_, frames) = call(layer.into_service(), chat(body)).await;
    assert!(frames.len() > 10 && frames.iter().all(|frame| frame.ends_with(b"\n\n")));
    assert_eq!(frames.last().unwrap(), "data: [DONE]\n\n");
    // Compressed on the way, and kept unpacked.
    let unpacked = Cassette::open(Path::new(to).join("unpacked.jsonl")).unwrap();
    let body = r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}"#;
    let (parts, frames) =
        call(MockLlmLayer::new().cassette(unpacked).into_service(), chat(body)).await;
    assert!(parts.headers.get("content-encoding").is_none());
    assert!(joined(&frames).contains("packed, with hf_**"), "{frames:?}");

    for file in ["made/chat.jsonl", "made/unpacked.jsonl", "chat.jsonl"] {
        let text = std::fs::read_to_string(scratch.file(file)).unwrap();
        assert!(!text.contains("CANARY"), "{text}");
    }
    let (code, out) = convert(&[yaml.to_str().unwrap(), second.to_str().unwrap()]);
    assert_eq!(code, cli::FAILURE);
    assert!(out.contains("is there already; nothing was written"), "{out}");
    let (code, out) = convert(&["Cargo.toml", "x.jsonl", "--provider", "acme"]);
    assert_eq!(code, cli::FAILURE);
    assert!(out.contains("--provider acme: known are openai, anthropic, gemini"), "{out}");
}

fn chat(body: &str) -> Request<Full<Bytes>> {
    Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer any")
        .header("content-type", "application/json")
        .body(Full::from(body.to_owned()))
        .unwrap()
}
