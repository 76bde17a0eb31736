//! Conditions, made of what was written.

use super::{jsons, numbers, texts, vendor};
use crate::config::de::At;
use crate::config::fault::Fault;
use crate::config::words::when::{OperationName, When};
use crate::config::words::{OneOrMany, TextOr};
use crate::provider::Operation;
use crate::request::ToolChoice;
use crate::respond::{self as on, Boxed, Match};

pub(super) type Condition = Box<dyn Match>;

/// What a request must be; none where nothing is said.
pub(in crate::config) fn when(when: &When) -> Result<Option<Condition>, Fault> {
    let mut all = All(None);
    names(when, &mut all)?;
    texts::add(when, &mut all)?;
    numbers::add(when, &mut all)?;
    flags(when, &mut all);
    // Those that read through the body come last.
    jsons::add(when, &mut all)?;
    if let Some(not) = &when.not {
        all.add(Boxed(inner(not).map_err(|fault| fault.under("not"))?).not());
    }
    for (index, condition) in when.and.iter().enumerate() {
        let under = |fault: Fault| fault.under(format!("[{index}]")).under("and");
        all.0 = with(all.0.take(), inner(condition).map_err(under)?);
    }
    let mut either: Option<Condition> = None;
    for (index, condition) in when.or.iter().enumerate() {
        let under = |fault: Fault| fault.under(format!("[{index}]")).under("or");
        either = or(either, inner(condition).map_err(under)?);
    }
    if let Some(either) = either {
        all.0 = with(all.0.take(), either);
    }
    Ok(all.0)
}

/// Conditions that must all hold.
pub(super) struct All(pub(super) Option<Condition>);

impl All {
    pub(super) fn add(&mut self, condition: impl Match) {
        self.0 = with(self.0.take(), Box::new(condition));
    }
}

pub(super) fn with(before: Option<Condition>, condition: Condition) -> Option<Condition> {
    Some(match before {
        None => condition,
        Some(before) => Box::new(Boxed(before).and(Boxed(condition))),
    })
}

pub(super) fn or(before: Option<Condition>, condition: Condition) -> Option<Condition> {
    Some(match before {
        None => condition,
        Some(before) => Box::new(Boxed(before).or(Boxed(condition))),
    })
}

/// A condition within another, which must be one.
fn inner(At { place, value }: &At<When>) -> Result<Condition, Fault> {
    let condition = when(value).map_err(|fault| fault.at(*place))?;
    condition.ok_or_else(|| Fault::new("no condition is said here").at(*place))
}

fn names(when: &When, all: &mut All) -> Result<(), Fault> {
    if let Some(At { place, value: OneOrMany(names) }) = &when.provider {
        let mut either = None;
        for name in names {
            let vendor = vendor(name).map_err(|fault| fault.at(*place).under("provider"))?;
            either = or(either, Box::new(on::provider(vendor)));
        }
        all.0 = either.and_then(|either| with(all.0.take(), either));
    }
    let mut either = None;
    for operation in &when.operation.0 {
        either = or(
            either,
            Box::new(on::operation(match operation {
                OperationName::Chat => Operation::Chat,
                OperationName::CountTokens => Operation::CountTokens,
                OperationName::Embeddings => Operation::Embeddings,
                OperationName::Models => Operation::Models,
            })),
        );
    }
    if let Some(either) = either {
        all.0 = with(all.0.take(), either);
    }
    let mut either = None;
    for name in &when.tool_offered.0 {
        either = or(either, Box::new(on::tool_offered(name)));
    }
    if let Some(either) = either {
        all.0 = with(all.0.take(), either);
    }
    if let Some(At { place, value }) = &when.tool_choice {
        all.add(on::tool_choice(match value {
            TextOr::Map(tool) => ToolChoice::Tool(tool.tool.clone()),
            TextOr::Text(text) => match text.as_str() {
                "auto" => ToolChoice::Auto,
                "none" => ToolChoice::None,
                "required" => ToolChoice::Required,
                other => {
                    let known = ["auto", "none", "required"];
                    let fault = Fault::unknown("value", other, &known);
                    return Err(fault.at(*place).under("tool_choice"));
                }
            },
        }));
    }
    Ok(())
}

fn flags(when: &When, all: &mut All) {
    for (flag, condition) in [
        (when.streaming, on::streaming as fn() -> on::Condition),
        (when.wants_json, on::wants_json),
    ] {
        match flag {
            None => {}
            Some(true) => all.add(condition()),
            Some(false) => all.add(condition().not()),
        }
    }
}
