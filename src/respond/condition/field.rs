//! A simple condition: something in the request, and a test on it.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::at::at;
use super::json::Place;
use super::{Explanation, Match};
use crate::provider::Operation;
use crate::request::{Content, LlmRequest, Message, ResponseFormat, Role, ToolChoice};

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
    ApiKey,
    Header(String),
    Json(Place),
    Media(Media),
    /// Of this role, or of any.
    Message(Option<Role>, Which),
    Metadata(String),
    Model,
    Operation(Operation),
    Provider,
    Query(String),
    Stream,
    System,
    ToolChoice(ToolChoice),
    ToolOffered(String),
    ToolResult,
    ToolResultFor(String),
    ToolResultOf(String),
    WantsJson,
}

/// Which of the messages.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    Any,
    Last,
    Nth(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Media {
    Audio,
    File,
    Image,
}

#[derive(Clone, Debug)]
enum Test {
    Contains(String),
    /// In lower case.
    ContainsIgnoringCase(String),
    EndsWith(String),
    Equals(String),
    Glob(String),
    Present,
    #[cfg(feature = "regex")]
    Regex(regex::Regex),
    StartsWith(String),
}

impl Field {
    /// It contains this text, upper and lower case told apart.
    pub fn contains(self, text: impl Into<String>) -> Condition {
        Condition { subject: self.0, test: Test::Contains(text.into()) }
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
        match regex::Regex::new(regex) {
            Ok(regex) => Condition { subject: self.0, test: Test::Regex(regex) },
            Err(error) => panic!("not a regular expression: {error}"),
        }
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
            Subject::ApiKey => request.api_key().is_some_and(test),
            Subject::Header(name) => {
                request.head.headers.get_all(name).iter().any(|v| v.to_str().is_ok_and(test))
            }
            Subject::Json(place) => {
                place.value(request).is_some_and(|v| v.as_str().is_some_and(test))
            }
            Subject::Media(media) => media.all(request).any(test),
            Subject::Message(role, which) => {
                which.of(request, *role).any(|message| test(&message.text()))
            }
            Subject::Metadata(key) => metadata(request, key).is_some_and(|text| test(&text)),
            Subject::Model => test(&request.model),
            Subject::Operation(operation) => request.operation() == *operation,
            Subject::Provider => test(request.provider.as_str()),
            Subject::Query(name) => query(request, name).any(|value| test(&value)),
            Subject::Stream => request.stream,
            Subject::System => {
                request.messages.iter().any(|message| message.role == Role::System)
                    && test(&request.system())
            }
            Subject::ToolChoice(choice) => request.tool_choice == *choice,
            Subject::ToolOffered(name) => request.tools.iter().any(|tool| tool.name == *name),
            Subject::ToolResult => request.tool_results().any(|(_, text)| test(text)),
            Subject::ToolResultFor(wanted) => {
                request.tool_results().any(|(id, text)| id == wanted && test(text))
            }
            Subject::ToolResultOf(tool) => {
                request.tool_results().any(|(id, text)| request.tool_of(id) == tool && test(text))
            }
            Subject::WantsJson => !matches!(request.response_format, ResponseFormat::Text),
        }
    }

    /// What the subject is, in words.
    fn value<'a>(&self, request: &'a LlmRequest) -> Cow<'a, str> {
        let quoted = |text: Cow<'_, str>| Cow::Owned(format!("it is {:?}", shortened(&text)));
        let or_none = |text: Option<Cow<'_, str>>| text.map_or("there is none".into(), quoted);
        match &self.subject {
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
            Subject::Json(place) => match place.value(request) {
                Some(value) => {
                    let text = value.to_string();
                    Cow::Owned(format!("it is {}", shortened(&text)))
                }
                None => "there is none".into(),
            },
            Subject::Media(media) => {
                listed(media.all(request).map(|media| Cow::Owned(shortened(media).into_owned())))
            }
            Subject::Message(role, Which::Any) => {
                Cow::Owned(format!("{} messages were", Which::Any.of(request, *role).count()))
            }
            Subject::Message(role, which) => {
                or_none(which.of(request, *role).next().map(Message::text))
            }
            Subject::Metadata(key) => or_none(metadata(request, key).map(Cow::Owned)),
            Subject::Model => quoted(Cow::Borrowed(&request.model)),
            Subject::Operation(_) => Cow::Owned(format!("it is {:?}", request.operation())),
            Subject::Provider => quoted(request.provider.as_str().into()),
            Subject::Query(name) if name == "key" => "its value is kept secret".into(),
            Subject::Query(name) => or_none(query(request, name).next()),
            Subject::Stream => "it is not".into(),
            Subject::System => quoted(request.system()),
            Subject::ToolChoice(_) => Cow::Owned(format!("it is {:?}", request.tool_choice)),
            Subject::ToolOffered(_) => {
                let names: Vec<_> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
                Cow::Owned(format!("offered are {names:?}"))
            }
            Subject::ToolResult => listed(request.tool_results().map(|(_, text)| shortened(text))),
            Subject::ToolResultFor(_) => listed(
                request
                    .tool_results()
                    .map(|(id, text)| format!("{id}: {}", shortened(text)).into()),
            ),
            Subject::ToolResultOf(_) => {
                listed(request.tool_results().map(|(id, text)| {
                    format!("{}: {}", request.tool_of(id), shortened(text)).into()
                }))
            }
            Subject::WantsJson => "it may be text".into(),
        }
    }
}

