//! What a cassette holds in memory: recordings, and which of them comes next.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::Cassette;
use super::canon::{Asked, Keyer};
use super::diff::{Difference, DifferenceClass, differences};
use super::format::{self, quick};
use super::index::Lazy;
use super::interaction::Interaction;
use super::normal::{self, Normal};
use super::recorder::Purpose;
use super::redact::{Pointer, Redaction};
use super::slot::Slot;
use super::stamp::MaxAge;
use super::store::Store;
use super::take::{Id, Take};
use crate::error::Error;

/// How recordings are kept and found.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) redaction: Redaction,
    pub(super) ignored: Vec<Pointer>,
    pub(super) repeat: bool,
    pub(super) timing: f64,
    pub(super) max_age: Option<MaxAge>,
    pub(super) normal: Normal,
    /// How far away a recording may be.
    pub(super) fuzzy: Option<f64>,
    /// Whether a check fails where one was away.
    pub(super) fuzzy_fails: bool,
    /// Whether recordings of other providers answer.
    pub(super) transcode: bool,
    /// The turn from which on another cassette is asked.
    pub(super) fork: Option<(usize, Cassette)>,
}

impl Settings {
    pub(super) fn key(&self, asked: &Asked) -> u128 {
        self.normal.apply(asked).key(&self.unseen())
    }

    /// How they differ as they are compared.
    pub(super) fn differences(
        &self,
        recorded: &Asked,
        asked: &Asked,
        unseen: &[Pointer],
    ) -> Vec<Difference> {
        normal::named(differences(&self.normal.apply(recorded), &self.normal.apply(asked), unseen))
    }

    /// What is masked may not be compared: a text of another length is masked by another text.
    pub(super) fn unseen(&self) -> Vec<Pointer> {
        self.ignored.iter().chain(&self.redaction.pointers).cloned().collect()
    }
}

#[derive(Debug, Default)]
pub(super) struct Deck {
    pub(super) settings: Arc<Settings>,
    takes: Vec<Take>,
    index: HashMap<u128, Slot, BuildHasherDefault<IsHash>>,
    /// Whether the index is as the settings have it.
    is_indexed: bool,
    /// What was recorded anew in this run, of what was there before.
    anew: HashMap<u128, Anew>,
    /// In place of all recordings, as long as these will do.
    lazy: Option<Lazy>,
}

/// A key is a hash already.
#[derive(Debug, Default)]
struct IsHash(u64);

impl Hasher for IsHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let words = bytes.iter().rev().fold(0_u128, |key, byte| key << 8 | u128::from(*byte));
        self.write_u128(words);
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

#[derive(Debug, Default)]
struct Anew {
    /// How many came before this run.
    before: Vec<Take>,
    /// How many of them came again as they were.
    same: usize,
    has_changed: bool,
}

/// How a new recording changes the file.
#[derive(Debug)]
pub(super) enum Change {
    Append,
    /// It is there already.
    Nothing,
    /// These make place.
    Replace(Vec<Take>),
}

/// The next recording of a request, or why there is none.
#[derive(Debug)]
pub(super) enum Next {
    /// All of so many were replayed.
    Exhausted(usize),
    None,
    Take(Take),
}

impl Deck {
    /// The recordings of a file, which is at this place.
    pub(super) fn read(location: &str, file: Bytes) -> Result<Self, Error> {
        let mut deck = Self::default();
        let Some(takes) = quick::survey(&file, &[]).and_then(Take::filed) else {
            let takes = format::read(location, &file)?.into_iter().map(Take::made);
            return Ok(Self { takes: takes.collect(), ..deck });
        };
        deck.takes.reserve_exact(takes.len());
        deck.index.reserve(takes.len());
        for (key, take) in takes {
            if !take.is_interrupted() {
                deck.index.entry(key).or_default().push(take.clone());
            }
            deck.takes.push(take);
        }
        deck.is_indexed = true;
        Ok(deck)
    }

    /// Recordings that are found by an index.
    pub(super) fn lazy(lazy: Lazy) -> Self {
        Self { lazy: Some(lazy), is_indexed: true, ..Self::default() }
    }

    pub(super) fn is_lazy(&self) -> bool {
        self.lazy.is_some()
    }

    /// How many are recorded.
    pub(super) fn len(&self) -> usize {
        self.lazy.as_ref().map_or(self.takes.len(), Lazy::len)
    }

