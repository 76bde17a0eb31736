//! What Anthropic says to a body that is not what it should be.

use std::borrow::Cow;

use serde_json::Value;

use crate::provider::shape::{self, Problem, Shape, Step, Violation, given, optional, required};
use crate::reply::{ApiError, ErrorKind};

/// For bodies that do not parse. Fields in the order in which the vendor looks at them.
static CREATE_MESSAGE: Shape = Shape::Object(&[
    required("model", Shape::Text),
    given("tool_choice", Shape::Object(&[])),
    given("tools", Shape::Array(&TOOL)),
    required("messages", Shape::Array(&MESSAGE)),
    given("system", Shape::TextOr(&BLOCKS)),
    given(
        "thinking",
        Shape::Object(&[required("type", Shape::Text), optional("budget_tokens", Shape::Integer)]),
    ),
    given("output_config", Shape::Object(&[optional("format", FORMAT)])),
    optional("output_format", FORMAT),
    optional("cache_control", Shape::Object(&[])),
    required("max_tokens", Shape::Integer),
    optional("metadata", Shape::Object(&[optional("user_id", Shape::Text)])),
    optional("stop_sequences", Shape::Array(&Shape::Text)),
    given("temperature", Shape::Number),
    given("service_tier", Shape::Choice(&["auto", "standard_only"])),
    given("top_k", Shape::Integer),
    given("top_p", Shape::Number),
    given("stream", Shape::Boolean),
    optional("inference_geo", Shape::Text),
]);
/// What comes before unknown fields of messages.
const EARLY: [&str; 4] = ["model", "tool_choice", "tools", "messages"];
/// Sorted; besides those above, what needs no look and what betas have.
const OTHERS: [&str; 10] = [
    "billing_policy",
    "compaction",
    "container",
    "context_management",
    "diagnostics",
    "fallback_credit_token",
    "fallbacks",
    "mcp_servers",
    "speed",
    "thread",
];
static TOOL: Shape = Shape::Object(&[
    optional("type", Shape::Text),
    optional("name", Shape::Text),
    optional("description", Shape::Text),
]);
static MESSAGE: Shape =
    Shape::Object(&[required("role", Shape::Text), required("content", Shape::TextOr(&BLOCKS))]);
static BLOCKS: Shape = Shape::Array(&Shape::Object(&[
    required("type", Shape::Text),
    optional("text", Shape::Text),
    optional("thinking", Shape::Text),
    optional("id", Shape::Text),
    optional("name", Shape::Text),
    optional("tool_use_id", Shape::Text),
]));
const FORMAT: Shape = Shape::Object(&[required("type", Shape::Text)]);

/// What the vendor says to a body that does not parse. Where fields that the API does not know are
/// all that is wrong with it, `fault` looks at the rest of it: that goes first.
pub(super) fn diagnose(
    body: &[u8],
    error: &serde_json::Error,
    fault: impl FnOnce(&[u8]) -> Option<ApiError>,
) -> ApiError {
    let mut value = match serde_json::from_slice::<Value>(body) {
        Ok(value) => value,
        Err(error) => return malformed(body, &error),
    };
    let violation = CREATE_MESSAGE.check(&value);
    let is_early = violation.as_ref().is_some_and(|violation| match violation.path.first() {
        Some(Step::Key(key)) => EARLY.contains(key),
        _ => true,
    });
    if !is_early && let Some(path) = unknown_in_messages(&value) {
        return extra(&path);
    }
    if let Some(violation) = violation {
        return word(&violation, &value);
    }
    if let Some(key) = first_unknown(&value["metadata"], &["user_id"]) {
        return extra(&format!("metadata.{key}"));
    }
    let known = known_fields();
    let Some(unknown) = first_unknown(&value, &known).map(ToOwned::to_owned) else {
        return invalid(format!("Invalid request body: {error}"));
    };
    if let Value::Object(object) = &mut value {
        object.retain(|key, _| known.contains(&key.as_str()));
    }
    fault(value.to_string().as_bytes()).unwrap_or_else(|| extra(&unknown))
}

/// Whether the API has a field of this name.
pub(super) fn is_known(field: &str) -> bool {
    known_fields().contains(&field)
}

fn known_fields() -> Vec<&'static str> {
    let Shape::Object(fields) = &CREATE_MESSAGE else { unreachable!("it is one") };
    fields.iter().map(|field| field.name).chain(OTHERS).collect()
}

fn unknown_in_messages(value: &Value) -> Option<String> {
    let messages = value["messages"].as_array()?.iter().enumerate();
    let mut unknown = messages.filter_map(|(index, message)| {
        let key = first_unknown(message, &["content", "output_config", "role"])?;
        Some(format!("messages.{index}.{key}"))
    });
    unknown.next()
}

/// The first by the alphabet.
fn first_unknown<'a>(value: &'a Value, known: &[&str]) -> Option<&'a str> {
    let keys = value.as_object()?.keys().map(String::as_str);
    keys.filter(|key| !known.contains(key)).min()
}

