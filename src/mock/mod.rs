//! The straight line that every request walks: recognize, parse, choose, synthesize, frame,
//! disrupt, time. Synchronous and free of I/O; layer, server and client adaptors are shells
//! around it.

mod choosing;
mod making;
mod settings;
mod switching;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;

use self::making::{Gathering, Job, Pending};
pub(crate) use self::settings::{Settings, Shared};
use crate::counting::Counter;
use crate::delivery::{Player, Progress, Watch};
use crate::fault::{Fault, say_inside};
use crate::hold::Hold;
use crate::journal::{Received, Track};
use crate::pace::{self, Pace};
use crate::play::Playback;
use crate::provider::{Call, Entropy, ErrorContext, Operation, Room};
use crate::reply::{Answer, ApiError, ErrorKind, Lost, Say};
use crate::request::{LlmRequest, RequestHead};
use crate::util::rng::hash;
use crate::verdict::{Attempt, Outcome};

/// The engine: settings that stay, and state that is shared with the handle.
#[derive(Clone, Debug)]
pub(crate) struct Mock {
    pub(crate) settings: Arc<Settings>,
    pub(crate) shared: Arc<Shared>,
    /// Whether what goes around it can let a request through to be recorded.
    #[cfg(feature = "cassette")]
    pub(crate) records: bool,
}

/// The body of a request, as far as it could be read.
pub(crate) type Body = Result<Bytes, Unread>;

/// Why a body could not be read.
#[derive(Debug)]
pub(crate) enum Unread {
    Broken(String),
    TooLarge(u64),
}

/// What the line ends in: a response, or what must be waited for first.
#[derive(Debug)]
pub(crate) enum Reaction {
    Gather(Box<Pending>),
    /// No answer comes.
    Lost(Box<Lost>),
    /// The provider answers, and it is recorded.
    #[cfg(feature = "cassette")]
    Record(Box<crate::cassette::Live>),
    Respond(Response<Player>, Duration),
}

impl Mock {
    /// The line, from the parsed head and body to what is played.
    pub(crate) fn answer(&self, room: Room, call: Call, head: RequestHead, body: Body) -> Reaction {
        let entropy = self.entropy(&call, body.as_deref().unwrap_or_default());
        // It stays where it was made: it is large, and each move costs.
        let mut parsed = match &body {
            Ok(body) => {
                room.parse(call.clone(), &head.as_head().judged(self.settings.lenient), body)
            }
            Err(unread) => Err(unread.into()),
        };
        let request = match &mut parsed {
            Ok(request) => request,
            Err(error) => {
                #[cfg(feature = "cassette")]
                if let Ok(body) = &body
                    && let Ok(reaction) = self.recall(&room, Some(&call), &head, body)
                {
                    return reaction;
                }
                let body = body.unwrap_or_default();
                return self.refuse(&room, Some(&call), head, body, error, entropy);
            }
        };
        request.head = head;
        let asked = match self.asked_pace(&request.head) {
            Ok(asked) => asked,
            Err(error) => {
                let (call, head, body) = request.take();
                return self.refuse(&room, Some(&call), head, body, &error, entropy);
            }
        };
        let created = created(self.settings.seed, request.messages.len());
        let mut admitted = None;
        if self.settings.quota.is_some() && request.operation() != Operation::Models {
            admitted = match self.admit(&room, request, created, entropy) {
                Ok(admitted) => admitted,
                Err(refusal) => return *refusal,
            };
        }
        let (Answer { say, pace, fault, unchecked }, rule) = self.choose(request, entropy);
        #[cfg(feature = "cassette")]
        let say = match say {
            Say::Live(ticket) => {
                let (_, head, body) = request.take();
                return self.live(*ticket, head, body);
            }
            say => say,
        };
        let pace = asked.or(pace).or_else(|| self.pace_for(request));
        let (say, fault) = self.settle(say, fault, &room, request, &rule, unchecked);
        let (say, in_stream) = match fault.as_ref().and_then(Fault::error) {
            None => (say, None),
            Some(error) => say_inside(say, &room, request, created, entropy, error),
        };
        let levels = self.charge(admitted.as_ref(), &say, request, created);
        let hold = Hold::new(self.settings.watch, admitted);
        let outcome = Outcome::of(&say, fault.as_ref());
        #[cfg(feature = "cassette")]
        let replayed = match &say {
            Say::Recorded(recorded) => Some(recorded.replayed()),
            _ => None,
        };
        let say = match say {
            Say::Stream(stream) if !request.stream => {
                let attempt = self.attempt(outcome, Duration::ZERO, hold.as_deref());
                let gathering = Gathering { stream, levels, hold, attempt, pace, fault };
                let Ok(request) = parsed else { unreachable!("it was understood") };
                return self.gather(room, request, rule, gathering, entropy);
            }
            say => say,
        };
        let track = match say {
            Say::Reply(_) | Say::Stream(_) if request.stream => Track::Beside(Arc::default()),
            _ => Track::Here(Progress::default()),
        };
        let pace = pace.as_ref().unwrap_or(&self.settings.pace);
        let job = Job::new(self, &room, request, entropy, levels.as_ref(), pace);
        let mut made = job.make(say, fault, in_stream);
        let attempt = self.attempt(outcome, made.wait, hold.as_deref());
        made.hold = hold;
        let status = made.response.status();
        let (model, stream) = (std::mem::take(&mut request.model), request.stream);
        let watch = self.note(|| {
            let (call, head, body) = request.take();
            let entry = Received::new(&room, Some(call), head, body, rule, status, track);
            #[cfg(feature = "cassette")]
            let entry = entry.with_replayed(replayed);
            entry.with_attempt(attempt)
        });
        watch.asked(model, stream);
        made.watched(watch)
    }