impl Which {
    fn of(self, request: &LlmRequest, role: Option<Role>) -> impl Iterator<Item = &Message> {
        let all = move |message: &&Message| role.is_none_or(|role| message.role == role);
        let messages = request.messages.iter();
        let (last, from, most) = match self {
            Self::Any => (None, 0, usize::MAX),
            Self::Last => (messages.clone().rev().find(all), 0, 0),
            Self::Nth(index) => (None, index, 1),
        };
        last.into_iter().chain(messages.filter(all).skip(from).take(most))
    }
}

impl Media {
    fn all(self, request: &LlmRequest) -> impl Iterator<Item = &str> {
        let contents = request.messages.iter().flat_map(Message::parts);
        contents.filter_map(move |content| match (self, content) {
            (Self::Audio, Content::Audio(what))
            | (Self::File, Content::File(what))
            | (Self::Image, Content::Image(what)) => Some(what.as_str()),
            _ => None,
        })
    }
}

/// The text that the request's metadata has under this key.
fn metadata(request: &LlmRequest, key: &str) -> Option<String> {
    ["metadata", "labels"].into_iter().find_map(|place| {
        match at(&request.body, &[place.to_owned(), key.to_owned()])? {
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    })
}

/// The values of a parameter in the query.
fn query<'a>(request: &'a LlmRequest, name: &str) -> impl Iterator<Item = Cow<'a, str>> {
    let pairs = request.head.uri.query().unwrap_or_default().split('&');
    pairs.filter_map(move |pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (!pair.is_empty() && decoded(key) == name).then(|| decoded(value))
    })
}

/// A text of a query without its escapes.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let hex = |digit: u8| char::from(digit).to_digit(16);
        match (first, after) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push((high * 16 + low) as u8);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

fn listed<'a>(all: impl Iterator<Item = Cow<'a, str>>) -> Cow<'static, str> {
    let all: Vec<_> = all.collect();
    Cow::Owned(if all.is_empty() {
        "there is none".to_owned()
    } else {
        format!("there are {all:?}")
    })
}

