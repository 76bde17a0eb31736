//! The tools that a request offers, and which of them it wants called.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::diagnose::unsupported;
use super::neutral::text_of;
use crate::reply::ApiError;
use crate::request::ToolChoice;

#[derive(Debug, Deserialize)]
pub(super) struct ChatTool {
    pub(super) function: Option<FunctionDefinition>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FunctionDefinition {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) parameters: Option<Box<RawValue>>,
}

pub(super) fn tool_choice(choice: &RawValue) -> Result<ToolChoice, ApiError> {
    #[derive(Deserialize)]
    struct Named {
        function: Option<NamedFunction>,
    }
    #[derive(Deserialize)]
    struct NamedFunction {
        name: String,
    }
    Ok(match choice.get() {
        "\"auto\"" => ToolChoice::Auto,
        "\"none\"" => ToolChoice::None,
        "\"required\"" => ToolChoice::Required,
        text if text.starts_with('"') => {
            return Err(unsupported("tool_choice", &text_of(text.as_bytes()), &TOOL_CHOICES));
        }
        other => serde_json::from_str::<Named>(other)
            .ok()
            .and_then(|named| named.function)
            .map_or(ToolChoice::Auto, |function| ToolChoice::Tool(function.name)),
    })
}

const TOOL_CHOICES: [&str; 3] = ["none", "auto", "required"];
