//! What OpenAI is asked: the body of a chat completion, understood or refused.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::value::RawValue;

use super::diagnose::{PART_TYPES, diagnose, missing, unsupported};
use super::scan::scan;
use super::{INCLUDE_USAGE, PLAIN};
use crate::provider::{Call, Provider};
use crate::reply::{ApiError, ErrorKind};
use crate::request::{
    Content, Head, LlmRequest, Message, ResponseFormat, Role, Sampling, Tool, ToolChoice,
};

pub(super) fn parse(call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
    if head.method != Method::POST {
        return Err(ApiError::new(ErrorKind::MethodNotAllowed));
    }
    if head.api_key().is_none() {
        return Err(ApiError::new(ErrorKind::MissingKey));
    }
    // ASCII is told faster than UTF-8, and nearly all of a request's bytes are that.
    if !body.is_ascii() && std::str::from_utf8(body).is_err() {
        return Err(ApiError::new(ErrorKind::Malformed));
    }
    let chat = match scan(body) {
        Some(chat) => chat,
        None => serde_json::from_slice(body).map_err(|error| diagnose(body, &error))?,
    };
    chat.check()?;
    chat.into_request(call, body)
}

/// The fields of
/// <https://platform.openai.com/docs/api-reference/chat/create> (read 2026-11-21) that rules see
/// or the vendor checks; what is not here is accepted unseen.
#[derive(Debug, Default, Deserialize)]
pub(super) struct CreateChatCompletion<'a> {
    #[serde(borrow)]
    pub(super) messages: Option<Vec<ChatMessage<'a>>>,
    pub(super) model: Option<String>,
    pub(super) max_completion_tokens: Option<u64>,
    pub(super) max_tokens: Option<u64>,
    pub(super) n: Option<u64>,
    parallel_tool_calls: Option<bool>,
    #[serde(borrow)]
    response_format: Option<Format<'a>>,
    pub(super) seed: Option<i64>,
    stop: Option<Stop>,
    pub(super) stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    pub(super) temperature: Option<f64>,
    #[serde(borrow)]
    tool_choice: Option<&'a RawValue>,
    tools: Option<Vec<ChatTool>>,
    pub(super) top_p: Option<f64>,
}

/// A message. What only some have is boxed: a message is moved several times while it is read.
#[derive(Debug, Default)]
pub(super) struct ChatMessage<'a> {
    pub(super) role: Option<ChatRole>,
    pub(super) content: Option<ChatContent<'a>>,
    more: Option<Box<ChatMore>>,
}

