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
use self::held::{Counts, Held, Kind, More};
use self::place::Place;
use super::ending::Ending;
use super::identity::Identity;
use super::part::{arguments, malformed};
use super::response::{GenerateContentResponse, is_cited};
use super::usage::UsageMetadata;
use super::{SSE, headers};
use crate::provider::{Context, StreamEncoder};
use crate::reply::{Finish, PartStart, ReplyEvent, SmallUsage, Usage};
use crate::util::tokens::{self, Chunking};
use crate::wire::{FrameBuf, FrameKind, Template};

pub(super) fn stream(cx: &Context<'_>) -> Response<Box<dyn StreamEncoder>> {
    let encoder = encoder(cx);
    let is_sse = matches!(encoder.framing, Framing::Events);
    let mut response = Response::new(Box::new(encoder) as Box<dyn StreamEncoder>);
    *response.headers_mut() = headers::stream(cx.entropy, is_sse);
    response
}

fn encoder(cx: &Context<'_>) -> Encoder {
    let identity = Identity::of(cx);
    let ending = Ending::of(cx, &identity);
    let is_sse = cx.request.call.flags & SSE != 0;
    let framing = if is_sse { Framing::Events } else { Framing::Array { open: false } };
    // What is sound is told at the end.
    let known = Usage { audio_output: 0, ..cx.usage };
    let mut encoder = Encoder::new(identity.into_owned(), ending, framing, known);
    encoder.pieces_are_tokens = cx.chunking == Some(Chunking::Tokens);
    if encoder.identity.logprobs.is_some() || cx.reply.choices().any(is_cited) {
        encoder.place = Some(Box::default());
    }
    encoder
}

/// A stream holds it for as long as it waits for its next token, so it is small.
#[derive(Debug)]
struct Encoder {
    identity: Identity<'static>,
    framing: Framing,
    /// What was known when the stream began: all of it, or the prompt alone.
    known: SmallUsage,
    /// Tokens so far, of all candidates.
    counts: Counts,
    /// Whether each piece of a text is one token, by the way in which it is cut.
    pieces_are_tokens: bool,
    open: Open,
    /// Only where something is cited, or log-probabilities are wanted.
    place: Option<Box<Place>>,
    held: Held,
    /// For chunks of the form, once there was one.
    template: Option<Template>,
    form: Form,
    rare: Option<Box<Rare>>,
}

/// What few streams have, or not before their end.
#[derive(Debug, Default)]
struct Rare {
    /// Tokens of pictures, which are among the said.
    images: u64,
    /// The function call that is open, and its arguments as far as they came.
    name: String,
    id: Option<String>,
    arguments: String,
    /// The signature over the last thought, as long as no part bears it.
    owed: Option<Cow<'static, str>>,
    ending: Ending,
    /// The candidates that are not spoken for at the moment.
    others: Vec<Encoder>,
}

/// Tokens of the answer, as a chunk tells them.
struct Told {
    said: u64,
    thought: u64,
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
            ReplyEvent::Safety(ratings) => self.rare().ending.safety.extend_from_slice(ratings),
            ReplyEvent::End { finish, usage } => self.end(finish, usage, frames),
        }
    }
}

impl Encoder {
    /// For a candidate that has not said anything.
    fn new(identity: Identity<'static>, ending: Ending, framing: Framing, known: Usage) -> Self {
        let is_rare = ending.may_search();
        let mut encoder = Self {
            place: None,
            identity,
            framing,
            known: known.into(),
            counts: Counts::default(),
            pieces_are_tokens: false,
            open: Open::None,
            held: Held::default(),
            template: None,
            form: Form::default(),
            rare: is_rare.then(|| Box::new(Rare { ending, ..Rare::default() })),
        };
        encoder.owe_unseen();
        encoder
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    fn owed(&mut self) -> Option<Cow<'static, str>> {
        self.rare.as_mut()?.owed.take()
    }

    /// The model thinks and does not show it, where thoughts are counted from the start: that is
    /// signed as well.
    fn owe_unseen(&mut self) {
        if self.known.reasoning() > 0 {
            self.owe(None);
        }
    }

    fn owe(&mut self, given: Option<&str>) {
        let signature = self.identity.signature(given).map(owned);
        if signature.is_some() || self.rare.is_some() {
            self.rare().owed = signature;
        }
    }

    fn start(&mut self, part: PartStart<'_>) {
        self.open = match part {
            PartStart::Reasoning { signature } => {
                self.sign();
                self.owe(signature);
                Open::Text { thought: true }
            }
            PartStart::Refusal => Open::Refusal,
            PartStart::Text { citations } => {
                if let Some(place) = &mut self.place {
                    place.cite(citations);
                }
                Open::Text { thought: false }
            }
            PartStart::Whole(_) => Open::None,
            PartStart::ToolCall { call, id, name, .. } => {
                self.counts.say(tokens::count(name));
                let id = self.identity.call_id(call, id).map(Into::into);
                let rare = self.rare();
                rare.name.clear();
                rare.name.push_str(name);
                rare.id = id;
                rare.arguments.clear();
                Open::ToolCall
            }
        };
    }

