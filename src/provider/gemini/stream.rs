//! A generated content as a stream: of events, or as the items of one JSON array.
//!
//! The reason to stop is in the last chunk, which is known to be the last only when the reply
//! ends; so one chunk is always held back.

mod more;
mod place;

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};
use http::Response;
use serde_json::value::RawValue;

use self::place::Place;
use super::ending::Ending;
use super::identity::Identity;
use super::logprobs::LogprobsResult;
use super::part::{FunctionCall, Part, arguments, malformed};
use super::response::{Candidate, Content, GenerateContentResponse};
use super::usage::UsageMetadata;
use super::{INDENTED, LINE, SSE, headers};
use crate::provider::{Context, Entropy, StreamEncoder};
use crate::reply::{Finish, PartStart, ReplyEvent, Usage};
use crate::util::tokens;
use crate::wire::{
    FrameBuf, FrameKind, Hole, JsonArray, JsonStyle, Sse, Template, hole, put_number,
};

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

pub(super) const EVENTS: Sse = Sse::crlf(LINE);
pub(super) const ARRAY: JsonArray = JsonArray::new(INDENTED, "\n,\r\n", "\n]");

#[derive(Debug)]
enum Framing {
    Array(JsonArray),
    Events(Sse),
}

impl Framing {
    fn style(&self) -> JsonStyle {
        match self {
            Self::Array(_) => INDENTED,
            Self::Events(_) => LINE,
        }
    }

    fn frame(&mut self, frames: &mut FrameBuf, write: impl FnOnce(&mut BytesMut)) {
        match self {
            Self::Array(array) => array.framed(frames, write),
            Self::Events(sse) => sse.framed(frames, None, write),
        }
    }
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

/// The chunk that waits for the next.
#[derive(Debug, Default)]
struct Held {
    kind: Option<Kind>,
    /// The text, or the arguments of the call.
    text: String,
    name: String,
    id: Option<String>,
    signature: Option<Cow<'static, str>>,
    /// A part that is not cut into deltas.
    whole: Option<Box<RawValue>>,
    logprobs: Option<LogprobsResult>,
    usage: Usage,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Text { thought: bool },
    ToolCall,
    Whole,
}

/// What the template of a chunk depends on, beside its holes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Form {
    thought: bool,
    has_candidates: bool,
    has_thoughts: bool,
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

    /// Sends the chunk that is held, which is not the last.
    fn flush(&mut self, frames: &mut FrameBuf) {
        let style = self.framing.style();
        match self.held.kind {
            // Counts of zero are left out, so that a chunk without any has another form.
            Some(Kind::Text { thought })
                if self.held.is_like_others() && self.held.usage.total() > 0 =>
            {
                let usage = self.held.usage;
                let candidates = usage.output.saturating_sub(usage.reasoning);
                let form = Form {
                    thought,
                    has_candidates: candidates > 0,
                    has_thoughts: usage.reasoning > 0,
                };
                if self.template.as_ref().is_none_or(|(compiled, _)| *compiled != form) {
                    self.template = Some((form, self.template(form)));
                }
                let Some((_, template)) = &self.template else { unreachable!("just compiled") };
                let text = &self.held.text;
                // The hot path: everything but the text and the counts is the same from chunk to
                // chunk.
                let write = |out: &mut BytesMut| {
                    template.render(out, |hole, out| match hole {
                        Hole::Text(_) => style.put_text(out, text),
                        Hole::Number(CANDIDATES) => put_number(out, candidates),
                        Hole::Number(THOUGHTS) => put_number(out, usage.reasoning),
                        Hole::Number(_) => put_number(out, usage.total() + usage.tool_input),
                    });
                };
                match &mut self.framing {
                    Framing::Array(array) => array.framed(frames, write),
                    // The template has the frame around the JSON too.
                    Framing::Events(_) => frames.frame(write),
                }
            }
            Some(_) => {
                let logprobs = self.held.logprobs.take();
                let part = self.held.part();
                let usage = UsageMetadata::new(self.held.usage, true);
                let mut chunk = self.middle(part.as_slice(), usage);
                if let Some([candidate]) = &mut chunk.candidates {
                    candidate.logprobs_result = logprobs;
                }
                let json = style.to_vec(&chunk);
                self.framing.frame(frames, |out| out.put_slice(&json));
            }
            None => {}
        }
        self.held.kind = None;
        self.held.signature = None;
        self.held.id = None;
    }

