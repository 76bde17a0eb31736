//! Canaries in every place, and none on disk.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, service_fn};
use tower_mock_llm::MockLlmLayer;
use tower_mock_llm::cassette::{self, Cassette, RecordMode};

use crate::upstream::{Req, Scratch, body, call};

/// In forms that vendors give out, and in none. Each place has its own, so that one that is found
/// tells where it came from.
const FORMS: [&str; 5] = [
    "sk-proj-CANARY@aaaaBBBBccccDDDD0123",
    "sk-ant-api03-CANARY@aaaaBBBBccccDDDD0123",
    "AIzaSyCANARY@aaaaBBBBccccDDDDeeee01234",
    "gsk_CANARY@aaaaBBBBccccDDDDeeee01234567",
    "hf_CANARY@aaaaBBBBccccDDDDeeee0123456789",
];

struct Canaries(Vec<String>);

impl Canaries {
    /// A key of a known form.
    fn key(&mut self) -> String {
        let number = self.0.len();
        let key = FORMS[number % FORMS.len()].replace('@', &format!("{number:03}"));
        self.0.push(format!("CANARY{number:03}"));
        key
    }

    /// A secret that is known only by its place.
    fn word(&mut self) -> String {
        let number = self.0.len();
        self.0.push(format!("CANARY{number:03}"));
        format!("my-CANARY{number:03}-word")
    }
}

fn base64(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let mut word = [0; 4];
        word[1..=three.len()].copy_from_slice(three);
        let word = u32::from_be_bytes(word);
        for index in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * index) & 63) as usize];
            out.push(if index <= three.len() { letter as char } else { '=' });
        }
    }
    out
}

