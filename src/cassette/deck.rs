//! What a cassette holds in memory: recordings, and which of them comes next.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Cassette;
use super::canon::Asked;
use super::diff::{Difference, DifferenceClass, differences};
use super::interaction::Interaction;
use super::normal::Normal;
use super::recorder::Purpose;
use super::redact::{Pointer, Redaction};
use super::stamp::MaxAge;

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
        differences(&self.normal.apply(recorded), &self.normal.apply(asked), unseen)
    }

    /// What is masked may not be compared: a text of another length is masked by another text.
    pub(super) fn unseen(&self) -> Vec<Pointer> {
        self.ignored.iter().chain(&self.redaction.pointers).cloned().collect()
    }
}

#[derive(Debug, Default)]
pub(super) struct Deck {
    pub(super) settings: Arc<Settings>,
    takes: Vec<Arc<Take>>,
    index: HashMap<u128, Slot>,
    /// What was recorded anew in this run, of what was there before.
    anew: HashMap<u128, Anew>,
}

/// A recording.
#[derive(Debug)]
pub(super) struct Take {
    pub(super) interaction: Interaction,
    pub(super) used: AtomicBool,
}

/// The recordings of one request, in order.
#[derive(Debug, Default)]
struct Slot {
    takes: Vec<Arc<Take>>,
    next: usize,
}

#[derive(Debug, Default)]
struct Anew {
    /// How many came before this run.
    before: Vec<Arc<Take>>,
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
    Replace(Vec<Arc<Take>>),
}

/// The next recording of a request, or why there is none.
#[derive(Debug)]
pub(super) enum Next {
    /// All of so many were replayed.
    Exhausted(usize),
    None,
    Take(Arc<Take>),
}

impl Deck {
    pub(super) fn new(interactions: Vec<Interaction>) -> Self {
        let take = |interaction| Arc::new(Take { interaction, used: AtomicBool::new(false) });
        let takes = interactions.into_iter().map(take).collect();
        let mut deck = Self { takes, ..Self::default() };
        deck.index();
        deck
    }

    /// Puts every recording where it is found; all are to be replayed again.
    pub(super) fn index(&mut self) {
        self.index = HashMap::with_capacity(self.takes.len());
        for take in &self.takes {
            // What was interrupted is never replayed as if it were whole.
            if take.interaction.interrupted.is_none() {
                let key = self.settings.key(&take.asked());
                self.index.entry(key).or_default().takes.push(Arc::clone(take));
            }
        }
    }

    pub(super) fn rewind(&mut self) {
        self.index.values_mut().for_each(|slot| slot.next = 0);
        self.takes.iter().for_each(|take| take.used.store(false, Ordering::Relaxed));
    }

    pub(super) fn takes(&self) -> &[Arc<Take>] {
        &self.takes
    }

    pub(super) fn next(&mut self, key: u128) -> Next {
        let Some(slot) = self.index.get_mut(&key) else { return Next::None };
        let take = match slot.takes.get(slot.next) {
            Some(take) => {
                slot.next += 1;
                take
            }
            None => match slot.takes.last() {
                Some(last) if self.settings.repeat => last,
                _ => return Next::Exhausted(slot.takes.len()),
            },
        };
        take.used.store(true, Ordering::Relaxed);
        Next::Take(Arc::clone(take))
    }

    /// What would be replayed next, of each request, and by which number it is known.
    pub(super) fn due(&self) -> HashMap<*const Take, u128> {
        let due = |(key, slot): (&u128, &Slot)| {
            let last = if self.settings.repeat { slot.takes.last() } else { None };
            slot.takes.get(slot.next).or(last).map(|take| (Arc::as_ptr(take), *key))
        };
        self.index.iter().filter_map(due).collect()
    }

    /// Goes on to the recording after the one that is due.
    pub(super) fn advance(&mut self, key: u128) {
        let _ = self.next(key);
    }

    /// Whether a request was recorded longer ago than this (any of its recordings: they are one
    /// sequence), or is being recorded anew.
    pub(super) fn is_stale(&self, key: u128, longest: Duration, now: u64) -> bool {
        let is_old = |take: &Arc<Take>| take.age(now).is_none_or(|age| age > longest);
        self.anew.contains_key(&key)
            || self.index.get(&key).is_some_and(|slot| slot.takes.iter().any(is_old))
    }

