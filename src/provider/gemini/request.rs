//! What Gemini is asked: the body of a call, understood or refused.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, IgnoredAny, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::config::{GENERATION_CONFIG, GenerationConfig};
use super::proto::{self, Kind, many, one};
use super::{GOOGLE_SEARCH, STREAM};
use crate::provider::{Call, Provider, admit};
use crate::reply::{ApiError, ErrorKind};
use crate::request::{self, Head, LlmRequest, Message, Role, ToolChoice};

pub(super) fn parse(call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
    admit(head)?;
    // No body is a message without fields.
    let json: &[u8] = if body.is_empty() { b"{}" } else { body };
    understand(call, json, body)
}

/// Understands a conversation that is `json`, all of `body` or a part of it.
pub(super) fn understand(call: Call, json: &[u8], body: &Bytes) -> Result<LlmRequest, ApiError> {
    let asked: GenerateContentRequest = match serde_json::from_slice(json) {
        Ok(asked) => asked,
        Err(error) => return Err(diagnose(json, &error)),
    };
    asked.check(json)?;
    if let Some(config) = &asked.generation_config {
        config.check_model(call.model.as_deref().unwrap_or_default())?;
    }
    Ok(asked.into_request(call, body))
}

/// The fields of <https://ai.google.dev/api/generate-content#request-body> (read 2026-11-21) that
/// rules see or the vendor checks. The vendor refuses any other name, so all are here that it knows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GenerateContentRequest {
    #[serde(default, deserialize_with = "list")]
    contents: Vec<Content>,
    #[serde(alias = "system_instruction")]
    system_instruction: Option<Content>,
    #[serde(default, deserialize_with = "list")]
    tools: Vec<Tool>,
    #[serde(alias = "tool_config")]
    tool_config: Option<ToolConfig>,
    #[serde(alias = "generation_config")]
    generation_config: Option<GenerationConfig>,
    #[expect(dead_code, reason = "its name is known")]
    model: Option<IgnoredAny>,
    #[serde(alias = "cached_content")]
    #[expect(dead_code, reason = "its name is known")]
    cached_content: Option<IgnoredAny>,
    #[serde(alias = "continuation_token")]
    #[expect(dead_code, reason = "its name is known")]
    continuation_token: Option<IgnoredAny>,
    #[expect(dead_code, reason = "its name is known")]
    labels: Option<IgnoredAny>,
    #[serde(alias = "safety_settings")]
    #[expect(dead_code, reason = "its name is known")]
    safety_settings: Option<IgnoredAny>,
    #[serde(alias = "service_tier")]
    #[expect(dead_code, reason = "its name is known")]
    service_tier: Option<IgnoredAny>,
    #[expect(dead_code, reason = "its name is known")]
    store: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Content {
    #[serde(default, deserialize_with = "list")]
    parts: Vec<Part>,
    role: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    thought: Option<bool>,
    #[serde(alias = "thought_signature")]
    thought_signature: Option<IgnoredAny>,
    #[serde(alias = "inline_data")]
    inline_data: Option<Data>,
    #[serde(alias = "file_data")]
    file_data: Option<Data>,
    #[serde(alias = "function_call")]
    function_call: Option<FunctionCall>,
    #[serde(alias = "function_response")]
    function_response: Option<FunctionResponse>,
    #[serde(alias = "executable_code")]
    executable_code: Option<IgnoredAny>,
    #[serde(alias = "code_execution_result")]
    code_execution_result: Option<IgnoredAny>,
    #[serde(alias = "tool_call")]
    tool_call: Option<IgnoredAny>,
    #[serde(alias = "tool_response")]
    tool_response: Option<IgnoredAny>,
}

/// Inline or by its URI.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(alias = "mime_type")]
    mime_type: Option<String>,
    #[serde(alias = "file_uri")]
    file_uri: Option<String>,
}

