//! A call that goes to the provider, and is recorded while its answer passes by.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, Request, Version, header, response};
use http_body::{Body, Frame as BodyFrame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::Cassette;
use super::canon::Asked;
use super::interaction::{Frame, Interaction};
use super::player::{Frames, Recorded};
use super::redact::{Secrets, request_headers};
use crate::error::BoxError;
use crate::mock::Mock;
use crate::pace;
use crate::provider::Room;
use crate::request::RequestHead;
use crate::wire::events;

/// Leave to call the provider.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(super) cassette: Cassette,
    pub(super) asked: Asked,
    pub(super) key: u128,
    pub(super) secrets: Secrets,
    pub(super) purpose: Purpose,
}

/// What a live answer is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// It is new.
    Add,
    /// It stands for what was recorded before.
    Again,
    /// It stands for what has become old, if it is as good.
    Refresh,
    /// It is compared with this, which is replayed in its place.
    Verify(Recorded),
}

/// A request that goes to the provider.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) mock: Mock,
    pub(crate) ticket: Ticket,
    pub(crate) head: RequestHead,
    pub(crate) body: Bytes,
}

impl Live {
    /// The request again, and what is kept of it.
    pub(crate) fn send<B: From<Bytes>>(
        self,
        version: Version,
        extensions: Extensions,
    ) -> (Request<B>, Recorder) {
        let Self { mock, ticket, head, body } = self;
        let interaction = Interaction {
            method: ticket.asked.method.into_owned(),
            url: ticket.asked.url,
            provider: ticket.asked.provider.into_owned(),
            request_headers: request_headers(&head.headers),
            // It is scrubbed with the rest, when all secrets are known.
            body: body.clone(),
            ..Interaction::default()
        };
        let mut request = Request::new(B::from(body));
        *request.method_mut() = head.method;
        *request.uri_mut() = head.uri;
        *request.headers_mut() = head.headers;
        *request.version_mut() = version;
        *request.extensions_mut() = extensions;
        // What is compressed cannot be read in the file, nor searched for keys.
        request.headers_mut().remove(header::ACCEPT_ENCODING);
        let Ticket { cassette, key, secrets, purpose, .. } = ticket;
        let sent = pace::now();
        (request, Recorder { mock, cassette, key, secrets, purpose, interaction, sent })
    }
}

/// Waits for the head of the answer.
#[derive(Debug)]
pub(crate) struct Recorder {
    mock: Mock,
    cassette: Cassette,
    key: u128,
    secrets: Secrets,
    purpose: Purpose,
    interaction: Interaction,
    sent: Instant,
}

