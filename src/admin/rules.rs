//! `/__mock/rules`: the rules, how often each answered, and others in their place.

use http::{Response, StatusCode};
use serde::Serialize;

use super::Admin;
use super::query::Query;
use super::respond::{Refusal, json};
use crate::respond::{Overview, Rule, RuleId};
use crate::server::Other;

#[derive(Serialize)]
pub(super) struct Rules {
    count: usize,
    rules: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    id: u64,
    name: Option<String>,
    /// How calls and messages name it.
    label: String,
    when: String,
    /// How many requests it answered.
    answered: u64,
    /// How many it can answer, if its answers come to an end.
    most: Option<u64>,
    expected: Option<String>,
    /// Whether what is expected of it holds now.
    met: Option<bool>,
    /// The rule before it that leaves nothing for it.
    hidden_by: Option<String>,
}

#[derive(Serialize)]
struct Mounted {
    mounted: Vec<u64>,
}

#[derive(Serialize)]
struct Removed {
    removed: Vec<u64>,
}

impl Admin {
    pub(super) fn rules(&self) -> Rules {
        let rules: Vec<_> = self.mock.shared.rules.overview().into_iter().map(Shown::of).collect();
        Rules { count: rules.len(), rules }
    }

    /// Mounts the rules of a piece of a config file: behind all others, or before them.
    pub(super) fn mount(&self, query: &Query, body: &[u8]) -> Result<Response<Other>, Refusal> {
        query.only(&["first"])?;
        let first = query.flag("first")?;
        let mut rules = parse(body)?;
        if first {
            // Each before the one mounted before it.
            rules.reverse();
        }
        let mut mounted: Vec<u64> = Vec::new();
        for rule in rules {
            match self.mock.shared.rules.try_mount(rule, first) {
                Ok(id) => mounted.push(id.number()),
                Err(why) => {
                    // All or none.
                    for id in mounted.into_iter().filter_map(RuleId::of_number) {
                        self.mock.shared.rules.unmount(id);
                    }
                    return Err(Refusal::bad(why));
                }
            }
        }
        if first {
            mounted.reverse();
        }
        Ok(json(StatusCode::CREATED, &Mounted { mounted }))
    }

    pub(super) fn unmount(&self, query: &Query) -> Result<Response<Other>, Refusal> {
        query.only(&["id", "name"])?;
        match (query.number("id")?, query.get("name")) {
            (Some(id), None) => self.remove(&id.to_string(), |rule| rule.id.number() == id),
            (None, Some(name)) => self.remove(name, |rule| rule.name.as_deref() == Some(name)),
            _ => Err(Refusal::bad(
                "say which rule is to go: `?id=ID`, `?name=NAME`, or DELETE /__mock/rules/ID-OR-NAME",
            )),
        }
    }

    pub(super) fn unmount_one(&self, name: &str) -> Result<Response<Other>, Refusal> {
        let id = name.parse().ok();
        self.remove(name, |rule| rule.name.as_deref() == Some(name) || id == Some(rule.id.number()))
    }

    fn remove(
        &self,
        which: &str,
        is_meant: impl Fn(&Overview) -> bool,
    ) -> Result<Response<Other>, Refusal> {
        let rules = &self.mock.shared.rules;
        let meant = rules.overview().into_iter().filter(is_meant).map(|rule| rule.id);
        let removed: Vec<_> = meant.filter(|id| rules.unmount(*id)).map(|id| id.number()).collect();
        if removed.is_empty() {
            let message = format!("there is no rule `{which}`");
            return Err(Refusal::new(StatusCode::NOT_FOUND, message));
        }
        Ok(json(StatusCode::OK, &Removed { removed }))
    }
}

impl Shown {
    fn of(rule: Overview) -> Self {
        let (expected, met) = rule.expected.unzip();
        Self {
            id: rule.id.number(),
            name: rule.name,
            label: rule.label.to_string(),
            when: rule.when,
            answered: rule.answered,
            most: rule.most,
            expected,
            met,
            hidden_by: rule.hidden_by.map(|label| label.to_string()),
        }
    }
}

/// The rules that the words of a config file, in JSON, make.
#[cfg(feature = "config")]
fn parse(body: &[u8]) -> Result<Vec<Rule>, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::bad("the body is no UTF-8"))?;
    let rules =
        crate::config::rules_of_json(text).map_err(|error| Refusal::bad(error.to_string()))?;
    if rules.is_empty() {
        return Err(Refusal::bad(
            "there is no rule in it: `rules` has them, or `providers.<name>.responses.<model>`, as in \
             a config file",
        ));
    }
    Ok(rules)
}

#[cfg(not(feature = "config"))]
fn parse(_: &[u8]) -> Result<Vec<Rule>, Refusal> {
    Err(Refusal::new(
        StatusCode::NOT_IMPLEMENTED,
        "this program cannot read rules: it was built without the feature `config`",
    ))
}