#[derive(Deserialize)]
struct FunctionCall {
    id: Option<String>,
    name: Option<String>,
    args: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct FunctionResponse {
    id: Option<String>,
    name: Option<String>,
    response: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tool {
    #[serde(alias = "function_declarations", default, deserialize_with = "list")]
    function_declarations: Vec<FunctionDeclaration>,
    #[serde(alias = "google_search")]
    google_search: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionDeclaration {
    name: Option<String>,
    description: Option<String>,
    parameters: Option<Box<RawValue>>,
    #[serde(alias = "parameters_json_schema")]
    parameters_json_schema: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig {
    #[serde(alias = "function_calling_config")]
    function_calling_config: Option<FunctionCallingConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionCallingConfig {
    #[serde(default)]
    mode: Mode,
    #[serde(alias = "allowed_function_names", default, deserialize_with = "list")]
    allowed_function_names: Vec<String>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Mode {
    Any,
    #[default]
    Auto,
    None,
}

impl GenerateContentRequest {
    /// What the vendor refuses although it parses.
    fn check(&self, json: &[u8]) -> Result<(), ApiError> {
        self.check_fields(json)?;
        let roles = self.contents.iter().filter_map(|c| c.role.as_deref());
        for role in roles {
            // `function` is what older clients call the turn of function responses.
            if !matches!(role, "" | "function" | "model" | "user") {
                return Err(ApiError::invalid_request("Please use a valid role: user, model."));
            }
        }
        let calling = self.function_calling();
        if calling.is_some() && self.declarations().next().is_none() {
            return Err(ApiError::invalid_request(
                "Function calling config is set without function_declarations.",
            ));
        }
        check_turns(&self.contents)
    }

    /// The faults that name a field, all of them in one message.
    fn check_fields(&self, json: &[u8]) -> Result<(), ApiError> {
        let mut message = String::new();
        let mut fault = |path: fmt::Arguments<'_>, what: &str| {
            message.push_str(&format!("* GenerateContentRequest.{path}: {what}\n"));
        };
        if self.contents.is_empty() {
            fault(format_args!("contents"), "contents is not specified");
        }
        for (at, content) in self.contents.iter().enumerate() {
            if content.parts.is_empty() {
                fault(format_args!("contents[{at}].parts"), "contents.parts must not be empty.");
            }
            for (part_at, part) in content.parts.iter().enumerate() {
                if part.is_empty() {
                    // Perhaps there is data under a name that is none.
                    if let Some(refused) = proto_faults(json) {
                        return Err(refused);
                    }
                    fault(
                        format_args!("contents[{at}].parts[{part_at}].data"),
                        "required oneof field 'data' must have one initialized field",
                    );
                }
            }
        }
        for (at, tool) in self.tools.iter().enumerate() {
            for (function_at, function) in tool.function_declarations.iter().enumerate() {
                if !is_function_name(function.name.as_deref().unwrap_or_default()) {
                    fault(
                        format_args!("tools[{at}].function_declarations[{function_at}].name"),
                        "Invalid function name. Must start with a letter or an underscore. Must \
                         be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or \
                         dashes (-), with a maximum length of 64.",
                    );
                }
            }
        }
        if let Some(config) = &self.generation_config {
            config.check(&mut fault);
        }
        if message.is_empty() { Ok(()) } else { Err(ApiError::invalid_request(message)) }
    }

    fn declarations(&self) -> impl Iterator<Item = &FunctionDeclaration> {
        self.tools.iter().flat_map(|tool| &tool.function_declarations)
    }

    fn function_calling(&self) -> Option<&FunctionCallingConfig> {
        self.tool_config.as_ref()?.function_calling_config.as_ref()
    }

    fn into_request(self, call: Call, body: &Bytes) -> LlmRequest {
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
    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        let is_silent = |part: &Part| part.is_empty() || part.text.as_deref() == Some("");
        self.parts.iter().all(is_silent)
    }

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
    fn is_empty(&self) -> bool {
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

/// Function responses follow function calls, as many as there are. Neighbouring contents of one
/// side count as one turn: clients send each response in a content of its own.
fn check_turns(contents: &[Content]) -> Result<(), ApiError> {
    let count = |content: &Content, wanted: fn(&Part) -> bool| {
        content.parts.iter().filter(|part| wanted(part)).count()
    };
    let is_model = |content: &Content| content.role.as_deref() == Some("model");
    let turns = contents.chunk_by(|a, b| is_model(a) == is_model(b));
    let mut calls = 0;
    for turn in turns {
        if is_model(&turn[0]) {
            calls = turn
                .iter()
                .map(|content| count(content, |part| part.function_call.is_some()))
                .sum();
            continue;
        }
        let responses: usize = turn
            .iter()
            .map(|content| count(content, |part| part.function_response.is_some()))
            .sum();
        let fault = match (calls, responses) {
            (_, 0) => None,
            (0, _) => Some(
                "Please ensure that function response turn comes immediately after a function \
                 call turn.",
            ),
            (calls, responses) if calls != responses => Some(
                "Please ensure that the number of function response parts is equal to the number \
                 of function call parts of the function call turn.",
            ),
            _ => None,
        };
        if let Some(fault) = fault {
            return Err(ApiError::invalid_request(fault));
        }
        calls = 0;
    }
    Ok(())
}

fn is_function_name(name: &str) -> bool {
    let is_start = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    name.len() <= 64
        && name.bytes().next().is_some_and(is_start)
        && name
            .bytes()
            .all(|byte| is_start(byte) || byte.is_ascii_digit() || b".:-".contains(&byte))
}

/// A list, one value in place of it, or nothing.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct List<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = seq.next_element::<Option<T>>()? {
                items.extend(item);
            }
            Ok(items)
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(|item| vec![item])
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            T::deserialize(StrDeserializer::new(text)).map(|item| vec![item])
        }

        fn visit_unit<E>(self) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }
    }
    deserializer.deserialize_any(List(std::marker::PhantomData))
}

/// A number, a number as text, or nothing.
pub(super) fn float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number<'a> {
        Number(f64),
        #[serde(borrow)]
        Text(Cow<'a, str>),
    }
    match Option::deserialize(deserializer)? {
        None => Ok(None),
        Some(Number::Number(number)) => Ok(Some(number)),
        Some(Number::Text(text)) => match text.trim().parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(de::Error::custom("not a number")),
        },
    }
}

