//! `/health` and `/__mock/summary`: how it is, and what it all comes to.

use serde::Serialize;

use super::observer::timestamp;
use super::switches::word;
use super::{Admin, prices};

#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
    version: &'static str,
    mode: &'static str,
    uptime_seconds: u64,
}

#[derive(Serialize)]
pub(super) struct Summary {
    version: &'static str,
    started: String,
    /// Calls that are over, since the start: those that were forgotten, too.
    calls: u64,
    errors: u64,
    in_flight: i64,
    tokens: Tokens,
    saved: Saved,
    models: Vec<Model>,
}

#[derive(Default, Serialize)]
struct Tokens {
    input: u64,
    output: u64,
}

/// What was not spent.
#[derive(Serialize)]
struct Saved {
    usd: f64,
    /// Tokens of models whose price is not known: they count for nothing.
    unpriced_tokens: u64,
    estimate: bool,
    prices_read: &'static str,
    sources: [&'static str; 3],
}

#[derive(Serialize)]
struct Model {
    model: String,
    calls: u64,
    tokens: Tokens,
    saved_usd: Option<f64>,
}

impl Admin {
    pub(super) fn health(&self) -> Health {
        Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            mode: word(self.mock.mode()),
            uptime_seconds: self.observer.since_began().as_secs(),
        }
    }

    pub(super) fn summary(&self) -> Summary {
        let mut summary = Summary {
            version: env!("CARGO_PKG_VERSION"),
            started: timestamp(self.observer.began()),
            calls: 0,
            errors: 0,
            in_flight: self.observer.metrics.in_flight(),
            tokens: Tokens::default(),
            saved: Saved {
                usd: 0.0,
                unpriced_tokens: 0,
                estimate: true,
                prices_read: prices::READ,
                sources: prices::SOURCES,
            },
            models: Vec::new(),
        };
        for (model, all) in self.observer.metrics.series() {
            let mut of_model =
                Model { model, calls: 0, tokens: Tokens::default(), saved_usd: None };
            for series in all {
                let (input, output) = (series.input.sum as u64, series.output.sum as u64);
                of_model.calls += series.duration.count;
                of_model.tokens.input += input;
                of_model.tokens.output += output;
                let is_error = series.kind.status >= 400
                    || ["broken", "no_answer"].contains(&series.kind.ending);
                summary.errors += if is_error { series.duration.count } else { 0 };
                if let Some(saved) = series.saved(&of_model.model) {
                    *of_model.saved_usd.get_or_insert(0.0) += saved;
                } else if series.kind.answered_by == "mock" {
                    summary.saved.unpriced_tokens += input + output;
                }
            }
            summary.calls += of_model.calls;
            summary.tokens.input += of_model.tokens.input;
            summary.tokens.output += of_model.tokens.output;
            summary.saved.usd += of_model.saved_usd.unwrap_or_default();
            summary.models.push(of_model);
        }
        summary
    }
}
