//! `generationConfig`: how much is to be said, in which form, and with what beside it.

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::proto::{self, Kind, many, one};
use super::values::{float, int32, list};
use super::{LOGPROBS, TOP_SHIFT, models};
use crate::reply::ApiError;
use crate::request::{ResponseFormat, Sampling};

/// <https://ai.google.dev/api/generate-content#generationconfig> (read 2026-11-21), and what the
/// vendor's SDK sends beyond it: all that is known, since the vendor refuses any other name.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct GenerationConfig {
    #[serde(alias = "candidate_count", default, deserialize_with = "int32")]
    candidate_count: Option<i32>,
    #[serde(alias = "max_output_tokens", default, deserialize_with = "int32")]
    max_output_tokens: Option<i32>,
    #[serde(alias = "response_mime_type")]
    response_mime_type: Option<String>,
    #[serde(alias = "response_schema")]
    response_schema: Option<Box<RawValue>>,
    /// The underscore was the field's first name.
    #[serde(
        alias = "response_json_schema",
        alias = "_responseJsonSchema",
        alias = "_response_json_schema"
    )]
    response_json_schema: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "int32")]
    seed: Option<i32>,
    #[serde(alias = "stop_sequences", default, deserialize_with = "list")]
    stop_sequences: Vec<String>,
    #[serde(default, deserialize_with = "float")]
    temperature: Option<f64>,
    #[serde(alias = "top_p", default, deserialize_with = "float")]
    top_p: Option<f64>,
    #[serde(alias = "response_logprobs")]
    response_logprobs: Option<bool>,
    #[serde(default, deserialize_with = "int32")]
    logprobs: Option<i32>,
    #[serde(alias = "top_k", default, deserialize_with = "int32")]
    #[expect(dead_code, reason = "its type is checked")]
    top_k: Option<i32>,
    #[serde(alias = "presence_penalty", default, deserialize_with = "float")]
    #[expect(dead_code, reason = "its type is checked")]
    presence_penalty: Option<f64>,
    #[serde(alias = "frequency_penalty", default, deserialize_with = "float")]
    #[expect(dead_code, reason = "its type is checked")]
    frequency_penalty: Option<f64>,
    #[serde(alias = "response_modalities", default, deserialize_with = "list")]
    #[expect(dead_code, reason = "its type is checked")]
    response_modalities: Vec<String>,
    #[serde(alias = "thinking_config")]
    #[expect(dead_code, reason = "its type is checked")]
    thinking_config: Option<ThinkingConfig>,
    #[serde(alias = "audio_transcription_config")]
    #[expect(dead_code, reason = "its name is known")]
    audio_transcription_config: Option<IgnoredAny>,
    #[serde(alias = "enable_affective_dialog")]
    #[expect(dead_code, reason = "its type is checked")]
    enable_affective_dialog: Option<bool>,
    #[serde(alias = "enable_enhanced_civic_answers")]
    #[expect(dead_code, reason = "its type is checked")]
    enable_enhanced_civic_answers: Option<bool>,
    #[serde(alias = "image_config")]
    #[expect(dead_code, reason = "its name is known")]
    image_config: Option<IgnoredAny>,
    #[serde(alias = "media_resolution")]
    #[expect(dead_code, reason = "its name is known")]
    media_resolution: Option<IgnoredAny>,
    #[serde(alias = "response_format")]
    #[expect(dead_code, reason = "its name is known")]
    response_format: Option<IgnoredAny>,
    #[serde(alias = "response_json_schema_ordered")]
    #[expect(dead_code, reason = "its name is known")]
    response_json_schema_ordered: Option<IgnoredAny>,
    #[serde(alias = "speech_config")]
    #[expect(dead_code, reason = "its name is known")]
    speech_config: Option<IgnoredAny>,
    #[serde(alias = "translation_config")]
    #[expect(dead_code, reason = "its name is known")]
    translation_config: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ThinkingConfig {
    #[serde(alias = "include_thoughts")]
    #[expect(dead_code, reason = "its type is checked")]
    include_thoughts: Option<bool>,
    #[serde(alias = "thinking_budget", default, deserialize_with = "int32")]
    #[expect(dead_code, reason = "its type is checked")]
    thinking_budget: Option<i32>,
    #[serde(alias = "thinking_level")]
    #[expect(dead_code, reason = "its name is known")]
    thinking_level: Option<IgnoredAny>,
}