    /// What the next recording that stands for an old one is to replace.
    pub(super) fn old(&self, key: u128) -> Option<Arc<Take>> {
        let old = match self.anew.get(&key) {
            Some(anew) if anew.has_changed => None,
            Some(anew) => anew.before.get(anew.same),
            None => self.index.get(&key).and_then(|slot| slot.takes.first()),
        };
        old.cloned()
    }

    /// Takes a recording in that was made just now, and tells what is to be written of it.
    pub(super) fn add(
        &mut self,
        key: u128,
        interaction: Interaction,
        purpose: &Purpose,
    ) -> (Change, Arc<Take>) {
        let mut change = Change::Append;
        if matches!(purpose, Purpose::Again | Purpose::Refresh) {
            let slot = self.index.entry(key).or_default();
            let anew = self.anew.entry(key).or_insert_with(|| Anew {
                before: std::mem::take(&mut slot.takes),
                ..Anew::default()
            });
            match anew.before.get(anew.same).map(Arc::clone) {
                Some(before)
                    if !anew.has_changed && before.interaction.says_the_same(&interaction) =>
                {
                    anew.same += 1;
                    let Purpose::Refresh = purpose else {
                        slot.takes.push(Arc::clone(&before));
                        slot.next = slot.takes.len();
                        return (Change::Nothing, before);
                    };
                    // Nothing but its age changed.
                    let recorded = interaction.recorded;
                    let interaction = Interaction { recorded, ..before.interaction.clone() };
                    let take = Arc::new(Take { interaction, used: AtomicBool::new(true) });
                    slot.takes.push(Arc::clone(&take));
                    slot.next = slot.takes.len();
                    if let Some(known) = self.takes.iter_mut().find(|it| Arc::ptr_eq(it, &before)) {
                        *known = Arc::clone(&take);
                    }
                    return (Change::Replace(vec![before]), take);
                }
                Some(_) if !anew.has_changed => {
                    change = Change::Replace(anew.before.split_off(anew.same));
                }
                _ => {}
            }
            anew.has_changed = true;
        }
        let is_whole = interaction.interrupted.is_none();
        let take = Arc::new(Take { interaction, used: AtomicBool::new(true) });
        if is_whole {
            let slot = self.index.entry(key).or_default();
            slot.takes.push(Arc::clone(&take));
            slot.next = slot.takes.len();
        }
        let mut place = self.takes.len();
        if let Change::Replace(gone) = &change {
            let is_gone = |take: &Arc<Take>| gone.iter().any(|gone| Arc::ptr_eq(gone, take));
            place = self.takes.iter().position(is_gone).unwrap_or(place);
            self.takes.retain(|take| !is_gone(take));
        }
        self.takes.insert(place.min(self.takes.len()), Arc::clone(&take));
        (change, take)
    }
}

impl Take {
    pub(super) fn age(&self, now: u64) -> Option<Duration> {
        self.interaction.recorded.as_ref()?.age(now)
    }

    pub(super) fn asked(&self) -> Asked {
        let Interaction { method, url, provider, request_headers, body, .. } = &self.interaction;
        let content_type = request_headers.iter().find(|(name, _)| name == "content-type");
        Asked {
            provider: provider.clone(),
            method: method.clone(),
            url: url.clone(),
            content_type: content_type.map(|(_, value)| value.clone()),
            body: body.clone(),
        }
    }
}

/// The recording that comes nearest, and how it differs.
pub(super) fn nearest(
    takes: &[Arc<Take>],
    asked: &Asked,
    settings: &Settings,
) -> Option<(Arc<Take>, Vec<Difference>)> {
    /// As many are compared: in a large library the newest.
    const COMPARED: usize = 1000;
    let unseen = settings.unseen();
    let same_provider = |take: &&Arc<Take>| take.interaction.provider == asked.provider;
    let candidates = takes.iter().rev().filter(same_provider).take(COMPARED);
    let weigh = |take: &Arc<Take>| {
        let found = settings.differences(&take.asked(), asked, &unseen);
        let matters = |it: &&Difference| it.class != DifferenceClass::Volatile;
        let elsewhere =
            found.iter().any(|it| it.pointer == "url" && it.class != DifferenceClass::Model);
        ((elsewhere, found.iter().filter(matters).count()), found)
    };
    candidates
        .map(|take| (Arc::clone(take), weigh(take)))
        // Of equals the one that was recorded first.
        .min_by(|(a, (one, _)), (b, (other, _))| {
            one.cmp(other).then(a.interaction.line.cmp(&b.interaction.line))
        })
        .map(|(take, (_, found))| (take, found))
}
