//! Rules: when this is asked, say that.

use std::fmt;

use super::condition::Needs;
use super::cue::Cue;
use super::states::Moves;
use super::times::{Expected, Times};
use super::{IntoRespond, Match, Respond};
use crate::provider::Operation;
use crate::reply::{Answer, IntoAnswer, Reply};
use crate::request::LlmRequest;

/// When a request meets a condition, answer it so.
///
/// Rules are tried in the order in which they were given; the first that matches and has something
/// to say answers.
///
/// ```
/// use serde_json::json;
/// use tower_mock_llm::{Match, MockLlmLayer, Reply, Rule, last_user, model};
///
/// let layer = MockLlmLayer::new().rule(
///     Rule::when(model("gpt-*").and(last_user().contains("refactor")))
///         .respond_with(Reply::text("On it.").tool_call("search", json!({"query": "fn main"})))
///         .named("refactor")
///         .expect(1),
/// );
/// let error = layer.handle().check().unwrap_err();
/// assert!(error.to_string().contains("rule `refactor`: expected 1 request, answered 0"));
/// ```
///
/// A rule may have several answers, one after the other: "fail twice, then succeed" is
///
/// ```
/// use tower_mock_llm::{ApiError, Rule};
///
/// let rule = Rule::always().first(ApiError::overloaded()).times(2).then_repeat("at last");
/// # let _ = rule;
/// ```
pub struct Rule {
    pub(super) condition: Option<Box<dyn Match>>,
    /// In order, at least one.
    steps: Vec<Step>,
    pub(super) name: Option<String>,
    pub(super) expect: Option<Expected>,
    pub(super) moves: Option<Box<Moves>>,
}

/// One of a rule's answers, and how often it is given.
struct Step {
    respond: Box<dyn Respond>,
    times: Option<u64>,
}

/// A condition that waits for what to say. See [`Rule::when`].
#[must_use = "a rule needs something to say: finish it with `respond_with`"]
pub struct RuleBuilder {
    condition: Option<Box<dyn Match>>,
    moves: Option<Box<Moves>>,
}

impl Rule {
    /// A rule for requests that meet `condition`.
    pub fn when(condition: impl Match) -> RuleBuilder {
        RuleBuilder { condition: Some(Box::new(condition)), moves: None }
    }

    /// A rule for requests that a closure says yes to. The same as [`when`](Self::when), for which
    /// the compiler cannot always tell a bare closure's argument.
    pub fn when_fn(condition: impl Fn(&LlmRequest) -> bool + Send + Sync + 'static) -> RuleBuilder {
        Self::when(condition)
    }

    /// A rule for every request.
    pub fn always() -> RuleBuilder {
        RuleBuilder { condition: None, moves: None }
    }

    /// A rule for requests that meet a condition of whatever kind; without one for every request.
    #[cfg(feature = "config")]
    pub(crate) fn when_boxed(condition: Option<Box<dyn Match>>) -> RuleBuilder {
        RuleBuilder { condition, moves: None }
    }

