//! What the mock says, in neutral words.
//!
//! A [`Reply`] is an ordered list of parts (text, reasoning, tool calls, refusals), a reason to
//! stop and a usage. Every provider's room says it in its own way. An [`Answer`] is a reply, an
//! [`ApiError`] or a [`ReplyStream`], with the time it takes and the trouble it meets.

mod answer;
mod api_error;
mod cursor;
mod event;
mod obey;
mod part;
mod stream;
mod usage;

use std::sync::OnceLock;

use serde::Serialize;

pub(crate) use self::answer::Say;
pub use self::answer::{Answer, IntoAnswer};
pub use self::api_error::{ApiError, ErrorKind};
pub(crate) use self::cursor::Cursor;
pub use self::event::{PartStart, ReplyEvent};
pub use self::part::{Part, Reasoning, ToolCall};
pub(crate) use self::stream::Assembler;
pub use self::stream::{Delta, ReplyStream};
pub use self::usage::{Finish, Usage};
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
    /// Tokens of text, counted when first asked for; rules say the same reply again and again.
    counted: OnceLock<Counted>,
}

impl Reply {
    /// A reply without any part: what a model sends that has nothing to say.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A reply that is a text.
    pub fn text(text: impl Into<String>) -> Self {
        // One part and no room for more: most replies are this, and made anew each time.
        Self { parts: vec![Part::Text(text.into())], ..Self::default() }
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
        self.counted = OnceLock::new();
        self
    }

    /// Appends a part that is text.
    #[must_use]
    pub fn then_text(self, text: impl Into<String>) -> Self {
        self.part(Part::Text(text.into()))
    }

    /// Appends what the model thinks aloud. OpenAI's Chat Completions API does not show it, and
    /// counts its tokens all the same.
    #[must_use]
    pub fn reasoning(self, text: impl Into<String>) -> Self {
        self.part(Part::Reasoning(Reasoning { text: text.into(), signature: None }))
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

    /// The model that claims to have answered, when one was given.
    pub fn answering_model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The reason to stop: the one given, or the one that follows from the parts.
    pub fn finish_reason(&self) -> Finish {
        self.finish.clone().unwrap_or_else(|| Finish::of(&self.parts))
    }

    /// The usage to report for a prompt of `prompt_tokens`.
    pub fn usage_for(&self, prompt_tokens: u64) -> Usage {
        self.usage.unwrap_or_else(|| {
            let counted = self.counted.get_or_init(|| Counted::of(&self.parts));
            Usage {
                input: prompt_tokens,
                output: counted.said + counted.thought,
                reasoning: counted.thought,
                cached: 0,
            }
        })
    }

    /// Appends text, unless there is none.
    fn push_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.parts.push(Part::Text(text.to_owned()));
        }
    }

    /// Sets what a caller has counted already.
    pub(crate) fn counted(self, said: u64) -> Self {
        let _ = self.counted.set(Counted { said, thought: 0 });
        self
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

#[derive(Clone, Copy, Debug)]
struct Counted {
    said: u64,
    thought: u64,
}

impl Counted {
    fn of(parts: &[Part]) -> Self {
        let mut counted = Self { said: 0, thought: 0 };
        for part in parts {
            match part {
                Part::Reasoning(reasoning) => counted.thought += tokens::count(&reasoning.text),
                Part::Refusal(text) | Part::Text(text) => counted.said += tokens::count(text),
                Part::ToolCall(call) => {
                    counted.said += tokens::count(&call.name) + tokens::count(&call.arguments);
                }
            }
        }
        counted
    }
}
