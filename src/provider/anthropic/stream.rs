//! A message as a stream of events.

use bytes::{BufMut, BytesMut};
use http::Response;
use serde::Serialize;

use super::headers;
use super::response::{
    Caller, ContentBlock, Identity, Message, OutputTokensDetails, Stop, call_id, no_input, said,
    signature, uncached,
};
use crate::provider::{Context, Entropy, StreamEncoder};
use crate::reply::{PartStart, ReplyEvent, Usage};
use crate::util::rng::Rng;
use crate::wire::{FrameBuf, JsonStyle, Spacer, Sse, Template, hole, put_text};

/// <https://platform.claude.com/docs/en/build-with-claude/streaming> (read 2026-11-21), in the
/// order of recorded traffic.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event<'a> {
    MessageStart { message: Message<'a> },
    ContentBlockStart { index: usize, content_block: ContentBlock<'a> },
    Ping,
    ContentBlockDelta { index: usize, delta: ContentDelta<'a> },
    ContentBlockStop { index: usize },
    MessageDelta { delta: Stop<'a>, usage: MessageDeltaUsage },
    MessageStop,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentDelta<'a> {
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
}

/// Cumulative, not a difference.
#[derive(Serialize)]
struct MessageDeltaUsage {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<OutputTokensDetails>,
}

impl Event<'_> {
    fn name(&self) -> &'static str {
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

const DELTA: &str = "content_block_delta";

const SSE: Sse = Sse::lf(JsonStyle::COMPACT);
/// Pings alone are spaced, and not padded.
const PING: Sse = Sse::lf(JsonStyle::SPACED);

pub(super) fn stream(cx: &Context<'_>) -> Response<Box<dyn StreamEncoder>> {
    // What is known at the start, and one token of the answer.
    let usage = Usage { output: 1, reasoning: 0, ..cx.usage };
    let identity = Identity::of(cx);
    let start = Event::MessageStart { message: identity.message(&[], Stop::default(), usage) };
    let encoder = Encoder {
        start: JsonStyle::COMPACT.to_vec(&start),
        entropy: cx.entropy,
        padding: cx.entropy.rng(SALT_PADDING),
        block: None,
        arguments: Arguments::default(),
        delta: None,
        has_begun: false,
    };
    let mut response = Response::new(Box::new(encoder) as Box<dyn StreamEncoder>);
    *response.headers_mut() = headers::stream(cx);
    response
}

#[derive(Debug)]
struct Encoder {
    /// The first event, as JSON.
    start: Vec<u8>,
    entropy: Entropy,
    padding: Rng,
    /// The block that is open.
    block: Option<(usize, Block)>,
    /// Of the call that is open.
    arguments: Arguments,
    /// For deltas of the block that is open; made when its first delta comes.
    delta: Option<Template>,
    /// Whether any block has begun.
    has_begun: bool,
}

#[derive(Debug)]
enum Block {
    Text,
    /// With the signature that ends it.
    Thinking(String),
    ToolUse,
}

/// The arguments of a call as the model spells them.
#[derive(Debug, Default)]
struct Arguments {
    spacer: Spacer,
    /// What is not sent yet.
    text: String,
    sent: bool,
}

impl StreamEncoder for Encoder {
    fn encode(&mut self, event: ReplyEvent<'_>, frames: &mut FrameBuf) {
        match event {
            ReplyEvent::Start => {
                let start = std::mem::take(&mut self.start);
                self.put("message_start", &start, frames);
            }
            ReplyEvent::PartStart { index, part } => self.begin(index, part, frames),
            ReplyEvent::Delta(text) => self.delta(text, frames),
            ReplyEvent::PartEnd => self.end(frames),
            // This API has one choice, and blocks one after the other.
            // `can_say` names the ratings.
            ReplyEvent::Choice(_)
            | ReplyEvent::ChoiceEnd { .. }
            | ReplyEvent::Resume { .. }
            | ReplyEvent::Safety(_) => {}
            ReplyEvent::End { finish, usage } => {
                let usage = MessageDeltaUsage {
                    input_tokens: uncached(usage),
                    cache_creation_input_tokens: 0,
                    cache_read_input_tokens: usage.cached,
                    output_tokens: said(usage),
                    output_tokens_details: OutputTokensDetails::of(usage),
                };
                let delta = Stop::of(finish);
                self.send(&Event::MessageDelta { delta, usage }, frames);
                self.send(&Event::MessageStop, frames);
            }
        }
    }
}

impl Encoder {
    fn begin(&mut self, index: usize, part: PartStart<'_>, frames: &mut FrameBuf) {
        let (content_block, block) = match part {
            PartStart::Reasoning { signature: given } => (
                ContentBlock::Thinking { thinking: "", signature: "".into() },
                Block::Thinking(signature(self.entropy, index, given).into_owned()),
            ),
            PartStart::Refusal | PartStart::Text { .. } => {
                (ContentBlock::Text { text: "" }, Block::Text)
            }
            PartStart::ToolCall { call, id, name } => (
                ContentBlock::ToolUse {
                    id: call_id(self.entropy, call, id),
                    name,
                    input: no_input(),
                    caller: Caller::Direct,
                },
                Block::ToolUse,
            ),
            PartStart::Whole(_) => return,
        };
        let start = Event::ContentBlockStart { index, content_block };
        self.send(&start, frames);
        // Streams that begin with a tool's call were recorded without a ping.
        let is_call = matches!(block, Block::ToolUse);
        if !std::mem::replace(&mut self.has_begun, true) && !is_call {
            PING.event(frames, Event::Ping.name(), &Event::Ping);
        }
        self.block = Some((index, block));
        if is_call {
            self.arguments = Arguments::default();
            self.put_delta("", frames);
        }
    }

    fn delta(&mut self, text: &str, frames: &mut FrameBuf) {
        if !matches!(self.block, Some((_, Block::ToolUse))) {
            self.put_delta(text, frames);
            return;
        }
        self.arguments.spacer.push(text, &mut self.arguments.text);
        if self.arguments.is_ready() {
            // Taken and given back, so that its allocation serves for the next piece too.
            let mut text = std::mem::take(&mut self.arguments.text);
            self.put_delta(&text, frames);
            text.clear();
            self.arguments.text = text;
        }
    }

    /// The hot path: everything but the text and the padding is the same from event to event.
    fn put_delta(&mut self, text: &str, frames: &mut FrameBuf) {
        let Some((index, block)) = &self.block else {
            return;
        };
        let template = self.delta.get_or_insert_with(|| block.template(*index));
        let padding = &mut self.padding;
        SSE.framed(frames, Some(DELTA), |out| {
            template.render(out, |_, out| put_text(out, text));
            close(out, padding);
        });
    }

    fn end(&mut self, frames: &mut FrameBuf) {
        let Some((index, block)) = self.block.take() else {
            return;
        };
        self.delta = None;
        if let Block::Thinking(signature) = &block {
            let delta = ContentDelta::Signature { signature };
            self.send(&Event::ContentBlockDelta { index, delta }, frames);
        }
        self.send(&Event::ContentBlockStop { index }, frames);
    }

    fn send(&mut self, event: &Event<'_>, frames: &mut FrameBuf) {
        self.put(event.name(), &JsonStyle::COMPACT.to_vec(event), frames);
    }

    fn put(&mut self, name: &str, json: &[u8], frames: &mut FrameBuf) {
        let padding = &mut self.padding;
        SSE.framed(frames, Some(name), |out| {
            out.extend_from_slice(open(json));
            close(out, padding);
        });
    }
}

impl Block {
    fn template(&self, index: usize) -> Template {
        let text = hole::TEXT[0];
        let delta = match self {
            Self::Text => ContentDelta::Text { text },
            Self::Thinking(_) => ContentDelta::Thinking { thinking: text },
            Self::ToolUse => ContentDelta::InputJson { partial_json: text },
        };
        let json = JsonStyle::COMPACT.to_vec(&Event::ContentBlockDelta { index, delta });
        Template::compile(open(&json))
    }
}

impl Arguments {
    /// Whether there is something to send. The brace that opens them never comes alone, and
    /// without any argument nothing comes at all.
    fn is_ready(&mut self) -> bool {
        self.sent |= !matches!(self.text.as_str(), "" | "{" | "{}");
        self.sent && !self.text.is_empty()
    }
}

/// A JSON object without the brace that closes it.
fn open(json: &[u8]) -> &[u8] {
    json.strip_suffix(b"}").unwrap_or(json)
}

/// Closes a JSON object behind its padding.
///
/// Up to 15 spaces, each number of them as likely as the others: in recordings neither the
/// payload's length nor what came before says how many (`padding_follows_no_rule`).
fn close(out: &mut BytesMut, padding: &mut Rng) {
    const SPACES: [u8; 15] = [b' '; 15];
    let count = padding.below(SPACES.len() as u64 + 1) as usize;
    out.put_slice(&SPACES[..count]);
    out.put_u8(b'}');
}

const SALT_PADDING: u64 = 2;