#[derive(Debug, Default)]
pub(super) struct ChatMore {
    tool_call_id: Option<String>,
    tool_calls: Option<Vec<ChatToolCall>>,
    /// The older form of a tool call.
    function_call: Option<ChatFunction>,
    refusal: Option<String>,
    has_audio: bool,
    name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ChatRole {
    Assistant,
    Developer,
    Function,
    System,
    Tool,
    User,
}

#[derive(Debug)]
pub(super) enum ChatContent<'a> {
    /// A JSON string, with its quotes.
    Json(&'a [u8]),
    Parts(Vec<ChatPart>),
    Text(String),
}

#[derive(Debug, Deserialize)]
pub(super) struct ChatPart {
    r#type: Option<String>,
    text: Option<String>,
    refusal: Option<String>,
    image_url: Option<ImageUrl>,
    input_audio: Option<InputAudio>,
}

#[derive(Debug, Deserialize)]
struct ImageUrl {
    url: String,
}

#[derive(Debug, Deserialize)]
struct InputAudio {
    format: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ChatToolCall {
    id: Option<String>,
    function: Option<ChatFunction>,
}

#[derive(Debug, Deserialize)]
struct ChatFunction {
    name: String,
    #[serde(default)]
    arguments: String,
}

#[derive(Debug, Deserialize)]
struct ChatTool {
    function: Option<FunctionDefinition>,
}

#[derive(Debug, Deserialize)]
struct FunctionDefinition {
    name: String,
    description: Option<String>,
    parameters: Option<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
    include_obfuscation: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Stop {
    Many(Vec<String>),
    One(String),
}

#[derive(Debug, Deserialize)]
struct Format<'a> {
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    json_schema: Option<FormatSchema<'a>>,
}

#[derive(Debug, Deserialize)]
struct FormatSchema<'a> {
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

impl CreateChatCompletion<'_> {
    /// What the vendor refuses although it parses, in the order in which it looks.
    fn check(&self) -> Result<(), ApiError> {
        if self.model.as_deref().is_none_or(str::is_empty) {
            return Err(ApiError::invalid_request("you must provide a model parameter"));
        }
        let Some(messages) = &self.messages else {
            return Err(missing("messages"));
        };
        if messages.is_empty() {
            return Err(ApiError::invalid_request(
                "Invalid 'messages': empty array. Expected an array with minimum length 1, but \
                 got an empty array instead.",
            )
            .param("messages")
            .code("empty_array"));
        }
        for (index, message) in messages.iter().enumerate() {
            message.check(index)?;
        }
        check_order(messages)?;
        range("temperature", self.temperature, 0.0, 2.0)?;
        range("top_p", self.top_p, 0.0, 1.0)?;
        for (name, value) in [
            ("max_tokens", self.max_tokens),
            ("max_completion_tokens", self.max_completion_tokens),
            ("n", self.n),
        ] {
            if value == Some(0) {
                return Err(ApiError::invalid_request(format!(
                    "Invalid '{name}': integer below minimum value. Expected a value >= 1, but \
                     got 0 instead."
                ))
                .param(name)
                .code("integer_below_min_value"));
            }
        }
        if self.tool_choice.is_some() && self.tools.as_ref().is_none_or(Vec::is_empty) {
            return Err(ApiError::invalid_request(
                "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are \
                 specified.",
            )
            .param("tool_choice"));
        }
        Ok(())
    }

    fn into_request(self, mut call: Call, body: &Bytes) -> Result<LlmRequest, ApiError> {
        if let Some(options) = &self.stream_options {
            if options.include_usage == Some(true) {
                call.flags |= INCLUDE_USAGE;
            }
            if options.include_obfuscation == Some(false) {
                call.flags |= PLAIN;
            }
        }
        let mut request = LlmRequest::new(Provider::OPENAI, call, body.clone());
        request.model = self.model.unwrap_or_default();
        request.stream = self.stream.unwrap_or(false);
        request.messages = self
            .messages
            .unwrap_or_default()
            .into_iter()
            .map(|message| message.neutral(body))
            .collect();
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
            request.tool_choice = tool_choice(choice);
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
            max_tokens: self.max_completion_tokens.or(self.max_tokens),
            n: self.n,
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
    fn check(&self, index: usize) -> Result<(), ApiError> {
        if self.role.is_none() {
            return Err(missing(&format!("messages[{index}].role")));
        }
        let says_more = self.more.as_ref().is_some_and(|more| {
            more.tool_calls.is_some()
                || more.function_call.is_some()
                || more.refusal.is_some()
                || more.has_audio
        });
        if self.content.is_none() && !says_more {
            return Err(ApiError::invalid_request(
                "Invalid value for 'content': expected a string, got null.",
            )
            .param(format!("messages.[{index}].content")));
        }
        if let Some(ChatContent::Parts(parts)) = &self.content {
            for (part_index, part) in parts.iter().enumerate() {
                let path = || format!("messages[{index}].content[{part_index}].type");
                match part.r#type.as_deref() {
                    None => return Err(missing(&path())),
                    Some(kind) if PART_TYPES.contains(&kind) => {}
                    Some(kind) => return Err(unsupported(&path(), kind, &PART_TYPES)),
                }
            }
        }
        Ok(())
    }

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

/// Tool messages must answer calls.
fn check_order(messages: &[ChatMessage<'_>]) -> Result<(), ApiError> {
    let mut open = false;
    for (index, message) in messages.iter().enumerate() {
        match message.role {
            Some(ChatRole::Tool) if !open => {
                return Err(ApiError::invalid_request(
                    "Invalid parameter: messages with role 'tool' must be a response to a \
                     preceeding message with 'tool_calls'.",
                )
                .param(format!("messages.[{index}].role")));
            }
            Some(ChatRole::Tool) => {}
            _ => {
                let calls = message.more.as_ref().and_then(|more| more.tool_calls.as_ref());
                open = calls.is_some_and(|calls| !calls.is_empty());
            }
        }
    }
    Ok(())
}

fn tool_choice(choice: &RawValue) -> ToolChoice {
    #[derive(Deserialize)]
    struct Named {
        function: Option<NamedFunction>,
    }
    #[derive(Deserialize)]
    struct NamedFunction {
        name: String,
    }
    match choice.get() {
        "\"none\"" => ToolChoice::None,
        "\"required\"" => ToolChoice::Required,
        other => serde_json::from_str::<Named>(other)
            .ok()
            .and_then(|named| named.function)
            .map_or(ToolChoice::Auto, |function| ToolChoice::Tool(function.name)),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ChatMessage<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "snake_case")]
        enum Field {
            Audio,
            Content,
            FunctionCall,
            Name,
            Refusal,
            Role,
            ToolCallId,
            ToolCalls,
            #[serde(other)]
            Other,
        }
        struct Message;
        impl<'de> Visitor<'de> for Message {
            type Value = ChatMessage<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message")
            }

            fn visit_map<A: de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<ChatMessage<'de>, A::Error> {
                let mut message = ChatMessage::default();
                while let Some(field) = map.next_key()? {
                    match field {
                        Field::Content => message.content = map.next_value()?,
                        Field::Other => drop(map.next_value::<de::IgnoredAny>()?),
                        Field::Role => message.role = map.next_value()?,
                        rare => {
                            let more = message.more.get_or_insert_default();
                            match rare {
                                Field::Audio => {
                                    let audio = map.next_value::<Option<de::IgnoredAny>>()?;
                                    more.has_audio = audio.is_some();
                                }
                                Field::FunctionCall => more.function_call = map.next_value()?,
                                Field::Name => more.name = map.next_value()?,
                                Field::Refusal => more.refusal = map.next_value()?,
                                Field::ToolCallId => more.tool_call_id = map.next_value()?,
                                _ => more.tool_calls = map.next_value()?,
                            }
                        }
                    }
                }
                Ok(message)
            }
        }
        deserializer.deserialize_map(Message)
    }
}

