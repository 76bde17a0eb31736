//! Errors before an answer and instead of one, quotas, and the verdict on the client.

#![expect(clippy::disallowed_methods, reason = "clients wait in tasks, and look at the clock")]

mod quotas;
mod statuses;
mod transport;
mod verdicts;

use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::{MockLlm, MockLlmLayer, Reject};

/// One API of each vendor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Api {
    Anthropic,
    Gemini,
    OpenAi,
}

pub(crate) const APIS: [Api; 3] = [Api::OpenAi, Api::Anthropic, Api::Gemini];

impl Api {
    pub(crate) fn url(self, stream: bool) -> &'static str {
        match (self, stream) {
            (Self::Anthropic, _) => "https://api.anthropic.com/v1/messages",
            (Self::Gemini, false) => {
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"
            }
            (Self::Gemini, true) => {
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
            }
            (Self::OpenAi, _) => "https://api.openai.com/v1/chat/completions",
        }
    }

    pub(crate) fn body(self, text: &str, stream: bool) -> Value {
        let messages = json!([{"role": "user", "content": text}]);
        match self {
            Self::Anthropic => json!({
                "model": "claude-sonnet-4-5", "max_tokens": 100, "messages": messages,
                "stream": stream,
            }),
            Self::Gemini => json!({"contents": [{"role": "user", "parts": [{"text": text}]}]}),
            Self::OpenAi => json!({"model": "gpt-4o", "messages": messages, "stream": stream}),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A client of a stack that is all mock.
#[derive(Clone)]
pub(crate) struct Mock(MockLlm<Reject>);

impl Mock {
    pub(crate) fn new(layer: &MockLlmLayer) -> Self {
        Self(layer.clone().into_service())
    }

    pub(crate) async fn ask(&mut self, api: Api, text: &str) -> Heard {
        self.send(api, false, "any", api.body(text, false)).await
    }

    pub(crate) async fn send(&mut self, api: Api, stream: bool, key: &str, body: Value) -> Heard {
        let response = self.open(api, stream, key, body).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Heard { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn open(
        &mut self,
        api: Api,
        stream: bool,
        key: &str,
        body: Value,
    ) -> http::Response<tower_mock_llm::MockBody<Full<bytes::Bytes>>> {
        let request = http::Request::post(api.url(stream))
            .header("authorization", format!("Bearer {key}"))
            .header("x-api-key", key)
            .header("x-goog-api-key", key)
            .header("anthropic-version", "2023-06-01")
            .body(Full::<bytes::Bytes>::from(body.to_string()))
            .unwrap();
        self.0.clone().oneshot(request).await.unwrap()
    }
}
