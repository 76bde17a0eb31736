//! What the mock says, in neutral words.
//!
//! A [`Reply`] is an ordered list of parts (text, reasoning, tool calls, refusals), a reason to
//! stop and a usage. Every provider's room says it in its own way. An [`Answer`] is a reply, an
//! [`ApiError`], a [`ReplyStream`], a [`RawResponse`] or [`NoAnswer`], with the time it takes and the
//! trouble it meets.

mod answer;
mod api_error;
mod citation;
mod cursor;
mod embeddings;
mod error_kind;
mod event;
mod feature;
mod limited;
pub(crate) mod logprobs;
mod models;
mod no_answer;
mod obey;
mod output;
mod part;
mod rate_limit;
mod raw_response;
mod safety;
mod server_tool;
mod stream;
mod tool_deltas;
mod usage;

use std::sync::OnceLock;

use bytes::Bytes;
use serde::Serialize;

pub(crate) use self::answer::Say;
pub use self::answer::{Answer, IntoAnswer};
pub use self::api_error::ApiError;
pub use self::citation::{Citation, Source};
pub(crate) use self::cursor::Cursor;
pub use self::embeddings::Embeddings;
pub use self::error_kind::ErrorKind;
pub use self::event::{PartStart, ReplyEvent};
pub use self::feature::Feature;
pub use self::models::Models;
pub(crate) use self::no_answer::Lost;
pub use self::no_answer::NoAnswer;
pub use self::output::{Output, TokenCount};
pub use self::part::{Audio, Media, Part, Raw, Reasoning, Text, ToolCall};
pub use self::rate_limit::{Metric, RateLimit};
pub use self::raw_response::RawResponse;
pub use self::safety::SafetyRating;
pub use self::server_tool::{ServerTool, WebPage};
pub(crate) use self::stream::Assembler;
pub use self::stream::{Delta, ReplyStream};
pub use self::tool_deltas::ToolDeltas;
pub(crate) use self::usage::SmallUsage;
pub use self::usage::{Finish, Usage};
use crate::counting::Counter;
use crate::util::tokens;

/// What the model says: parts in order.
///
/// ```
/// use serde_json::json;
/// use tower_mock_llm::{Part, Reply};
///
/// let reply = Reply::text("Let me look.").tool_call("search", json!({"query": "tower"}));
/// assert_eq!(reply.parts().len(), 2);
/// assert!(matches!(&reply.parts()[1], Part::ToolCall(call) if call.name() == "search"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reply {
    parts: Vec<Part>,
    finish: Option<Finish>,
    usage: Option<Usage>,
    model: Option<String>,
    /// What few replies have.
    extra: Option<Box<Extra>>,
    /// Tokens of text, counted when first asked for; rules say the same reply again and again.
    counted: OnceLock<Counted>,
    /// The same by a user's tokenizer, for the first model that it was counted for.
    counted_exactly: OnceLock<(String, Counted)>,
}

#[derive(Clone, Debug, Default)]
struct Extra {
    /// Further choices, for a client that wants more than one.
    choices: Vec<Reply>,
    safety: Vec<SafetyRating>,
    tool_deltas: ToolDeltas,
}

impl Reply {
    /// A reply without any part: what a model sends that has nothing to say.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A reply that is a text.
    pub fn text(text: impl Into<String>) -> Self {
        // One part and no room for more: most replies are this, and made anew each time.
        Self { parts: vec![Part::Text(Text::new(text))], ..Self::default() }
    }

    /// A reply that is a refusal. OpenAI has a field of its own for it, Anthropic stops with
    /// `refusal`, Gemini with `SAFETY`.
    pub fn refusal(text: impl Into<String>) -> Self {
        Self::empty().part(Part::Refusal(text.into()))
    }

