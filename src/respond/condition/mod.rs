//! Conditions on a request, as values that combine.

mod at;
#[cfg(feature = "config")]
mod boxed;
mod field;
mod front;
mod json;
mod needs;
mod number;
#[cfg(feature = "jsonpath")]
mod path;
#[cfg(feature = "regex")]
mod pattern;
mod subject;
mod test;

#[cfg(feature = "config")]
pub(crate) use self::boxed::Boxed;
pub use self::field::{Condition, Field};
#[cfg(feature = "jsonpath")]
pub use self::front::json_path;
pub use self::front::{
    any_message, any_message_of, api_key, audio, file, first_user, header, image, json,
    last_assistant, last_user, max_tokens, message, messages, metadata, model, model_name, n,
    operation, provider, query, response_schema, seed, streaming, system, temperature, tool_choice,
    tool_offered, tool_result, tool_result_for, tool_result_of, tool_schema, top_p, turn,
    turn_number, wants_json,
};
pub use self::json::{Json, JsonCondition};
pub(super) use self::needs::{Found, Needs, Source, Want, promise};
pub use self::number::{Number, NumberCondition};
pub(super) use self::subject::Subject;
#[cfg(feature = "templates")]
pub(super) use self::subject::is_secret;
#[cfg(feature = "server")]
pub(crate) use self::test::glob;
use crate::request::LlmRequest;

/// A condition on a request.
///
/// Conditions combine with [`and`](Self::and), [`or`](Self::or) and [`not`](Self::not); any
/// closure `Fn(&LlmRequest) -> bool` is one.
///
/// ```
/// use tower_mock_llm::{Match, Reply, Rule, last_user, model, streaming};
///
/// let rule = Rule::when(model("gpt-*").and(last_user().contains("refactor")).and(streaming().not()))
///     .respond_with(Reply::text("done"));
/// # let _ = rule;
/// ```
pub trait Match: Send + Sync + 'static {
    /// Whether the request meets it.
    fn matches(&self, request: &LlmRequest) -> bool;

    /// In words, for messages: `model is "gpt-*"`. Two conditions with the same words are taken for
    /// the same when rules are looked for that another hides, unless `a closure` is among them.
    fn describe(&self) -> String {
        "a closure".to_owned()
    }

    /// Says for each simple condition within whether it holds, and on what value it fails.
    fn explain(&self, request: &LlmRequest, explanation: &mut Explanation) {
        explanation.condition(self.matches(request), || format!("{} says no", self.describe()));
    }

    /// What a request must have for this to hold, as far as it can be looked up: thousands of rules
    /// are told apart by it. Part of no contract: what cannot be looked up is tried.
    #[doc(hidden)]
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// What the groups of the first regular expression within caught.
    #[cfg(feature = "templates")]
    #[doc(hidden)]
    fn captures(&self, _: &LlmRequest) -> Option<Captures> {
        None
    }

    /// Both.
    fn and<M: Match>(self, other: M) -> And<Self, M>
    where
        Self: Sized,
    {
        And(self, other)
    }

    /// Either, or both.
    fn or<M: Match>(self, other: M) -> Or<Self, M>
    where
        Self: Sized,
    {
        Or(self, other)
    }

    /// The opposite.
    fn not(self) -> Not<Self>
    where
        Self: Sized,
    {
        Not(self)
    }
}

impl<F: Fn(&LlmRequest) -> bool + Send + Sync + 'static> Match for F {
    fn matches(&self, request: &LlmRequest) -> bool {
        self(request)
    }
}

/// What the groups of a regular expression caught: name and text of each.
#[cfg(feature = "templates")]
#[derive(Clone, Debug, Default)]
pub struct Captures(pub(super) Vec<(Option<String>, Option<String>)>);

/// How near a request came to meeting a condition.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    held: usize,
    failed: Vec<String>,
}

impl Explanation {
    /// Adds a simple condition; `why` says on what value it failed.
    pub fn condition(&mut self, holds: bool, why: impl FnOnce() -> String) {
        if holds {
            self.held += 1;
        } else {
            self.failed.push(why());
        }
    }

    /// What failed, in words.
    pub fn failed(&self) -> &[String] {
        &self.failed
    }

    /// The more of the conditions hold, the nearer.
    pub(crate) fn nearness(&self) -> (i64, usize) {
        (-(self.failed.len() as i64), self.held)
    }
}

/// Both of two conditions. See [`Match::and`].
#[derive(Clone, Copy, Debug)]
pub struct And<A, B>(A, B);

impl<A: Match, B: Match> Match for And<A, B> {
    fn matches(&self, request: &LlmRequest) -> bool {
        self.0.matches(request) && self.1.matches(request)
    }

    fn needs(&self) -> Needs {
        self.0.needs().and(self.1.needs())
    }

    #[cfg(feature = "templates")]
    fn captures(&self, request: &LlmRequest) -> Option<Captures> {
        self.0.captures(request).or_else(|| self.1.captures(request))
    }

    fn describe(&self) -> String {
        format!("{} and {}", self.0.describe(), self.1.describe())
    }

    fn explain(&self, request: &LlmRequest, explanation: &mut Explanation) {
        self.0.explain(request, explanation);
        self.1.explain(request, explanation);
    }
}

/// Either of two conditions. See [`Match::or`].
#[derive(Clone, Copy, Debug)]
pub struct Or<A, B>(A, B);

impl<A: Match, B: Match> Match for Or<A, B> {
    fn matches(&self, request: &LlmRequest) -> bool {
        self.0.matches(request) || self.1.matches(request)
    }

    fn needs(&self) -> Needs {
        self.0.needs().or(&self.1.needs())
    }

    #[cfg(feature = "templates")]
    fn captures(&self, request: &LlmRequest) -> Option<Captures> {
        let left = || self.0.captures(request).filter(|_| self.0.matches(request));
        left().or_else(|| self.1.captures(request))
    }

    fn describe(&self) -> String {
        format!("({} or {})", self.0.describe(), self.1.describe())
    }

    fn explain(&self, request: &LlmRequest, explanation: &mut Explanation) {
        if self.matches(request) {
            explanation.condition(true, String::new);
            return;
        }
        let (mut left, mut right) = (Explanation::default(), Explanation::default());
        self.0.explain(request, &mut left);
        self.1.explain(request, &mut right);
        explanation.condition(false, || {
            format!("neither ({}) nor ({})", left.failed.join("; "), right.failed.join("; "))
        });
    }
}

/// The opposite of a condition. See [`Match::not`].
#[derive(Clone, Copy, Debug)]
pub struct Not<M>(M);

impl<M: Match> Match for Not<M> {
    fn matches(&self, request: &LlmRequest) -> bool {
        !self.0.matches(request)
    }

    fn describe(&self) -> String {
        format!("not ({})", self.0.describe())
    }

    fn explain(&self, request: &LlmRequest, explanation: &mut Explanation) {
        explanation.condition(self.matches(request), || {
            format!("{} does hold, and should not", self.0.describe())
        });
    }
}
