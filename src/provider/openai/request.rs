//! What OpenAI is asked: the body of a chat completion, understood or refused.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{INCLUDE_USAGE, PLAIN};
use crate::provider::shape::{self, Problem, Shape, optional, required};
use crate::provider::text_or::TextOr;
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
    let chat: CreateChatCompletion<'_> = match serde_json::from_slice(body) {
        Ok(chat) => chat,
        Err(error) => return Err(diagnose(body, &error)),
    };
    chat.check()?;
    chat.into_request(call, body)
}

/// The fields of
/// <https://platform.openai.com/docs/api-reference/chat/create> (read 2026-11-21) that rules see
/// or the vendor checks; what is not here is accepted unseen.
#[derive(Deserialize)]
struct CreateChatCompletion<'a> {
    #[serde(borrow)]
    messages: Option<Vec<ChatMessage<'a>>>,
    model: Option<String>,
    max_completion_tokens: Option<u64>,
    max_tokens: Option<u64>,
    n: Option<u64>,
    parallel_tool_calls: Option<bool>,
    #[serde(borrow)]
    response_format: Option<Format<'a>>,
    seed: Option<i64>,
    stop: Option<Stop>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    temperature: Option<f64>,
    #[serde(borrow)]
    tool_choice: Option<&'a RawValue>,
    tools: Option<Vec<ChatTool>>,
    top_p: Option<f64>,
}

#[derive(Deserialize)]
struct ChatMessage<'a> {
    role: Option<ChatRole>,
    #[serde(borrow)]
    content: Option<TextOr<'a, ChatPart>>,
    tool_call_id: Option<String>,
    tool_calls: Option<Vec<ChatToolCall>>,
    /// The older form of a tool call.
    function_call: Option<ChatFunction>,
    refusal: Option<String>,
    audio: Option<de::IgnoredAny>,
    name: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum ChatRole {
    Assistant,
    Developer,
    Function,
    System,
    Tool,
    User,
    Unknown,
}

#[derive(Deserialize)]
struct ChatPart {
    r#type: Option<String>,
    text: Option<String>,
    refusal: Option<String>,
    image_url: Option<ImageUrl>,
    input_audio: Option<InputAudio>,
}

#[derive(Deserialize)]
struct ImageUrl {
    url: String,
}

#[derive(Deserialize)]
struct InputAudio {
    format: Option<String>,
}

#[derive(Deserialize)]
struct ChatToolCall {
    id: Option<String>,
    function: Option<ChatFunction>,
}

#[derive(Deserialize)]
struct ChatFunction {
    name: String,
    #[serde(default)]
    arguments: String,
}

#[derive(Deserialize)]
struct ChatTool {
    function: Option<FunctionDefinition>,
}

#[derive(Deserialize)]
struct FunctionDefinition {
    name: String,
    description: Option<String>,
    parameters: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
    include_obfuscation: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stop {
    Many(Vec<String>),
    One(String),
}

#[derive(Deserialize)]
struct Format<'a> {
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    json_schema: Option<FormatSchema<'a>>,
}

#[derive(Deserialize)]
struct FormatSchema<'a> {
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

impl CreateChatCompletion<'_> {
    /// What the vendor refuses although it parses, in the order in which it looks.
    fn check(&self) -> Result<(), ApiError> {
        if self.model.as_deref().is_none_or(str::is_empty) {
            return Err(ApiError::invalid_request(
                "you must provide a model parameter",
            ));
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
            .map(ChatMessage::neutral)
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
            if let ToolChoice::Tool(name) = &request.tool_choice {
                if !request.tools.iter().any(|tool| tool.name == *name) {
                    return Err(ApiError::invalid_request(format!(
                        "Invalid value for 'function_call': no function named '{name}' was \
                         specified in the 'functions' parameter."
                    ))
                    .param("function_call"));
                }
            }
        }
        request.response_format = match self.response_format {
            Some(Format {
                r#type,
                json_schema:
                    Some(FormatSchema {
                        schema: Some(schema),
                    }),
            }) if r#type == "json_schema" => ResponseFormat::Schema(schema.to_owned()),
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
        match self.role {
            None => return Err(missing(&format!("messages[{index}].role"))),
            Some(ChatRole::Unknown) | Some(_) => {}
        }
        let says_nothing = self.content.is_none()
            && self.tool_calls.is_none()
            && self.function_call.is_none()
            && self.refusal.is_none()
            && self.audio.is_none();
        if says_nothing {
            return Err(ApiError::invalid_request(
                "Invalid value for 'content': expected a string, got null.",
            )
            .param(format!("messages.[{index}].content")));
        }
        if let Some(TextOr::List(parts)) = &self.content {
            for (part_index, part) in parts.iter().enumerate() {
                let path = format!("messages[{index}].content[{part_index}].type");
                match part.r#type.as_deref() {
                    None => return Err(missing(&path)),
                    Some("text" | "image_url" | "input_audio" | "refusal" | "audio" | "file") => {}
                    Some(other) => {
                        return Err(ApiError::invalid_request(format!(
                            "Invalid value: '{other}'. Supported values are: 'text', 'image_url', \
                             'input_audio', 'refusal', 'audio', and 'file'."
                        ))
                        .param(path)
                        .code("invalid_value"));
                    }
                }
            }
        }
        Ok(())
    }

    fn neutral(self) -> Message {
        let role = match self.role {
            Some(ChatRole::Assistant) => Role::Assistant,
            Some(ChatRole::Developer | ChatRole::System) => Role::System,
            Some(ChatRole::Function | ChatRole::Tool) => Role::Tool,
            _ => Role::User,
        };
        if role == Role::Tool {
            let id = self.tool_call_id.or(self.name).unwrap_or_default();
            let text = match self.content {
                Some(TextOr::Text(text)) => text.into_owned(),
                Some(TextOr::List(parts)) => {
                    parts.into_iter().filter_map(|part| part.text).collect()
                }
                None => String::new(),
            };
            return Message::new(role, vec![Content::ToolResult { id, text }]);
        }
        let mut content = match self.content {
            Some(TextOr::Text(text)) => vec![Content::Text(text.into_owned())],
            Some(TextOr::List(parts)) => parts.into_iter().map(ChatPart::neutral).collect(),
            None => Vec::new(),
        };
        content.extend(self.refusal.map(Content::Text));
        let calls = self
            .tool_calls
            .unwrap_or_default()
            .into_iter()
            .filter_map(|call| {
                let function = call.function?;
                Some((call.id.unwrap_or_default(), function))
            });
        let calls = calls.chain(self.function_call.map(|function| (String::new(), function)));
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
                open = message
                    .tool_calls
                    .as_ref()
                    .is_some_and(|calls| !calls.is_empty())
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

impl<'de> Deserialize<'de> for ChatRole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Role;
        impl Visitor<'_> for Role {
            type Value = ChatRole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a role")
            }

            fn visit_str<E: de::Error>(self, role: &str) -> Result<ChatRole, E> {
                Ok(match role {
                    "assistant" => ChatRole::Assistant,
                    "developer" => ChatRole::Developer,
                    "function" => ChatRole::Function,
                    "system" => ChatRole::System,
                    "tool" => ChatRole::Tool,
                    "user" => ChatRole::User,
                    _ => ChatRole::Unknown,
                })
            }
        }
        deserializer.deserialize_str(Role)
    }
}

