//! What Gemini is asked: the body of a call, understood or refused.

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::config::GenerationConfig;
use super::diagnose::diagnose;
use super::message::Content;
use super::tools::{FunctionCallingConfig, FunctionDeclaration, Tool, ToolConfig};
use super::values::list;
use crate::provider::{Call, admit};
use crate::reply::ApiError;
use crate::request::{Head, LlmRequest};

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
pub(super) struct GenerateContentRequest {
    #[serde(default, deserialize_with = "list")]
    pub(super) contents: Vec<Content>,
    #[serde(alias = "system_instruction")]
    pub(super) system_instruction: Option<Content>,
    #[serde(default, deserialize_with = "list")]
    pub(super) tools: Vec<Tool>,
    #[serde(alias = "tool_config")]
    pub(super) tool_config: Option<ToolConfig>,
    #[serde(alias = "generation_config")]
    pub(super) generation_config: Option<GenerationConfig>,
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

impl GenerateContentRequest {
    pub(super) fn declarations(&self) -> impl Iterator<Item = &FunctionDeclaration> {
        self.tools.iter().flat_map(|tool| &tool.function_declarations)
    }

    pub(super) fn function_calling(&self) -> Option<&FunctionCallingConfig> {
        self.tool_config.as_ref()?.function_calling_config.as_ref()
    }
}
