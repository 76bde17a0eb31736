//! The models that Anthropic lists, and what they can.
//!
//! As the tidyverse/ellmer project recorded the list in August 2026.

use serde::Serialize;

use crate::provider::catalog;

#[derive(Serialize)]
pub(super) struct Capabilities {
    batch: Support,
    citations: Support,
    code_execution: Support,
    context_management: ContextManagement,
    effort: Effort,
    image_input: Support,
    pdf_input: Support,
    structured_outputs: Support,
    thinking: Thinking,
}

#[derive(Clone, Copy, Serialize)]
struct Support {
    supported: bool,
}

#[derive(Serialize)]
struct ContextManagement {
    supported: bool,
    clear_tool_uses_20250919: Support,
    clear_thinking_20251015: Support,
    compact_20260112: Support,
}

#[derive(Serialize)]
struct Effort {
    supported: bool,
    low: Support,
    medium: Support,
    high: Support,
    xhigh: Support,
    max: Support,
}

#[derive(Serialize)]
struct Thinking {
    supported: bool,
    types: ThinkingTypes,
}

#[derive(Serialize)]
struct ThinkingTypes {
    enabled: Support,
    adaptive: Support,
}

/// Id, name, when it was made, tokens of a prompt, what it can.
pub(super) struct Row(
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) u64,
    pub(super) Can,
);

impl catalog::Row for Row {
    fn name(&self) -> &'static str {
        self.0
    }
}

/// What sets the capabilities of models apart; all can the rest.
pub(super) struct Can {
    runs_code: bool,
    compacts: bool,
    /// How many of the levels of effort, from the lowest on.
    efforts: Efforts,
    /// Whether it can be told to think, and for how long.
    enabled: bool,
    /// Whether it thinks as it sees fit.
    adaptive: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Efforts {
    None,
    UpToHigh,
    AllButXhigh,
    All,
}

impl Can {
    const NEWEST: Self = Self {
        runs_code: true,
        compacts: true,
        efforts: Efforts::All,
        enabled: false,
        adaptive: true,
    };
    const OF_4_6: Self = Self { efforts: Efforts::AllButXhigh, enabled: true, ..Self::NEWEST };
    const OPUS_4_5: Self =
        Self { efforts: Efforts::UpToHigh, compacts: false, adaptive: false, ..Self::OF_4_6 };
    const SONNET_4_5: Self = Self { efforts: Efforts::None, ..Self::OPUS_4_5 };
    const OLDEST: Self = Self { runs_code: false, ..Self::SONNET_4_5 };

    pub(super) fn spelled(&self) -> Capabilities {
        let is = |supported| Support { supported };
        let [yes, efforts] = [is(true), is(self.efforts != Efforts::None)];
        Capabilities {
            batch: yes,
            citations: yes,
            code_execution: is(self.runs_code),
            context_management: ContextManagement {
                supported: true,
                clear_tool_uses_20250919: yes,
                clear_thinking_20251015: yes,
                compact_20260112: is(self.compacts),
            },
            effort: Effort {
                supported: efforts.supported,
                low: efforts,
                medium: efforts,
                high: efforts,
                xhigh: is(self.efforts == Efforts::All),
                max: is(matches!(self.efforts, Efforts::All | Efforts::AllButXhigh)),
            },
            image_input: yes,
            pdf_input: yes,
            structured_outputs: yes,
            thinking: Thinking {
                supported: true,
                types: ThinkingTypes { enabled: is(self.enabled), adaptive: is(self.adaptive) },
            },
        }
    }
}

#[rustfmt::skip] // A table.
pub(super) static MODELS: [Row; 11] = [
    Row("claude-opus-5", "Claude Opus 5", "2026-07-24T00:00:00Z", 1_000_000, Can::NEWEST),
    Row("claude-sonnet-5", "Claude Sonnet 5", "2026-06-29T00:00:00Z", 1_000_000, Can::NEWEST),
    Row("claude-fable-5", "Claude Fable 5", "2026-06-07T00:00:00Z", 1_000_000, Can::NEWEST),
    Row("claude-opus-4-8", "Claude Opus 4.8", "2026-05-28T00:00:00Z", 1_000_000, Can::NEWEST),
    Row("claude-opus-4-7", "Claude Opus 4.7", "2026-04-14T00:00:00Z", 1_000_000, Can::NEWEST),
    Row("claude-sonnet-4-6", "Claude Sonnet 4.6", "2026-02-17T00:00:00Z", 1_000_000, Can::OF_4_6),
    Row("claude-opus-4-6", "Claude Opus 4.6", "2026-02-04T00:00:00Z", 1_000_000, Can::OF_4_6),
    Row("claude-opus-4-5-20251101", "Claude Opus 4.5", "2025-11-24T00:00:00Z", 200_000, Can::OPUS_4_5),
    Row("claude-haiku-4-5-20251001", "Claude Haiku 4.5", "2025-10-15T00:00:00Z", 200_000, Can::OLDEST),
    Row("claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", "2025-09-29T00:00:00Z", 1_000_000, Can::SONNET_4_5),
    Row("claude-opus-4-1-20250805", "Claude Opus 4.1", "2025-08-05T00:00:00Z", 200_000, Can::OLDEST),
];
