//! A plain instance of a JSON Schema: what the default reply calls tools with.
//!
//! It fills required properties by type, first `enum` value, `const`, `default` or first branch;
//! what it cannot satisfy (patterns, bounds beyond the first) stays simple.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// An instance of `schema`.
pub(super) fn of(schema: &RawValue) -> Value {
    let root: Value = serde_json::from_str(schema.get()).unwrap_or_default();
    instance(&root, &root, 0)
}

/// An instance that is an object, whatever the schema says: what the arguments of a call must be.
pub(super) fn object(schema: Option<&RawValue>) -> Box<RawValue> {
    let value = match schema.map(of) {
        Some(value @ Value::Object(_)) => value,
        _ => Value::Object(Map::new()),
    };
    serde_json::value::to_raw_value(&value).expect("a value serializes")
}

/// Schemas that refer to themselves end here.
const DEEPEST: usize = 16;

fn instance(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    let Some(fields) = schema.as_object() else {
        return json!("mock");
    };
    let down = |schema: &Value| instance(schema, root, depth + 1);
    if let Some(target) = fields.get("$ref").and_then(Value::as_str) {
        return root.pointer(target.trim_start_matches('#')).map_or(Value::Null, down);
    }
    if let Some(value) = ["const", "default", "example"].iter().find_map(|key| fields.get(*key)) {
        return value.clone();
    }
    if let Some(first) = fields.get("enum").and_then(Value::as_array).and_then(|all| all.first()) {
        return first.clone();
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = fields.get(key).and_then(Value::as_array).and_then(|all| all.first()) {
            return down(first);
        }
    }
    let kind = match fields.get("type") {
        Some(Value::String(kind)) => kind.to_ascii_lowercase(),
        Some(Value::Array(kinds)) => {
            kinds.first().and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        _ if fields.contains_key("properties") => "object".to_owned(),
        _ => "string".to_owned(),
    };
    match kind.as_str() {
        "array" => {
            let least = fields.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(64);
            let item = fields.get("items").map_or(Value::Null, down);
            Value::Array(vec![item; least as usize])
        }
        "boolean" => json!(true),
        "integer" => {
            json!(
                fields
                    .get("minimum")
                    .and_then(Value::as_f64)
                    .map_or(1, |least| least.ceil() as i64)
            )
        }
        "null" => Value::Null,
        "number" => json!(fields.get("minimum").and_then(Value::as_f64).unwrap_or(1.0)),
        "object" => {
            let mut required: Vec<&str> = match fields.get("required").and_then(Value::as_array) {
                Some(names) => names.iter().filter_map(Value::as_str).collect(),
                None => Vec::new(),
            };
            // The order of a map's keys hangs on a feature that any crate in the build may switch.
            required.sort_unstable();
            let properties = fields.get("properties").and_then(Value::as_object);
            let value = |name: &str| {
                let schema = properties.and_then(|properties| properties.get(name));
                (name.to_owned(), schema.map_or_else(|| json!("mock"), down))
            };
            Value::Object(required.into_iter().map(value).collect())
        }
        _ => {
            let least = fields.get("minLength").and_then(Value::as_u64).unwrap_or(0).min(4096);
            let mut text = "mock".to_owned();
            while text.len() < least as usize {
                text.push_str(" mock");
            }
            json!(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_properties_are_filled_by_type() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "INTEGER", "minimum": 2},
                "unit": {"enum": ["c", "f"]},
                "near": {"$ref": "#/$defs/place"},
                "left_out": {"type": "string"},
            },
            "required": ["city", "days", "unit", "near"],
            "$defs": {"place": {"type": "object", "properties": {"near": {"$ref": "#/$defs/place"}}}},
        });
        let raw = serde_json::value::to_raw_value(&schema).unwrap();
        let made = of(&raw);
        assert_eq!(made, json!({"city": "mock", "days": 2, "unit": "c", "near": {}}));
        assert_eq!(object(None).get(), "{}");
    }

    #[test]
    fn a_schema_that_never_ends_ends() {
        let schema = json!({
            "type": "object", "required": ["next"],
            "properties": {"next": {"$ref": "#"}},
        });
        of(&serde_json::value::to_raw_value(&schema).unwrap());
    }
}
