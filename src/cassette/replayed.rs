//! Which recording answered, for the journal.

use std::sync::Arc;

use super::Cassette;
use super::diff::Difference;
use super::fuzzy::Near;

/// The recording that answered a request: see [`Received::replayed`](crate::Received::replayed).
#[derive(Clone, Debug)]
pub struct Replayed {
    pub(super) cassette: Cassette,
    pub(super) line: usize,
    pub(super) near: Option<Arc<Near>>,
}

impl Replayed {
    /// Where it stands: `tests/a.jsonl:2`.
    pub fn place(&self) -> String {
        self.cassette.place(self.line)
    }

    /// How far its request is from this one, as a fraction of the words, if it is another one that was
    /// [near enough](Cassette::fuzzy).
    pub fn distance(&self) -> Option<f64> {
        self.near.as_ref().map(|near| near.distance)
    }

    /// How its request differs from this one. Empty, if it was no [fuzzy](Cassette::fuzzy) match.
    pub fn differences(&self) -> &[Difference] {
        self.near.as_ref().map_or(&[], |near| &near.differences)
    }
}
