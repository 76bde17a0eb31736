//! A recording among others: read when it is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;

use super::canon::{Asked, Keyer};
use super::format::quick::{self, Entry};
use super::interaction::Interaction;
use super::redact::Pointer;

/// A recording. It says where that is: to hand it out nothing of it is touched, since of many recordings
/// each further line of memory must be waited for.
#[derive(Clone, Debug)]
pub(super) enum Take {
    /// One of a file, by its number in there.
    Filed(Arc<Filed>, u32),
    Single(Arc<Single>),
}

/// All recordings of a file, which were looked at.
#[derive(Debug)]
pub(super) struct Filed {
    entries: Vec<Entry>,
    /// A bit for each.
    used: Vec<AtomicU64>,
}

/// One that stands alone.
#[derive(Debug)]
pub(super) struct Single {
    used: AtomicBool,
    is_interrupted: bool,
    /// Where it stands in its file; 0 if it was recorded just now.
    line: usize,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// Lines of a file, to which an index led.
    Lines(Bytes),
    Made(Arc<Interaction>),
}

/// Tells a recording from all others that are there at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id(usize, u32);

impl Take {
    /// Those of a file, in order, each with the key of its request; `None` if there are too many.
    pub(super) fn filed(
        mut entries: Vec<Entry>,
    ) -> Option<impl ExactSizeIterator<Item = (u128, Self)>> {
        let count = u32::try_from(entries.len()).ok()?;
        entries.shrink_to_fit();
        let words = entries.len().div_ceil(u64::BITS as usize);
        let used = std::iter::repeat_with(AtomicU64::default).take(words).collect();
        let filed = Arc::new(Filed { entries, used });
        Some(
            (0..count).map(move |at| {
                (filed.entries[at as usize].key, Self::Filed(Arc::clone(&filed), at))
            }),
        )
    }

    pub(super) fn made(interaction: Interaction) -> Self {
        Self::Single(Arc::new(Single {
            used: AtomicBool::default(),
            is_interrupted: interaction.interrupted.is_some(),
            line: interaction.line,
            source: Source::Made(Arc::new(interaction)),
        }))
    }

    /// A recording that was found by an index: lines of its own, which are not looked at until it is
    /// replayed.
    pub(super) fn found(lines: Bytes, line: usize) -> Self {
        Self::Single(Arc::new(Single {
            used: AtomicBool::default(),
            is_interrupted: false,
            line,
            source: Source::Lines(lines),
        }))
    }

    pub(super) fn id(&self) -> Id {
        match self {
            Self::Filed(filed, at) => Id(Arc::as_ptr(filed).addr(), *at),
            Self::Single(single) => Id(Arc::as_ptr(single).addr(), 0),
        }
    }

    /// Where it stands in its file; 0 if it was recorded just now.
    pub(super) fn line(&self) -> usize {
        match self {
            Self::Filed(filed, at) => filed.entries[*at as usize].number,
            Self::Single(single) => single.line,
        }
    }

    pub(super) fn is_interrupted(&self) -> bool {
        match self {
            Self::Filed(filed, at) => filed.entries[*at as usize].is_interrupted,
            Self::Single(single) => single.is_interrupted,
        }
    }

    pub(super) fn is_used(&self) -> bool {
        match self {
            Self::Filed(filed, at) => {
                let (word, bit) = filed.bit(*at);
                word.load(Ordering::Relaxed) & bit != 0
            }
            Self::Single(single) => single.used.load(Ordering::Relaxed),
        }
    }

    /// Notes whether it was replayed.
    pub(super) fn set_used(&self, used: bool) {
        match self {
            Self::Filed(filed, at) => {
                let (word, bit) = filed.bit(*at);
                match used {
                    true => word.fetch_or(bit, Ordering::Relaxed),
                    false => word.fetch_and(!bit, Ordering::Relaxed),
                };
            }
            Self::Single(single) => single.used.store(used, Ordering::Relaxed),
        }
    }

    fn source(&self) -> Result<&Bytes, &Arc<Interaction>> {
        match self {
            Self::Filed(filed, at) => Ok(&filed.entries[*at as usize].lines),
            Self::Single(single) => match &single.source {
                Source::Lines(lines) => Ok(lines),
                Source::Made(interaction) => Err(interaction),
            },
        }
    }

    /// What was asked and answered; nothing, if it cannot be read. What was looked at before can be, as
    /// long as its bytes are the same.
    pub(super) fn interaction(&self) -> Option<Arc<Interaction>> {
        match self.source() {
            Ok(lines) => quick::interaction(lines, self.line()).map(Arc::new),
            Err(interaction) => Some(Arc::clone(interaction)),
        }
    }

    /// What is replayed: of an interaction that stands in a file, without what was asked. Nothing, if it
    /// cannot be read.
    pub(super) fn answer(&self) -> Option<Arc<Interaction>> {
        match self.source() {
            Ok(lines) => {
                let at = match self {
                    Self::Filed(filed, at) => filed.entries[*at as usize].answer,
                    Self::Single(_) => memchr::memchr(b'\n', lines)? + 1,
                };
                quick::answer(lines, at, self.line()).map(Arc::new)
            }
            Err(interaction) => Some(Arc::clone(interaction)),
        }
    }

    pub(super) fn asked(&self) -> Option<Asked> {
        Some(self.interaction()?.asked())
    }

    pub(super) fn key(&self, keyer: &mut Keyer, ignored: &[Pointer]) -> Option<u128> {
        if let Ok(lines) = self.source()
            && let Some(key) = quick::key(lines, keyer, ignored)
        {
            return Some(key);
        }
        Some(self.asked()?.key(ignored))
    }
}

impl Filed {
    fn bit(&self, at: u32) -> (&AtomicU64, u64) {
        (&self.used[(at / u64::BITS) as usize], 1 << (at % u64::BITS))
    }
}
