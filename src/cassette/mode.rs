//! Whether a cassette is read or written.

/// What a cassette does, in VCR's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordMode {
    /// As if there were no cassette: rules and the default reply answer. To let everything through to
    /// the provider, switch the layer [off](crate::Mode::Off).
    Off,
    /// What was recorded is replayed; all else is refused, and never leaves. The default.
    #[default]
    Replay,
    /// Everything goes to the provider and is recorded, in place of what was recorded before. Spends
    /// money.
    RecordAll,
    /// What was recorded is replayed; all else goes to the provider and is recorded. Spends money.
    RecordMissing,
    /// As [`RecordMissing`](Self::RecordMissing), but what is too old goes to the provider again, and
    /// the new answer stands in place of the old one: what is older than
    /// [`max_age`](crate::cassette::Cassette::max_age), or than 30 days where that is not set, or does
    /// not say when it was recorded. Spends money.
    ///
    /// A recording of success stays if the provider answers with an error now, or breaks off; that is
    /// told by [`MockHandle::check`](crate::MockHandle::check).
    Refresh,
    /// What was recorded is asked again of the provider and then replayed. Nothing is written; where the
    /// provider's answer has another shape than the recorded one, that is told by
    /// [`Cassette::notes`](crate::cassette::Cassette::notes) and
    /// [`MockHandle::check`](crate::MockHandle::check). All else is refused. Spends money.
    Verify,
}

impl RecordMode {
    /// Reads `replay`, `record_missing`, `record_all`, `refresh` or `verify`, the values of `MOCK_LLM`
    /// that are about cassettes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "record_all" => Self::RecordAll,
            "record_missing" => Self::RecordMissing,
            "refresh" => Self::Refresh,
            "replay" => Self::Replay,
            "verify" => Self::Verify,
            _ => return None,
        })
    }

    /// What it does beside replaying, in a word.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Verify => "verify",
            _ => "record",
        }
    }

    pub(super) fn from_u8(mode: u8) -> Self {
        let all = [Self::Off, Self::RecordAll, Self::RecordMissing, Self::Refresh, Self::Verify];
        all.into_iter().find(|known| *known as u8 == mode).unwrap_or_default()
    }
}
