//! The events of a stream.

use serde::Serialize;

use crate::provider::anthropic::block::ContentBlock;
use crate::provider::anthropic::citation::Citation;
use crate::provider::anthropic::response::{Message, OutputTokensDetails, Stop};
use crate::provider::anthropic::server_tool::{Container, ServerToolUsage};

/// <https://platform.claude.com/docs/en/build-with-claude/streaming> (read 2026-11-21), in the
/// order of recorded traffic.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    MessageStart { message: Message<'a> },
    ContentBlockStart { index: usize, content_block: ContentBlock<'a> },
    Ping,
    ContentBlockDelta { index: usize, delta: ContentDelta<'a> },
    ContentBlockStop { index: usize },
    MessageDelta { delta: Ending<'a>, usage: MessageDeltaUsage },
    MessageStop,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ContentDelta<'a> {
    #[serde(rename = "citations_delta")]
    Citations { citation: Citation<'a> },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
}

#[derive(Serialize)]
pub(super) struct Ending<'a> {
    #[serde(flatten)]
    pub(super) stop: Stop<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) container: Option<Container>,
}

/// Cumulative, not a difference.
#[derive(Serialize)]
pub(super) struct MessageDeltaUsage {
    pub(super) input_tokens: u64,
    pub(super) cache_creation_input_tokens: u64,
    pub(super) cache_read_input_tokens: u64,
    pub(super) output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_tokens_details: Option<OutputTokensDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server_tool_use: Option<ServerToolUsage>,
}

impl Event<'_> {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::Ping => "ping",
            Self::ContentBlockDelta { .. } => DELTA,
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop => "message_stop",
        }
    }
}

pub(super) const DELTA: &str = "content_block_delta";
