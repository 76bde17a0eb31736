//! Whether a text is JSON that is valid against a schema, and if not, where and why.

use std::cell::OnceCell;
use std::fmt;

use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::json::Json;
use super::maker::Maker;
use super::memo;
use super::reason::{self, Reason};

/// A schema that replies are held against. It is read when first needed.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    schema: &'a RawValue,
    root: OnceCell<Option<Value>>,
}

impl<'a> Judge<'a> {
    /// A judge by this schema.
    pub(crate) fn new(schema: &'a RawValue) -> Self {
        Self { schema, root: OnceCell::new() }
    }

    /// Why `text` is certainly no JSON that is valid against the schema. What may be valid is let
    /// pass: values under keywords that are not supported, and those that take too much work.
    pub(crate) fn misfit(&self, text: &str) -> Option<Misfit> {
        let (is_known, fitting) = memo::fits(self.schema.get(), text);
        if is_known {
            return None;
        }
        let misfit = not_json(text).or_else(|| {
            // Numbers and depths beyond what serde_json takes are JSON all the same.
            let value: Value = serde_json::from_str(text).ok()?;
            let root = self.root.get_or_init(|| super::parse(self.schema).ok());
            misfit_of(root.as_ref()?, &Json::from(&value))
        });
        if misfit.is_none() {
            fitting.note();
        }
        misfit
    }
}

/// Why `value` is certainly not valid against the schema.
pub(super) fn misfit_of(root: &Value, value: &Json<'_>) -> Option<Misfit> {
    let verdict = Maker::judge(root).check(root, value).ok()?;
    if !verdict.is_invalid() {
        return None;
    }
    let mut pointer = String::new();
    let reason = Maker::judge(root).explain(root, value, &mut pointer, 0);
    let reason = reason.unwrap_or_else(|_| Reason::new("", "a value valid against it", value));
    Some(Misfit { pointer, reason })
}

/// Why `text` is no JSON, if it is none.
pub(crate) fn not_json(text: &str) -> Option<Misfit> {
    let error = serde_json::from_str::<IgnoredAny>(text).err()?;
    let found = match text {
        "" => "an empty text".to_owned(),
        _ => format!("{} ({error})", reason::excerpt(text)),
    };
    let reason = Reason { keyword: "", expected: "JSON".to_owned(), found };
    Some(Misfit { pointer: String::new(), reason })
}

/// What does not fit a schema: `at "/age": expected an integer, but it is "thirty"`.
#[derive(Clone, Debug)]
pub(crate) struct Misfit {
    /// Where in the value.
    pub(super) pointer: String,
    pub(super) reason: Reason,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, reason: Reason { expected, found, .. } } = self;
        write!(f, "at \"{pointer}\": expected {expected}, but it is {found}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn misfit(schema: Value, text: &str) -> Option<String> {
        let schema = serde_json::value::to_raw_value(&schema).unwrap();
        Judge::new(&schema).misfit(text).map(|misfit| misfit.to_string())
    }

    #[test]
    fn the_place_and_what_was_expected_are_named() {
        let schema = json!({
            "type": "object", "required": ["name", "a/b"], "additionalProperties": false,
            "properties": {
                "name": {"type": "string", "minLength": 2, "pattern": "^[A-Z]"},
                "a/b": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/n"}},
                "shape": {"anyOf": [
                    {"type": "object", "required": ["r"],
                     "properties": {"kind": {"const": "circle"}, "r": {"type": "number"}}},
                    {"type": "object", "required": ["a"],
                     "properties": {"kind": {"const": "square"}, "a": {"type": "number"}}},
                    {"type": "null"},
                ]},
            },
            "$defs": {"n": {"type": ["integer", "null"], "minimum": 3}},
        });
        for (text, why) in [
            (r#"{"name": "Ada"}"#, r#"at "": expected an object with the property `a/b`"#),
            (r#"{"name": "A", "a/b": []}"#, r#"at "/name": expected 2 characters at the least"#),
            (
                r#"{"name": "ada", "a/b": []}"#,
                r#"at "/name": expected a text that matches `^[A-Z]`"#,
            ),
            (r#"{"name": 1, "a/b": []}"#, r#"at "/name": expected a string, but it is 1"#),
            (
                r#"{"name": "Ada", "a/b": [3, "4"]}"#,
                r#"at "/a~1b/1": expected an integer or null, but it is "4""#,
            ),
            (
                r#"{"name": "Ada", "a/b": [2]}"#,
                r#"at "/a~1b/0": expected a number of 3 at the least"#,
            ),
            (r#"{"name": "Ada", "a/b": [3, 3, 3]}"#, "expected 2 items at the most"),
            (
                r#"{"name": "Ada", "a/b": [], "x": 1}"#,
                r#"at "/x": expected no property beyond those of the schema, but it is 1"#,
            ),
            (
                r#"{"name": "Ada", "a/b": [], "shape": {"kind": "square", "a": "1"}}"#,
                r#"at "/shape/a": expected a number"#,
            ),
            (
                r#"{"name": "Ada", "a/b": [], "shape": {"kind": "line"}}"#,
                r#"at "/shape": expected one of the 3 schemas of `anyOf`"#,
            ),
            ("{\"name\": \"Ada\"", "expected JSON, but it is {\"name\": \"Ada\" (EOF"),
            ("", "expected JSON, but it is an empty text"),
        ] {
            let found = misfit(schema.clone(), text);
            assert!(found.as_ref().is_some_and(|found| found.contains(why)), "{text}: {found:?}");
        }
        assert_eq!(misfit(schema, r#"{"name": "Ada", "a/b": [3, null], "shape": null}"#), None);
    }

    #[test]
    fn what_may_be_valid_is_let_pass() {
        for (schema, text) in [
            (json!({"format": "email"}), r#""no address""#),
            (json!({"not": {"format": "email"}}), r#""a@b.co""#),
            (json!({"not": {"unevaluatedProperties": false}}), "{}"),
            (json!({"oneOf": [{"format": "date"}, {"format": "time"}]}), r#""2025-01-01""#),
            (json!({"if": {"$dynamicRef": "#x"}, "then": false}), "1"),
            (json!({"$ref": "https://example.com/other"}), "1"),
            (json!({"pattern": "(a)\\1"}), r#""b""#),
            (json!({"pattern": "^\\w+$"}), r#""é""#),
            (json!({"multipleOf": 0.01}), "19.99"),
            (json!({"type": "STRING", "nullable": true}), "null"),
            (json!({"nullable": true, "anyOf": [{"type": "string"}]}), "null"),
            (
                json!({"properties": {"a": {"$id": "x", "$ref": "#/properties/b"}, "b": false}}),
                r#"{"a":1}"#,
            ),
            (
                json!({"$schema": "http://json-schema.org/draft-07/schema#",
                    "$ref": "#/definitions/a", "type": "string", "definitions": {"a": {}}}),
                "1",
            ),
            (json!({"type": "number"}), "1e999"),
            (json!({"uniqueItems": true}), "[18446744073709551614, 18446744073709551615]"),
            (json!({"type": "integer"}), "3.0"),
            (json!({"type": "strange"}), "1"),
            (json!(7), "1"),
        ] {
            assert_eq!(misfit(schema.clone(), text), None, "{schema} {text}");
        }
        // Doubt about one place is none about another.
        let doubtful = json!({"format": "x", "allOf": [{"$ref": "#/none"}, {"type": "string"}]});
        assert!(misfit(doubtful, "1").is_some());
        // A schema that takes too much work, and one that is too deep.
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(misfit(json!({"type": "object"}), &deep), None);
    }
}