    /// Appends any part.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self.forget_counts();
        self
    }

    /// Appends a part that is text.
    #[must_use]
    pub fn then_text(self, text: impl Into<String>) -> Self {
        self.part(Part::Text(Text::new(text)))
    }

    /// Appends a part that is text with what it is taken from.
    #[must_use]
    pub fn cited_text(
        self,
        text: impl Into<String>,
        citations: impl IntoIterator<Item = Citation>,
    ) -> Self {
        self.part(Part::Text(citations.into_iter().fold(Text::new(text), Text::cite)))
    }

    /// Appends what the model thinks aloud. OpenAI's Chat Completions API does not show it, and
    /// counts its tokens all the same.
    #[must_use]
    pub fn reasoning(self, text: impl Into<String>) -> Self {
        self.part(Part::Reasoning(Reasoning::new(text)))
    }

    /// Appends a picture.
    #[must_use]
    pub fn image(self, mime_type: impl Into<String>, data: impl Into<Bytes>) -> Self {
        self.part(Part::Image(Media::new(mime_type, data)))
    }

    /// Appends what the vendor's own servers did for the answer.
    #[must_use]
    pub fn server_tool(self, tool: ServerTool) -> Self {
        self.part(Part::ServerTool(tool))
    }

    /// Appends a part in the vendor's own words: what serializes to a JSON object.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[must_use]
    #[track_caller]
    pub fn raw(self, object: impl Serialize) -> Self {
        self.part(Part::Raw(Raw::new(object)))
    }

    /// Appends a call of `tool`. The arguments are anything that serializes to a JSON object; a
    /// struct keeps its order of fields. The vendor's kind of id is made up; give one with
    /// [`ToolCall::with_id`].
    ///
    /// # Panics
    ///
    /// If the arguments do not serialize to a JSON object: no vendor's model sends anything else.
    #[must_use]
    pub fn tool_call(self, tool: impl Into<String>, arguments: impl Serialize) -> Self {
        self.part(Part::ToolCall(ToolCall::new(tool, arguments)))
    }

    /// Adds another choice, for clients that want several (OpenAI's `n`, Gemini's
    /// `candidateCount`). A client hears as many as it asked for: one, if it asked for none; where it
    /// wants more than there are, they are said again from the first.
    ///
    /// ```
    /// use tower_mock_llm::Reply;
    ///
    /// let reply = Reply::text("heads").choice(Reply::text("tails"));
    /// assert_eq!(reply.choices().count(), 2);
    /// ```
    #[must_use]
    pub fn choice(mut self, reply: Self) -> Self {
        self.extra().choices.push(reply);
        self
    }

    /// Adds a rating of the vendor's content filter.
    #[must_use]
    pub fn safety(mut self, rating: SafetyRating) -> Self {
        self.extra().safety.push(rating);
        self
    }

    /// How tool calls are cut up in a stream.
    #[must_use]
    pub fn tool_deltas(mut self, deltas: ToolDeltas) -> Self {
        self.extra().tool_deltas = deltas;
        self
    }

    /// The reason to stop. Without it: tool use if there is a tool call, else the natural end, or
    /// what the client's `max_tokens` and stop texts make of it. With it, those are not looked at.
    #[must_use]
    pub fn finish(mut self, finish: Finish) -> Self {
        self.finish = Some(finish);
        self
    }

    /// The usage to report, as it stands (Anthropic's room reports one token of output at the
    /// least). Without it: tokens as the mock counts them. With it, the client's `max_tokens` and
    /// stop texts are not looked at.
    #[must_use]
    pub fn usage(mut self, usage: Usage) -> Self {
        self.usage = Some(usage);
        self
    }

    /// The model that claims to have answered. Without it: the one asked for, by its dated name
    /// where the vendor dates its models.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// The parts in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// This reply and its further choices.
    pub fn choices(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.further_choices())
    }

    /// The ratings of the vendor's content filter.
    pub fn safety_ratings(&self) -> &[SafetyRating] {
        self.extra.as_ref().map_or(&[], |extra| &extra.safety)
    }

    /// How tool calls are cut up in a stream.
    pub fn how_tool_calls_are_cut(&self) -> ToolDeltas {
        self.extra.as_ref().map(|extra| extra.tool_deltas).unwrap_or_default()
    }

    /// The model that claims to have answered, when one was given.
    pub fn answering_model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The reason to stop: the one given, or the one that follows from the parts.
    pub fn finish_reason(&self) -> Finish {
        self.finish_or_implied().clone()
    }

    pub(crate) fn finish_or_implied(&self) -> &Finish {
        self.finish.as_ref().unwrap_or_else(|| Finish::of(&self.parts))
    }

    /// The usage to report for a prompt of `prompt_tokens`.
    pub fn usage_for(&self, prompt_tokens: u64) -> Usage {
        self.usage_by(prompt_tokens, &Counter::default())
    }

    /// The same, counted by the user's tokenizer if there is one.
    pub(crate) fn usage_by(&self, prompt_tokens: u64, counter: &Counter) -> Usage {
        self.usage.unwrap_or_else(|| {
            let counted = self.count(counter);
            let mut usage = Usage {
                input: prompt_tokens,
                output: counted.said + counted.thought,
                reasoning: counted.thought,
                audio_output: counted.spoken,
                ..Usage::default()
            };
            for choice in self.further_choices() {
                let further = choice.usage_by(0, counter);
                usage.output += further.output;
                usage.reasoning += further.reasoning;
                usage.audio_output += further.audio_output;
            }
            usage
        })
    }

    fn forget_counts(&mut self) {
        self.counted = OnceLock::new();
        self.counted_exactly = OnceLock::new();
    }

    fn count(&self, counter: &Counter) -> Counted {
        let count = || Counted::of(&self.parts, counter);
        let Some(model) = counter.exact_for() else {
            return *self.counted.get_or_init(count);
        };
        let (counted_for, counted) =
            self.counted_exactly.get_or_init(|| (model.to_owned(), count()));
        if counted_for == model { *counted } else { count() }
    }

    /// Whether the usage was given by hand.
    pub(crate) fn has_usage(&self) -> bool {
        self.usage.is_some()
    }

    /// Everything but what it says.
    fn without_parts(&self) -> Self {
        Self { model: self.model.clone(), extra: self.extra.clone(), ..Self::default() }
    }

    fn further_choices(&self) -> &[Self] {
        self.extra.as_ref().map_or(&[], |extra| &extra.choices)
    }

    fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// Appends text, unless there is none.
    fn push_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.parts.push(Part::Text(text.into()));
        }
    }

    /// Sets what a caller has counted already.
    pub(crate) fn counted(self, said: u64) -> Self {
        let _ = self.counted.set(Counted { said, ..Counted::default() });
        self
    }
}