/// The same, without a fraction.
pub(super) fn int32<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    match float(deserializer)? {
        None => Ok(None),
        number => match proto::as_int32(number) {
            None => Err(de::Error::custom("not a whole number of 32 bits")),
            number => Ok(number),
        },
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mode = Option::<Cow<'_, str>>::deserialize(deserializer)?.unwrap_or_default();
        let known = MODES.iter().find(|known| known.eq_ignore_ascii_case(&mode));
        match (known.copied(), mode.is_empty()) {
            (Some("ANY"), _) => Ok(Self::Any),
            (Some("NONE"), _) => Ok(Self::None),
            (Some(_), _) | (_, true) => Ok(Self::Auto),
            (None, false) => Err(de::Error::custom("no such mode")),
        }
    }
}

const MODES: [&str; 5] = ["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"];

/// What the vendor says to a body that does not parse.
fn diagnose(json: &[u8], error: &serde_json::Error) -> ApiError {
    diagnose_as(&REQUEST, json, error)
}

/// The same, for another message.
pub(super) fn diagnose_as(
    message: &'static proto::Message,
    json: &[u8],
    error: &serde_json::Error,
) -> ApiError {
    match serde_json::from_slice::<Value>(json) {
        Err(error) => malformed(json, &error),
        Ok(value) => refused(proto::faults(message, &value)).unwrap_or_else(|| {
            ApiError::invalid_request(format!("Invalid JSON payload received. {error}"))
        }),
    }
}

fn proto_faults(json: &[u8]) -> Option<ApiError> {
    let value = serde_json::from_slice::<Value>(json).ok()?;
    refused(proto::faults(&REQUEST, &value))
}

/// All faults in one refusal: a line of the message and a line of the parameter for each.
fn refused(faults: Vec<proto::Fault>) -> Option<ApiError> {
    let (fields, lines): (Vec<_>, Vec<_>) =
        faults.into_iter().map(|fault| (fault.field, fault.description)).unzip();
    (!lines.is_empty())
        .then(|| ApiError::invalid_request(lines.join("\n")).param(fields.join("\n")))
}

/// What stands around the place where the parser stopped, and what it missed there.
fn malformed(json: &[u8], error: &serde_json::Error) -> ApiError {
    const AROUND: usize = 20;
    let said = error.to_string();
    let reason = REASONS
        .iter()
        .find(|(serde, _)| said.starts_with(serde))
        .map_or("Unexpected token.", |(_, google)| *google);
    let is_over = error.is_eof();
    let stop = if is_over {
        json.len()
    } else {
        // serde_json counts bytes from 1, and stops after the byte at fault.
        let before: usize = json
            .split_inclusive(|byte| *byte == b'\n')
            .take(error.line().saturating_sub(1))
            .map(<[u8]>::len)
            .sum();
        (before + error.column().saturating_sub(1)).min(json.len())
    };
    let (start, end) = (stop.saturating_sub(AROUND), (stop + AROUND).min(json.len()));
    let context = String::from_utf8_lossy(&json[start..end]);
    let before = String::from_utf8_lossy(&json[start..stop]);
    // The mark stands below the place, in the last of the lines shown.
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    let over = if is_over { "Unexpected end of string. " } else { "" };
    ApiError::new(ErrorKind::Malformed).message(format!(
        "Invalid JSON payload received. {over}{reason}\n{context}\n{:column$}^",
        ""
    ))
}

