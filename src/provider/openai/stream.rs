//! A chat completion as a stream of chunks.

use bytes::BytesMut;
use http::Response;

use super::chunk::{AudioDelta, ChatCompletionChunk, ChunkChoice, Delta, characters, put_padding};
use super::completion::{CompletionUsage, Function, ToolCall, finish_reason};
use super::extra::Fields;
use super::identity::{Identity, audio_expiry, audio_id, call_id};
use super::lane::{DeltaFrame, Lane, Part};
use super::logprobs::{Logprobs, tokens};
use super::{INCLUDE_USAGE, PLAIN, headers};
use crate::provider::{Context, StreamEncoder};
use crate::reply::{self, Audio, Finish, PartStart, Raw, ReplyEvent};
use crate::util::base64::base64;
use crate::util::rng::Rng;
use crate::util::tokens::Chunking;
use crate::wire::{FrameBuf, Hole, JsonStyle, Sse, Template, hole, put_text};

const SSE: Sse = Sse::lf(JsonStyle::COMPACT);

pub(super) fn stream(cx: &Context<'_>) -> Response<Box<dyn StreamEncoder>> {
    let Identity {
        id,
        created,
        model,
        has_logprobs,
        top_logprobs,
        fingerprint,
        tier,
        speaks,
        entropy,
    } = Identity::of(cx);
    let mut lanes =
        cx.reply.choices().enumerate().map(|(index, reply)| Lane::new(index, reply, entropy));
    let flags = cx.request.call.flags;
    let encoder = Encoder {
        chunks: Chunks {
            id,
            created,
            model: model.to_owned(),
            has_logprobs,
            top_logprobs,
            fingerprint,
            tier,
            speaks,
            includes_usage: flags & INCLUDE_USAGE != 0,
            padding: (flags & PLAIN == 0).then(|| entropy.rng(SALT_PADDING)),
        },
        lane: lanes.next().expect("a reply is its own first choice"),
        others: lanes.collect(),
    };
    let mut response = Response::new(Box::new(encoder) as Box<dyn StreamEncoder>);
    *response.headers_mut() =
        headers::answer(cx.entropy, cx.usage.input, "text/event-stream; charset=utf-8");
    response
}

#[derive(Debug)]
struct Encoder {
    chunks: Chunks,
    /// The choice that is being said.
    lane: Lane,
    others: Vec<Lane>,
}

/// What all chunks share, and how they are sent.
#[derive(Debug)]
struct Chunks {
    id: String,
    created: u64,
    model: String,
    has_logprobs: bool,
    top_logprobs: Option<usize>,
    fingerprint: Option<String>,
    tier: Option<&'static str>,
    speaks: bool,
    includes_usage: bool,
    padding: Option<Rng>,
}

impl StreamEncoder for Encoder {
    fn encode(&mut self, event: ReplyEvent<'_>, frames: &mut FrameBuf) {
        match event {
            ReplyEvent::Start => {}
            ReplyEvent::PartStart { index, part } => self.start(index, part, frames),
            ReplyEvent::Delta(text) => self.delta(text, frames),
            ReplyEvent::PartEnd => {
                self.lane.part = Part::None;
                self.lane.delta = None;
            }
            ReplyEvent::Choice(index) => {
                let wanted = self.others.iter_mut().find(|lane| lane.index == index);
                if let Some(lane) = wanted {
                    std::mem::swap(&mut self.lane, lane);
                }
            }
            ReplyEvent::Resume { index } => self.lane.resume(index),
            ReplyEvent::ChoiceEnd { finish } => self.finish(finish, frames),
            // `can_say` names the ratings.
            ReplyEvent::Safety(_) => {}
            ReplyEvent::End { finish, usage } => {
                self.finish(finish, frames);
                if self.chunks.includes_usage {
                    let usage = CompletionUsage::of(usage, self.chunks.speaks);
                    self.chunks.send(frames, &[], false, Some(Some(usage)));
                }
                SSE.text(frames, "[DONE]");
            }
        }
    }
}

impl Encoder {
    fn start(&mut self, index: usize, part: PartStart<'_>, frames: &mut FrameBuf) {
        self.lane.part = match part {
            // This API does not show it.
            PartStart::Reasoning { .. } => return,
            PartStart::Refusal => Part::Refusal,
            PartStart::Text { .. } => Part::Text,
            PartStart::ToolCall { call, .. } => Part::ToolCall(call),
            PartStart::Whole(part) => return self.whole(part, frames),
        };
        self.lane.has_tools |= matches!(self.lane.part, Part::ToolCall(_));
        self.role(self.lane.part, frames);
        if let PartStart::ToolCall { call, id, name, .. } = part {
            let id = call_id(self.lane.entropy, call, id);
            self.lane.begin(index, &id);
            self.lane.delta = None;
            let call = ToolCall {
                index: self.lane.call_index(call),
                id: Some(&id),
                r#type: Some("function"),
                function: Function { name: Some(name), arguments: "" },
            };
            let delta = Delta { tool_calls: Some(&[call]), ..Delta::default() };
            self.chunks.delta(&self.lane, delta, frames);
        }
    }

    /// The first chunk, once.
    fn role(&mut self, part: Part, frames: &mut FrameBuf) {
        if std::mem::replace(&mut self.lane.has_role, true) {
            return;
        }
        let (content, refusal) = match part {
            Part::None | Part::Text => (Some(""), Some(None)),
            Part::Audio => (None, Some(None)),
            Part::Refusal => (None, Some(Some(""))),
            Part::ToolCall(_) => (None, None),
        };
        let logprobs = self.chunks.top_logprobs.and_then(|_| match part {
            Part::None | Part::Text => Some(Logprobs::of_content(Vec::new())),
            Part::Refusal => Some(Logprobs::of_refusal(Vec::new())),
            Part::Audio | Part::ToolCall(_) => None,
        });
        let content = Some(content);
        let delta = Delta { role: Some("assistant"), content, refusal, ..Delta::default() };
        self.chunks.choice(&self.lane, delta, logprobs, None, frames);
    }

