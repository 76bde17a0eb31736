//! Whether a value is valid.

use serde_json::Value;

use super::json::Json;
use super::make::{Halt, Maker};
use super::parts::{Kind, Part, kinds};
use super::{number, pattern::Pattern};

/// Schemas within schemas, and references.
const DEEPEST: usize = 192;

impl<'a> Maker<'a> {
    /// Whether `value` is valid against this schema.
    pub(super) fn check(&self, schema: &'a Value, value: &Json<'_>) -> Result<bool, Halt> {
        self.valid(schema, value, 0)
    }

    /// Whether `value` is valid against all of these.
    pub(super) fn holds(&self, schemas: &[&'a Value], value: &Json<'_>) -> Result<bool, Halt> {
        for schema in schemas {
            if !self.valid(schema, value, 0)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether `pattern` matches `text`.
    pub(super) fn matches(&self, pattern: &'a Value, text: &str) -> Result<bool, Halt> {
        let parsed = self.pattern(pattern, pattern.as_str().unwrap_or_default())?;
        self.lend(|fuel| parsed.matches(text, fuel))
    }

    /// Parses a pattern that stands at this place of the schema.
    pub(super) fn pattern(&self, at: &'a Value, source: &str) -> Result<Pattern, Halt> {
        self.spend(1 + source.len() / 8)?;
        Pattern::parse(source).map_err(|what| Halt::Fault(at, format!("a pattern with {what}")))
    }

    fn valid(&self, schema: &'a Value, value: &Json<'_>, depth: usize) -> Result<bool, Halt> {
        self.spend(1)?;
        if depth > DEEPEST {
            return Err(Halt::Endless);
        }
        let Value::Object(fields) = schema else { return Ok(schema == &Value::Bool(true)) };
        let part = Part { at: schema, fields };
        if let Some(reference) = part.get("$ref").or_else(|| part.get("$recursiveRef"))
            && !self.valid(self.target(reference)?, value, depth + 1)?
        {
            return Ok(false);
        }
        Ok(self.is_listed(&part, value)?
            && self.is_typed(&part, value)
            && self.is_combined(&part, value, depth)?
            && match value {
                Json::Array(items) => self.valid_items(&part, items, depth)?,
                Json::Number(number) => number::fits(number, &part),
                Json::Object(fields) => self.valid_fields(&part, fields, depth)?,
                Json::Text(text) => self.valid_text(&part, text)?,
                Json::Bool(_) | Json::Null => true,
            })
    }

    fn is_listed(&self, part: &Part<'a>, value: &Json<'_>) -> Result<bool, Halt> {
        if let Some(only) = part.get("const")
            && !Json::from(only).equals(value)
        {
            return Ok(false);
        }
        let Some(listed) = part.list("enum") else { return Ok(true) };
        let nullable = part.get("nullable") == Some(&Value::Bool(true));
        if listed.is_empty() || nullable && matches!(value, Json::Null) {
            return Ok(true);
        }
        self.spend(listed.len())?;
        Ok(listed.iter().any(|it| Json::from(it).equals(value)))
    }

    fn is_typed(&self, part: &Part<'a>, value: &Json<'_>) -> bool {
        let Some(kinds) = kinds(part) else { return true };
        kinds.iter().any(|kind| match (kind, value) {
            (Kind::Integer, Json::Number(number)) => {
                number.is_i64()
                    || number.is_u64()
                    || number.as_f64().is_some_and(|it| it.fract() == 0.0)
            }
            (Kind::Array, Json::Array(_))
            | (Kind::Boolean, Json::Bool(_))
            | (Kind::Null, Json::Null)
            | (Kind::Number, Json::Number(_))
            | (Kind::Object, Json::Object(_))
            | (Kind::String, Json::Text(_)) => true,
            _ => false,
        })
    }

    fn is_combined(&self, part: &Part<'a>, value: &Json<'_>, depth: usize) -> Result<bool, Halt> {
        let count = |key: &str| -> Result<Option<(usize, usize)>, Halt> {
            let Some(branches) = part.list(key) else { return Ok(None) };
            let mut valid = 0;
            for branch in branches {
                valid += usize::from(self.valid(branch, value, depth + 1)?);
            }
            Ok(Some((valid, branches.len())))
        };
        if count("allOf")?.is_some_and(|(valid, all)| valid < all)
            || count("anyOf")?.is_some_and(|(valid, _)| valid == 0)
            || count("oneOf")?.is_some_and(|(valid, _)| valid != 1)
        {
            return Ok(false);
        }
        if let Some(not) = part.get("not")
            && self.valid(not, value, depth + 1)?
        {
            return Ok(false);
        }
        let Some(condition) = part.get("if") else { return Ok(true) };
        let branch = if self.valid(condition, value, depth + 1)? { "then" } else { "else" };
        part.get(branch).map_or(Ok(true), |branch| self.valid(branch, value, depth + 1))
    }

    fn valid_text(&self, part: &Part<'a>, text: &str) -> Result<bool, Halt> {
        self.spend(text.len() / 16)?;
        let length = text.chars().count() as u64;
        Ok(part.count("minLength").is_none_or(|least| length >= least)
            && part.count("maxLength").is_none_or(|most| length <= most)
            && match part.get("pattern") {
                Some(pattern) => self.matches(pattern, text)?,
                None => true,
            })
    }

    fn valid_items(&self, part: &Part<'a>, items: &[Json<'_>], depth: usize) -> Result<bool, Halt> {
        let length = items.len() as u64;
        if part.count("minItems").is_some_and(|least| length < least)
            || part.count("maxItems").is_some_and(|most| length > most)
        {
            return Ok(false);
        }
        for (index, item) in items.iter().enumerate() {
            if let Some(schema) = part.prefix().get(index).or_else(|| part.rest())
                && !self.valid(schema, item, depth + 1)?
            {
                return Ok(false);
            }
        }
        if part.get("uniqueItems") == Some(&Value::Bool(true)) {
            for (index, item) in items.iter().enumerate() {
                self.spend(index)?;
                if items[..index].iter().any(|other| other.equals(item)) {
                    return Ok(false);
                }
            }
        }
        if let Some(contained) = part.get("contains") {
            let mut count = 0;
            for item in items {
                count += u64::from(self.valid(contained, item, depth + 1)?);
            }
            return Ok(count >= part.count("minContains").unwrap_or(1)
                && part.count("maxContains").is_none_or(|most| count <= most));
        }
        Ok(true)
    }

    fn valid_fields(
        &self,
        part: &Part<'a>,
        fields: &[(std::borrow::Cow<'_, str>, Json<'_>)],
        depth: usize,
    ) -> Result<bool, Halt> {
        let length = fields.len() as u64;
        if part.count("minProperties").is_some_and(|least| length < least)
            || part.count("maxProperties").is_some_and(|most| length > most)
        {
            return Ok(false);
        }
        let has = |name: &Value| fields.iter().any(|(key, _)| Some(&**key) == name.as_str());
        let required = part.list("required").unwrap_or_default();
        self.spend(required.len() * fields.len() / 8)?;
        if !required.iter().all(has) {
            return Ok(false);
        }
        for (key, value) in fields {
            for schema in self.of_property(part, key)? {
                if !self.valid(schema, value, depth + 1)? {
                    return Ok(false);
                }
            }
            if let Some(names) = part.get("propertyNames") {
                let key = Json::Text(key.as_ref().into());
                if !self.valid(names, &key, depth + 1)? {
                    return Ok(false);
                }
            }
            for keyword in ["dependentRequired", "dependencies", "dependentSchemas"] {
                let holds = match part.map(keyword).and_then(|all| all.get(&**key)) {
                    None => true,
                    Some(Value::Array(names)) => names.iter().all(has),
                    Some(schema) => {
                        let whole = Json::Object(fields.to_vec());
                        self.valid(schema, &whole, depth + 1)?
                    }
                };
                if !holds {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The schemas that `part` has for the property of this name.
    pub(super) fn of_property(&self, part: &Part<'a>, name: &str) -> Result<Vec<&'a Value>, Halt> {
        let mut schemas: Vec<&Value> = Vec::new();
        schemas.extend(part.map("properties").and_then(|properties| properties.get(name)));
        if let Some(patterns) = part.map("patternProperties") {
            let mut patterns: Vec<_> = patterns.iter().collect();
            patterns.sort_unstable_by_key(|(pattern, _)| *pattern);
            for (pattern, schema) in patterns {
                let parsed = self.pattern(schema, pattern)?;
                if self.lend(|fuel| parsed.matches(name, fuel))? {
                    schemas.push(schema);
                }
            }
        }
        if schemas.is_empty() {
            schemas.extend(part.get("additionalProperties"));
        }
        Ok(schemas)
    }
}
