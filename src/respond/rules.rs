//! The rules that are mounted: choosing among them, and the verdict at the end.

#[cfg(feature = "server")]
mod overview;

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

#[cfg(feature = "server")]
pub(crate) use self::overview::{Overview, Saved};
use super::hidden::{Hidden, HiddenRule};
use super::index::Index;
use super::mounted::Mounted;
use super::sayable::unsayable;
use super::states::States;
use super::{Explanation, Rule};
use crate::journal::Received;
use crate::provider::Room;
use crate::reply::Answer;
use crate::request::LlmRequest;

/// Names a mounted rule, so that it can be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RuleId(pub(super) u64);

/// All mounted rules, in order.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// Replaced as a whole when rules come and go, so that choosing holds no lock while it calls
    /// closures that may mount rules themselves.
    mounted: RwLock<Arc<Set>>,
    next: AtomicU64,
    /// What strict mode said of requests that no rule answered.
    unmatched: Mutex<Vec<String>>,
    hidden: Mutex<Hidden>,
    refuses_hidden: AtomicBool,
    states: States,
    /// The rooms that the user brought along.
    own_rooms: Mutex<Vec<Room>>,
}

/// The rules at one time.
#[derive(Clone, Debug, Default)]
struct Set {
    rules: Vec<Arc<Mounted>>,
    /// Made when it is first needed, and made anew when too many rules came since.
    index: OnceLock<Arc<Index>>,
}

/// How a rule is called in messages: its name, or its number.
pub(crate) type RuleName = Arc<str>;

impl Rules {
    /// Mounts it behind the others.
    ///
    /// # Panics
    ///
    /// If it can never answer, when [that is refused](Self::refuse_hidden); if no provider has
    /// words for what it says.
    #[track_caller]
    pub(crate) fn mount(&self, rule: Rule) -> RuleId {
        self.try_mount(rule, false).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Mounts it behind the others, or before them; or says why it cannot be.
    pub(crate) fn try_mount(&self, rule: Rule, first: bool) -> Result<RuleId, String> {
        let id = RuleId(self.next.fetch_add(1, Ordering::Relaxed));
        let mounted = Arc::new(Mounted::new(id, rule));
        let why =
            unsayable(&mounted, &self.own_rooms.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(why) = why {
            return Err(why);
        }
        // As in `unmount`.
        let mut hidden = first.then(|| self.hidden.lock().unwrap_or_else(PoisonError::into_inner));
        self.change(|set| {
            if let Some(hidden) = &mut hidden {
                **hidden = Hidden::default();
                set.rules.insert(0, mounted);
                set.index = OnceLock::new();
                return;
            }
            set.rules.push(mounted);
            if set
                .index
                .get()
                .is_some_and(|index| set.rules.len() > MOST_LATER + index.len() * 9 / 8)
            {
                set.index = OnceLock::new();
            }
        });
        drop(hidden);
        if self.refuses_hidden.load(Ordering::Relaxed)
            // One that comes first may hide others.
            && let Some(hidden) = self.hidden().into_iter().find(|hidden| first || hidden.id == id)
        {
            self.unmount(id);
            return Err(refusal(&hidden));
        }
        Ok(id)
    }

    /// The rule again, if a provider that is built in has words for what it says; else why not. `index`
    /// is its place among others, for the message.
    #[cfg(feature = "config")]
    pub(crate) fn sayable(rule: Rule, index: usize) -> Result<Rule, String> {
        let mounted = Mounted::new(RuleId(index as u64), rule);
        match unsayable(&mounted, &[]) {
            Some(why) => Err(why),
            // It was shared with nobody.
            None => Ok(Arc::into_inner(mounted.rule).expect("the only one")),
        }
    }

    /// Adds a room of the user's own that may have to say what rules say.
    pub(crate) fn know(&self, room: Room) {
        self.own_rooms.lock().unwrap_or_else(PoisonError::into_inner).push(room);
    }

    /// From now on, a rule that can never answer is not mounted.
    ///
    /// # Panics
    ///
    /// If one is mounted already.
    #[track_caller]
    pub(crate) fn refuse_hidden(&self) {
        self.refuses_hidden.store(true, Ordering::Relaxed);
        if let Some(hidden) = self.hidden().first() {
            panic!("{}", refusal(hidden));
        }
    }

    /// The rules that can never answer.
    pub(crate) fn hidden(&self) -> Vec<HiddenRule> {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        hidden.look(&self.snapshot().rules).to_vec()
    }

    pub(crate) fn state(&self, scenario: &str) -> String {
        self.states.get(scenario)
    }

    pub(crate) fn set_state(&self, scenario: &str, state: String) {
        self.states.set(scenario, state);
    }

    /// Whether there was such a rule.
    pub(crate) fn unmount(&self, id: RuleId) -> bool {
        let mut found = false;
        // First, as in `hidden`.
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        self.change(|set| {
            let Some(at) = set.rules.iter().position(|mounted| mounted.id == id) else {
                return;
            };
            found = true;
            *hidden = Hidden::default();
            set.rules.remove(at);
            if set.index.get().is_some_and(|index| at < index.len()) {
                set.index = OnceLock::new();
            }
        });
        found
    }

    pub(crate) fn clear(&self) {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        self.change(|set| *set = Set::default());
        *hidden = Hidden::default();
        drop(hidden);
        self.states.clear();
        self.unmatched.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The answer of the first rule that matches and has one, and that rule's name.
    pub(crate) fn choose(&self, request: &LlmRequest, seed: u64) -> Option<(Answer, RuleName)> {
        self.snapshot().first(request, |mounted| mounted.answer(request, seed, &self.states))
    }

    /// As [`choose`](Self::choose), and always by trying each rule in turn.
    #[cfg(test)]
    pub(super) fn choose_one_after_the_other(
        &self,
        request: &LlmRequest,
        seed: u64,
    ) -> Option<(Answer, RuleName)> {
        self.snapshot().rules.iter().find_map(|mounted| mounted.answer(request, seed, &self.states))
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
            if let Some(moves) = &mounted.rule.moves {
                moves.explain(&self.states, &mut explanation);
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
            mounted.report(received, &self.states, &mut report);
        }
        for text in self.unmatched.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = writeln!(report, "{text}");
        }
        for hidden in self.hidden() {
            let _ = writeln!(report, "{hidden}");
        }
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

fn refusal(hidden: &HiddenRule) -> String {
    format!("{hidden}; mount it before that one, or say `expect(0)` of it if that is meant")
}

/// Fewer rules are tried one after the other: nothing is faster.
const LEAST_INDEXED: usize = 16;

/// So many rules, and an eighth of those before, may come before the index is made anew.
const MOST_LATER: usize = 16;

/// More tell nothing new, and a server may run for long.
const MOST_UNMATCHED: usize = 100;
