//! Rules, made of what was written.

use super::answer::{answer, any, is_said, said};
use super::{range, when};
use crate::config::de::{At, Named};
use crate::config::fault::Fault;
use crate::config::words::answer::{Answer, AnswerMap, RuleMap};
use crate::config::words::{OneOrMany, TextOr};
use crate::respond::{Dressed, Rule, RuleBuilder, Rules};

/// All rules of a list, which stands under this key.
pub(in crate::config) fn rules(key: &str, written: &[At<RuleMap>]) -> Result<Vec<Rule>, Fault> {
    let rule = |(index, At { place, value }): (usize, &At<RuleMap>)| {
        rule(value, index).map_err(|fault| fault.at(*place).under(format!("[{index}]")).under(key))
    };
    written.iter().enumerate().map(rule).collect()
}

fn rule(written: &RuleMap, index: usize) -> Result<Rule, Fault> {
    let condition = when::when(&written.when).map_err(|fault| fault.under("when"))?;
    let mut builder = Rule::when_boxed(condition);
    for (scenario, state) in pairs(&written.in_state) {
        builder = builder.in_state(scenario, state);
    }
    let mut rule = steps(written, builder)?;
    for (scenario, state) in pairs(&written.then_state) {
        rule = rule.then_state(scenario, state);
    }
    if let Some(name) = &written.name {
        rule = rule.named(name);
    }
    if let Some(expect) = &written.expect {
        rule = match expect.value.as_str() {
            "all" => rule.expect_all(),
            _ => rule.expect(crate::respond::Times::of(
                range(expect).map_err(|fault| fault.under("expect"))?,
            )),
        };
    }
    Rules::sayable(rule, index).map_err(Fault::new)
}

fn pairs(states: &Named<String>) -> impl Iterator<Item = (&str, &str)> {
    states.0.iter().map(|(scenario, state)| (scenario.value.as_str(), state.as_str()))
}

/// What it says, one after the other.
fn steps(written: &RuleMap, builder: RuleBuilder) -> Result<Rule, Fault> {
    let RuleMap { first, then: OneOrMany(then), then_repeat, times, .. } = written;
    let mut rule = match first {
        None => {
            let dressed = said(&written.said())?;
            let rule = builder.respond_with(dressed);
            match times {
                Some(times) => rule.times(*times),
                // Something comes after it.
                None if !then.is_empty() || then_repeat.is_some() => rule.times(1),
                None => rule,
            }
        }
        Some(_) if is_said(&written.said()) => {
            return Err(Fault::new("what a rule says stands in `first`, or without it, not both"));
        }
        Some(first) => {
            if times.is_some() {
                let fault = Fault::new("it belongs into `first`, beside what is said so often");
                return Err(fault.at(first.place).under("times"));
            }
            let (dressed, times) =
                step(&first.value).map_err(|fault| fault.at(first.place).under("first"))?;
            builder.respond_with(dressed).times(times)
        }
    };
    for (index, next) in then.iter().enumerate() {
        let under = |fault: Fault| match then.len() {
            1 => fault.under("then"),
            _ => fault.under(format!("[{index}]")).under("then"),
        };
        let (dressed, times) = step(next).map_err(under)?;
        rule = rule.then(dressed).times(times);
    }
    Ok(match then_repeat {
        None => rule,
        Some(last) => rule.then_repeat(repeated(last).map_err(|f| f.under("then_repeat"))?),
    })
}

fn repeated(last: &Answer) -> Result<Dressed, Fault> {
    answer(last)
}

/// An answer and how often it is given.
fn step(written: &TextOr<AnswerMap>) -> Result<(Dressed, u64), Fault> {
    let times = match written {
        TextOr::Map(map) => map.times.unwrap_or(1),
        TextOr::Text(_) => 1,
    };
    Ok((any(written)?, times))
}
