//! Holds a JSON value against a protobuf message, and says what is wrong in Google's words.
//!
//! Google's front end turns JSON into protobuf and knows both spellings of a field
//! (`systemInstruction`, `system_instruction`), one value where a list is due, numbers as text
//! and nulls as nothing. It reports all faults at once, with paths in snake case. This is slower
//! than serde, so it runs only over bodies that serde refused.

use serde_json::{Map, Value};

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    /// After `type.googleapis.com/google.ai.generativelanguage.v1beta.`.
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
    /// The fields are all that there are, so that others can be named as unknown.
    pub(super) is_complete: bool,
}

#[derive(Debug)]
pub(super) struct Field {
    /// In snake case.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_repeated: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Any,
    Bool,
    /// Its name, and its values.
    Enum(&'static str, &'static [&'static str]),
    Float,
    Int32,
    Message(&'static Message),
    Text,
}

/// A field.
pub(super) const fn one(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, is_repeated: false }
}

/// A field that is a list.
pub(super) const fn many(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, is_repeated: true }
}

/// One fault: where, and what.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    /// Empty at the root.
    pub(super) field: String,
    pub(super) description: String,
}

/// All that is wrong with `value` as a `message`.
pub(super) fn faults(message: &'static Message, value: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    match value {
        Value::Object(fields) => object(message, fields, "", &mut faults),
        _ => faults.push(unknown("", "", "Root element must be a message.")),
    }
    faults
}

/// Messages are static and end, or are as deep as the value, whose depth serde_json bounds.
fn object(
    message: &'static Message,
    values: &Map<String, Value>,
    path: &str,
    faults: &mut Vec<Fault>,
) {
    // A map's order hangs on a feature of serde_json that any crate of a build may switch.
    let mut entries: Vec<_> = values.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    for (key, value) in entries {
        let snake = snake(key);
        let Some(field) = message.fields.iter().find(|field| field.name == snake) else {
            if message.is_complete {
                faults.push(unknown(key, path, "Cannot find field."));
            }
            continue;
        };
        let at = if path.is_empty() { snake } else { format!("{path}.{snake}") };
        match value {
            Value::Null => {}
            Value::Array(items) if field.is_repeated => {
                for (index, item) in items.iter().enumerate() {
                    check(field.kind, item, key, path, &format!("{at}[{index}]"), faults);
                }
            }
            Value::Array(_) if !matches!(field.kind, Kind::Any) => {
                faults.push(unknown(key, path, "Proto field is not repeating, cannot start list."))
            }
            value => check(field.kind, value, key, path, &at, faults),
        }
    }
}

fn check(kind: Kind, value: &Value, key: &str, parent: &str, at: &str, faults: &mut Vec<Fault>) {
    let is_number = |text: &str| text.trim().parse::<f64>().is_ok();
    let name = match (kind, value) {
        (Kind::Any, _)
        | (Kind::Bool, Value::Bool(_))
        | (Kind::Float, Value::Number(_))
        | (Kind::Text, Value::String(_))
        | (_, Value::Null) => return,
        (Kind::Message(message), Value::Object(fields)) => {
            return object(message, fields, at, faults);
        }
        (_, Value::Object(_)) => {
            faults.push(Fault {
                field: parent.to_owned(),
                description: format!(
                    "Invalid value at '{parent}' ({key}), Starting an object on a scalar field"
                ),
            });
            return;
        }
        (Kind::Float, Value::String(text)) if is_number(text) => return,
        (Kind::Int32, Value::String(text)) if text.trim().parse::<i32>().is_ok() => return,
        (Kind::Int32, Value::Number(number)) if as_int32(number.as_f64()).is_some() => return,
        (Kind::Enum(_, values), Value::String(text))
            if values.iter().any(|value| value.eq_ignore_ascii_case(text)) =>
        {
            return;
        }
        // Enums may be given by number.
        (Kind::Enum(..), Value::Number(number)) if number.is_u64() => return,
        (Kind::Bool, _) => "TYPE_BOOL".to_owned(),
        (Kind::Float, _) => "TYPE_FLOAT".to_owned(),
        (Kind::Int32, _) => "TYPE_INT32".to_owned(),
        (Kind::Text, _) => "TYPE_STRING".to_owned(),
        (Kind::Enum(name, _), _) | (Kind::Message(&Message { name, .. }), _) => {
            format!("type.googleapis.com/google.ai.generativelanguage.v1beta.{name}")
        }
    };
    faults.push(Fault {
        field: at.to_owned(),
        description: format!("Invalid value at '{at}' ({name}), {value}"),
    });
}

fn unknown(key: &str, path: &str, why: &str) -> Fault {
    let place = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
    Fault {
        field: path.to_owned(),
        description: format!("Invalid JSON payload received. Unknown name \"{key}\"{place}: {why}"),
    }
}

/// A number as protobuf takes it for an `int32`: `5.0` will do.
pub(super) fn as_int32(number: Option<f64>) -> Option<i32> {
    let number = number?;
    let is_int32 =
        number.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
    is_int32.then_some(number as i32)
}

fn snake(key: &str) -> String {
    let mut snake = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
