//! A value where no choice is left: listed, or made of a type.

use serde_json::Value;

use super::json::Json;
use super::make::Goal;
use super::maker::{Halt, Maker};
use super::parts::{Kind, Part, kinds};
use super::place::{Place, Trail};
use super::{number, text, words};

impl<'a> Maker<'a> {
    /// A value of one type after the other, in one variant after the other, until one holds.
    pub(super) fn leaf(&self, goal: &Goal<'a>, place: Place<'a, '_>) -> Result<Json<'a>, Halt> {
        let parts = &goal.parts[..];
        let trail = Trail { entered: &goal.entered, up: place.trail };
        let lean = place.lean || place.depth > self.extent.deep();
        let place = Place { trail: Some(&trail), depth: place.depth + 1, lean, ..place };
        let all: Vec<&Value> = parts.iter().map(|part| part.at).collect();
        if let Some(made) = self.listed(parts, &all, place)? {
            return Ok(made);
        }

        let (types, guessed) = self.types(parts)?;
        let tricky = guessed || parts.iter().any(is_tricky);
        let mut reason = None;
        for attempt in 0..if tricky { 16 } else { 1 } {
            let place = Place {
                variant: place.variant + attempt % 8,
                lean: place.lean || attempt >= 8,
                ..place
            };
            for kind in &types {
                let made = match self.typed(*kind, parts, place) {
                    Ok(made) => made,
                    Err(Halt::Fuel) => return Err(Halt::Fuel),
                    Err(halt) => {
                        if !matches!(reason, Some(Halt::Fault(..))) {
                            reason = Some(halt);
                        }
                        continue;
                    }
                };
                if !tricky || self.holds(&all, &made)? {
                    return Ok(made);
                }
            }
        }
        let at = parts.iter().find(|part| is_tricky(part)).or(parts.first());
        let at = at.map_or(self.root, |part| part.at);
        Err(reason.unwrap_or_else(|| Halt::Fault(at, "this combination of keywords".to_owned())))
    }

    /// One of the values that are listed, if they are.
    fn listed(
        &self,
        parts: &[Part<'a>],
        all: &[&'a Value],
        place: Place<'_, '_>,
    ) -> Result<Option<Json<'a>>, Halt> {
        let Some(part) = parts.iter().find(|part| part.get("const").is_some()).or_else(|| {
            parts.iter().find(|part| part.list("enum").is_some_and(|list| !list.is_empty()))
        }) else {
            return Ok(None);
        };
        let listed = match part.get("const") {
            Some(only) => std::slice::from_ref(only),
            None => part.list("enum").unwrap_or_default(),
        };
        let nulls = listed.iter().filter(|it| it.is_null());
        let listed_nulls = nulls.clone().count() as u64;
        let mut values: Vec<&Value> =
            listed.iter().filter(|it| !it.is_null()).chain(nulls).collect();
        let count = values.len().max(1) as u64;
        // A null stays behind the others, unless a variant asks for it.
        let first = words::below(self.seed, place.name, (count - listed_nulls).max(1));
        let rotate = (place.variant + first) % count;
        values.rotate_left(rotate as usize);
        for value in values {
            let value = Json::from(value);
            if self.holds(all, &value)? {
                return Ok(Some(value));
            }
        }
        Err(Halt::Fault(part.at, "a list of values none of which is valid".to_owned()))
    }

    /// The types that all parts allow, and whether that is a guess.
    fn types(&self, parts: &[Part<'a>]) -> Result<(Vec<Kind>, bool), Halt> {
        let mut allowed: Option<Vec<Kind>> = None;
        for part in parts {
            let Some(kinds) = kinds(part) else { continue };
            allowed = Some(match allowed {
                None => kinds,
                Some(before) => both(&before, &kinds),
            });
            if allowed.as_ref().is_some_and(Vec::is_empty) {
                return Err(Halt::Fault(part.at, "types that exclude each other".to_owned()));
            }
        }
        Ok(match allowed {
            Some(allowed) => (allowed, false),
            None => {
                let mut kinds: Vec<Kind> = parts.iter().filter_map(Kind::guess).take(1).collect();
                kinds.extend(Kind::ALL);
                (kinds, true)
            }
        })
    }

    fn typed(
        &self,
        kind: Kind,
        parts: &[Part<'a>],
        place: Place<'a, '_>,
    ) -> Result<Json<'a>, Halt> {
        self.spend(1)?;
        match kind {
            Kind::Array => self.array(parts, place),
            Kind::Boolean => {
                let variant = place.variant + words::below(self.seed, place.name, 2);
                Ok(Json::Bool(variant.is_multiple_of(2)))
            }
            Kind::Integer => number::integer(parts, &place, self.seed),
            Kind::Null => Ok(Json::Null),
            Kind::Number => number::number(parts, &place, self.seed),
            Kind::Object => self.object(parts, place),
            Kind::String => text::text(self, parts, &place).map(Json::Text),
        }
    }
}

fn both(a: &[Kind], b: &[Kind]) -> Vec<Kind> {
    let meet = |kind: &Kind| match kind {
        Kind::Number if !b.contains(kind) && b.contains(&Kind::Integer) => Some(Kind::Integer),
        Kind::Integer if b.contains(&Kind::Number) => Some(*kind),
        kind => b.contains(kind).then_some(*kind),
    };
    a.iter().filter_map(meet).collect()
}

/// Whether a value may miss what this schema asks for, although it was made for it.
fn is_tricky(part: &Part<'_>) -> bool {
    const TRICKY: [&str; 14] = [
        "not",
        "oneOf",
        "if",
        "contains",
        "maxContains",
        "patternProperties",
        "propertyNames",
        "dependentSchemas",
        "dependencies",
        "dependentRequired",
        "maxProperties",
        "uniqueItems",
        "pattern",
        "multipleOf",
    ];
    TRICKY.iter().any(|key| part.fields.contains_key(*key))
}
