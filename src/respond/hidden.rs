//! Rules that never answer, since one before them answers all that they would.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::mounted::Mounted;
use super::rules::{RuleId, RuleName};
use super::times::Expected;

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
    /// The first that answers every request.
    all: Option<RuleName>,
    /// The first that always answers under a condition, by the words of that.
    by_words: HashMap<String, RuleName>,
    found: Vec<HiddenRule>,
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
        let known = |words: &String| self.by_words.get(words);
        let by = self.all.as_ref().or_else(|| words.as_ref().and_then(known));
        let never = matches!(rule.expect, Some(Expected::Times(times)) if times.holds(0));
        match (by, words) {
            (Some(_), _) if never => {}
            (Some(by), _) => {
                let (rule, by) = (Arc::clone(label), Arc::clone(by));
                self.found.push(HiddenRule { rule, by, id: *id });
            }
            (None, _) if !rule.always_answers() => {}
            (None, _) if rule.is_for_all() => self.all = Some(Arc::clone(label)),
            (None, Some(words)) => {
                self.by_words.insert(words, Arc::clone(label));
            }
            (None, None) => {}
        }
    }
}
