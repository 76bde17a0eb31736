//! A message as a stream of events.

mod arguments;
mod event;

use bytes::{BufMut, BytesMut};
use http::Response;

use self::arguments::Arguments;
use self::event::{ContentDelta, DELTA, Ending, Event, MessageDeltaUsage};
use super::block::{Caller, ContentBlock, call_id, compact, no_input, signature};
use super::citation::Citation;
use super::headers;
use super::response::{Identity, OutputTokensDetails, Stop, said, uncached};
use super::server_tool::{Run, Used};
use crate::provider::{Context, Entropy, StreamEncoder};
use crate::reply::{Finish, Part, PartStart, ReplyEvent, ServerTool, Usage};
use crate::util::rng::Rng;
use crate::util::tokens::Chunking;
use crate::wire::{FrameBuf, FrameKind, JsonStyle, Sse, Template, hole, put_letters};

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
        created: cx.created,
        padding: cx.entropy.rng(SALT_PADDING),
        block: None,
        blocks: 0,
        used: Used::default(),
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
    created: u64,
    padding: Rng,
    /// The block that is open.
    block: Option<(usize, Block)>,
    /// How many blocks have begun: not as many as parts.
    blocks: usize,
    used: Used,
    /// Of the call that is open.
    arguments: Arguments,
    /// For deltas of the block that is open; made when its first delta comes.
    delta: Option<Template>,
    /// Whether a block has begun that decides on the ping.
    has_begun: bool,
}

#[derive(Debug)]
enum Block {
    Text,
    /// With the signature that ends it.
    Thinking(String),
    /// A call, of the client's tool or of the vendor's.
    ToolUse,
    /// Without deltas.
    Whole,
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
            ReplyEvent::End { finish, usage } => self.finish(finish, usage, frames),
        }
    }
}

impl Encoder {
    fn begin(&mut self, index: usize, part: PartStart<'_>, frames: &mut FrameBuf) {
        match part {
            PartStart::Reasoning { signature: given } => {
                let signature = signature(self.entropy, index, given).into_owned();
                let block = ContentBlock::Thinking { thinking: "", signature: "".into() };
                self.open(block, Block::Thinking(signature), frames);
            }
            PartStart::Text { citations } if !citations.is_empty() => {
                self.open(ContentBlock::cited(Vec::new(), ""), Block::Text, frames);
                for citation in Citation::all(self.entropy, index, citations) {
                    self.send_delta(ContentDelta::Citations { citation }, frames);
                }
            }
            PartStart::Refusal | PartStart::Text { .. } => {
                self.open(ContentBlock::Text { text: "" }, Block::Text, frames);
            }
            PartStart::ToolCall { call, id, name, is_raw } => {
                let block = ContentBlock::ToolUse {
                    id: call_id(self.entropy, call, id),
                    name,
                    input: no_input(),
                    caller: Caller::Direct,
                };
                self.open(block, Block::ToolUse, frames);
                self.arguments = Arguments::new(is_raw);
                self.put_delta("", frames);
            }
            PartStart::Whole(part) => self.whole(part, frames),
        }
    }

    /// What comes without deltas, or with all of them at once.
    fn whole(&mut self, part: &Part, frames: &mut FrameBuf) {
        match part {
            Part::Raw(raw) => self.block(ContentBlock::Raw(compact(raw.json())), frames),
            Part::RedactedReasoning(data) => {
                self.block(ContentBlock::RedactedThinking { data }, frames);
            }
            Part::ServerTool(tool) => self.run(tool, frames),
            // The others are cut, or `can_say` names them.
            _ => {}
        }
    }

