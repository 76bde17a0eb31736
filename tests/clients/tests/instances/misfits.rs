//! Replies that are refused are invalid.

use serde_json::{Map, Value, json};
use tower_mock_llm::{MockLlmLayer, Rule};

use crate::random::Chance;
use crate::{demanding, post_to, validator};

const SCHEMAS: u64 = 1_000;

#[tokio::test]
async fn what_is_refused_is_invalid() {
    let [mut refused, mut let_pass, mut valid] = [0_u32; 3];
    for seed in 0..SCHEMAS {
        let mut chance = Chance(seed);
        let mut schema = chance.root();
        chance.harden(&mut schema);
        let validator = validator(&schema);
        let made = post_to(&MockLlmLayer::new(), demanding(&schema)).await;
        let made = made["choices"][0]["message"]["content"].as_str();
        let made = made.map(|text| serde_json::from_str::<Value>(text).unwrap());
        for _ in 0..8 {
            let mut value = made.clone().unwrap_or_else(|| chance.value(3));
            for _ in 0..=chance.below(2) {
                chance.mutate(&mut value);
            }
            let mock = MockLlmLayer::new().rule(Rule::always().respond_with(value.to_string()));
            let answer = post_to(&mock, demanding(&schema)).await;
            let is_refused = match answer["error"]["message"].as_str() {
                Some(why) => {
                    assert!(why.contains("`response_format` demands: at"), "{why}");
                    true
                }
                None => false,
            };
            let errors: Vec<String> =
                validator.iter_errors(&value).map(|error| error.to_string()).collect();
            match (is_refused, errors.is_empty()) {
                (true, true) => panic!("{seed}: refused, and valid: {schema}\n{value}\n{answer}"),
                (true, false) => refused += 1,
                (false, true) => valid += 1,
                (false, false) => let_pass += 1,
            }
        }
    }
    println!("{refused} refused, {valid} valid, {let_pass} invalid ones let pass");
    assert!(valid > 1_000 && refused > 3_000, "{valid} {refused}");
    // Formats, and what stands under keywords that are not checked.
    assert!(let_pass * 8 < refused, "{let_pass} let pass, {refused} refused");
}

impl Chance {
    /// Keywords that the mock does not check, in places where that matters.
    fn harden(&mut self, schema: &mut Value) {
        let hard = match self.below(10) {
            0 => json!({"unevaluatedProperties": false}),
            1 => json!({"not": {"properties": {"name": true}, "unevaluatedProperties": false}}),
            2 => json!({"oneOf": [
                {"properties": {"email": {"format": "email"}}},
                {"properties": {"email": {"format": "uri"}}}]}),
            3 => json!({"if": {"properties": {"url": {"format": "uri"}}, "required": ["url"]},
                "then": {"required": ["age"]}, "else": {"maxProperties": 9}}),
            4 => json!({"$dynamicRef": "#node", "$dynamicAnchor": "node"}),
            5 => json!({"dependencies": {"name": ["age"]}}),
            6 => json!({"anyOf": [{"required": ["name"]}, {"$ref": "#/$defs/far"}]}),
            _ => return,
        };
        schema["allOf"] = json!([hard]);
        schema["$defs"]["far"] =
            json!({"$id": "urn:far", "$ref": "#/$defs/x", "$defs": {"x": {"required": ["url"]}}});
    }

    fn value(&mut self, depth: u64) -> Value {
        match self.below(if depth == 0 { 8 } else { 11 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(self.below(2000) as i64 - 1000),
            3 => json!(self.below(4000) as f64 / 4.0 - 500.0),
            4 => json!(self.below(1000) as f64 / 100.0),
            5 => json!(["", "x", "mock", "555-1234", "foobar", "AB12"][self.below(6) as usize]),
            6 => json!("é".repeat(self.below(30) as usize)),
            7 => json!(["2025-01-01", "a@b.co", "http://b.co", "P1D"][self.below(4) as usize]),
            8 | 9 => {
                let count = self.below(3);
                Value::Array((0..count).map(|_| self.value(depth - 1)).collect())
            }
            _ => {
                let mut fields = Map::new();
                for _ in 0..self.below(4) {
                    fields.insert(self.name(), self.value(depth - 1));
                }
                Value::Object(fields)
            }
        }
    }

    fn name(&mut self) -> String {
        self.one(&["email", "name", "age", "kind", "x", "x-a", "url", "on", "é"]).to_owned()
    }

    /// Changes something small, somewhere.
    fn mutate(&mut self, value: &mut Value) {
        let deeper = self.below(4) > 0;
        match value {
            Value::Array(items) if deeper && !items.is_empty() => {
                let at = self.below(items.len() as u64) as usize;
                self.mutate(&mut items[at]);
            }
            Value::Object(fields) if deeper && !fields.is_empty() => {
                let at = self.below(fields.len() as u64) as usize;
                self.mutate(fields.values_mut().nth(at).unwrap());
            }
            Value::Array(items) => match self.below(3) {
                0 => drop(items.pop()),
                1 => items.extend(items.first().cloned()),
                _ => items.push(self.value(1)),
            },
            Value::Object(fields) => match self.below(2) {
                0 if !fields.is_empty() => {
                    let at = self.below(fields.len() as u64) as usize;
                    let name = fields.keys().nth(at).unwrap().clone();
                    fields.remove(&name);
                }
                _ => drop(fields.insert(self.name(), self.value(1))),
            },
            Value::Number(number) if self.below(2) == 0 => {
                let more = [0.25, 1.0, -1.0, 12.0][self.below(4) as usize];
                *value = match (number.as_i64(), more) {
                    (Some(whole), more) if more != 0.25 => json!(whole + more as i64),
                    _ => json!(number.as_f64().unwrap() + more),
                };
            }
            Value::String(text) if self.below(2) == 0 => match self.below(3) {
                0 => drop(text.pop()),
                1 => text.push('é'),
                _ => text.push_str(" and more"),
            },
            other => *other = self.value(2),
        }
    }
}
