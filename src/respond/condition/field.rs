//! A simple condition: something in the request, and a test on it.

use std::borrow::Cow;
use std::fmt;

use super::{Explanation, Match};
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

#[derive(Clone, Debug)]
pub(super) enum Subject {
    AnyMessage,
    ApiKey,
    Header(String),
    LastUser,
    Model,
    Provider,
    Stream,
    System,
    ToolOffered(String),
    ToolResult,
    Turn,
}

#[derive(Clone, Debug)]
enum Test {
    Contains(String),
    Equals(String),
    Glob(String),
    Present,
    StartsWith(String),
}

impl Field {
    /// It contains this text, upper and lower case told apart.
    pub fn contains(self, text: impl Into<String>) -> Condition {
        Condition { subject: self.0, test: Test::Contains(text.into()) }
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

    /// It begins with this text.
    pub fn starts_with(self, text: impl Into<String>) -> Condition {
        Condition { subject: self.0, test: Test::StartsWith(text.into()) }
    }
}

impl Condition {
    /// Whether the test holds for one of the values that the subject has.
    fn any(&self, request: &LlmRequest) -> bool {
        let test = |value: &str| self.test.holds(value);
        match &self.subject {
            Subject::AnyMessage => request.messages.iter().any(|message| test(&message.text())),
            Subject::ApiKey => request.api_key().is_some_and(test),
            Subject::Header(name) => {
                request.head.headers.get_all(name).iter().any(|v| v.to_str().is_ok_and(test))
            }
            Subject::LastUser => test(&request.last_user()),
            Subject::Model => test(&request.model),
            Subject::Provider => test(request.provider.as_str()),
            Subject::Stream => request.stream,
            Subject::System => test(&request.system()),
            Subject::ToolOffered(name) => request.tools.iter().any(|tool| tool.name == *name),
            Subject::ToolResult => request.tool_results().any(|(_, text)| test(text)),
            Subject::Turn => test(&request.turn().to_string()),
        }
    }

    /// What the subject is, in words.
    fn value<'a>(&self, request: &'a LlmRequest) -> Cow<'a, str> {
        let quoted = |text: Cow<'_, str>| Cow::Owned(format!("it is {:?}", shortened(&text)));
        match &self.subject {
            Subject::AnyMessage => Cow::Owned(format!("{} messages were", request.messages.len())),
            // A key is a secret, even in a message.
            Subject::ApiKey => match request.api_key() {
                Some(key) => {
                    let shown: String = key.chars().take(4).collect();
                    Cow::Owned(format!("it is \"{shown}…\""))
                }
                None => "there is none".into(),
            },
            Subject::Header(name) => match request.head.headers.get(name) {
                Some(value) if is_secret(name) => {
                    Cow::Owned(format!("it has {} bytes", value.len()))
                }
                Some(value) => quoted(String::from_utf8_lossy(value.as_bytes())),
                None => "there is none".into(),
            },
            Subject::LastUser => quoted(request.last_user()),
            Subject::Model => quoted(Cow::Borrowed(&request.model)),
            Subject::Provider => quoted(request.provider.as_str().into()),
            Subject::Stream => "it is not".into(),
            Subject::System => quoted(request.system()),
            Subject::ToolOffered(_) => {
                let names: Vec<_> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
                Cow::Owned(format!("offered are {names:?}"))
            }
            Subject::ToolResult => {
                let results: Vec<_> =
                    request.tool_results().map(|(_, text)| shortened(text)).collect();
                Cow::Owned(format!("there are {results:?}"))
            }
            Subject::Turn => quoted(request.turn().to_string().into()),
        }
    }
}

impl Match for Condition {
    fn matches(&self, request: &LlmRequest) -> bool {
        self.any(request)
    }

    fn describe(&self) -> String {
        let Self { subject, test } = self;
        match subject {
            Subject::Stream => "a stream is asked for".to_owned(),
            Subject::ToolOffered(name) => format!("tool {name:?} is offered"),
            _ => format!("{subject} {test}"),
        }
    }

    fn explain(&self, request: &LlmRequest, explanation: &mut Explanation) {
        explanation.condition(self.matches(request), || {
            format!("{}, but {}", self.describe(), self.value(request))
        });
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnyMessage => f.write_str("any message"),
            Self::ApiKey => f.write_str("the API key"),
            Self::Header(name) => write!(f, "header {name:?}"),
            Self::LastUser => f.write_str("the last user message"),
            Self::Model => f.write_str("the model"),
            Self::Provider => f.write_str("the provider"),
            Self::Stream => f.write_str("a stream"),
            Self::System => f.write_str("the system prompt"),
            Self::ToolOffered(name) => write!(f, "tool {name:?}"),
            Self::ToolResult => f.write_str("a tool result"),
            Self::Turn => f.write_str("the turn"),
        }
    }
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Contains(text) => value.contains(text.as_str()),
            Self::Equals(text) => value == text,
            Self::Glob(pattern) => glob(pattern, value),
            Self::Present => true,
            Self::StartsWith(text) => value.starts_with(text.as_str()),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contains(text) => write!(f, "contains {text:?}"),
            Self::Equals(text) => write!(f, "is {text:?}"),
            Self::Glob(pattern) => write!(f, "matches {pattern:?}"),
            Self::Present => f.write_str("is there"),
            Self::StartsWith(text) => write!(f, "begins with {text:?}"),
        }
    }
}

fn is_secret(header: &str) -> bool {
    ["authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "proxy-authorization"]
        .iter()
        .any(|secret| header.eq_ignore_ascii_case(secret))
}

fn shortened(text: &str) -> Cow<'_, str> {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// Whether `text` matches `pattern` as a whole. Linear but for the last star, which may go back.
fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut back: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let before = text.clone();
        match (pattern.next(), text.next()) {
            (Some('*'), _) => {
                back = Some((pattern.clone(), before.clone()));
                text = before;
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {}
            _ => {
                let Some((after_star, mut from)) = back.take() else {
                    return false;
                };
                if from.next().is_none() {
                    return false;
                }
                pattern = after_star.clone();
                text = from.clone();
                back = Some((after_star, from));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, holds) in [
            ("gpt-*", "gpt-4o", true),
            ("gpt-*", "gpt-", true),
            ("gpt-*", "a-gpt-4", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a?c", "aéc", true),
            ("a?c", "ac", false),
            ("*-mini*", "gpt-5-mini-2025", true),
            ("*a*b", "xaxbxab", true),
            ("*a*b", "xaxbxa", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(glob(pattern, text), holds, "{pattern} {text}");
        }
        assert!(!glob(&"*a".repeat(40), &"a".repeat(39)), "does not run wild");
    }
}