impl Part {
    /// Its tokens, as the mock estimates them.
    pub(crate) fn tokens(&self) -> u64 {
        let counted = Counted::of(std::slice::from_ref(self), &Counter::default());
        counted.said + counted.thought
    }
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    said: u64,
    thought: u64,
    /// What is sound, of what is said.
    spoken: u64,
}

impl Counted {
    fn of(parts: &[Part], counter: &Counter) -> Self {
        let mut counted = Self::default();
        for part in parts {
            match part {
                Part::Reasoning(reasoning) => counted.thought += counter.said(&reasoning.text),
                Part::Refusal(text) => counted.said += counter.said(text),
                Part::Text(text) => counted.said += counter.said(&text.text),
                Part::ToolCall(call) => {
                    counted.said += counter.said(&call.name) + counter.said(&call.arguments)
                }
                Part::Audio(audio) => {
                    let tokens = counter.said(audio.transcript());
                    counted.said += tokens;
                    counted.spoken += tokens;
                }
                Part::Raw(raw) => counted.said += counter.said(raw.json()),
                // As a vendor counts a picture of common size.
                Part::Image(_) => counted.said += IMAGE_TOKENS,
                Part::RedactedReasoning(data) => {
                    counted.thought += tokens::estimate(data.len());
                }
                // Run by the vendor: what it found counts as prompt, what was asked is small.
                Part::ServerTool(_) => {}
            }
        }
        counted
    }
}

/// <https://ai.google.dev/gemini-api/docs/pricing>: 1290 for a picture of 1024x1024 (read
/// 2026-11-21).
const IMAGE_TOKENS: u64 = 1290;
