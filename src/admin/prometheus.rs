//! `/metrics`: what is counted, as Prometheus reads it.
//!
//! Names and buckets follow OpenTelemetry's semantic conventions for generative AI (status
//! "development"; <https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/>, read
//! 2026-11-21), written as OpenTelemetry's mapping to Prometheus writes them: dots become underscores,
//! and the unit follows. What they have no name for begins with `mock_llm_`.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::metrics::{DURATIONS, FIRST_TOKENS, Histogram, PER_TOKEN, Series, TOKENS};
use super::observer::Observer;
use super::prices;
use crate::provider::{Operation, Provider};

/// The media type of the text format.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn text(observer: &Observer) -> String {
    let all = observer.metrics.series();
    let mut out = Text(String::new());
    out.histograms(
        "gen_ai_server_request_duration_seconds",
        "Time to the last byte.",
        &DURATIONS,
        merged(&all, |series| [(error_type(series), &series.duration)]),
    );
    out.histograms(
        "gen_ai_server_time_to_first_token_seconds",
        "Time to the first token of a whole stream.",
        &FIRST_TOKENS,
        merged(&all, |series| [(Vec::new(), &series.first_token)]),
    );
    out.histograms(
        "gen_ai_server_time_per_output_token_seconds",
        "Time per token after the first, in a whole stream.",
        &PER_TOKEN,
        merged(&all, |series| [(Vec::new(), &series.per_token)]),
    );
    let of_type = |kind: &str| vec![("gen_ai_token_type", kind.to_owned())];
    out.histograms(
        "gen_ai_client_token_usage",
        "Tokens of a call, by type.",
        &TOKENS,
        merged(&all, |series| {
            [(of_type("input"), &series.input), (of_type("output"), &series.output)]
        }),
    );
    let name = "mock_llm_requests_total";
    out.head(name, "counter", "Requests that are over: by status, who answered, and how it ended.");
    for (model, all) in &all {
        for series in all {
            let mut labels = labels(model, series);
            labels.push(("http_response_status_code", series.kind.status.to_string()));
            labels.push(("mock_llm_ended", series.kind.ending.to_owned()));
            out.line(name, &labels, series.duration.count as f64);
        }
    }
    let name = "mock_llm_saved_usd_total";
    let read = prices::READ;
    let help = format!("What mocked calls would have cost: an estimate by list prices of {read}.");
    out.head(name, "counter", &help);
    for (model, all) in &all {
        let saved: Vec<f64> = all.iter().filter_map(|series| series.saved(model)).collect();
        if !saved.is_empty() {
            let labels = [("gen_ai_request_model", model.clone())];
            out.line(name, &labels, saved.iter().sum());
        }
    }
    let name = "mock_llm_requests_in_flight";
    out.head(name, "gauge", "Requests whose answer is not over.");
    out.line(name, &[], observer.metrics.in_flight() as f64);
    let name = "mock_llm_build_info";
    out.head(name, "gauge", "The version; always 1.");
    out.line(name, &[("version", env!("CARGO_PKG_VERSION").to_owned())], 1.0);
    let name = "process_start_time_seconds";
    out.head(name, "gauge", "When the server started, in seconds since 1970.");
    let began = observer.began().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    out.line(name, &[], began.as_secs_f64());
    out.0
}

/// The histograms of all series, those with the same labels together.
fn merged<'a, const BOUNDS: usize, const EACH: usize>(
    all: &'a BTreeMap<String, Vec<Series>>,
    pick: impl Fn(&'a Series) -> [(Vec<Label>, &'a Histogram<BOUNDS>); EACH],
) -> BTreeMap<Vec<Label>, Histogram<BOUNDS>> {
    let mut merged = BTreeMap::<_, Histogram<BOUNDS>>::new();
    for (model, all) in all {
        for series in all {
            for (more, histogram) in pick(series) {
                let mut labels = labels(model, series);
                labels.extend(more);
                // Nothing, where no value was ever seen.
                if histogram.count > 0 {
                    merged.entry(labels).or_default().merge(histogram);
                }
            }
        }
    }
    merged
}

type Label = (&'static str, String);

fn labels(model: &str, series: &Series) -> Vec<Label> {
    let mut labels = vec![
        ("gen_ai_operation_name", operation(series).to_owned()),
        ("gen_ai_provider_name", provider(&series.kind.wire).to_owned()),
    ];
    if !model.is_empty() {
        labels.push(("gen_ai_request_model", model.to_owned()));
    }
    labels.push(("mock_llm_answered_by", series.kind.answered_by.clone()));
    labels
}

/// The conventions' word for an operation, or one of our own where they have none.
fn operation(series: &Series) -> &'static str {
    match series.kind.operation {
        Some(Operation::Chat) if series.kind.wire == Provider::GEMINI => "generate_content",
        Some(Operation::Chat) => "chat",
        Some(Operation::CountTokens) => "count_tokens",
        Some(Operation::Embeddings) => "embeddings",
        Some(Operation::Models) => "models",
        None => "unknown",
    }
}

/// The conventions' word for a provider; they have none for providers of one's own.
fn provider(wire: &Provider) -> &str {
    if *wire == Provider::GEMINI { "gcp.gemini" } else { wire.as_str() }
}

/// `error.type` is there if a call ended in an error.
fn error_type(series: &Series) -> Vec<Label> {
    let error = match (series.kind.status, series.kind.ending) {
        (_, "no_answer") => "no_answer".to_owned(),
        (status @ 400.., _) => status.to_string(),
        (_, "whole") => return Vec::new(),
        (_, ending) => ending.to_owned(),
    };
    vec![("error_type", error)]
}

struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[Label], value: f64) {
        self.0.push_str(name);
        for (index, (label, value)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"", if index == 0 { '{' } else { ',' });
            for letter in value.chars() {
                match letter {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    letter => self.0.push(letter),
                }
            }
            self.0.push('"');
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    fn histograms<const BOUNDS: usize>(
        &mut self,
        name: &str,
        help: &str,
        bounds: &[f64; BOUNDS],
        histograms: BTreeMap<Vec<Label>, Histogram<BOUNDS>>,
    ) {
        self.head(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        for (labels, histogram) in histograms {
            let mut with_bound = labels.clone();
            let mut upto = 0;
            for (bound, count) in bounds.iter().zip(&histogram.counts) {
                upto += count;
                with_bound.push(("le", bound.to_string()));
                self.line(&bucket, &with_bound, upto as f64);
                with_bound.pop();
            }
            with_bound.push(("le", "+Inf".to_owned()));
            self.line(&bucket, &with_bound, histogram.count as f64);
            self.line(&format!("{name}_sum"), &labels, histogram.sum);
            self.line(&format!("{name}_count"), &labels, histogram.count as f64);
        }
    }
}
