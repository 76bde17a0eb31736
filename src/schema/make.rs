//! The search: choices one at a time, each value tried until one holds.

use serde_json::Value;

use super::json::Json;
use super::maker::{Extent, Halt, Maker};
use super::parts::Part;
use super::place::Place;

/// Places within places, and choices at them.
const DEEPEST: usize = 96;

/// What holds at a place, while it is unfolded.
#[derive(Clone, Debug, Default)]
pub(super) struct Goal<'a> {
    pub(super) parts: Vec<Part<'a>>,
    /// How many of the parts have been unfolded.
    unfolded: usize,
    /// Targets of references of this place.
    pub(super) entered: Vec<&'a Value>,
    /// Choices that wait.
    choices: Vec<Vec<Vec<&'a Value>>>,
}

impl<'a> Maker<'a> {
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
}

fn is_null(kind: &Value) -> bool {
    kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("null"))
}