impl ChatRole {
    pub(super) fn of(role: &[u8]) -> Option<Self> {
        Some(match role {
            b"assistant" => Self::Assistant,
            b"developer" => Self::Developer,
            b"function" => Self::Function,
            b"system" => Self::System,
            b"tool" => Self::Tool,
            b"user" => Self::User,
            _ => return None,
        })
    }
}

impl<'de> Deserialize<'de> for ChatRole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Role;
        impl Visitor<'_> for Role {
            type Value = ChatRole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a role")
            }

            fn visit_str<E: de::Error>(self, role: &str) -> Result<ChatRole, E> {
                ChatRole::of(role.as_bytes()).ok_or_else(|| E::custom("no such role"))
            }
        }
        deserializer.deserialize_str(Role)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ChatContent<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        match raw.as_bytes().first() {
            // An escape may stand for half a character, which the vendor refuses: look now.
            Some(b'"') if raw.contains("\\u") => {
                serde_json::from_str(raw).map(ChatContent::Text).map_err(de::Error::custom)
            }
            Some(b'"') => Ok(ChatContent::Json(raw.as_bytes())),
            Some(b'[') => {
                serde_json::from_str(raw).map(ChatContent::Parts).map_err(de::Error::custom)
            }
            _ => Err(de::Error::custom("neither a string nor an array")),
        }
    }
}

fn text_of(json: &[u8]) -> String {
    serde_json::from_slice(json).unwrap_or_default()
}

fn range(name: &'static str, value: Option<f64>, least: f64, most: f64) -> Result<(), ApiError> {
    let Some(value) = value else { return Ok(()) };
    let (side, sign, bound, code) = if value > most {
        ("above maximum", "<=", most, "decimal_above_max_value")
    } else if value < least {
        ("below minimum", ">=", least, "decimal_below_min_value")
    } else {
        return Ok(());
    };
    Err(ApiError::invalid_request(format!(
        "Invalid '{name}': decimal {side} value. Expected a value {sign} {bound}, but got {value} \
         instead."
    ))
    .param(name)
    .code(code))
}
