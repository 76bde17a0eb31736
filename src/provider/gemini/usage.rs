//! The tokens that an answer took, in Gemini's words.

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use crate::reply::Usage;

/// <https://ai.google.dev/api/generate-content#UsageMetadata> (read 2026-11-21), in the order of
/// recorded traffic. Counts of zero are left out.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageMetadata {
    #[serde(skip_serializing_if = "is_zero")]
    prompt_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) candidates_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) total_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cached_content_token_count: u64,
    #[serde(skip_serializing_if = "Details::is_empty")]
    prompt_tokens_details: Details,
    #[serde(skip_serializing_if = "Details::is_empty")]
    cache_tokens_details: Details,
    #[serde(skip_serializing_if = "Details::is_empty")]
    candidates_tokens_details: Details,
    #[serde(skip_serializing_if = "is_zero")]
    tool_use_prompt_token_count: u64,
    #[serde(skip_serializing_if = "Details::is_empty")]
    tool_use_prompt_tokens_details: Details,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) thoughts_token_count: u64,
    service_tier: &'static str,
}

impl UsageMetadata {
    pub(super) fn new(usage: Usage, has_index: bool) -> Self {
        let candidates = usage.output.saturating_sub(usage.reasoning);
        let (prompt, said) = (Details::text(usage.input), Details::text(candidates));
        let mut said = said.of_which_sound(usage.audio_output);
        if has_index {
            // Newer models tell no more than what is not text.
            said.text = 0;
        }
        Self {
            prompt_token_count: usage.input,
            candidates_token_count: candidates,
            total_token_count: usage.total() + usage.tool_input,
            cached_content_token_count: usage.cached,
            prompt_tokens_details: prompt.of_which_sound(usage.audio_input),
            cache_tokens_details: Details::text(usage.cached),
            candidates_tokens_details: said,
            tool_use_prompt_token_count: usage.tool_input,
            tool_use_prompt_tokens_details: Details::text(usage.tool_input),
            thoughts_token_count: usage.reasoning,
            service_tier: "standard",
        }
    }

    /// Tells how many tokens of the answer are pictures: at its end, and not before.
    pub(super) fn of_which_images(mut self, tokens: u64) -> Self {
        let details = &mut self.candidates_tokens_details;
        details.images = tokens.min(self.candidates_token_count);
        details.text = details.text.saturating_sub(details.images);
        self
    }
}

/// Tokens by modality.
#[derive(Clone, Copy, Default)]
pub(super) struct Details {
    text: u64,
    images: u64,
    sound: u64,
}

impl Details {
    pub(super) fn text(count: u64) -> Self {
        Self { text: count, ..Self::default() }
    }

    fn of_which_sound(mut self, count: u64) -> Self {
        self.sound = count.min(self.text);
        self.text -= self.sound;
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text == 0 && self.images == 0 && self.sound == 0
    }
}

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counts = [("TEXT", self.text), ("IMAGE", self.images), ("AUDIO", self.sound)];
        let mut list = serializer.serialize_seq(None)?;
        for (modality, token_count) in counts {
            if token_count > 0 {
                list.serialize_element(&ModalityTokenCount { modality, token_count })?;
            }
        }
        list.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModalityTokenCount {
    modality: &'static str,
    token_count: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
