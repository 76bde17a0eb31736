//! Random schemas.

use serde_json::{Map, Value, json};

/// Deterministic chance.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)) % bound
    }

    pub fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len() as u64) as usize]
    }

    /// An object with definitions that refer to each other, and ends.
    pub fn root(&mut self) -> Value {
        let mut root = self.object(3);
        let mut leaf = self.object(1);
        leaf["properties"]["again"] = json!({"$ref": "#/$defs/b"});
        let list = json!({"type": "array", "items": {"$ref": "#/$defs/a"}, "maxItems": 3});
        let end =
            json!({"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}, {"type": "null"}]});
        root["$defs"] = json!({"a": leaf, "b": list, "c": end});
        root
    }

    fn schema(&mut self, depth: u64) -> Value {
        let mut schema = match self.below(if depth == 0 { 5 } else { 14 }) {
            0 | 5 => self.string(),
            1 => self.number("integer"),
            2 => self.number("number"),
            3 => json!({"type": "boolean"}),
            4 => self.listed(),
            6 | 7 => self.object(depth - 1),
            8 | 9 => self.array(depth - 1),
            10 => self.combined(depth - 1),
            11 => json!({"$ref": self.one(&["#/$defs/a", "#/$defs/b", "#/$defs/c"])}),
            12 => json!({"type": [self.one(&["string", "null"]), "integer", "array"]}),
            _ => self.conditional(depth - 1),
        };
        if self.below(12) == 0 {
            let given = match self.below(3) {
                0 => json!("given"),
                1 => json!(7),
                _ => json!([1]),
            };
            let key = self.one(&["default", "examples"]);
            schema[key] = if key == "examples" { json!([given]) } else { given };
        }
        if self.below(12) == 0 {
            schema["not"] = match self.below(4) {
                0 => json!({"const": "mock"}),
                1 => json!({"enum": [1, true, 1.5]}),
                2 => json!({"type": "null"}),
                _ => json!({"type": "object", "required": ["forbidden"]}),
            };
        }
        schema
    }

    fn string(&mut self) -> Value {
        let mut schema = json!({"type": "string"});
        match self.below(4) {
            0 => {
                let least = self.below(40);
                schema["minLength"] = json!(least);
                schema["maxLength"] = json!(least + self.below(10));
            }
            1 => schema["format"] = json!(self.one(&FORMATS)),
            2 => schema["pattern"] = json!(self.one(&PATTERNS)),
            _ => {}
        }
        schema
    }

    fn number(&mut self, kind: &str) -> Value {
        let mut schema = json!({"type": kind});
        let low = self.below(2000) as i64 - 1000;
        let width = self.below(100) as i64 + 12;
        match self.below(6) {
            0 => schema["minimum"] = json!(low),
            1 => schema["exclusiveMaximum"] = json!(low),
            2 => {
                schema["minimum"] = json!(low);
                schema["maximum"] = json!(low + width);
                schema["multipleOf"] = json!(self.below(11) + 1);
            }
            3 => {
                schema["exclusiveMinimum"] = json!(low as f64 + 0.25);
                schema["exclusiveMaximum"] = json!(low as f64 + 1.5);
            }
            4 => schema["multipleOf"] = json!(0.25),
            _ => {}
        }
        schema
    }

    fn listed(&mut self) -> Value {
        match self.below(3) {
            0 => json!({"const": {"b": [1], "a": null}}),
            1 => json!({"enum": [null, "x", 3, {"y": 1}]}),
            _ => json!({"type": "string", "enum": [4, "long enough", "x"], "maxLength": 3}),
        }
    }

    fn array(&mut self, depth: u64) -> Value {
        let mut schema = json!({"type": "array"});
        match self.below(5) {
            0 => {
                schema["items"] = self.number("integer");
                schema["items"].as_object_mut().unwrap().remove("multipleOf");
                schema["items"]["maximum"] = json!(5000);
                schema["items"].as_object_mut().unwrap().remove("exclusiveMaximum");
                schema["minItems"] = json!(self.below(6));
                schema["uniqueItems"] = json!(true);
            }
            1 => {
                schema["prefixItems"] = json!([self.schema(depth.min(1)), self.schema(0)]);
                schema["items"] = json!(self.below(2) == 0);
            }
            2 => {
                schema["contains"] = json!({"type": "integer", "minimum": 5});
                schema["minContains"] = json!(self.below(3) + 1);
                schema["maxContains"] = json!(4);
            }
            3 => {
                schema["items"] = json!({"type": "object", "properties": {"a": {"enum": ["x", "y", "z"]}, "b": {"type": "boolean"}}});
                schema["minItems"] = json!(self.below(5));
                schema["uniqueItems"] = json!(true);
            }
            _ => {
                schema["items"] = self.schema(depth.min(1));
                schema["minItems"] = json!(self.below(3));
                schema["maxItems"] = json!(3);
            }
        }
        schema
    }

    fn object(&mut self, depth: u64) -> Value {
        let mut properties = Map::new();
        for _ in 0..=self.below(5) {
            let name = self.one(&["email", "name", "age", "items", "a/b~c", "url", "price", "é"]);
            properties.insert(name.to_owned(), self.schema(depth));
        }
        let required: Vec<String> =
            properties.keys().filter(|_| self.below(2) == 0).cloned().collect();
        let mut schema = json!({"type": "object", "properties": properties, "required": required});
        match self.below(7) {
            0 | 1 => schema["additionalProperties"] = json!(false),
            2 => {
                schema["additionalProperties"] = self.schema(0);
                schema["minProperties"] = json!(self.below(9));
            }
            3 => {
                schema["patternProperties"] = json!({"^x-[a-z]+$": {"type": "integer"}});
                schema["additionalProperties"] = json!(true);
                schema["minProperties"] = json!(self.below(9));
            }
            4 => schema["dependentRequired"] = json!({"email": ["phone"]}),
            5 => schema["maxProperties"] = json!(6),
            _ => {}
        }
        schema
    }

    fn combined(&mut self, depth: u64) -> Value {
        match self.below(4) {
            0 => json!({"anyOf": [self.schema(depth), self.schema(0)]}),
            1 => json!({"oneOf": [
                {"type": "object", "properties": {"kind": {"const": "x"}, "x": self.schema(depth)}, "required": ["kind"]},
                {"type": "object", "properties": {"kind": {"const": "y"}}, "required": ["kind"]},
                {"type": "string"},
            ]}),
            2 => json!({"allOf": [
                {"type": "object", "properties": {"x": {"type": "number", "minimum": 3}}},
                {"properties": {"x": {"multipleOf": 4}, "y": self.schema(depth)}, "required": ["y"]},
            ]}),
            _ => json!({"oneOf": [{"type": "integer"}, {"type": "number"}, {"type": "null"}]}),
        }
    }

    fn conditional(&mut self, depth: u64) -> Value {
        json!({
            "type": "object", "properties": {"on": {"type": "boolean"}, "extra": self.schema(depth)},
            "if": {"properties": {"on": {"const": self.below(2) == 0}}, "required": ["on"]},
            "then": {"required": ["extra", "on"]}, "else": {"properties": {"extra": true, "off": {"type": "string"}}},
        })
    }
}

const FORMATS: [&str; 10] =
    ["email", "uri", "uuid", "date", "date-time", "time", "duration", "ipv4", "ipv6", "hostname"];

const PATTERNS: [&str; 12] = [
    r"^\d{3}-\d{4}$",
    r"^[A-Z]{2}[0-9]+$",
    "^(foo|ba[rz])+$",
    r"^\+?[1-9]\d{6,14}$",
    "^#(?:[0-9a-fA-F]{3}){1,2}$",
    r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
    "b",
    r"\bcat\b",
    "^[a-z0-9]+(?:-[a-z0-9]+)*$",
    r"^(?=.*[A-Z])(?=.*\d).{8,}$",
    r"^v\d+\.\d+\.\d+(-\w+)?$",
    "^$|^x",
];
