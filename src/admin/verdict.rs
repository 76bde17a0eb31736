//! `/__mock/verdict`: what the clients made of it all.

use serde::Serialize;

use super::Admin;
use crate::verdict::{Problem, Thresholds, Verdict as Judged};

#[derive(Serialize)]
pub(super) struct Verdict {
    /// Whether nothing was found, and all that is expected of rules holds.
    ok: bool,
    calls: usize,
    attempts: usize,
    findings: Vec<Finding>,
    /// What is expected of rules and does not hold, in words.
    unmet: Option<String>,
}

#[derive(Serialize)]
struct Finding {
    problem: &'static str,
    /// The number of the call.
    call: u64,
    message: String,
}

impl Admin {
    pub(super) fn verdict(&self) -> Verdict {
        let (first, received) = self.mock.shared.journal.from(0);
        // Requests of before the server have no times, and it is an error to judge only those.
        let is_watched = received.iter().any(|received| received.attempt.is_some());
        let judged = Judged::of(if is_watched { &received } else { &[] }, &Thresholds::default());
        let unmet = self.handle().check().err().map(|error| error.to_string());
        let findings = judged.findings().iter().map(|finding| Finding {
            problem: word(finding.problem),
            call: first + finding.request as u64,
            message: {
                // It begins with the place in a list that nobody here has.
                let text = finding.to_string();
                let rest = text.split_once(") ").map_or(text.as_str(), |(_, rest)| rest);
                format!("{} {rest}", finding.call)
            },
        });
        Verdict {
            ok: judged.is_ok() && unmet.is_none(),
            calls: judged.calls(),
            attempts: judged.attempts(),
            findings: findings.collect(),
            unmet,
        }
    }
}

fn word(problem: Problem) -> &'static str {
    match problem {
        Problem::BackOffTooFast { .. } => "back_off_too_fast",
        Problem::DuplicateSideEffect { .. } => "duplicate_side_effect",
        Problem::FinalErrorRetried { .. } => "final_error_retried",
        Problem::GaveUpAtOnce { .. } => "gave_up_at_once",
        Problem::NoJitter { .. } => "no_jitter",
        Problem::NoReadTimeout { .. } => "no_read_timeout",
        Problem::RetryAfterIgnored { .. } => "retry_after_ignored",
        Problem::Storm { .. } => "storm",
        Problem::TruncationAccepted => "truncation_accepted",
    }
}
