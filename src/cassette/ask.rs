//! Where the line asks the cassette.

use bytes::Bytes;

use super::{Found, Inquiry, Live, Ticket};
use crate::delivery::Progress;
use crate::journal::{Received, Track};
use crate::mock::{Mock, Reaction};
use crate::provider::{Call, Provider, Room};
use crate::reply::{Answer, ApiError, Say};
use crate::request::{LlmRequest, RequestHead};

impl Mock {
    /// What the cassette makes of a request, which may not have been understood; `None` if there is no
    /// cassette.
    pub(crate) fn ask_cassette(
        &self,
        provider: &Provider,
        head: &RequestHead,
        body: &Bytes,
        request: Option<&LlmRequest>,
    ) -> Option<Answer> {
        let cassette = self.settings.cassette.as_ref()?.branch(request.map(LlmRequest::turn));
        let rooms = &*self.settings.claims.rooms;
        let inquiry = Inquiry { provider, head, body, request, rooms };
        Some(match cassette.find(inquiry, self.records)? {
            Found::Live(ticket) => Answer::new(Say::Live(ticket)),
            Found::Miss(message) => {
                self.shared.misfits.add(message.clone());
                ApiError::invalid_request(message).into()
            }
            Found::Play(recorded) => {
                if let Some(failure) = recorded.failure() {
                    self.shared.misfits.add(failure);
                }
                Answer::new(Say::Recorded(recorded))
            }
            // It was an answer, whatever the schemas say.
            Found::Say(reply) => Answer::new(Say::Reply(reply)).unchecked(),
        })
    }

    /// The same for a request that no room understands, or that no endpoint here answers: what was
    /// recorded is right all the same. `Err` if it has nothing, and with the reason if there is a
    /// cassette.
    pub(crate) fn recall(
        &self,
        room: &Room,
        call: Option<&Call>,
        head: &RequestHead,
        body: &Bytes,
    ) -> Result<Reaction, Option<ApiError>> {
        match self.ask_cassette(&room.provider(), head, body, None).map(|answer| answer.say) {
            Some(Say::Live(ticket)) => Ok(self.live(*ticket, head.clone(), body.clone())),
            Some(Say::Recorded(recorded)) => {
                let replayed = recorded.replayed();
                let (response, wait) = recorded.play();
                let status = response.status();
                let track = Track::Here(Progress::default());
                let (head, body) = (head.clone(), body.clone());
                let watch = self.note(|| {
                    Received::new(room, call.cloned(), head, body, None, status, track)
                        .with_replayed(Some(replayed))
                });
                let response = response.map(|frames| watch.around(frames.playback(None)));
                Ok(Reaction::Respond(response, wait))
            }
            Some(Say::Error(error)) => Err(Some(*error)),
            _ => Err(None),
        }
    }

    pub(crate) fn live(&self, ticket: Ticket, head: RequestHead, body: Bytes) -> Reaction {
        Reaction::Record(Box::new(Live { mock: self.clone(), ticket, head, body }))
    }
}
