//! A chat completion as a stream of chunks.

use bytes::BytesMut;
use http::Response;
use serde::Serialize;

use super::response::{CompletionUsage, Function, Identity, ToolCall, call_id, finish_reason};
use super::{INCLUDE_USAGE, PLAIN, headers};
use crate::provider::{Context, Entropy, StreamEncoder};
use crate::reply::{PartStart, ReplyEvent};
use crate::util::rng::Rng;
use crate::wire::{FrameBuf, Hole, JsonStyle, Sse, Template, hole, put_text};

/// <https://platform.openai.com/docs/api-reference/chat-streaming/streaming> (read 2026-11-21), in
/// the order of recorded traffic.
#[derive(Serialize)]
struct ChatCompletionChunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    service_tier: &'static str,
    system_fingerprint: Option<&'a str>,
    /// Before the choices, in chunks that lead to or belong to a tool call.
    #[serde(rename = "usage", skip_serializing_if = "Option::is_none")]
    usage_before: Option<()>,
    choices: &'a [ChunkChoice<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<CompletionUsage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    obfuscation: Option<&'a str>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: usize,
    delta: Delta<'a>,
    /// There and null, or not there at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// `Some(None)` is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<&'a [ToolCall<'a>]>,
}

const SSE: Sse = Sse::lf(JsonStyle::COMPACT);

pub(super) fn stream(cx: &Context<'_>) -> Response<Box<dyn StreamEncoder>> {
    let identity = Identity::of(cx);
    let encoder = Encoder {
        id: identity.id,
        created: identity.created,
        model: identity.model.to_owned(),
        has_logprobs: identity.has_logprobs,
        fingerprint: identity.fingerprint,
        includes_usage: cx.request.call.flags & INCLUDE_USAGE != 0,
        padding: (cx.request.call.flags & PLAIN == 0).then(|| cx.entropy.rng(SALT_PADDING)),
        entropy: cx.entropy,
        delta: None,
        part: Part::None,
        has_role: false,
        has_tools: false,
    };
    let mut response = Response::new(Box::new(encoder) as Box<dyn StreamEncoder>);
    *response.headers_mut() =
        headers::answer(cx.entropy, cx.usage.input, "text/event-stream; charset=utf-8");
    response
}

#[derive(Debug)]
struct Encoder {
    id: String,
    created: u64,
    model: String,
    has_logprobs: bool,
    fingerprint: Option<String>,
    includes_usage: bool,
    padding: Option<Rng>,
    entropy: Entropy,
    /// For deltas of the part that is open; made when its first delta comes.
    delta: Option<DeltaFrame>,
    part: Part,
    has_role: bool,
    has_tools: bool,
}

/// A whole frame whose text and padding are still to come.
#[derive(Debug)]
struct DeltaFrame {
    template: Template,
    /// Characters of the payload without text and padding, their quotes included.
    length: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    None,
    Refusal,
    Text,
    ToolCall(usize),
}

impl StreamEncoder for Encoder {
    fn encode(&mut self, event: ReplyEvent<'_>, frames: &mut FrameBuf) {
        match event {
            ReplyEvent::Start => {}
            ReplyEvent::PartStart { part, .. } => self.start(part, frames),
            ReplyEvent::Delta(text) => self.delta(text, frames),
            ReplyEvent::PartEnd => {
                self.part = Part::None;
                self.delta = None;
            }
            // `can_say` names the ratings.
            ReplyEvent::Choice(_)
            | ReplyEvent::ChoiceEnd { .. }
            | ReplyEvent::Resume { .. }
            | ReplyEvent::Safety(_) => {}
            ReplyEvent::End { finish, usage } => {
                self.role(Part::Text, frames);
                self.has_tools = false;
                self.send(frames, Delta::default(), Some(finish_reason(finish)));
                if self.includes_usage {
                    self.send_chunk(frames, &[], Some(Some(usage.into())));
                }
                SSE.text(frames, "[DONE]");
            }
        }
    }
}

impl Encoder {
    fn start(&mut self, part: PartStart<'_>, frames: &mut FrameBuf) {
        self.part = match part {
            // This API does not show it.
            PartStart::Reasoning { .. } => return,
            PartStart::Refusal => Part::Refusal,
            PartStart::Text { .. } => Part::Text,
            PartStart::Whole(_) => return,
            PartStart::ToolCall { call, .. } => Part::ToolCall(call),
        };
        self.has_tools |= matches!(self.part, Part::ToolCall(_));
        self.role(self.part, frames);
        if let PartStart::ToolCall { call, id, name } = part {
            let id = call_id(self.entropy, call, id);
            let call = ToolCall {
                index: Some(call),
                id: Some(&id),
                r#type: Some("function"),
                function: Function { name: Some(name), arguments: "" },
            };
            let delta = Delta { tool_calls: Some(&[call]), ..Delta::default() };
            self.send(frames, delta, None);
        }
    }

