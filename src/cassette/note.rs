//! What a cassette did that is worth knowing.

use std::fmt;
use std::time::Duration;

use super::diff::{Difference, DifferenceClass};
use super::drift::Drift;
use super::stamp::words;

/// Something that a cassette did: see [`Cassette::notes`](crate::cassette::Cassette::notes). Its
/// `Display` is a sentence.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// An old recording was replayed.
    #[non_exhaustive]
    Aged {
        /// Where the recording stands: `tests/a.jsonl:2`.
        recording: String,
        /// How old it is; `None` if it does not say.
        age: Option<Duration>,
    },
    /// The provider was asked again, and its answer has another shape.
    #[non_exhaustive]
    Drifted {
        /// Where the recording stands.
        recording: String,
        /// In what they differ.
        drift: Vec<Drift>,
    },
    /// The recording of another request was replayed, which was [near
    /// enough](crate::cassette::Cassette::fuzzy).
    #[non_exhaustive]
    Fuzzy {
        /// Where the recording stands.
        recording: String,
        /// Which part of the words differs.
        distance: f64,
        /// In what the requests differ.
        differences: Vec<Difference>,
    },
    /// The provider was to be asked again, and did not answer as a whole, or with success: the recording
    /// stays.
    #[non_exhaustive]
    Kept {
        /// Where the recording stands.
        recording: String,
        /// What came instead.
        why: String,
    },
    /// Another model answered than the one that was recorded before. Its recording stands in the place of
    /// the old one.
    #[non_exhaustive]
    ModelChanged {
        /// Where the old recording stood.
        recording: String,
        /// How the model named itself.
        was: String,
        /// How it names itself now.
        is: String,
    },
    /// A recording of one provider's answered a client of another's: see
    /// [`Cassette::transcode`](crate::cassette::Cassette::transcode).
    #[non_exhaustive]
    Transcoded {
        /// Where the recording stands.
        recording: String,
        /// Whose it is.
        from: String,
        /// Whose API was asked.
        to: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aged { recording, age: Some(age) } => {
                write!(f, "{recording} was recorded {} ago", words(*age))
            }
            Self::Aged { recording, age: None } => {
                write!(f, "{recording} does not say when it was recorded")
            }
            Self::Drifted { recording, drift } => {
                const SHOWN: usize = 10;
                write!(f, "{recording} is no longer what the provider answers")?;
                for (index, drift) in drift.iter().take(SHOWN).enumerate() {
                    write!(f, "{}{drift}", if index == 0 { ": " } else { "; " })?;
                }
                match drift.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(f, "; and {more} more"),
                }
            }
            Self::Fuzzy { recording, distance, differences } => {
                let percent = distance * 100.0;
                write!(
                    f,
                    "{recording} answered another request, {percent:.1} % of whose words differ"
                )?;
                let differences = differences.iter();
                let mut lead = ": ";
                for differs in differences.filter(|it| it.class != DifferenceClass::Volatile) {
                    write!(f, "{lead}{differs}")?;
                    lead = "; ";
                }
                Ok(())
            }
            Self::Kept { recording, why } => write!(f, "{recording} stays as it is: {why}"),
            Self::Transcoded { recording, from, to } => {
                write!(f, "{recording}, a recording of {from}, answered a client of {to}")
            }
            Self::ModelChanged { recording, was, is } => {
                write!(f, "{recording} was answered by {was}, and is by {is} now")
            }
        }
    }
}

/// How many notes are kept: a process may run for long.
pub(super) const MOST: usize = 1000;
