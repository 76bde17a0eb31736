//! Whether all that a reply says is heard in the bytes of the answer.

use serde_json::Value;

use crate::reply::{Part, Reply};

/// What must be heard of a reply: the texts in order, the tools in order.
pub(super) struct Said {
    texts: Vec<String>,
    /// Names, and arguments as a value and as text.
    calls: Vec<(String, Value, String)>,
}

impl Said {
    pub(super) fn of(reply: &Reply) -> Self {
        let mut said = Self { texts: Vec::new(), calls: Vec::new() };
        for part in reply.parts() {
            match part {
                Part::Text(text) => said.texts.push(text.as_str().to_owned()),
                Part::ToolCall(call) => {
                    let arguments = serde_json::from_str(call.arguments()).unwrap_or_default();
                    let text = call.arguments().to_owned();
                    said.calls.push((call.name().to_owned(), arguments, text));
                }
                // Some vendors do not show these.
                _ => {}
            }
        }
        said
    }

    /// Whether all of it is among the strings and objects that were heard, in order.
    pub(super) fn is_in(&self, heard: &Heard) -> bool {
        let is_heard = |text: &String| heard.strings.iter().any(|string| string.contains(text));
        let texts =
            is_within(&self.texts.concat(), &heard.strings) || self.texts.iter().all(is_heard);
        let calls = self.calls.iter().all(|(name, arguments, text)| {
            let says = |text: &String| heard.strings.iter().any(|string| string.contains(text));
            let all = heard.objects.contains(arguments)
                || says(text)
                || is_within(text, &heard.strings)
                || heard.spelled(arguments);
            says(name) && all
        });
        texts && calls
    }
}

/// Every string and object in a JSON body or in the data of an event stream.
#[derive(Debug, Default)]
pub(super) struct Heard {
    strings: Vec<String>,
    objects: Vec<Value>,
}

impl Heard {
    fn listen(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.listen(item)),
            Value::Object(fields) => {
                self.objects.push(value.clone());
                fields.values().for_each(|field| self.listen(field));
            }
            Value::String(text) => self.strings.push(text.clone()),
            _ => {}
        }
    }

    /// Whether some run of strings spells JSON of this value.
    fn spelled(&self, wanted: &Value) -> bool {
        (0..self.strings.len()).any(|start| {
            let mut text = String::new();
            self.strings[start..].iter().take(400).any(|piece| {
                // Ids and words of the envelope stand between fragments of arguments.
                let is_word =
                    piece.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
                if !text.is_empty() && is_word && piece.len() > 12 {
                    return false;
                }
                text.push_str(piece);
                serde_json::from_str::<Value>(&text).is_ok_and(|value| value == *wanted)
            })
        })
    }
}

/// `None` for what is neither JSON nor an event stream of JSON.
pub(super) fn hear(bytes: &[u8]) -> Option<Heard> {
    let mut heard = Heard::default();
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        heard.listen(&value);
        return Some(heard);
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let data = text
        .lines()
        .filter_map(|line| line.strip_prefix("data:").or(line.strip_prefix('{').map(|_| line)));
    for value in data.filter_map(|data| serde_json::from_str::<Value>(data.trim()).ok()) {
        heard.listen(&value);
    }
    Some(heard)
}

/// Whether `text` can be put together from the beginnings of some of `pieces`, in order.
fn is_within(text: &str, pieces: &[String]) -> bool {
    let mut rest = text;
    for piece in pieces {
        if rest.is_empty() {
            break;
        }
        if !piece.is_empty() {
            rest = rest.strip_prefix(piece.as_str()).unwrap_or(rest);
        }
    }
    rest.is_empty()
}
