//! What Anthropic is asked: the body of a message request, understood or refused.

use std::borrow::Cow;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::value::RawValue;

use super::diagnose::{
    BLOCK_TAGS, TOOL_TAGS, diagnose, invalid, is_dated, missing, unexpected_tag,
};
use super::limits::{Limits, Thinking};
use super::models;
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
    if head.header("anthropic-version").is_none() {
        return Err(invalid("anthropic-version: header is required"));
    }
    let message: CreateMessage<'_> = match serde_json::from_slice(body) {
        Ok(message) => message,
        Err(error) => return Err(diagnose(body, &error, fault)),
    };
    let choice = message.check()?;
    message.check_whole(head, choice.as_ref())?;
    Ok(message.into_request(choice, call, body))
}

/// What is wrong in one of the fields that the API knows, in a body that has no others.
fn fault(body: &[u8]) -> Option<ApiError> {
    serde_json::from_slice::<CreateMessage<'_>>(body).ok()?.check().err()
}

/// The fields of <https://platform.claude.com/docs/en/api/messages/create> (read 2026-11-21), and
/// those that the vendor's SDK for Python (2.11.0) has for betas. Where null is not as good as
/// nothing, as it was seen to be, it goes through [`set`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateMessage<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "set")]
    tool_choice: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "set")]
    tools: Option<Vec<ToolDefinition<'a>>>,
    #[serde(borrow)]
    messages: Vec<InputMessage<'a>>,
    #[serde(borrow, default, deserialize_with = "set")]
    system: Option<TextOr<'a, ContentBlock<'a>>>,
    #[serde(borrow, default, deserialize_with = "set")]
    thinking: Option<Thinking<'a>>,
    #[serde(borrow, default, deserialize_with = "set")]
    output_config: Option<OutputConfig<'a>>,
    /// The older place of what `output_config` holds.
    #[serde(borrow)]
    output_format: Option<OutputFormat<'a>>,
    #[serde(rename = "cache_control")]
    _cache_control: Option<AnyObject>,
    max_tokens: i64,
    #[serde(rename = "metadata")]
    _metadata: Option<Metadata>,
    stop_sequences: Option<Vec<String>>,
    #[serde(default, deserialize_with = "set")]
    temperature: Option<f64>,
    #[serde(default, deserialize_with = "set", rename = "service_tier")]
    _service_tier: Option<ServiceTier>,
    #[serde(default, deserialize_with = "set")]
    top_k: Option<i64>,
    #[serde(default, deserialize_with = "set")]
    top_p: Option<f64>,
    #[serde(default, deserialize_with = "set")]
    stream: Option<bool>,
    #[serde(borrow)]
    container: Option<&'a RawValue>,
    #[serde(borrow)]
    inference_geo: Option<Cow<'a, str>>,
    #[serde(rename = "billing_policy")]
    _billing_policy: Option<IgnoredAny>,
    #[serde(rename = "compaction")]
    _compaction: Option<IgnoredAny>,
    #[serde(rename = "context_management")]
    _context_management: Option<IgnoredAny>,
    #[serde(rename = "diagnostics")]
    _diagnostics: Option<IgnoredAny>,
    #[serde(rename = "fallback_credit_token")]
    _fallback_credit_token: Option<IgnoredAny>,
    #[serde(rename = "fallbacks")]
    _fallbacks: Option<IgnoredAny>,
    #[serde(rename = "mcp_servers")]
    _mcp_servers: Option<IgnoredAny>,
    #[serde(rename = "speed")]
    _speed: Option<IgnoredAny>,
    #[serde(rename = "thread")]
    _thread: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputMessage<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: TextOr<'a, ContentBlock<'a>>,
    /// Of the vendor's directives.
    #[serde(rename = "output_config")]
    _output_config: Option<IgnoredAny>,
}

/// Any block: which fields are there depends on the type.
#[derive(Deserialize)]
struct ContentBlock<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    text: Option<String>,
    thinking: Option<String>,
    id: Option<String>,
    name: Option<String>,
    tool_use_id: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
}

/// Of a picture or a document; the data is skipped.
#[derive(Default, Deserialize)]
struct Source {
    r#type: Option<String>,
    media_type: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct ToolDefinition<'a> {
    r#type: Option<String>,
    name: Option<String>,
    description: Option<String>,
    #[serde(borrow)]
    input_schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice {
    r#type: Option<String>,
    name: Option<String>,
    disable_parallel_tool_use: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    #[serde(rename = "user_id")]
    _user_id: Option<String>,
}

#[derive(Deserialize)]
struct AnyObject {}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ServiceTier {
    Auto,
    StandardOnly,
}

#[derive(Deserialize)]
struct OutputConfig<'a> {
    #[serde(borrow)]
    format: Option<OutputFormat<'a>>,
}

