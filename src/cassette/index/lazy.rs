//! A cassette of which nothing but the index was read.

use bytes::Bytes;

use super::{Index, Place, sum};
use crate::cassette::deck::Settings;
use crate::cassette::store::Store;
use crate::cassette::take::Take;

/// Recordings that are found by an index, each read when it is replayed.
#[derive(Debug)]
pub(in crate::cassette) struct Lazy {
    index: Index,
    /// The cassette as it was when it was opened, if it was read.
    text: Option<Bytes>,
    /// How many recordings were read out of it, one by one.
    reads: usize,
    /// How many recordings of a request were replayed, by the place of its first one. Empty as long as
    /// none was.
    played: Vec<u32>,
}

impl Lazy {
    /// After as many single recordings the whole is read: a process that needs many needs more.
    const READS: usize = 200;

    /// If there is an index that fits.
    pub(in crate::cassette) fn open(store: &dyn Store, name: &str) -> Option<Self> {
        let (index, text) = Index::open(store, name)?;
        Some(Self { index, text, reads: 0, played: Vec::new() })
    }

    pub(in crate::cassette) fn len(&self) -> usize {
        self.index.recordings()
    }

    /// The recording of a request that is due; nothing, where the index does not tell or what it tells is
    /// not so: then the whole cassette is to be read.
    pub(in crate::cassette) fn next(
        &mut self,
        key: u128,
        settings: &Settings,
        (store, name): (&dyn Store, &str),
    ) -> Option<Take> {
        let left_out = settings.ignored.iter().chain(&settings.redaction.pointers);
        (settings.normal.len() == 0 && self.index.leaves_out(left_out)).then_some(())?;
        let first = self.index.first(key);
        let played = self.played.get(first).copied().unwrap_or_default();
        let nth = |nth: u32| self.index.place(key, first, nth as usize);
        let (place, played) = match nth(played) {
            Some(place) => (place, played + 1),
            None if settings.repeat => (nth(played.checked_sub(1)?)?, played),
            None => return None,
        };
        let take = Take::found(self.lines(place, store, name)?, place.line);
        take.set_used(true);
        if self.played.is_empty() {
            self.played.resize(self.index.entries(), 0);
        }
        self.played[first] = played;
        Some(take)
    }

    /// The lines of a recording, if they are those of which the index was made.
    fn lines(&mut self, place: Place, store: &dyn Store, name: &str) -> Option<Bytes> {
        let Place { start, length, .. } = place;
        if self.text.is_none() && self.reads >= Self::READS {
            let text = store.read(name).ok()??.into();
            self.text = Some(self.index.snapshot(&text)?);
        }
        if let Some(text) = &self.text {
            let start = usize::try_from(start).ok()?;
            let end = start.checked_add(usize::try_from(length).ok()?)?;
            return (end <= text.len()).then(|| text.slice(start..end));
        }
        self.reads += 1;
        let lines = store.read_range(name, start..start + length).ok()??;
        (lines.len() as u64 == length && sum(&lines) == place.sum).then(|| lines.into())
    }

    /// The cassette as it was when it was opened, if it still begins with that; otherwise as it is.
    pub(in crate::cassette) fn snapshot(&self, text: Bytes) -> Bytes {
        self.index.snapshot(&text).unwrap_or(text)
    }

    pub(in crate::cassette) fn text(&self) -> Option<&Bytes> {
        self.text.as_ref()
    }

    /// How many recordings of which requests were replayed.
    pub(in crate::cassette) fn played(&self) -> impl Iterator<Item = (u128, usize)> {
        let played = self.played.iter().enumerate().filter(|(_, count)| **count > 0);
        played.map(|(first, count)| (self.index.key(first), *count as usize))
    }

    pub(in crate::cassette) fn rewind(&mut self) {
        self.played.clear();
    }
}
