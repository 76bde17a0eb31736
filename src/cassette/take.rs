//! A recording among others: read when it is asked for.

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
    /// Lines of the file, which were looked at, and where in them the answer begins.
    Filed(Bytes, usize),
    Made(Arc<Interaction>),
}

impl From<Entry> for Take {
    fn from(entry: Entry) -> Self {
        let Entry { lines, answer, number: line, is_interrupted, .. } = entry;
        Self {
            source: Source::Filed(lines, answer),
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

    /// A recording that was found by an index: lines of its own. Nothing, if there is no answer in them.
    pub(super) fn filed(lines: Bytes, line: usize) -> Option<Self> {
        let answer = memchr::memchr(b'\n', &lines)? + 1;
        let source = Source::Filed(lines, answer);
        Some(Self { source, line, is_interrupted: false, used: AtomicBool::default() })
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
            Source::Filed(lines, at) => quick::answer(lines, *at, self.line).map(Arc::new),
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

/// A few of them: mostly one.
#[derive(Debug, Default)]
pub(super) enum Takes {
    #[default]
    None,
    One(Arc<Take>),
    // In a box, so that a table of many is small.
    Many(Box<Several>),
}

#[derive(Debug)]
pub(super) struct Several(Vec<Arc<Take>>);

impl Takes {
    pub(super) fn all(&self) -> &[Arc<Take>] {
        match self {
            Self::None => &[],
            Self::One(take) => std::slice::from_ref(take),
            Self::Many(takes) => &takes.0,
        }
    }

    pub(super) fn push(&mut self, take: Arc<Take>) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(take),
            Self::Many(mut takes) => {
                takes.0.push(take);
                Self::Many(takes)
            }
            Self::One(first) => Self::Many(Box::new(Several(vec![first, take]))),
        };
    }
}
