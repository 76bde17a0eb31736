//! The front doors: a lower-case function for each thing that a condition can be on.

use super::field::{Condition, Field};
use super::json::{Json, Source};
use super::number::{Counted, Number};
use super::subject::{Media, Subject, Which};
use crate::provider::{Operation, Provider};
use crate::request::{Role, ToolChoice};

/// The text of any message.
pub fn any_message() -> Field {
    Field(Subject::Message(None, Which::Any))
}

/// The text of any message of this role.
pub fn any_message_of(role: Role) -> Field {
    Field(Subject::Message(Some(role), Which::Any))
}

/// The API key.
pub fn api_key() -> Field {
    Field(Subject::ApiKey)
}

/// Sound in any message: its media type, or the vendor's word for it.
pub fn audio() -> Field {
    Field(Subject::Media(Media::Audio))
}

/// A document or file in any message: its media type, or the vendor's word for it.
pub fn file() -> Field {
    Field(Subject::Media(Media::File))
}

/// The text of the user's first message.
pub fn first_user() -> Field {
    message(Role::User, 0)
}

/// A header.
pub fn header(name: impl Into<String>) -> Field {
    Field(Subject::Header(name.into()))
}

/// A picture in any message: its URL, or its media type.
pub fn image() -> Field {
    Field(Subject::Media(Media::Image))
}

/// A place in the body, by JSON pointer (RFC 6901).
///
/// Each condition of this kind reads through the body once: put it behind one on the model or a
/// text with [`and`](super::Match::and).
///
/// # Panics
///
/// If the pointer is neither empty nor begins with a slash.
pub fn json(pointer: &str) -> Json {
    Json::of(Source::Body).at(pointer)
}

/// The places in the body that a JSONPath (RFC 9535) finds. A condition on them holds if it does
/// for one of them.
///
/// ```
/// use tower_mock_llm::respond::json_path;
/// use tower_mock_llm::{Match, Rule};
///
/// let tagged = json_path("$.messages[?@.role == 'user'].name").equals("alice");
/// assert_eq!(
///     tagged.describe(),
///     r#"any of the body at $.messages[?@.role == 'user'].name is "alice""#,
/// );
/// let many = json_path("$.tools[20]").exists();
/// let rule = Rule::when(tagged.and(many.not())).respond_with("Hello, Alice.");
/// # let _ = rule;
/// ```
///
/// It reads the whole body into values each time: put it behind a condition on the model or a text
/// with [`and`](super::Match::and), and take [`json`] where a pointer will do.
///
/// # Panics
///
/// If it is no such path, with the place and the reason.
#[cfg(feature = "jsonpath")]
#[track_caller]
pub fn json_path(path: &str) -> Json {
    Json::of(Source::Body).path(path)
}

/// The text of the last message of the assistant.
pub fn last_assistant() -> Field {
    Field(Subject::Message(Some(Role::Assistant), Which::Last))
}

/// The text of the user's last message.
pub fn last_user() -> Field {
    Field(Subject::Message(Some(Role::User), Which::Last))
}

/// The most tokens that the answer may have, whatever the vendor calls it.
pub fn max_tokens() -> Number {
    Number(Counted::MaxTokens)
}

/// The text of the message of this role that has this index among them, from 0.
pub fn message(role: Role, index: usize) -> Field {
    Field(Subject::Message(Some(role), Which::Nth(index)))
}

/// How many messages there are, system prompts among them.
pub fn messages() -> Number {
    Number(Counted::Messages)
}

/// A text in the request's `metadata` (OpenAI, Anthropic) or `labels` (Gemini).
pub fn metadata(key: impl Into<String>) -> Field {
    Field(Subject::Metadata(key.into()))
}

/// The model matches `pattern`: `*` stands for any text, `?` for one character.
pub fn model(pattern: impl Into<String>) -> Condition {
    model_name().glob(pattern)
}

/// The model as the client named it, for other tests than [`model`]'s.
pub fn model_name() -> Field {
    Field(Subject::Model)
}

/// How many answers are wanted (`n`, `candidateCount`).
pub fn n() -> Number {
    Number(Counted::N)
}

/// This is wanted.
pub fn operation(operation: Operation) -> Condition {
    Field(Subject::Operation(operation)).exists()
}

/// The request goes to this provider.
pub fn provider(provider: Provider) -> Condition {
    Field(Subject::Provider).equals(provider.as_str())
}

/// A parameter in the URL's query, decoded.
pub fn query(name: impl Into<String>) -> Field {
    Field(Subject::Query(name.into()))
}

/// The JSON Schema that the answer must be valid against.
pub fn response_schema() -> Json {
    Json::of(Source::ResponseSchema)
}

/// The client's seed.
pub fn seed() -> Number {
    Number(Counted::Seed)
}

/// A stream is asked for.
pub fn streaming() -> Condition {
    Field(Subject::Stream).exists()
}

/// The system prompts, joined.
pub fn system() -> Field {
    Field(Subject::System)
}

/// The temperature.
pub fn temperature() -> Number {
    Number(Counted::Temperature)
}

/// This is what the client says about which tool must or may be called.
pub fn tool_choice(choice: ToolChoice) -> Condition {
    Field(Subject::ToolChoice(choice)).exists()
}

/// A tool of this name is offered.
pub fn tool_offered(name: impl Into<String>) -> Condition {
    Field(Subject::ToolOffered(name.into())).exists()
}

/// The results of tools that the last turn brought.
pub fn tool_result() -> Field {
    Field(Subject::ToolResult)
}

/// The results that the last turn brought for the call with this id.
pub fn tool_result_for(id: impl Into<String>) -> Field {
    Field(Subject::ToolResultFor(id.into()))
}

/// The results that the last turn brought of the tool with this name. Where the vendor names calls
/// by an id, the tool is the one that the conversation calls under it.
pub fn tool_result_of(tool: impl Into<String>) -> Field {
    Field(Subject::ToolResultOf(tool.into()))
}

/// The JSON Schema of an offered tool's arguments.
pub fn tool_schema(tool: impl Into<String>) -> Json {
    Json::of(Source::ToolSchema(tool.into()))
}

/// Nucleus sampling.
pub fn top_p() -> Number {
    Number(Counted::TopP)
}

/// The turn that is to be answered, from 1.
pub fn turn(number: usize) -> super::NumberCondition {
    turn_number().equals(number as f64)
}

/// The turn that is to be answered, from 1, for other tests than [`turn`]'s.
pub fn turn_number() -> Number {
    Number(Counted::Turn)
}

/// The answer must be JSON, of any form or of a schema's.
pub fn wants_json() -> Condition {
    Field(Subject::WantsJson).exists()
}