    /// A name for messages and for the journal.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Gives this answer so many times at the most; later requests get the answer that follows with
    /// [`then`](Self::then), or go to the next rule.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.times = Some(times);
        }
        self
    }

    /// Then says this, once; [`times`](Self::times) behind it says how often. After the last answer
    /// requests go to the next rule.
    ///
    /// ```
    /// use tower_mock_llm::{MockLlmLayer, Rule};
    ///
    /// let rule = Rule::always().first("one").then("two").then("three").expect_all();
    /// let handle = MockLlmLayer::new().rule(rule).handle();
    /// let report = handle.check().unwrap_err().to_string();
    /// assert!(report.starts_with("rule #1: answered 0 of 3 answers"), "{report}");
    /// ```
    ///
    /// # Panics
    ///
    /// If the answer before is given for ever, as after
    /// [`respond_with`](RuleBuilder::respond_with) without `times`.
    #[must_use]
    #[track_caller]
    pub fn then(self, respond: impl IntoRespond) -> Self {
        self.step(respond.into_respond(), Some(1))
    }

    /// Then says this, as often as it is asked.
    ///
    /// # Panics
    ///
    /// As [`then`](Self::then).
    #[must_use]
    #[track_caller]
    pub fn then_repeat(self, respond: impl IntoRespond) -> Self {
        self.step(respond.into_respond(), None)
    }

    #[track_caller]
    fn step(mut self, respond: Box<dyn Respond>, times: Option<u64>) -> Self {
        assert!(
            self.most().is_some(),
            "nothing comes after an answer that is given for ever: begin with `first`, or say \
             `times` before `then`"
        );
        self.steps.push(Step { respond, times });
        self
    }

    /// How many requests it must have answered when [`MockHandle::verify`] is called: a number or
    /// a range.
    ///
    /// [`MockHandle::verify`]: crate::MockHandle::verify
    #[must_use]
    pub fn expect(mut self, times: impl Into<Times>) -> Self {
        self.expect = Some(Expected::Times(times.into()));
        self
    }

    /// All that it has to say must have been said when [`MockHandle::verify`] is called: each answer
    /// of a sequence as often as it is there, an endless one at least once, each turn of a
    /// [`Script`](super::Script).
    ///
    /// [`MockHandle::verify`]: crate::MockHandle::verify
    #[must_use]
    pub fn expect_all(mut self) -> Self {
        self.expect = Some(Expected::All);
        self
    }

    /// After an answer of it the scenario is in this state. Each answer of a sequence leads there.
    ///
    /// ```
    /// use tower_mock_llm::respond::STARTED;
    /// use tower_mock_llm::{MockLlmLayer, Rule};
    ///
    /// let layer = MockLlmLayer::new()
    ///     .rule(
    ///         Rule::always()
    ///             .in_state("login", STARTED)
    ///             .respond_with("Who are you?")
    ///             .then_state("login", "asked"),
    ///     )
    ///     .rule(Rule::always().in_state("login", "asked").respond_with("Welcome."));
    /// assert_eq!(layer.handle().state("login"), "started");
    /// ```
    ///
    /// This is the one thing that remembers on behalf of all conversations: tests that run at the
    /// same time need a layer, or scenarios, of their own. A [`Script`](super::Script) needs none.
    #[must_use]
    pub fn then_state(mut self, scenario: impl Into<String>, state: impl Into<String>) -> Self {
        self.moves.get_or_insert_default().then.push((scenario.into(), state.into()));
        self
    }

    /// The answer that comes after `given` ones.
    pub(super) fn answer(&self, given: u64, seed: u64, request: &LlmRequest) -> Option<Answer> {
        let mut before = given;
        let step = self.steps.iter().find(|step| match step.times {
            Some(times) if times <= before => {
                before -= times;
                false
            }
            _ => true,
        });
        let step = step.filter(|step| step.respond.answers(request.operation()))?;
        let cue = Cue { condition: self.condition.as_deref(), given, seed };
        step.respond.respond_to(request, &cue).filter(|answer| answer.answers(request.operation()))
    }

    /// How many answers it has, if they come to an end.
    pub(super) fn most(&self) -> Option<u64> {
        self.steps.iter().try_fold(0_u64, |sum, step| Some(sum.saturating_add(step.times?)))
    }

    /// How many answers there are until each was given.
    pub(super) fn all(&self) -> u64 {
        self.steps.iter().fold(0, |sum, step| sum.saturating_add(step.times.unwrap_or(1)))
    }

    /// Whether no request that it matches ever gets past it.
    pub(super) fn always_answers(&self) -> bool {
        self.most().is_none() && self.steps.iter().all(|step| step.respond.always_answers())
    }

    /// Whether it may have something to say to such a call.
    pub(super) fn answers(&self, operation: Operation) -> bool {
        self.steps.iter().any(|step| step.respond.answers(operation))
    }

    /// What it is known to say.
    pub(super) fn says(&self) -> Vec<&Reply> {
        self.steps.iter().flat_map(|step| step.respond.says()).collect()
    }

    /// What was never said, in words.
    pub(super) fn unsaid(&self) -> Vec<String> {
        self.steps.iter().flat_map(|step| step.respond.unsaid()).collect()
    }

    pub(super) fn matches(&self, request: &LlmRequest) -> bool {
        self.condition.as_ref().is_none_or(|condition| condition.matches(request))
    }

    /// What a request must have for it to match.
    pub(super) fn needs(&self) -> Needs {
        self.condition.as_ref().map(|condition| condition.needs()).unwrap_or_default()
    }

    /// Whether it matches every request, at any time.
    pub(super) fn is_for_all(&self) -> bool {
        self.condition.is_none() && self.moves.as_ref().is_none_or(|moves| moves.within.is_empty())
    }

    pub(super) fn describe(&self) -> String {
        let condition = self.condition.as_ref();
        let mut words =
            condition.map_or_else(|| "every request".to_owned(), |condition| condition.describe());
        if let Some(moves) = &self.moves {
            moves.describe(&mut words);
        }
        words
    }
}

impl RuleBuilder {
    /// Only while this scenario is in this state; every scenario begins in
    /// [`STARTED`](super::STARTED). Several must all be so. See [`Rule::then_state`] and
    /// [`MockHandle::set_state`](crate::MockHandle::set_state).
    pub fn in_state(mut self, scenario: impl Into<String>, state: impl Into<String>) -> Self {
        self.moves.get_or_insert_default().within.push((scenario.into(), state.into()));
        self
    }

    /// Says this: a text, a [`Reply`](crate::Reply), an [`ApiError`](crate::ApiError), an
    /// [`Answer`] or anything that is [`Respond`].
    pub fn respond_with(self, respond: impl IntoRespond) -> Rule {
        Rule {
            condition: self.condition,
            steps: vec![Step { respond: respond.into_respond(), times: None }],
            name: None,
            expect: None,
            moves: self.moves,
        }
    }

    /// Says this first, once, and then what follows with [`then`](Rule::then) or
    /// [`then_repeat`](Rule::then_repeat); [`times`](Rule::times) behind it says how often.
    pub fn first(self, respond: impl IntoRespond) -> Rule {
        self.respond_with(respond).times(1)
    }

    /// Says what a closure makes of the request. It may return anything that [`IntoAnswer`] takes,
    /// an `Option` or a `Result` of it too.
    pub fn respond_fn<R: IntoAnswer>(
        self,
        respond: impl Fn(&LlmRequest) -> R + Send + Sync + 'static,
    ) -> Rule {
        self.respond_with(move |request: &LlmRequest| -> Option<Answer> {
            respond(request).into_answer()
        })
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("name", &self.name)
            .field("when", &self.describe())
            .field("times", &self.most())
            .field("expect", &self.expect)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RuleBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleBuilder").finish_non_exhaustive()
    }
}
