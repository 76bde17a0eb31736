//! The search: choices one at a time, each value tried until one holds.

use std::cell::Cell;

use serde_json::Value;

use super::json::Json;
use super::parts::{Kind, Part, kinds};
use super::{number, text, words};

/// How much is made of what need not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Full,
    Shallow,
    Lean,
}

impl Extent {
    /// Steps of work: some 20 to 60 ms for the last, which must succeed if any can.
    fn fuel(self) -> u64 {
        match self {
            Self::Full => 25_000,
            Self::Shallow => 100_000,
            Self::Lean => 400_000,
        }
    }

    /// Beyond this depth only what must be is made.
    fn deep(self) -> usize {
        if self == Self::Full { 24 } else { 6 }
    }
}

/// Places within places, and choices at them.
const DEEPEST: usize = 96;

/// Why there is no value.
#[derive(Clone, Debug)]
pub(super) enum Halt {
    /// The schema refers to itself without end.
    Endless,
    /// The schema at this address asks for something that is not supported.
    Fault(*const Value, String),
    /// It took too much work.
    Fuel,
}

/// Makes instances of parts of one schema.
#[derive(Debug)]
pub(super) struct Maker<'a> {
    pub(super) root: &'a Value,
    pub(super) seed: u64,
    extent: Extent,
    /// Whether it judges the values of others, and says so where it does not know.
    pub(super) judges: bool,
    fuel: Cell<u64>,
}

/// Where a value is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a, 't> {
    /// The targets of the references that led here.
    trail: Option<&'t Trail<'a, 't>>,
    pub(super) depth: usize,
    /// The property that is filled.
    pub(super) name: &'a str,
    /// Which of the possible values is asked for: another number, most often another value.
    pub(super) variant: u64,
    /// Only what must be.
    pub(super) lean: bool,
}

#[derive(Debug)]
struct Trail<'a, 't> {
    entered: &'t [&'a Value],
    up: Option<&'t Trail<'a, 't>>,
}

impl<'a, 't> Place<'a, 't> {
    pub(super) fn variant(self, variant: u64) -> Self {
        Self { variant, ..self }
    }

    pub(super) fn named(self, name: &'a str) -> Self {
        Self { name, ..self }
    }
}