    fn delta(&mut self, text: &str, frames: &mut FrameBuf) {
        let count = match self.open {
            Open::Text { .. } if self.pieces_are_tokens => 1,
            _ => tokens::count(text),
        };
        match self.open {
            Open::Text { thought: true } => self.counts.think(count),
            _ => self.counts.say(count),
        }
        match self.open {
            Open::None => {}
            Open::Refusal => self.rare().ending.refusal.push_str(text),
            Open::Text { thought } => {
                self.flush(frames);
                self.hold(Kind::Text { thought }, text);
                if self.identity.logprobs.is_some() && !thought {
                    self.held.more().logprobs = Some(self.logprobs(text));
                }
                if let Some(place) = &mut self.place {
                    place.add(text);
                }
            }
            // A call is sent whole.
            Open::ToolCall => self.rare().arguments.push_str(text),
        }
    }

    fn part_end(&mut self, frames: &mut FrameBuf) {
        match std::mem::replace(&mut self.open, Open::None) {
            Open::ToolCall => {}
            Open::Text { thought } => {
                if let Some(place) = &mut self.place {
                    place.end(thought, &mut self.rare.get_or_insert_default().ending.sources);
                }
                return;
            }
            Open::None | Open::Refusal => return,
        }
        let rare = self.rare();
        let text = std::mem::take(&mut rare.arguments);
        if arguments(&text).is_some() {
            rare.ending.called = true;
            let (name, id) = (std::mem::take(&mut rare.name), rare.id.take());
            let signature = rare.owed.take();
            self.flush(frames);
            self.hold(Kind::ToolCall, &text);
            self.held.more = Some(Box::new(More { name, id, signature, ..More::default() }));
            self.skip(1);
        } else {
            rare.ending.malformed = Some(malformed(&rare.name, &text));
        }
        self.rare().arguments = text;
    }

    /// Parts that are no text.
    fn skip(&mut self, parts: usize) {
        if let Some(place) = &mut self.place {
            place.skip(parts);
        }
    }

    fn end(&mut self, finish: &Finish, usage: Usage, frames: &mut FrameBuf) {
        let images = self.rare.as_ref().map_or(0, |rare| rare.images);
        let usage = UsageMetadata::new(usage, self.identity.has_index).of_which_images(images);
        self.last(finish, usage, frames);
        if let Framing::Array { open } = self.framing {
            ARRAY.opened(open).end(frames);
            frames.mark(FrameKind::Terminator);
        }
    }

    /// The chunk that ends a candidate.
    fn last(&mut self, finish: &Finish, usage: UsageMetadata, frames: &mut FrameBuf) {
        self.sign();
        if Ending::is_signed(finish)
            && let Some(signature) = self.owed()
        {
            self.flush(frames);
            self.hold(Kind::Text { thought: false }, "");
            self.held.more().signature = Some(signature);
        }
        if Ending::is_apart(finish) {
            self.flush(frames);
        }
        let logprobs = self.held.logprobs();
        let part = self.held.part();
        let rare = self.rare.take().unwrap_or_default();
        let mut candidate = rare.ending.candidate(&self.identity, part.as_slice(), finish);
        if let Some(candidate) = &mut candidate {
            candidate.logprobs_result = logprobs;
        }
        let chunk = GenerateContentResponse {
            prompt_feedback: rare.ending.feedback(finish),
            ..chunk(&self.identity, candidate, usage)
        };
        let style = self.framing.style();
        self.framing.frame(frames, |out| style.put(out.writer(), &chunk));
        frames.mark(FrameKind::Finish);
        self.rare = Some(rare);
    }

    fn hold(&mut self, kind: Kind, text: &str) {
        self.held.kind = Some(kind);
        self.held.text.clear();
        self.held.text.push_str(text);
        self.held.counts = self.counts;
    }

    /// Text that follows a thought is signed where it ends, if no function call took the
    /// signature.
    fn sign(&mut self) {
        let is_signed = self.held.more.as_ref().is_some_and(|more| more.signature.is_some());
        if self.held.kind == Some(Kind::Text { thought: false })
            && !is_signed
            && let Some(signature) = self.owed()
        {
            self.held.more().signature = Some(signature);
        }
    }

    /// What is told of so many tokens: never more than are known to come.
    fn told(&self, counts: Counts) -> Told {
        let (known, reasoning) = (&self.known, self.known.reasoning());
        let (said, thought) = (u64::from(counts.said), u64::from(counts.thought));
        Told {
            said: match known.output.saturating_sub(reasoning) {
                // Models before 2.5 count at the end.
                _ if !self.identity.has_index => 0,
                0 => said,
                most => said.min(most),
            },
            // Thoughts that are not shown are over before the first word.
            thought: match reasoning {
                0 => thought,
                most if said > 0 => most,
                most => thought.min(most),
            },
        }
    }

    fn usage(&self, counts: Counts) -> Usage {
        let Told { said, thought } = self.told(counts);
        Usage { output: said + thought, reasoning: thought, ..self.known.whole() }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}
