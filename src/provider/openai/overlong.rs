//! Inputs for embeddings that are too long.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::embeddings::is_number;
use crate::reply::ApiError;
use crate::request::{Content, LlmRequest, Message};

/// <https://platform.openai.com/docs/api-reference/embeddings/create> (read 2026-11-21).
const MOST_TOKENS: u64 = 8192;

/// The longest token of the vocabulary of these models: 128 spaces.
const LONGEST_TOKEN: u64 = 128;

/// Why an input is too long for a model of the vendor's own, in the words that issues quote. Where nobody
/// counts, only what is too long at the longest of tokens is: nothing is refused that the vendor may
/// take.
pub(super) fn overlong(
    request: &LlmRequest,
    count: &dyn Fn(&str) -> Option<u64>,
) -> Option<ApiError> {
    if !request.model.starts_with("text-embedding-") {
        return None;
    }
    let tokens = |content: &Content| match content {
        Content::Tokens(tokens) => tokens.len() as u64,
        Content::Text(text) => {
            // No token is shorter than a byte.
            let bytes = text.len() as u64;
            let least = bytes.div_ceil(LONGEST_TOKEN);
            if bytes <= MOST_TOKENS { least } else { count(text).unwrap_or(least) }
        }
        _ => 0,
    };
    let is_overlong =
        |message: &Message| message.content().iter().any(|it| tokens(it) > MOST_TOKENS);
    let index = request.messages.iter().position(is_overlong)?;
    // A list of numbers is one input too.
    let is_list = serde_json::from_slice::<Inputs<'_>>(&request.body).is_ok_and(|asked| {
        let items = serde_json::from_str::<Vec<&RawValue>>(asked.input.get());
        items.is_ok_and(|items| !is_number(items.first()))
    });
    Some(ApiError::invalid_request(if is_list {
        format!("Invalid 'input[{index}]': maximum input length is {MOST_TOKENS} tokens.")
    } else {
        format!("Invalid 'input': maximum context length is {MOST_TOKENS} tokens.")
    }))
}

#[derive(Deserialize)]
struct Inputs<'a> {
    #[serde(borrow)]
    input: &'a RawValue,
}
