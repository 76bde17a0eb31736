//! What Gemini is asked, in neutral words.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::message::{Content, Part};
use super::request::GenerateContentRequest;
use super::tools::Mode;
use super::{GOOGLE_SEARCH, STREAM};
use crate::provider::{Call, Provider};
use crate::request::{self, LlmRequest, Message, Role, ToolChoice};

impl GenerateContentRequest {
    pub(super) fn into_request(self, call: Call, body: &Bytes) -> LlmRequest {
        let tool_choice = self.tool_choice();
        let mut request = LlmRequest::new(Provider::GEMINI, call, body.clone());
        request.model = request.call.model.clone().unwrap_or_default();
        request.stream = request.call.flags & STREAM != 0;
        request.tool_choice = tool_choice;
        if self.tools.iter().any(|tool| tool.google_search.is_some()) {
            request.call.flags |= GOOGLE_SEARCH;
        }
        let system = self.system_instruction.map(|content| {
            let parts = content.parts.into_iter().filter_map(|part| part.text);
            let texts = parts.map(request::Content::Text).collect();
            Message::new(Role::System, texts)
        });
        let contents = self.contents.into_iter().map(Content::neutral);
        request.messages = system.into_iter().chain(contents).collect();
        let declared = self.tools.into_iter().flat_map(|t| t.function_declarations);
        request.tools = declared
            .map(|function| {
                let mut tool = request::Tool::new(function.name.unwrap_or_default());
                tool.description = function.description;
                tool.schema = function.parameters.or(function.parameters_json_schema);
                tool
            })
            .collect();
        let Some(config) = self.generation_config else {
            return request;
        };
        request.call.flags |= config.flags();
        (request.response_format, request.sampling) = config.into_neutral();
        request
    }

    fn tool_choice(&self) -> ToolChoice {
        let Some(calling) = self.function_calling() else {
            return ToolChoice::Auto;
        };
        let mut declared = self.declarations().filter_map(|function| function.name.as_deref());
        let is_allowed =
            |name: &str| calling.allowed_function_names.iter().any(|allowed| allowed == name);
        match (calling.mode, calling.allowed_function_names.as_slice()) {
            (Mode::Any, [name]) => ToolChoice::Tool(name.clone()),
            // The neutral words know one tool or any: one of those that may be called will do.
            (Mode::Any, [name, ..]) if !declared.all(is_allowed) => ToolChoice::Tool(name.clone()),
            (Mode::Any, _) => ToolChoice::Required,
            (Mode::Auto, _) => ToolChoice::Auto,
            (Mode::None, _) => ToolChoice::None,
        }
    }
}

impl Content {
    pub(super) fn neutral(self) -> Message {
        let is_model = self.role.as_deref() == Some("model");
        let content: Vec<_> = self.parts.into_iter().map(Part::neutral).collect();
        let is_result =
            |content: &request::Content| matches!(content, request::Content::ToolResult { .. });
        let role = if is_model {
            Role::Assistant
        } else if content.iter().all(is_result) {
            // The vendor has no role for it, so that the user seems to speak.
            Role::Tool
        } else {
            Role::User
        };
        Message::new(role, content)
    }
}

impl Part {
    fn neutral(self) -> request::Content {
        if let Some(call) = self.function_call {
            request::Content::ToolCall {
                id: call.id.unwrap_or_default(),
                name: call.name.unwrap_or_default(),
                arguments: json_text(call.args),
            }
        } else if let Some(result) = self.function_response {
            let id = result.id.filter(|id| !id.is_empty());
            request::Content::ToolResult {
                id: id.or(result.name).unwrap_or_default(),
                text: json_text(result.response),
            }
        } else if let Some(data) = self.inline_data.or(self.file_data) {
            let mime = data.mime_type.unwrap_or_default();
            match mime.split('/').next() {
                Some("audio") => request::Content::Audio(mime),
                Some("image") => request::Content::Image(data.file_uri.unwrap_or(mime)),
                _ => request::Content::File(mime),
            }
        } else if self.executable_code.is_some() {
            request::Content::Other("executableCode".to_owned())
        } else if self.code_execution_result.is_some() {
            request::Content::Other("codeExecutionResult".to_owned())
        } else if self.tool_call.is_some() {
            request::Content::Other("toolCall".to_owned())
        } else if self.tool_response.is_some() {
            request::Content::Other("toolResponse".to_owned())
        } else if self.thought == Some(true) {
            request::Content::Reasoning(self.text.unwrap_or_default())
        } else {
            request::Content::Text(self.text.unwrap_or_default())
        }
    }
}

fn json_text(raw: Option<Box<RawValue>>) -> String {
    raw.map_or_else(|| "{}".to_owned(), |raw| raw.get().to_owned())
}
