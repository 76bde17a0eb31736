//! A file as it was read, in any of the three formats: values, each with its place.

use super::expand::not_set;
use super::fault::Fault;

/// Where something was written: which of the files, line and column from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: u16,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    /// The place of a byte in a text.
    pub(super) fn of(file: u16, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = 1 + before[start..].chars().count();
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Self { file, line: number(line), column: number(column) }
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    List(Vec<Node>),
    /// In the order of the file.
    Map(Vec<(Key, Node)>),
    Scalar(Scalar),
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// A text, a number, a boolean or nothing: which of them, he who reads it says, so that `no` can be
/// an answer's text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Not in quotes, or all of it from a variable: it may be more than a text.
    pub(crate) plain: bool,
    /// The variable that it needs and that is not set.
    pub(crate) unset: Option<String>,
}

impl Scalar {
    pub(super) fn is_null(&self) -> bool {
        self.plain && self.unset.is_none() && matches!(self.text.as_str(), "" | "~" | "null")
    }
}

impl Scalar {
    /// Whether it is written as JSON writes a number or a boolean.
    pub(crate) fn is_json(&self) -> bool {
        self.plain
            && (matches!(self.text.as_str(), "true" | "false")
                || serde_json::from_str::<serde_json::Number>(&self.text).is_ok())
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Node {
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.is_null())
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> String {
        match &self.value {
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
            Value::Scalar(scalar) if scalar.is_null() => "empty".into(),
            Value::Scalar(scalar) => format!("{:?}", scalar.text),
        }
    }

    /// Its JSON, in the order of the file.
    pub(super) fn json(&self) -> Result<String, Fault> {
        let mut json = String::new();
        self.write_json(&mut json)?;
        Ok(json)
    }

    fn write_json(&self, json: &mut String) -> Result<(), Fault> {
        match &self.value {
            Value::List(items) => {
                json.push('[');
                for (index, item) in items.iter().enumerate() {
                    json.push_str(if index == 0 { "" } else { "," });
                    item.write_json(json).map_err(|fault| fault.under(format!("[{index}]")))?;
                }
                json.push(']');
            }
            Value::Map(entries) => {
                json.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    json.push_str(if index == 0 { "" } else { "," });
                    json.push_str(&quoted(&key.name));
                    json.push(':');
                    value.write_json(json).map_err(|fault| fault.under(&key.name))?;
                }
                json.push('}');
            }
            Value::Scalar(Scalar { unset: Some(name), .. }) => {
                return Err(not_set(name).at(self.place));
            }
            Value::Scalar(scalar) if scalar.is_null() => json.push_str("null"),
            Value::Scalar(scalar) if scalar.is_json() => json.push_str(&scalar.text),
            Value::Scalar(scalar) => json.push_str(&quoted(&scalar.text)),
        }
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => {
                entries.iter().find(|(key, _)| key.name == name).map(|entry| &entry.1)
            }
            _ => None,
        }
    }

    /// The entries of a map; of anything else none.
    #[cfg(feature = "cli")]
    pub(crate) fn entries(&self) -> &[(Key, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; of anything else none.
    #[cfg(feature = "cli")]
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// A text, a number or a boolean as it is written.
    #[cfg(feature = "cli")]
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if !scalar.is_null() => Some(&scalar.text),
            _ => None,
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Node> {
        let Value::Map(entries) = &mut self.value else { return None };
        let at = entries.iter().position(|(key, _)| key.name == name)?;
        Some(entries.remove(at).1)
    }

    /// Lays a file on it, or a profile: as [`overlay`](Self::overlay), but that the lists of these keys
    /// are joined, what is laid on it first.
    pub(super) fn overlay_file(&mut self, mut over: Node, joined: &[&str]) {
        for key in joined {
            let Some(Node { value: Value::List(mine), .. }) = self.get(key).cloned() else {
                continue;
            };
            // Where something else stands, it takes their place.
            if let Value::Map(entries) = &mut over.value
                && let Some((_, Node { value: Value::List(first), .. })) =
                    entries.iter_mut().find(|(other, _)| other.name == *key)
            {
                first.extend(mine);
            }
        }
        self.overlay(over);
    }

    /// Lays `over` on it: maps are merged, all else is replaced.
    pub(super) fn overlay(&mut self, over: Node) {
        match (&mut self.value, over) {
            (Value::Map(entries), Node { value: Value::Map(more), .. }) => {
                for (key, node) in more {
                    match entries.iter_mut().find(|(known, _)| known.name == key.name) {
                        Some((_, known)) => known.overlay(node),
                        None => entries.push((key, node)),
                    }
                }
            }
            (_, over) => *self = over,
        }
    }
}
