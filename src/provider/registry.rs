//! The providers that are built in.

use std::sync::Arc;

use super::{Room, anthropic, openai};

/// Every built-in room, one line each.
pub(crate) fn builtin() -> Vec<Room> {
    vec![Arc::new(anthropic::Anthropic), Arc::new(openai::OpenAi)]
}
