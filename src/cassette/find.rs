//! Looking a request up, and writing a new recording down.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use http::header;

use super::canon::Asked;
use super::deck::{Change, Next, Settings, Take, nearest};
use super::diff::DifferenceClass;
use super::drift::{drift, model};
use super::events::events;
use super::interaction::Interaction;
use super::note::{self, Note};
use super::player::Recorded;
use super::recorder::{Purpose, Ticket};
use super::redact::{Secrets, url};
use super::stamp::{MaxAge, Stale, Stamp, now, words};
use super::{Cassette, Inner, RecordMode, format};
use crate::error::Error;
use crate::provider::{Provider, Room};
use crate::request::RequestHead;

/// What a cassette has for a request.
#[derive(Debug)]
pub(crate) enum Found {
    Live(Box<Ticket>),
    /// Nothing, and why.
    Miss(String),
    Play(Recorded),
}

impl Cassette {
    /// What there is for a request; `None` when the cassette is off.
    pub(crate) fn find(
        &self,
        provider: &Provider,
        head: &RequestHead,
        body: &Bytes,
        can_record: bool,
    ) -> Option<Found> {
        let mode = self.current_mode();
        if mode == RecordMode::Off {
            return None;
        }
        let settings = Arc::clone(&self.deck().settings);
        let secrets = Secrets::of(head);
        let content_type = head.headers.get(header::CONTENT_TYPE);
        let asked = Asked {
            provider: provider.as_str().to_owned(),
            method: head.method.to_string(),
            url: url(head, &settings.redaction, &secrets),
            content_type: content_type.and_then(|kind| kind.to_str().ok()).map(str::to_owned),
            body: settings.redaction.body(&secrets, body),
        };
        let key = settings.key(&asked);
        let (next, mut purpose) = self.next(key, mode, &settings);
        if let Next::Take(take) = next {
            let recorded = Recorded { take, timing: settings.timing };
            match mode {
                RecordMode::Verify => purpose = Purpose::Verify(recorded),
                RecordMode::Refresh => return Some(Found::Play(recorded)),
                _ => {
                    return Some(match self.aged(&recorded.take, settings.max_age) {
                        None => Found::Play(recorded),
                        Some(why) => Found::Miss(why),
                    });
                }
            }
        } else if matches!(mode, RecordMode::Replay | RecordMode::Verify) {
            return Some(Found::Miss(self.miss(&asked, &next, &settings)));
        }
        if !can_record {
            let message = format!(
                "tower-mock-llm: {}, which is to {}, has nothing to answer {} {} with, and this stack \
                 cannot ask the provider: put `MockLlmLayer::recording()` over a client that reaches the \
                 provider, or use reqwest-middleware. Nothing was sent.",
                self.location(),
                mode.verb(),
                asked.method,
                asked.url
            );
            return Some(Found::Miss(message));
        }
        // Before money is spent on what could not be kept.
        let writable = match purpose {
            Purpose::Verify(_) => Ok(()),
            _ => self.0.store.append(&self.0.name, &mut |_| Vec::new()),
        };
        let cassette = self.clone();
        Some(match writable {
            Ok(()) => Found::Live(Box::new(Ticket { cassette, asked, key, secrets, purpose })),
            Err(error) => Found::Miss(format!(
                "tower-mock-llm: cannot write the cassette {}: {error}. Nothing was sent. Make its \
                 folder writable, or record elsewhere.",
                self.location()
            )),
        })
    }

    /// What is replayed, and what is done if nothing is.
    fn next(&self, key: u128, mode: RecordMode, settings: &Settings) -> (Next, Purpose) {
        let longest = match (mode, settings.max_age) {
            (RecordMode::Refresh, max_age) => {
                Some(max_age.map_or(MaxAge::REFRESH, |max_age| max_age.age))
            }
            (RecordMode::RecordMissing, Some(MaxAge { age, stale: Stale::Refresh })) => Some(age),
            _ => None,
        };
        let mut deck = self.deck();
        match longest {
            _ if mode == RecordMode::RecordAll => (Next::None, Purpose::Again),
            Some(longest) if deck.is_stale(key, longest, now()) => {
                (Next::None, Purpose::Refresh)
            }
            _ => (deck.next(key), Purpose::Add),
        }
    }

    /// Why a recording is too old to be replayed; notes it, if it is but may be.
    fn aged(&self, take: &Take, max_age: Option<MaxAge>) -> Option<String> {
        let MaxAge { age: longest, stale } = max_age?;
        let age = take.age(now());
        if age.is_some_and(|age| age <= longest) {
            return None;
        }
        let note = Note::Aged { recording: self.place(&take.interaction), age };
        if stale == Stale::Fail {
            return Some(format!(
                "tower-mock-llm: {note}, and `Cassette::max_age` is {}. Nothing was sent. To record it \
                 again, run this with MOCK_LLM=refresh and a key that is valid.",
                words(longest)
            ));
        }
        if !self.0.warned.swap(true, Ordering::Relaxed) {
            eprintln!(
                "warning: tower-mock-llm: {note}; recordings older than {} are recorded again with \
                 MOCK_LLM=refresh",
                words(longest)
            );
        }
        self.note(note);
        None
    }

