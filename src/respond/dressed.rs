//! Any responder, with what a config file says of its answers.

use super::{Cue, IntoRespond, Respond};
use crate::fault::Fault;
use crate::pace::Pace;
use crate::provider::Operation;
use crate::reply::{Answer, Reply};
use crate::request::LlmRequest;

/// A responder whose answers have this pace and this fault.
pub(crate) struct Dressed {
    pub(crate) respond: Box<dyn Respond>,
    pub(crate) pace: Option<Pace>,
    pub(crate) fault: Option<Fault>,
    pub(crate) unchecked: bool,
}

impl Dressed {
    /// As it is.
    pub(crate) fn plain(respond: impl IntoRespond) -> Self {
        Self { respond: respond.into_respond(), pace: None, fault: None, unchecked: false }
    }

    fn dress(&self, mut answer: Answer) -> Answer {
        answer.pace = self.pace.clone().or(answer.pace);
        answer.fault = self.fault.clone().or(answer.fault);
        answer.unchecked |= self.unchecked;
        answer
    }
}

impl Respond for Dressed {
    fn respond(&self, request: &LlmRequest) -> Option<Answer> {
        self.respond.respond(request).map(|answer| self.dress(answer))
    }

    fn respond_to(&self, request: &LlmRequest, cue: &Cue<'_>) -> Option<Answer> {
        self.respond.respond_to(request, cue).map(|answer| self.dress(answer))
    }

    fn always_answers(&self) -> bool {
        self.respond.always_answers()
    }

    fn answers(&self, operation: Operation) -> bool {
        self.respond.answers(operation)
    }

    fn unsaid(&self) -> Vec<String> {
        self.respond.unsaid()
    }

    fn says(&self) -> Vec<&Reply> {
        self.respond.says()
    }
}
