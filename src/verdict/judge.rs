//! Looks at attempts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::attempt::{Attempt, Met};
use super::{Finding, Problem, Thresholds};
use crate::delivery::Ended;
use crate::journal::Received;
use crate::request::{Content, Role};
use crate::util::rng::hash;

/// The place in the journal, the request, and when it came.
pub(super) type Entry<'a> = (usize, &'a Received, &'a Attempt);

/// The attempts of one call, in the order they came.
pub(super) type Call<'a> = Vec<Entry<'a>>;

/// The same method, path, key and body are one call, until it is answered well.
pub(super) fn calls<'a>(attempts: &[Entry<'a>]) -> Vec<Call<'a>> {
    let mut calls: Vec<Call<'a>> = Vec::new();
    let mut open: HashMap<u64, usize> = HashMap::new();
    for entry in attempts {
        let print = fingerprint(entry.1);
        let index = *open.entry(print).or_insert_with(|| {
            calls.push(Vec::new());
            calls.len() - 1
        });
        calls[index].push(*entry);
        if entry.2.outcome.met == Met::Success {
            open.remove(&print);
        }
    }
    calls
}

fn fingerprint(received: &Received) -> u64 {
    let head = received.head.as_head();
    let mut print = hash(0, head.method.as_str().as_bytes());
    for part in [head.path, head.query.unwrap_or_default(), head.api_key().unwrap_or_default()] {
        print = hash(print, part.as_bytes());
    }
    hash(print, &received.body)
}

