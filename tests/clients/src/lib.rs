//! Real clients of LLM providers, each behind the same two questions, so that one suite asks them
//! all. Base URLs are the clients' own and keys are dummies: whatever reaches the network is a bug.

#[cfg(feature = "tls-clients")]
pub mod anthropic_ai_sdk;
pub mod async_openai;
#[cfg(feature = "tls-clients")]
pub mod gemini_rust;
pub mod genai;
pub mod misanthropic;
pub mod openai_api_rs;
pub mod rig;

use std::future::Future;

use serde_json::{Value, json};
use tower_mock_llm::MockLlmLayer;

pub use tower_mock_llm::BoxError;

pub type Res<T> = Result<T, BoxError>;

pub const OPENAI: &str = "gpt-4o-mini";
pub const ANTHROPIC: &str = "claude-sonnet-4-5";
pub const GEMINI: &str = "gemini-2.5-flash";

/// A client of one provider.
pub trait Client {
    /// What this client can tell at all.
    const TELLS: Tells = Tells { reasoning: true, usage: true, streams_finish: true, tools: true };

    fn whole(&self, ask: Ask<'_>) -> impl Future<Output = Res<Got>>;

    fn stream(&self, ask: Ask<'_>) -> impl Future<Output = Res<Got>>;
}

/// What a client can tell; the rest is not asked of it.
#[derive(Clone, Copy, Debug)]
pub struct Tells {
    pub reasoning: bool,
    /// Usage, whole and streamed.
    pub usage: bool,
    /// Why a stream ended.
    pub streams_finish: bool,
    /// Calls of tools, whole and streamed.
    pub tools: bool,
}

/// One user message.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub prompt: &'a str,
    pub tools: Tools,
}

/// What becomes of the one tool there is, `get_weather(city)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tools {
    None,
    Offered,
    Required,
}

impl<'a> Ask<'a> {
    pub fn text(prompt: &'a str) -> Self {
        Self { prompt, tools: Tools::None }
    }

    pub fn offering(prompt: &'a str) -> Self {
        Self { prompt, tools: Tools::Offered }
    }

    pub fn requiring(prompt: &'a str) -> Self {
        Self { prompt, tools: Tools::Required }
    }

    pub fn offers(&self) -> bool {
        self.tools != Tools::None
    }

    pub fn requires(&self) -> bool {
        self.tools == Tools::Required
    }
}

pub const TOOL: &str = "get_weather";
pub const TOOL_DESCRIPTION: &str = "Current weather for a city";

pub fn tool_schema() -> Value {
    json!({
        "type": "object",
        "properties": {"city": {"type": "string", "description": "City name"}},
        "required": ["city"]
    })
}

/// What a client made of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Got {
    /// The whole text.
    pub text: String,
    /// The pieces of it that a stream yielded.
    pub deltas: Vec<String>,
    pub reasoning: String,
    /// Name and arguments of each call.
    pub tools: Vec<(String, Value)>,
    /// The client's word for why it ended.
    pub finish: Option<String>,
    /// Tokens in and out.
    pub usage: Option<(u64, u64)>,
    /// The error that a stream yielded after its deltas.
    pub broke: Option<String>,
}

impl Got {
    fn delta(&mut self, text: &str) {
        // OpenAI's first chunk has `content: ""`.
        if !text.is_empty() {
            self.text.push_str(text);
            self.deltas.push(text.to_owned());
        }
    }

    /// A stream that failed: an error if it did so before it said anything.
    fn broken(mut self, error: impl Into<BoxError>) -> Res<Self> {
        let error = error.into();
        if self.deltas.is_empty() {
            return Err(error);
        }
        self.broke = Some(error.to_string());
        Ok(self)
    }
}

/// A client of reqwest 0.13 that the mock answers.
pub fn http(mock: &MockLlmLayer) -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().connector_layer(mock.connector());
    builder.build().expect("a client")
}

/// The same of reqwest 0.12, still to be built.
pub fn http12(mock: &MockLlmLayer) -> reqwest12::ClientBuilder {
    reqwest12::Client::builder().no_proxy().connector_layer(mock.connector())
}

#[cfg(doctest)]
#[doc = include_str!("../../../src/guide/async_openai.md")]
struct Guide;
