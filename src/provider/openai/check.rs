//! What OpenAI refuses although it could be read.
//!
//! Messages and their order after issues that quote them and probes of the real API in 2026; which
//! model refuses what is in `models.rs`.

use super::diagnose::{PART_TYPES, missing, unsupported};
use super::message::{ChatContent, ChatMessage, ChatRole};
use super::models;
use super::request::{CreateChatCompletion, Messages, Stop};
use crate::reply::{ApiError, ErrorKind};

impl CreateChatCompletion<'_> {
    /// What the vendor refuses, in the order in which it looks. `is_vendor`: whether the request
    /// went to the vendor's own host.
    pub(super) fn check(&self, is_vendor: impl Fn() -> bool) -> Result<(), ApiError> {
        let Some(model) = self.model.as_deref().filter(|model| !model.is_empty()) else {
            return Err(no_model());
        };
        let Some(messages) = &self.messages else {
            return Err(missing("messages"));
        };
        if let Some(unknown) = self.unknown.as_deref().filter(|_| is_vendor()) {
            return Err(unrecognized(model, unknown));
        }
        if self.reasoning_effort.is_some() && models::never_reasons(model) && is_vendor() {
            return Err(unrecognized(model, "reasoning_effort"));
        }
        let none = match messages {
            Messages::Plain(messages) => messages.is_empty(),
            Messages::Read(messages) => messages.is_empty(),
        };
        if none {
            return Err(ApiError::invalid_request(
                "Invalid 'messages': empty array. Expected an array with minimum length 1, but \
                 got an empty array instead.",
            )
            .param("messages")
            .code("empty_array"));
        }
        if let Messages::Read(messages) = messages {
            for (index, message) in messages.iter().enumerate() {
                message.check(index)?;
            }
            check_order(messages)?;
        }
        if self.n.is_some() {
            integer("n", self.n, 1, Some(models::most_choices(model)))?;
        }
        self.check_stop(model)?;
        range("temperature", self.temperature, 0.0, 2.0)?;
        range("top_p", self.top_p, 0.0, 1.0)?;
        self.check_limits(model)?;
        self.check_logprobs(model)?;
        if models::refuses_biases(model) {
            for (name, field) in [("logit_bias", self.logit_bias), ("prediction", self.prediction)]
            {
                if field.is_some() {
                    return Err(not_with_this_model(name, ""));
                }
            }
        }
        if let Some(tier) = &self.service_tier
            && !SERVICE_TIERS.contains(&&*tier.0)
        {
            return Err(unsupported("service_tier", &tier.0, &SERVICE_TIERS));
        }
        if let Some(format) = &self.response_format
            && !FORMATS.contains(&&*format.r#type)
        {
            return Err(unsupported("response_format.type", &format.r#type, &FORMATS));
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

    fn check_stop(&self, model: &str) -> Result<(), ApiError> {
        let Some(stop) = &self.stop else { return Ok(()) };
        if models::refuses_stop(model) {
            return Err(not_with_this_model("stop", ""));
        }
        match stop {
            Stop::Many(texts) if texts.len() > MOST_STOPS => {
                Err(ApiError::invalid_request(format!(
                    "Invalid 'stop': array too long. Expected an array with maximum length \
                 {MOST_STOPS}, but got an array with length {} instead.",
                    texts.len(),
                ))
                .param("stop")
                .code("array_above_max_length"))
            }
            _ => Ok(()),
        }
    }

    fn check_limits(&self, model: &str) -> Result<(), ApiError> {
        if self.max_tokens.is_some() && models::reasons(model) {
            let instead = " Use 'max_completion_tokens' instead.";
            return Err(not_with_this_model("max_tokens", instead));
        }
        if self.max_tokens.is_some() && self.max_completion_tokens.is_some() {
            return Err(ApiError::invalid_request(
                "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not \
                 supported.",
            )
            .code("invalid_parameter_combination"));
        }
        integer("max_tokens", self.max_tokens, 1, None)?;
        integer("max_completion_tokens", self.max_completion_tokens, 1, None)
    }

    fn check_logprobs(&self, model: &str) -> Result<(), ApiError> {
        if self.logprobs.is_none() && self.top_logprobs.is_none() {
            return Ok(());
        }
        let effort = self.reasoning_effort.as_ref().map(|effort| &*effort.0);
        let wants = self.logprobs == Some(true);
        match models::logprobs(model, effort) {
            models::Logprobs::Forbidden if wants => {
                return Err(ApiError::new(ErrorKind::Permission)
                    .message("You are not allowed to request logprobs from this model"));
            }
            models::Logprobs::Unsupported if wants => {
                return Err(not_with_this_model("logprobs", ""));
            }
            _ => {}
        }
        let Some(top) = self.top_logprobs else { return Ok(()) };
        integer("top_logprobs", Some(top), 0, None)?;
        if !wants {
            return Err(ApiError::invalid_request(
                "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            )
            .param("top_logprobs"));
        }
        let most = models::most_top_logprobs(model);
        if top > most {
            return Err(ApiError::invalid_request(format!(
                "Invalid value for 'top_logprobs': must be less than or equal to {most}."
            ))
            .param("top_logprobs"));
        }
        Ok(())
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

pub(super) fn no_model() -> ApiError {
    ApiError::invalid_request("you must provide a model parameter")
}

/// Newer models have other words for it than older ones.
pub(super) fn unrecognized(model: &str, name: &str) -> ApiError {
    if models::names_unknown(model) {
        return ApiError::invalid_request(format!("Unknown parameter: '{name}'."))
            .param(name.to_owned())
            .code("unknown_parameter");
    }
    ApiError::invalid_request(format!("Unrecognized request argument supplied: {name}"))
}

fn not_with_this_model(name: &'static str, instead: &str) -> ApiError {
    let message = format!("Unsupported parameter: '{name}' is not supported with this model.");
    ApiError::invalid_request(message + instead).param(name).code("unsupported_parameter")
}

fn integer(
    name: &'static str,
    value: Option<i64>,
    least: i64,
    most: Option<i64>,
) -> Result<(), ApiError> {
    let Some(value) = value else { return Ok(()) };
    let (side, sign, bound, code) = match most {
        Some(most) if value > most => ("above maximum", "<=", most, "integer_above_max_value"),
        _ if value < least => ("below minimum", ">=", least, "integer_below_min_value"),
        _ => return Ok(()),
    };
    Err(ApiError::invalid_request(format!(
        "Invalid '{name}': integer {side} value. Expected a value {sign} {bound}, but got {value} \
         instead."
    ))
    .param(name)
    .code(code))
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

const MOST_STOPS: usize = 4;
const SERVICE_TIERS: [&str; 5] = ["auto", "default", "fast", "flex", "priority"];
const FORMATS: [&str; 3] = ["json_object", "json_schema", "text"];
