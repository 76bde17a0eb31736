//! How often a rule is to answer.

use std::fmt;
use std::ops::{Bound, RangeBounds};

/// What is expected of a rule.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected {
    All,
    Times(Times),
}

/// How often: a number or a range of numbers.
///
/// ```
/// use tower_mock_llm::Times;
///
/// assert_eq!(Times::from(2).to_string(), "2");
/// assert_eq!(Times::from(1..).to_string(), "at least 1");
/// assert_eq!(Times::from(..=3).to_string(), "at most 3");
/// assert_eq!(Times::from(1..3).to_string(), "1 to 2");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    least: u64,
    /// Inclusive.
    most: Option<u64>,
}

impl Times {
    pub(super) fn holds(&self, times: u64) -> bool {
        times >= self.least && self.most.is_none_or(|most| times <= most)
    }

    pub(super) fn is_one(&self) -> bool {
        self.least == 1 && self.most == Some(1)
    }

    pub(crate) fn of(range: impl RangeBounds<u64>) -> Self {
        let least = match range.start_bound() {
            Bound::Included(n) => *n,
            Bound::Excluded(n) => n.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let most = match range.end_bound() {
            Bound::Included(n) => Some(*n),
            Bound::Excluded(n) => Some(n.saturating_sub(1)),
            Bound::Unbounded => None,
        };
        Self { least, most }
    }
}

impl From<u64> for Times {
    fn from(times: u64) -> Self {
        Self::of(times..=times)
    }
}

impl From<std::ops::Range<u64>> for Times {
    fn from(range: std::ops::Range<u64>) -> Self {
        Self::of(range)
    }
}

impl From<std::ops::RangeFrom<u64>> for Times {
    fn from(range: std::ops::RangeFrom<u64>) -> Self {
        Self::of(range)
    }
}

impl From<std::ops::RangeInclusive<u64>> for Times {
    fn from(range: std::ops::RangeInclusive<u64>) -> Self {
        Self::of(range)
    }
}

impl From<std::ops::RangeToInclusive<u64>> for Times {
    fn from(range: std::ops::RangeToInclusive<u64>) -> Self {
        Self::of(range)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, Some(most)) if least == most => write!(f, "{least}"),
            (0, Some(most)) => write!(f, "at most {most}"),
            (least, Some(most)) => write!(f, "{least} to {most}"),
            (least, None) => write!(f, "at least {least}"),
        }
    }
}
