//! A recording among others: read when it is asked for.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;

use super::canon::{Asked, Keyer};
use super::format::quick::{self, Entry};
use super::interaction::Interaction;
use super::redact::Pointer;

/// A recording. What a lookup touches stands first, where an `Arc` counts: of many recordings each
/// further line of memory must be waited for.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Take {
    pub(super) used: AtomicBool,
    pub(super) is_interrupted: bool,
    /// Where it stands in its file; 0 if it was recorded just now.
    pub(super) line: usize,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// Lines of the file, and, if they were looked at, where in them the answer begins.
    Filed(Bytes, Option<NonZero<usize>>),
    Made(Arc<Interaction>),
}

impl From<Entry> for Take {
    fn from(entry: Entry) -> Self {
        let Entry { lines, answer, number: line, is_interrupted, .. } = entry;
        Self {
            source: Source::Filed(lines, NonZero::new(answer)),
            line,
            is_interrupted,
            used: AtomicBool::default(),
        }
    }
}

impl Take {
    pub(super) fn made(interaction: Interaction) -> Self {
        let (line, is_interrupted) = (interaction.line, interaction.interrupted.is_some());
        let source = Source::Made(Arc::new(interaction));
        Self { source, line, is_interrupted, used: AtomicBool::default() }
    }

    /// A recording that was found by an index: lines of its own, which are not looked at until it is
    /// replayed.
    pub(super) fn filed(lines: Bytes, line: usize) -> Self {
        let source = Source::Filed(lines, None);
        Self { source, line, is_interrupted: false, used: AtomicBool::default() }
    }

    /// What was asked and answered; nothing, if it cannot be read. What was looked at before can be, as
    /// long as its bytes are the same.
    pub(super) fn interaction(&self) -> Option<Arc<Interaction>> {
        match &self.source {
            Source::Filed(lines, _) => quick::interaction(lines, self.line).map(Arc::new),
            Source::Made(interaction) => Some(Arc::clone(interaction)),
        }
    }

    /// What is replayed: of an interaction that stands in a file, without what was asked. Nothing, if it
    /// cannot be read.
    pub(super) fn answer(&self) -> Option<Arc<Interaction>> {
        match &self.source {
            Source::Filed(lines, at) => {
                let at = match at {
                    Some(at) => at.get(),
                    None => memchr::memchr(b'\n', lines)? + 1,
                };
                quick::answer(lines, at, self.line).map(Arc::new)
            }
            Source::Made(interaction) => Some(Arc::clone(interaction)),
        }
    }

    pub(super) fn asked(&self) -> Option<Asked> {
        Some(self.interaction()?.asked())
    }

    pub(super) fn key(&self, keyer: &mut Keyer, ignored: &[Pointer]) -> Option<u128> {
        if let Source::Filed(lines, _) = &self.source
            && let Some(key) = quick::key(lines, keyer, ignored)
        {
            return Some(key);
        }
        Some(self.asked()?.key(ignored))
    }
}

/// The recordings of one request, in order, and how many of them were replayed: mostly there is one. A
/// table of many has two words for each, so that none is astride two lines of memory.
#[derive(Debug, Default)]
pub(super) enum Slot {
    #[default]
    None,
    One {
        is_played: bool,
        take: Arc<Take>,
    },
    Many(Box<Several>),
}

#[derive(Debug)]
pub(super) struct Several {
    takes: Vec<Arc<Take>>,
    played: usize,
}

impl Slot {
    pub(super) fn all(&self) -> &[Arc<Take>] {
        match self {
            Self::None => &[],
            Self::One { take, .. } => std::slice::from_ref(take),
            Self::Many(several) => &several.takes,
        }
    }

    pub(super) fn push(&mut self, take: Arc<Take>) {
        *self = match std::mem::take(self) {
            Self::None => Self::One { is_played: false, take },
            Self::Many(mut several) => {
                several.takes.push(take);
                Self::Many(several)
            }
            Self::One { is_played, take: first } => Self::Many(Box::new(Several {
                takes: vec![first, take],
                played: usize::from(is_played),
            })),
        };
    }

    pub(super) fn played(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One { is_played, .. } => usize::from(*is_played),
            Self::Many(several) => several.played,
        }
    }

    /// That so many were replayed; at most all of them.
    pub(super) fn set_played(&mut self, count: usize) {
        match self {
            Self::None => {}
            Self::One { is_played, .. } => *is_played = count > 0,
            Self::Many(several) => several.played = count.min(several.takes.len()),
        }
    }
}

const _: () = assert!(size_of::<Slot>() == 16);
