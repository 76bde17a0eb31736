//! The built-in rooms keep the rules, and whoever breaks one is found out.

use http::Response;
use serde_json::{Value, json};

use super::*;
use crate::provider::{Call, ErrorContext, Provider, Room, StreamEncoder, no_words, registry};
use crate::reply::{ApiError, Output};
use crate::request::Head;

fn samples(provider: &str) -> Samples {
    let request = |url: &str, key: &str, body: Value| {
        Request::post(url)
            .header(key, if key == "authorization" { "Bearer sk-test" } else { "test" })
            .header("anthropic-version", "2023-06-01")
            .body(Bytes::from(body.to_string()))
            .unwrap()
    };
    let get = |url: &str, key: &str| {
        let mut get = request(url, key, json!(null)).map(|_| Bytes::new());
        *get.method_mut() = http::Method::GET;
        get
    };
    let messages = json!([
        {"role": "user", "content": "Hello \"there\""},
        {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
        {"role": "user", "content": [{"type": "text", "text": "Again"}]},
    ]);
    match provider {
        "openai" => {
            let url = "https://api.openai.com/v1/chat/completions";
            let body = |stream| json!({"model": "gpt-4o", "messages": messages, "stream": stream, "temperature": 0.5});
            Samples::new(
                request(url, "authorization", body(false)),
                request(url, "authorization", body(true)),
            )
            .operation(request(
                "https://api.openai.com/v1/embeddings",
                "authorization",
                json!({"model": "m", "input": ["one", "two"], "dimensions": 3}),
            ))
            .operation(get("https://api.openai.com/v1/models", "authorization"))
            .operation(get("https://api.openai.com/v1/models/m", "authorization"))
        }
        "anthropic" => {
            let url = "https://api.anthropic.com/v1/messages";
            let body = |stream| json!({"model": "claude-haiku-4-5", "max_tokens": 100, "messages": messages, "stream": stream});
            Samples::new(
                request(url, "x-api-key", body(false)),
                request(url, "x-api-key", body(true)),
            )
            .operation(request(
                "https://api.anthropic.com/v1/messages/count_tokens",
                "x-api-key",
                json!({"model": "claude-haiku-4-5", "messages": messages}),
            ))
            .operation(get("https://api.anthropic.com/v1/models", "x-api-key"))
            .operation(get("https://api.anthropic.com/v1/models/m", "x-api-key"))
        }
        "gemini" => {
            let url = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:";
            let body = json!({
                "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
                "generationConfig": {"temperature": 0.5},
            });
            let content = json!({"content": {"parts": [{"text": "Hello"}]}});
            Samples::new(
                request(&format!("{url}generateContent"), "x-goog-api-key", body.clone()),
                request(
                    &format!("{url}streamGenerateContent?alt=sse"),
                    "x-goog-api-key",
                    body.clone(),
                ),
            )
            .operation(request(&format!("{url}countTokens"), "x-goog-api-key", body))
            .operation(request(&format!("{url}embedContent"), "x-goog-api-key", content.clone()))
            .operation(request(
                &format!("{url}batchEmbedContents"),
                "x-goog-api-key",
                json!({"requests": [content]}),
            ))
            .operation(get(url.trim_end_matches("/gemini-2.5-flash:"), "x-goog-api-key"))
            .operation(get(url.trim_end_matches(':'), "x-goog-api-key"))
        }
        other => panic!("the room {other} needs samples here"),
    }
}

#[test]
fn every_built_in_room_keeps_the_rules() {
    for room in registry::builtin() {
        let provider = room.provider();
        if let Err(failures) = check(room.as_ref(), &samples(provider.as_str())) {
            panic!("{provider}: {failures}");
        }
    }
}

#[test]
fn a_room_that_breaks_rules_is_found_out() {
    let openai = registry::builtin().remove(0);
    let failures = check(openai.as_ref(), &samples("anthropic")).unwrap_err().to_string();
    assert!(failures.contains("does not own its host \"api.anthropic.com\""), "{failures}");
    assert!(failures.contains("does not recognize the sample"), "{failures}");
}

/// OpenAI's room with one thing broken.
#[derive(Debug)]
struct Broken {
    room: Room,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    DropsTheLastPart,
    ForgetsErrorsByHand,
    HasNoOutput,
    IgnoresEntropy,
    PanicsOnBadJson,
}

impl ResponseSynth for Broken {
    fn provider(&self) -> Provider {
        self.room.provider()
    }

    fn owns(&self, host: &str) -> bool {
        self.room.owns(host)
    }

    fn recognize(&self, head: &Head<'_>) -> Option<Call> {
        self.room.recognize(head)
    }

    fn parse(&self, call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
        if self.how == How::PanicsOnBadJson {
            let _: Value = serde_json::from_slice(body).unwrap();
        }
        self.room.parse(call, head, body)
    }

    fn unary(&self, cx: &Context<'_>, reply: &Reply) -> Response<Bytes> {
        match self.how {
            How::DropsTheLastPart => {
                let parts = reply.parts().split_last().map_or(&[][..], |(_, rest)| rest);
                let less = parts.iter().cloned().fold(Reply::empty(), Reply::part);
                self.room.unary(cx, &less)
            }
            How::IgnoresEntropy => {
                self.room.unary(&Context { entropy: Entropy::new(0), ..*cx }, reply)
            }
            _ => self.room.unary(cx, reply),
        }
    }

    fn stream(&self, cx: &Context<'_>) -> Response<Box<dyn StreamEncoder>> {
        self.room.stream(cx)
    }

    fn output(&self, cx: &Context<'_>, output: &Output) -> Response<Bytes> {
        match self.how {
            How::HasNoOutput => no_words(self, cx, output),
            _ => self.room.output(cx, output),
        }
    }

    fn error(&self, cx: &ErrorContext<'_>, error: &ApiError) -> Response<Bytes> {
        match self.how {
            How::ForgetsErrorsByHand => self.room.error(cx, &ApiError::new(error.kind)),
            _ => self.room.error(cx, error),
        }
    }
}

#[test]
fn what_is_broken_is_named() {
    for (how, words) in [
        (How::DropsTheLastPart, "answers a text, and what it says is not all there"),
        (How::ForgetsErrorsByHand, "does not keep a message given by hand"),
        (How::IgnoresEntropy, "answers a text alike whatever the entropy is"),
        (How::HasNoOutput, "answers /v1/embeddings with 500"),
        (How::PanicsOnBadJson, "panics while it parses"),
    ] {
        let room = Broken { room: registry::builtin().remove(0), how };
        let failures = check(&room, &samples("openai")).unwrap_err().to_string();
        assert!(failures.contains(words), "{how:?}: {failures}");
    }
}
