//! Whether a value is valid.

use serde_json::Value;

use super::json::Json;
use super::maker::{Halt, Maker};
use super::parts::{Kind, Part, kinds};
use super::verdict::{Tally, Verdict};
use super::{number, pattern::Pattern};

/// Schemas within schemas, and references.
const DEEPEST: usize = 192;

/// Keywords that are known and not checked.
const UNCHECKED: [&str; 6] = [
    "$dynamicRef",
    "$recursiveRef",
    "disallow",
    "format",
    "unevaluatedItems",
    "unevaluatedProperties",
];

impl<'a> Maker<'a> {
    /// Whether `value` is valid against this schema.
    pub(super) fn check(&self, schema: &'a Value, value: &Json<'_>) -> Result<Verdict, Halt> {
        self.valid(schema, value, 0)
    }

    /// Whether `value` is valid against all of these.
    pub(super) fn holds(&self, schemas: &[&'a Value], value: &Json<'_>) -> Result<bool, Halt> {
        for schema in schemas {
            if self.valid(schema, value, 0)?.is_invalid() {
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

    /// What a judge does not know. A maker takes it that all is well: it makes what it cannot
    /// check by construction, as formats are.
    pub(super) fn unless_known(&self) -> Verdict {
        if self.judges { Verdict::Unknown } else { Verdict::Valid }
    }

    /// `holds`, from a test that a judge trusts only when it says yes.
    pub(super) fn doubted(&self, holds: bool, doubt: bool) -> Verdict {
        match (holds, doubt && self.judges) {
            (true, _) => Verdict::Valid,
            (false, true) => Verdict::Unknown,
            (false, false) => Verdict::Invalid,
        }
    }

    /// Whether `value` is valid. Where a judge meets what is not supported, it does not know.
    pub(super) fn valid(
        &self,
        schema: &'a Value,
        value: &Json<'_>,
        depth: usize,
    ) -> Result<Verdict, Halt> {
        match self.look(schema, value, depth) {
            Err(Halt::Fault(..) | Halt::Endless) if self.judges => Ok(Verdict::Unknown),
            found => found,
        }
    }

    fn look(&self, schema: &'a Value, value: &Json<'_>, depth: usize) -> Result<Verdict, Halt> {
        self.spend(1)?;
        if depth > DEEPEST {
            return Err(Halt::Endless);
        }
        let fields = match schema {
            Value::Object(fields) => fields,
            Value::Bool(all) => return Ok((*all).into()),
            _ => return Ok(self.doubted(false, true)),
        };
        let part = Part { at: schema, fields };
        if self.judges && self.is_passed_over(&part, value) {
            return Ok(self.unless_known());
        }
        let mut found = Verdict::Valid;
        if UNCHECKED.iter().any(|key| fields.contains_key(*key)) {
            found = self.unless_known();
        }
        if let Some(target) = self.referred(&part) {
            let there = self.valid(target?, value, depth + 1)?;
            if self.judges && self.is_old() {
                return Ok(there);
            }
            found = found.and(there);
        }
        // What is cheap comes first, and what is found invalid is not looked at again.
        if !found.is_invalid() {
            found =
                found.and(self.is_listed(&part, value)?.into()).and(is_typed(&part, value).into());
        }
        if !found.is_invalid() {
            found = found.and(match value {
                Json::Array(items) => self.valid_items(&part, items, depth)?,
                Json::Number(number) => number::verdict(number, &part, self.judges),
                Json::Object(fields) => self.valid_fields(&part, fields, depth)?,
                Json::Text(text) => self.valid_text(&part, text)?,
                Json::Bool(_) | Json::Null => Verdict::Valid,
            });
        }
        if !found.is_invalid() {
            found = found.and(self.is_combined(&part, value, depth)?);
        }
        Ok(found)
    }

    /// What a judge leaves alone: a schema with a name of its own, within which references start
    /// anew, and OpenAPI's null, of which the versions say different things.
    fn is_passed_over(&self, part: &Part<'a>, value: &Json<'_>) -> bool {
        let null = matches!(value, Json::Null) && part.get("nullable") == Some(&Value::Bool(true));
        null || part.get("$id").is_some() && !std::ptr::eq(part.at, self.root)
    }

    /// The target of this schema's reference, if it has one.
    pub(super) fn referred(&self, part: &Part<'a>) -> Option<Result<&'a Value, Halt>> {
        let recursive = if self.judges { None } else { part.get("$recursiveRef") };
        part.get("$ref").or(recursive).map(|reference| self.target(reference))
    }

    /// Whether the schema is of a draft in which nothing counts beside a `$ref`.
    pub(super) fn is_old(&self) -> bool {
        let draft = self.root.get("$schema").and_then(Value::as_str);
        draft.is_some_and(|draft| draft.contains("draft-0"))
    }

    pub(super) fn is_listed(&self, part: &Part<'a>, value: &Json<'_>) -> Result<bool, Halt> {
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

    /// How many of the branches of a keyword hold, if there are any.
    pub(super) fn tally(
        &self,
        part: &Part<'a>,
        key: &str,
        value: &Json<'_>,
        depth: usize,
    ) -> Result<Option<Tally>, Halt> {
        let Some(branches) = part.list(key) else { return Ok(None) };
        let mut tally = Tally::default();
        for branch in branches {
            tally.add(self.valid(branch, value, depth + 1)?);
        }
        Ok((tally.all > 0 || !self.judges).then_some(tally))
    }

    fn is_combined(
        &self,
        part: &Part<'a>,
        value: &Json<'_>,
        depth: usize,
    ) -> Result<Verdict, Halt> {
        let mut found = Verdict::Valid;
        for (key, most) in [("allOf", u64::MAX), ("anyOf", u64::MAX), ("oneOf", 1)] {
            if let Some(tally) = self.tally(part, key, value, depth)? {
                let least = if key == "allOf" { tally.all } else { 1 };
                found = found.and(tally.within(least, most));
            }
        }
        if let Some(not) = part.get("not")
            && !found.is_invalid()
        {
            found = found.and(self.valid(not, value, depth + 1)?.not());
        }
        let Some(condition) = part.get("if") else { return Ok(found) };
        let branch = |key| match part.get(key) {
            Some(branch) => self.valid(branch, value, depth + 1),
            None => Ok(Verdict::Valid),
        };
        Ok(found.and(match self.valid(condition, value, depth + 1)? {
            Verdict::Valid => branch("then")?,
            Verdict::Invalid => branch("else")?,
            Verdict::Unknown => match (branch("then")?, branch("else")?) {
                (a, b) if a == b => a,
                _ => Verdict::Unknown,
            },
        }))
    }
}

pub(super) fn is_typed(part: &Part<'_>, value: &Json<'_>) -> bool {
    kinds(part).is_none_or(|kinds| kinds.iter().any(|kind| is_of(*kind, value)))
}

/// Whether `value` is of this type.
fn is_of(kind: Kind, value: &Json<'_>) -> bool {
    match (kind, value) {
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
    }
}
