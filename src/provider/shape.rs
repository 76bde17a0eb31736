//! Finds what is wrong with a body that did not parse, and where.
//!
//! A room parses into its own structs, which is fast and says little when it fails. Then, and
//! only then, the body is held against the room's [`Shape`], and the first [`Violation`] is put
//! into the vendor's words by the room.

use serde_json::Value;

/// What a JSON value must look like.
#[derive(Debug)]
pub(crate) enum Shape {
    Array(&'static Shape),
    Boolean,
    /// One of these texts.
    Choice(&'static [&'static str]),
    Integer,
    Number,
    Object(&'static [Field]),
    Text,
    /// A text or an array.
    TextOr(&'static Shape),
}

/// A field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    /// Whether null is as good as nothing.
    pub(crate) nullable: bool,
    pub(crate) shape: Shape,
}

/// Must be there.
pub(crate) const fn required(name: &'static str, shape: Shape) -> Field {
    Field { name, required: true, nullable: false, shape }
}

/// May be left out, or null.
pub(crate) const fn optional(name: &'static str, shape: Shape) -> Field {
    Field { name, required: false, nullable: true, shape }
}

/// May be left out, but is not null.
pub(crate) const fn given(name: &'static str, shape: Shape) -> Field {
    Field { name, required: false, nullable: false, shape }
}

/// The first thing that is wrong.
#[derive(Debug)]
pub(crate) struct Violation<'a> {
    pub(crate) path: Vec<Step>,
    pub(crate) problem: Problem<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Index(usize),
    Key(&'static str),
}

#[derive(Debug)]
pub(crate) enum Problem<'a> {
    Choice { choices: &'static [&'static str], found: &'a str },
    Missing,
    Type { wanted: &'static Shape, found: &'a Value },
}

impl Shape {
    /// The first violation, fields in the order in which the shape lists them.
    pub(crate) fn check<'a>(&'static self, value: &'a Value) -> Option<Violation<'a>> {
        let mut path = Vec::new();
        let problem = self.walk(value, &mut path)?;
        Some(Violation { path, problem })
    }

    /// Shapes are static and end, so this recursion does too.
    fn walk<'a>(&'static self, value: &'a Value, path: &mut Vec<Step>) -> Option<Problem<'a>> {
        match (self, value) {
            (Self::Boolean, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::Text | Self::TextOr(_), Value::String(_)) => None,
            (Self::Integer, Value::Number(number)) if !number.is_f64() => None,
            (Self::Choice(choices), Value::String(found)) => {
                (!choices.contains(&found.as_str())).then_some(Problem::Choice { choices, found })
            }
            (Self::TextOr(other), Value::Array(_) | Value::Object(_)) => other.walk(value, path),
            (Self::Array(item), Value::Array(items)) => {
                items.iter().enumerate().find_map(|(index, value)| {
                    path.push(Step::Index(index));
                    let problem = item.walk(value, path);
                    if problem.is_none() {
                        path.pop();
                    }
                    problem
                })
            }
            (Self::Object(fields), Value::Object(values)) => fields.iter().find_map(|field| {
                path.push(Step::Key(field.name));
                let problem = match values.get(field.name) {
                    None if field.required => Some(Problem::Missing),
                    None => None,
                    Some(Value::Null) if field.nullable => None,
                    Some(value) => field.shape.walk(value, path),
                };
                if problem.is_none() {
                    path.pop();
                }
                problem
            }),
            _ => Some(Problem::Type { wanted: self, found: value }),
        }
    }
}

/// A path as `messages[0].content`.
pub(crate) fn bracketed(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.push_str(&format!(".{key}")),
        }
    }
    text
}

/// A path as `messages.0.content`.
pub(crate) fn dotted(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Index(index) => index.to_string(),
        Step::Key(key) => (*key).to_owned(),
    });
    steps.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    static SHAPE: Shape = Shape::Object(&[
        required("list", Shape::Array(&Shape::Object(&[required("text", Shape::TextOr(&LIST))]))),
        optional("n", Shape::Integer),
        given("m", Shape::Integer),
    ]);
    static LIST: Shape = Shape::Array(&Shape::Text);

    #[test]
    fn the_first_violation_is_found_and_named() {
        let cases = [
            (json!({"list": []}), None),
            (json!({"list": [{"text": ["x"]}], "n": null}), None),
            (json!({}), Some("list")),
            (json!({"list": null}), Some("list")),
            (json!({"list": [{"text": "a"}, {"text": 1}]}), Some("list[1].text")),
            (json!({"list": [{}], "n": 1.5}), Some("list[0].text")),
            (json!({"list": [], "n": 1.5}), Some("n")),
            (json!({"list": [], "m": 1}), None),
            (json!({"list": [], "m": null}), Some("m")),
            (json!([]), Some("")),
        ];
        for (value, at) in cases {
            let found = SHAPE.check(&value).map(|violation| bracketed(&violation.path));
            assert_eq!(found.as_deref(), at, "{value}");
        }
    }
}