impl GenerationConfig {
    /// What the vendor refuses although it parses.
    pub(super) fn check(&self, fault: &mut impl FnMut(fmt::Arguments<'_>, &str)) {
        let mut check = |is_fault: bool, field: &str, what: &str| {
            if is_fault {
                fault(format_args!("generation_config.{field}"), what);
            }
        };
        check(
            self.temperature.is_some_and(|t| !(0.0..=2.0).contains(&t)),
            "temperature",
            "temperature must be in the range [0.0, 2.0].",
        );
        check(
            self.top_p.is_some_and(|p| !(0.0..=1.0).contains(&p)),
            "top_p",
            "top_p must be in the range [0.0, 1.0].",
        );
        // Zero is protobuf's way to say nothing.
        check(
            self.max_output_tokens.is_some_and(|most| most < 0),
            "max_output_tokens",
            "max_output_tokens must be positive.",
        );
        check(
            self.candidate_count.is_some_and(|count| !(1..=8).contains(&count)),
            "candidate_count",
            "candidate_count must be in the range [1, 8].",
        );
        check(
            self.stop_sequences.len() > 5,
            "stop_sequences",
            "the number of stop_sequences must not exceed 5.",
        );
        // The range is the reference's; the words are like those of the others.
        check(
            self.logprobs.is_some_and(|count| !(0..=20).contains(&count)),
            "logprobs",
            "logprobs must be in the range [0, 20].",
        );
    }

    /// What this model refuses.
    pub(super) fn check_model(&self, model: &str) -> Result<(), ApiError> {
        let what = if self.candidate_count.is_some_and(|count| count > 1)
            && !models::has_candidates(model)
        {
            "Multiple candidates"
        } else if self.response_logprobs == Some(true) && !models::has_logprobs(model) {
            "Logprobs"
        } else {
            return Ok(());
        };
        Err(ApiError::invalid_request(format!("{what} is not enabled for this model")))
    }

    /// The bits of a call that asks for log-probabilities.
    pub(super) fn flags(&self) -> u32 {
        match self.response_logprobs {
            Some(true) => {
                let top = self.logprobs.and_then(|count| u32::try_from(count).ok());
                LOGPROBS | top.unwrap_or_default() << TOP_SHIFT
            }
            _ => 0,
        }
    }

    pub(super) fn into_neutral(self) -> (ResponseFormat, Sampling) {
        let schema = self.response_schema.or(self.response_json_schema);
        let format = match (self.response_mime_type.as_deref(), schema) {
            // An enum's value stands there bare, which is no form that the neutral words know.
            (Some("application/json"), Some(schema)) => ResponseFormat::Schema(schema),
            (Some("application/json"), None) => ResponseFormat::Json,
            _ => ResponseFormat::Text,
        };
        let count = |n: i32| u64::try_from(n).ok().filter(|n| *n > 0);
        let sampling = Sampling {
            max_tokens: self.max_output_tokens.and_then(count),
            n: self.candidate_count.and_then(count),
            parallel_tool_calls: None,
            seed: self.seed.map(i64::from),
            stop: self.stop_sequences,
            temperature: self.temperature,
            top_p: self.top_p,
        };
        (format, sampling)
    }
}

/// The same, for bodies that do not parse.
pub(super) static GENERATION_CONFIG: proto::Message = proto::Message {
    name: "GenerationConfig",
    fields: &[
        one("candidate_count", Kind::Int32),
        one("max_output_tokens", Kind::Int32),
        one("response_mime_type", Kind::Text),
        one("response_schema", Kind::Any),
        one("response_json_schema", Kind::Any),
        one("_response_json_schema", Kind::Any),
        one("response_json_schema_ordered", Kind::Any),
        one("response_format", Kind::Any),
        one("seed", Kind::Int32),
        many("stop_sequences", Kind::Text),
        one("temperature", Kind::Float),
        one("top_p", Kind::Float),
        one("top_k", Kind::Int32),
        one("presence_penalty", Kind::Float),
        one("frequency_penalty", Kind::Float),
        one("response_logprobs", Kind::Bool),
        one("logprobs", Kind::Int32),
        many("response_modalities", Kind::Text),
        one("thinking_config", Kind::Message(&THINKING_CONFIG)),
        one("audio_transcription_config", Kind::Any),
        one("enable_affective_dialog", Kind::Bool),
        one("enable_enhanced_civic_answers", Kind::Bool),
        one("image_config", Kind::Any),
        one("media_resolution", Kind::Any),
        one("speech_config", Kind::Any),
        one("translation_config", Kind::Any),
    ],
    is_complete: true,
};
static THINKING_CONFIG: proto::Message = proto::Message {
    name: "ThinkingConfig",
    fields: &[
        one("include_thoughts", Kind::Bool),
        one("thinking_budget", Kind::Int32),
        one("thinking_level", Kind::Any),
    ],
    is_complete: true,
};
