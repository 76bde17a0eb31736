//! What Anthropic is asked, in neutral words.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::message::{ContentBlock, InputMessage, Source};
use super::request::{CreateMessage, OutputFormat};
use super::tools::{Choice, ToolDefinition};
use crate::provider::text_or::TextOr;
use crate::provider::{Call, Provider};
use crate::request::{Content, LlmRequest, Message, ResponseFormat, Role, Sampling};

impl CreateMessage<'_> {
    pub(super) fn into_request(
        self,
        choice: Option<Choice>,
        call: Call,
        body: &Bytes,
    ) -> LlmRequest {
        let mut request = LlmRequest::new(Provider::ANTHROPIC, call, body.clone());
        request.model = self.model.into_owned();
        request.stream = self.stream.unwrap_or(false);
        request.messages.reserve(self.messages.len() + 1);
        if let Some(system) = self.system {
            let content = neutral(system);
            request.messages.push(Message::new(Role::System, content));
        }
        for message in self.messages {
            message.neutral(&mut request.messages);
        }
        let tools = self.tools.unwrap_or_default();
        request.tools = tools.into_iter().map(ToolDefinition::neutral).collect();
        request.sampling = Sampling {
            max_tokens: u64::try_from(self.max_tokens).ok(),
            n: None,
            parallel_tool_calls: choice
                .as_ref()
                .and_then(|choice| choice.disable_parallel_tool_use)
                .map(|disabled| !disabled),
            seed: None,
            stop: self.stop_sequences.unwrap_or_default(),
            temperature: self.temperature,
            top_p: self.top_p,
        };
        request.tool_choice = choice.map(Choice::neutral).unwrap_or_default();
        let format = self.output_config.and_then(|config| config.format);
        request.response_format = match format.or(self.output_format) {
            Some(OutputFormat { r#type, schema: Some(schema) }) if r#type == "json_schema" => {
                ResponseFormat::Schema(schema.to_owned())
            }
            _ => ResponseFormat::Text,
        };
        request
    }
}

impl InputMessage<'_> {
    /// What tools returned comes in messages of the user; here it is a message of its own, so
    /// that rules find it where it is with other vendors.
    fn neutral(self, messages: &mut Vec<Message>) {
        let role = match self.role.as_ref() {
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => Role::User,
        };
        let content = neutral(self.content);
        let is_result = |content: &Content| matches!(content, Content::ToolResult { .. });
        let (results, rest): (Vec<_>, Vec<_>) = content.into_iter().partition(is_result);
        let has_results = !results.is_empty();
        if has_results {
            messages.push(Message::new(Role::Tool, results));
        }
        if !(has_results && rest.is_empty()) {
            messages.push(Message::new(role, rest));
        }
    }
}

impl ContentBlock<'_> {
    pub(super) fn neutral(self) -> Content {
        match self.r#type.as_ref() {
            "text" => Content::Text(self.text.unwrap_or_default()),
            "thinking" => Content::Reasoning(self.thinking.unwrap_or_default()),
            "image" => {
                let source = source(self.source);
                Content::Image(source.url.or(source.media_type).unwrap_or_default())
            }
            "document" => {
                let source = source(self.source);
                Content::File(source.media_type.or(source.r#type).unwrap_or_default())
            }
            "tool_use" => Content::ToolCall {
                id: self.id.unwrap_or_default(),
                name: self.name.unwrap_or_default(),
                arguments: self.input.map_or("{}", RawValue::get).to_owned(),
            },
            "tool_result" => Content::ToolResult {
                id: self.tool_use_id.unwrap_or_default(),
                text: self.content.map(result_text).unwrap_or_default(),
            },
            other => Content::Other(other.to_owned()),
        }
    }
}

fn neutral(content: TextOr<'_, ContentBlock<'_>>) -> Vec<Content> {
    match content {
        TextOr::List(blocks) => blocks.into_iter().map(ContentBlock::neutral).collect(),
        TextOr::Text(text) => vec![Content::Text(text.into_owned())],
    }
}

fn source(raw: Option<&RawValue>) -> Source {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// What a tool returned: a text, or the texts of blocks.
fn result_text(raw: &RawValue) -> String {
    match serde_json::from_str::<TextOr<'_, ContentBlock<'_>>>(raw.get()) {
        Ok(TextOr::List(blocks)) => blocks.into_iter().filter_map(|block| block.text).collect(),
        Ok(TextOr::Text(text)) => text.into_owned(),
        Err(_) => raw.get().to_owned(),
    }
}