    /// Where a recording stands.
    pub(super) fn place(&self, interaction: &Interaction) -> String {
        match interaction.line {
            0 => format!("{}, recorded in this run,", self.location()),
            line => format!("{}:{line}", self.location()),
        }
    }

    fn note(&self, note: Note) {
        let mut notes = self.0.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < note::MOST && !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Why nothing answers, and how to get out of it.
    fn miss(&self, asked: &Asked, next: &Next, settings: &Settings) -> String {
        const SHOWN: usize = 5;
        let unseen = settings.unseen();
        let takes = self.deck().takes().to_vec();
        let location = self.location();
        let Asked { method, url, .. } = asked;
        let mut text = format!("tower-mock-llm: {location} has no recording of {method} {url}");
        let at = |interaction: &Interaction| match interaction.line {
            0 => "the one made in this run".to_owned(),
            line => format!("the one at {location}:{line}"),
        };
        if let Next::Exhausted(times) = next {
            text = format!(
                "tower-mock-llm: {location} has {times} recording(s) of {method} {url} with this body, \
                 and all were replayed: it is asked once more. `Cassette::repeat(true)` replays the \
                 last one again"
            );
        } else if let Some((take, differences)) = nearest(&takes, asked, &unseen) {
            let interaction = &take.interaction;
            let mattering: Vec<_> =
                differences.iter().filter(|it| it.class != DifferenceClass::Volatile).collect();
            if let (true, Some(why)) = (mattering.is_empty(), &interaction.interrupted) {
                text += &format!("; {} was interrupted ({why})", at(interaction));
            } else {
                text += &format!(" as it is; the nearest, {}, differs: ", at(interaction));
                let shown: Vec<_> = mattering.iter().take(SHOWN).map(ToString::to_string).collect();
                text += &shown.join("; ");
                if mattering.len() > SHOWN {
                    text += &format!("; and {} more", mattering.len() - SHOWN);
                }
            }
        }
        text + ". Nothing was sent. To record it, run this with MOCK_LLM=record_missing (or \
                `Cassette::mode(RecordMode::RecordMissing)`) and a key that is valid."
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
            Purpose::Again | Purpose::Refresh => self.deck().old(key),
            Purpose::Verify(recorded) => Some(Arc::clone(&recorded.take)),
        };
        let model = |interaction: &Interaction| model(&events(&interaction.said()), room);
        let answered_by = model(&interaction);
        if let Some(old) = old {
            let (recording, old) = (self.place(&old.interaction), &old.interaction);
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
                self.note(note.clone());
                return Ok(Some(note.to_string()));
            }
            if let Purpose::Verify(_) = purpose {
                let drift = drift(old, &interaction, room);
                if drift.is_empty() {
                    return Ok(None);
                }
                let note = Note::Drifted { recording, drift };
                self.note(note.clone());
                return Ok(Some(note.to_string()));
            }
            let was = old.recorded.as_ref().and_then(|stamp| stamp.model.clone());
            match (was.or_else(|| model(old)), answered_by.clone()) {
                (Some(was), Some(is)) if was != is => {
                    self.note(Note::ModelChanged { recording, was, is });
                }
                _ => {}
            }
        }
        interaction.recorded = Some(Stamp::now(answered_by));
        self.keep(key, secrets, purpose, interaction).map(|()| None)
    }

    /// Writes down what was recorded.
    fn keep(
        &self,
        key: u128,
        secrets: &Secrets,
        purpose: &Purpose,
        mut interaction: Interaction,
    ) -> Result<(), Error> {
        let settings = Arc::clone(&self.deck().settings);
        settings.redaction.interaction(secrets, &mut interaction);
        let (change, take) = self.deck().add(key, interaction, purpose);
        let lines = format::write(&take.interaction);
        let Inner { store, name, location, .. } = &*self.0;
        let written = match change {
            Change::Nothing => Ok(()),
            Change::Append => {
                store.append(name, &mut |tail| (format::joint(tail) + &lines).into_bytes())
            }
            Change::Replace(gone) => store.replace(name, &mut |old| {
                let mut gone: Vec<_> =
                    gone.iter().map(|take| format::write(&take.interaction)).collect();
                let mut text = format::first_line();
                // It stands where the first of them stood.
                let mut new = Some(&*lines);
                for kept in format::read(location, old).map_err(std::io::Error::other)? {
                    let kept = format::write(&kept);
                    match gone.iter().position(|gone| *gone == kept) {
                        Some(at) => {
                            gone.swap_remove(at);
                            text += new.take().unwrap_or_default();
                        }
                        None => text += &kept,
                    }
                }
                Ok((text + new.unwrap_or_default()).into_bytes())
            }),
        };
        written.map_err(|error| Error::io(format!("write the cassette {location}"), error))
    }
}
