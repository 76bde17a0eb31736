//! What the user says of requests before they are compared.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::canon::Asked;
use super::diff::{Difference, DifferenceClass};
use super::redact::Pointer;

/// Changes to requests, in the order in which they were asked for.
#[derive(Clone, Default)]
pub(super) struct Normal(Vec<Change>);

#[derive(Clone)]
enum Change {
    /// Under the pointer as it was written.
    Exact(String, Pointer),
    Json(Arc<dyn Fn(&mut Value) + Send + Sync>),
    Text(Arc<dyn Fn(&str) -> String + Send + Sync>),
    Volatile(Pointer),
}

impl Normal {
    pub(super) fn exact(&mut self, text: &str, pointer: Pointer) {
        self.0.push(Change::Exact(text.to_owned(), pointer));
    }

    pub(super) fn json(&mut self, change: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.0.push(Change::Json(Arc::new(change)));
    }

    pub(super) fn text(&mut self, change: impl Fn(&str) -> String + Send + Sync + 'static) {
        self.0.push(Change::Text(Arc::new(change)));
    }

    pub(super) fn volatile(&mut self, pointer: Pointer) {
        self.0.push(Change::Volatile(pointer));
    }

    /// How many changes there are; none is ever taken away.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The request as it is compared.
    pub(super) fn apply<'a>(&self, asked: &'a Asked) -> Cow<'a, Asked> {
        if self.0.is_empty() {
            return Cow::Borrowed(asked);
        }
        let body = match asked.json() {
            Some(mut value) => {
                self.0.iter().for_each(|change| change.of_json(&mut value));
                value.to_string()
            }
            None => match std::str::from_utf8(&asked.body) {
                Ok(text) => {
                    self.0.iter().fold(text.to_owned(), |text, change| change.of_text(text))
                }
                Err(_) => return Cow::Borrowed(asked),
            },
        };
        Cow::Owned(Asked { body: body.into(), ..asked.clone() })
    }
}

impl Change {
    fn of_json(&self, value: &mut Value) {
        match self {
            Self::Exact(name, pointer) => {
                let mut there = Vec::new();
                pointer.visit(value, &mut |value| there.push(value.clone()));
                // Beside the fields that are left out, under a name that is not.
                if let (Value::Object(fields), false) = (value, there.is_empty()) {
                    fields.insert(format!("{EXACT}{name}"), there.into());
                }
            }
            Self::Json(change) => change(value),
            Self::Text(change) => each_text(value, &**change),
            Self::Volatile(pointer) => pointer.visit(value, &mut |value| {
                let kind = match value {
                    Value::Null => return,
                    Value::Bool(_) => "boolean",
                    Value::Number(_) => "number",
                    Value::String(_) => "string",
                    Value::Array(_) => "array",
                    Value::Object(_) => "object",
                };
                *value = Value::String(format!("(any {kind})"));
            }),
        }
    }

    fn of_text(&self, text: String) -> String {
        match self {
            Self::Text(change) => change(&text),
            Self::Exact(..) | Self::Json(_) | Self::Volatile(_) => text,
        }
    }
}

/// Before the name of a field that stands for a place which is compared although it would be left out.
const EXACT: &str = "(exact)";

/// Gives differences in such fields the place that they stand for.
pub(super) fn named(mut found: Vec<Difference>) -> Vec<Difference> {
    let exact = format!("/{EXACT}");
    let mut exactly = Vec::new();
    for difference in &mut found {
        if let Some(rest) = difference.pointer.strip_prefix(&exact) {
            let name = rest.split('/').next().unwrap_or_default();
            difference.pointer = name.replace("~1", "/").replace("~0", "~");
            exactly.push(difference.pointer.clone());
        }
    }
    found.retain(|it| it.class != DifferenceClass::Volatile || !exactly.contains(&it.pointer));
    found
}

fn each_text(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(elements) => {
            elements.iter_mut().for_each(|element| each_text(element, change));
        }
        Value::Object(fields) => {
            fields.values_mut().for_each(|field| each_text(field, change));
        }
        _ => {}
    }
}

impl fmt::Debug for Normal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Normal({})", self.0.len())
    }
}
