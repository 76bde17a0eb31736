//! The providers that are built in.

use std::sync::Arc;

use super::home::Home;
use super::{Room, anthropic, gemini, openai};

/// Every built-in room, one line each.
pub(crate) fn builtin() -> Vec<Room> {
    vec![Arc::new(openai::OpenAi), Arc::new(anthropic::Anthropic), Arc::new(gemini::Gemini)]
}

/// What they tell of their vendors.
pub(crate) static HOMES: [&Home; 3] = [&openai::HOME, &anthropic::HOME, &gemini::HOME];
