//! The rules that are mounted: choosing among them, and the verdict at the end.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use super::index::Index;
use super::rule::Expected;
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
    mounted: RwLock<Arc<Set>>,
    next: AtomicU64,
    /// What strict mode said of requests that no rule answered.
    unmatched: Mutex<Vec<String>>,
}

/// The rules at one time.
#[derive(Clone, Debug, Default)]
struct Set {
    rules: Vec<Arc<Mounted>>,
    /// Made when it is first needed, and made anew when too many rules came since.
    index: OnceLock<Arc<Index>>,
}

#[derive(Debug)]
struct Mounted {
    id: RuleId,
    rule: Rule,
    label: RuleName,
    /// How many it has, if they end.
    most: Option<u64>,
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
        let (most, answered) = (rule.most(), AtomicU64::new(0));
        let mounted = Arc::new(Mounted { id, rule, label, most, answered });
        self.change(|set| {
            set.rules.push(mounted);
            if set
                .index
                .get()
                .is_some_and(|index| set.rules.len() > MOST_LATER + index.len() * 9 / 8)
            {
                set.index = OnceLock::new();
            }
        });
        id
    }

    /// Whether there was such a rule.
    pub(crate) fn unmount(&self, id: RuleId) -> bool {
        let mut found = false;
        self.change(|set| {
            let Some(at) = set.rules.iter().position(|mounted| mounted.id == id) else {
                return;
            };
            found = true;
            set.rules.remove(at);
            if set.index.get().is_some_and(|index| at < index.len()) {
                set.index = OnceLock::new();
            }
        });
        found
    }

    pub(crate) fn clear(&self) {
        self.change(|set| *set = Set::default());
        self.unmatched.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The answer of the first rule that matches and has one, and that rule's name.
    pub(crate) fn choose(&self, request: &LlmRequest) -> Option<(Answer, RuleName)> {
        self.snapshot().first(request, |mounted| mounted.answer(request))
    }

    /// As [`choose`](Self::choose), and always by trying each rule in turn.
    #[cfg(test)]
    pub(super) fn choose_one_after_the_other(
        &self,
        request: &LlmRequest,
    ) -> Option<(Answer, RuleName)> {
        self.snapshot().rules.iter().find_map(|mounted| mounted.answer(request))
    }

    /// Says why no rule answered this request: the nearest one, and what failed on it. Kept for
    /// the verdict.
    pub(crate) fn unmatched(&self, request: &LlmRequest) -> String {
        let rules = self.snapshot();
        let mut text =
            format!("no rule answers this request ({} {})", request.provider, request.model);
        let explained = rules.rules.iter().rev().map(|mounted| {
            let mut explanation = Explanation::default();
            if let Some(condition) = &mounted.rule.condition {
                condition.explain(request, &mut explanation);
            }
            (mounted, explanation)
        });
        // The first of the nearest, since the rules come last to first.
        match explained.max_by_key(|(_, explanation)| explanation.nearness()) {
            None => text.push_str("; there are no rules at all"),
            Some((mounted, explanation)) => {
                let (label, rule) = (&mounted.label, &mounted.rule);
                let _ = write!(text, "\n  nearest: rule {label}, when {}", rule.describe());
                for failure in explanation.failed() {
                    let _ = write!(text, "\n    failed: {failure}");
                }
                if explanation.failed().is_empty() {
                    let _ = match mounted.spent() {
                        Some(most) => {
                            write!(text, "\n    it matches, but has given all its answers ({most})")
                        }
                        None => {
                            write!(text, "\n    it matches, but left the request to the next rule")
                        }
                    };
                }
            }
        }
        let mut unmatched = self.unmatched.lock().unwrap_or_else(PoisonError::into_inner);
        if unmatched.len() < MOST_UNMATCHED {
            unmatched.push(text.clone());
        }
        text
    }

    /// Every expectation that was not met, each with the request that came nearest; every request
    /// that strict mode refused; every rule that can never answer.
    pub(crate) fn unmet(&self, received: &[Arc<Received>]) -> Option<String> {
        let mut report = String::new();
        let rules = self.snapshot();
        for mounted in &rules.rules {
            mounted.report(received, &mut report);
        }
        for text in self.unmatched.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = writeln!(report, "{text}");
        }
        report_hidden(&rules.rules, &mut report);
        (!report.is_empty()).then_some(report)
    }

    fn snapshot(&self) -> Arc<Set> {
        Arc::clone(&self.mounted.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Set)) {
        let mut mounted = self.mounted.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut mounted));
    }
}