/// Everything that long runs of base64 in a text say, from each of the four places it may begin at.
fn decoded(text: &str) -> String {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    let mut out = Vec::new();
    for run in text.split(|c| !is_letter(c)).filter(|run| run.len() >= 16) {
        for start in 0..4 {
            let mut word = 0_u32;
            for (index, letter) in run.bytes().skip(start).enumerate() {
                let six = match letter {
                    b'A'..=b'Z' => letter - b'A',
                    b'a'..=b'z' => letter - b'a' + 26,
                    b'0'..=b'9' => letter - b'0' + 52,
                    b'+' | b'-' => 62,
                    _ => 63,
                };
                word = word << 6 | u32::from(six);
                if index % 4 == 3 {
                    out.extend_from_slice(&word.to_be_bytes()[1..]);
                    word = 0;
                }
            }
            out.push(b'\n');
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[tokio::test]
async fn no_secret_reaches_the_disk_whichever_room_and_place() {
    drive("secrets", |cassette| cassette).await;
}

#[cfg(feature = "pseudonyms")]
#[tokio::test]
async fn nor_does_one_that_has_a_pseudonym() {
    let text = drive("pseudonyms", |cassette| cassette.pseudonyms("our key")).await;
    assert!(text.contains("p_") && !text.contains("****"), "{text}");
}

/// What is on disk in the end.
async fn drive(name: &str, with: impl Fn(Cassette) -> Cassette) -> String {
    let scratch = Scratch::new(name);
    let mut canaries = Canaries(Vec::new());
    let urls = [
        "https://USER@api.openai.com/v1/chat/completions?api_key=KEY",
        "https://USER@api.openai.com/v1/responses?key=KEY",
        "https://api.openai.com/v1/organization/projects/USER/api_keys?limit=1&sig=KEY",
        "https://USER@api.anthropic.com/v1/messages?token=KEY",
        "https://USER@api.anthropic.com/v1/messages/batches?x-amz-signature=KEY",
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse&key=KEY",
        "https://generativelanguage.googleapis.com/v1beta/files?key=KEY",
    ];
    let path = scratch.file("x.jsonl");
    for url in urls {
        let in_url = canaries.word();
        let url = url.replace("USER", &canaries.word()).replace("KEY", &in_url);
        let mut request = Request::post(&url).header("content-type", "application/json");
        let mut words = vec![in_url];
        for (name, scheme) in [
            ("authorization", "Bearer "),
            ("proxy-authorization", "Basic "),
            ("x-api-key", ""),
            ("api-key", ""),
            ("x-goog-api-key", ""),
            ("cookie", "session="),
            ("openai-organization", ""),
            ("openai-project", ""),
            ("x-amz-security-token", ""),
            ("x-of-no-importance", ""),
        ] {
            let word = canaries.word();
            request = request.header(name, format!("{scheme}{word}"));
            // What is no secret by its place is not looked for elsewhere.
            if name != "x-of-no-importance" {
                words.push(word);
            }
        }
        let key = canaries.key();
        let encoded = base64(&format!("a picture of {} and {}", canaries.key(), words[1]));
        let asked = serde_json::json!({
            "model": "m", "max_tokens": 9, "stream": true,
            "messages": [{"role": "user", "content": [
                {"type": "text", "text": format!("my key is {key}\nand {}", words.join(" "))},
                {"type": "image", "source": {"type": "base64", "data": encoded}},
            ]}],
            "metadata": {"user_id": canaries.key()},
        });
        let mut response = Response::builder();
        for name in ["set-cookie", "openai-organization", "anthropic-organization-id"] {
            let word = canaries.word();
            response = response.header(name, format!("{word}; HttpOnly"));
            words.push(word);
        }
        response = response.header("x-debug", canaries.key()).header("location", canaries.key());
        let said = format!(
            "data: {{\"a\":\"{} for {}\"}}\n\ndata: {{\"b\":\"{}\"}}\n\nBearer {}\n\n",
            canaries.key(),
            words.join(","),
            base64(&format!("{{\"k\": \"{}\", \"w\": \"{}\"}}", canaries.key(), words.join(" "))),
            canaries.word() + "0123456789",
        );
        // Cut everywhere.
        let frames: Vec<_> = said.as_bytes().chunks(11).map(Bytes::copy_from_slice).collect();
        let sent = frames.clone();
        let response = std::sync::Arc::new(std::sync::Mutex::new(Some(response)));
        let live = service_fn(move |request: Req| {
            let response = response.lock().unwrap().take().unwrap();
            let frames = sent.iter().cloned().map(Ok).collect();
            async move {
                request.into_body().collect().await.unwrap();
                Ok::<_, Infallible>(response.body(body(frames, Duration::ZERO)).unwrap())
            }
        });
        let cassette = with(Cassette::open(&path).unwrap()).mode(RecordMode::RecordMissing);
        let layer = MockLlmLayer::new().cassette(cassette).recording();
        let request = request.body(Full::from(asked.to_string())).unwrap();
        let again = request.clone();
        // The client sees all of it.
        let (_, seen) = call(layer.layer(live), request).await;
        assert_eq!(seen, frames, "{url}");
        // And it is found again, with its frames.
        let layer = MockLlmLayer::new().cassette(with(Cassette::open(&path).unwrap()));
        let (parts, seen) = call(layer.into_service(), again).await;
        assert_eq!(parts.status, 200, "{seen:?}");
        let lengths = |frames: &[Bytes]| frames.iter().map(Bytes::len).collect::<Vec<_>>();
        assert_eq!(lengths(&seen), lengths(&frames));
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let requests = text.lines().filter(|line| line.starts_with("{\"request\"")).count();
    assert_eq!(requests, urls.len());
    // Frames are put together again, as a reader might.
    let mut joined = String::new();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(frame) = line["frame"].as_str() {
            joined += frame;
        }
    }
    assert!(canaries.0.len() > 100);
    for text in [&text, &joined, &decoded(&text), &decoded(&joined)] {
        for canary in &canaries.0 {
            assert!(!text.contains(canary), "{canary} is in:\n{text}");
        }
    }
    assert_eq!(cassette::lint(&path).unwrap(), []);
    text
}
