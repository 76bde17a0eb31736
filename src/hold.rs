//! What is held while an answer is played, and let go at its end: a place among the requests that
//! may be there at once, and the clock that a verdict wants to see.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::mock::{Mock, Reaction};
use crate::pace;
use crate::play::Playback;
use crate::provider::{Entropy, ErrorContext, Room};
use crate::quota::{Admitted, Levels, Permit, Refused};
use crate::reply::Say;
use crate::request::LlmRequest;
use crate::verdict::Outcome;

/// Nothing, for most answers: then there is none.
#[derive(Debug)]
pub(crate) struct Hold {
    _permit: Option<Permit>,
    ended: Option<Arc<OnceLock<Instant>>>,
}

impl Hold {
    pub(crate) fn new(watch: bool, admitted: Option<Admitted>) -> Option<Box<Self>> {
        let permit = admitted.and_then(|admitted| admitted.permit);
        let is_needed = watch || permit.is_some();
        is_needed.then(|| Box::new(Self { _permit: permit, ended: watch.then(Arc::default) }))
    }

    /// Where the time will be when it is let go.
    pub(crate) fn ended(&self) -> Option<Arc<OnceLock<Instant>>> {
        self.ended.clone()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(ended) = &self.ended {
            let _ = ended.set(pace::now());
        }
    }
}

impl Mock {
    /// Lets a request through the quota, if there is one, or refuses it.
    pub(crate) fn admit(
        &self,
        room: &Room,
        request: &mut LlmRequest,
        created: u64,
        entropy: Entropy,
    ) -> Result<Option<Admitted>, Box<Reaction>> {
        let Some(quota) = &self.settings.quota else { return Ok(None) };
        let prompt = self.counter(request).prompt(request);
        match self.shared.ledger.admit(quota, room.provider(), request, prompt, created) {
            Ok(admitted) => Ok(Some(admitted)),
            Err(refused) => {
                let Refused { error, levels } = *refused;
                let cx = ErrorContext::of(request, created, entropy).levels(Some(&levels));
                let response = room.error(&cx, &error);
                let outcome = Outcome::of_error(&error);
                let (model, stream) = (std::mem::take(&mut request.model), request.stream);
                let (call, head, body) = request.take();
                let attempt = self.attempt(outcome, Duration::ZERO, None);
                let watch = self.note_refusal(room, Some(call), head, body, &response, attempt);
                watch.asked(model, stream);
                let response = response.map(|body| watch.around(Playback::Full(body)));
                Err(Box::new(Reaction::Respond(response, Duration::ZERO)))
            }
        }
    }

    /// Takes what the answer costs, and tells what is left.
    pub(crate) fn charge(
        &self,
        admitted: Option<&Admitted>,
        say: &Say,
        request: &LlmRequest,
        created: u64,
    ) -> Option<Levels> {
        let (quota, admitted) = (self.settings.quota.as_ref()?, admitted?);
        let output = match say {
            Say::Reply(reply) if reply.has_usage() => reply.usage_for(0).output,
            Say::Reply(reply) => reply.usage_by(0, &self.counter(request)).output,
            _ => 0,
        };
        Some(self.shared.ledger.charge(quota, admitted, output, created))
    }
}
