//! A generated content as a stream: of events, or as the items of one JSON array.
//!
//! The reason to stop is in the last chunk, which is known to be the last only when the reply
//! ends; so one chunk is always held back.

mod chunks;
mod framing;
mod held;
mod more;
mod place;

use std::borrow::Cow;

use bytes::BufMut;
use http::Response;

use self::chunks::{Form, chunk};
use self::framing::Framing;
pub(super) use self::framing::{ARRAY, EVENTS};
use self::held::{Held, Kind};
use self::place::Place;
use super::ending::Ending;
use super::identity::Identity;
use super::part::{arguments, malformed};
use super::response::GenerateContentResponse;
use super::usage::UsageMetadata;
use super::{SSE, headers};
use crate::provider::{Context, Entropy, StreamEncoder};
use crate::reply::{Finish, PartStart, ReplyEvent, Usage};
use crate::util::tokens;
use crate::wire::{FrameBuf, FrameKind, Template};

pub(super) fn stream(cx: &Context<'_>) -> Response<Box<dyn StreamEncoder>> {
    let encoder = encoder(cx);
    let is_sse = matches!(encoder.framing, Framing::Events(_));
    let mut response = Response::new(Box::new(encoder) as Box<dyn StreamEncoder>);
    *response.headers_mut() = headers::stream(cx.entropy, is_sse);
    response
}

fn encoder(cx: &Context<'_>) -> Encoder {
    let identity = Identity::of(cx);
    let ending = Ending::of(cx, &identity);
    let framing = if cx.request.call.flags & SSE != 0 {
        Framing::Events(EVENTS)
    } else {
        Framing::Array(ARRAY)
    };
    // What is sound is told at the end.
    let known = Usage { audio_output: 0, ..cx.usage };
    Encoder::new(identity.into_owned(), ending, framing, known, cx.entropy)
}

#[derive(Debug)]
struct Encoder {
    identity: Identity<'static>,
    framing: Framing,
    /// What was known when the stream began: all of it, or the prompt alone.
    known: Usage,
    /// Tokens so far, of all candidates.
    said: u64,
    thought: u64,
    /// Those of pictures, which are among the said.
    images: u64,
    open: Open,
    /// The function call that is open, and its arguments as far as they came.
    name: String,
    id: Option<String>,
    arguments: String,
    /// The signature over the last thought, as long as no part bears it.
    owed: Option<Cow<'static, str>>,
    place: Place,
    held: Held,
    ending: Ending,
    template: Option<(Form, Template)>,
    entropy: Entropy,
    /// The candidates that are not spoken for at the moment.
    others: Vec<Encoder>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Open {
    None,
    Refusal,
    Text { thought: bool },
    ToolCall,
}

impl StreamEncoder for Encoder {
    fn encode(&mut self, event: ReplyEvent<'_>, frames: &mut FrameBuf) {
        match event {
            ReplyEvent::Start => {}
            ReplyEvent::PartStart { index, part: PartStart::Whole(part) } => {
                self.whole(index, part, frames);
            }
            ReplyEvent::PartStart { part, .. } => self.start(part),
            ReplyEvent::Delta(text) => self.delta(text, frames),
            ReplyEvent::PartEnd => self.part_end(frames),
            ReplyEvent::Choice(choice) => self.turn_to(choice),
            ReplyEvent::ChoiceEnd { finish } => self.choice_end(finish, frames),
            // `can_say` names what makes calls take turns.
            ReplyEvent::Resume { .. } => {}
            ReplyEvent::Safety(ratings) => self.ending.safety.extend_from_slice(ratings),
            ReplyEvent::End { finish, usage } => self.end(finish, usage, frames),
        }
    }
}

impl Encoder {
    /// For a candidate that has not said anything.
    fn new(
        identity: Identity<'static>,
        ending: Ending,
        framing: Framing,
        known: Usage,
        entropy: Entropy,
    ) -> Self {
        let mut encoder = Self {
            identity,
            framing,
            known,
            said: 0,
            thought: 0,
            images: 0,
            open: Open::None,
            name: String::new(),
            id: None,
            arguments: String::new(),
            owed: None,
            place: Place::default(),
            held: Held::default(),
            ending,
            template: None,
            entropy,
            others: Vec::new(),
        };
        encoder.owe_unseen();
        encoder
    }

    /// The model thinks and does not show it, where thoughts are counted from the start: that is
    /// signed as well.
    fn owe_unseen(&mut self) {
        if self.known.reasoning > 0 {
            self.owed = self.identity.signature(None).map(owned);
        }
    }

