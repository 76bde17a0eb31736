//! Conditions on texts, made of what was written.

use super::when::{All, Condition, or, with};
use crate::config::de::{At, Named};
use crate::config::fault::Fault;
use crate::config::words::when::{MessageAt, RoleName, TextTests, Texts, When};
use crate::config::words::{OneOrMany, TextOr};
use crate::request::Role;
use crate::respond::{self as on, Field, Match};

/// What a text alone stands for.
#[derive(Clone, Copy)]
enum Short {
    /// A name: a pattern with `*`.
    Name,
    /// Prose: a part of it, in upper or lower case.
    Prose,
    /// Something that is there or not: `true`, `false`, or a pattern.
    Thing,
}

pub(super) fn add(when: &When, all: &mut All) -> Result<(), Fault> {
    type Simple<'a> = (&'a str, &'a Option<Texts>, Short, fn() -> Field);
    let simple: [Simple<'_>; 11] = [
        ("model", &when.model, Short::Name, on::model_name),
        ("api_key", &when.api_key, Short::Name, on::api_key),
        ("last_user", &when.last_user, Short::Prose, on::last_user),
        ("first_user", &when.first_user, Short::Prose, on::first_user),
        ("last_assistant", &when.last_assistant, Short::Prose, on::last_assistant),
        ("any_message", &when.any_message, Short::Prose, on::any_message),
        ("system", &when.system, Short::Prose, on::system),
        ("tool_result", &when.tool_result, Short::Prose, on::tool_result),
        ("image", &when.image, Short::Thing, on::image),
        ("audio", &when.audio, Short::Thing, on::audio),
        ("file", &when.file, Short::Thing, on::file),
    ];
    for (key, texts, short, field) in simple {
        if let Some(texts) = texts {
            all.0 = with(all.0.take(), text(field, texts, short).map_err(|f| f.under(key))?);
        }
    }
    type Of<'a> = (&'a str, &'a Named<Texts>, Short, fn(String) -> Field);
    let named: [Of<'_>; 5] = [
        ("header", &when.header, Short::Name, on::header),
        ("query", &when.query, Short::Name, on::query),
        ("metadata", &when.metadata, Short::Name, on::metadata),
        ("tool_result_of", &when.tool_result_of, Short::Prose, on::tool_result_of),
        ("tool_result_for", &when.tool_result_for, Short::Prose, on::tool_result_for),
    ];
    for (key, Named(entries), short, field) in named {
        for (name, texts) in entries {
            let condition = text(|| field(name.value.clone()), texts, short)
                .map_err(|fault| fault.under(&name.value).under(key))?;
            all.0 = with(all.0.take(), condition);
        }
    }
    for (role, texts) in &when.any_message_of.0 {
        let under = |fault: Fault| fault.under(&role.value).under("any_message_of");
        let known = ["assistant", "system", "tool", "user"];
        let of = match role.value.as_str() {
            "assistant" => Role::Assistant,
            "system" => Role::System,
            "tool" => Role::Tool,
            "user" => Role::User,
            other => {
                let fault = Fault::unknown("role", other, &known).at(role.place);
                return Err(fault.under("any_message_of"));
            }
        };
        let condition = text(|| on::any_message_of(of), texts, Short::Prose).map_err(under)?;
        all.0 = with(all.0.take(), condition);
    }
    for MessageAt { role, index, text: texts } in &when.message.0 {
        let role = match role {
            RoleName::Assistant => Role::Assistant,
            RoleName::System => Role::System,
            RoleName::Tool => Role::Tool,
            RoleName::User => Role::User,
        };
        let condition = text(|| on::message(role, *index), texts, Short::Prose)
            .map_err(|fault| fault.under("text").under("message"))?;
        all.0 = with(all.0.take(), condition);
    }
    Ok(())
}

/// One of the tests, each of which may be several that must all hold.
fn text(field: impl Fn() -> Field, texts: &Texts, short: Short) -> Result<Condition, Fault> {
    let At { place, value: OneOrMany(tests) } = texts;
    let mut either = None;
    for test in tests {
        let condition: Condition = match test {
            TextOr::Map(tests) => {
                let mut all = All(None);
                text_tests(&field, tests, &mut all)?;
                all.0.ok_or_else(|| Fault::new("no test is said here").at(*place))?
            }
            TextOr::Text(text) => match (pattern(text), short) {
                (Some(pattern), _) => {
                    let pattern = At { place: *place, value: format!("(?i){pattern}") };
                    Box::new(regex(field(), &pattern)?)
                }
                (None, Short::Thing) if text == "true" => Box::new(field().exists()),
                (None, Short::Thing) if text == "false" => Box::new(field().exists().not()),
                (None, Short::Name | Short::Thing) => Box::new(field().glob(text)),
                (None, Short::Prose) if text.trim().is_empty() => {
                    let fault = Fault::new("an empty text is in every text; leave it out");
                    return Err(fault.at(*place));
                }
                (None, Short::Prose) => Box::new(field().contains_ignoring_case(text)),
            },
        };
        either = or(either, condition);
    }
    either.ok_or_else(|| Fault::new("no test is said here").at(*place))
}

/// What stands between two slashes.
pub(in crate::config) fn pattern(text: &str) -> Option<&str> {
    text.strip_prefix('/')?.strip_suffix('/').filter(|pattern| !pattern.is_empty())
}

pub(super) fn text_tests(
    field: impl Fn() -> Field,
    tests: &TextTests,
    all: &mut All,
) -> Result<(), Fault> {
    let TextTests {
        contains,
        contains_ignoring_case,
        ends_with,
        equals,
        exists,
        glob,
        regex: pattern,
        starts_with,
    } = tests;
    if let Some(text) = equals {
        all.add(field().equals(text));
    }
    if let Some(text) = starts_with {
        all.add(field().starts_with(text));
    }
    if let Some(text) = ends_with {
        all.add(field().ends_with(text));
    }
    if let Some(text) = contains {
        all.add(field().contains(text));
    }
    if let Some(text) = contains_ignoring_case {
        all.add(field().contains_ignoring_case(text));
    }
    if let Some(pattern) = glob {
        all.add(field().glob(pattern));
    }
    if let Some(pattern) = pattern {
        all.add(regex(field(), pattern).map_err(|fault| fault.under("regex"))?);
    }
    match exists {
        None => {}
        Some(true) => all.add(field().exists()),
        Some(false) => all.add(field().exists().not()),
    }
    Ok(())
}

/// A match of a regular expression.
#[cfg(feature = "regex")]
pub(in crate::config) fn regex(field: Field, pattern: &At<String>) -> Result<on::Condition, Fault> {
    field.try_matches(&pattern.value).map_err(|error| {
        // It draws a picture of the place; the last line is the reason.
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Fault::new(format!("no regular expression: {why}")).at(pattern.place)
    })
}

#[cfg(not(feature = "regex"))]
pub(in crate::config) fn regex(_: Field, pattern: &At<String>) -> Result<on::Condition, Fault> {
    let fault = Fault::new("a regular expression takes the feature `regex` of tower-mock-llm");
    Err(fault.at(pattern.place))
}
