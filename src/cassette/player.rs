//! A recording, played.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use super::fuzzy::Near;
use super::interaction::Interaction;
use super::{Cassette, Replayed};
use crate::error::BoxError;
use crate::fault::Disruption;
use crate::pace::Timer;
use crate::play::Playback;

/// A recording that answers a request.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(super) answer: Arc<Interaction>,
    pub(super) cassette: Cassette,
    /// How far its request is away, if it is another one.
    pub(super) near: Option<Arc<Near>>,
    /// How much longer than recorded it takes; zero for no time at all.
    pub(super) timing: f64,
}

impl Recorded {
    /// The head, and what plays the body; and how long the head takes.
    pub(crate) fn play(self) -> (Response<Frames>, Duration) {
        let interaction = &self.answer;
        let wait = scaled(interaction.after, self.timing);
        let total: usize = interaction.frames.iter().map(|frame| frame.bytes.len()).sum();
        let mut response = Response::new(());
        *response.status_mut() = self.status();
        for (name, value) in &interaction.headers {
            let Ok(name) = HeaderName::try_from(name) else { continue };
            let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else { continue };
            // An answer to HEAD has a length and no body; otherwise a length that does not fit comes of
            // an edited file.
            let is_wrong = name == header::CONTENT_LENGTH
                && total > 0
                && value.as_bytes() != total.to_string().as_bytes();
            if !is_wrong {
                // More than a map of headers holds are in no answer that was recorded.
                let _ = response.headers_mut().try_append(name, value);
            }
        }
        let frames = Frames { recorded: self, next: 0, timer: Timer::default() };
        (response.map(|()| frames), wait)
    }

    /// Why [`MockHandle::check`](crate::MockHandle::check) is to fail although this answers.
    pub(super) fn failure(&self) -> Option<String> {
        self.cassette.failure(self.answer.line, self.near.as_deref())
    }

    /// For the journal.
    pub(crate) fn replayed(&self) -> Box<Replayed> {
        let (cassette, line) = (self.cassette.clone(), self.answer.line);
        Box::new(Replayed { cassette, line, near: self.near.clone() })
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.answer.status).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.answer.headers.iter();
        headers.find(|(known, _)| known == name).map(|(_, value)| &**value)
    }
}

/// The frames of a recording: each on its own, as it came.
#[derive(Debug)]
pub(crate) struct Frames {
    recorded: Recorded,
    next: usize,
    timer: Timer,
}

impl Frames {
    pub(crate) fn playback(self, fault: Option<Box<Disruption>>) -> Playback {
        if let Some(fault) = fault {
            return Playback::recorded(self, fault);
        }
        match &*self.recorded.answer.frames {
            [] => Playback::Full(Bytes::new()),
            [only] if self.recorded.timing == 0.0 => Playback::Full(only.bytes.clone()),
            _ => Playback::Recorded(Box::new(self)),
        }
    }

    /// The next frame, whenever it is due.
    pub(crate) fn take(&mut self) -> Option<Bytes> {
        let frame = self.recorded.answer.frames.get(self.next)?;
        self.next += 1;
        Some(frame.bytes.clone())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.next >= self.recorded.answer.frames.len()
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        let Some(frame) = self.recorded.answer.frames.get(self.next) else {
            return Poll::Ready(None);
        };
        if self.recorded.timing > 0.0 {
            self.timer.start();
            ready!(self.timer.poll(scaled(frame.at, self.recorded.timing), cx));
        }
        Poll::Ready(self.take().map(Ok))
    }
}

fn scaled(micros: u64, factor: f64) -> Duration {
    Duration::try_from_secs_f64(micros as f64 / 1e6 * factor).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_headers_than_a_map_holds_are_no_panic() {
        let headers = (0..40_000).map(|index| (format!("x-{index}"), "a".to_owned())).collect();
        let interaction = Interaction { status: 200, headers, ..Interaction::default() };
        let (answer, cassette) = (interaction.into(), Cassette::open("none-yet.jsonl").unwrap());
        let (response, _) = Recorded { answer, cassette, near: None, timing: 0.0 }.play();
        assert_eq!(response.headers()["x-7"], "a");
    }
}