    /// The hot path: everything but the text and the padding is the same from chunk to chunk.
    fn delta(&mut self, text: &str, frames: &mut FrameBuf) {
        let lane = &mut self.lane;
        match lane.part {
            Part::None | Part::Audio => return,
            Part::Refusal | Part::Text if self.chunks.top_logprobs.is_some() => {
                return self.delta_with_logprobs(text, frames);
            }
            _ => {}
        }
        let frame = match lane.delta.take() {
            Some(frame) => frame,
            None => self.chunks.delta_frame(lane),
        };
        let padding = &mut self.chunks.padding;
        frames.frame(|out| {
            let mut length = frame.length;
            frame.template.render(out, |hole, out| match hole {
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
        lane.delta = Some(frame);
    }

    fn delta_with_logprobs(&mut self, text: &str, frames: &mut FrameBuf) {
        let lane = &mut self.lane;
        let is_refusal = lane.part == Part::Refusal;
        let said = &mut lane.said[usize::from(is_refusal)];
        let top = self.chunks.top_logprobs.unwrap_or_default();
        let tokens = tokens(text, *said, top, lane.entropy);
        *said += text.len();
        let (delta, logprobs) = match is_refusal {
            false => (
                Delta { content: Some(Some(text)), ..Delta::default() },
                Logprobs::of_content(tokens),
            ),
            true => (
                Delta { refusal: Some(Some(text)), ..Delta::default() },
                Logprobs::of_refusal(tokens),
            ),
        };
        self.chunks.choice(lane, delta, Some(logprobs), None, frames);
    }

    /// A part that comes as it is.
    fn whole(&mut self, part: &reply::Part, frames: &mut FrameBuf) {
        match part {
            reply::Part::Audio(audio) => self.audio(audio, frames),
            reply::Part::Raw(raw) => self.raw(raw, frames),
            // `can_say` names them.
            _ => {}
        }
    }

    fn audio(&mut self, audio: &Audio, frames: &mut FrameBuf) {
        self.role(Part::Audio, frames);
        if !std::mem::replace(&mut self.lane.has_audio, true) {
            let id = audio_id(self.lane.entropy, self.chunks.created);
            self.sound(AudioDelta { id: Some(&id), ..AudioDelta::default() }, frames);
        }
        let mut rest = audio.transcript();
        while !rest.is_empty() {
            let (word, more) = rest.split_at(Chunking::Tokens.first(rest));
            self.sound(AudioDelta { transcript: Some(word), ..AudioDelta::default() }, frames);
            rest = more;
        }
        for piece in audio.media().data().chunks(SOUND) {
            let data = base64(piece);
            self.sound(AudioDelta { data: Some(&data), ..AudioDelta::default() }, frames);
        }
    }

    fn sound(&mut self, audio: AudioDelta<'_>, frames: &mut FrameBuf) {
        let delta = Delta { audio: Some(audio), ..Delta::default() };
        self.chunks.delta(&self.lane, delta, frames);
    }

    fn raw(&mut self, raw: &Raw, frames: &mut FrameBuf) {
        self.role(Part::Text, frames);
        let mut fields = Fields::default();
        fields.add(raw);
        let delta = Delta { raw: Some(fields), ..Delta::default() };
        self.chunks.delta(&self.lane, delta, frames);
    }

    fn finish(&mut self, finish: &Finish, frames: &mut FrameBuf) {
        self.role(Part::Text, frames);
        if self.lane.has_audio {
            let expires_at = Some(audio_expiry(self.chunks.created));
            self.sound(AudioDelta { expires_at, ..AudioDelta::default() }, frames);
        }
        let lane = &mut self.lane;
        lane.has_tools = false;
        let delta = Delta { annotations: &lane.annotations, ..Delta::default() };
        self.chunks.choice(lane, delta, None, Some(finish_reason(finish)), frames);
    }
}

impl Chunks {
    fn delta_frame(&self, lane: &Lane) -> DeltaFrame {
        let text = hole::TEXT[TEXT];
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
        let padding = self.padding.as_ref().map(|_| hole::TEXT[PADDING]);
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

    fn delta(&mut self, lane: &Lane, delta: Delta<'_>, frames: &mut FrameBuf) {
        self.choice(lane, delta, None, None, frames);
    }

    fn choice(
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

    fn send(
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
        let bare = JsonStyle::COMPACT.to_vec(&self.chunk(choices, has_tools, usage, Some("")));
        let mut padding = BytesMut::with_capacity(18);
        put_padding(&mut padding, &mut rng, characters(&bare));
        let padding =
            std::str::from_utf8(&padding).unwrap_or_default().trim_matches('"').to_owned();
        SSE.data(frames, &self.chunk(choices, has_tools, usage, Some(&padding)));
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
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            service_tier: self.tier,
            system_fingerprint: self.fingerprint.as_deref(),
            usage_before: (has_usage && has_tools).then_some(()),
            choices,
            usage: usage.or((has_usage && !has_tools).then_some(None)),
            obfuscation,
        }
    }
}

const TEXT: usize = 0;
const PADDING: usize = 1;
const SALT_PADDING: u64 = 2;

/// Bytes of sound in a chunk: three make four letters, so that each chunk can be read by itself.
const SOUND: usize = 3 * 1024;
