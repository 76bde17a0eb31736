//! The tools that a request offers, and which of them it wants called.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::diagnose::{TOOL_TAGS, invalid, is_dated, missing, unexpected_tag};
use crate::reply::ApiError;
use crate::request::{Tool, ToolChoice};

#[derive(Deserialize)]
pub(super) struct ToolDefinition<'a> {
    pub(super) r#type: Option<String>,
    name: Option<String>,
    description: Option<String>,
    #[serde(borrow)]
    input_schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    r#type: Option<String>,
    name: Option<String>,
    pub(super) disable_parallel_tool_use: Option<bool>,
}

impl Choice {
    pub(super) fn read(raw: &RawValue, tools: &[ToolDefinition<'_>]) -> Result<Self, ApiError> {
        if !raw.get().starts_with('{') {
            return Err(invalid("tool_choice: Input should be an object"));
        }
        let choice: Self = serde_json::from_str(raw.get())
            .map_err(|error| invalid(format!("tool_choice: {error}")))?;
        match (choice.r#type.as_deref(), choice.name.as_deref()) {
            (None, _) => Err(missing("tool_choice.type")),
            (Some("any"), _) if tools.is_empty() => {
                Err(invalid("tool_choice.any may only be specified while providing tools"))
            }
            (Some("any" | "auto" | "none"), _) => Ok(choice),
            (Some("tool"), None) => Err(missing("tool_choice.tool.name")),
            (Some("tool"), Some(name)) => {
                let is_offered = |tool: &ToolDefinition<'_>| tool.name.as_deref() == Some(name);
                if tools.iter().any(is_offered) {
                    Ok(choice)
                } else {
                    Err(invalid(format!("Tool '{name}' not found in provided tools")))
                }
            }
            (Some(other), _) => {
                Err(unexpected_tag("tool_choice", other, &["auto", "any", "tool", "none"]))
            }
        }
    }

    /// Whether some tool must be called.
    pub(super) fn forces(&self) -> bool {
        matches!(self.r#type.as_deref(), Some("any" | "tool"))
    }

    pub(super) fn neutral(self) -> ToolChoice {
        match (self.r#type.as_deref(), self.name) {
            (Some("any"), _) => ToolChoice::Required,
            (Some("none"), _) => ToolChoice::None,
            (Some("tool"), Some(name)) => ToolChoice::Tool(name),
            _ => ToolChoice::Auto,
        }
    }
}

impl ToolDefinition<'_> {
    pub(super) fn check(&self, index: usize) -> Result<(), ApiError> {
        match self.r#type.as_deref() {
            None | Some("custom") => {}
            // The vendor's own: their names end with a date, and more of them come all the time.
            Some(tag) if is_dated(tag) || tag == "mcp_toolset" => return Ok(()),
            Some(tag) => {
                return Err(unexpected_tag(&format!("tools.{index}"), tag, &TOOL_TAGS));
            }
        }
        let path = |field: &str| format!("tools.{index}.custom.{field}");
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        match self.name.as_deref() {
            None => return Err(missing(&path("name"))),
            Some("") => {
                return Err(invalid(format!(
                    "{}: String should have at least 1 character",
                    path("name")
                )));
            }
            Some(name) if name.len() > 128 || !name.bytes().all(is_plain) => {
                return Err(invalid(format!(
                    "{}: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'",
                    path("name")
                )));
            }
            Some(_) => {}
        }
        if self.input_schema.is_none() {
            return Err(missing(&path("input_schema")));
        }
        Ok(())
    }

    pub(super) fn neutral(self) -> Tool {
        let mut tool = Tool::new(self.name.or(self.r#type).unwrap_or_default());
        tool.description = self.description;
        tool.schema = self.input_schema.map(ToOwned::to_owned);
        tool
    }
}
