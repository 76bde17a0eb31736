use serde_json::{Value, json};

use super::*;

fn raw(schema: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(schema).unwrap()
}

fn text(schema: Value) -> String {
    instance(&raw(&schema), 0).unwrap().get().to_owned()
}

fn made(schema: Value) -> Value {
    serde_json::from_str(&text(schema)).unwrap()
}

fn fault(schema: Value) -> String {
    instance(&raw(&schema), 0).unwrap_err().to_string()
}

#[test]
fn properties_come_in_one_order_and_say_something_sensible() {
    let schema = json!({
        "type": "object",
        "properties": {
            "zip": {"type": "string"}, "city": {"type": "string"}, "userEmail": {"type": "string"},
            "age": {"type": "INTEGER"}, "price": {"type": "number"}, "cities": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["price", "city"],
    });
    assert_eq!(
        text(schema.clone()),
        r#"{"price":9.5,"city":"Paris","age":30,"cities":["mock"],"userEmail":"mock@example.com","zip":"75001"}"#
            .replace(r#"["mock"]"#, r#"["Paris"]"#)
    );
    let mut ordered = schema;
    ordered["propertyOrdering"] = json!(["zip", "age", "none"]);
    assert!(text(ordered).starts_with(r#"{"zip":"75001","age":30,"price""#));
}

#[test]
fn recursion_ends() {
    let node = json!({
        "$ref": "#/$defs/node",
        "$defs": {"node": {
            "type": "object", "required": ["value", "next", "children"],
            "properties": {
                "value": {"type": "integer"},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                "other": {"$ref": "#"},
            },
        }},
    });
    assert_eq!(made(node)["next"]["next"], Value::Null);
    let endless =
        json!({"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}});
    assert!(fault(endless).contains("never end"));
    assert_eq!(
        made(json!({"type": "object", "properties": {"next": {"$ref": "#"}}})),
        json!({"next": {}})
    );
}

/// It took all the work there is, some 60 ms, and ended with nothing but what must be.
#[test]
fn definitions_that_refer_to_each_other_get_some_of_what_need_not_be() {
    let mut definitions = json!({});
    for at in 0..40 {
        let other = |step: usize| json!({"$ref": format!("#/$defs/{}", (at + step) % 40)});
        definitions[at.to_string()] = json!({
            "type": "object", "required": ["name"], "properties": {
                "name": {"type": "string"},
                "next": {"anyOf": [other(1), {"type": "null"}]},
                "children": {"type": "array", "items": other(7)},
            },
        });
    }
    let made = made(json!({"$ref": "#/$defs/0", "$defs": definitions}));
    assert_eq!(made["children"][0]["name"], "Ada Lovelace", "{made}");
    assert_eq!(made["next"]["name"], "Ada Lovelace", "{made}");
}

#[test]
fn what_is_remembered_is_asked_for_in_the_same_words() {
    let schema = raw(&json!({"type": "array", "items": {"enum": ["a", "b", "c", "d"]}}));
    let all = || (0..64).map(|seed| instance(&schema, seed).unwrap().get().to_owned());
    let first: Vec<String> = all().collect();
    assert_eq!(first, all().collect::<Vec<_>>());
    assert!(first.iter().any(|it| *it != first[0]));
    assert!(object(&schema, 0).is_err() && instance(&schema, 0).is_ok());
    let (judge, other) = (Judge::new(&schema), raw(&json!({"type": "object"})));
    for _ in 0..2 {
        assert!(judge.misfit("[]").is_none() && judge.misfit("[1]").is_some());
        assert!(Judge::new(&other).misfit("[]").is_some());
    }
}

#[test]
fn keywords_are_heeded() {
    assert_eq!(made(json!({"type": "integer", "exclusiveMinimum": 3, "multipleOf": 5})), json!(5));
    assert_eq!(made(json!({"type": "integer", "maximum": -7})), json!(-7));
    assert_eq!(made(json!({"type": ["null", "boolean"]})), json!(true));
    assert_eq!(
        made(
            json!({"type": "array", "items": {"type": "integer"}, "minItems": "2", "uniqueItems": true})
        ),
        json!([1, 2])
    );
    assert_eq!(made(json!({"type": "string", "default": "given"})), json!("given"));
    assert_eq!(made(json!({"type": "string", "default": 3, "maxLength": 2})), json!("mo"));
    assert_eq!(made(json!({"type": "boolean", "not": {"const": true}})), json!(false));
    assert_eq!(made(json!({"type": "STRING", "format": "enum", "enum": ["b", "a"]})), json!("b"));
    assert_eq!(
        made(json!({"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}]})),
        json!({"a": 1})
    );
    assert_eq!(
        made(json!({"properties": {"a": {"type": "boolean"}}, "required": ["a"],
            "if": {"properties": {"a": {"const": true}}}, "then": {"required": ["b"]}})),
        json!({"a": true, "b": "mock"})
    );
    assert_eq!(made(json!({"type": "string", "pattern": "^[A]{2}-[7]{3}$"})), json!("AA-777"));
}

#[test]
fn what_cannot_be_is_said_with_its_place() {
    let at = |schema: Value| {
        fault(json!({"type": "object", "required": ["a/b"], "properties": {"a/b": schema}}))
    };
    assert!(
        at(json!({"type": "string", "minLength": 9_000_000_000_u64}))
            .contains("`#/properties/a~1b`")
    );
    assert!(at(json!({"type": "array", "minItems": 1e18})).contains("up to 1024"));
    assert!(at(json!({"type": "string", "pattern": "(a)\\1"})).contains("a back-reference"));
    assert!(at(json!({"$ref": "https://example.com/schema"})).contains("/properties/a~1b/$ref`"));
    assert!(at(json!({"type": "integer", "minimum": 2, "maximum": 1})).contains("bounds"));
    assert!(at(json!(false)).contains("allows nothing"));
    assert!(at(json!({"allOf": [{"type": "string"}, {"type": "null"}]})).contains("exclude"));
    assert!(object(&raw(&json!({"type": "string"})), 0).is_err());
}

#[test]
fn hostile_schemas_end() {
    let deep = format!("{}{{}}{}", r#"{"properties":{"a":"#.repeat(5000), "}}".repeat(5000));
    assert!(instance(&RawValue::from_string(deep).unwrap(), 0).is_err());
    let many: Vec<Value> = (0..10_000).map(|_| json!({"anyOf": [{}, {}]})).collect();
    let _ = instance(&raw(&json!({"allOf": many})), 0);
    let mut doubling = json!({"$ref": "#/$defs/0", "$defs": {}});
    for at in 0..40 {
        let next = json!({"$ref": format!("#/$defs/{}", at + 1)});
        doubling["$defs"][at.to_string()] =
            json!({"type": "object", "required": ["a", "b"], "properties": {"a": next, "b": next}});
    }
    doubling["$defs"]["40"] = json!({"type": "string", "minLength": 60_000});
    assert!(fault(doubling).contains("work"));
    let nested = json!({"type": "array", "minItems": 1000, "items": {"type": "array", "minItems": 1000, "items": {"type": "array", "minItems": 1000}}});
    assert!(fault(nested).contains("work"));
    for odd in [
        json!({"type": 5}),
        json!({"properties": 3, "required": "x", "enum": {}, "anyOf": []}),
        json!([1]),
        json!("x"),
        json!({"$ref": "#"}),
        json!({"not": {}}),
        json!({"minLength": -3, "type": "string"}),
        json!({"multipleOf": 0, "type": "number"}),
    ] {
        let _ = instance(&raw(&odd), 0);
    }
}
