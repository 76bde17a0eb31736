//! What a recorded answer tells of itself.

use crate::provider::heard::{Heard, Telling};

/// Streams of chat completions end with `[DONE]`; those of responses with an event that says how it went
/// (<https://platform.openai.com/docs/api-reference/responses-streaming>, read 2026-11-21).
pub(super) fn hear(event: &[u8]) -> Heard {
    const LAST: [&str; 3] = ["response.completed", "response.failed", "response.incomplete"];
    if event == b"[DONE]" {
        return Heard::default().last();
    }
    let telling = Telling::of(event);
    let model = telling.model.or(telling.response.and_then(|response| response.model));
    let is_last = telling.kind.is_some_and(|kind| LAST.contains(&&*kind));
    Heard { model, is_last }
}
