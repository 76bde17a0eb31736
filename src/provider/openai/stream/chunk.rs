//! The words of a streamed chat completion.

use bytes::BytesMut;
use serde::Serialize;

use crate::provider::openai::completion::{CompletionUsage, ToolCall};
use crate::provider::openai::extra::{Annotation, Fields};
use crate::provider::openai::logprobs::Logprobs;
use crate::util::rng::Rng;

/// <https://platform.openai.com/docs/api-reference/chat-streaming/streaming> (read 2026-11-21), in
/// the order of recorded traffic.
#[derive(Serialize)]
pub(super) struct ChatCompletionChunk<'a> {
    pub(super) id: &'a str,
    pub(super) object: &'static str,
    pub(super) created: u64,
    pub(super) model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_tier: Option<&'static str>,
    pub(super) system_fingerprint: Option<&'a str>,
    /// Before the choices, in chunks that lead to or belong to a tool call.
    #[serde(rename = "usage", skip_serializing_if = "Option::is_none")]
    pub(super) usage_before: Option<()>,
    pub(super) choices: &'a [ChunkChoice<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Option<CompletionUsage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) obfuscation: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct ChunkChoice<'a> {
    pub(super) index: usize,
    pub(super) delta: Delta<'a>,
    /// `Some(None)` is null, `None` not there at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<Option<Logprobs<'a>>>,
    pub(super) finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
pub(super) struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    /// `Some(None)` is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_calls: Option<&'a [ToolCall<'a>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) audio: Option<AudioDelta<'a>>,
    /// With the reason to stop: so a chunk of gpt-4o-mini-search-preview that a client's source
    /// quotes (May 2025). The reference does not mention it.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) annotations: &'a [Annotation<'a>],
    #[serde(flatten)]
    pub(super) raw: Option<Fields<'a>>,
}

/// A piece of sound. The reference says nothing about it; the vendor's SDK (3.52.0) knows these
/// fields, each of which may be missing, and openai/openai-openapi#577 says that the last piece
/// brings `expires_at` alone. That id, words and sound come in this order, each in pieces of its
/// own, is this crate's choice.
#[derive(Default, Serialize)]
pub(super) struct AudioDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transcript: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<u64>,
}

/// Appends the letters that pad a payload of `length` characters without it.
///
/// In every recording the characters of a payload, padding included, are 1 modulo 16, and the
/// padding has 1 to 16 characters (`the_padding_rule_holds_in_recordings`).
pub(super) fn put_padding(out: &mut BytesMut, rng: &mut Rng, length: usize) {
    const LETTERS: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789xX";
    let count = padding(length);
    let mut padding = [0; 16];
    let mut chance = u128::from(rng.next()) << 64 | u128::from(rng.next());
    for letter in &mut padding[..count] {
        *letter = LETTERS[(chance & 63) as usize];
        chance >>= 6;
    }
    out.extend_from_slice(&padding[..count]);
}

/// How many letters pad a payload of `length` characters.
pub(super) fn padding(length: usize) -> usize {
    16 - (length + 15) % 16
}

/// Characters, not bytes: the recording of a refusal with a curly apostrophe shows it.
pub(super) fn characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| (**byte as i8) >= -0x40).count()
}