#[derive(Deserialize)]
struct OutputFormat<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

impl CreateMessage<'_> {
    /// What the vendor refuses in single fields although they parse, in the order in which it looks.
    fn check(&self) -> Result<Option<Choice>, ApiError> {
        if self.model.is_empty() {
            return Err(invalid("model: String should have at least 1 character"));
        }
        let tools = self.tools.as_deref().unwrap_or_default();
        let choice = self.tool_choice.map(|choice| Choice::read(choice, tools)).transpose()?;
        for (index, tool) in tools.iter().enumerate() {
            tool.check(index)?;
        }
        if self.messages.is_empty() {
            return Err(invalid("messages: at least one message is required"));
        }
        for (index, message) in self.messages.iter().enumerate() {
            message.check(index)?;
        }
        if let Some(thinking) = &self.thinking {
            thinking.check()?;
        }
        if self.max_tokens < 0 {
            return Err(invalid("max_tokens: must be greater than or equal to 0"));
        }
        for (name, value) in [("temperature", self.temperature), ("top_p", self.top_p)] {
            if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
                return Err(invalid(format!("{name}: range: 0..1")));
            }
        }
        if self.container.is_some_and(|container| !container.get().starts_with(['"', '{'])) {
            return Err(invalid(
                "container.ContainerParams: Input does not match the expected shape.",
            ));
        }
        if self.inference_geo.as_deref().is_some_and(|geo| !matches!(geo, "global" | "us")) {
            return Err(invalid("inference_geo: must be one of ['global', 'us']"));
        }
        Ok(choice)
    }

    /// What the vendor refuses in the whole although each field is right.
    fn check_whole(&self, head: &Head<'_>, choice: Option<&Choice>) -> Result<(), ApiError> {
        check_conversation(&self.messages)?;
        let ends_with_prefill =
            self.messages.last().is_some_and(|message| message.role == "assistant");
        if ends_with_prefill && !models::takes_prefill(&self.model) {
            return Err(invalid(
                "This model does not support assistant message prefill. The conversation must \
                 end with a user message.",
            ));
        }
        let runs_code = |tool: &ToolDefinition<'_>| {
            tool.r#type.as_deref().is_some_and(|tag| tag.starts_with("code_execution"))
        };
        let is_named = self.container.is_some_and(|container| container.get().starts_with('"'));
        if is_named && !self.tools.iter().flatten().any(runs_code) {
            return Err(invalid(
                "container: Container identifier can only be provided when using the code \
                 execution tool",
            ));
        }
        let limits = Limits {
            model: &self.model,
            max_tokens: self.max_tokens,
            thinking: self.thinking.as_ref(),
            stop_sequences: self.stop_sequences.as_deref().unwrap_or_default(),
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            forces_tool: choice.is_some_and(Choice::forces),
            head,
        };
        limits.check()
    }

    fn into_request(self, choice: Option<Choice>, call: Call, body: &Bytes) -> LlmRequest {
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

impl Choice {
    fn read(raw: &RawValue, tools: &[ToolDefinition<'_>]) -> Result<Self, ApiError> {
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
    fn forces(&self) -> bool {
        matches!(self.r#type.as_deref(), Some("any" | "tool"))
    }

    fn neutral(self) -> ToolChoice {
        match (self.r#type.as_deref(), self.name) {
            (Some("any"), _) => ToolChoice::Required,
            (Some("none"), _) => ToolChoice::None,
            (Some("tool"), Some(name)) => ToolChoice::Tool(name),
            _ => ToolChoice::Auto,
        }
    }
}

impl ToolDefinition<'_> {
    fn check(&self, index: usize) -> Result<(), ApiError> {
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

    fn neutral(self) -> Tool {
        let mut tool = Tool::new(self.name.or(self.r#type).unwrap_or_default());
        tool.description = self.description;
        tool.schema = self.input_schema.map(ToOwned::to_owned);
        tool
    }
}

impl<'a> InputMessage<'a> {
    fn check(&self, index: usize) -> Result<(), ApiError> {
        match self.role.as_ref() {
            "assistant" | "user" => {}
            "system" if index > 0 => {}
            "system" => {
                return Err(invalid(
                    "messages.0: use the top-level 'system' parameter for the initial system \
                     prompt; the directive-only form (content: [] with output_config) is accepted \
                     at any position",
                ));
            }
            role => {
                return Err(invalid(format!(
                    "messages: Unexpected role \"{role}\". Allowed roles are \"user\" or \
                     \"assistant\""
                )));
            }
        }
        for (at, block) in self.blocks().iter().enumerate() {
            block.check(&format!("messages.{index}.content.{at}"))?;
        }
        Ok(())
    }

    fn blocks(&self) -> &[ContentBlock<'a>] {
        match &self.content {
            TextOr::List(blocks) => blocks,
            TextOr::Text(_) => &[],
        }
    }

    fn is_empty(&self) -> bool {
        match &self.content {
            TextOr::List(blocks) => blocks.is_empty(),
            TextOr::Text(text) => text.is_empty(),
        }
    }

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
    fn check(&self, path: &str) -> Result<(), ApiError> {
        let tag = self.r#type.as_ref();
        let is_known = BLOCK_TAGS.binary_search(&tag).is_ok()
            || tag.ends_with("_tool_use")
            || tag.ends_with("_tool_result");
        if !is_known {
            return Err(unexpected_tag(path, tag, &BLOCK_TAGS));
        }
        let absent = match tag {
            "text" if self.text.is_none() => "text",
            "thinking" if self.thinking.is_none() => "thinking",
            "image" | "document" if self.source.is_none() => "source",
            "tool_result" if self.tool_use_id.is_none() => "tool_use_id",
            "tool_use" if self.id.is_none() => "id",
            "tool_use" if self.name.is_none() => "name",
            "tool_use" if self.input.is_none() => "input",
            _ => return Ok(()),
        };
        Err(missing(&format!("{path}.{tag}.{absent}")))
    }

    fn neutral(self) -> Content {
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

/// The rules that hold between messages. Neighbours of one role count as one.
fn check_conversation(messages: &[InputMessage<'_>]) -> Result<(), ApiError> {
    // Instructions in between part nothing.
    let spoken = messages.iter().enumerate();
    let spoken: Vec<_> = spoken.filter(|(_, message)| message.role != "system").collect();
    let mut open: Vec<&str> = Vec::new();
    let mut runs = spoken.chunk_by(|(_, one), (_, next)| one.role == next.role).peekable();
    while let Some(run) = runs.next() {
        let Some((first, message)) = run.first() else {
            continue;
        };
        let is_last = runs.peek().is_none();
        if run.iter().all(|(_, message)| message.is_empty()) {
            if message.role == "user" {
                return Err(invalid(format!(
                    "messages.{first}: user messages must have non-empty content"
                )));
            }
            if !is_last {
                return Err(invalid(format!(
                    "messages.{first}: all messages must have non-empty content except for the \
                     optional final assistant message"
                )));
            }
        }
        check_tools(run, &open)?;
        let calls = run.iter().flat_map(|(_, message)| message.blocks());
        open = calls
            .filter(|block| block.r#type == "tool_use")
            .filter_map(|block| block.id.as_deref())
            .collect();
        let answers: Vec<&str> = runs.peek().map_or_else(Vec::new, |next| {
            let blocks = next.iter().flat_map(|(_, message)| message.blocks());
            blocks.filter_map(ContentBlock::answers).collect()
        });
        let unanswered: Vec<&str> =
            open.iter().filter(|id| !answers.contains(id)).copied().collect();
        if !unanswered.is_empty() {
            let last = run.last().map_or(*first, |(last, _)| *last);
            return Err(invalid(format!(
                "messages.{last}: `tool_use` ids were found without `tool_result` blocks \
                 immediately after: {}. Each `tool_use` block must have a corresponding \
                 `tool_result` block in the next message.",
                unanswered.join(", "),
            )));
        }
    }
    Ok(())
}

/// What is returned must have been asked for.
fn check_tools(run: &[(usize, &InputMessage<'_>)], open: &[&str]) -> Result<(), ApiError> {
    for (index, message) in run {
        for (at, block) in message.blocks().iter().enumerate() {
            if block.r#type == "text" && block.text.as_deref() == Some("") {
                return Err(invalid("messages: text content blocks must be non-empty"));
            }
            let Some(id) = block.answers() else { continue };
            if !open.contains(&id) {
                return Err(invalid(format!(
                    "messages.{index}.content.{at}: unexpected `tool_use_id` found in \
                     `tool_result` blocks: {id}. Each `tool_result` block must have a \
                     corresponding `tool_use` block in the previous message."
                )));
            }
        }
    }
    Ok(())
}

impl ContentBlock<'_> {
    /// The id of the call that it answers.
    fn answers(&self) -> Option<&str> {
        (self.r#type == "tool_result").then_some(self.tool_use_id.as_deref()).flatten()
    }
}

/// Takes null for a value, and a wrong one unless the type has it.
fn set<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
