//! The recordings of one request.

use std::sync::Arc;

use super::take::{Filed, Single, Take};

/// The recordings of one request, in order, and how many of them were replayed. Mostly there is one: a
/// table of many has two words for each, so that none is astride two lines of memory.
#[derive(Debug, Default)]
pub(super) enum Slot {
    #[default]
    None,
    Filed {
        is_played: bool,
        at: u32,
        filed: Arc<Filed>,
    },
    Single {
        is_played: bool,
        single: Arc<Single>,
    },
    Many(Box<Several>),
}

#[derive(Debug)]
pub(super) struct Several {
    takes: Vec<Take>,
    played: usize,
}

impl Slot {
    fn of(take: Take, is_played: bool) -> Self {
        match take {
            Take::Filed(filed, at) => Self::Filed { is_played, at, filed },
            Take::Single(single) => Self::Single { is_played, single },
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Filed { .. } | Self::Single { .. } => 1,
            Self::Many(several) => several.takes.len(),
        }
    }

    pub(super) fn get(&self, nth: usize) -> Option<Take> {
        match self {
            Self::Filed { at, filed, .. } if nth == 0 => Some(Take::Filed(Arc::clone(filed), *at)),
            Self::Single { single, .. } if nth == 0 => Some(Take::Single(Arc::clone(single))),
            Self::Many(several) => several.takes.get(nth).cloned(),
            _ => None,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Take> {
        (0..self.len()).filter_map(|nth| self.get(nth))
    }

    /// The one that is replayed next; after all of them the last one, if that is wanted.
    pub(super) fn due(&self, repeat: bool) -> Option<Take> {
        let played = self.played();
        self.get(if repeat { played.min(self.len().saturating_sub(1)) } else { played })
    }

    pub(super) fn push(&mut self, take: Take) {
        if let Self::Many(several) = self {
            return several.takes.push(take);
        }
        *self = match self.get(0) {
            None => Self::of(take, false),
            Some(first) => {
                let takes = vec![first, take];
                Self::Many(Box::new(Several { takes, played: self.played() }))
            }
        };
    }

    pub(super) fn played(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Filed { is_played, .. } | Self::Single { is_played, .. } => {
                usize::from(*is_played)
            }
            Self::Many(several) => several.played,
        }
    }

    /// That so many were replayed; at most all of them.
    pub(super) fn set_played(&mut self, count: usize) {
        match self {
            Self::None => {}
            Self::Filed { is_played, .. } | Self::Single { is_played, .. } => {
                *is_played = count > 0;
            }
            Self::Many(several) => several.played = count.min(several.takes.len()),
        }
    }
}

const _: () = assert!(size_of::<Slot>() <= 2 * size_of::<u64>());
