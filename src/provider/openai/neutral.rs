//! What OpenAI is asked, in neutral words.

use bytes::Bytes;

use super::message::{ChatContent, ChatMessage, ChatPart, ChatRole};
use super::request::{CreateChatCompletion, Format, FormatSchema, Messages, Stop, Word};
use super::tools::tool_choice;
use super::{INCLUDE_USAGE, LOGPROBS, PLAIN, TIER, TIERS, TOP_LOGPROBS};
use crate::provider::{Call, Provider};
use crate::reply::ApiError;
use crate::request::{
    Content, LlmRequest, Message, ResponseFormat, Role, Sampling, Tool, ToolChoice,
};

impl CreateChatCompletion<'_> {
    pub(super) fn into_request(self, mut call: Call, body: &Bytes) -> Result<LlmRequest, ApiError> {
        if let Some(options) = &self.stream_options {
            if options.include_usage == Some(true) {
                call.flags |= INCLUDE_USAGE;
            }
            if options.include_obfuscation == Some(false) {
                call.flags |= PLAIN;
            }
        }
        if self.logprobs == Some(true) {
            let top = self.top_logprobs.and_then(|top| u32::try_from(top).ok());
            call.flags |= LOGPROBS | top.unwrap_or(0) << TOP_LOGPROBS;
        }
        if let Some(Word(tier)) = &self.service_tier {
            let tier = TIERS.iter().position(|known| known == tier).unwrap_or(0);
            call.flags |= (tier as u32) << TIER;
        }
        let mut request = LlmRequest::new(Provider::OPENAI, call, body.clone());
        request.model = self.model.unwrap_or_default();
        request.stream = self.stream.unwrap_or(false);
        request.messages = match self.messages {
            None => Vec::new(),
            Some(Messages::Plain(messages)) => messages,
            Some(Messages::Read(messages)) => {
                messages.into_iter().map(|message| message.neutral(body)).collect()
            }
        };
        request.tools = self
            .tools
            .unwrap_or_default()
            .into_iter()
            .filter_map(|tool| tool.function)
            .map(|function| {
                let mut tool = Tool::new(function.name);
                tool.description = function.description;
                tool.schema = function.parameters;
                tool
            })
            .collect();
        if let Some(choice) = self.tool_choice {
            request.tool_choice = tool_choice(choice)?;
            if let ToolChoice::Tool(name) = &request.tool_choice
                && !request.tools.iter().any(|tool| tool.name == *name)
            {
                return Err(ApiError::invalid_request(format!(
                    "Invalid value for 'function_call': no function named '{name}' was specified \
                     in the 'functions' parameter."
                ))
                .param("function_call"));
            }
        }
        request.response_format = match self.response_format {
            Some(Format { r#type, json_schema: Some(FormatSchema { schema: Some(schema) }) })
                if r#type == "json_schema" =>
            {
                ResponseFormat::Schema(schema.to_owned())
            }
            Some(Format { r#type, .. }) if r#type != "text" => ResponseFormat::Json,
            _ => ResponseFormat::Text,
        };
        request.sampling = Sampling {
            max_tokens: self.max_completion_tokens.or(self.max_tokens).map(i64::unsigned_abs),
            n: self.n.map(i64::unsigned_abs),
            parallel_tool_calls: self.parallel_tool_calls,
            seed: self.seed,
            stop: match self.stop {
                None => Vec::new(),
                Some(Stop::Many(stop)) => stop,
                Some(Stop::One(stop)) => vec![stop],
            },
            temperature: self.temperature,
            top_p: self.top_p,
        };
        Ok(request)
    }
}

impl ChatMessage<'_> {
    fn neutral(self, body: &Bytes) -> Message {
        let role = match self.role {
            Some(ChatRole::Assistant) => Role::Assistant,
            Some(ChatRole::Developer | ChatRole::System) => Role::System,
            Some(ChatRole::Function | ChatRole::Tool) => Role::Tool,
            _ => Role::User,
        };
        if let (Some(ChatContent::Json(json)), None) = (&self.content, &self.more) {
            return Message::of_json_text(role, body.slice_ref(json));
        }
        let more = self.more.map(|more| *more).unwrap_or_default();
        if role == Role::Tool {
            let id = more.tool_call_id.or(more.name).unwrap_or_default();
            let text = match self.content {
                Some(ChatContent::Json(json)) => text_of(json),
                Some(ChatContent::Text(text)) => text,
                Some(ChatContent::Parts(parts)) => {
                    parts.into_iter().filter_map(|part| part.text).collect()
                }
                None => String::new(),
            };
            return Message::new(role, vec![Content::ToolResult { id, text }]);
        }
        let mut content = match self.content {
            Some(ChatContent::Json(json)) => vec![Content::Text(text_of(json))],
            Some(ChatContent::Text(text)) => vec![Content::Text(text)],
            Some(ChatContent::Parts(parts)) => parts.into_iter().map(ChatPart::neutral).collect(),
            None => Vec::new(),
        };
        content.extend(more.refusal.map(Content::Text));
        let calls = more.tool_calls.unwrap_or_default().into_iter().filter_map(|call| {
            let function = call.function?;
            Some((call.id.unwrap_or_default(), function))
        });
        let calls = calls.chain(more.function_call.map(|function| (String::new(), function)));
        content.extend(calls.map(|(id, function)| Content::ToolCall {
            id,
            name: function.name,
            arguments: function.arguments,
        }));
        Message::new(role, content)
    }
}

impl ChatPart {
    fn neutral(self) -> Content {
        let kind = self.r#type.unwrap_or_default();
        if let Some(text) = self.text.or(self.refusal) {
            Content::Text(text)
        } else if let Some(image) = self.image_url {
            Content::Image(image.url)
        } else if let Some(audio) = self.input_audio {
            Content::Audio(audio.format.unwrap_or_default())
        } else if kind == "file" {
            Content::File(kind)
        } else {
            Content::Other(kind)
        }
    }
}

pub(super) fn text_of(json: &[u8]) -> String {
    serde_json::from_slice(json).unwrap_or_default()
}
