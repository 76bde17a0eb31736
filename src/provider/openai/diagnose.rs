//! What OpenAI says to a body that is not what it should be.
//!
//! Messages after issues that quote them and probes of the real API in 2026.

use serde_json::Value;

use super::check::{no_model, unrecognized};
use super::request::unknown_field;
use crate::provider::shape::{self, Problem, Shape, optional, required};
use crate::reply::{ApiError, ErrorKind};

/// For bodies that do not parse. Fields in the order in which the vendor looks at them.
static CHAT: Shape = Shape::Object(&[
    optional("model", Shape::Text),
    required("messages", Shape::Array(&MESSAGE)),
    optional("logprobs", Shape::Boolean),
    optional("max_completion_tokens", Shape::Integer),
    optional("max_tokens", Shape::Integer),
    optional("n", Shape::Integer),
    optional("parallel_tool_calls", Shape::Boolean),
    optional("reasoning_effort", Shape::Text),
    optional("response_format", Shape::Object(&[required("type", Shape::Text)])),
    optional("seed", Shape::Integer),
    optional("service_tier", Shape::Text),
    optional("stop", Shape::TextOr(&TEXTS)),
    optional("stream", Shape::Boolean),
    optional("stream_options", STREAM_OPTIONS),
    optional("temperature", Shape::Number),
    optional("tools", Shape::Array(&TOOL)),
    optional("top_logprobs", Shape::Integer),
    optional("top_p", Shape::Number),
]);
static MESSAGE: Shape = Shape::Object(&[
    required("role", Shape::Choice(&ROLES)),
    optional("content", Shape::TextOr(&PARTS)),
    optional("tool_call_id", Shape::Text),
    optional("tool_calls", Shape::Array(&TOOL_CALL)),
    optional("function_call", FUNCTION),
    optional("refusal", Shape::Text),
    optional("name", Shape::Text),
]);
static PARTS: Shape = Shape::Array(&PART);
static PART: Shape = Shape::Object(&[
    required("type", Shape::Text),
    optional("text", Shape::Text),
    optional("refusal", Shape::Text),
    optional("image_url", Shape::Object(&[required("url", Shape::Text)])),
    optional("input_audio", Shape::Object(&[optional("format", Shape::Text)])),
]);
static TEXTS: Shape = Shape::Array(&Shape::Text);
static TOOL: Shape = Shape::Object(&[optional(
    "function",
    Shape::Object(&[required("name", Shape::Text), optional("description", Shape::Text)]),
)]);
static TOOL_CALL: Shape =
    Shape::Object(&[optional("id", Shape::Text), optional("function", FUNCTION)]);
const FUNCTION: Shape =
    Shape::Object(&[required("name", Shape::Text), optional("arguments", Shape::Text)]);
const STREAM_OPTIONS: Shape = Shape::Object(&[
    optional("include_usage", Shape::Boolean),
    optional("include_obfuscation", Shape::Boolean),
]);

/// What the vendor says to a body that does not parse.
pub(super) fn diagnose(body: &[u8], is_vendor: bool, error: &serde_json::Error) -> ApiError {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return ApiError::new(ErrorKind::Malformed);
    };
    // What goes before every wrong type.
    if let Value::Object(fields) = &value {
        let Some(model) = fields.get("model").filter(|model| !model.is_null()) else {
            return no_model();
        };
        if fields.get("messages").is_none_or(Value::is_null) {
            return missing("messages");
        }
        if let Some(unknown) = unknown_field(body).filter(|_| is_vendor) {
            return unrecognized(model.as_str().unwrap_or_default(), &unknown);
        }
    }
    diagnose_as(&CHAT, &value, error)
}

/// The same, for a body of another shape.
pub(super) fn diagnose_as(
    shape: &'static Shape,
    value: &Value,
    error: &serde_json::Error,
) -> ApiError {
    let Some(violation) = shape.check(value) else {
        return ApiError::invalid_request(format!("Invalid request body: {error}"));
    };
    let path = shape::bracketed(&violation.path);
    match violation.problem {
        Problem::Choice { choices, found } => unsupported(&path, found, choices),
        Problem::Missing => missing(&path),
        Problem::Type { .. } if path.is_empty() => ApiError::new(ErrorKind::Malformed),
        Problem::Type { wanted, found } => ApiError::invalid_request(format!(
            "Invalid type for '{path}': expected {}, but got {} instead.",
            wanted_words(wanted),
            found_words(found),
        ))
        .param(path)
        .code("invalid_type"),
    }
}

fn wanted_words(shape: &Shape) -> String {
    match shape {
        Shape::Array(item) => match item {
            Shape::Text => "an array of strings".to_owned(),
            _ => "an array of objects".to_owned(),
        },
        Shape::Boolean => "a boolean".to_owned(),
        Shape::Choice(_) => "a string".to_owned(),
        Shape::Integer => "an integer".to_owned(),
        Shape::Number => "a decimal".to_owned(),
        Shape::Object(_) => "an object".to_owned(),
        Shape::Text => "a string".to_owned(),
        Shape::TextOr(other) => {
            let other = wanted_words(other);
            format!("one of a string or {}", other.trim_start_matches("an "))
        }
    }
}

fn found_words(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "an array",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
        Value::Number(number) if number.is_f64() => "a decimal number",
        Value::Number(_) => "an integer",
        Value::Object(_) => "an object",
        Value::String(_) => "a string",
    }
}

pub(super) fn unsupported(path: &str, found: &str, choices: &[&str]) -> ApiError {
    let quoted: Vec<_> = choices.iter().map(|choice| format!("'{choice}'")).collect();
    let listed = match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{}, and {last}", others.join(", ")),
        None => String::new(),
    };
    let message = format!("Invalid value: '{found}'. Supported values are: {listed}.");
    ApiError::invalid_request(message).param(path.to_owned()).code("invalid_value")
}

const ROLES: [&str; 6] = ["system", "assistant", "user", "function", "tool", "developer"];
pub(super) const PART_TYPES: [&str; 6] =
    ["text", "image_url", "input_audio", "refusal", "audio", "file"];

pub(super) fn missing(path: &str) -> ApiError {
    ApiError::invalid_request(format!("Missing required parameter: '{path}'."))
        .param(path.to_owned())
        .code("missing_required_parameter")
}
