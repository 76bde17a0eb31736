//! What a recorded answer tells of itself.

use crate::provider::heard::{Heard, Telling};

/// No event says that it is the last: a stream ends with its body, or with the end of its array.
pub(super) fn hear(event: &[u8]) -> Heard {
    Heard { model: Telling::of(event).model_version, is_last: false }
}
