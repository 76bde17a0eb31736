//! Why a value is invalid: the one place and the one keyword that say most.

use serde_json::Value;

use super::check::is_typed;
use super::json::Json;
use super::maker::{Halt, Maker};
use super::parts::{Part, kinds};
use super::reason::{Reason, excerpt, of_number, sized};
use super::verdict::Verdict;

impl<'a> Maker<'a> {
    /// Why `value`, which is invalid, is so; `pointer` becomes the place.
    pub(super) fn explain(
        &self,
        schema: &'a Value,
        value: &Json<'_>,
        pointer: &mut String,
        depth: usize,
    ) -> Result<Reason, Halt> {
        self.spend(1)?;
        let Value::Object(fields) = schema else {
            return Ok(Reason::new("false", "nothing to be here", value));
        };
        let part = Part { at: schema, fields };
        let invalid = |schema: &'a Value, value: &Json<'_>| -> Result<bool, Halt> {
            Ok(self.valid(schema, value, depth + 1)?.is_invalid())
        };
        if let Some(Ok(target)) = self.referred(&part)
            && invalid(target, value)?
        {
            return self.explain(target, value, pointer, depth + 1);
        }
        if !self.is_listed(&part, value)? {
            let (keyword, listed) = match part.get("const") {
                Some(only) => ("const", only),
                None => ("enum", part.get("enum").unwrap_or(&Value::Null)),
            };
            let one_of = if keyword == "enum" { "one of " } else { "" };
            let expected = format!("{one_of}{}", excerpt(&listed.to_string()));
            return Ok(Reason::new(keyword, expected, value));
        }
        if !is_typed(&part, value) {
            let kinds = kinds(&part).unwrap_or_default();
            let names: Vec<&str> = kinds.iter().map(|kind| kind.in_words()).collect();
            return Ok(Reason::new("type", names.join(" or "), value));
        }
        let reason = match value {
            Json::Array(items) => self.explain_items(&part, items, value, pointer, depth)?,
            Json::Number(_) => of_number(&part, value),
            Json::Object(_) => self.explain_fields(&part, value, pointer, depth)?,
            Json::Text(text) => self.explain_text(&part, text, value)?,
            Json::Bool(_) | Json::Null => None,
        };
        match reason {
            Some(reason) => Ok(reason),
            None => self.explain_combined(&part, value, pointer, depth),
        }
    }

