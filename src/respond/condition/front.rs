//! The front doors: a lower-case function for each thing that a condition can be on.

use super::field::{Condition, Field, Subject};
use crate::provider::Provider;

/// The text of any message.
pub fn any_message() -> Field {
    Field(Subject::AnyMessage)
}

/// The API key.
pub fn api_key() -> Field {
    Field(Subject::ApiKey)
}

/// A header.
pub fn header(name: impl Into<String>) -> Field {
    Field(Subject::Header(name.into()))
}

/// The text of the user's last message.
pub fn last_user() -> Field {
    Field(Subject::LastUser)
}

/// The model matches `pattern`: `*` stands for any text, `?` for one character.
pub fn model(pattern: impl Into<String>) -> Condition {
    Field(Subject::Model).glob(pattern)
}

/// The request goes to this provider.
pub fn provider(provider: Provider) -> Condition {
    Field(Subject::Provider).equals(provider.as_str())
}

/// A stream is asked for.
pub fn streaming() -> Condition {
    Field(Subject::Stream).exists()
}

/// The system prompts, joined.
pub fn system() -> Field {
    Field(Subject::System)
}

/// A tool of this name is offered.
pub fn tool_offered(name: impl Into<String>) -> Condition {
    Field(Subject::ToolOffered(name.into())).exists()
}

/// The results of tools that the last turn brought.
pub fn tool_result() -> Field {
    Field(Subject::ToolResult)
}

/// The turn that is to be answered, from 1.
pub fn turn(number: usize) -> Condition {
    Field(Subject::Turn).equals(number.to_string())
}