/// What holds at a place, while it is unfolded.
#[derive(Clone, Debug, Default)]
struct Goal<'a> {
    parts: Vec<Part<'a>>,
    /// How many of the parts have been unfolded.
    unfolded: usize,
    /// Targets of references of this place.
    entered: Vec<&'a Value>,
    /// Choices that wait.
    choices: Vec<Vec<Vec<&'a Value>>>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(root: &'a Value, seed: u64, extent: Extent) -> Self {
        Self { root, seed, extent, judges: false, fuel: Cell::new(extent.fuel()) }
    }

    /// One that judges values and makes none.
    pub(super) fn judge(root: &'a Value) -> Self {
        Self { judges: true, ..Self::new(root, 0, Extent::Lean) }
    }

    pub(super) fn instance(&self) -> Result<Json<'a>, Halt> {
        let place = Place {
            trail: None,
            depth: 0,
            name: "",
            variant: 0,
            lean: self.extent == Extent::Lean,
        };
        let made = self.make(&[self.root], place)?;
        match self.check(self.root, &made)?.is_invalid() {
            false => Ok(made),
            true => Err(Halt::Fault(self.root, "this combination of keywords".to_owned())),
        }
    }

    /// Counts work.
    pub(super) fn spend(&self, steps: usize) -> Result<(), Halt> {
        let left = self.fuel.get().checked_sub(steps as u64).ok_or(Halt::Fuel)?;
        self.fuel.set(left);
        Ok(())
    }

    /// Lends the fuel to something that counts by itself.
    pub(super) fn lend<T>(&self, work: impl FnOnce(&mut u64) -> Option<T>) -> Result<T, Halt> {
        let mut fuel = self.fuel.get();
        let done = work(&mut fuel);
        self.fuel.set(fuel);
        done.ok_or(Halt::Fuel)
    }

    /// A value that all of `schemas` allow.
    pub(super) fn make(
        &self,
        schemas: &[&'a Value],
        place: Place<'a, '_>,
    ) -> Result<Json<'a>, Halt> {
        let mut goal = Goal::default();
        if place.depth == 0 {
            goal.entered.push(self.root);
        }
        for schema in schemas {
            self.add(&mut goal, schema)?;
        }
        self.unfold(goal, place)
    }

    fn add(&self, goal: &mut Goal<'a>, schema: &'a Value) -> Result<(), Halt> {
        self.spend(1)?;
        match schema {
            Value::Bool(true) => {}
            Value::Object(fields) => goal.parts.push(Part { at: schema, fields }),
            Value::Bool(false) => {
                return Err(Halt::Fault(schema, "a schema that allows nothing".to_owned()));
            }
            _ => return Err(Halt::Fault(schema, "a schema that is no object".to_owned())),
        }
        Ok(())
    }

    fn unfold(&self, mut goal: Goal<'a>, place: Place<'a, '_>) -> Result<Json<'a>, Halt> {
        if place.depth > DEEPEST {
            return Err(Halt::Endless);
        }
        if let Some(given) = self.given(&goal.parts[goal.unfolded..], place)? {
            let all: Vec<&Value> = goal.parts.iter().map(|part| part.at).collect();
            if self.holds(&all, &given)? {
                return Ok(given);
            }
        }
        while let Some(part) = goal.parts.get(goal.unfolded).copied() {
            goal.unfolded += 1;
            if let Some(reference) = part.get("$ref").or_else(|| part.get("$recursiveRef")) {
                let target = self.target(reference)?;
                if !goal.entered.iter().any(|it| std::ptr::eq(*it, target)) {
                    let mut seen = 0;
                    let mut trail = place.trail;
                    while let Some(here) = trail {
                        self.spend(1)?;
                        seen += here.entered.iter().filter(|it| std::ptr::eq(**it, target)).count();
                        trail = here.up;
                    }
                    // Once again where there is room: a tree with a branch shows more than a leaf.
                    if seen >= if place.lean || self.extent == Extent::Lean { 1 } else { 2 } {
                        return Err(Halt::Endless);
                    }
                    goal.entered.push(target);
                    self.add(&mut goal, target)?;
                }
            }
            for schema in part.list("allOf").unwrap_or_default() {
                self.add(&mut goal, schema)?;
            }
            for key in ["anyOf", "oneOf"] {
                let Some(branches) = part.list(key) else { continue };
                let mut branches: Vec<Vec<&Value>> = branches.iter().map(|it| vec![it]).collect();
                branches.sort_by_key(|branch| branch[0].get("type").is_some_and(is_null));
                let rotate = place.variant % branches.len().max(1) as u64;
                branches.rotate_left(rotate as usize);
                goal.choices.push(branches);
            }
            if goal.choices.len() > DEEPEST {
                let what = "this many choices at one place";
                return Err(Halt::Fault(part.at, what.to_owned()));
            }
            if let Some(condition) = part.get("if") {
                let then = part.get("then").into_iter().chain([condition]).collect();
                goal.choices.push(vec![then, part.get("else").into_iter().collect()]);
            }
        }
        let Some(branches) = goal.choices.pop() else { return self.leaf(&goal, place) };
        let mut reason = None;
        for branch in branches {
            self.spend(goal.parts.len() + 8 * goal.choices.len())?;
            let mut chosen = goal.clone();
            let added = branch.iter().try_for_each(|schema| self.add(&mut chosen, schema));
            let deeper = Place { depth: place.depth + 1, ..place };
            match added.and_then(|()| self.unfold(chosen, deeper)) {
                Ok(made) => return Ok(made),
                Err(Halt::Fuel) => return Err(Halt::Fuel),
                Err(halt @ Halt::Fault(..)) if !matches!(reason, Some(Halt::Fault(..))) => {
                    reason = Some(halt);
                }
                Err(halt) => reason = reason.or(Some(halt)),
            }
        }
        let last = goal.parts.last().map_or(self.root, |part| part.at);
        Err(reason.unwrap_or_else(|| Halt::Fault(last, "a choice without branches".to_owned())))
    }

    /// A value that the schema itself gives as its default or example.
    fn given(&self, parts: &[Part<'a>], place: Place<'_, '_>) -> Result<Option<Json<'a>>, Halt> {
        if place.variant != 0 {
            return Ok(None);
        }
        for part in parts {
            // Whether a format holds is not checked, only known.
            if part.fields.contains_key("format") {
                return Ok(None);
            }
            let first = part.list("examples").and_then(<[Value]>::first);
            for given in [part.get("default"), part.get("example"), first].into_iter().flatten() {
                let given = Json::from(given);
                if !given.is_empty() {
                    return Ok(Some(given));
                }
            }
        }
        Ok(None)
    }

    /// What a local reference refers to.
    pub(super) fn target(&self, reference: &'a Value) -> Result<&'a Value, Halt> {
        let found = reference.as_str().and_then(|text| {
            let pointer = text.strip_prefix('#')?;
            match pointer.contains('%') {
                true => self.root.pointer(&unescape(pointer)?),
                false => self.root.pointer(pointer),
            }
        });
        found.ok_or_else(|| Halt::Fault(reference, "a reference to no place in it".to_owned()))
    }

    /// A value of one type after the other, in one variant after the other, until one holds.
    fn leaf(&self, goal: &Goal<'a>, place: Place<'a, '_>) -> Result<Json<'a>, Halt> {
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

fn is_null(kind: &Value) -> bool {
    kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("null"))
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

fn unescape(pointer: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(pointer.len());
    let mut rest = pointer.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}
