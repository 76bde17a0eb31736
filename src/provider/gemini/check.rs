//! What Gemini refuses although it could be read.

use std::fmt;

use super::diagnose::diagnose_fields;
use super::message::{Content, Part};
use super::request::GenerateContentRequest;
use crate::reply::ApiError;

impl GenerateContentRequest {
    /// What the vendor refuses although it parses.
    pub(super) fn check(&self, json: &[u8]) -> Result<(), ApiError> {
        self.check_fields(json)?;
        let roles = self.contents.iter().filter_map(|c| c.role.as_deref());
        for role in roles {
            // `function` is what older clients call the turn of function responses.
            if !matches!(role, "" | "function" | "model" | "user") {
                return Err(ApiError::invalid_request("Please use a valid role: user, model."));
            }
        }
        let calling = self.function_calling();
        if calling.is_some() && self.declarations().next().is_none() {
            return Err(ApiError::invalid_request(
                "Function calling config is set without function_declarations.",
            ));
        }
        check_turns(&self.contents)
    }

    /// The faults that name a field, all of them in one message.
    fn check_fields(&self, json: &[u8]) -> Result<(), ApiError> {
        let mut message = String::new();
        let mut fault = |path: fmt::Arguments<'_>, what: &str| {
            message.push_str(&format!("* GenerateContentRequest.{path}: {what}\n"));
        };
        if self.contents.is_empty() {
            fault(format_args!("contents"), "contents is not specified");
        }
        for (at, content) in self.contents.iter().enumerate() {
            if content.parts.is_empty() {
                fault(format_args!("contents[{at}].parts"), "contents.parts must not be empty.");
            }
            for (part_at, part) in content.parts.iter().enumerate() {
                if part.is_empty() {
                    // Perhaps there is data under a name that is none.
                    if let Some(refused) = diagnose_fields(json) {
                        return Err(refused);
                    }
                    fault(
                        format_args!("contents[{at}].parts[{part_at}].data"),
                        "required oneof field 'data' must have one initialized field",
                    );
                }
            }
        }
        for (at, tool) in self.tools.iter().enumerate() {
            for (function_at, function) in tool.function_declarations.iter().enumerate() {
                if !is_function_name(function.name.as_deref().unwrap_or_default()) {
                    fault(
                        format_args!("tools[{at}].function_declarations[{function_at}].name"),
                        "Invalid function name. Must start with a letter or an underscore. Must \
                         be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or \
                         dashes (-), with a maximum length of 64.",
                    );
                }
            }
        }
        if let Some(config) = &self.generation_config {
            config.check(&mut fault);
        }
        if message.is_empty() { Ok(()) } else { Err(ApiError::invalid_request(message)) }
    }
}

/// Function responses follow function calls, as many as there are. Neighbouring contents of one
/// side count as one turn: clients send each response in a content of its own.
fn check_turns(contents: &[Content]) -> Result<(), ApiError> {
    let count = |content: &Content, wanted: fn(&Part) -> bool| {
        content.parts.iter().filter(|part| wanted(part)).count()
    };
    let is_model = |content: &Content| content.role.as_deref() == Some("model");
    let turns = contents.chunk_by(|a, b| is_model(a) == is_model(b));
    let mut calls = 0;
    for turn in turns {
        if is_model(&turn[0]) {
            calls = turn
                .iter()
                .map(|content| count(content, |part| part.function_call.is_some()))
                .sum();
            continue;
        }
        let responses: usize = turn
            .iter()
            .map(|content| count(content, |part| part.function_response.is_some()))
            .sum();
        let fault = match (calls, responses) {
            (_, 0) => None,
            (0, _) => Some(
                "Please ensure that function response turn comes immediately after a function \
                 call turn.",
            ),
            (calls, responses) if calls != responses => Some(
                "Please ensure that the number of function response parts is equal to the number \
                 of function call parts of the function call turn.",
            ),
            _ => None,
        };
        if let Some(fault) = fault {
            return Err(ApiError::invalid_request(fault));
        }
        calls = 0;
    }
    Ok(())
}

fn is_function_name(name: &str) -> bool {
    let is_start = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    name.len() <= 64
        && name.bytes().next().is_some_and(is_start)
        && name
            .bytes()
            .all(|byte| is_start(byte) || byte.is_ascii_digit() || b".:-".contains(&byte))
}
