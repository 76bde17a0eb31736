//! What a recorded answer tells of itself.

use crate::provider::heard::{Heard, Telling};

/// After <https://platform.claude.com/docs/en/build-with-claude/streaming> (read 2026-11-21).
pub(super) fn hear(event: &[u8]) -> Heard {
    let telling = Telling::of(event);
    let model = telling.model.or(telling.message.and_then(|message| message.model));
    Heard { model, is_last: telling.kind.as_deref() == Some("message_stop") }
}