    fn start(&mut self, part: PartStart<'_>) {
        self.open = match part {
            PartStart::Reasoning { signature } => {
                self.sign();
                self.owed = self.identity.signature(signature).map(owned);
                Open::Text { thought: true }
            }
            PartStart::Refusal => Open::Refusal,
            PartStart::Text { citations } => {
                self.place.cite(citations);
                Open::Text { thought: false }
            }
            PartStart::Whole(_) => Open::None,
            PartStart::ToolCall { call, id, name, .. } => {
                self.said += tokens::count(name);
                self.name.clear();
                self.name.push_str(name);
                self.id = self.identity.call_id(call, id).map(Into::into);
                self.arguments.clear();
                Open::ToolCall
            }
        };
    }

    fn delta(&mut self, text: &str, frames: &mut FrameBuf) {
        let count = tokens::count(text);
        match self.open {
            Open::Text { thought: true } => self.thought += count,
            _ => self.said += count,
        }
        match self.open {
            Open::None => {}
            Open::Refusal => self.ending.refusal.push_str(text),
            Open::Text { thought } => {
                self.flush(frames);
                self.hold(Kind::Text { thought }, text);
                if self.identity.logprobs.is_some() && !thought {
                    self.held.logprobs = Some(self.logprobs(text));
                }
                self.place.add(text);
            }
            // A call is sent whole.
            Open::ToolCall => self.arguments.push_str(text),
        }
    }

    fn part_end(&mut self, frames: &mut FrameBuf) {
        match std::mem::replace(&mut self.open, Open::None) {
            Open::ToolCall => {}
            Open::Text { thought } => return self.place.end(thought, &mut self.ending.sources),
            Open::None | Open::Refusal => return,
        }
        let text = std::mem::take(&mut self.arguments);
        if arguments(&text).is_some() {
            self.flush(frames);
            self.hold(Kind::ToolCall, &text);
            std::mem::swap(&mut self.held.name, &mut self.name);
            self.held.id = self.id.take();
            self.held.signature = self.owed.take();
            self.place.skip(1);
            self.ending.called = true;
        } else {
            self.ending.malformed = Some(malformed(&self.name, &text));
        }
        self.arguments = text;
    }

    fn end(&mut self, finish: &Finish, usage: Usage, frames: &mut FrameBuf) {
        let usage = UsageMetadata::new(usage, self.identity.has_index).of_which_images(self.images);
        self.last(finish, usage, frames);
        if let Framing::Array(array) = &mut self.framing {
            array.end(frames);
            frames.mark(FrameKind::Terminator);
        }
    }

    /// The chunk that ends a candidate.
    fn last(&mut self, finish: &Finish, usage: UsageMetadata, frames: &mut FrameBuf) {
        self.sign();
        if self.owed.is_some() && Ending::is_signed(finish) {
            self.flush(frames);
            self.hold(Kind::Text { thought: false }, "");
            self.held.signature = self.owed.take();
        }
        if Ending::is_apart(finish) {
            self.flush(frames);
        }
        let logprobs = self.held.logprobs.take();
        let part = self.held.part();
        let mut candidate = self.ending.candidate(&self.identity, part.as_slice(), finish);
        if let Some(candidate) = &mut candidate {
            candidate.logprobs_result = logprobs;
        }
        let chunk = GenerateContentResponse {
            prompt_feedback: self.ending.feedback(finish),
            ..chunk(&self.identity, candidate, usage)
        };
        let style = self.framing.style();
        self.framing.frame(frames, |out| style.put(out.writer(), &chunk));
        frames.mark(FrameKind::Finish);
    }

    fn hold(&mut self, kind: Kind, text: &str) {
        self.held.kind = Some(kind);
        self.held.text.clear();
        self.held.text.push_str(text);
        self.held.usage = self.usage();
    }

    /// Text that follows a thought is signed where it ends, if no function call took the
    /// signature.
    fn sign(&mut self) {
        let held = &mut self.held;
        if held.kind == Some(Kind::Text { thought: false }) && held.signature.is_none() {
            held.signature = self.owed.take();
        }
    }

    /// Tokens so far, never more than are known to come.
    fn usage(&self) -> Usage {
        let known = self.known;
        let said = match known.output.saturating_sub(known.reasoning) {
            // Models before 2.5 count at the end.
            _ if !self.identity.has_index => 0,
            0 => self.said,
            most => self.said.min(most),
        };
        // Thoughts that are not shown are over before the first word.
        let thought = match known.reasoning {
            0 => self.thought,
            most if self.said > 0 => most,
            most => self.thought.min(most),
        };
        Usage { output: said + thought, reasoning: thought, ..known }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}
