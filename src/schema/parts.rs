//! The schemas that hold at one place, all at once.

use serde_json::{Map, Value};

/// A schema that is an object, with its address for [`Fault`](super::Fault)s.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) at: &'a Value,
    pub(super) fields: &'a Map<String, Value>,
}

impl<'a> Part<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.fields.get(key)
    }

    pub(super) fn list(&self, key: &str) -> Option<&'a [Value]> {
        self.get(key).and_then(Value::as_array).map(Vec::as_slice)
    }

    pub(super) fn map(&self, key: &str) -> Option<&'a Map<String, Value>> {
        self.get(key).and_then(Value::as_object)
    }

    /// A count, which Gemini writes as a string too.
    pub(super) fn count(&self, key: &str) -> Option<u64> {
        match self.get(key)? {
            Value::String(digits) => digits.parse().ok(),
            // `as u64` cuts to the nearest there is.
            value => value.as_u64().or_else(|| value.as_f64().map(|it| it as u64)),
        }
    }

    /// The schemas of the first items.
    pub(super) fn prefix(&self) -> &'a [Value] {
        self.list("prefixItems").or_else(|| self.list("items")).unwrap_or_default()
    }

    /// The schema of the items after those.
    pub(super) fn rest(&self) -> Option<&'a Value> {
        match self.get("items") {
            Some(Value::Array(_)) => self.get("additionalItems"),
            items => items,
        }
    }

    /// The lower and the upper bound, each with whether it is itself left out.
    pub(super) fn bounds(&self) -> [Option<(&'a Value, bool)>; 2] {
        [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")].map(
            |(key, exclusive)| {
                let within = self.get(key).filter(|it| it.is_number());
                match (self.get(exclusive), within) {
                    // Draft 4: a switch for the bound beside it.
                    (Some(Value::Bool(open)), Some(bound)) => Some((bound, *open)),
                    (Some(beyond @ Value::Number(_)), None) => Some((beyond, true)),
                    (Some(beyond @ Value::Number(_)), Some(bound)) => {
                        let lower = key == "minimum";
                        let tighter = (beyond.as_f64() >= bound.as_f64()) == lower
                            || beyond.as_f64() == bound.as_f64();
                        Some(if tighter { (beyond, true) } else { (bound, false) })
                    }
                    (_, bound) => bound.map(|bound| (bound, false)),
                }
            },
        )
    }
}

/// The types that `schema` allows, or `None` if it allows all.
pub(super) fn kinds(part: &Part<'_>) -> Option<Vec<Kind>> {
    let mut kinds: Vec<Kind> = match part.get("type")? {
        Value::String(name) => match Kind::of(name) {
            Some(kind) => vec![kind],
            None => return None,
        },
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).filter_map(Kind::of).collect()
        }
        _ => return None,
    };
    if part.get("nullable") == Some(&Value::Bool(true)) && !kinds.contains(&Kind::Null) {
        kinds.push(Kind::Null);
    }
    if kinds.is_empty() {
        return None;
    }
    // Something before nothing.
    kinds.sort_by_key(|kind| *kind == Kind::Null);
    Some(kinds)
}

/// A type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Array,
    Boolean,
    Integer,
    Null,
    Number,
    Object,
    String,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::String, Self::Number, Self::Object, Self::Array, Self::Boolean, Self::Null];

    /// Gemini shouts.
    fn of(name: &str) -> Option<Self> {
        let known = [
            ("array", Self::Array),
            ("boolean", Self::Boolean),
            ("integer", Self::Integer),
            ("null", Self::Null),
            ("number", Self::Number),
            ("object", Self::Object),
            ("string", Self::String),
        ];
        known.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, kind)| *kind)
    }

    /// The type that a schema without one seems to mean.
    pub(super) fn guess(part: &Part<'_>) -> Option<Self> {
        const SIGNS: [(&str, Kind); 16] = [
            ("properties", Kind::Object),
            ("required", Kind::Object),
            ("additionalProperties", Kind::Object),
            ("patternProperties", Kind::Object),
            ("minProperties", Kind::Object),
            ("items", Kind::Array),
            ("prefixItems", Kind::Array),
            ("minItems", Kind::Array),
            ("contains", Kind::Array),
            ("minimum", Kind::Number),
            ("maximum", Kind::Number),
            ("exclusiveMinimum", Kind::Number),
            ("exclusiveMaximum", Kind::Number),
            ("multipleOf", Kind::Number),
            ("uniqueItems", Kind::Array),
            ("propertyNames", Kind::Object),
        ];
        SIGNS.iter().find(|(key, _)| part.fields.contains_key(*key)).map(|(_, kind)| *kind)
    }
}