pub(super) fn findings(
    calls: &[Call<'_>],
    received: &[Arc<Received>],
    thresholds: &Thresholds,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for call in calls {
        for pair in call.windows(2) {
            found.extend(again(&pair[0], &pair[1], thresholds));
        }
        for entry in call {
            found.extend(silence(entry, call, thresholds));
        }
        found.extend(gave_up(call, received));
    }
    found.extend(duplicates(calls));
    found.extend(storm(calls, thresholds));
    found.extend(no_jitter(calls, thresholds));
    found.sort_by_key(|finding| finding.request);
    found
}

fn finding(entry: &Entry<'_>, problem: Problem) -> Finding {
    let head = &entry.1.head;
    Finding { problem, request: entry.0, call: format!("{} {}", head.method, head.uri.path()) }
}

/// How long the client waited after an attempt.
fn waited(before: &Entry<'_>, after: &Entry<'_>) -> Duration {
    after.2.at().saturating_duration_since(before.2.answered())
}

/// An attempt and the next of the same call.
fn again(before: &Entry<'_>, after: &Entry<'_>, thresholds: &Thresholds) -> Option<Finding> {
    let outcome = before.2.outcome;
    let waited = waited(before, after);
    let problem = match (outcome.met, outcome.retry_after) {
        (Met::Final, _) => Problem::FinalErrorRetried { status: before.1.status.as_u16() },
        (_, Some(asked)) if waited + ROUNDING < asked => {
            Problem::RetryAfterIgnored { waited, asked }
        }
        // When half an answer was read to its end is not known.
        (Met::Transient, None) if waited < thresholds.least_wait => {
            Problem::BackOffTooFast { waited, least: thresholds.least_wait }
        }
        _ => return None,
    };
    Some(finding(before, problem))
}

/// What timers and floating-point seconds may lose.
const ROUNDING: Duration = Duration::from_millis(2);

fn silence(entry: &Entry<'_>, call: &Call<'_>, thresholds: &Thresholds) -> Option<Finding> {
    let attempt = entry.2;
    if attempt.outcome.met != Met::Stall {
        return None;
    }
    let next = call.iter().find(|later| later.0 > entry.0);
    let ended =
        attempt.lasted().or_else(|| Some(next?.2.at().saturating_duration_since(attempt.at())));
    let waited = ended.unwrap_or_else(|| attempt.at().elapsed());
    (waited > thresholds.longest_silence).then(|| finding(entry, Problem::NoReadTimeout { waited }))
}

/// A call that was tried once, and not answered well.
fn gave_up(call: &Call<'_>, received: &[Arc<Received>]) -> Option<Finding> {
    let last = call.last()?;
    let attempt = last.2;
    match attempt.outcome.met {
        Met::Final | Met::Success => None,
        Met::Cut if went_on(last, received) => Some(finding(last, Problem::TruncationAccepted)),
        // The client is still there, or did not want the rest.
        Met::Cut | Met::Stall if last.1.delivery().ended == Ended::NotYet => None,
        Met::Cut if last.1.delivery().ended == Ended::Dropped => None,
        _ if call.len() > 1 => None,
        _ => {
            let status = last.1.status.as_u16();
            Some(finding(last, Problem::GaveUpAtOnce { status }))
        }
    }
}

/// Whether a later request has the same conversation, and what the assistant said to it.
fn went_on(cut: &Entry<'_>, received: &[Arc<Received>]) -> bool {
    let Some(asked) = cut.1.request() else { return false };
    let messages = &asked.messages;
    received[cut.0 + 1..].iter().filter_map(|later| later.request()).any(|later| {
        later.messages.len() > messages.len()
            && later.messages[messages.len()].role == Role::Assistant
            && messages
                .iter()
                .zip(&later.messages)
                .all(|(a, b)| a.role == b.role && a.text() == b.text())
    })
}

fn duplicates(calls: &[Call<'_>]) -> Vec<Finding> {
    let mut answers: HashMap<u64, (Entry<'_>, usize, bool)> = HashMap::new();
    for entry in calls.iter().flatten() {
        if entry.2.outcome.met == Met::Success {
            let seen = answers.entry(fingerprint(entry.1)).or_insert((*entry, 0, false));
            seen.1 += 1;
            seen.2 |= has_effects(entry.1);
        }
    }
    answers
        .into_values()
        .filter(|(_, answers, has_effects)| *answers > 1 && *has_effects)
        .map(|(first, answers, _)| finding(&first, Problem::DuplicateSideEffect { answers }))
        .collect()
}

fn has_effects(received: &Received) -> bool {
    let head = received.head.as_head();
    let is_retry = head.header("x-stainless-retry-count").is_some_and(|count| count != "0");
    is_retry
        || head.headers.contains_key("idempotency-key")
        || received.request().and_then(|request| request.messages.last()).is_some_and(|message| {
            message.content().iter().any(|part| matches!(part, Content::ToolResult { .. }))
        })
}

/// Calls that were tried again at one moment.
fn storm(calls: &[Call<'_>], thresholds: &Thresholds) -> Option<Finding> {
    let mut retries: Vec<(Instant, usize, &Entry<'_>)> = calls
        .iter()
        .enumerate()
        .flat_map(|(call, entries)| {
            entries.iter().skip(1).map(move |entry| (entry.2.at(), call, entry))
        })
        .collect();
    retries.sort_by_key(|(at, call, _)| (*at, *call));
    let mut from = 0;
    let mut worst: Option<(usize, &Entry<'_>)> = None;
    for to in 0..retries.len() {
        while retries[to].0 - retries[from].0 > thresholds.moment {
            from += 1;
        }
        let mut there: Vec<usize> = retries[from..=to].iter().map(|(_, call, _)| *call).collect();
        there.sort_unstable();
        there.dedup();
        if there.len() >= thresholds.storm.max(2)
            && worst.is_none_or(|(most, _)| there.len() > most)
        {
            worst = Some((there.len(), retries[from].2));
        }
    }
    worst.map(|(calls, entry)| finding(entry, Problem::Storm { calls }))
}

/// Waits that follow a pattern.
fn no_jitter(calls: &[Call<'_>], thresholds: &Thresholds) -> Option<Finding> {
    let near = |a: Duration, b: Duration| a.abs_diff(b) * thresholds.jitter <= a.max(b);
    let free: Vec<Vec<(Duration, &Entry<'_>)>> = calls.iter().map(own_waits).collect();
    // The same wait at the same place in several calls.
    for place in 0..free.iter().map(Vec::len).max().unwrap_or(0) {
        let waits: Vec<_> = free.iter().filter_map(|waits| waits.get(place)).collect();
        let Some((first, entry)) = waits.first() else { continue };
        if waits.len() >= PATTERN
            && !first.is_zero()
            && waits.iter().all(|(wait, _)| near(*wait, *first))
        {
            return Some(finding(entry, Problem::NoJitter { waits: waits.len() }));
        }
    }
    // The same, or a fixed multiple, again and again in one call.
    for waits in free.iter().filter(|waits| waits.len() >= PATTERN) {
        let is_fixed = [1, 2, 3, 10].iter().any(|factor| {
            waits
                .windows(2)
                .all(|pair| !pair[0].0.is_zero() && near(pair[0].0 * *factor, pair[1].0))
        });
        if is_fixed {
            return Some(finding(waits[0].1, Problem::NoJitter { waits: waits.len() }));
        }
    }
    None
}

/// How many waits make a pattern.
const PATTERN: usize = 3;

/// The waits of a call that the client chose itself.
fn own_waits<'a, 'b>(call: &'b Call<'a>) -> Vec<(Duration, &'b Entry<'a>)> {
    call.windows(2)
        .filter(|pair| {
            let outcome = pair[0].2.outcome;
            outcome.met == Met::Transient && outcome.retry_after.is_none()
        })
        .map(|pair| (waited(&pair[0], &pair[1]), &pair[0]))
        .collect()
}
