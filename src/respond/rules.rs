//! The rules that are mounted: choosing among them, and the verdict at the end.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Explanation, Rule};
use crate::journal::Received;
use crate::reply::Answer;
use crate::request::LlmRequest;

/// Names a mounted rule, so that it can be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RuleId(u64);

/// All mounted rules, in order.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// Replaced as a whole when rules come and go, so that choosing holds no lock while it calls
    /// closures that may mount rules themselves.
    mounted: RwLock<Arc<Vec<Arc<Mounted>>>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Mounted {
    id: RuleId,
    rule: Rule,
    label: RuleName,
    answered: AtomicU64,
}

/// How a rule is called in messages: its name, or its number.
pub(crate) type RuleName = Arc<str>;

impl Rules {
    pub(crate) fn mount(&self, rule: Rule) -> RuleId {
        let id = RuleId(self.next.fetch_add(1, Ordering::Relaxed));
        let label = match &rule.name {
            Some(name) => format!("`{name}`").into(),
            None => format!("#{}", id.0 + 1).into(),
        };
        let mounted = Arc::new(Mounted { id, rule, label, answered: AtomicU64::new(0) });
        self.change(|rules| rules.push(mounted));
        id
    }

    /// Whether there was such a rule.
    pub(crate) fn unmount(&self, id: RuleId) -> bool {
        let mut found = false;
        self.change(|rules| {
            let before = rules.len();
            rules.retain(|mounted| mounted.id != id);
            found = rules.len() < before;
        });
        found
    }

    pub(crate) fn clear(&self) {
        self.change(Vec::clear);
    }

    /// The answer of the first rule that matches and has one, and that rule's name.
    pub(crate) fn choose(&self, request: &LlmRequest) -> Option<(Answer, RuleName)> {
        let rules = self.snapshot();
        rules.iter().find_map(|mounted| {
            if !mounted.rule.matches(request) || !mounted.take() {
                return None;
            }
            let answer = mounted.rule.respond.respond(request);
            if answer.is_none() {
                mounted.answered.fetch_sub(1, Ordering::Relaxed);
            }
            Some((answer?, Arc::clone(&mounted.label)))
        })
    }

    /// Every expectation that was not met, each with the request that came nearest.
    pub(crate) fn unmet(&self, received: &[Arc<Received>]) -> Option<String> {
        let mut report = String::new();
        for mounted in self.snapshot().iter() {
            let Some(expected) = mounted.rule.expect else {
                continue;
            };
            let answered = mounted.answered.load(Ordering::Relaxed);
            if expected.holds(answered) {
                continue;
            }
            let s = if expected.is_one() { "" } else { "s" };
            let _ = writeln!(
                report,
                "rule {}: expected {expected} request{s}, answered {answered}\n  when {}",
                mounted.label,
                mounted.rule.describe(),
            );
            match mounted.nearest(received) {
                Some((index, request, failed)) => {
                    let _ = writeln!(report, "  nearest: request {index} ({request})");
                    for failure in failed {
                        let _ = writeln!(report, "    failed: {failure}");
                    }
                }
                None if received.is_empty() => {
                    report.push_str("  no request was received at all\n")
                }
                None => {}
            }
        }
        (!report.is_empty()).then_some(report)
    }

    fn snapshot(&self) -> Arc<Vec<Arc<Mounted>>> {
        Arc::clone(&self.mounted.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Mounted>>)) {
        let mut mounted = self.mounted.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut mounted));
    }
}

impl Mounted {
    /// Counts one more answer, if the rule may still give one.
    fn take(&self) -> bool {
        let most = self.rule.times.unwrap_or(u64::MAX);
        self.answered
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < most).then_some(n + 1))
            .is_ok()
    }

    /// The request that this rule did not match and that came nearest: its number from 1, what it
    /// is, and what failed.
    fn nearest(&self, received: &[Arc<Received>]) -> Option<(usize, String, Vec<String>)> {
        let condition = self.rule.condition.as_ref()?;
        let explained = received.iter().enumerate().filter_map(|(index, received)| {
            let request = received.request()?;
            let mut explanation = Explanation::default();
            condition.explain(request, &mut explanation);
            let line = format!("{} {}", request.provider, request.model);
            (!explanation.failed().is_empty()).then_some((index + 1, line, explanation))
        });
        explained
            .max_by_key(|(index, _, explanation)| {
                (explanation.nearness(), std::cmp::Reverse(*index))
            })
            .map(|(index, line, explanation)| (index, line, explanation.failed().to_vec()))
    }
}
