//! The mounted rules as they are shown to people, and set back for them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::super::times::Expected;
use super::{RuleId, RuleName, Rules, Set};

/// A mounted rule, shown.
#[derive(Clone, Debug)]
pub(crate) struct Overview {
    pub(crate) id: RuleId,
    /// How messages and calls name it.
    pub(crate) label: RuleName,
    pub(crate) name: Option<String>,
    pub(crate) when: String,
    pub(crate) answered: u64,
    /// How many answers it has, if they end.
    pub(crate) most: Option<u64>,
    /// What is expected of it, in words, and whether that holds now.
    pub(crate) expected: Option<(String, bool)>,
    /// The rule that hides it.
    pub(crate) hidden_by: Option<RuleName>,
}

/// The rules of one moment.
#[derive(Debug)]
pub(crate) struct Saved(Arc<Set>);

impl RuleId {
    /// The number that messages have.
    pub(crate) fn number(self) -> u64 {
        self.0 + 1
    }

    pub(crate) fn of_number(number: u64) -> Option<Self> {
        number.checked_sub(1).map(Self)
    }
}

impl Rules {
    /// All rules, in the order in which they are tried.
    pub(crate) fn overview(&self) -> Vec<Overview> {
        let hidden = self.hidden();
        let set = self.snapshot();
        let shown = set.rules.iter().map(|mounted| {
            let answered = mounted.answered.load(Ordering::Relaxed);
            let rule = &mounted.rule;
            let expected = rule.expect.map(|expected| match expected {
                Expected::Times(times) => (times.to_string(), times.holds(answered)),
                Expected::All => {
                    ("all".to_owned(), answered >= rule.all() && rule.unsaid().is_empty())
                }
            });
            Overview {
                id: mounted.id,
                label: Arc::clone(&mounted.label),
                name: rule.name.clone(),
                when: rule.describe(),
                answered,
                most: rule.most(),
                expected,
                hidden_by: hidden
                    .iter()
                    .find(|hidden| hidden.id == mounted.id)
                    .map(|hidden| Arc::clone(&hidden.by)),
            }
        });
        shown.collect()
    }

    /// The same rules, as if none had answered yet, to be changed on their own.
    pub(crate) fn fresh(&self) -> Self {
        let set = self.snapshot();
        let rules = set.rules.iter().map(|mounted| Arc::new(mounted.fresh())).collect();
        let own = self.own_rooms.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self {
            mounted: RwLock::new(Arc::new(Set { rules, index: set.index.clone() })),
            next: AtomicU64::new(self.next.load(Ordering::Relaxed)),
            refuses_hidden: AtomicBool::new(self.refuses_hidden.load(Ordering::Relaxed)),
            own_rooms: Mutex::new(own),
            ..Self::default()
        }
    }

    pub(crate) fn save(&self) -> Saved {
        Saved(self.snapshot())
    }

    /// Puts back the rules of that moment, as if none had answered yet, and every scenario to its start.
    pub(crate) fn restore(&self, saved: &Saved) {
        let Saved(set) = saved;
        self.clear();
        for mounted in &set.rules {
            mounted.answered.store(0, Ordering::Relaxed);
        }
        self.change(|now| *now = Set::clone(set));
    }
}
