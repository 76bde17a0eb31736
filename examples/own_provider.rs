//! A provider of your own, in one file, held against the suite that the built-in ones pass.
//!
//!     cargo run --example own_provider
//!
//! Acme's API takes `{"model", "prompt", "stream"}` and answers `{"id", "model", "say"}`, or the
//! same piece by piece as server-sent events, with `[END]` last. Its models call no tools.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use serde::{Deserialize, Serialize};
use tower::ServiceExt;
use tower_mock_llm::conformance::{Samples, check};
use tower_mock_llm::provider::{Alphabet, Call, Context, ErrorContext, Operation, StreamEncoder};
use tower_mock_llm::reply::{ErrorKind, PartStart, ReplyEvent};
use tower_mock_llm::request::{Content, Head};
use tower_mock_llm::wire::{FrameBuf, JsonStyle, Sse};
use tower_mock_llm::{
    ApiError, BoxError, LlmRequest, Message, MockLlmLayer, Part, Provider, Reply, ResponseSynth,
    Role,
};

#[derive(Debug)]
struct Acme;

#[derive(Deserialize)]
struct Ask {
    model: String,
    prompt: String,
    #[serde(default)]
    stream: bool,
}

#[derive(Serialize)]
struct Say<'a> {
    id: &'a str,
    model: &'a str,
    say: &'a str,
}

impl ResponseSynth for Acme {
    fn provider(&self) -> Provider {
        Provider::new("acme")
    }

    fn owns(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case("api.acme.example")
    }

    fn recognize(&self, head: &Head<'_>) -> Option<Call> {
        (head.path == "/v1/ask").then(|| Call::new(Operation::Chat))
    }

    fn parse(&self, call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
        if head.method != Method::POST {
            return Err(ApiError::new(ErrorKind::MethodNotAllowed));
        }
        let ask: Ask = serde_json::from_slice(body)
            .map_err(|error| ApiError::invalid_request(format!("bad request: {error}")))?;
        let mut request = LlmRequest::new(self.provider(), call, body.clone());
        request.model = ask.model;
        request.stream = ask.stream;
        request.messages = vec![Message::new(Role::User, vec![Content::Text(ask.prompt)])];
        Ok(request)
    }

    fn unary(&self, cx: &Context<'_>, reply: &Reply) -> Response<Bytes> {
        // Tool calls are said aloud: the API has no other word for them.
        let say: String = reply.parts().iter().map(said).collect();
        let say = Say { id: &id(cx), model: cx.answering_model(|model| model), say: &say };
        json(StatusCode::OK, &say)
    }

    fn stream(&self, cx: &Context<'_>) -> Response<Box<dyn StreamEncoder>> {
        let model = cx.answering_model(|model| model).to_owned();
        let encoder: Box<dyn StreamEncoder> = Box::new(Encoder { id: id(cx), model, mute: false });
        let mut response = Response::new(encoder);
        let events = HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert(header::CONTENT_TYPE, events);
        response
    }

    fn error(&self, _: &ErrorContext<'_>, error: &ApiError) -> Response<Bytes> {
        let status = match error.kind {
            ErrorKind::RateLimit | ErrorKind::Quota => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Server | ErrorKind::Overloaded | ErrorKind::Timeout => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            _ => StatusCode::BAD_REQUEST,
        };
        let message = error.message_or("Acme is sorry.");
        json(error.status.unwrap_or(status), &serde_json::json!({ "error": message }))
    }
}

#[derive(Debug)]
struct Encoder {
    id: String,
    model: String,
    mute: bool,
}

const SSE: Sse = Sse::lf(JsonStyle::COMPACT);

impl StreamEncoder for Encoder {
    fn encode(&mut self, event: ReplyEvent<'_>, frames: &mut FrameBuf) {
        let mut say = |say: &str| {
            SSE.data(frames, &Say { id: &self.id, model: &self.model, say });
        };
        match event {
            ReplyEvent::PartStart { part, .. } => {
                self.mute = matches!(part, PartStart::Reasoning { .. });
                if let PartStart::ToolCall { name, .. } = part {
                    say(name);
                }
            }
            ReplyEvent::Delta(text) if !self.mute => say(text),
            ReplyEvent::End { .. } => {
                // So that every answer has its id, even one that says nothing.
                say("");
                SSE.text(frames, "[END]");
            }
            _ => {}
        }
    }
}

fn id(cx: &Context<'_>) -> String {
    cx.entropy.id(1, "acme-", Alphabet::Hex, 16)
}

fn said(part: &Part) -> String {
    match part {
        Part::Refusal(text) => text.clone(),
        Part::Text(text) => text.as_str().to_owned(),
        Part::ToolCall(call) => format!("{}{}", call.name(), call.arguments()),
        _ => String::new(),
    }
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(JsonStyle::COMPACT.to_vec(value)));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let ask =
        |body: &'static str| Request::post("https://api.acme.example/v1/ask").body(body.into());
    let whole: Request<Bytes> = ask(r#"{"model": "acme-1", "prompt": "Who are you?"}"#)?;
    let stream = ask(r#"{"model": "acme-1", "prompt": "Who are you?", "stream": true}"#)?;
    check(&Acme, &Samples::new(whole.clone(), stream.clone()))?;
    println!("Acme keeps the rules.\n");

    let mock = MockLlmLayer::new().synth(Acme);
    for request in [whole, stream] {
        let response = mock.clone().into_service().oneshot(request.map(Full::new)).await?;
        let body = response.into_body().collect().await?.to_bytes();
        println!("{}\n", String::from_utf8_lossy(&body));
    }
    Ok(())
}
