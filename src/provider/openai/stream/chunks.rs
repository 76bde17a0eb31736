//! How the chunks of a streamed chat completion are sent.

use bytes::BufMut;

use super::chunk::{ChatCompletionChunk, ChunkChoice, Delta, characters, padding, put_padding};
use super::lane::{Lane, Part};
use crate::provider::openai::completion::CompletionUsage;
use crate::provider::openai::identity::{ChatId, Fingerprint, Identity};
use crate::provider::openai::logprobs::Logprobs;
use crate::provider::openai::{INCLUDE_USAGE, PLAIN};
use crate::util::rng::Rng;
use crate::wire::{FrameBuf, Hole, JsonStyle, Sse, Template, hole, put_text};

pub(in crate::provider::openai) const SSE: Sse = Sse::lf(JsonStyle::COMPACT);

/// What all chunks share, and how they are sent.
#[derive(Debug)]
pub(super) struct Chunks {
    id: ChatId,
    pub(super) created: u64,
    model: Box<str>,
    has_logprobs: bool,
    pub(super) top_logprobs: Option<usize>,
    fingerprint: Option<Fingerprint>,
    tier: Option<&'static str>,
    pub(super) speaks: bool,
    pub(super) includes_usage: bool,
    pub(super) padding: Option<Rng>,
}

/// A whole frame whose text and padding are still to come.
#[derive(Debug)]
pub(super) struct DeltaFrame {
    template: Template,
    /// Characters of the payload without text and padding, their quotes included.
    length: usize,
}

impl DeltaFrame {
    /// How long the frame of a text is, if nothing in it is escaped: nearly always, and then the frame
    /// takes just so much memory.
    fn len(&self, text: &str, is_padded: bool) -> usize {
        let length = self.length + characters(text.as_bytes()) + 2;
        let padding = if is_padded { padding(length) + 2 } else { 0 };
        self.template.len() + text.len() + 2 + padding
    }

    /// The hot path: everything but the text and the padding is the same from chunk to chunk.
    pub(super) fn render(&self, text: &str, padding: &mut Option<Rng>, frames: &mut FrameBuf) {
        let most = self.template.len() + text.len() + 2 + PADDED;
        frames.reserve_for(most, || self.len(text, padding.is_some()));
        frames.frame(|out| {
            let mut length = self.length;
            self.template.render(out, |hole, out| match hole {
                Hole::Text(TEXT) => {
                    let start = out.len();
                    put_text(out, text);
                    length += characters(&out[start..]);
                }
                _ => {
                    if let Some(rng) = padding {
                        put_padding(out, rng, length);
                    }
                }
            });
        });
    }
}

impl Chunks {
    pub(super) fn new(identity: Identity<'_>, flags: u32) -> Self {
        Self {
            id: identity.id,
            created: identity.created,
            model: identity.model.into(),
            has_logprobs: identity.has_logprobs,
            top_logprobs: identity.top_logprobs,
            fingerprint: identity.fingerprint,
            tier: identity.tier,
            speaks: identity.speaks,
            includes_usage: flags & INCLUDE_USAGE != 0,
            padding: (flags & PLAIN == 0).then(|| identity.entropy.rng(SALT_PADDING)),
        }
    }

    pub(super) fn delta_frame(&self, lane: &Lane) -> DeltaFrame {
        let text = hole::text(TEXT);
        let arguments;
        let delta = match lane.part {
            Part::None | Part::Audio | Part::Text => {
                Delta { content: Some(Some(text)), ..Delta::default() }
            }
            Part::Refusal => Delta { refusal: Some(Some(text)), ..Delta::default() },
            Part::ToolCall(call) => {
                arguments = [lane.fragment(call, text)];
                Delta { tool_calls: Some(&arguments), ..Delta::default() }
            }
        };
        let choice = self.of(lane, delta, None, None);
        let padding = self.padding.as_ref().map(|_| hole::text(PADDING));
        let json =
            JsonStyle::COMPACT.to_string(&self.chunk(&[choice], lane.has_tools, None, padding));
        let holes = characters(text.as_bytes()) + padding.map_or(0, |p| characters(p.as_bytes()));
        let mut frame = FrameBuf::new();
        SSE.text(&mut frame, &json);
        let frame = frame.take_all().unwrap_or_default();
        // The quotes around the text are counted with the text.
        let length = characters(json.as_bytes()) - holes - 2;
        DeltaFrame { template: Template::compile(&frame), length }
    }

    pub(super) fn delta(&mut self, lane: &Lane, delta: Delta<'_>, frames: &mut FrameBuf) {
        self.choice(lane, delta, None, None, frames);
    }

    pub(super) fn choice(
        &mut self,
        lane: &Lane,
        delta: Delta<'_>,
        logprobs: Option<Logprobs<'_>>,
        finish: Option<&'static str>,
        frames: &mut FrameBuf,
    ) {
        let choice = self.of(lane, delta, logprobs, finish);
        self.send(frames, &[choice], lane.has_tools, None);
    }

    pub(super) fn send(
        &mut self,
        frames: &mut FrameBuf,
        choices: &[ChunkChoice<'_>],
        has_tools: bool,
        usage: Option<Option<CompletionUsage>>,
    ) {
        let Some(mut rng) = self.padding.take() else {
            SSE.data(frames, &self.chunk(choices, has_tools, usage, None));
            return;
        };
        let json = JsonStyle::COMPACT.to_vec(&self.chunk(choices, has_tools, usage, Some("")));
        // It comes last, whatever else there is.
        let bare = json.strip_suffix(b"\"\"}").unwrap_or(&json);
        SSE.framed(frames, None, |out| {
            out.put_slice(bare);
            put_padding(out, &mut rng, characters(&json));
            out.put_u8(b'}');
        });
        self.padding = Some(rng);
    }

    fn of<'a>(
        &self,
        lane: &Lane,
        delta: Delta<'a>,
        logprobs: Option<Logprobs<'a>>,
        finish: Option<&'static str>,
    ) -> ChunkChoice<'a> {
        ChunkChoice {
            index: lane.index,
            delta,
            logprobs: self.has_logprobs.then_some(logprobs),
            finish_reason: finish,
        }
    }

    fn chunk<'a>(
        &'a self,
        choices: &'a [ChunkChoice<'a>],
        has_tools: bool,
        usage: Option<Option<CompletionUsage>>,
        obfuscation: Option<&'a str>,
    ) -> ChatCompletionChunk<'a> {
        let has_usage = self.includes_usage;
        ChatCompletionChunk {
            id: self.id.as_str(),
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            service_tier: self.tier,
            system_fingerprint: self.fingerprint.as_ref().map(Fingerprint::as_str),
            usage_before: (has_usage && has_tools).then_some(()),
            choices,
            usage: usage.or((has_usage && !has_tools).then_some(None)),
            obfuscation,
        }
    }
}

/// The longest padding, and its quotes.
const PADDED: usize = 16 + 2;

const TEXT: u8 = 0;
const PADDING: u8 = 1;
const SALT_PADDING: u64 = 2;