    /// The next recording of a request, if the index alone tells which that is.
    pub(super) fn next_by_index(&mut self, key: u128, place: (&dyn Store, &str)) -> Option<Take> {
        self.lazy.as_mut()?.next(key, &self.settings, place)
    }

    /// Reads all recordings, where until now an index told of them; what was replayed stays replayed.
    pub(super) fn load(
        &mut self,
        location: &str,
        (store, name): (&dyn Store, &str),
    ) -> Result<(), Error> {
        let Some(lazy) = &self.lazy else { return Ok(()) };
        let text = match lazy.text() {
            Some(text) => text.clone(),
            None => {
                let text = store.read(name).map_err(|error| unread(location, error))?;
                lazy.snapshot(text.unwrap_or_default().into())
            }
        };
        let read = Self::read(location, text)?;
        let played: Vec<_> = self.lazy.take().iter().flat_map(Lazy::played).collect();
        (self.takes, self.index) = (read.takes, read.index);
        self.is_indexed &= read.is_indexed;
        let index = self.indexed();
        for (key, count) in played {
            if let Some(slot) = index.get_mut(&key) {
                slot.set_played(count);
                slot.iter().take(slot.played()).for_each(|take| take.set_used(true));
            }
        }
        Ok(())
    }

    /// To be told when the settings have changed in a way that may change keys.
    pub(super) fn index(&mut self) {
        self.is_indexed = false;
    }

    /// Whether a change of keys would lose what was replayed.
    pub(super) fn has_played_by_index(&self) -> bool {
        self.lazy.as_ref().is_some_and(|lazy| lazy.played().next().is_some())
    }

    /// The index. After a change of the settings it is made anew; then all are to be replayed again.
    fn indexed(&mut self) -> &mut HashMap<u128, Slot, BuildHasherDefault<IsHash>> {
        if !self.is_indexed {
            let unseen = self.settings.unseen();
            let mut keyer = Keyer::default();
            self.index.clear();
            self.index.reserve(self.takes.len());
            // What was interrupted is never replayed as if it were whole.
            for take in self.takes.iter().filter(|take| !take.is_interrupted()) {
                let key = match self.settings.normal.len() {
                    0 => take.key(&mut keyer, &unseen),
                    _ => take.asked().map(|asked| self.settings.key(&asked)),
                };
                let Some(key) = key else { continue };
                self.index.entry(key).or_default().push(take.clone());
            }
            self.is_indexed = true;
        }
        &mut self.index
    }

    pub(super) fn rewind(&mut self) {
        self.lazy.iter_mut().for_each(Lazy::rewind);
        self.index.values_mut().for_each(|slot| slot.set_played(0));
        self.takes.iter().for_each(|take| take.set_used(false));
    }

    pub(super) fn takes(&self) -> &[Take] {
        &self.takes
    }

    /// The recordings of a request, in order.
    pub(super) fn recorded(&self, key: u128) -> Vec<Take> {
        self.index.get(&key).map_or_else(Vec::new, |slot| slot.iter().collect())
    }

    pub(super) fn next(&mut self, key: u128) -> Next {
        let repeat = self.settings.repeat;
        // There may be an empty one where what was recorded anew was interrupted.
        let slot = self.indexed().get_mut(&key).filter(|slot| slot.len() > 0);
        let Some(slot) = slot else { return Next::None };
        let Some(take) = slot.due(repeat) else { return Next::Exhausted(slot.len()) };
        slot.set_played(slot.played() + 1);
        take.set_used(true);
        Next::Take(take)
    }

    /// What would be replayed next, of each request, and by which number it is known.
    pub(super) fn due(&mut self) -> HashMap<Id, u128> {
        let repeat = self.settings.repeat;
        let due = |(key, slot): (&u128, &Slot)| Some((slot.due(repeat)?.id(), *key));
        self.indexed().iter().filter_map(due).collect()
    }

    /// Goes on to the recording after the one that is due.
    pub(super) fn advance(&mut self, key: u128) {
        let _ = self.next(key);
    }

    /// Whether a request was recorded longer ago than this (any of its recordings: they are one
    /// sequence), or is being recorded anew.
    pub(super) fn is_stale(&mut self, key: u128, longest: Duration, now: u64) -> bool {
        let age = |take: &Take| take.interaction()?.age(now);
        let is_old = |take: &Take| age(take).is_none_or(|age| age >= longest);
        self.anew.contains_key(&key)
            || self.indexed().get(&key).is_some_and(|slot| slot.iter().any(|take| is_old(&take)))
    }

