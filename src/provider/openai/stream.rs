//! A chat completion as a stream of chunks.

mod chunk;
mod chunks;
mod lane;

use http::Response;

use self::chunk::{AudioDelta, Delta};
use self::chunks::Chunks;
pub(super) use self::chunks::SSE;
use self::lane::{Lane, Part};
use super::completion::{Function, ToolCall, finish_reason};
use super::extra::Fields;
use super::headers;
use super::identity::{audio_expiry, audio_id, call_id};
use super::logprobs::{Logprobs, tokens};
use crate::provider::{Context, StreamEncoder};
use crate::reply::{self, Audio, Finish, PartStart, Raw, ReplyEvent};
use crate::util::base64::base64;
use crate::util::tokens::Chunking;
use crate::wire::{FrameBuf, FrameKind};

pub(super) fn stream(cx: &Context<'_>) -> Response<Box<dyn StreamEncoder>> {
    let choices = cx.reply.choices().enumerate();
    let mut lanes = choices.map(|(index, reply)| Lane::new(index, reply, cx.entropy));
    let encoder = Encoder {
        chunks: Chunks::new(cx),
        lane: lanes.next().expect("a reply is its own first choice"),
        others: lanes.collect(),
    };
    let mut response = Response::new(Box::new(encoder) as Box<dyn StreamEncoder>);
    *response.headers_mut() =
        headers::answer(cx.entropy, cx.usage.input, cx.levels, "text/event-stream; charset=utf-8");
    response
}

#[derive(Debug)]
struct Encoder {
    chunks: Chunks,
    /// The choice that is being said.
    lane: Lane,
    others: Box<[Lane]>,
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
                if self.chunks.includes_usage() {
                    self.chunks.usage(usage, frames);
                }
                SSE.text(frames, "[DONE]");
                frames.mark(FrameKind::Terminator);
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
            let calls = [ToolCall {
                index: self.lane.call_index(call),
                id: Some(&id),
                r#type: Some("function"),
                function: Function { name: Some(name), arguments: "" },
            }];
            let delta = Delta { tool_calls: Some(&calls), ..Delta::default() };
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
        let logprobs = self.chunks.top_logprobs().and_then(|_| match part {
            Part::None | Part::Text => Some(Logprobs::of_content(Vec::new())),
            Part::Refusal => Some(Logprobs::of_refusal(Vec::new())),
            Part::Audio | Part::ToolCall(_) => None,
        });
        let content = Some(content);
        let delta = Delta { role: Some("assistant"), content, refusal, ..Delta::default() };
        self.chunks.choice(&self.lane, delta, logprobs, None, frames);
    }

    fn delta(&mut self, text: &str, frames: &mut FrameBuf) {
        if self.lane.delta.is_none() {
            match self.lane.part {
                Part::None | Part::Audio => return,
                Part::Refusal | Part::Text if self.chunks.top_logprobs().is_some() => {
                    return self.delta_with_logprobs(text, frames);
                }
                _ => self.lane.delta = Some(self.chunks.delta_frame(&self.lane)),
            }
        }
        if let Some(frame) = &self.lane.delta {
            frame.render(text, &mut self.chunks.padding, frames);
        }
    }

    fn delta_with_logprobs(&mut self, text: &str, frames: &mut FrameBuf) {
        let lane = &mut self.lane;
        let is_refusal = lane.part == Part::Refusal;
        let said = lane.say(is_refusal, text.len());
        let top = self.chunks.top_logprobs().unwrap_or_default();
        let tokens = tokens(text, said, top, lane.entropy);
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
        let delta = Delta { annotations: lane.annotations(), ..Delta::default() };
        self.chunks.choice(lane, delta, None, Some(finish_reason(finish)), frames);
        frames.mark(FrameKind::Finish);
    }
}

/// Bytes of sound in a chunk: three make four letters, so that each chunk can be read by itself.
const SOUND: usize = 3 * 1024;
