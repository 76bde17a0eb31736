//! What the client asked, in neutral words.
//!
//! Each provider's room parses its own JSON into an [`LlmRequest`]; rules, closures and the
//! journal see nothing else, so a rule written once holds for every provider.

mod head;
mod message;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use serde_json::value::RawValue;

pub use self::head::Head;
#[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
pub(crate) use self::head::without_root;
pub(crate) use self::head::{host_of, is_local, is_same_host};
pub use self::message::{Content, Message, Role};
use crate::provider::{Call, Operation, Provider};

/// One request to a provider, understood.
///
/// ```
/// use tower_mock_llm::{Reply, Rule};
///
/// let rule = Rule::when_fn(|request| request.model.starts_with("gpt-") && request.turn() == 1)
///     .respond_with(Reply::text("first turn"));
/// # let _ = rule;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LlmRequest {
    /// Whose API was called.
    pub provider: Provider,
    /// The call as it was recognized from the head.
    pub call: Call,
    /// The model as the client named it.
    pub model: String,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The conversation, system prompts included, in order.
    pub messages: Vec<Message>,
    /// The tools that the model may call.
    pub tools: Vec<Tool>,
    /// Which tool must or may be called.
    pub tool_choice: ToolChoice,
    /// The form that the answer must have.
    pub response_format: ResponseFormat,
    /// Sampling parameters and limits.
    pub sampling: Sampling,
    /// The sizes of the vectors that are wanted, one for each message: each is an input. Empty unless
    /// the operation is [`Embeddings`](Operation::Embeddings).
    pub embeddings: Vec<EmbeddingSize>,
    /// Method, URL and headers as they came.
    pub head: RequestHead,
    /// The body as it came.
    pub body: Bytes,
}

impl LlmRequest {
    /// A request that has nothing but its body yet: a room fills in what it reads there, and the
    /// head is moved in afterwards.
    pub fn new(provider: Provider, call: Call, body: Bytes) -> Self {
        Self {
            provider,
            model: String::new(),
            stream: false,
            messages: Vec::new(),
            tools: Vec::new(),
            tool_choice: ToolChoice::Auto,
            response_format: ResponseFormat::Text,
            sampling: Sampling::default(),
            embeddings: Vec::new(),
            head: RequestHead::default(),
            call,
            body,
        }
    }

    /// What a journal keeps, taken out of it.
    pub(crate) fn take(&mut self) -> (Call, RequestHead, Bytes) {
        let call = std::mem::replace(&mut self.call, Call::new(Operation::Chat));
        (call, std::mem::take(&mut self.head), std::mem::take(&mut self.body))
    }

    /// What was asked for.
    pub fn operation(&self) -> Operation {
        self.call.operation
    }

    /// The text of the last message of the user, its parts joined by a newline; empty without one.
    pub fn last_user(&self) -> std::borrow::Cow<'_, str> {
        let last = self.messages.iter().rev().find(|message| message.role == Role::User);
        last.map(Message::text).unwrap_or_default()
    }

    /// All system and developer prompts, joined by a newline; empty without one.
    pub fn system(&self) -> std::borrow::Cow<'_, str> {
        message::join(
            self.messages
                .iter()
                .filter(|message| message.role == Role::System)
                .flat_map(|message| message.texts()),
        )
    }

    /// The turn that is to be answered, counted from 1: the assistant's messages so far, and one.
    pub fn turn(&self) -> usize {
        1 + self.messages.iter().filter(|message| message.role == Role::Assistant).count()
    }

    /// The results of tool calls that the last turn brought: (call id or name, text).
    pub fn tool_results(&self) -> impl Iterator<Item = (&str, &str)> {
        let since = self
            .messages
            .iter()
            .rposition(|message| message.role == Role::Assistant)
            .map_or(0, |index| index + 1);
        self.messages[since..].iter().flat_map(|message| message.content()).filter_map(|content| {
            match content {
                Content::ToolResult { id, text } => Some((id.as_str(), text.as_str())),
                _ => None,
            }
        })
    }

    /// The tool that a result with this id is of: the one that the conversation calls under it, or
    /// else the id itself, which is the tool's name where the vendor has no ids.
    pub fn tool_of<'a>(&'a self, id: &'a str) -> &'a str {
        let contents = self.messages.iter().rev().flat_map(Message::parts);
        let called = contents.filter_map(|content| match content {
            Content::ToolCall { id, name, .. } => Some((id.as_str(), name.as_str())),
            _ => None,
        });
        called.filter(|call| call.0 == id).map(|call| call.1).next().unwrap_or(id)
    }

    /// The API key that the request carries.
    pub fn api_key(&self) -> Option<&str> {
        head::api_key(&self.head.headers, self.head.uri.query())
    }

    /// The body as a JSON value, for what the neutral words leave out; `Null` when it is no JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// An estimate of the prompt's tokens: a quarter of its bytes, and four for each message.
    pub fn prompt_tokens(&self) -> u64 {
        let messages: u64 =
            self.messages.iter().map(|m| 4 + crate::util::tokens::estimate(m.len())).sum();
        let tools: usize = self.tools.iter().map(Tool::len).sum();
        3 + messages + crate::util::tokens::estimate(tools)
    }
}

