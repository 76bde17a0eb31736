//! What tokens cost: for an estimate of what was not spent, and for nothing else.

/// A price in US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Price {
    input: f64,
    output: f64,
}

/// When the prices were read.
pub(super) const READ: &str = "2026-11-21";

/// Where they are from: the vendors' lists, standard tier, without discounts for caches, batches and
/// long prompts.
pub(super) const SOURCES: [&str; 3] = [
    "https://developers.openai.com/api/docs/pricing",
    "https://platform.claude.com/docs/en/about-claude/pricing",
    "https://ai.google.dev/gemini-api/docs/pricing",
];

/// By how a model's name begins; the longest beginning counts.
const PRICES: &[(&str, f64, f64)] = &[
    ("claude-3-5-haiku", 0.8, 4.0),
    ("claude-3-5-sonnet", 3.0, 15.0),
    ("claude-3-7-sonnet", 3.0, 15.0),
    ("claude-3-haiku", 0.25, 1.25),
    ("claude-3-opus", 15.0, 75.0),
    ("claude-3-sonnet", 3.0, 15.0),
    ("claude-haiku-4-5", 1.0, 5.0),
    ("claude-opus-4", 15.0, 75.0),
    ("claude-opus-4-5", 5.0, 25.0),
    ("claude-opus-4-6", 5.0, 25.0),
    ("claude-opus-4-7", 5.0, 25.0),
    ("claude-opus-5", 5.0, 25.0),
    ("claude-opus-5-5", 4.0, 20.0),
    ("claude-sonnet-4", 3.0, 15.0),
    ("claude-sonnet-5", 2.0, 10.0),
    ("gemini-2.5-flash", 0.3, 2.5),
    ("gemini-2.5-flash-lite", 0.1, 0.4),
    ("gemini-2.5-pro", 1.25, 10.0),
    ("gemini-3-flash", 0.5, 3.0),
    ("gemini-3.1-flash-lite", 0.25, 1.5),
    ("gemini-3.1-pro", 2.0, 12.0),
    ("gpt-3.5-turbo", 0.5, 1.5),
    ("gpt-4", 30.0, 60.0),
    ("gpt-4-turbo", 10.0, 30.0),
    ("gpt-4.1", 2.0, 8.0),
    ("gpt-4.1-mini", 0.4, 1.6),
    ("gpt-4.1-nano", 0.1, 0.4),
    ("gpt-4o", 2.5, 10.0),
    ("gpt-4o-mini", 0.15, 0.6),
    ("gpt-5", 1.25, 10.0),
    ("gpt-5-mini", 0.25, 2.0),
    ("gpt-5-nano", 0.05, 0.4),
    ("gpt-5.2", 1.75, 14.0),
    ("gpt-5.4", 2.5, 15.0),
    ("gpt-5.4-mini", 0.75, 4.5),
    ("gpt-5.5", 5.0, 30.0),
    ("o1", 15.0, 60.0),
    ("o3", 2.0, 8.0),
    ("o3-mini", 1.1, 4.4),
    ("o4-mini", 1.1, 4.4),
    ("text-embedding-3-large", 0.13, 0.0),
    ("text-embedding-3-small", 0.02, 0.0),
];

/// The price of a model, if it is known. A name goes on behind a dash only: `gpt-4` is no `gpt-4.5`.
pub(super) fn of(model: &str) -> Option<Price> {
    let model = model.strip_prefix("models/").unwrap_or(model);
    let is_of = |name: &str| {
        let rest = model.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with(['-', '@', ':'])).then_some(name.len())
    };
    let fitting = PRICES.iter().filter_map(|(name, input, output)| {
        Some((is_of(name)?, Price { input: *input, output: *output }))
    });
    fitting.max_by_key(|(length, _)| *length).map(|(_, price)| price)
}

impl Price {
    /// What so many tokens cost.
    pub(super) fn cost(&self, input: f64, output: f64) -> f64 {
        (self.input * input + self.output * output) / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_counts_and_names_go_on_behind_a_dash() {
        for (model, input) in [
            ("gpt-4", Some(30.0)),
            ("gpt-4-0613", Some(30.0)),
            ("gpt-4o-2024-08-06", Some(2.5)),
            ("gpt-4o-mini", Some(0.15)),
            ("gpt-4.1-nano", Some(0.1)),
            ("gpt-4.5-preview", None),
            ("models/gemini-2.5-flash-lite", Some(0.1)),
            ("claude-opus-4-1-20250805", Some(15.0)),
            ("claude-opus-4-5-20251101", Some(5.0)),
            ("my-model", None),
        ] {
            assert_eq!(of(model).map(|price| price.input), input, "{model}");
        }
        let cost = of("gpt-4o").unwrap().cost(1_000_000.0, 100_000.0);
        assert!((cost - 3.5).abs() < 1e-9, "{cost}");
    }
}
