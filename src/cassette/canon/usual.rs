//! What a field means that is left out, where the vendors document it: it is the same request.
//!
//! Only where all vendors agree that have the field, and where the default is not the model's own. The
//! vendors' pages are <https://platform.openai.com/docs/api-reference/chat/create>,
//! <https://platform.openai.com/docs/api-reference/responses/create>,
//! <https://platform.claude.com/docs/en/api/messages> and <https://ai.google.dev/api/generate-content>.
//! What is at depth was held against the documentation in their Python SDKs (2026-11-21), which says so
//! of `text`, `verbosity`, `service_tier`, `tool_choice` and `disable_parallel_tool_use`; `strict`,
//! `detail`, `candidateCount` and `mode` rest on the pages as they were known.

use serde_json::Value;

/// A value that a field has when it is not there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Usual {
    Bool(bool),
    /// An object in which nothing is said that would not hold anyway.
    Empty,
    /// None that is known.
    Open,
    Text(&'static str),
    Whole(i64),
}

/// A field, its usual value, and the fields in it, or in the elements of its array.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) usual: Usual,
    pub(super) inside: &'static [Known],
}

const fn field(name: &'static str, usual: Usual) -> Known {
    Known { name, usual, inside: &[] }
}

const fn holds(name: &'static str, inside: &'static [Known]) -> Known {
    Known { name, usual: Usual::Empty, inside }
}

const fn leads(name: &'static str, inside: &'static [Known]) -> Known {
    Known { name, usual: Usual::Open, inside }
}

/// Of a body.
pub(super) const BODY: &[Known] = &[
    field("background", Usual::Bool(false)),
    field("frequency_penalty", Usual::Whole(0)),
    holds("generationConfig", GENERATION),
    holds("generation_config", GENERATION),
    leads("input", &[leads("content", &[DETAIL])]),
    field("logprobs", Usual::Bool(false)),
    leads("messages", &[leads("content", &[leads("image_url", &[DETAIL])])]),
    field("n", Usual::Whole(1)),
    field("parallel_tool_calls", Usual::Bool(true)),
    field("presence_penalty", Usual::Whole(0)),
    holds("response_format", &[field("type", Usual::Text("text"))]),
    field("service_tier", Usual::Text("auto")),
    field("stream", Usual::Bool(false)),
    field("temperature", Usual::Whole(1)),
    holds("text", &[holds("format", &[field("type", Usual::Text("text"))]), VERBOSITY]),
    holds("toolConfig", TOOLS),
    field("tool_choice", Usual::Text("auto")),
    // Anthropic's.
    holds(
        "tool_choice",
        &[
            field("disable_parallel_tool_use", Usual::Bool(false)),
            field("type", Usual::Text("auto")),
        ],
    ),
    holds("tool_config", TOOLS),
    leads("tools", &[leads("function", &[field("strict", Usual::Bool(false))])]),
    field("top_p", Usual::Whole(1)),
    field("truncation", Usual::Text("disabled")),
    VERBOSITY,
];

const DETAIL: Known = field("detail", Usual::Text("auto"));
const VERBOSITY: Known = field("verbosity", Usual::Text("medium"));

/// Gemini's, which takes both spellings.
const GENERATION: &[Known] = &[
    field("candidateCount", Usual::Whole(1)),
    field("candidate_count", Usual::Whole(1)),
    field("responseMimeType", Usual::Text("text/plain")),
    field("response_mime_type", Usual::Text("text/plain")),
];
const TOOLS: &[Known] =
    &[holds("functionCallingConfig", CALLING), holds("function_calling_config", CALLING)];
const CALLING: &[Known] = &[field("mode", Usual::Text("AUTO"))];

/// Whether a field has this name: mostly not, which its first letter tells.
pub(super) fn is(known: &str, name: &[u8]) -> bool {
    let known = known.as_bytes();
    known.len() == name.len() && known.first() == name.first() && known == name
}

/// What is known of a field: it may stand in the table more than once, one after the other.
pub(super) fn of(known: &'static [Known], name: &[u8]) -> &'static [Known] {
    let Some(first) = known.iter().position(|it| is(it.name, name)) else { return &[] };
    let same = known[first..].iter().take_while(|it| is(it.name, name)).count();
    &known[first..first + same]
}

/// What is known of the fields in a field.
pub(super) fn inside(known: &'static [Known]) -> &'static [Known] {
    known.iter().find(|it| !it.inside.is_empty()).map_or(&[], |it| it.inside)
}

/// Takes out of a value what says no more than its absence would.
pub(super) fn leave_out(value: &mut Value, known: &'static [Known]) {
    if known.is_empty() {
        return;
    }
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|it| leave_out(it, known)),
        Value::Object(fields) => fields.retain(|name, value| {
            let of_it = of(known, name.as_bytes());
            leave_out(value, inside(of_it));
            !of_it.iter().any(|it| is_usual(it.usual, value))
        }),
        _ => {}
    }
}

fn is_usual(usual: Usual, value: &Value) -> bool {
    match usual {
        Usual::Bool(usual) => value.as_bool() == Some(usual),
        Usual::Empty => value.as_object().is_some_and(serde_json::Map::is_empty),
        Usual::Open => false,
        Usual::Text(usual) => value.as_str() == Some(usual),
        Usual::Whole(usual) => value.as_f64() == Some(usual as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_one_field_stands_together() {
        fn check(known: &'static [Known]) {
            for it in known {
                let of_it = of(known, it.name.as_bytes());
                let all = known.iter().filter(|other| other.name == it.name).count();
                assert_eq!(of_it.len(), all, "{}", it.name);
                check(it.inside);
            }
        }
        check(BODY);
    }
}
