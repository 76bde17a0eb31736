//! How the chunks of a streamed chat completion are sent.

use bytes::BufMut;

use super::chunk::{ChatCompletionChunk, ChunkChoice, Delta, characters, padding, put_padding};
use super::lane::{Lane, Part};
use crate::provider::openai::completion::CompletionUsage;
use crate::provider::openai::identity::{Fingerprint, Identity, top_logprobs};
use crate::provider::openai::logprobs::Logprobs;
use crate::provider::openai::{INCLUDE_USAGE, PLAIN, models};
use crate::provider::{Context, Entropy};
use crate::reply::Usage;
use crate::util::rng::Rng;
use crate::wire::{FrameBuf, Hole, JsonStyle, Sse, Template, hole, put_letters};

pub(in crate::provider::openai) const SSE: Sse = Sse::lf(JsonStyle::COMPACT);

/// What all chunks share, and how they are sent.
///
/// A stream that waits for its next token has its identity in the template of its deltas. The few
/// other chunks make it anew from what is here.
#[derive(Debug)]
pub(super) struct Chunks {
    model: Box<str>,
    flags: u32,
    pub(super) created: u64,
    entropy: Entropy,
    pub(super) padding: Option<Rng>,
}

/// A whole frame whose text and padding are still to come.
#[derive(Debug)]
pub(super) struct DeltaFrame {
    template: Template,
    /// Characters of the payload without text and padding.
    length: usize,
}

impl DeltaFrame {
    /// How long the frame of a text is, if nothing in it is escaped: nearly always, and then the frame
    /// takes just so much memory.
    fn len(&self, text: &str, is_padded: bool) -> usize {
        let length = self.length + characters(text.as_bytes());
        let padding = if is_padded { padding(length) } else { 0 };
        self.template.len() + text.len() + padding
    }

    /// The hot path: everything but the text and the padding is the same from chunk to chunk.
    pub(super) fn render(&self, text: &str, padding: &mut Option<Rng>, frames: &mut FrameBuf) {
        let most = self.template.len() + text.len() + PADDED;
        frames.reserve_for(most, || self.len(text, padding.is_some()));
        frames.frame(|out| {
            let mut length = self.length;
            self.template.render(out, |hole, out| match hole {
                Hole::Text(TEXT) => {
                    let start = out.len();
                    put_letters(out, text);
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
    pub(super) fn new(cx: &Context<'_>) -> Self {
        let flags = cx.request.call.flags;
        Self {
            model: cx.answering_model(models::snapshot).into(),
            flags,
            created: cx.created,
            entropy: cx.entropy,
            padding: (flags & PLAIN == 0).then(|| cx.entropy.rng(SALT_PADDING)),
        }
    }

    fn identity(&self) -> Identity<'_> {
        Identity::new(&self.model, self.flags, self.created, self.entropy)
    }

    pub(super) fn top_logprobs(&self) -> Option<usize> {
        top_logprobs(self.flags)
    }

    pub(super) fn includes_usage(&self) -> bool {
        self.flags & INCLUDE_USAGE != 0
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
        let identity = self.identity();
        let choices = [of(&identity, lane, delta, None, None)];
        let padding = self.padding.as_ref().map(|_| hole::text(PADDING));
        let chunk = self.chunk(&identity, &choices, lane.has_tools, None, padding);
        let json = JsonStyle::COMPACT.to_string(&chunk);
        let holes = characters(text.as_bytes()) + padding.map_or(0, |p| characters(p.as_bytes()));
        let mut frame = FrameBuf::new();
        SSE.text(&mut frame, &json);
        let frame = frame.take_all().unwrap_or_default();
        let length = characters(json.as_bytes()) - holes;
        DeltaFrame { template: Template::of_letters(&frame), length }
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
        let mut padding = self.padding.take();
        let identity = self.identity();
        let choices = [of(&identity, lane, delta, logprobs, finish)];
        let obfuscation = padding.as_ref().map(|_| "");
        let chunk = self.chunk(&identity, &choices, lane.has_tools, None, obfuscation);
        send(&chunk, padding.as_mut(), frames);
        self.padding = padding;
    }

    /// The chunk that has the usage, and no choice.
    pub(super) fn usage(&mut self, usage: Usage, frames: &mut FrameBuf) {
        let mut padding = self.padding.take();
        let usage = CompletionUsage::of(usage, models::speaks(&self.model));
        let identity = self.identity();
        let obfuscation = padding.as_ref().map(|_| "");
        let chunk = self.chunk(&identity, &[], false, Some(Some(usage)), obfuscation);
        send(&chunk, padding.as_mut(), frames);
        self.padding = padding;
    }

    fn chunk<'a>(
        &self,
        identity: &'a Identity<'a>,
        choices: &'a [ChunkChoice<'a>],
        has_tools: bool,
        usage: Option<Option<CompletionUsage>>,
        obfuscation: Option<&'a str>,
    ) -> ChatCompletionChunk<'a> {
        let has_usage = self.includes_usage();
        ChatCompletionChunk {
            id: identity.id.as_str(),
            object: "chat.completion.chunk",
            created: identity.created,
            model: identity.model,
            service_tier: identity.tier,
            system_fingerprint: identity.fingerprint.as_ref().map(Fingerprint::as_str),
            usage_before: (has_usage && has_tools).then_some(()),
            choices,
            usage: usage.or((has_usage && !has_tools).then_some(None)),
            obfuscation,
        }
    }
}

fn of<'a>(
    identity: &Identity<'_>,
    lane: &Lane,
    delta: Delta<'a>,
    logprobs: Option<Logprobs<'a>>,
    finish: Option<&'static str>,
) -> ChunkChoice<'a> {
    ChunkChoice {
        index: lane.index,
        delta,
        logprobs: identity.has_logprobs.then_some(logprobs),
        finish_reason: finish,
    }
}

fn send(chunk: &ChatCompletionChunk<'_>, padding: Option<&mut Rng>, frames: &mut FrameBuf) {
    let Some(rng) = padding else { return SSE.data(frames, chunk) };
    let json = JsonStyle::COMPACT.to_vec(chunk);
    // It comes last, whatever else there is.
    let bare = json.strip_suffix(b"\"}").unwrap_or(&json);
    SSE.framed(frames, None, |out| {
        out.put_slice(bare);
        put_padding(out, rng, characters(&json));
        out.put_slice(b"\"}");
    });
}

/// The longest padding.
const PADDED: usize = 16;

const TEXT: u8 = 0;
const PADDING: u8 = 1;
const SALT_PADDING: u64 = 2;
