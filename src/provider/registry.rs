//! The providers that are built in.

use std::sync::Arc;

use super::{Room, anthropic, gemini, openai};

/// Every built-in room, one line each.
pub(crate) fn builtin() -> Vec<Room> {
    vec![Arc::new(openai::OpenAi), Arc::new(anthropic::Anthropic), Arc::new(gemini::Gemini)]
}
