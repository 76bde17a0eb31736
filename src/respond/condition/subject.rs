//! What a condition can be on, and where it is found in a request.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::at::at;
use super::json::Place;
use crate::provider::Operation;
use crate::request::{Content, LlmRequest, Message, ResponseFormat, Role, ToolChoice};

/// Something in the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::respond) enum Subject {
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
    /// The names of the offered tools.
    Tools,
    WantsJson,
}

/// Which of the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::respond) enum Which {
    Any,
    Last,
    Nth(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::respond) enum Media {
    Audio,
    File,
    Image,
}

impl Subject {
    /// Whether the test holds for one of the values that it has. Those that are there or not, and
    /// have no value, are not tested.
    pub(in crate::respond) fn any(
        &self,
        request: &LlmRequest,
        mut test: impl FnMut(&str) -> bool,
    ) -> bool {
        match self {
            Self::ApiKey => request.api_key().is_some_and(test),
            Self::Header(name) => {
                request.head.headers.get_all(name).iter().any(|v| v.to_str().is_ok_and(&mut test))
            }
            Self::Json(place) => place.any(request, |value| value.as_str().is_some_and(&mut test)),
            Self::Media(media) => media.all(request).any(test),
            Self::Message(role, which) => {
                which.of(request, *role).any(|message| test(&message.text()))
            }
            Self::Metadata(key) => metadata(request, key).is_some_and(|text| test(&text)),
            Self::Model => test(&request.model),
            Self::Operation(operation) => request.operation() == *operation,
            Self::Provider => test(request.provider.as_str()),
            Self::Query(name) => query(request, name).any(|value| test(&value)),
            Self::Stream => request.stream,
            Self::System => {
                request.messages.iter().any(|message| message.role == Role::System)
                    && test(&request.system())
            }
            Self::ToolChoice(choice) => request.tool_choice == *choice,
            Self::ToolOffered(name) => request.tools.iter().any(|tool| tool.name == *name),
            Self::ToolResult => request.tool_results().any(|(_, text)| test(text)),
            Self::ToolResultFor(wanted) => {
                request.tool_results().any(|(id, text)| id == wanted && test(text))
            }
            Self::ToolResultOf(tool) => {
                request.tool_results().any(|(id, text)| request.tool_of(id) == tool && test(text))
            }
            Self::Tools => request.tools.iter().any(|tool| test(&tool.name)),
            Self::WantsJson => !matches!(request.response_format, ResponseFormat::Text),
        }
    }

    /// What the subject is, in words.
    pub(super) fn value<'a>(&self, request: &'a LlmRequest) -> Cow<'a, str> {
        let quoted = |text: Cow<'_, str>| Cow::Owned(format!("it is {:?}", shortened(&text)));
        let or_none = |text: Option<Cow<'_, str>>| text.map_or("there is none".into(), quoted);
        match self {
            // A key is a secret, even in a message.
            Self::ApiKey => match request.api_key() {
                Some(key) => {
                    let shown: String = key.chars().take(4).collect();
                    Cow::Owned(format!("it is \"{shown}…\""))
                }
                None => "there is none".into(),
            },
            Self::Header(name) => match request.head.headers.get(name) {
                Some(value) if is_secret(name) => {
                    Cow::Owned(format!("it has {} bytes", value.len()))
                }
                Some(value) => quoted(String::from_utf8_lossy(value.as_bytes())),
                None => "there is none".into(),
            },
            Self::Json(place) => Cow::Owned(place.found(request)),
            Self::Media(media) => {
                listed(media.all(request).map(|media| Cow::Owned(shortened(media).into_owned())))
            }
            Self::Message(role, Which::Any) => {
                Cow::Owned(format!("{} messages were", Which::Any.of(request, *role).count()))
            }
            Self::Message(role, which) => {
                or_none(which.of(request, *role).next().map(Message::text))
            }
            Self::Metadata(key) => or_none(metadata(request, key).map(Cow::Owned)),
            Self::Model => quoted(Cow::Borrowed(&request.model)),
            Self::Operation(_) => Cow::Owned(format!("it is {:?}", request.operation())),
            Self::Provider => quoted(request.provider.as_str().into()),
            Self::Query(name) if name == "key" => "its value is kept secret".into(),
            Self::Query(name) => or_none(query(request, name).next()),
            Self::Stream => "it is not".into(),
            Self::System => quoted(request.system()),
            Self::ToolChoice(_) => Cow::Owned(format!("it is {:?}", request.tool_choice)),
            Self::ToolOffered(_) | Self::Tools => {
                let names: Vec<_> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
                Cow::Owned(format!("offered are {names:?}"))
            }
            Self::ToolResult => listed(request.tool_results().map(|(_, text)| shortened(text))),
            Self::ToolResultFor(_) => listed(
                request
                    .tool_results()
                    .map(|(id, text)| format!("{id}: {}", shortened(text)).into()),
            ),
            Self::ToolResultOf(_) => {
                listed(request.tool_results().map(|(id, text)| {
                    format!("{}: {}", request.tool_of(id), shortened(text)).into()
                }))
            }
            Self::WantsJson => "it may be text".into(),
        }
    }
}

impl Which {
    pub(super) fn last(request: &LlmRequest, role: Option<Role>) -> Option<&Message> {
        let mut messages = request.messages.iter().rev();
        messages.find(|message| role.is_none_or(|role| message.role == role))
    }

    fn of(self, request: &LlmRequest, role: Option<Role>) -> impl Iterator<Item = &Message> {
        let all = move |message: &&Message| role.is_none_or(|role| message.role == role);
        let messages = request.messages.iter();
        let (last, from, most) = match self {
            Self::Any => (None, 0, usize::MAX),
            Self::Last => (Self::last(request, role), 0, 0),
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
            Self::Tools => f.write_str("an offered tool"),
            Self::WantsJson => f.write_str("the answer's form"),
        }
    }
}
pub(in crate::respond) fn is_secret(header: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