impl Match for Condition {
    fn matches(&self, request: &LlmRequest) -> bool {
        self.any(request)
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
            format!("{}, but {}", self.describe(), self.value(request))
        });
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey => f.write_str("the API key"),
            Self::Header(name) => write!(f, "header {name:?}"),
            Self::Json(place) => place.fmt(f),
            Self::Media(Media::Audio) => f.write_str("a sound"),
            Self::Media(Media::File) => f.write_str("a file"),
            Self::Media(Media::Image) => f.write_str("an image"),
            Self::Message(role, which) => {
                let role = match role {
                    Some(Role::Assistant) => "assistant ",
                    Some(Role::System) => "system ",
                    Some(Role::Tool) => "tool ",
                    Some(Role::User) => "user ",
                    None => "",
                };
                match which {
                    Which::Any => write!(f, "any {role}message"),
                    Which::Last => write!(f, "the last {role}message"),
                    Which::Nth(0) => write!(f, "the first {role}message"),
                    Which::Nth(index) => write!(f, "the {role}message {index} (from 0)"),
                }
            }
            Self::Metadata(key) => write!(f, "metadata {key:?}"),
            Self::Model => f.write_str("the model"),
            Self::Operation(_) => f.write_str("the operation"),
            Self::Provider => f.write_str("the provider"),
            Self::Query(name) => write!(f, "query parameter {name:?}"),
            Self::Stream => f.write_str("a stream"),
            Self::System => f.write_str("the system prompt"),
            Self::ToolChoice(_) => f.write_str("`tool_choice`"),
            Self::ToolOffered(name) => write!(f, "tool {name:?}"),
            Self::ToolResult => f.write_str("a tool result"),
            Self::ToolResultFor(id) => write!(f, "a tool result for call {id:?}"),
            Self::ToolResultOf(tool) => write!(f, "a result of tool {tool:?}"),
            Self::WantsJson => f.write_str("the answer's form"),
        }
    }
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Contains(text) => value.contains(text.as_str()),
            Self::ContainsIgnoringCase(lower) => contains_ignoring_case(value, lower),
            Self::EndsWith(text) => value.ends_with(text.as_str()),
            Self::Equals(text) => value == text,
            Self::Glob(pattern) => glob(pattern, value),
            Self::Present => true,
            #[cfg(feature = "regex")]
            Self::Regex(regex) => regex.is_match(value),
            Self::StartsWith(text) => value.starts_with(text.as_str()),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contains(text) => write!(f, "contains {text:?}"),
            Self::ContainsIgnoringCase(lower) => write!(f, "contains {lower:?} in any case"),
            Self::EndsWith(text) => write!(f, "ends with {text:?}"),
            Self::Equals(text) => write!(f, "is {text:?}"),
            Self::Glob(pattern) => write!(f, "matches {pattern:?}"),
            Self::Present => f.write_str("is there"),
            #[cfg(feature = "regex")]
            Self::Regex(regex) => write!(f, "matches /{regex}/"),
            Self::StartsWith(text) => write!(f, "begins with {text:?}"),
        }
    }
}

fn is_secret(header: &str) -> bool {
    ["authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "proxy-authorization"]
        .iter()
        .any(|secret| header.eq_ignore_ascii_case(secret))
}

pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// Whether `text` contains `lower` when it is in lower case too. Makes no copy of it.
fn contains_ignoring_case(text: &str, lower: &str) -> bool {
    let mut rest = text.chars();
    loop {
        let mut here = rest.clone().flat_map(char::to_lowercase);
        if lower.chars().all(|wanted| here.next() == Some(wanted)) {
            return true;
        }
        if rest.next().is_none() {
            return false;
        }
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
    fn case_is_ignored_without_a_copy() {
        for (text, lower, holds) in [
            ("Please REFUND me", "refund", true),
            ("ÉCLAIR", "éclair", true),
            ("refun", "refund", false),
            ("", "", true),
            ("rrefund", "refund", true),
        ] {
            assert_eq!(contains_ignoring_case(text, lower), holds, "{text} {lower}");
        }
    }

    #[test]
    fn queries_are_decoded() {
        for (raw, text) in [
            ("a", "a"),
            ("a%20b+c", "a b c"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("%C3%A9", "é"),
        ] {
            assert_eq!(decoded(raw), text, "{raw}");
        }
    }

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
