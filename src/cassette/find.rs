//! Looking a request up, and writing a new recording down.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, header};

use super::canon::Asked;
use super::deck::{Change, Next, Settings, nearest};
use super::diff::DifferenceClass;
use super::interaction::Interaction;
use super::player::Recorded;
use super::recorder::{Purpose, Ticket};
use super::redact::{Secrets, url};
use super::take::Take;
use super::transcode::Transcoded;
use super::{Cassette, Inner, RecordMode, format, usage};
use crate::error::Error;
use crate::provider::{Provider, Room};
use crate::reply::Reply;
use crate::request::{LlmRequest, RequestHead};

/// What a cassette has for a request.
#[derive(Debug)]
pub(crate) enum Found {
    Live(Box<Ticket>),
    /// Nothing, and why.
    Miss(String),
    Play(Recorded),
    /// A recording of another provider's says this.
    Say(Arc<Reply>),
}

/// What is asked of whom.
#[derive(Clone, Copy)]
pub(crate) struct Inquiry<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) head: &'a RequestHead,
    pub(crate) body: &'a Bytes,
    /// The request, if it could be understood.
    pub(crate) request: Option<&'a LlmRequest>,
    pub(crate) rooms: &'a [Room],
}

impl Cassette {
    /// What there is for a request; `None` when the cassette is off.
    pub(crate) fn find(&self, inquiry: Inquiry<'_>, can_record: bool) -> Option<Found> {
        let Inquiry { provider, head, body, .. } = inquiry;
        let mode = self.current_mode();
        if mode == RecordMode::Off {
            return None;
        }
        let settings = Arc::clone(&self.deck().settings);
        let (asked, secrets) = asked(provider, head, body, &settings);
        let key = settings.key(&asked);
        let (mut next, mut purpose) = match self.next(key, mode, &settings) {
            Ok(next) => next,
            Err(error) => return Some(Found::Miss(refused(&error))),
        };
        let (mut near, mut key_of_take) = (None, key);
        if let (RecordMode::Replay, Next::None, Some(threshold)) = (mode, &next, settings.fuzzy)
            && let Some((other, take, how)) = self.deck().near(&asked, &settings, threshold)
        {
            near = Some(Arc::new(how));
            (next, key_of_take) = (Next::Take(take), other);
        }
        if let Next::Take(take) = next {
            if let Some(why) = self.note(key_of_take, &take) {
                return Some(Found::Miss(why));
            }
            let Some(answer) = take.answer() else {
                return Some(Found::Miss(refused(&self.unread(&take))));
            };
            if let Some(near) = &near {
                self.tell_near(take.line(), near);
            }
            let cassette = self.clone();
            let recorded = Recorded { answer, cassette, near, timing: settings.timing };
            match mode {
                RecordMode::Verify => purpose = Purpose::Verify(recorded),
                RecordMode::Refresh => return Some(Found::Play(recorded)),
                _ => {
                    return Some(match self.aged(&take, settings.max_age) {
                        None => Found::Play(recorded),
                        Some(why) => Found::Miss(why),
                    });
                }
            }
        } else if matches!(mode, RecordMode::Replay | RecordMode::Verify) {
            let request = inquiry.request.filter(|_| mode == RecordMode::Replay);
            let transcoded =
                request.and_then(|request| self.transcoded(request, inquiry.rooms, &settings));
            if let Some(Transcoded { key, take, reply }) = transcoded {
                return Some(match reply {
                    Err(why) => Found::Miss(why),
                    Ok(reply) => match self.note(key, &take) {
                        Some(why) => Found::Miss(why),
                        None => Found::Say(Arc::new(reply)),
                    },
                });
            }
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

    /// Whether a request would be replayed: its key and the lookup, without an answer. For benches.
    #[doc(hidden)]
    pub fn finds(&self, provider: &Provider, head: &RequestHead, body: &Bytes) -> bool {
        let settings = Arc::clone(&self.deck().settings);
        let (asked, _) = asked(provider, head, body, &settings);
        let next = self.next(settings.key(&asked), RecordMode::Replay, &settings);
        matches!(next, Ok((Next::Take(_), _)))
    }

    /// Why nothing answers, and how to get out of it.
    fn miss(&self, asked: &Asked, next: &Next, settings: &Settings) -> String {
        const SHOWN: usize = 5;
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
        } else if let Some((take, differences)) = nearest(&takes, asked, settings)
            && let Some(interaction) = take.interaction()
        {
            let interaction = &*interaction;
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

    /// Writes down what was recorded.
    pub(super) fn keep(
        &self,
        key: u128,
        secrets: &Secrets,
        purpose: &Purpose,
        mut interaction: Interaction,
    ) -> Result<(), Error> {
        let settings = Arc::clone(&self.deck().settings);
        settings.redaction.interaction(secrets, &mut interaction);
        let (change, take) = self.whole()?.add(key, interaction, purpose);
        let lines = format::write(&*self.read(&take)?);
        let Inner { store, name, location, .. } = &*self.0;
        let written = match change {
            Change::Nothing => Ok(()),
            Change::Append => {
                store.append(name, &mut |tail| (format::joint(tail) + &lines).into_bytes())
            }
            Change::Replace(gone) => store.replace(name, &mut |old| {
                let gone = gone.iter().map(|take| Ok(format::write(&*self.read(take)?)));
                let mut gone: Vec<_> =
                    gone.collect::<Result<_, Error>>().map_err(std::io::Error::other)?;
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
        written.map_err(|error| Error::io(format!("write the cassette {location}"), error))?;
        let made = Some(take).filter(|take| !take.is_interrupted());
        match made.and_then(|take| self.note(key, &take)) {
            Some(why) => Err(Error::cassette(why)),
            None => Ok(()),
        }
    }

    /// Writes down that a recording was used, if that is wanted; if it cannot be, why.
    fn note(&self, key: u128, take: &Take) -> Option<String> {
        if !usage::is_wanted() {
            return None;
        }
        let known = self.deck().recorded(key);
        let before: Vec<_> = known
            .iter()
            .take_while(|it| it.id() != take.id())
            .filter_map(|it| it.interaction())
            .collect();
        let before = before.iter().map(Arc::as_ref);
        let interaction = match self.read(take) {
            Ok(interaction) => interaction,
            Err(error) => return Some(refused(&error)),
        };
        let error = usage::note(self.location(), &interaction, before).err()?;
        Some(format!(
            "tower-mock-llm: cannot write down that a recording of {} was used: {error}. Make the \
             file that MOCK_LLM_USAGE names writable, or do not set it.",
            self.location()
        ))
    }
}

/// A request as it is looked for, and what is secret in it.
fn asked(
    provider: &Provider,
    head: &RequestHead,
    body: &Bytes,
    settings: &Settings,
) -> (Asked, Secrets) {
    let secrets = Secrets::of(head);
    let content_type = head.headers.get(header::CONTENT_TYPE);
    // Nothing but a form's is looked at.
    let content_type = content_type.filter(|kind| kind.as_bytes().starts_with(b"multipart/"));
    let asked = Asked {
        provider: provider.name(),
        method: match head.method {
            Method::POST => "POST".into(),
            ref method => method.to_string().into(),
        },
        url: url(head, &settings.redaction, &secrets),
        content_type: content_type.and_then(|kind| kind.to_str().ok()).map(str::to_owned),
        body: settings.redaction.body(&secrets, body),
    };
    (asked, secrets)
}

/// What is answered where a cassette cannot be read.
fn refused(error: &Error) -> String {
    format!("tower-mock-llm: {error}. Nothing was sent.")
}
