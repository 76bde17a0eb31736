//! When and by whom something was recorded, and when that is too long ago.

use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::pace;
use crate::util::time::{rfc3339, seconds};

/// What stands beside a recording about the recording itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stamp {
    /// RFC 3339, in UTC.
    pub(crate) at: String,
    /// This crate, and its version.
    pub(crate) by: String,
    /// The model that answered, as it names itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
}

impl Stamp {
    pub(super) fn now(model: Option<String>) -> Self {
        let at = String::from_utf8_lossy(&rfc3339(now())).into_owned();
        let by = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned();
        Self { at, by, model }
    }

    /// How long ago that was at this second since 1970; nothing, if the time is none.
    pub(super) fn age(&self, now: u64) -> Option<Duration> {
        Some(Duration::from_secs(now.saturating_sub(seconds(&self.at)?)))
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    pace::wall().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// What becomes of a recording that is older than
/// [`Cassette::max_age`](crate::cassette::Cassette::max_age).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stale {
    /// It is refused like one that is not there.
    Fail,
    /// In [`RecordMode::RecordMissing`](crate::cassette::RecordMode::RecordMissing) it is recorded
    /// again; in [`RecordMode::Replay`](crate::cassette::RecordMode::Replay), which never calls a
    /// provider, it is as for [`Warn`](Self::Warn).
    Refresh,
    /// It is replayed. The first of a cassette is told on standard error, and each in
    /// [`Cassette::notes`](crate::cassette::Cassette::notes).
    Warn,
}

/// How old recordings may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct MaxAge {
    pub(super) age: Duration,
    pub(super) stale: Stale,
}

impl MaxAge {
    /// What [`RecordMode::Refresh`](super::RecordMode::Refresh) takes for too old when nothing is said.
    pub(super) const REFRESH: Duration = Duration::from_secs(30 * 86_400);
}

/// An age in words: `45 days`.
pub(super) fn words(age: Duration) -> String {
    let seconds = age.as_secs();
    let (number, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_their_own_unit() {
        for (seconds, text) in
            [(1, "1 second"), (119, "119 seconds"), (7199, "119 minutes"), (7200, "2 hours")]
        {
            assert_eq!(words(Duration::from_secs(seconds)), text);
        }
        assert_eq!(words(MaxAge::REFRESH), "30 days");
    }

    #[test]
    fn a_stamp_knows_its_age() {
        let stamp = Stamp::now(None);
        assert!(stamp.age(now()).unwrap() < Duration::from_secs(60));
        // A clock that was put back makes nothing old.
        assert_eq!(stamp.age(0), Some(Duration::ZERO));
        assert_eq!(Stamp { at: "lately".to_owned(), ..stamp }.age(0), None);
    }
}
