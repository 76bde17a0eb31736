//! What the user says of requests before they are compared.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::canon::Asked;
use super::redact::Pointer;

/// Changes to requests, in the order in which they were asked for.
#[derive(Clone, Default)]
pub(super) struct Normal(Vec<Change>);

#[derive(Clone)]
enum Change {
    Json(Arc<dyn Fn(&mut Value) + Send + Sync>),
    Text(Arc<dyn Fn(&str) -> String + Send + Sync>),
    Volatile(Pointer),
}

impl Normal {
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
            Self::Json(_) | Self::Volatile(_) => text,
        }
    }
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