    fn run(&mut self, tool: &ServerTool, frames: &mut FrameBuf) {
        let run = Run::of(self.entropy, self.used.runs, tool);
        self.used.note(tool);
        self.open(run.call(no_input()), Block::ToolUse, frames);
        self.arguments = Arguments::default();
        self.put_delta("", frames);
        let input = run.input();
        let mut rest = input.as_str();
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(Chunking::Tokens.first(rest));
            self.delta(piece, frames);
            rest = more;
        }
        self.end(frames);
        self.block(run.result(), frames);
    }

    /// A block that is all in its first event.
    fn block(&mut self, block: ContentBlock<'_>, frames: &mut FrameBuf) {
        self.open(block, Block::Whole, frames);
        self.end(frames);
    }

    fn open(&mut self, content_block: ContentBlock<'_>, block: Block, frames: &mut FrameBuf) {
        let index = self.blocks;
        self.blocks += 1;
        self.block = Some((index, block));
        let pings = content_block.pings();
        self.send(&Event::ContentBlockStart { index, content_block }, frames);
        if !self.has_begun
            && let Some(pings) = pings
        {
            self.has_begun = true;
            if pings {
                PING.event(frames, Event::Ping.name(), &Event::Ping);
            }
        }
    }

    fn delta(&mut self, text: &str, frames: &mut FrameBuf) {
        if !matches!(self.block, Some((_, Block::ToolUse))) {
            self.put_delta(text, frames);
            return;
        }
        // Taken and given back, so that its allocation serves for the next piece too.
        let mut arguments = std::mem::take(&mut self.arguments);
        arguments.push(text, |text| self.put_delta(text, frames));
        self.arguments = arguments;
    }

    /// The hot path: everything but the text and the padding is the same from event to event.
    fn put_delta(&mut self, text: &str, frames: &mut FrameBuf) {
        let Some((index, block)) = &self.block else {
            return;
        };
        let template = self.delta.get_or_insert_with(|| block.template(*index));
        let padding = &mut self.padding;
        let most = AROUND + template.len() + text.len();
        frames.reserve_for(most, || most);
        SSE.framed(frames, Some(DELTA), |out| {
            template.render(out, |_, out| put_letters(out, text));
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

    fn finish(&mut self, finish: &Finish, usage: Usage, frames: &mut FrameBuf) {
        let container = self.used.container(self.entropy, self.created);
        let delta = Ending { stop: Stop::of(finish), container };
        let usage = MessageDeltaUsage {
            input_tokens: uncached(usage),
            cache_creation_input_tokens: usage.cache_write,
            cache_read_input_tokens: usage.cached,
            output_tokens: said(usage),
            output_tokens_details: OutputTokensDetails::of(usage),
            server_tool_use: self.used.usage(),
        };
        self.send(&Event::MessageDelta { delta, usage }, frames);
        frames.mark(FrameKind::Finish);
        self.send(&Event::MessageStop, frames);
        frames.mark(FrameKind::Terminator);
    }

    fn send_delta(&mut self, delta: ContentDelta<'_>, frames: &mut FrameBuf) {
        if let Some((index, _)) = self.block {
            self.send(&Event::ContentBlockDelta { index, delta }, frames);
        }
    }

    fn send(&mut self, event: &Event<'_>, frames: &mut FrameBuf) {
        self.put(event.name(), &JsonStyle::COMPACT.to_vec(event), frames);
    }

    fn put(&mut self, name: &str, json: &[u8], frames: &mut FrameBuf) {
        event(json, name, &mut self.padding, frames);
    }
}

impl Block {
    fn template(&self, index: usize) -> Template {
        let text = hole::text(0);
        let delta = match self {
            Self::Text | Self::Whole => ContentDelta::Text { text },
            Self::Thinking(_) => ContentDelta::Thinking { thinking: text },
            Self::ToolUse => ContentDelta::InputJson { partial_json: text },
        };
        let json = JsonStyle::COMPACT.to_vec(&Event::ContentBlockDelta { index, delta });
        Template::of_letters(open(&json))
    }
}

/// One event, padded like all but the pings.
pub(super) fn event(json: &[u8], name: &str, padding: &mut Rng, frames: &mut FrameBuf) {
    SSE.framed(frames, Some(name), |out| {
        out.extend_from_slice(open(json));
        close(out, padding);
    });
}

/// A JSON object without the brace that closes it.
fn open(json: &[u8]) -> &[u8] {
    json.strip_suffix(b"}").unwrap_or(json)
}

/// What a delta's frame has at the most around its template and its text.
const AROUND: usize = "event: \ndata: }\n\n".len() + DELTA.len() + 15;

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

pub(super) const SALT_PADDING: u64 = 2;
