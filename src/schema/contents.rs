//! Whether what lies within a value is valid: characters, items, properties.

use std::borrow::Cow;

use serde_json::Value;

use super::json::Json;
use super::maker::{Halt, Maker};
use super::parts::Part;
use super::verdict::{Tally, Verdict};

impl<'a> Maker<'a> {
    pub(super) fn valid_text(&self, part: &Part<'a>, text: &str) -> Result<Verdict, Halt> {
        self.spend(text.len() / 16)?;
        let length = text.chars().count() as u64;
        let sized = part.count("minLength").is_none_or(|least| length >= least)
            && part.count("maxLength").is_none_or(|most| length <= most);
        Ok(Verdict::from(sized).and(match part.get("pattern") {
            // What is a letter or a space beyond ASCII, implementations see differently.
            Some(pattern) => self.doubted(self.matches(pattern, text)?, !text.is_ascii()),
            None => Verdict::Valid,
        }))
    }

    pub(super) fn valid_items(
        &self,
        part: &Part<'a>,
        items: &[Json<'_>],
        depth: usize,
    ) -> Result<Verdict, Halt> {
        let length = items.len() as u64;
        if part.count("minItems").is_some_and(|least| length < least)
            || part.count("maxItems").is_some_and(|most| length > most)
            || part.get("uniqueItems") == Some(&Value::Bool(true)) && self.repeats(items)?
        {
            return Ok(Verdict::Invalid);
        }
        let mut found = Verdict::Valid;
        for (index, item) in items.iter().enumerate() {
            if let Some(schema) = part.prefix().get(index).or_else(|| part.rest()) {
                found = found.and(self.valid(schema, item, depth + 1)?);
                if found.is_invalid() {
                    return Ok(found);
                }
            }
        }
        if let Some(contained) = part.get("contains") {
            let mut tally = Tally::default();
            for item in items {
                tally.add(self.valid(contained, item, depth + 1)?);
            }
            let least = part.count("minContains").unwrap_or(1);
            found = found.and(tally.within(least, part.count("maxContains").unwrap_or(u64::MAX)));
        }
        Ok(found)
    }

    /// Whether one of the items is there twice.
    pub(super) fn repeats(&self, items: &[Json<'_>]) -> Result<bool, Halt> {
        for (index, item) in items.iter().enumerate() {
            self.spend(index)?;
            if items[..index].iter().any(|other| other.equals(item)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn valid_fields(
        &self,
        part: &Part<'a>,
        fields: &[(Cow<'_, str>, Json<'_>)],
        depth: usize,
    ) -> Result<Verdict, Halt> {
        let length = fields.len() as u64;
        if part.count("minProperties").is_some_and(|least| length < least)
            || part.count("maxProperties").is_some_and(|most| length > most)
        {
            return Ok(Verdict::Invalid);
        }
        let has = |name: &Value| {
            name.as_str().is_none_or(|name| fields.iter().any(|(key, _)| key == name))
        };
        let required = part.list("required").unwrap_or_default();
        self.spend(required.len() * fields.len() / 8)?;
        if !required.iter().all(has) {
            return Ok(Verdict::Invalid);
        }
        let mut found = Verdict::Valid;
        for (key, value) in fields {
            for schema in self.of_property(part, key)? {
                found = found.and(self.valid(schema, value, depth + 1)?);
            }
            if let Some(names) = part.get("propertyNames") {
                let key = Json::Text(key.as_ref().into());
                found = found.and(self.valid(names, &key, depth + 1)?);
            }
            for keyword in ["dependentRequired", "dependencies", "dependentSchemas"] {
                let holds = match part.map(keyword).and_then(|all| all.get(&**key)) {
                    None => Verdict::Valid,
                    Some(Value::Array(names)) => names.iter().all(has).into(),
                    Some(schema) => {
                        let whole = Json::Object(fields.to_vec());
                        self.valid(schema, &whole, depth + 1)?
                    }
                };
                // Only the older drafts know it.
                let doubt = keyword == "dependencies" && holds.is_invalid();
                found = found.and(if doubt { self.doubted(false, true) } else { holds });
            }
            if found.is_invalid() {
                break;
            }
        }
        Ok(found)
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
                } else if self.judges && !name.is_ascii() {
                    return Err(Halt::Fault(schema, "a pattern beyond ASCII".to_owned()));
                }
            }
        }
        if schemas.is_empty() {
            schemas.extend(part.get("additionalProperties"));
        }
        Ok(schemas)
    }
}
