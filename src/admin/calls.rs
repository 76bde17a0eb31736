//! `/__mock/calls`: what was asked, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode};
use serde::Serialize;

use super::mask::{self, Shown};
use super::observer::timestamp;
use super::query::{FILTERS, Filter, Query};
use super::respond::{Refusal, json};
use super::trace::{Mark, Trace};
use super::{Admin, prices};
use crate::journal::Received;
use crate::provider::Operation;
use crate::server::Other;

/// A call in a list.
#[derive(Serialize)]
pub(super) struct Call<'a> {
    pub(super) id: u64,
    /// When its request was there.
    at: String,
    /// Who answered: `mock`, or a provider.
    provider: &'a str,
    /// The API that was spoken.
    wire: &'a str,
    operation: Option<&'static str>,
    method: &'a str,
    path: String,
    model: Option<&'a str>,
    key: Option<String>,
    status: u16,
    stream: bool,
    rule: Option<&'a str>,
    /// As the request's header named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    tokens: Tokens,
    /// What it would have cost, if the mock answered and the price is known.
    saved_usd: Option<f64>,
    first_token_ms: Option<f64>,
    duration_ms: f64,
    bytes: usize,
    ended: &'static str,
}

#[derive(Serialize)]
struct Tokens {
    input: u64,
    output: u64,
}

#[derive(Serialize)]
struct List<'a> {
    /// How many are wanted, whether they are listed or not.
    count: usize,
    /// How many are remembered.
    remembered: usize,
    /// How many were forgotten, since more came than are remembered.
    forgotten: u64,
    calls: Vec<Call<'a>>,
}

/// A call with all that is known of it.
#[derive(Serialize)]
struct Detail<'a> {
    #[serde(flatten)]
    call: Call<'a>,
    no_answer: Option<String>,
    request: Request<'a>,
    response: Answer,
    timeline: Timeline,
}

#[derive(Serialize)]
struct Request<'a> {
    method: &'a str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    bytes: usize,
    /// Whether there is more of it than is shown.
    cut: bool,
}

#[derive(Serialize)]
struct Answer {
    status: u16,
    body: String,
    bytes: usize,
    cut: bool,
}

#[derive(Serialize)]
struct Timeline {
    first_token_ms: Option<f64>,
    longest_gap_ms: Option<f64>,
    /// How long nothing came before the end, where the end is not that of a whole answer.
    silent_ms: Option<f64>,
    ended: &'static str,
    duration_ms: f64,
    frames: Vec<Frame>,
}

#[derive(Serialize)]
struct Frame {
    at_ms: f64,
    bytes: u32,
    tokens: u32,
    /// Empty where it was let go.
    text: String,
}

/// How much of a request's body is shown.
const MOST_SHOWN: usize = 256 * 1024;

/// How many calls are listed, if no limit is asked for, and at the most.
const USUAL: u64 = 100;
const MOST_LISTED: u64 = 10_000;

impl Admin {
    pub(super) fn calls(
        self: &Arc<Self>,
        query: &Query,
        events: bool,
    ) -> Result<Response<Other>, Refusal> {
        let mut known = FILTERS.to_vec();
        known.extend(["limit", "before", "follow"]);
        query.only(&known)?;
        let now = self.observer.time_of(crate::pace::now());
        let filter = Filter::of(query, now)?;
        let limit = query.number("limit")?;
        if query.flag("follow")? || events {
            return Ok(self.follow(filter, limit));
        }
        let before = query.number("before")?.unwrap_or(u64::MAX);
        let limit = limit.unwrap_or(USUAL).min(MOST_LISTED) as usize;
        let (first, all) = self.mock.shared.journal.from(0);
        let wanted = |(id, received): (u64, &Arc<Received>)| {
            let trace = received.trace()?;
            filter.takes(received, trace).then_some((id, Arc::clone(received)))
        };
        let numbered = (first..).zip(&all);
        let mut found: Vec<_> = numbered.filter_map(wanted).collect();
        let count = found.len();
        found.retain(|(id, _)| *id < before);
        let listed = &found[found.len().saturating_sub(limit)..];
        let calls = listed.iter().filter_map(|(id, received)| Call::of(*id, received)).collect();
        let list = List { count, remembered: all.len(), forgotten: first - 1, calls };
        Ok(json(StatusCode::OK, &list))
    }