/// serde_json's words, and Google's.
const REASONS: [(&str, &str); 11] = [
    ("EOF while parsing a list", "Expected , or ] after array value."),
    ("EOF while parsing a string", "Closing quote expected in string."),
    ("EOF while parsing a value", "Expected a value."),
    ("EOF while parsing an object", "Expected , or } after key:value pair."),
    ("expected `,` or `]`", "Expected , or ] after array value."),
    ("expected `,` or `}`", "Expected , or } after key:value pair."),
    ("expected `:`", "Expected : between key:value pair."),
    ("invalid escape", "Invalid escape sequence."),
    ("key must be a string", "Expected an object key or }."),
    ("recursion limit exceeded", "Message too deep."),
    ("trailing characters", "Parsing terminated before end of input."),
];

/// For bodies that do not parse. Of what changes often, only what the structs above read.
static REQUEST: proto::Message = proto::Message {
    name: "GenerateContentRequest",
    fields: &[
        many("contents", Kind::Message(&CONTENT)),
        one("system_instruction", Kind::Message(&CONTENT)),
        many("tools", Kind::Message(&TOOL)),
        one("tool_config", Kind::Message(&TOOL_CONFIG)),
        one("generation_config", Kind::Message(&GENERATION_CONFIG)),
        one("model", Kind::Any),
        one("cached_content", Kind::Any),
        one("continuation_token", Kind::Any),
        one("labels", Kind::Any),
        many("safety_settings", Kind::Any),
        one("service_tier", Kind::Any),
        one("store", Kind::Any),
    ],
    is_complete: true,
};
pub(super) static CONTENT: proto::Message = proto::Message {
    name: "Content",
    fields: &[many("parts", Kind::Message(&PART)), one("role", Kind::Text)],
    is_complete: true,
};
static PART: proto::Message = proto::Message {
    name: "Part",
    fields: &[
        one("text", Kind::Text),
        one("thought", Kind::Bool),
        one("thought_signature", Kind::Any),
        one("inline_data", Kind::Message(&BLOB)),
        one("file_data", Kind::Message(&FILE_DATA)),
        one("function_call", Kind::Message(&FUNCTION_CALL)),
        one("function_response", Kind::Message(&FUNCTION_RESPONSE)),
        one("executable_code", Kind::Any),
        one("code_execution_result", Kind::Any),
        one("tool_call", Kind::Any),
        one("tool_response", Kind::Any),
        one("video_metadata", Kind::Any),
        one("media_resolution", Kind::Any),
        one("part_metadata", Kind::Any),
    ],
    is_complete: true,
};
static BLOB: proto::Message = proto::Message {
    name: "Blob",
    fields: &[one("mime_type", Kind::Text), one("data", Kind::Any)],
    is_complete: false,
};
static FILE_DATA: proto::Message = proto::Message {
    name: "FileData",
    fields: &[one("mime_type", Kind::Text), one("file_uri", Kind::Text)],
    is_complete: false,
};
static FUNCTION_CALL: proto::Message = proto::Message {
    name: "FunctionCall",
    fields: &[one("id", Kind::Text), one("name", Kind::Text), one("args", Kind::Any)],
    is_complete: false,
};
static FUNCTION_RESPONSE: proto::Message = proto::Message {
    name: "FunctionResponse",
    fields: &[one("id", Kind::Text), one("name", Kind::Text), one("response", Kind::Any)],
    is_complete: false,
};
static TOOL: proto::Message = proto::Message {
    name: "Tool",
    fields: &[many("function_declarations", Kind::Message(&DECLARATION))],
    is_complete: false,
};
static DECLARATION: proto::Message = proto::Message {
    name: "FunctionDeclaration",
    fields: &[one("name", Kind::Text), one("description", Kind::Text)],
    is_complete: false,
};
static TOOL_CONFIG: proto::Message = proto::Message {
    name: "ToolConfig",
    fields: &[one("function_calling_config", Kind::Message(&FUNCTION_CALLING_CONFIG))],
    is_complete: false,
};
static FUNCTION_CALLING_CONFIG: proto::Message = proto::Message {
    name: "FunctionCallingConfig",
    fields: &[
        one("mode", Kind::Enum("FunctionCallingConfig.Mode", &MODES)),
        many("allowed_function_names", Kind::Text),
    ],
    is_complete: false,
};
