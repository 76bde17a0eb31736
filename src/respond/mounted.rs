//! A mounted rule: its answers are counted, and compared with what was expected.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::rules::{RuleId, RuleName};
use super::states::States;
use super::times::Expected;
use super::{Explanation, Rule};
use crate::journal::Received;
use crate::reply::Answer;
use crate::request::LlmRequest;

/// A rule that is mounted.
#[derive(Debug)]
pub(super) struct Mounted {
    pub(super) id: RuleId,
    pub(super) rule: Arc<Rule>,
    pub(super) label: RuleName,
    /// How many it has, if they end.
    most: Option<u64>,
    pub(super) answered: AtomicU64,
}

impl Mounted {
    pub(super) fn new(id: RuleId, rule: Rule) -> Self {
        let label = match &rule.name {
            Some(name) => format!("`{name}`").into(),
            None => format!("#{}", id.0 + 1).into(),
        };
        Self { id, label, most: rule.most(), rule: Arc::new(rule), answered: AtomicU64::new(0) }
    }

    /// The same, as if it had not answered yet.
    #[cfg(feature = "server")]
    pub(super) fn fresh(&self) -> Self {
        let Self { id, rule, label, most, .. } = self;
        let (rule, label) = (Arc::clone(rule), Arc::clone(label));
        Self { id: *id, rule, label, most: *most, answered: AtomicU64::new(0) }
    }

    /// Its answer, if it matches and has one.
    pub(super) fn answer(
        &self,
        request: &LlmRequest,
        seed: u64,
        states: &States,
    ) -> Option<(Answer, RuleName)> {
        // Nothing is taken, to be given back, for a call that it has no answer to: others would
        // find it gone meanwhile.
        if !self.rule.matches(request) || !self.rule.answers(request.operation()) {
            return None;
        }
        let answer = match &self.rule.moves {
            None => self.say(request, seed),
            Some(moves) => {
                let left = states.enter(moves)?;
                let answer = self.say(request, seed);
                if answer.is_none() {
                    states.go_back(moves, left);
                }
                answer
            }
        };
        Some((answer?, Arc::clone(&self.label)))
    }

    fn say(&self, request: &LlmRequest, seed: u64) -> Option<Answer> {
        let answer = self.rule.answer(self.take()?, seed, request);
        if answer.is_none() {
            self.answered.fetch_sub(1, Ordering::Relaxed);
        }
        answer
    }

    /// Counts one more answer, if the rule may still give one: how many it gave before.
    fn take(&self) -> Option<u64> {
        let most = self.most.unwrap_or(u64::MAX);
        self.answered
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < most).then_some(n + 1))
            .ok()
    }

    /// How many answers it had, if it gave them all.
    pub(super) fn spent(&self) -> Option<u64> {
        self.most.filter(|most| self.answered.load(Ordering::Relaxed) >= *most)
    }

    /// What was expected of it and did not come.
    pub(super) fn report(&self, received: &[Arc<Received>], states: &States, report: &mut String) {
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
        if let Some(moves) = &self.rule.moves {
            let mut explanation = Explanation::default();
            moves.explain(states, &mut explanation);
            for failure in explanation.failed() {
                let _ = writeln!(report, "  now: {failure}");
            }
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;

    use super::super::{Respond, Rules};
    use super::*;
    use crate::provider::{Call, Operation, Provider};

    /// Looks, while it is asked about embeddings, whether a conversation has its answer.
    struct Curious {
        rules: Arc<Rules>,
        found: Arc<Mutex<Option<bool>>>,
    }

    fn request(operation: Operation) -> LlmRequest {
        LlmRequest::new(Provider::OPENAI, Call::new(operation), Bytes::new())
    }

    impl Respond for Curious {
        fn respond(&self, _: &LlmRequest) -> Option<Answer> {
            Some("once".into())
        }

        fn answers(&self, operation: Operation) -> bool {
            if operation == Operation::Embeddings {
                let found = self.rules.choose(&request(Operation::Chat), 0).is_some();
                self.found.lock().unwrap().get_or_insert(found);
            }
            operation == Operation::Chat
        }
    }

    /// A call for embeddings took an answer of a sequence and gave it back, and a conversation that
    /// came between the two got the next one.
    #[test]
    fn calls_of_another_kind_take_no_answer_meanwhile() {
        let (rules, found) = (Arc::new(Rules::default()), Arc::default());
        let curious = Curious { rules: Arc::clone(&rules), found: Arc::clone(&found) };
        rules.mount(Rule::always().first(curious));
        assert!(rules.choose(&request(Operation::Embeddings), 0).is_none());
        assert_eq!(*found.lock().unwrap(), Some(true));
    }
}