/// The head of a request, kept.
///
/// Its `Debug` form shows no header values, since one of them is an API key.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// The URL, or its path and query where the client sent no more.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
}

impl RequestHead {
    /// The head, borrowed.
    pub fn as_head(&self) -> Head<'_> {
        let Self { method, uri, headers } = self;
        let authority = uri.authority().map(http::uri::Authority::as_str);
        Head::new(method, authority, uri.path(), uri.query(), headers)
    }

    /// The URL as far as it may be shown: a query may hold an API key.
    pub(crate) fn url_for_messages(&self) -> String {
        let path = self.uri.path();
        let header = || self.headers.get(http::header::HOST)?.to_str().ok();
        let authority = self.uri.authority().map(http::uri::Authority::as_str).or_else(header);
        // A name and a password may stand before the host.
        let Some(host) = authority.and_then(|authority| authority.rsplit('@').next()) else {
            return path.to_owned();
        };
        let guess = || if self.as_head().is_local() { "http" } else { "https" };
        [self.uri.scheme_str().unwrap_or_else(guess), "://", host, path].concat()
    }
}

impl From<http::request::Parts> for RequestHead {
    fn from(parts: http::request::Parts) -> Self {
        Self { method: parts.method, uri: parts.uri, headers: parts.headers }
    }
}

impl std::fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field(
                "headers",
                &self.headers.keys().map(http::HeaderName::as_str).collect::<Vec<_>>(),
            )
            .finish()
    }
}

/// A tool that the client offers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it is said to do.
    pub description: Option<String>,
    /// The JSON Schema of its arguments, as it came.
    pub schema: Option<Box<RawValue>>,
}

impl Tool {
    /// A tool with this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), description: None, schema: None }
    }

    fn len(&self) -> usize {
        self.name.len()
            + self.description.as_ref().map_or(0, String::len)
            + self.schema.as_ref().map_or(0, |schema| schema.get().len())
    }
}

/// How long a vector is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmbeddingSize {
    /// Numbers that are wanted.
    pub dimensions: usize,
    /// Numbers that the model makes of its own accord.
    pub native: usize,
    /// Whether a vector that is shorter than the native one has length one all the same, and is not
    /// just the beginning of it.
    pub normalized: bool,
}

impl EmbeddingSize {
    /// Vectors as the model makes them, of length one.
    pub fn of(native: usize) -> Self {
        Self { dimensions: native, native, normalized: true }
    }
}

/// Which tool must or may be called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ToolChoice {
    /// As the model likes.
    #[default]
    Auto,
    /// None may be called.
    None,
    /// One must be called, whichever.
    Required,
    /// This one must be called.
    Tool(String),
}

/// The form that the answer must have.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum ResponseFormat {
    /// Any JSON object.
    Json,
    /// JSON that is valid against this schema.
    Schema(Box<RawValue>),
    /// Text.
    #[default]
    Text,
}

/// Sampling parameters and limits; what the client left out is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Sampling {
    /// The most tokens that the answer may have.
    pub max_tokens: Option<u64>,
    /// Answers wanted.
    pub n: Option<u64>,
    /// Whether several tools may be called in one turn.
    pub parallel_tool_calls: Option<bool>,
    /// The client's seed.
    pub seed: Option<i64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// Temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
}