impl Recorder {
    /// Goes on with the body. The head becomes the recorded one where that is what is answered.
    pub(crate) fn tape<B: Body>(mut self, parts: &mut response::Parts, body: B) -> Taped<B> {
        let live = parts.clone();
        let mut instead = None;
        if let Purpose::Verify(recorded) = &self.purpose {
            let (recorded, frames) = recorded.clone().play().0.into_parts();
            (parts.status, parts.headers) = (recorded.status, recorded.headers);
            instead = Some(frames);
        }
        let parts = &live;
        let encoding = parts.headers.get(header::CONTENT_ENCODING);
        if let Some(encoding) = encoding.filter(|value| *value != "identity") {
            let what = format!(
                "{} was not recorded: the answer to {} {} is compressed ({encoding:?}) although that \
                 was not asked for, and cannot be searched for keys",
                self.cassette.location(),
                self.interaction.method,
                self.interaction.url,
            );
            self.mock.shared.misfits.add(what);
            return Taped { body, tape: None, instead };
        }
        self.interaction.status = parts.status.as_u16();
        self.interaction.after = micros(pace::now() - self.sent);
        let settings = Arc::clone(&self.cassette.deck().settings);
        self.interaction.headers = settings.redaction.response_headers(&parts.headers);
        self.secrets.add_headers(&parts.headers);
        let begun = pace::now();
        let mut tape = Tape { recorder: Some(self), begun };
        if body.is_end_stream() {
            // Nobody will ask for more of it; `MockHandle::check` tells what went wrong.
            let _ = tape.end(None);
        }
        Taped { body, tape: Some(tape), instead }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Notes what passes by. Whoever drops it before the end went away.
#[derive(Debug)]
struct Tape {
    recorder: Option<Recorder>,
    begun: Instant,
}

impl Tape {
    fn frame(&mut self, bytes: &Bytes) {
        if let Some(recorder) = &mut self.recorder {
            let at = micros(pace::now() - self.begun);
            recorder.interaction.frames.push(Frame { at, bytes: bytes.clone() });
        }
    }

    /// Writes it down, or compares it.
    fn end(&mut self, interrupted: Option<String>) -> Result<(), BoxError> {
        let Some(recorder) = self.recorder.take() else { return Ok(()) };
        let Recorder { mock, cassette, key, secrets, purpose, mut interaction, .. } = recorder;
        interaction.interrupted = interrupted;
        let room = room(&mock, &interaction.provider);
        match cassette.end(key, &secrets, &purpose, interaction, room) {
            Ok(None) => Ok(()),
            Ok(Some(told)) => {
                mock.shared.misfits.add(told);
                Ok(())
            }
            Err(error) => {
                mock.shared.misfits.add(error.to_string());
                Err(error.into())
            }
        }
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        let Some(recorder) = &self.recorder else { return };
        let is_whole = has_announced_length(&recorder.interaction) || said_so(recorder);
        let interrupted = (!is_whole).then(|| "the client read no further".to_owned());
        // `MockHandle::check` tells what went wrong.
        let _ = self.end(interrupted);
    }
}

fn has_announced_length(interaction: &Interaction) -> bool {
    let mut headers = interaction.headers.iter();
    let length = headers.find(|(name, _)| name == header::CONTENT_LENGTH.as_str());
    let read: usize = interaction.frames.iter().map(|frame| frame.bytes.len()).sum();
    length.is_some_and(|(_, length)| length.parse() == Ok(read))
}

/// The room of a provider, if it has one here.
fn room<'a>(mock: &'a Mock, provider: &str) -> Option<&'a Room> {
    mock.settings.claims.rooms.iter().find(|room| room.provider().as_str() == provider)
}

/// Whether a stream said that it is over: clients read no further then.
fn said_so(recorder: &Recorder) -> bool {
    let Some(room) = room(&recorder.mock, &recorder.interaction.provider) else { return false };
    let said = recorder.interaction.said();
    let last = events(&said).pop();
    last.is_some_and(|event| room.hear(event.data.as_bytes()).is_last)
}

pin_project! {
    /// The body of a live answer, which is recorded while it is read.
    ///
    /// It fails, after its last frame, if the recording cannot be written.
    #[derive(Debug)]
    pub struct Taped<B> {
        #[pin]
        body: B,
        tape: Option<Tape>,
        // What is answered in place of it, once it has all come.
        instead: Option<Frames>,
    }
}

impl<B> Taped<B> {
    pub(crate) fn untaped(body: B) -> Self {
        Self { body, tape: None, instead: None }
    }
}

impl<B> Body for Taped<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, BoxError>>> {
        let mut this = self.project();
        if let Some(frames) = this.instead {
            while let Some(tape) = this.tape {
                match ready!(this.body.as_mut().poll_frame(cx)) {
                    Some(Ok(frame)) => {
                        if let Some(bytes) = frame.data_ref() {
                            tape.frame(bytes);
                        }
                        continue;
                    }
                    // It is only compared: what is recorded is answered all the same.
                    Some(Err(error)) => drop(tape.end(Some(error.into().to_string()))),
                    None => drop(tape.end(None)),
                }
                *this.tape = None;
            }
            return frames.poll(cx).map(|frame| frame.map(|frame| frame.map(BodyFrame::data)));
        }
        let polled = ready!(this.body.as_mut().poll_frame(cx));
        let Some(tape) = this.tape else {
            return Poll::Ready(polled.map(|frame| frame.map_err(Into::into)));
        };
        Poll::Ready(match polled {
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    tape.frame(bytes);
                }
                // The last one may be the last that is asked for.
                match if this.body.is_end_stream() { tape.end(None) } else { Ok(()) } {
                    Ok(()) => Some(Ok(frame)),
                    Err(error) => Some(Err(error)),
                }
            }
            Some(Err(error)) => {
                let error = error.into();
                let _ = tape.end(Some(error.to_string()));
                Some(Err(error))
            }
            None => tape.end(None).err().map(Err),
        })
    }

    fn is_end_stream(&self) -> bool {
        match &self.instead {
            Some(frames) => self.tape.is_none() && frames.is_over(),
            None => self.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.instead {
            Some(_) => SizeHint::default(),
            None => self.body.size_hint(),
        }
    }
}
