//! A simple condition: something in the request, and a test on it.

use super::subject::{Subject, Which};
use super::test::Test;
use super::{Explanation, Match, Needs, Want};
use crate::request::LlmRequest;

/// A simple condition: something in the request, and a test on it.
#[derive(Clone, Debug)]
pub struct Condition {
    subject: Subject,
    test: Test,
}

/// A text in the request that a condition is to be made of: `last_user().contains("x")`.
#[derive(Clone, Debug)]
pub struct Field(pub(super) Subject);
impl Field {
    /// It contains this text, upper and lower case told apart.
    pub fn contains(self, text: impl Into<String>) -> Condition {
        Condition { subject: self.0, test: Test::Contains(Box::new(text.into().into())) }
    }

    /// It contains this text, upper and lower case being the same.
    pub fn contains_ignoring_case(self, text: impl AsRef<str>) -> Condition {
        let lower = text.as_ref().chars().flat_map(char::to_lowercase).collect();
        Condition { subject: self.0, test: Test::ContainsIgnoringCase(lower) }
    }

    /// It ends with this text.
    pub fn ends_with(self, text: impl Into<String>) -> Condition {
        Condition { subject: self.0, test: Test::EndsWith(text.into()) }
    }

    /// It is this text.
    pub fn equals(self, text: impl Into<String>) -> Condition {
        Condition { subject: self.0, test: Test::Equals(text.into()) }
    }

    /// It is there at all.
    pub fn exists(self) -> Condition {
        Condition { subject: self.0, test: Test::Present }
    }

    /// It matches this pattern as a whole: `*` stands for any text, `?` for one character.
    pub fn glob(self, pattern: impl Into<String>) -> Condition {
        Condition { subject: self.0, test: Test::Glob(pattern.into()) }
    }

    /// It has a match of this regular expression, in the syntax of the crate `regex`; `^` and `$`
    /// tie it to the ends.
    ///
    /// # Panics
    ///
    /// If it is not one, with the message of `regex`.
    #[cfg(feature = "regex")]
    #[track_caller]
    pub fn matches(self, regex: &str) -> Condition {
        match self.try_matches(regex) {
            Ok(condition) => condition,
            Err(error) => panic!("not a regular expression: {error}"),
        }
    }

    /// The same of one that comes from outside.
    #[cfg(feature = "regex")]
    pub(crate) fn try_matches(self, regex: &str) -> Result<Condition, regex::Error> {
        let regex = super::pattern::Pattern::new(regex)?;
        Ok(Condition { subject: self.0, test: Test::Regex(regex) })
    }

    /// It begins with this text.
    pub fn starts_with(self, text: impl Into<String>) -> Condition {
        Condition { subject: self.0, test: Test::StartsWith(text.into()) }
    }
}

impl Match for Condition {
    fn matches(&self, request: &LlmRequest) -> bool {
        // The most common of all, without a look at whether the bytes are UTF-8.
        if let Subject::Message(role, Which::Last) = &self.subject
            && let Some(message) = Which::last(request, *role)
            && let Some(holds) = message.plain().and_then(|text| self.test.holds_for_plain(text))
        {
            return holds;
        }
        self.subject.any(request, |value| self.test.holds(value))
    }

    fn needs(&self) -> Needs {
        match &self.subject {
            // There or not there: nothing to look up.
            Subject::Operation(_)
            | Subject::Stream
            | Subject::ToolChoice(_)
            | Subject::WantsJson => Needs::default(),
            Subject::ToolOffered(name) => Needs::text(&Subject::Tools, Want::Equals(name.clone())),
            // What one result must have, one of all must: so there is one place to look, however
            // many tools and calls are named.
            Subject::ToolResultFor(_) | Subject::ToolResultOf(_) => {
                self.test.needs(&Subject::ToolResult)
            }
            subject => self.test.needs(subject),
        }
    }

    #[cfg(all(feature = "regex", feature = "templates"))]
    fn captures(&self, request: &LlmRequest) -> Option<super::Captures> {
        let mut captures = None;
        if let Test::Regex(regex) = &self.test {
            self.subject.any(request, |text| {
                captures = regex.captures(text);
                captures.is_some()
            });
        }
        captures
    }

    fn describe(&self) -> String {
        let Self { subject, test } = self;
        match subject {
            Subject::Stream => "a stream is asked for".to_owned(),
            Subject::Operation(operation) => format!("the operation is {operation:?}"),
            Subject::ToolChoice(choice) => format!("`tool_choice` is {choice:?}"),
            Subject::ToolOffered(name) => format!("tool {name:?} is offered"),
            Subject::WantsJson => "the answer must be JSON".to_owned(),
            _ => format!("{subject} {test}"),
        }
    }

    fn explain(&self, request: &LlmRequest, explanation: &mut Explanation) {
        explanation.condition(self.matches(request), || {
            format!("{}, but {}", self.describe(), self.subject.value(request))
        });
    }
}
