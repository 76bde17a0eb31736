//! What a check finds.

/// Whether a value is valid.
///
/// Three words, since some keywords are left to others (`format`, `$dynamicRef`): a value is
/// refused only where it is certain that it is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Invalid,
    Unknown,
    Valid,
}

impl Verdict {
    /// Both must hold.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Invalid, _) | (_, Self::Invalid) => Self::Invalid,
            (Self::Valid, Self::Valid) => Self::Valid,
            _ => Self::Unknown,
        }
    }

    /// The opposite must hold.
    pub(super) fn not(self) -> Self {
        match self {
            Self::Invalid => Self::Valid,
            Self::Unknown => Self::Unknown,
            Self::Valid => Self::Invalid,
        }
    }

    pub(super) fn is_invalid(self) -> bool {
        self == Self::Invalid
    }
}

impl From<bool> for Verdict {
    fn from(holds: bool) -> Self {
        if holds { Self::Valid } else { Self::Invalid }
    }
}

/// How many of several schemas a value is valid against.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) all: u64,
    pub(super) valid: u64,
    pub(super) unknown: u64,
}

impl Tally {
    pub(super) fn add(&mut self, verdict: Verdict) {
        self.all += 1;
        self.valid += u64::from(verdict == Verdict::Valid);
        self.unknown += u64::from(verdict == Verdict::Unknown);
    }

    /// Whether the count lies within these bounds, as far as it is known.
    pub(super) fn within(self, least: u64, most: u64) -> Verdict {
        let highest = self.valid + self.unknown;
        if highest < least || self.valid > most {
            Verdict::Invalid
        } else if self.valid >= least && highest <= most {
            Verdict::Valid
        } else {
            Verdict::Unknown
        }
    }
}
