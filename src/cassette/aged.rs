//! What is old, and what a live answer is for.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::deck::{Next, Settings};
use super::drift::{drift, model};
use super::fuzzy::Near;
use super::interaction::Interaction;
use super::note::{self, Note};
use super::recorder::Purpose;
use super::redact::Secrets;
use super::stamp::{MaxAge, Stale, Stamp, now, words};
use super::take::Take;
use super::{Cassette, RecordMode, usage};
use crate::error::Error;
use crate::provider::Room;
use crate::wire::events;

impl Cassette {
    /// What is replayed, and what is done if nothing is.
    pub(super) fn next(
        &self,
        key: u128,
        mode: RecordMode,
        settings: &Settings,
    ) -> Result<(Next, Purpose), Error> {
        let longest = match (mode, settings.max_age) {
            (RecordMode::Refresh, max_age) => {
                Some(max_age.map_or(MaxAge::REFRESH, |max_age| max_age.age))
            }
            (RecordMode::RecordMissing, Some(MaxAge { age, stale: Stale::Refresh })) => Some(age),
            _ => None,
        };
        let mut deck = self.deck();
        if deck.is_lazy() {
            // What is used is written down by its place among all, and what is old may be many.
            let will_do = mode != RecordMode::RecordAll && longest.is_none() && !usage::is_wanted();
            if will_do && let Some(take) = deck.next_by_index(key, self.kept()) {
                return Ok((Next::Take(take), Purpose::Add));
            }
            deck.load(self.location(), self.kept())?;
        }
        Ok(match longest {
            _ if mode == RecordMode::RecordAll => (Next::None, Purpose::Again),
            Some(longest) if deck.is_stale(key, longest, now()) => (Next::None, Purpose::Refresh),
            _ => (deck.next(key), Purpose::Add),
        })
    }

    /// Why a recording is too old to be replayed; notes it, if it is but may be.
    pub(super) fn aged(&self, take: &Take, max_age: Option<MaxAge>) -> Option<String> {
        let MaxAge { age: longest, stale } = max_age?;
        let age = take.interaction().and_then(|it| it.age(now()));
        if age.is_some_and(|age| age < longest) {
            return None;
        }
        let note = Note::Aged { recording: self.place(take.line()), age };
        if stale == Stale::Fail {
            return Some(format!(
                "tower-mock-llm: {note}, and `Cassette::max_age` is {}. Nothing was sent. To record it \
                 again, run this with MOCK_LLM=refresh and a key that is valid.",
                words(longest)
            ));
        }
        if !self.0.warned.swap(true, Ordering::Relaxed) {
            let longest = words(longest);
            eprintln!(
                "warning: tower-mock-llm: {note}; what is older than {longest} is recorded again with \
                 MOCK_LLM=refresh"
            );
        }
        self.tell(note);
        None
    }

    /// What is said of it that a recording of another request answers, for [`MockHandle::check`], if that is
    /// to fail.
    ///
    /// [`MockHandle::check`]: crate::MockHandle::check
    pub(super) fn failure(&self, line: usize, near: Option<&Near>) -> Option<String> {
        let near = near.filter(|_| self.deck().settings.fuzzy_fails)?;
        Some(self.near_note(line, near).to_string())
    }

    /// A report, and what it does not say of recordings of other requests.
    pub(crate) fn with_near(&self, mut report: String) -> String {
        let notes = self.0.notes.lock().unwrap_or_else(PoisonError::into_inner);
        for note in notes.iter().filter(|note| matches!(note, Note::Fuzzy { .. })) {
            let note = note.to_string();
            if !report.contains(&note) {
                report += &format!("note: {note}\n");
            }
        }
        report
    }

    fn near_note(&self, line: usize, near: &Near) -> Note {
        let Near { distance, differences } = near;
        let (recording, differences) = (self.place(line), differences.clone());
        Note::Fuzzy { recording, distance: *distance, differences }
    }

    /// Tells that the recording of another request is replayed.
    pub(super) fn tell_near(&self, line: usize, near: &Near) {
        let note = self.near_note(line, near);
        if !self.0.told_fuzzy.swap(true, Ordering::Relaxed) {
            eprintln!("warning: tower-mock-llm: {note}");
        }
        self.tell(note);
    }

    /// Where a recording stands.
    pub(super) fn place(&self, line: usize) -> String {
        match line {
            0 => format!("{}, recorded in this run,", self.location()),
            line => format!("{}:{line}", self.location()),
        }
    }

    /// What was asked and answered.
    pub(super) fn read(&self, take: &Take) -> Result<Arc<Interaction>, Error> {
        take.interaction().ok_or_else(|| self.unread(take))
    }

    /// That a recording cannot be read which was there.
    pub(super) fn unread(&self, take: &Take) -> Error {
        let place = self.place(take.line());
        Error::cassette(format!(
            "{place} cannot be read any more: it is not what it was when the cassette was opened. Open the \
             cassette again, or bring the file back from version control"
        ))
    }

    pub(super) fn tell(&self, note: Note) {
        let mut notes = self.0.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < note::MOST && !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Does with a live answer what it was for. What is said of it is for [`MockHandle::check`] too.
    ///
    /// [`MockHandle::check`]: crate::MockHandle::check
    pub(super) fn end(
        &self,
        key: u128,
        secrets: &Secrets,
        purpose: &Purpose,
        mut interaction: Interaction,
        room: Option<&Room>,
    ) -> Result<Option<String>, Error> {
        let old = match purpose {
            Purpose::Add => None,
            Purpose::Again | Purpose::Refresh => {
                self.whole()?.old(key).map(|take| self.read(&take)).transpose()?
            }
            Purpose::Verify(recorded) => Some(Arc::clone(&recorded.answer)),
        };
        let model = |interaction: &Interaction| model(&events(&interaction.said()), room);
        let answered_by = model(&interaction);
        if let Some(old) = old {
            let (recording, old) = (self.place(old.line), &*old);
            let is_worse = interaction.status >= 400 && old.status < 400;
            let why = match &interaction.interrupted {
                Some(why) => Some(format!("the provider's answer broke off ({why})")),
                None if is_worse && matches!(purpose, Purpose::Refresh) => {
                    Some(format!("the provider answered with the status {}", interaction.status))
                }
                None => None,
            };
            if let Some(why) = why {
                let note = Note::Kept { recording, why };
                self.tell(note.clone());
                return Ok(Some(note.to_string()));
            }
            if let Purpose::Verify(_) = purpose {
                let drift = drift(old, &interaction, room);
                if drift.is_empty() {
                    return Ok(None);
                }
                let note = Note::Drifted { recording, drift };
                self.tell(note.clone());
                return Ok(Some(note.to_string()));
            }
            let was = old.recorded.as_ref().and_then(|stamp| stamp.model.clone());
            match (was.or_else(|| model(old)), answered_by.clone()) {
                (Some(was), Some(is)) if was != is => {
                    self.tell(Note::ModelChanged { recording, was, is });
                }
                _ => {}
            }
        }
        interaction.recorded = Some(Stamp::now(answered_by));
        self.keep(key, secrets, purpose, interaction).map(|()| None)
    }
}
