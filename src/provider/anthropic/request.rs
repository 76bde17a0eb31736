//! What Anthropic is asked: the body of a message request, understood or refused.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::value::RawValue;

use super::check::check_conversation;
use super::diagnose::{diagnose, invalid};
use super::lenient;
use super::limits::Thinking;
use super::message::{ContentBlock, InputMessage};
use super::tools::ToolDefinition;
use crate::provider::text_or::TextOr;
use crate::provider::{Call, admit};
use crate::reply::ApiError;
use crate::request::{Head, LlmRequest};

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
pub(super) struct CreateMessage<'a> {
    #[serde(borrow)]
    pub(super) model: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "set")]
    pub(super) tool_choice: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "set")]
    pub(super) tools: Option<Vec<ToolDefinition<'a>>>,
    #[serde(borrow)]
    pub(super) messages: Vec<InputMessage<'a>>,
    #[serde(borrow, default, deserialize_with = "set")]
    pub(super) system: Option<TextOr<'a, ContentBlock<'a>>>,
    #[serde(borrow, default, deserialize_with = "set")]
    pub(super) thinking: Option<Thinking<'a>>,
    #[serde(borrow, default, deserialize_with = "set")]
    pub(super) output_config: Option<OutputConfig<'a>>,
    /// The older place of what `output_config` holds.
    #[serde(borrow)]
    pub(super) output_format: Option<OutputFormat<'a>>,
    #[serde(rename = "cache_control")]
    _cache_control: Option<AnyObject>,
    pub(super) max_tokens: i64,
    #[serde(rename = "metadata")]
    _metadata: Option<Metadata>,
    pub(super) stop_sequences: Option<Vec<String>>,
    #[serde(default, deserialize_with = "set")]
    pub(super) temperature: Option<f64>,
    #[serde(default, deserialize_with = "set", rename = "service_tier")]
    _service_tier: Option<ServiceTier>,
    #[serde(default, deserialize_with = "set")]
    pub(super) top_k: Option<i64>,
    #[serde(default, deserialize_with = "set")]
    pub(super) top_p: Option<f64>,
    #[serde(default, deserialize_with = "set")]
    pub(super) stream: Option<bool>,
    #[serde(borrow)]
    pub(super) container: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) inference_geo: Option<Cow<'a, str>>,
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
pub(super) struct OutputConfig<'a> {
    #[serde(borrow)]
    pub(super) format: Option<OutputFormat<'a>>,
}

#[derive(Deserialize)]
pub(super) struct OutputFormat<'a> {
    #[serde(borrow)]
    pub(super) r#type: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) schema: Option<&'a RawValue>,
}

/// Takes null for a value, and a wrong one unless the type has it.
pub(super) fn set<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