/// A violation in the vendor's words.
fn word(violation: &Violation<'_>, value: &Value) -> ApiError {
    let path = path(violation, value);
    let is_other = match path.split_once('.') {
        None => matches!(path.as_str(), "metadata" | "output_config"),
        Some((field, index)) => {
            field == "system" && index.bytes().all(|byte| byte.is_ascii_digit())
        }
    };
    let wanted = match violation.problem {
        Problem::Missing => return missing(&path),
        Problem::Type { .. } if is_other => {
            return invalid(format!("{path}: Input does not match the expected shape."));
        }
        Problem::Choice { choices, .. } => return choice(&path, choices),
        Problem::Type { wanted: Shape::Choice(choices), .. } => return choice(&path, choices),
        Problem::Type { wanted, .. } => match wanted {
            Shape::Array(_) | Shape::TextOr(_) => "valid array",
            Shape::Boolean => "valid boolean",
            Shape::Integer => "valid integer",
            Shape::Number => "valid number",
            Shape::Object(_) => "object",
            Shape::Choice(_) | Shape::Text => "valid string",
        },
    };
    let article = if wanted == "object" { "an" } else { "a" };
    let at = if path.is_empty() { "" } else { ": " };
    invalid(format!("{path}{at}Input should be {article} {wanted}"))
}

fn choice(path: &str, choices: &[&str]) -> ApiError {
    let choices: Vec<_> = choices.iter().map(|choice| format!("'{choice}'")).collect();
    invalid(format!("{path}: Input should be {}", choices.join(" or ")))
}

/// A path as the vendor writes it: what lies within a block or a tool is below its type.
fn path(violation: &Violation<'_>, value: &Value) -> String {
    let (depth, tagged) = match violation.path.as_slice() {
        [
            Step::Key("messages"),
            Step::Index(index),
            Step::Key("content"),
            Step::Index(at),
            rest @ ..,
        ] => (4, (rest.len() == 1).then(|| &value["messages"][index]["content"][at])),
        [Step::Key("tools"), Step::Index(index), rest @ ..] => {
            (2, (rest.len() == 1).then(|| &value["tools"][index]))
        }
        [Step::Key("thinking"), Step::Key("budget_tokens")] => (1, Some(&value["thinking"])),
        _ => (0, None),
    };
    let (outer, inner) = violation.path.split_at(depth);
    match tagged {
        Some(tagged) if inner != [Step::Key("type")] => format!(
            "{}.{}.{}",
            shape::dotted(outer),
            tagged["type"].as_str().unwrap_or("custom"),
            shape::dotted(inner),
        ),
        _ => shape::dotted(&violation.path),
    }
}

/// What is no JSON, in the words of the vendor's parser.
fn malformed(body: &[u8], error: &serde_json::Error) -> ApiError {
    let Ok(text) = std::str::from_utf8(body) else {
        return ApiError::new(ErrorKind::Malformed).message(
            "The request body is not valid JSON: str is not valid UTF-8: surrogates not allowed: \
             line 1 column 1 (char 0)",
        );
    };
    let reason = if error.is_eof() { "unexpected end of data" } else { "unexpected character" };
    // Lines count from 1, and so do columns, but before the first byte of a line it is column 0.
    let (line, column) = (error.line().max(1), error.column().max(1));
    let before: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let at = (before + column - 1).min(text.len());
    let letters = |bytes: &[u8]| bytes.iter().filter(|byte| (**byte as i8) >= -0x40).count();
    ApiError::new(ErrorKind::Malformed).message(format!(
        "The request body is not valid JSON: {reason}: line {line} column {} (char {})",
        1 + letters(&body[before.min(at)..at]),
        letters(&body[..at]),
    ))
}

pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::invalid_request(message)
}

pub(super) fn missing(path: &str) -> ApiError {
    invalid(format!("{path}: Field required"))
}

pub(super) fn extra(path: &str) -> ApiError {
    invalid(format!("{path}: Extra inputs are not permitted"))
}

pub(super) fn unexpected_tag(path: &str, tag: &str, expected: &[&str]) -> ApiError {
    let expected: Vec<_> = expected.iter().map(|tag| format!("'{tag}'")).collect();
    invalid(format!(
        "{path}: Input tag '{tag}' found using 'type' does not match any of the expected tags: {}",
        expected.join(", "),
    ))
}

/// Whether it ends with a date, as `bash_20250124`.
pub(super) fn is_dated(tag: &str) -> bool {
    tag.rsplit_once('_').is_some_and(|(_, date)| {
        date.len() == 8 && date.starts_with("20") && date.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Sorted, as the vendor lists them.
pub(super) const BLOCK_TAGS: [&str; 18] = [
    "bash_code_execution_tool_result",
    "code_execution_tool_result",
    "container_upload",
    "document",
    "image",
    "mcp_tool_result",
    "mcp_tool_use",
    "redacted_thinking",
    "search_result",
    "server_tool_use",
    "text",
    "text_editor_code_execution_tool_result",
    "thinking",
    "tool_result",
    "tool_search_tool_result",
    "tool_use",
    "web_fetch_tool_result",
    "web_search_tool_result",
];
pub(super) const TOOL_TAGS: [&str; 6] = [
    "bash_20250124",
    "custom",
    "text_editor_20250124",
    "text_editor_20250429",
    "text_editor_20250728",
    "web_search_20250305",
];