    /// The first chunk, once.
    fn role(&mut self, part: Part, frames: &mut FrameBuf) {
        if std::mem::replace(&mut self.has_role, true) {
            return;
        }
        let (content, refusal) = match part {
            Part::None | Part::Text => (Some(""), Some(None)),
            Part::Refusal => (None, Some(Some(""))),
            Part::ToolCall(_) => (None, None),
        };
        let delta =
            Delta { role: Some("assistant"), content: Some(content), refusal, tool_calls: None };
        self.send(frames, delta, None);
    }

    /// The hot path: everything but the text and the padding is the same from chunk to chunk.
    fn delta(&mut self, text: &str, frames: &mut FrameBuf) {
        if self.part == Part::None {
            return;
        }
        let frame = match self.delta.take() {
            Some(frame) => frame,
            None => self.delta_frame(),
        };
        let padding = &mut self.padding;
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
        self.delta = Some(frame);
    }

    fn delta_frame(&self) -> DeltaFrame {
        let text = hole::TEXT[TEXT];
        let arguments;
        let delta = match self.part {
            Part::None | Part::Text => Delta { content: Some(Some(text)), ..Delta::default() },
            Part::Refusal => Delta { refusal: Some(Some(text)), ..Delta::default() },
            Part::ToolCall(call) => {
                arguments = [ToolCall {
                    index: Some(call),
                    id: None,
                    r#type: None,
                    function: Function { name: None, arguments: text },
                }];
                Delta { tool_calls: Some(&arguments), ..Delta::default() }
            }
        };
        let choice = self.choice(delta, None);
        let padding = self.padding.as_ref().map(|_| hole::TEXT[PADDING]);
        let json = JsonStyle::COMPACT.to_string(&self.chunk(&[choice], None, padding));
        let holes = characters(text.as_bytes()) + padding.map_or(0, |p| characters(p.as_bytes()));
        let mut frame = FrameBuf::new();
        SSE.text(&mut frame, &json);
        let frame = frame.take_all().unwrap_or_default();
        // The quotes around the text are counted with the text.
        let length = characters(json.as_bytes()) - holes - 2;
        DeltaFrame { template: Template::compile(&frame), length }
    }

    fn send(&mut self, frames: &mut FrameBuf, delta: Delta<'_>, finish: Option<&'static str>) {
        let choice = self.choice(delta, finish);
        self.send_chunk(frames, &[choice], None);
    }

    fn send_chunk(
        &mut self,
        frames: &mut FrameBuf,
        choices: &[ChunkChoice<'_>],
        usage: Option<Option<CompletionUsage>>,
    ) {
        let Some(mut rng) = self.padding.take() else {
            SSE.data(frames, &self.chunk(choices, usage, None));
            return;
        };
        let bare = JsonStyle::COMPACT.to_vec(&self.chunk(choices, usage, Some("")));
        let mut padding = BytesMut::with_capacity(18);
        put_padding(&mut padding, &mut rng, characters(&bare));
        let padding =
            std::str::from_utf8(&padding).unwrap_or_default().trim_matches('"').to_owned();
        SSE.data(frames, &self.chunk(choices, usage, Some(&padding)));
        self.padding = Some(rng);
    }

    fn choice<'a>(&self, delta: Delta<'a>, finish: Option<&'static str>) -> ChunkChoice<'a> {
        ChunkChoice {
            index: 0,
            delta,
            logprobs: self.has_logprobs.then_some(()),
            finish_reason: finish,
        }
    }

    fn chunk<'a>(
        &'a self,
        choices: &'a [ChunkChoice<'a>],
        usage: Option<Option<CompletionUsage>>,
        obfuscation: Option<&'a str>,
    ) -> ChatCompletionChunk<'a> {
        let has_usage = self.includes_usage;
        ChatCompletionChunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            service_tier: "default",
            system_fingerprint: self.fingerprint.as_deref(),
            usage_before: (has_usage && self.has_tools).then_some(()),
            choices,
            usage: usage.or((has_usage && !self.has_tools).then_some(None)),
            obfuscation,
        }
    }
}

const TEXT: usize = 0;
const PADDING: usize = 1;
const SALT_PADDING: u64 = 2;

/// Appends the quoted padding for a payload of `length` characters without it.
///
/// In every recording the characters of a payload, padding included, are 1 modulo 16, and the
/// padding has 1 to 16 characters (`the_padding_rule_holds_in_recordings`).
fn put_padding(out: &mut BytesMut, rng: &mut Rng, length: usize) {
    const LETTERS: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789xX";
    let count = 16 - (length + 15) % 16;
    let mut padding = [b'"'; 18];
    let mut chance = u128::from(rng.next()) << 64 | u128::from(rng.next());
    for letter in &mut padding[1..=count] {
        *letter = LETTERS[(chance & 63) as usize];
        chance >>= 6;
    }
    out.extend_from_slice(&padding[..count + 2]);
}

/// Characters, not bytes: the recording of a refusal with a curly apostrophe shows it.
fn characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| (**byte as i8) >= -0x40).count()
}
