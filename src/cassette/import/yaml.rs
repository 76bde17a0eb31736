//! YAML as JSON; what is `!!binary` is `{"base64": ...}`.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value, json};

/// As serde_json reads; what is deeper would overflow the stack when it is dropped.
const DEEPEST: usize = 128;
/// What aliases may add.
const MOST_COPIED: usize = 4 << 20;

struct Open {
    anchor: usize,
    key: Option<String>,
    value: Value,
}

/// The document, or what is wrong with it and where.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut anchors: HashMap<usize, (Value, usize)> = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    let mut copied = 0;
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| format!("no YAML: {error}"))?;
        let at = |why: &str| format!("line {}: {why}", span.start.line());
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_binary = tag.is_some_and(|tag| tag.suffix == "binary");
                let is_plain = style == ScalarStyle::Plain;
                let value = match is_binary {
                    true => json!({"base64": text}),
                    false if is_plain => plain(&text),
                    false => text.into_owned().into(),
                };
                (anchor, value)
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                let is_list = matches!(event, Event::SequenceStart(..));
                let value = if is_list { json!([]) } else { json!({}) };
                if open.len() >= DEEPEST {
                    return Err(at("too deep"));
                }
                open.push(Open { anchor, key: None, value });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open { anchor, value, .. }) => (anchor, value),
                None => continue,
            },
            Event::Alias(anchor) => {
                let (value, size) = anchors.get(&anchor).ok_or_else(|| at("an alias of itself"))?;
                copied += size;
                if copied > MOST_COPIED || open.len() + depth(value) > DEEPEST {
                    return Err(at("its aliases make too much of it"));
                }
                (0, value.clone())
            }
            _ => continue,
        };
        if anchor != 0 {
            let size = value.to_string().len();
            copied += size;
            if copied > MOST_COPIED {
                return Err(at("its anchors make too much of it"));
            }
            anchors.insert(anchor, (value.clone(), size));
        }
        let Some(around) = open.last_mut() else { return Ok(value) };
        match &mut around.value {
            Value::Array(items) => items.push(value),
            Value::Object(fields) => add(fields, &mut around.key, value).map_err(|why| at(&why))?,
            _ => {}
        }
    }
    Err("there is nothing in it".to_owned())
}

fn add(
    fields: &mut Map<String, Value>,
    key: &mut Option<String>,
    value: Value,
) -> Result<(), String> {
    match (key.take(), value) {
        (Some(key), value) => drop(fields.insert(key, value)),
        (None, Value::String(name)) => *key = Some(name),
        (None, Value::Array(_) | Value::Object(_)) => return Err("a key must be a text".to_owned()),
        (None, other) => *key = Some(other.to_string()),
    }
    Ok(())
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// By YAML's core schema, as far as recordings use it.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ => match text.parse::<i64>() {
            Ok(number) if !text.starts_with('+') => number.into(),
            _ => match text.parse::<f64>() {
                Ok(number) if number.is_finite() && text.contains('.') => number.into(),
                _ => text.into(),
            },
        },
    }
}
