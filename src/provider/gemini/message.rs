//! The contents of a request, as they are read: what other vendors call messages.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::values::list;

#[derive(Deserialize)]
pub(super) struct Content {
    #[serde(default, deserialize_with = "list")]
    pub(super) parts: Vec<Part>,
    pub(super) role: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    pub(super) text: Option<String>,
    pub(super) thought: Option<bool>,
    #[serde(alias = "thought_signature")]
    pub(super) thought_signature: Option<IgnoredAny>,
    #[serde(alias = "inline_data")]
    pub(super) inline_data: Option<Data>,
    #[serde(alias = "file_data")]
    pub(super) file_data: Option<Data>,
    #[serde(alias = "function_call")]
    pub(super) function_call: Option<FunctionCall>,
    #[serde(alias = "function_response")]
    pub(super) function_response: Option<FunctionResponse>,
    #[serde(alias = "executable_code")]
    pub(super) executable_code: Option<IgnoredAny>,
    #[serde(alias = "code_execution_result")]
    pub(super) code_execution_result: Option<IgnoredAny>,
    #[serde(alias = "tool_call")]
    pub(super) tool_call: Option<IgnoredAny>,
    #[serde(alias = "tool_response")]
    pub(super) tool_response: Option<IgnoredAny>,
}

/// Inline or by its URI.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data {
    #[serde(alias = "mime_type")]
    pub(super) mime_type: Option<String>,
    #[serde(alias = "file_uri")]
    pub(super) file_uri: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct FunctionCall {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) args: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
pub(super) struct FunctionResponse {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) response: Option<Box<RawValue>>,
}

impl Content {
    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        let is_silent = |part: &Part| part.is_empty() || part.text.as_deref() == Some("");
        self.parts.iter().all(is_silent)
    }
}

impl Part {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_none()
            && self.thought_signature.is_none()
            && self.inline_data.is_none()
            && self.file_data.is_none()
            && self.function_call.is_none()
            && self.function_response.is_none()
            && self.executable_code.is_none()
            && self.code_execution_result.is_none()
            && self.tool_call.is_none()
            && self.tool_response.is_none()
    }
}
