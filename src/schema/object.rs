//! Arrays and objects.

use std::borrow::Cow;

use serde_json::Value;

use super::json::Json;
use super::maker::{Halt, Maker};
use super::parts::Part;
use super::place::Place;
use crate::util::rng::hash;

/// The most items or properties that are made at one place beyond those that are named.
const MOST: u64 = 1024;

impl<'a> Maker<'a> {
    pub(super) fn array(&self, parts: &[Part<'a>], place: Place<'a, '_>) -> Result<Json<'a>, Halt> {
        let (mut least, most) = self.limits(parts, "minItems", "maxItems")?;
        let prefix = parts.iter().map(|part| part.prefix().len() as u64).max().unwrap_or(0);
        let mut wanted: Vec<&Value> = Vec::new();
        for part in parts {
            let Some(contained) = part.get("contains") else { continue };
            let count = part.count("minContains").unwrap_or(1);
            if count > MOST {
                return Err(too_many(part, "items", count));
            }
            wanted.extend(std::iter::repeat_n(contained, count as usize));
        }
        let usual = if place.lean { least } else { prefix.max(1) };
        let room = prefix + wanted.len() as u64;
        let count = if wanted.is_empty() { usual } else { room }.max(least).min(most);
        if !wanted.is_empty() {
            least = count;
        }
        let unique = parts.iter().any(|part| part.get("uniqueItems") == Some(&Value::Bool(true)));

        let mut items: Vec<Json<'_>> = Vec::new();
        for index in 0..count as usize {
            let mut schemas: Vec<&Value> = parts
                .iter()
                .filter_map(|part| part.prefix().get(index).or_else(|| part.rest()))
                .collect();
            let last = count as usize - 1 - index;
            schemas.extend(wanted.get(last));
            match self.item(&schemas, place, unique.then_some(&items)) {
                Ok(item) => items.push(item),
                Err(Halt::Fuel) => return Err(Halt::Fuel),
                Err(_) if index as u64 >= least => break,
                Err(halt) => return Err(halt),
            }
        }
        Ok(Json::Array(items))
    }

    /// An item; one that is not among the `others`, if they are given.
    fn item(
        &self,
        schemas: &[&'a Value],
        place: Place<'a, '_>,
        others: Option<&Vec<Json<'a>>>,
    ) -> Result<Json<'a>, Halt> {
        let Some(others) = others else { return self.make(schemas, place) };
        let first = others.len() as u64;
        let near = (0..8).map(|it| place.variant + first + it);
        let far = (0..64).map(|it| hash(it, &first.to_le_bytes()) % 1024);
        for variant in near.chain(far) {
            // What need not be there makes the difference, where nothing else does.
            let mut there = place.variant(variant);
            there.lean &= variant < place.variant + 64;
            let item = self.make(schemas, there)?;
            self.spend(others.len())?;
            if !others.iter().any(|other| other.equals(&item)) {
                return Ok(item);
            }
        }
        let at = schemas.first().copied().unwrap_or(self.root);
        Err(Halt::Fault(at, "as many different items".to_owned()))
    }

    pub(super) fn object(
        &self,
        parts: &[Part<'a>],
        place: Place<'a, '_>,
    ) -> Result<Json<'a>, Halt> {
        let (least, most) = self.limits(parts, "minProperties", "maxProperties")?;
        let names = self.names(parts)?;
        let required = names.iter().filter(|(_, required)| *required).count() as u64;
        let mut optional = match place.lean {
            true => least.saturating_sub(required),
            false => most.saturating_sub(required),
        };
        let mut fields: Vec<(Cow<'_, str>, Json<'_>)> = Vec::with_capacity(names.len());
        for (index, (name, required)) in names.into_iter().enumerate() {
            if !required && optional == 0 {
                continue;
            }
            match self.property(parts, name, place, index) {
                Ok(value) => fields.push((Cow::Borrowed(name), value)),
                Err(Halt::Fuel) => return Err(Halt::Fuel),
                Err(halt) if required => return Err(halt),
                Err(_) => continue,
            }
            optional -= u64::from(!required);
        }
        self.fill(parts, place, &mut fields, least, most)?;
        Ok(Json::Object(fields))
    }

    fn property(
        &self,
        parts: &[Part<'a>],
        name: &'a str,
        place: Place<'a, '_>,
        index: usize,
    ) -> Result<Json<'a>, Halt> {
        // A variant far out mixes the variants of the properties.
        let variant = match place.variant {
            far @ 64.. => hash(far, &index.to_le_bytes()) % 16,
            near => near,
        };
        self.make(&self.schemas(parts, name)?, place.named(name).variant(variant))
    }

    fn schemas(&self, parts: &[Part<'a>], name: &str) -> Result<Vec<&'a Value>, Halt> {
        let mut schemas = Vec::new();
        for part in parts {
            schemas.append(&mut self.of_property(part, name)?);
        }
        Ok(schemas)
    }

    /// The names of all properties in order, and whether each is required.
    fn names(&self, parts: &[Part<'a>]) -> Result<Vec<(&'a str, bool)>, Halt> {
        let mut required: Vec<&str> = Vec::new();
        for part in parts {
            let listed = part.list("required").unwrap_or_default();
            required.extend(listed.iter().filter_map(Value::as_str));
        }
        let mut at = 0;
        while let Some(name) = required.get(at).copied() {
            self.spend(1)?;
            at += 1;
            for part in parts {
                for key in ["dependentRequired", "dependencies"] {
                    let more = part.map(key).and_then(|all| all.get(name));
                    let more = more.and_then(Value::as_array).into_iter().flatten();
                    for name in more.filter_map(Value::as_str) {
                        if !required.contains(&name) {
                            required.push(name);
                        }
                    }
                }
            }
        }
        let mut optional: Vec<&str> = Vec::new();
        for part in parts {
            optional.extend(part.map("properties").into_iter().flatten().map(|(name, _)| &**name));
        }
        optional.sort_unstable();
        let mut ordered: Vec<&str> = Vec::new();
        for part in parts {
            let listed = part.list("propertyOrdering").unwrap_or_default();
            let listed = listed.iter().filter_map(Value::as_str);
            ordered.extend(listed.filter(|name| optional.binary_search(name).is_ok()));
        }
        self.spend(ordered.len() + required.len() + optional.len())?;

        let must: std::collections::HashSet<&str> = required.iter().copied().collect();
        let mut seen = std::collections::HashSet::new();
        let all = ordered.into_iter().chain(required).chain(optional);
        Ok(all.filter(|name| seen.insert(*name)).map(|name| (name, must.contains(name))).collect())
    }

    /// Adds properties that no schema names: one to a map, and as many as there must be.
    fn fill(
        &self,
        parts: &[Part<'a>],
        place: Place<'a, '_>,
        fields: &mut Vec<(Cow<'a, str>, Json<'a>)>,
        least: u64,
        most: u64,
    ) -> Result<(), Halt> {
        let maps = |part: &Part<'_>| part.get("additionalProperties").is_some_and(Value::is_object);
        let is_map = fields.is_empty() && !place.lean && most > 0 && parts.iter().any(maps);
        let wanted = if is_map { least.max(1) } else { least };
        let mut names: Vec<&'a Value> = Vec::new();
        let mut patterns: Vec<(&'a str, &'a Value)> = Vec::new();
        for part in parts {
            names.extend(part.get("propertyNames"));
            let all = part.map("patternProperties").into_iter().flatten();
            patterns.extend(all.map(|(pattern, schema)| (&**pattern, schema)));
        }
        patterns.sort_unstable_by_key(|(pattern, _)| *pattern);

        let mut variant = 0;
        while (fields.len() as u64) < wanted {
            self.spend(4 + fields.len() / 8)?;
            let name = match (names.is_empty(), patterns.first()) {
                (false, _) => match self.make(&names, place.named("key").variant(variant))? {
                    Json::Text(name) => name,
                    _ => Cow::Borrowed(""),
                },
                (true, Some((source, schema))) if variant % 2 == 0 => {
                    let mut rng = crate::util::rng::Rng::new(hash(variant, source.as_bytes()));
                    let extra = variant as u32 / 8 % 16;
                    self.pattern(schema, source)?.write(extra, false, &mut rng).into()
                }
                _ if variant < 2 => Cow::Borrowed("key"),
                _ => format!("key_{variant}").into(),
            };
            variant += 1;
            let known = fields.iter().any(|(key, _)| *key == name);
            let closed =
                |part: &Part<'_>| part.get("unevaluatedProperties") == Some(&Value::Bool(false));
            let made = match known || parts.iter().any(closed) {
                true => Err(Halt::Endless),
                false => {
                    self.schemas(parts, &name).and_then(|all| self.make(&all, place.named("value")))
                }
            };
            match made {
                Ok(value) => fields.push((name, value)),
                Err(Halt::Fuel) => return Err(Halt::Fuel),
                Err(_) if fields.len() as u64 >= least => break,
                Err(Halt::Endless) if variant < 64 + 2 * least => {}
                Err(halt) if variant >= 64 + 2 * least => return Err(halt),
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn limits(&self, parts: &[Part<'a>], low: &str, high: &str) -> Result<(u64, u64), Halt> {
        let (mut least, mut most) = (0, u64::MAX);
        for part in parts {
            let wanted = part.count(low).unwrap_or(0);
            if wanted > MOST {
                return Err(too_many(part, "items or properties", wanted));
            }
            least = least.max(wanted);
            most = most.min(part.count(high).unwrap_or(u64::MAX));
            if least > most {
                return Err(Halt::Fault(part.at, format!("a {low} above the {high}")));
            }
        }
        Ok((least, most))
    }
}

fn too_many(part: &Part<'_>, what: &str, count: u64) -> Halt {
    Halt::Fault(part.at, format!("a count of {count} {what} (the mock makes up to {MOST})"))
}