    /// What the next recording that stands for an old one is to replace.
    pub(super) fn old(&mut self, key: u128) -> Option<Take> {
        match self.anew.get(&key) {
            Some(anew) if anew.has_changed => None,
            Some(anew) => anew.before.get(anew.same).cloned(),
            None => self.indexed().get(&key).and_then(|slot| slot.get(0)),
        }
    }

    /// Takes a recording in that was made just now, and tells what is to be written of it.
    pub(super) fn add(
        &mut self,
        key: u128,
        interaction: Interaction,
        purpose: &Purpose,
    ) -> (Change, Take) {
        let mut change = Change::Append;
        if matches!(purpose, Purpose::Again | Purpose::Refresh) {
            self.indexed();
            let slot = self.index.entry(key).or_default();
            let anew = self.anew.entry(key).or_insert_with(|| Anew {
                before: std::mem::take(slot).iter().collect(),
                ..Anew::default()
            });
            let before = anew.before.get(anew.same).cloned();
            let said = before.as_ref().and_then(|before| before.interaction());
            match before.zip(said) {
                Some((before, said)) if !anew.has_changed && said.says_the_same(&interaction) => {
                    anew.same += 1;
                    let Purpose::Refresh = purpose else {
                        slot.push(before.clone());
                        slot.set_played(usize::MAX);
                        return (Change::Nothing, before);
                    };
                    // Nothing but its age changed.
                    let recorded = interaction.recorded;
                    let interaction = Interaction { recorded, ..(*said).clone() };
                    let take = Take::made(interaction);
                    take.set_used(true);
                    slot.push(take.clone());
                    slot.set_played(usize::MAX);
                    if let Some(known) = self.takes.iter_mut().find(|it| it.id() == before.id()) {
                        *known = take.clone();
                    }
                    return (Change::Replace(vec![before]), take);
                }
                _ if !anew.has_changed && anew.same < anew.before.len() => {
                    change = Change::Replace(anew.before.split_off(anew.same));
                }
                _ => {}
            }
            anew.has_changed = true;
        }
        let take = Take::made(interaction);
        take.set_used(true);
        if !take.is_interrupted() {
            let slot = self.indexed().entry(key).or_default();
            slot.push(take.clone());
            slot.set_played(usize::MAX);
        }
        let mut place = self.takes.len();
        if let Change::Replace(gone) = &change {
            let is_gone = |take: &Take| gone.iter().any(|gone| gone.id() == take.id());
            place = self.takes.iter().position(is_gone).unwrap_or(place);
            self.takes.retain(|take| !is_gone(take));
        }
        self.takes.insert(place.min(self.takes.len()), take.clone());
        (change, take)
    }
}

pub(super) fn unread(location: &str, error: std::io::Error) -> Error {
    Error::io(format!("read the cassette {location}"), error)
}

/// The recording that comes nearest, and how it differs.
pub(super) fn nearest(
    takes: &[Take],
    asked: &Asked,
    settings: &Settings,
) -> Option<(Take, Vec<Difference>)> {
    /// As many are compared: in a large library the newest.
    const COMPARED: usize = 1000;
    let unseen = settings.unseen();
    let recorded = takes.iter().rev().filter_map(|take| Some((take, take.asked()?)));
    let same_provider = |(_, recorded): &(_, Asked)| recorded.provider == asked.provider;
    let candidates = recorded.filter(same_provider).take(COMPARED);
    let weigh = |recorded: &Asked| {
        let found = settings.differences(recorded, asked, &unseen);
        let matters = |it: &&Difference| it.class != DifferenceClass::Volatile;
        let elsewhere =
            found.iter().any(|it| it.pointer == "url" && it.class != DifferenceClass::Model);
        ((elsewhere, found.iter().filter(matters).count()), found)
    };
    candidates
        .map(|(take, recorded)| (take.clone(), weigh(&recorded)))
        // Of equals the one that was recorded first.
        .min_by(|(a, (one, _)), (b, (other, _))| one.cmp(other).then(a.line().cmp(&b.line())))
        .map(|(take, (_, found))| (take, found))
}

#[cfg(test)]
mod tests;