impl Set {
    /// What the first rule says to it that may match the request and says anything.
    fn first<T>(
        &self,
        request: &LlmRequest,
        mut visit: impl FnMut(&Mounted) -> Option<T>,
    ) -> Option<T> {
        if self.rules.len() < LEAST_INDEXED {
            return self.rules.iter().find_map(|mounted| visit(mounted));
        }
        let needs = |mounted: &Arc<Mounted>| mounted.rule.needs();
        let index = self.index.get_or_init(|| Arc::new(Index::build(self.rules.iter().map(needs))));
        index.visit(request, |rule| visit(&self.rules[rule])).or_else(|| {
            let later = self.rules.iter().skip(index.len());
            later.into_iter().find_map(|mounted| visit(mounted))
        })
    }
}

impl Mounted {
    /// Its answer, if it matches and has one.
    fn answer(&self, request: &LlmRequest) -> Option<(Answer, RuleName)> {
        if !self.rule.matches(request) {
            return None;
        }
        let answer = self.rule.answer(self.take()?, request);
        if answer.is_none() {
            self.answered.fetch_sub(1, Ordering::Relaxed);
        }
        Some((answer?, Arc::clone(&self.label)))
    }

    /// Counts one more answer, if the rule may still give one: how many it gave before.
    fn take(&self) -> Option<u64> {
        let most = self.most.unwrap_or(u64::MAX);
        self.answered
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < most).then_some(n + 1))
            .ok()
    }

    /// How many answers it had, if it gave them all.
    fn spent(&self) -> Option<u64> {
        self.most.filter(|most| self.answered.load(Ordering::Relaxed) >= *most)
    }

    /// What was expected of it and did not come.
    fn report(&self, received: &[Arc<Received>], report: &mut String) {
        let answered = self.answered.load(Ordering::Relaxed);
        let (label, condition) = (&self.label, self.rule.describe());
        match self.rule.expect {
            None => return,
            Some(Expected::Times(times)) => {
                if times.holds(answered) {
                    return;
                }
                let s = if times.is_one() { "" } else { "s" };
                let _ = writeln!(
                    report,
                    "rule {label}: expected {times} request{s}, answered {answered}\n  when {condition}",
                );
            }
            Some(Expected::All) => {
                let (all, unsaid) = (self.rule.all(), self.rule.unsaid());
                if answered >= all && unsaid.is_empty() {
                    return;
                }
                let _ = if unsaid.is_empty() {
                    let s = if all == 1 { "" } else { "s" };
                    writeln!(report, "rule {label}: answered {answered} of {all} answer{s}")
                } else {
                    writeln!(report, "rule {label}: never said: {}", unsaid.join("; "))
                };
                let _ = writeln!(report, "  when {condition}");
            }
        }
        match self.nearest(received) {
            Some((index, request, failed)) => {
                let _ = writeln!(report, "  nearest: request {index} ({request})");
                for failure in failed {
                    let _ = writeln!(report, "    failed: {failure}");
                }
            }
            None if received.is_empty() => report.push_str("  no request was received at all\n"),
            None => {}
        }
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

/// Rules that never answer because one before them answers all that they would. Only what can be
/// proven: that rule never passes, and is for every request or has the same words.
fn report_hidden(rules: &[Arc<Mounted>], report: &mut String) {
    let mut seen: HashMap<String, &RuleName> = HashMap::new();
    let mut all: Option<&RuleName> = None;
    for mounted in rules {
        let words = mounted.rule.describe();
        // Two closures have the same words, and need not be the same.
        let words = (!words.contains("a closure")).then_some(words);
        let by = all.or_else(|| seen.get(words.as_ref()?).copied());
        let never = matches!(mounted.rule.expect, Some(Expected::Times(times)) if times.holds(0));
        match by {
            Some(by) if !never => {
                let _ = writeln!(
                    report,
                    "rule {} never answers: rule {by} before it answers all that it would",
                    mounted.label
                );
            }
            Some(_) => {}
            None if !mounted.rule.always_answers() => {}
            None if mounted.rule.condition.is_none() => all = Some(&mounted.label),
            None => {
                if let Some(words) = words {
                    seen.insert(words, &mounted.label);
                }
            }
        }
    }
}

/// Fewer rules are tried one after the other: nothing is faster.
const LEAST_INDEXED: usize = 16;

/// So many rules, and an eighth of those before, may come before the index is made anew.
const MOST_LATER: usize = 16;

/// More tell nothing new, and a server may run for long.
const MOST_UNMATCHED: usize = 100;
