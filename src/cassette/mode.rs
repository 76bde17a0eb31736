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
}

impl RecordMode {
    /// Reads `replay`, `record_missing` or `record_all`, the values of `MOCK_LLM` that are about
    /// cassettes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "record_all" => Self::RecordAll,
            "record_missing" => Self::RecordMissing,
            "replay" => Self::Replay,
            _ => return None,
        })
    }

    pub(super) fn from_u8(mode: u8) -> Self {
        let all = [Self::Off, Self::RecordAll, Self::RecordMissing];
        all.into_iter().find(|known| *known as u8 == mode).unwrap_or_default()
    }
}
