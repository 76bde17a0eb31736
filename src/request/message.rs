//! Messages and what they are made of.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;

use crate::wire::find_special;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// The model.
    Assistant,
    /// Instructions (`system`, `developer`, `systemInstruction`).
    System,
    /// The result of a tool.
    Tool,
    /// The user.
    User,
}

/// One message of a conversation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    said: Said,
}

#[derive(Clone)]
enum Said {
    Content(Vec<Content>),
    /// A plain text, still as the JSON string that it came as; understood when somebody asks.
    Json {
        json: Bytes,
        /// Whether nothing between its quotes is escaped, as far as is known.
        is_plain: bool,
        /// Boxed, since most are never asked for.
        content: OnceLock<Option<Box<Content>>>,
    },
}

impl Message {
    /// A message.
    pub fn new(role: Role, content: Vec<Content>) -> Self {
        Self { role, said: Said::Content(content) }
    }

    /// A message that is one text, given as a JSON string with its quotes: of a long conversation,
    /// most texts are never looked at. What is no JSON string becomes an empty message.
    pub fn of_json_text(role: Role, json: Bytes) -> Self {
        Self { role, said: Said::Json { json, is_plain: false, content: OnceLock::new() } }
    }

    /// The same, for one in which nothing is escaped.
    pub(crate) fn of_plain_json(role: Role, json: Bytes) -> Self {
        Self { role, said: Said::Json { json, is_plain: true, content: OnceLock::new() } }
    }

    /// The bytes of the text, where nothing in it is escaped; they are UTF-8.
    pub(crate) fn plain(&self) -> Option<&[u8]> {
        match &self.said {
            Said::Json { json, is_plain: true, .. } => json.get(1..json.len() - 1),
            _ => None,
        }
    }

    fn plain_text(&self) -> Option<&str> {
        std::str::from_utf8(self.plain()?).ok()
    }

    /// What is said, in order.
    pub fn content(&self) -> &[Content] {
        match &self.said {
            Said::Content(content) => content,
            Said::Json { json, content, .. } => {
                let text = || text_of(json).map(|text| Box::new(Content::Text(text)));
                content.get_or_init(text).as_deref().map_or(&[], std::slice::from_ref)
            }
        }
    }

    /// What is said besides a plain text, without understanding a text that nobody asked for.
    pub(crate) fn parts(&self) -> &[Content] {
        match &self.said {
            Said::Content(content) => content,
            Said::Json { .. } => &[],
        }
    }

    /// The text of the message, its parts joined by a newline.
    pub fn text(&self) -> Cow<'_, str> {
        self.plain_text().map_or_else(|| join(self.texts()), Cow::Borrowed)
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let plain = self.plain_text();
        let content = if plain.is_some() { &[] } else { self.content() };
        plain.into_iter().chain(content.iter().filter_map(|content| match content {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        }))
    }

    /// Bytes of text in it, escapes counted as they came.
    pub(crate) fn len(&self) -> usize {
        match &self.said {
            Said::Content(content) => content.iter().map(Content::len).sum(),
            Said::Json { json, .. } => json.len().saturating_sub(2),
        }
    }
}

/// However much of it was understood already, the same.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(content) => content.fmt(f),
            Self::Json { json, .. } => json.fmt(f),
        }
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.role == other.role && self.content() == other.content()
    }
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// Sound: its media type, or the vendor's word for it.
    Audio(String),
    /// A document or file: its media type, or the vendor's word for it.
    File(String),
    /// A picture: its URL, or its media type.
    Image(String),
    /// Anything else: the vendor's word for it.
    Other(String),
    /// What the model thought in an earlier turn.
    Reasoning(String),
    /// Text.
    Text(String),
    /// A text as the numbers that a tokenizer gave it.
    Tokens(Vec<u32>),
    /// A tool call of an earlier turn.
    ToolCall {
        /// The call's id; empty where the vendor has none.
        id: String,
        /// The tool.
        name: String,
        /// Its arguments, as JSON text.
        arguments: String,
    },
    /// What a tool returned.
    ToolResult {
        /// The call's id, or the tool's name where the vendor has no ids.
        id: String,
        /// The result, as text or JSON text.
        text: String,
    },
}

impl Content {
    /// Bytes of text in it.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Reasoning(text) | Self::Text(text) => text.len(),
            Self::ToolCall { name, arguments, .. } => name.len() + arguments.len(),
            Self::ToolResult { text, .. } => text.len(),
            // Each is reckoned as a token.
            Self::Tokens(tokens) => 4 * tokens.len(),
            Self::Audio(_) | Self::File(_) | Self::Image(_) | Self::Other(_) => 0,
        }
    }
}

/// The text of a JSON string.
fn text_of(json: &[u8]) -> Option<String> {
    // Most texts have no escapes.
    if let [b'"', text @ .., b'"'] = json
        && find_special(text).is_none()
    {
        return std::str::from_utf8(text).ok().map(str::to_owned);
    }
    serde_json::from_slice(json).ok()
}

/// Joined by newlines, without a copy where there is only one.
pub(super) fn join<'a>(mut texts: impl Iterator<Item = &'a str>) -> Cow<'a, str> {
    let Some(first) = texts.next() else {
        return Cow::Borrowed("");
    };
    let mut joined = Cow::Borrowed(first);
    for text in texts {
        let joined = joined.to_mut();
        joined.push('\n');
        joined.push_str(text);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_what_serde_makes_of_them() {
        let texts: [&[u8]; 12] = [
            b"\"\"",
            b"\"plain\"",
            "\"\u{e9} \u{1f44b}\"".as_bytes(),
            b"\"a\\nb \\u00e9 \\\" \\\\\"",
            b"\"half a character \\ud800\"",
            b"\"raw \n newline\"",
            b"\"not UTF-8 \xff\"",
            b"\"two\"\"",
            b"\"open",
            b"\"",
            b"",
            b"7",
        ];
        for json in texts {
            let text = serde_json::from_slice::<String>(json).ok();
            let message = Message::of_json_text(Role::User, Bytes::from_static(json));
            assert_eq!(message.texts().next(), text.as_deref(), "{json:?}");
        }
    }
}
