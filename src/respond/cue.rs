//! What a responder is told beside the request.

use std::fmt;

use super::Match;

/// What the crate's own responders are told beside the request.
#[derive(Clone, Copy, Default)]
pub struct Cue<'a> {
    /// The rule's condition.
    #[cfg_attr(not(feature = "templates"), expect(dead_code, reason = "only templates ask"))]
    pub(super) condition: Option<&'a dyn Match>,
    /// How often the rule answered before.
    pub(super) given: u64,
    /// The layer's seed.
    pub(super) seed: u64,
}

impl Cue<'_> {
    /// Of an answer that no rule gives.
    pub(crate) fn of_default(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }
}

impl fmt::Debug for Cue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cue")
            .field("given", &self.given)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