    /// What a verdict needs, if one is asked for.
    pub(crate) fn attempt(
        &self,
        outcome: Outcome,
        wait: Duration,
        hold: Option<&Hold>,
    ) -> Option<Box<Attempt>> {
        let ended = hold.and_then(Hold::ended);
        self.settings.watch.then(|| Box::new(Attempt::new(outcome, wait, ended)))
    }

    /// The answer to a request that must not leave and that nothing answers.
    pub(crate) fn refuse_unmatched(&self, room: &Room, head: RequestHead, body: Body) -> Reaction {
        let entropy = Entropy::new(hash(self.settings.seed, head.uri.path().as_bytes()));
        #[cfg(feature = "cassette")]
        if let Ok(body) = &body {
            match self.recall(room, None, &head, body) {
                Ok(reaction) => return reaction,
                Err(None) => {}
                Err(Some(miss)) => {
                    return self.refuse(room, None, head, body.clone(), &miss, entropy);
                }
            }
        }
        let message = format!(
            "tower-mock-llm does not mock {} {}, and lets nothing through to a provider unasked. To \
             let it through, set `MockLlmLayer::unmatched(Unmatched::Forward)`; to leave this \
             provider or host alone, restrict `providers` or `hosts`.",
            head.method,
            head.url_for_messages(),
        );
        let error = ApiError::new(ErrorKind::NotFound).message(message);
        self.refuse(room, None, head, body.unwrap_or_default(), &error, entropy)
    }

    fn refuse(
        &self,
        room: &Room,
        call: Option<&Call>,
        head: RequestHead,
        body: Bytes,
        error: &ApiError,
        entropy: Entropy,
    ) -> Reaction {
        let created = created(self.settings.seed, 0);
        let of_head = head.as_head();
        let cx =
            ErrorContext { call, request: None, head: of_head, created, entropy, levels: None };
        let response = room.error(&cx, error);
        let attempt = self.attempt(Outcome::of_error(error), Duration::ZERO, None);
        let watch = self.note_refusal(room, call.cloned(), head, body, &response, attempt);
        let response = response.map(|body| watch.around(Playback::Full(body)));
        Reaction::Respond(response, Duration::ZERO)
    }

    /// An error of what is around the mock, in a provider's envelope.
    #[cfg(feature = "server")]
    pub(crate) fn error(
        &self,
        room: &Room,
        call: Option<&Call>,
        head: &RequestHead,
        error: &ApiError,
    ) -> Response<Bytes> {
        let entropy = Entropy::new(hash(self.settings.seed, head.uri.path().as_bytes()));
        let created = created(self.settings.seed, 0);
        let head = head.as_head();
        room.error(
            &ErrorContext { call, request: None, head, created, entropy, levels: None },
            error,
        )
    }

    /// Enters a request that no rule was asked about.
    pub(crate) fn note_refusal(
        &self,
        room: &Room,
        call: Option<Call>,
        head: RequestHead,
        body: Bytes,
        response: &Response<Bytes>,
        attempt: Option<Box<Attempt>>,
    ) -> Watch {
        let (status, track) = (response.status(), Track::Here(Progress::default()));
        self.note(|| {
            Received::new(room, call, head, body, None, status, track).with_attempt(attempt)
        })
    }

    /// The pace that the request's header asks for.
    fn asked_pace(&self, head: &RequestHead) -> Result<Option<Pace>, ApiError> {
        if self.settings.pace_header != Some(true) {
            return Ok(None);
        }
        let refusal = |error| ApiError::invalid_request(format!("tower-mock-llm: {error}"));
        let asked = pace::asked(head).map_err(refusal)?;
        #[cfg(feature = "server")]
        let asked = asked.or_else(|| self.switched_pace());
        Ok(asked)
    }

    /// Enters a request into the journal, if there is one. The watch counts what becomes of the
    /// answer.
    pub(crate) fn note(&self, received: impl FnOnce() -> Received) -> Watch {
        let bound = self.settings.journal;
        if bound.entries == 0 && !self.is_observed() {
            return Watch::Off;
        }
        #[cfg_attr(
            not(feature = "server"),
            expect(unused_mut, reason = "only a server's is changed")
        )]
        let mut received = received().judged(self.settings.lenient);
        #[cfg(feature = "server")]
        self.observe(&mut received);
        let received = Arc::new(received);
        let watch = Watch::of(&received);
        self.shared.journal.push(received, bound);
        watch
    }

    #[cfg(not(feature = "server"))]
    fn is_observed(&self) -> bool {
        false
    }

    fn entropy(&self, call: &Call, body: &[u8]) -> Entropy {
        let model = call.model.as_deref().unwrap_or_default();
        let seed = if model.is_empty() {
            self.settings.seed
        } else {
            hash(self.settings.seed, model.as_bytes())
        };
        Entropy::new(hash(seed, body))
    }

    pub(crate) fn counter(&self, request: &LlmRequest) -> Counter {
        Counter::new(self.settings.tokenizer.as_ref(), &request.model)
    }
}

impl From<&Unread> for ApiError {
    fn from(unread: &Unread) -> Self {
        match unread {
            Unread::Broken(why) => {
                Self::invalid_request(format!("the request's body broke off: {why}"))
            }
            Unread::TooLarge(limit) => Self::new(ErrorKind::TooLarge).param(limit.to_string()),
        }
    }
}

/// When an answer claims to be made: a day in 2026 that the seed picks, and ten seconds on for
/// each message, so that time moves forward through a conversation.
fn created(seed: u64, messages: usize) -> u64 {
    const NEW_YEAR_2026: u64 = 1_767_225_600;
    NEW_YEAR_2026 + (seed % 180) * 86_400 + 10 * messages as u64
}
