//! What Anthropic is asked: the body of a message request, understood or refused.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::value::RawValue;

use super::diagnose::{diagnose, invalid};
use super::lenient;
use super::limits::{Limits, Thinking};
use super::message::{ContentBlock, InputMessage, check_conversation, neutral};
use super::models;
use super::tools::{Choice, ToolDefinition};
use crate::provider::text_or::TextOr;
use crate::provider::{Call, Provider, admit};
use crate::reply::ApiError;
use crate::request::{Head, LlmRequest, Message, ResponseFormat, Role, Sampling};

pub(super) fn parse(call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
    admit(head)?;
    if head.header("anthropic-version").is_none() && !head.is_lenient() {
        return Err(invalid("anthropic-version: header is required"));
    }
    let filled;
    let message: CreateMessage<'_> = match serde_json::from_slice(body) {
        Ok(message) => message,
        Err(_) if head.is_lenient() => {
            filled = lenient::filled(body);
            serde_json::from_slice(&filled).map_err(|error| diagnose(&filled, &error, fault))?
        }
        Err(error) => return Err(diagnose(body, &error, fault)),
    };
    let choice = message.check()?;
    if head.is_lenient() {
        check_conversation(&message.messages)?;
    } else {
        message.check_whole(head, choice.as_ref())?;
    }
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

/// Takes null for a value, and a wrong one unless the type has it.
pub(super) fn set<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