/// For bodies that do not parse. Fields in the order in which the vendor looks at them.
static CHAT: Shape = Shape::Object(&[
    optional("model", Shape::Text),
    required("messages", Shape::Array(&MESSAGE)),
    optional("max_completion_tokens", Shape::Integer),
    optional("max_tokens", Shape::Integer),
    optional("n", Shape::Integer),
    optional("parallel_tool_calls", Shape::Boolean),
    optional(
        "response_format",
        Shape::Object(&[required("type", Shape::Text)]),
    ),
    optional("seed", Shape::Integer),
    optional("stop", Shape::TextOr(&TEXTS)),
    optional("stream", Shape::Boolean),
    optional("stream_options", STREAM_OPTIONS),
    optional("temperature", Shape::Number),
    optional("tools", Shape::Array(&TOOL)),
    optional("top_p", Shape::Number),
]);
static MESSAGE: Shape = Shape::Object(&[
    required("role", Shape::Text),
    optional("content", Shape::TextOr(&PARTS)),
    optional("tool_call_id", Shape::Text),
    optional("tool_calls", Shape::Array(&TOOL_CALL)),
    optional("function_call", FUNCTION),
    optional("refusal", Shape::Text),
    optional("name", Shape::Text),
]);
static PARTS: Shape = Shape::Array(&PART);
static PART: Shape = Shape::Object(&[
    required("type", Shape::Text),
    optional("text", Shape::Text),
    optional("refusal", Shape::Text),
    optional("image_url", Shape::Object(&[required("url", Shape::Text)])),
    optional(
        "input_audio",
        Shape::Object(&[optional("format", Shape::Text)]),
    ),
]);
static TEXTS: Shape = Shape::Array(&Shape::Text);
static TOOL: Shape = Shape::Object(&[optional(
    "function",
    Shape::Object(&[
        required("name", Shape::Text),
        optional("description", Shape::Text),
    ]),
)]);
static TOOL_CALL: Shape =
    Shape::Object(&[optional("id", Shape::Text), optional("function", FUNCTION)]);
const FUNCTION: Shape = Shape::Object(&[
    required("name", Shape::Text),
    optional("arguments", Shape::Text),
]);
const STREAM_OPTIONS: Shape = Shape::Object(&[
    optional("include_usage", Shape::Boolean),
    optional("include_obfuscation", Shape::Boolean),
]);

/// What the vendor says to a body that does not parse.
fn diagnose(body: &[u8], error: &serde_json::Error) -> ApiError {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return ApiError::new(ErrorKind::Malformed);
    };
    let Some(violation) = CHAT.check(&value) else {
        return ApiError::invalid_request(format!("Invalid request body: {error}"));
    };
    let path = shape::bracketed(&violation.path);
    match violation.problem {
        Problem::Missing => missing(&path),
        Problem::Type { .. } if path.is_empty() => ApiError::new(ErrorKind::Malformed),
        Problem::Type { wanted, found } => ApiError::invalid_request(format!(
            "Invalid type for '{path}': expected {}, but got {} instead.",
            wanted_words(wanted),
            found_words(found),
        ))
        .param(path)
        .code("invalid_type"),
    }
}

fn wanted_words(shape: &Shape) -> String {
    match shape {
        Shape::Any => "a value".to_owned(),
        Shape::Array(item) => match item {
            Shape::Text => "an array of strings".to_owned(),
            _ => "an array of objects".to_owned(),
        },
        Shape::Boolean => "a boolean".to_owned(),
        Shape::Integer => "an integer".to_owned(),
        Shape::Number => "a decimal".to_owned(),
        Shape::Object(_) => "an object".to_owned(),
        Shape::Text => "a string".to_owned(),
        Shape::TextOr(other) => {
            let other = wanted_words(other);
            format!("one of a string or {}", other.trim_start_matches("an "))
        }
    }
}

fn found_words(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "an array",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::Object(_) => "an object",
        Value::String(_) => "a string",
    }
}

fn missing(path: &str) -> ApiError {
    ApiError::invalid_request(format!("Missing required parameter: '{path}'."))
        .param(path.to_owned())
        .code("missing_required_parameter")
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