    pub(super) fn call(&self, id: &str) -> Result<Response<Other>, Refusal> {
        let id: u64 = id.parse().map_err(|_| {
            Refusal::bad(format!("a call is named by its number, and `{id}` is none"))
        })?;
        let (first, received) = self.mock.shared.journal.from(id);
        let found = received.first().filter(|_| first == id);
        let detail = found.and_then(|received| Detail::of(id, received));
        match detail {
            Some(detail) => Ok(json(StatusCode::OK, &detail)),
            None => Err(Refusal::new(
                StatusCode::NOT_FOUND,
                format!("there is no call {id}, or it was forgotten since"),
            )),
        }
    }
}

impl<'a> Call<'a> {
    pub(super) fn of(id: u64, received: &'a Received) -> Option<Self> {
        let trace = received.trace()?;
        let (input, output) = trace.tokens();
        let model = model(received, trace);
        let price = model.and_then(prices::of).filter(|_| trace.answered_by() == "mock");
        Some(Self {
            id,
            at: timestamp(trace.observer().time_of(trace.at)),
            provider: trace.answered_by(),
            wire: trace.wire.as_str(),
            operation: trace.operation.map(|operation| match operation {
                Operation::Chat => "chat",
                Operation::CountTokens => "count_tokens",
                Operation::Embeddings => "embeddings",
                Operation::Models => "models",
            }),
            method: received.head.method.as_str(),
            path: mask::path(&received.head),
            model,
            key: received.head.as_head().api_key().map(|key| Shown::of(key).as_str().to_owned()),
            status: trace.status,
            stream: trace.is_stream(),
            rule: received.rule.as_deref(),
            session: session(received),
            tokens: Tokens { input, output },
            saved_usd: price.map(|price| price.cost(input as f64, output as f64)),
            first_token_ms: trace.first_token().filter(|_| trace.is_stream()).map(milliseconds),
            duration_ms: milliseconds(trace.lasted()),
            bytes: trace.progress().delivery().bytes,
            ended: trace.ending(),
        })
    }
}

impl<'a> Detail<'a> {
    fn of(id: u64, received: &'a Received) -> Option<Self> {
        let call = Call::of(id, received)?;
        let trace = received.trace()?;
        let (shown, cut) = mask::beginning(&received.body, MOST_SHOWN);
        let head = &received.head;
        let request = Request {
            method: head.method.as_str(),
            path: mask::path(head),
            headers: mask::headers(&head.headers),
            body: mask::body(shown, head),
            bytes: received.body.len(),
            cut,
        };
        let (response, timeline) = trace.frames(|frames| {
            let response = Answer {
                status: trace.status,
                body: mask::body(&frames.body, head),
                bytes: trace.progress().delivery().bytes,
                cut: frames.cut,
            };
            let none = Mark { at: 0, end: 0, tokens: 0 };
            let before = std::iter::once(&none).chain(&frames.marks);
            let pairs = || before.clone().zip(&frames.marks);
            let shown = pairs().map(|(before, mark)| {
                let text = frames.body.get(before.end as usize..mark.end as usize);
                Frame {
                    at_ms: mark.at as f64 / 1e3,
                    bytes: mark.end - before.end,
                    tokens: mark.tokens.saturating_sub(before.tokens),
                    text: mask::body(text.unwrap_or_default(), head),
                }
            });
            let longest = pairs().skip(1).map(|(before, mark)| mark.at - before.at).max();
            let last = frames.marks.last().map_or(0, |mark| mark.at);
            let silent = milliseconds(trace.lasted()) - last as f64 / 1e3;
            let timeline = Timeline {
                first_token_ms: frames.first_token.map(milliseconds),
                longest_gap_ms: longest.map(|longest| longest as f64 / 1e3),
                silent_ms: Some(silent).filter(|_| call.ended != "whole"),
                ended: call.ended,
                duration_ms: call.duration_ms,
                frames: shown.collect(),
            };
            (response, timeline)
        });
        let no_answer = trace.no_answer().map(|how| how.to_string());
        Some(Self { call, no_answer, request, response, timeline })
    }
}

/// The model that was asked for, as far as it could be understood.
pub(super) fn model<'a>(received: &'a Received, trace: &'a Trace) -> Option<&'a str> {
    trace.model().or_else(|| received.call()?.model.as_deref())
}

/// The session that it named.
pub(super) fn session(received: &Received) -> Option<String> {
    let name = received.head.headers.get("x-mock-llm-session")?;
    Some(String::from_utf8_lossy(name.as_bytes()).into_owned())
}

fn milliseconds(span: Duration) -> f64 {
    span.as_micros() as f64 / 1e3
}
