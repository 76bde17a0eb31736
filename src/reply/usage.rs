//! Why a reply ends, and what it used.

use super::Part;

/// Why the model stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finish {
    /// The answer was filtered.
    ContentFilter,
    /// Prompt and answer fill the model's context window: Anthropic's
    /// `model_context_window_exceeded`; with others, as `Length`.
    ContextWindow,
    /// The limit of tokens was reached.
    Length,
    /// The vendor's own tools are at work for so long that the client is to ask on: Anthropic's
    /// `pause_turn`; with others, as `Stop`.
    PauseTurn,
    /// The prompt was filtered, so that no model answered: Gemini's `promptFeedback`. Elsewhere it is
    /// what a filtered answer is.
    PromptBlocked,
    /// The answer came too near to a text that it was trained on: Gemini's `RECITATION`, with the
    /// sources as its citations. Elsewhere it is what a filtered answer is.
    Recitation,
    /// The model refused.
    Refusal,
    /// The natural end.
    Stop,
    /// One of the client's stop texts came up; Anthropic names which.
    StopSequence(String),
    /// A tool is to be called.
    ToolUse,
}

impl Finish {
    pub(crate) fn of(parts: &[Part]) -> &'static Self {
        let any = |wanted: fn(&Part) -> bool| parts.iter().any(wanted);
        if any(|part| matches!(part, Part::ToolCall(_))) {
            &Self::ToolUse
        } else if any(|part| matches!(part, Part::Refusal(_))) {
            &Self::Refusal
        } else {
            &Self::Stop
        }
    }
}

/// Tokens used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub input: u64,
    /// Tokens of the answer, reasoning included.
    pub output: u64,
    /// Tokens of reasoning.
    pub reasoning: u64,
    /// Tokens of the prompt that came from a cache.
    pub cached: u64,
    /// Tokens of the prompt that went into a cache (Anthropic's `cache_creation_input_tokens`); they
    /// are part of `input` too.
    pub cache_write: u64,
    /// Those of `cache_write` that are kept for an hour, where the vendor tells (Anthropic).
    pub cache_write_1h: u64,
    /// Tokens of the prompt that are sound.
    pub audio_input: u64,
    /// Tokens of the answer that are sound.
    pub audio_output: u64,
    /// Tokens that the vendor's own tools put before the model, beside `input` (Gemini's
    /// `toolUsePromptTokenCount`).
    pub tool_input: u64,
}

impl Usage {
    /// A usage without reasoning and cache.
    pub fn new(input: u64, output: u64) -> Self {
        Self { input, output, ..Self::default() }
    }

    /// Input and output together.
    pub fn total(&self) -> u64 {
        self.input + self.output
    }
}

/// A usage as streams keep it that wait for their next token: most have a prompt and an answer, and
/// nothing else.
#[derive(Debug)]
pub(crate) struct SmallUsage {
    pub(crate) input: u64,
    pub(crate) output: u64,
    more: Option<Box<Usage>>,
}

impl From<Usage> for SmallUsage {
    fn from(usage: Usage) -> Self {
        let Usage { input, output, .. } = usage;
        let more = (usage != Usage::new(input, output)).then(|| Box::new(usage));
        Self { input, output, more }
    }
}

impl SmallUsage {
    pub(crate) fn reasoning(&self) -> u64 {
        self.more.as_ref().map_or(0, |usage| usage.reasoning)
    }

    pub(crate) fn tool_input(&self) -> u64 {
        self.more.as_ref().map_or(0, |usage| usage.tool_input)
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Usage {
        self.more.as_deref().copied().unwrap_or(Usage::new(self.input, self.output))
    }
}
