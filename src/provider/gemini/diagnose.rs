//! What Gemini says to a body that does not parse.

use serde_json::Value;

use super::config::GENERATION_CONFIG;
use super::proto::{self, Kind, many, one};
use super::tools::MODES;
use crate::reply::{ApiError, ErrorKind};

/// What the vendor says to a body that does not parse.
pub(super) fn diagnose(json: &[u8], error: &serde_json::Error) -> ApiError {
    diagnose_as(&REQUEST, json, error)
}

/// The same, for another message.
pub(super) fn diagnose_as(
    message: &'static proto::Message,
    json: &[u8],
    error: &serde_json::Error,
) -> ApiError {
    match serde_json::from_slice::<Value>(json) {
        Err(error) => malformed(json, &error),
        Ok(value) => refused(proto::faults(message, &value)).unwrap_or_else(|| {
            ApiError::invalid_request(format!("Invalid JSON payload received. {error}"))
        }),
    }
}

/// What the vendor says to names that are none, in a body that parses.
pub(super) fn diagnose_fields(json: &[u8]) -> Option<ApiError> {
    let value = serde_json::from_slice::<Value>(json).ok()?;
    refused(proto::faults(&REQUEST, &value))
}

/// All faults in one refusal: a line of the message and a line of the parameter for each.
fn refused(faults: Vec<proto::Fault>) -> Option<ApiError> {
    let (fields, lines): (Vec<_>, Vec<_>) =
        faults.into_iter().map(|fault| (fault.field, fault.description)).unzip();
    (!lines.is_empty())
        .then(|| ApiError::invalid_request(lines.join("\n")).param(fields.join("\n")))
}

/// What stands around the place where the parser stopped, and what it missed there.
fn malformed(json: &[u8], error: &serde_json::Error) -> ApiError {
    const AROUND: usize = 20;
    let said = error.to_string();
    let reason = REASONS
        .iter()
        .find(|(serde, _)| said.starts_with(serde))
        .map_or("Unexpected token.", |(_, google)| *google);
    let is_over = error.is_eof();
    let stop = if is_over {
        json.len()
    } else {
        // serde_json counts bytes from 1, and stops after the byte at fault.
        let before: usize = json
            .split_inclusive(|byte| *byte == b'\n')
            .take(error.line().saturating_sub(1))
            .map(<[u8]>::len)
            .sum();
        (before + error.column().saturating_sub(1)).min(json.len())
    };
    let (start, end) = (stop.saturating_sub(AROUND), (stop + AROUND).min(json.len()));
    let context = String::from_utf8_lossy(&json[start..end]);
    let before = String::from_utf8_lossy(&json[start..stop]);
    // The mark stands below the place, in the last of the lines shown.
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    let over = if is_over { "Unexpected end of string. " } else { "" };
    ApiError::new(ErrorKind::Malformed).message(format!(
        "Invalid JSON payload received. {over}{reason}\n{context}\n{:column$}^",
        ""
    ))
}

/// serde_json's words, and Google's.
const REASONS: [(&str, &str); 11] = [
    ("EOF while parsing a list", "Expected , or ] after array value."),
    ("EOF while parsing a string", "Closing quote expected in string."),
    ("EOF while parsing a value", "Expected a value."),
    ("EOF while parsing an object", "Expected , or } after key:value pair."),
    ("expected `,` or `]`", "Expected , or ] after array value."),
    ("expected `,` or `}`", "Expected , or } after key:value pair."),
    ("expected `:`", "Expected : between key:value pair."),
    ("invalid escape", "Invalid escape sequence."),
    ("key must be a string", "Expected an object key or }."),
    ("recursion limit exceeded", "Message too deep."),
    ("trailing characters", "Parsing terminated before end of input."),
];

/// For bodies that do not parse. Of what changes often, only what the structs above read.
static REQUEST: proto::Message = proto::Message {
    name: "GenerateContentRequest",
    fields: &[
        many("contents", Kind::Message(&CONTENT)),
        one("system_instruction", Kind::Message(&CONTENT)),
        many("tools", Kind::Message(&TOOL)),
        one("tool_config", Kind::Message(&TOOL_CONFIG)),
        one("generation_config", Kind::Message(&GENERATION_CONFIG)),
        one("model", Kind::Any),
        one("cached_content", Kind::Any),
        one("continuation_token", Kind::Any),
        one("labels", Kind::Any),
        many("safety_settings", Kind::Any),
        one("service_tier", Kind::Any),
        one("store", Kind::Any),
    ],
    is_complete: true,
};
pub(super) static CONTENT: proto::Message = proto::Message {
    name: "Content",
    fields: &[many("parts", Kind::Message(&PART)), one("role", Kind::Text)],
    is_complete: true,
};
static PART: proto::Message = proto::Message {
    name: "Part",
    fields: &[
        one("text", Kind::Text),
        one("thought", Kind::Bool),
        one("thought_signature", Kind::Any),
        one("inline_data", Kind::Message(&BLOB)),
        one("file_data", Kind::Message(&FILE_DATA)),
        one("function_call", Kind::Message(&FUNCTION_CALL)),
        one("function_response", Kind::Message(&FUNCTION_RESPONSE)),
        one("executable_code", Kind::Any),
        one("code_execution_result", Kind::Any),
        one("tool_call", Kind::Any),
        one("tool_response", Kind::Any),
        one("video_metadata", Kind::Any),
        one("media_resolution", Kind::Any),
        one("part_metadata", Kind::Any),
    ],
    is_complete: true,
};
static BLOB: proto::Message = proto::Message {
    name: "Blob",
    fields: &[one("mime_type", Kind::Text), one("data", Kind::Any)],
    is_complete: false,
};
static FILE_DATA: proto::Message = proto::Message {
    name: "FileData",
    fields: &[one("mime_type", Kind::Text), one("file_uri", Kind::Text)],
    is_complete: false,
};
static FUNCTION_CALL: proto::Message = proto::Message {
    name: "FunctionCall",
    fields: &[one("id", Kind::Text), one("name", Kind::Text), one("args", Kind::Any)],
    is_complete: false,
};
static FUNCTION_RESPONSE: proto::Message = proto::Message {
    name: "FunctionResponse",
    fields: &[one("id", Kind::Text), one("name", Kind::Text), one("response", Kind::Any)],
    is_complete: false,
};
static TOOL: proto::Message = proto::Message {
    name: "Tool",
    fields: &[many("function_declarations", Kind::Message(&DECLARATION))],
    is_complete: false,
};
static DECLARATION: proto::Message = proto::Message {
    name: "FunctionDeclaration",
    fields: &[one("name", Kind::Text), one("description", Kind::Text)],
    is_complete: false,
};
static TOOL_CONFIG: proto::Message = proto::Message {
    name: "ToolConfig",
    fields: &[one("function_calling_config", Kind::Message(&FUNCTION_CALLING_CONFIG))],
    is_complete: false,
};
static FUNCTION_CALLING_CONFIG: proto::Message = proto::Message {
    name: "FunctionCallingConfig",
    fields: &[
        one("mode", Kind::Enum("FunctionCallingConfig.Mode", &MODES)),
        many("allowed_function_names", Kind::Text),
    ],
    is_complete: false,
};
