//! Rules that never answer, since one before them answers all that they would.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::mounted::Mounted;
use super::rules::{RuleId, RuleName};
use super::times::Expected;
use crate::provider::Operation;

/// A mounted rule that can never answer. See
/// [`MockHandle::hidden`](crate::MockHandle::hidden).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HiddenRule {
    /// The rule, by name or number.
    pub rule: Arc<str>,
    /// The rule before it that answers all that it would.
    pub by: Arc<str>,
    pub(super) id: RuleId,
}

impl fmt::Display for HiddenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, by, .. } = self;
        write!(f, "rule {rule} never answers: rule {by} before it answers all that it would")
    }
}

/// What is known of them. Only what can be proven: the rule before never passes, and is for every
/// request or has the same words.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// How many rules were looked at.
    looked: usize,
    /// Those that answer every request; of several that answer the same operations, the first.
    all: Vec<Always>,
    /// Those that always answer under a condition, by the words of that.
    by_words: HashMap<String, Vec<Always>>,
    found: Vec<HiddenRule>,
}

/// A rule that always answers calls for some operations.
#[derive(Debug)]
struct Always {
    label: RuleName,
    operations: Operations,
}

/// Which of [`Operation::ALL`] a rule may have an answer to.
type Operations = [bool; Operation::ALL.len()];

impl Always {
    fn covers(&self, operations: &Operations) -> bool {
        self.operations.iter().zip(operations).all(|(ours, theirs)| *ours || !*theirs)
    }
}

impl Hidden {
    /// Looks at the rules that came since it last did.
    pub(super) fn look(&mut self, rules: &[Arc<Mounted>]) -> &[HiddenRule] {
        for mounted in rules.iter().skip(self.looked) {
            self.look_at(mounted);
        }
        self.looked = rules.len();
        &self.found
    }

    fn look_at(&mut self, mounted: &Mounted) {
        let Mounted { id, rule, label, .. } = mounted;
        let words = rule.describe();
        // Two closures have the same words, and need not be the same.
        let words = (!words.contains("a closure")).then_some(words);
        let operations = Operation::ALL.map(|operation| rule.answers(operation));
        let same = words.as_ref().and_then(|words| self.by_words.get(words)).into_iter().flatten();
        let by = self.all.iter().chain(same).find(|by| by.covers(&operations));
        let never = matches!(rule.expect, Some(Expected::Times(times)) if times.holds(0));
        match (by, words) {
            (Some(_), _) if never => {}
            (Some(by), _) => {
                let (rule, by) = (Arc::clone(label), Arc::clone(&by.label));
                self.found.push(HiddenRule { rule, by, id: *id });
            }
            (None, _) if !rule.always_answers() => {}
            (None, _) if rule.is_for_all() => {
                self.all.push(Always { label: Arc::clone(label), operations });
            }
            (None, Some(words)) => {
                let always = Always { label: Arc::clone(label), operations };
                self.by_words.entry(words).or_default().push(always);
            }
            (None, None) => {}
        }
    }
}