    fn template(&self, form: Form) -> Template {
        let text = Some(hole::TEXT[0].into());
        let parts = [Part { text, thought: form.thought, ..Part::default() }];
        let mut usage = UsageMetadata::new(Usage { output: 0, reasoning: 0, ..self.known }, true);
        usage.total_token_count = hole::NUMBER[TOTAL];
        if form.has_candidates {
            usage.candidates_token_count = hole::NUMBER[CANDIDATES];
        }
        if form.has_thoughts {
            usage.thoughts_token_count = hole::NUMBER[THOUGHTS];
        }
        let middle = self.middle(&parts, usage);
        match &self.framing {
            Framing::Array(_) => Template::compile(&INDENTED.to_vec(&middle)),
            Framing::Events(sse) => {
                let mut frame = FrameBuf::new();
                sse.data(&mut frame, &middle);
                Template::compile(&frame.take_all().unwrap_or_default())
            }
        }
    }

    /// A chunk before the last.
    fn middle<'a>(
        &'a self,
        parts: &'a [Part<'a>],
        usage: UsageMetadata,
    ) -> GenerateContentResponse<'a, [Candidate<'a>; 1]> {
        let candidate = Candidate {
            content: Some(Content { parts, role: Some("model") }),
            index: self.identity.index(),
            ..Candidate::default()
        };
        chunk(&self.identity, Some(candidate), usage)
    }
}

fn chunk<'a>(
    identity: &'a Identity<'_>,
    candidate: Option<Candidate<'a>>,
    usage: UsageMetadata,
) -> GenerateContentResponse<'a, [Candidate<'a>; 1]> {
    GenerateContentResponse {
        candidates: candidate.map(|candidate| [candidate]),
        prompt_feedback: None,
        usage_metadata: usage,
        model_version: &identity.model,
        response_id: &identity.response_id,
    }
}

const CANDIDATES: usize = 0;
const THOUGHTS: usize = 1;
const TOTAL: usize = 2;

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl Held {
    /// Whether the text and the counts are all that sets the chunk apart.
    fn is_like_others(&self) -> bool {
        self.signature.is_none() && self.logprobs.is_none()
    }

    fn part(&self) -> Option<Part<'_>> {
        let mut part = Part {
            thought_signature: self.signature.as_deref().map(Cow::Borrowed),
            ..Part::default()
        };
        match self.kind? {
            Kind::Text { thought } => {
                part.text = Some(Cow::Borrowed(&self.text));
                part.thought = thought;
            }
            Kind::Whole => part.raw = self.whole.as_deref(),
            Kind::ToolCall => {
                part.function_call = arguments(&self.text).map(|args| FunctionCall {
                    name: &self.name,
                    args,
                    id: self.id.as_deref().map(Into::into),
                });
            }
        }
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Entropy;

    /// The struct is the truth; the template is its quick likeness.
    #[test]
    fn the_template_says_what_the_struct_says() {
        let request = crate::request::LlmRequest::new(
            crate::Provider::GEMINI,
            crate::provider::Call::new(crate::provider::Operation::Chat),
            bytes::Bytes::new(),
        );
        for flags in [0, SSE] {
            for usage in [Usage::new(0, 0), Usage::new(7, 0), Usage::new(7, 3)] {
                for thought in [false, true] {
                    for text in ["", "plain", "\"<b>\" \\ \n\u{1} é \u{200d} 👋"] {
                        let mut request = request.clone();
                        request.call.flags = flags;
                        let cx = Context {
                            request: &request,
                            model: Some("gemini-2.5-flash"),
                            usage: Usage::new(usage.input, 0),
                            created: 0,
                            entropy: Entropy::new(1),
                            levels: None,
                            reply: &crate::reply::Reply::empty(),
                        };
                        let rendered = |signature: Option<&str>| {
                            let mut encoder = encoder(&cx);
                            let mut frames = FrameBuf::new();
                            encoder.held.kind = Some(Kind::Text { thought });
                            encoder.held.text = text.to_owned();
                            encoder.held.usage = usage;
                            encoder.held.signature = signature.map(|s| s.to_owned().into());
                            encoder.flush(&mut frames);
                            String::from_utf8(frames.take_all().unwrap().to_vec()).unwrap()
                        };
                        // A signature takes the way of the struct; without it they are the same.
                        let signed = rendered(Some("SIGNATURE"));
                        let at = signed.find(",\"thoughtSignature\": \"SIGNATURE\"");
                        let without = match at {
                            Some(_) => signed.replace(",\"thoughtSignature\": \"SIGNATURE\"", ""),
                            None => signed
                                .replace(",\n            \"thoughtSignature\": \"SIGNATURE\"", ""),
                        };
                        assert_eq!(rendered(None), without);
                    }
                }
            }
        }
    }
}