    fn explain_items(
        &self,
        part: &Part<'a>,
        items: &[Json<'_>],
        value: &Json<'_>,
        pointer: &mut String,
        depth: usize,
    ) -> Result<Option<Reason>, Halt> {
        let length = items.len() as u64;
        if let Some((keyword, expected)) = sized(part, ["minItems", "maxItems"], length, "items") {
            return Ok(Some(Reason::new(keyword, expected, value)));
        }
        if part.get("uniqueItems") == Some(&Value::Bool(true)) && self.repeats(items)? {
            return Ok(Some(Reason::new("uniqueItems", "items that are all different", value)));
        }
        for (index, item) in items.iter().enumerate() {
            if let Some(schema) = part.prefix().get(index).or_else(|| part.rest())
                && self.valid(schema, item, depth + 1)?.is_invalid()
            {
                pointer.push_str(&format!("/{index}"));
                return self.explain(schema, item, pointer, depth + 1).map(Some);
            }
        }
        Ok(part
            .get("contains")
            .is_some()
            .then(|| Reason::new("contains", "as many items as `contains` asks for", value)))
    }

    fn explain_fields(
        &self,
        part: &Part<'a>,
        value: &Json<'_>,
        pointer: &mut String,
        depth: usize,
    ) -> Result<Option<Reason>, Halt> {
        let Json::Object(fields) = value else { return Ok(None) };
        let required = part.list("required").unwrap_or_default().iter().filter_map(Value::as_str);
        for name in required {
            if !fields.iter().any(|(key, _)| key == name) {
                let expected = format!("an object with the property `{name}`");
                return Ok(Some(Reason::new("required", expected, value)));
            }
        }
        for (key, inner) in fields {
            for schema in self.of_property(part, key)? {
                if self.valid(schema, inner, depth + 1)?.is_invalid() {
                    pointer.push('/');
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                    let is_known = part.map("properties").is_some_and(|it| it.contains_key(&**key));
                    if schema == &Value::Bool(false) && !is_known {
                        let expected = "no property beyond those of the schema";
                        return Ok(Some(Reason::new("additionalProperties", expected, inner)));
                    }
                    return self.explain(schema, inner, pointer, depth + 1).map(Some);
                }
            }
            if let Some(names) = part.get("propertyNames") {
                let name = Json::Text(key.as_ref().into());
                if self.valid(names, &name, depth + 1)?.is_invalid() {
                    let expected = "properties named as `propertyNames` has it";
                    return Ok(Some(Reason::new("propertyNames", expected, &name)));
                }
            }
        }
        let keys = ["minProperties", "maxProperties"];
        let size = sized(part, keys, fields.len() as u64, "properties");
        if let Some((keyword, expected)) = size {
            return Ok(Some(Reason::new(keyword, expected, value)));
        }
        for (key, _) in fields {
            let names = part.map("dependentRequired").and_then(|all| all.get(&**key)?.as_array());
            for name in names.into_iter().flatten().filter_map(Value::as_str) {
                if !fields.iter().any(|(key, _)| key == name) {
                    let expected = format!("the property `{name}` beside `{key}`");
                    return Ok(Some(Reason::new("dependentRequired", expected, value)));
                }
            }
            let depends = part.map("dependentSchemas").and_then(|all| all.get(&**key));
            if let Some(schema) = depends
                && self.valid(schema, value, depth + 1)?.is_invalid()
            {
                return self.explain(schema, value, pointer, depth + 1).map(Some);
            }
        }
        Ok(None)
    }

    fn explain_text(
        &self,
        part: &Part<'a>,
        text: &str,
        value: &Json<'_>,
    ) -> Result<Option<Reason>, Halt> {
        let length = text.chars().count() as u64;
        let size = sized(part, ["minLength", "maxLength"], length, "characters");
        Ok(match (size, part.get("pattern")) {
            (Some((keyword, expected)), _) => Some(Reason::new(keyword, expected, value)),
            (None, Some(pattern)) if self.valid_text(part, text)?.is_invalid() => {
                let source = pattern.as_str().unwrap_or_default();
                let expected = format!("a text that matches `{}`", excerpt(source));
                Some(Reason::new("pattern", expected, value))
            }
            _ => None,
        })
    }

    fn explain_combined(
        &self,
        part: &Part<'a>,
        value: &Json<'_>,
        pointer: &mut String,
        depth: usize,
    ) -> Result<Reason, Halt> {
        for schema in part.list("allOf").unwrap_or_default() {
            if self.valid(schema, value, depth + 1)?.is_invalid() {
                return self.explain(schema, value, pointer, depth + 1);
            }
        }
        for keyword in ["anyOf", "oneOf"] {
            let Some(tally) = self.tally(part, keyword, value, depth)? else { continue };
            if tally.valid + tally.unknown == 0 {
                let branches = part.list(keyword).unwrap_or_default();
                // The one that was meant, if the types or the constants leave but one.
                let mut meant = branches.iter().filter(|it| self.suits(it, value, 0));
                if let (Some(branch), None) = (meant.next(), meant.next()) {
                    return self.explain(branch, value, pointer, depth + 1);
                }
                let expected = format!("one of the {} schemas of `{keyword}`", tally.all);
                return Ok(Reason::new(keyword, expected, value));
            }
            if keyword == "oneOf" && tally.valid > 1 {
                let expected = format!("just one of the schemas of `oneOf`, not {}", tally.valid);
                return Ok(Reason::new(keyword, expected, value));
            }
        }
        if let Some(condition) = part.get("if") {
            let holds = self.valid(condition, value, depth + 1)? == Verdict::Valid;
            let branch = part.get(if holds { "then" } else { "else" });
            if let Some(branch) = branch
                && self.valid(branch, value, depth + 1)?.is_invalid()
            {
                return self.explain(branch, value, pointer, depth + 1);
            }
        }
        Ok(match part.get("not") {
            Some(_) => Reason::new("not", "what `not` does not describe", value),
            None => Reason::new("", "a value valid against the schema", value),
        })
    }

    /// Whether `value` looks like something that this schema was meant for: of its type, and with
    /// the constants of its properties.
    fn suits(&self, schema: &'a Value, value: &Json<'_>, depth: usize) -> bool {
        let Value::Object(fields) = schema else { return schema == &Value::Bool(true) };
        let part = Part { at: schema, fields };
        if let Some(Ok(target)) = self.referred(&part)
            && (depth > 8 || !self.suits(target, value, depth + 1))
        {
            return false;
        }
        if !is_typed(&part, value) {
            return false;
        }
        let Json::Object(fields) = value else { return true };
        fields.iter().all(|(key, value)| {
            let property = part.map("properties").and_then(|all| all.get(&**key)?.as_object());
            let only = property.and_then(|property| property.get("const"));
            only.is_none_or(|only| Json::from(only).equals(value))
        })
    }
}
