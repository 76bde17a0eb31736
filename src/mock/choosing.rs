//! Choosing what is said, and whether it may be.

use http::StatusCode;

use super::Mock;
use crate::fault::{Fault, Happening};
use crate::pace::Pace;
use crate::provider::{Entropy, Operation, Room};
use crate::reply::{Answer, ApiError, Models, Reply, Say};
use crate::request::LlmRequest;
use crate::respond::{Cue, DefaultReply, RuleName, is_free, misfit, why};

impl Mock {
    pub(super) fn choose(
        &self,
        request: &LlmRequest,
        entropy: Entropy,
    ) -> (Answer, Option<RuleName>) {
        let chosen = self.choose_first(request, entropy);
        #[cfg(feature = "config")]
        if let Some(fallbacks) = &self.settings.fallbacks {
            return self.fall_back(request, chosen, fallbacks);
        }
        chosen
    }

    /// What the mock of a model says, or the one that stands in where that fails.
    #[cfg(feature = "config")]
    fn fall_back(
        &self,
        request: &LlmRequest,
        chosen: (Answer, Option<RuleName>),
        fallbacks: &crate::config::Fallbacks,
    ) -> (Answer, Option<RuleName>) {
        let Some(next) = fallbacks.of(&request.model).filter(|_| chosen.0.is_failure()) else {
            return chosen;
        };
        let (mut answer, rule) = match next.rules.choose(request, self.settings.seed) {
            Some((answer, rule)) => (answer, Some(rule)),
            None => (self.default(request), None),
        };
        answer.pace = answer.pace.or_else(|| next.pace.clone());
        (answer, rule)
    }

    #[inline]
    fn choose_first(&self, request: &LlmRequest, entropy: Entropy) -> (Answer, Option<RuleName>) {
        if self.is_safe() {
            return self.say(request);
        }
        match self.happening(request, entropy) {
            None => self.say(request),
            Some(Happening::Answer(answer)) => (answer, None),
            Some(Happening::Fault(fault)) => {
                let (answer, rule) = self.say(request);
                (Answer { fault: answer.fault.or(Some(fault)), ..answer }, rule)
            }
        }
    }

    #[inline]
    fn say(&self, request: &LlmRequest) -> (Answer, Option<RuleName>) {
        if let Some((answer, rule)) = self.shared.rules.choose(request, self.settings.seed) {
            return (answer, Some(rule));
        }
        #[cfg(feature = "cassette")]
        {
            let LlmRequest { provider, head, body, .. } = request;
            if let Some(answer) = self.ask_cassette(provider, head, body, Some(request)) {
                return (answer, None);
            }
        }
        if request.operation() == Operation::Models {
            // It is no answer that a rule was forgotten for.
            return (Models::default().and(&self.settings.models).into(), None);
        }
        if let Some(status) = self.settings.strict {
            let message = self.shared.rules.unmatched(request);
            let message = format!("tower-mock-llm, in strict mode: {message}");
            return (ApiError::invalid_request(message).status(status).into(), None);
        }
        (self.default(request), None)
    }

    #[inline]
    fn default(&self, request: &LlmRequest) -> Answer {
        let cue = Cue::of_default(self.settings.seed);
        let default = Some(&self.settings.default)
            .filter(|default| default.answers(request.operation()))
            .and_then(|default| default.respond_to(request, &cue))
            .filter(|answer| answer.answers(request.operation()));
        default.unwrap_or_else(|| match request.operation() {
            Operation::Chat => Reply::empty().into(),
            // A default that the user gave is about conversations.
            _ => DefaultReply::new(self.settings.seed).answer(request),
        })
    }

    /// The error in place of a reply that does not fit the request's own schemas.
    fn check(
        &self,
        request: &LlmRequest,
        reply: &Reply,
        rule: &Option<RuleName>,
    ) -> Option<ApiError> {
        if is_free(request) || !self.settings.check_replies {
            return None;
        }
        let misfit = misfit(request, reply)?;
        let who = rule.as_ref().map_or("the default reply".into(), |rule| format!("rule {rule}"));
        let message = format!("tower-mock-llm: {}", self.shared.misfits.note(&who, &misfit));
        let status = self.settings.strict.unwrap_or(StatusCode::BAD_REQUEST);
        Some(ApiError::invalid_request(message).status(status))
    }

    /// The pace that some requests have of their own.
    pub(super) fn pace_for(&self, request: &LlmRequest) -> Option<Pace> {
        self.settings.paces.iter().find_map(|pace_for| pace_for(request))
    }

    /// What is said in the end: a reply kept within the request's limits, or the error that it is
    /// none for this request.
    pub(super) fn settle(
        &self,
        say: Say,
        fault: Option<Fault>,
        room: &Room,
        request: &LlmRequest,
        rule: &Option<RuleName>,
        unchecked: bool,
    ) -> (Say, Option<Fault>) {
        let reply = match say {
            Say::Reply(reply) => reply,
            Say::Stream(stream) => {
                let stream = stream.obeying(&request.sampling, &self.counter(request));
                return (Say::Stream(stream), fault);
            }
            Say::Output(output) => {
                let counter = self.counter(request);
                return match room.overlong(request, &|text| counter.exactly(text)) {
                    None => (Say::Output(output), fault),
                    Some(error) => (Say::Error(Box::new(error)), None),
                };
            }
            say => return (say, fault),
        };
        let reply = reply.obeying(&request.sampling, &self.counter(request));
        let fitting = || if unchecked { None } else { self.check(request, &reply, rule) };
        match unsayable(room, &reply).or_else(fitting) {
            None => (Say::Reply(reply), fault),
            // It must be read: nothing goes wrong with it.
            Some(error) => (Say::Error(Box::new(error)), None),
        }
    }
}

/// Why the room cannot say this reply, if so: as an error, since to leave a part out would be a lie.
fn unsayable(room: &Room, reply: &Reply) -> Option<ApiError> {
    if reply.is_plain() {
        return None;
    }
    let why = why(room, reply)?;
    Some(ApiError::invalid_request(format!(
        "tower-mock-llm: {why}. Leave it out of the answer, or give the rule a condition on the \
         provider."
    )))
}
