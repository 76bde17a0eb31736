//! What is counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::prices;
use super::trace::Trace;
use crate::provider::{Operation, Provider};

/// Counters of all calls since the observer began to look. A call is counted when it is over.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    in_flight: AtomicI64,
    /// By model.
    series: Mutex<BTreeMap<String, Vec<Series>>>,
}

/// Calls that are alike in all that is told apart.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) kind: Kind,
    pub(super) duration: Histogram<14>,
    pub(super) first_token: Histogram<16>,
    pub(super) per_token: Histogram<13>,
    pub(super) input: Histogram<14>,
    pub(super) output: Histogram<14>,
}

/// What is told apart, beside the model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kind {
    pub(super) wire: Provider,
    pub(super) operation: Option<Operation>,
    pub(super) status: u16,
    pub(super) answered_by: String,
    pub(super) ending: &'static str,
}

/// Seconds, after the semantic conventions.
pub(super) const DURATIONS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Seconds, after the semantic conventions.
pub(super) const FIRST_TOKENS: [f64; 16] =
    [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Seconds, after the semantic conventions.
pub(super) const PER_TOKEN: [f64; 13] =
    [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5];
/// Tokens, after the semantic conventions.
pub(super) const TOKENS: [f64; 14] = [
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0,
    16777216.0, 67108864.0,
];

/// So many models are told apart; the rest are `_other`, since a client may name any.
const MOST_MODELS: usize = 100;
const OTHER: &str = "_other";

impl Metrics {
    pub(super) fn began(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn ended(&self, trace: &Trace) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let (input, output) = trace.tokens();
        let (lasted, first_token) = (trace.lasted(), trace.first_token());
        let ending = trace.ending();
        let model = trace.model().unwrap_or_default();
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let of_model = match series.get_mut(model) {
            Some(of_model) => of_model,
            None => {
                let model = if series.len() < MOST_MODELS { model } else { OTHER };
                series.entry(model.to_owned()).or_default()
            }
        };
        let is_same = |series: &&mut Series| {
            let kind = &series.kind;
            kind.status == trace.status
                && kind.ending == ending
                && kind.operation == trace.operation
                && kind.wire == trace.wire
                && kind.answered_by == trace.answered_by()
        };
        let series = match of_model.iter_mut().find(is_same) {
            Some(series) => series,
            None => {
                of_model.push(Series::new(trace, ending));
                match of_model.last_mut() {
                    Some(series) => series,
                    None => return,
                }
            }
        };
        series.duration.add(&DURATIONS, lasted.as_secs_f64());
        if input > 0 {
            series.input.add(&TOKENS, input as f64);
        }
        if output > 0 {
            series.output.add(&TOKENS, output as f64);
        }
        let is_success = trace.status < 400 && ending == "whole";
        if let Some(first) = first_token.filter(|_| is_success && trace.is_stream()) {
            series.first_token.add(&FIRST_TOKENS, first.as_secs_f64());
            if let Ok(gaps @ 1..) = u32::try_from(output.saturating_sub(1)) {
                let each: Duration = lasted.saturating_sub(first) / gaps;
                series.per_token.add(&PER_TOKEN, each.as_secs_f64());
            }
        }
    }

    pub(super) fn in_flight(&self) -> i64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// All series, by model.
    pub(super) fn series(&self) -> BTreeMap<String, Vec<Series>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Series {
    fn new(trace: &Trace, ending: &'static str) -> Self {
        Self {
            kind: Kind {
                wire: trace.wire.clone(),
                operation: trace.operation,
                status: trace.status,
                answered_by: trace.answered_by().to_owned(),
                ending,
            },
            duration: Histogram::default(),
            first_token: Histogram::default(),
            per_token: Histogram::default(),
            input: Histogram::default(),
            output: Histogram::default(),
        }
    }

    /// What its tokens would have cost, in US dollars, if the mock answered and the price is known.
    pub(super) fn saved(&self, model: &str) -> Option<f64> {
        if self.kind.answered_by != "mock" {
            return None;
        }
        Some(prices::of(model)?.cost(self.input.sum, self.output.sum))
    }
}

/// How many values there were up to each bound, and their sum.
#[derive(Clone, Debug)]
pub(super) struct Histogram<const BOUNDS: usize> {
    /// Each value once: with the first bound that it does not exceed.
    pub(super) counts: [u64; BOUNDS],
    /// Those beyond the last bound too.
    pub(super) count: u64,
    pub(super) sum: f64,
}

impl<const BOUNDS: usize> Default for Histogram<BOUNDS> {
    fn default() -> Self {
        Self { counts: [0; BOUNDS], count: 0, sum: 0.0 }
    }
}

impl<const BOUNDS: usize> Histogram<BOUNDS> {
    fn add(&mut self, bounds: &[f64; BOUNDS], value: f64) {
        if let Some(at) = bounds.iter().position(|bound| value <= *bound) {
            self.counts[at] += 1;
        }
        self.count += 1;
        self.sum += value;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.count += other.count;
        self.sum += other.sum;
    }
}
