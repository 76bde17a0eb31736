//! Scripts: a conversation's answers, turn by turn.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{Cue, IntoRespond, Match, Respond};
use crate::provider::Operation;
use crate::reply::{Answer, Reply};
use crate::request::LlmRequest;

/// The answers of a whole conversation, turn by turn: what an agent is tested against.
///
/// Which turn it is is read from the conversation: the assistant's messages so far, and one. So
/// nothing is remembered, and many conversations may run at once, on any number of replicas.
///
/// ```
/// use serde_json::json;
/// use tower_mock_llm::{MockLlmLayer, Reply, Rule, Script, tool_result};
///
/// let script = Script::new()
///     .turn(Reply::empty().tool_call("search", json!({"query": "weather"})))
///     .turn_if(tool_result().contains("error"), "The search does not work.")
///     .turn("It will rain.");
/// let layer = MockLlmLayer::new().rule(Rule::always().respond_with(script));
/// # let _ = layer;
/// ```
///
/// After the last turn it leaves the request to the next rule, unless
/// [`then_repeat`](Self::then_repeat) says otherwise. Of which turns it never said,
/// [`Rule::expect_all`](super::Rule::expect_all) asks.
#[derive(Default)]
pub struct Script {
    turns: Vec<Turn>,
    /// Whether the last turn waits for more branches.
    open: bool,
    last: Option<Box<dyn Respond>>,
    /// How many calls were answered, when it goes by them.
    calls: Option<AtomicUsize>,
}

/// Its branches, in order.
#[derive(Default)]
struct Turn(Vec<Branch>);

struct Branch {
    condition: Option<Box<dyn Match>>,
    respond: Box<dyn Respond>,
    said: AtomicBool,
}

impl Script {
    /// A script without a turn yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the next turn says. After [`turn_if`](Self::turn_if): what that turn says when none of
    /// its conditions is met.
    #[must_use]
    pub fn turn(self, respond: impl IntoRespond) -> Self {
        let mut script = self.branch(None, respond.into_respond());
        script.open = false;
        script
    }

    /// What the next turn says if the request meets a condition, for instance on the result of a
    /// tool. Several in a row, and the [`turn`](Self::turn) that follows them, are branches of one
    /// turn; the first that fits says it.
    #[must_use]
    pub fn turn_if(self, condition: impl Match, respond: impl IntoRespond) -> Self {
        let mut script = self.branch(Some(Box::new(condition)), respond.into_respond());
        script.open = true;
        script
    }

    /// What every turn after the last one says. Without it they are left to the next rule.
    #[must_use]
    pub fn then_repeat(mut self, respond: impl IntoRespond) -> Self {
        self.open = false;
        self.last = Some(respond.into_respond());
        self
    }

    /// Goes by the order of the calls and not by the conversation: the first call gets the first
    /// turn, whatever was said before. For apps that send no history; then the script remembers,
    /// and is good for one conversation.
    #[must_use]
    pub fn by_call_order(mut self) -> Self {
        self.calls = Some(AtomicUsize::new(0));
        self
    }

    /// The turn has no more branches: what follows is the next, even behind
    /// [`turn_if`](Self::turn_if).
    #[cfg(feature = "config")]
    pub(crate) fn end_turn(mut self) -> Self {
        self.open = false;
        self
    }

    fn branch(mut self, condition: Option<Box<dyn Match>>, respond: Box<dyn Respond>) -> Self {
        if !self.open {
            self.turns.push(Turn::default());
        }
        if let Some(Turn(branches)) = self.turns.last_mut() {
            branches.push(Branch { condition, respond, said: AtomicBool::new(false) });
        }
        self
    }

    /// What is said in this turn, counted from 0.
    fn say(&self, turn: usize, request: &LlmRequest, cue: &Cue<'_>) -> Option<Answer> {
        let Some(Turn(branches)) = self.turns.get(turn) else {
            return self.last.as_ref()?.respond_to(request, cue);
        };
        branches.iter().find_map(|branch| {
            let fits = branch.condition.as_ref().is_none_or(|c| c.matches(request));
            let answer = if fits { branch.respond.respond_to(request, cue) } else { None };
            if answer.is_some() {
                branch.said.store(true, Ordering::Relaxed);
            }
            answer
        })
    }
}

impl Respond for Script {
    fn respond(&self, request: &LlmRequest) -> Option<Answer> {
        self.respond_to(request, &Cue::default())
    }

    fn respond_to(&self, request: &LlmRequest, cue: &Cue<'_>) -> Option<Answer> {
        let Some(calls) = &self.calls else {
            return self.say(request.turn() - 1, request, cue);
        };
        // Taken first, so that two calls at once never get the same turn.
        let turn = calls.fetch_add(1, Ordering::Relaxed);
        let answer = self.say(turn, request, cue);
        if answer.is_none() {
            calls.fetch_sub(1, Ordering::Relaxed);
        }
        answer
    }

    fn answers(&self, operation: Operation) -> bool {
        operation == Operation::Chat
    }

    fn says(&self) -> Vec<&Reply> {
        let branches = self.turns.iter().flat_map(|Turn(branches)| branches);
        let responds = branches.map(|branch| &branch.respond).chain(&self.last);
        responds.flat_map(|respond| respond.says()).collect()
    }

    fn unsaid(&self) -> Vec<String> {
        let mut unsaid = Vec::new();
        for (index, Turn(branches)) in self.turns.iter().enumerate() {
            for branch in branches.iter().filter(|b| !b.said.load(Ordering::Relaxed)) {
                unsaid.push(match &branch.condition {
                    Some(condition) => format!("turn {}, if {}", index + 1, condition.describe()),
                    None => format!("turn {}", index + 1),
                });
            }
        }
        unsaid
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("turns", &self.turns.len())
            .field("by_call_order", &self.calls.is_some())
            .finish_non_exhaustive()
    }
}
