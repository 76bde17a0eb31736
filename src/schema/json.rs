//! JSON with its keys in the order given, whatever features `serde_json` was built with.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Number, Value};

/// A JSON value that borrows from the schema where it can.
#[derive(Clone, Debug)]
pub(super) enum Json<'a> {
    Array(Vec<Json<'a>>),
    Bool(bool),
    Null,
    Number(Number),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
    Text(Cow<'a, str>),
}

impl Json<'_> {
    /// Whether the two are equal as JSON Schema has it: `1` is `1.0`, keys have no order.
    pub(super) fn equals(&self, other: &Json<'_>) -> bool {
        match (self, other) {
            (Json::Null, Json::Null) => true,
            (Json::Bool(a), Json::Bool(b)) => a == b,
            (Json::Number(a), Json::Number(b)) => same(a, b),
            (Json::Text(a), Json::Text(b)) => a == b,
            (Json::Array(a), Json::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b))
            }
            (Json::Object(a), Json::Object(b)) => {
                let found = |(key, value): &(Cow<'_, str>, Json<'_>)| {
                    b.iter().any(|(other, it)| other == key && it.equals(value))
                };
                a.len() == b.len() && a.iter().all(found)
            }
            _ => false,
        }
    }

    /// Null, or nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Array(items) => items.is_empty(),
            Self::Object(fields) => fields.is_empty(),
            Self::Text(text) => text.is_empty(),
            Self::Bool(_) | Self::Number(_) => false,
        }
    }
}

fn same(a: &Number, b: &Number) -> bool {
    match (a.is_f64(), b.is_f64()) {
        (false, false) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}

/// Keys in alphabetical order: the order of a map hangs on a feature that any crate may switch.
impl<'a> From<&'a Value> for Json<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(it) => Self::Bool(*it),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(items) => Self::Array(items.iter().map(Into::into).collect()),
            Value::Object(fields) => {
                let mut fields: Vec<(Cow<'_, str>, Self)> =
                    fields.iter().map(|(key, value)| (key.as_str().into(), value.into())).collect();
                fields.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
                Self::Object(fields)
            }
        }
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(it) => serializer.serialize_bool(*it),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}
