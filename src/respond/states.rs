//! Named states: what is remembered from one request to the next.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use super::Explanation;

/// The state that every scenario begins in.
pub const STARTED: &str = "started";

/// The states that scenarios are in; one that is not named is in [`STARTED`].
#[derive(Debug, Default)]
pub(super) struct States(Mutex<HashMap<String, String>>);

/// What a rule has to do with scenarios: pairs of a scenario and a state.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    /// It answers only in these.
    pub(super) within: Vec<(String, String)>,
    /// Its answer leads to these.
    pub(super) then: Vec<(String, String)>,
}

/// The states that a rule's answer left.
pub(super) type Left = Vec<(String, Option<String>)>;

impl States {
    pub(super) fn get(&self, scenario: &str) -> String {
        let states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state(&states, scenario).to_owned()
    }

    pub(super) fn set(&self, scenario: &str, state: String) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert(scenario.to_owned(), state);
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Goes on to where the rule leads, if all is as it wants it: at once, so that of two calls at
    /// the same time only one does.
    pub(super) fn enter(&self, moves: &Moves) -> Option<Left> {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if moves.within.iter().any(|(scenario, wanted)| state(&states, scenario) != wanted) {
            return None;
        }
        let then = moves.then.iter();
        let left = then.map(|(scenario, next)| {
            (scenario.clone(), states.insert(scenario.clone(), next.clone()))
        });
        Some(left.collect())
    }

    /// Goes back, where nobody went on since: the rule had nothing to say.
    pub(super) fn go_back(&self, moves: &Moves, left: Left) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((_, entered), (scenario, before)) in moves.then.iter().zip(left).rev() {
            if state(&states, &scenario) != entered {
                continue;
            }
            match before {
                Some(before) => states.insert(scenario, before),
                None => states.remove(&scenario),
            };
        }
    }
}

impl Moves {
    /// The words that stand behind those of the condition.
    pub(super) fn describe(&self, words: &mut String) {
        for (index, (scenario, state)) in self.within.iter().enumerate() {
            let and = if index == 0 { " while" } else { " and" };
            let _ = write!(words, "{and} scenario {scenario:?} is in state {state:?}");
        }
    }

    /// As [`Match::explain`](super::Match::explain), on the states that are now.
    pub(super) fn explain(&self, states: &States, explanation: &mut Explanation) {
        for (scenario, wanted) in &self.within {
            let now = states.get(scenario);
            explanation.condition(now == *wanted, || {
                format!("scenario {scenario:?} is in state {wanted:?}, but it is in {now:?}")
            });
        }
    }
}

fn state<'a>(states: &'a HashMap<String, String>, scenario: &str) -> &'a str {
    states.get(scenario).map_or(STARTED, String::as_str)
}
