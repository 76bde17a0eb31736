//! How fast the vendors' models are, as far as somebody measured and published it.

use std::time::Duration;

use super::{Distribution, Pace};

/// One family: the beginning of its models' names, milliseconds to the first token, tokens a second.
///
/// Longer names go before those that they begin with.
const FAMILIES: &[(&str, u64, f64)] = &[
    // 1: kickllm.com
    ("gpt-4o-mini", 250, 115.0),
    ("gpt-4o", 380, 92.0),
    ("gpt-4.5", 1200, 45.0),
    ("o3", 2500, 38.0),
    ("o4-mini", 1800, 55.0),
    ("claude-3-5-haiku", 280, 130.0),
    ("claude-opus-4", 900, 55.0),
    ("gemini-2.0-flash", 200, 155.0),
    ("gemini-2.5-pro", 450, 82.0),
    // 2: artificialanalysis.ai
    ("gpt-4.1-mini", 930, 77.2),
    ("gpt-5", 890, 80.0),
    ("claude-3-5-sonnet", 800, 95.0),
    ("gemini-1.5-flash", 400, 190.0),
    // 3: modelstats.ai
    ("gpt-4.1", 730, 35.0),
    ("claude-sonnet-4-6", 950, 24.0),
    ("gemini-2.5-flash-lite", 450, 160.0),
    // 1 again: these begin with what stands above.
    ("claude-sonnet-4", 420, 88.0),
    ("gemini-2.5-flash", 220, 145.0),
];

/// How the time to the first token is spread.
const FIRST_SIGMA: f64 = 0.47;

/// How the speed of one answer differs from that of another.
const SPEED_SIGMA: f64 = 0.23;

impl Pace {
    /// About the pace of a model of this name, by the beginning of the name; `None` for a family of
    /// which no figures are listed here. Nobody warrants them: they differ by a factor of two between
    /// those who measure, by place, hour and load. They are here so that a test meets times of the
    /// right size.
    ///
    /// | names that begin with | first token | tokens a second | source |
    /// |---|---|---|---|
    /// | `gpt-4o-mini` | 250 ms | 115 | 1 |
    /// | `gpt-4o` | 380 ms | 92 | 1 |
    /// | `gpt-4.1-mini` | 930 ms | 77.2 | 2 |
    /// | `gpt-4.1` | 730 ms | 35 | 3 |
    /// | `gpt-4.5` | 1200 ms | 45 | 1 |
    /// | `gpt-5` | 890 ms | 80 | 2 (`gpt-5` at minimal effort) |
    /// | `o3` | 2500 ms | 38 | 1 |
    /// | `o4-mini` | 1800 ms | 55 | 1 |
    /// | `claude-3-5-haiku` | 280 ms | 130 | 1 |
    /// | `claude-3-5-sonnet` | 800 ms | 95 | 2 |
    /// | `claude-sonnet-4-6` | 950 ms | 24 | 3 |
    /// | `claude-sonnet-4` | 420 ms | 88 | 1 |
    /// | `claude-opus-4` | 900 ms | 55 | 1 (`claude-opus-4-6`) |
    /// | `gemini-1.5-flash` | 400 ms | 190 | 2 (AI Studio) |
    /// | `gemini-2.0-flash` | 200 ms | 155 | 1 |
    /// | `gemini-2.5-flash-lite` | 450 ms | 160 | 3 |
    /// | `gemini-2.5-flash` | 220 ms | 145 | 1 |
    /// | `gemini-2.5-pro` | 450 ms | 82 | 1 |
    ///
    /// 1. kickllm.com, "AI API Latency Comparison" (updated April 2026): medians of 100 streamed
    ///    requests of 500 tokens for 200, from the east of the USA.
    /// 2. artificialanalysis.ai, the "API Provider Benchmarking" page of each model, the vendor's own
    ///    API: medians.
    /// 3. modelstats.ai, "LLM Speed Comparison 2026": means of a request every five minutes, rounded
    ///    by the page.
    ///
    /// All read 2026-11-21. The spread is not theirs. The time to the first token is log-normal with
    /// sigma 0.47, which is what a median of 289 ms and a 99th percentile of 890 ms amount to
    /// (dataku, "Google Gemini 2.0 Flash", December 2024, its row for GPT-4o). An answer's speed is
    /// drawn once, log-normal with sigma 0.23: a deviation of 14.5 tokens a second around 63.3
    /// (community.openai.com, topic 768559, its row for `gpt-4o-2024-05-13`).
    ///
    /// ```
    /// use tower_mock_llm::{MockLlmLayer, Pace};
    ///
    /// assert!(Pace::of_model("gpt-4o-2024-08-06").is_some());
    /// assert!(Pace::of_model("my-model").is_none());
    /// // Each request at the pace of the model that it names.
    /// let layer = MockLlmLayer::new().pace_fn(|request| Pace::of_model(&request.model));
    /// # let _ = layer;
    /// ```
    pub fn of_model(model: &str) -> Option<Self> {
        let family = FAMILIES.iter().filter(|(name, ..)| is_of(model, name));
        let &(_, first, speed) = family.max_by_key(|(name, ..)| name.len())?;
        let gap = Duration::from_secs_f64(1.0 / speed);
        Some(
            Self::INSTANT
                .first_token(Distribution::log_normal(Duration::from_millis(first), FIRST_SIGMA))
                .steady_gap(Distribution::log_normal(gap, SPEED_SIGMA)),
        )
    }
}

/// Whether the model's name is the family's, or goes on after it: `o3-mini` is of `o3`, `o30` is not.
fn is_of(model: &str, family: &str) -> bool {
    model.strip_prefix(family).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_that_fits_decides() {
        for (model, first) in [
            ("gpt-4o", 380),
            ("gpt-4o-2024-08-06", 380),
            ("gpt-4o-mini-2024-07-18", 250),
            ("gpt-4.1-mini", 930),
            ("gpt-4.1-2025-04-14", 730),
            ("claude-sonnet-4-5-20250929", 420),
            ("claude-sonnet-4-6", 950),
            ("gemini-2.5-flash-lite", 450),
            ("gemini-2.5-flash", 220),
        ] {
            let expected = Distribution::log_normal(Duration::from_millis(first), FIRST_SIGMA);
            let pace = Pace::of_model(model).unwrap();
            assert_eq!(pace.first(), expected, "{model}");
        }
        for unknown in ["", "gpt", "gpt-40", "o30", "my-gpt-4o"] {
            assert_eq!(Pace::of_model(unknown), None, "{unknown}");
        }
    }
}
