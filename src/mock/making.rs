//! Making the answer: what is said, in the room's words, with its time and its trouble.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::{Mock, Reaction};
use crate::delivery::{Player, Progress, Watch};
use crate::fault::{Fault, disrupt};
use crate::hold::Hold;
use crate::journal::{Received, Track};
use crate::pace::{Gaps, Pace, Playing, Schedule};
use crate::play::{Bridge, Gather, Playback};
use crate::provider::{Context, Entropy, ErrorContext, Operation, Room};
use crate::quota::Levels;
use crate::reply::{ApiError, Cursor, Lost, NoAnswer, Output, Reply, ReplyStream, Say, Usage};
use crate::request::LlmRequest;
use crate::respond::RuleName;
use crate::verdict::Attempt;
use crate::wire::FrameBuf;

/// All that the end of the line needs to know of a request.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    mock: &'a Mock,
    room: &'a Room,
    request: &'a LlmRequest,
    created: u64,
    entropy: Entropy,
    levels: Option<&'a Levels>,
    pace: &'a Pace,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        mock: &'a Mock,
        room: &'a Room,
        request: &'a LlmRequest,
        entropy: Entropy,
        levels: Option<&'a Levels>,
        pace: &'a Pace,
    ) -> Self {
        let created = super::created(mock.settings.seed, request.messages.len());
        Self { mock, room, request, created, entropy, levels, pace }
    }

    pub(super) fn make(
        self,
        say: Say,
        fault: Option<Fault>,
        in_stream: Option<Box<FrameBuf>>,
    ) -> Made {
        let Self { room, request, entropy, .. } = self;
        match say {
            Say::Error(error) => {
                let cx = self.error_context().levels(self.levels);
                self.at_once(room.error(&cx, &error), fault)
            }
            Say::NoAnswer(how) => {
                let error = ApiError::invalid_request(Lost::words(how));
                const AT_ONCE: &Pace = &Pace::INSTANT;
                let job = Self { pace: AT_ONCE, ..self };
                let made = job.at_once(room.error(&self.error_context(), &error), None);
                Made { lost: Some(how), ..made }
            }
            #[cfg(feature = "cassette")]
            Say::Live(_) => unreachable!("what goes to the provider is not made"),
            #[cfg(feature = "cassette")]
            Say::Recorded(recorded) => {
                let (mut response, wait) = recorded.play();
                let fault = disrupt(&mut response, fault, entropy, in_stream);
                let response = response.map(|frames| frames.playback(fault));
                Made { response, wait, playing: None, tokens: (0, 0), hold: None, lost: None }
            }
            Say::Raw(response) => self.at_once(*response.0, fault),
            Say::Output(output) => {
                let cx = self.output_context(&output);
                let schedule = self.schedule(&cx.usage);
                let mut response = room.output(&cx, &output);
                let fault = disrupt(&mut response, fault, entropy, None);
                let made = Made::new(response, schedule, |body, _| Playback::full(body, fault));
                Made { tokens: (cx.usage.input, cx.usage.output), ..made }
            }
            Say::Reply(reply) if request.stream => {
                let chunking = self.mock.settings.chunking;
                let cx = Context { chunking: Some(chunking), ..self.context(&reply) };
                let cursor = Cursor::new(Arc::clone(&reply), cx.usage, chunking);
                let schedule = self.schedule(&cx.usage);
                let mut response = room.stream(&cx);
                let fault = disrupt(&mut response, fault, entropy, in_stream);
                let tokens = (cx.usage.input, cx.usage.output);
                let made = Made::new(response, schedule, |encoder, gaps| {
                    Playback::stream(cursor, encoder, fault, gaps)
                });
                Made { tokens, ..made }
            }
            Say::Reply(reply) => self.whole(&reply, fault),
            // What is to be whole was gathered before.
            Say::Stream(stream) => {
                let unknown = Reply::empty();
                let cx = self.context(&unknown);
                let counter = self.mock.counter(request);
                let schedule = self.schedule(&cx.usage);
                let mut response = room.stream(&cx);
                let fault = disrupt(&mut response, fault, entropy, in_stream);
                let made = Made::new(response, schedule, |encoder, _| {
                    let bridge = Bridge::new(stream, encoder, cx.usage, counter, fault);
                    Playback::Bridge(Box::new(bridge))
                });
                Made { tokens: (cx.usage.input, cx.usage.output), ..made }
            }
        }
    }

    /// What no model took its time for.
    fn at_once(&self, mut response: Response<Bytes>, fault: Option<Fault>) -> Made {
        let fault = disrupt(&mut response, fault, self.entropy, None);
        let schedule = self.schedule(&Usage::default());
        Made::new(response, schedule, |body, _| Playback::full(body, fault))
    }

    fn whole(&self, reply: &Reply, fault: Option<Fault>) -> Made {
        let cx = self.context(reply);
        let mut schedule = self.schedule(&cx.usage);
        if !self.pace.is_instant() {
            let rest = schedule.gaps.whole(cx.usage.output);
            schedule.head = schedule.head.saturating_add(rest);
        }
        let mut response = self.room.unary(&cx, reply);
        let fault = disrupt(&mut response, fault, self.entropy, None);
        let mut made = Made::new(response, schedule, |body, _| Playback::full(body, fault));
        made.tokens = (cx.usage.input, cx.usage.output);
        made
    }

    fn schedule(&self, usage: &Usage) -> Schedule {
        self.pace.schedule(self.entropy, usage, &self.mock.shared.playing)
    }

    fn error_context(&self) -> ErrorContext<'a> {
        ErrorContext::of(self.request, self.created, self.entropy)
    }

    fn context<'b>(&self, reply: &'b Reply) -> Context<'b>
    where
        'a: 'b,
    {
        let Self { mock, room, request, created, entropy, levels, .. } = *self;
        let usage = if reply.has_usage() {
            reply.usage_for(0)
        } else {
            let counter = mock.counter(request);
            let mut usage = reply.usage_by(counter.prompt(request), &counter);
            if let Some(caching) = &mock.settings.prompt_caching {
                mock.shared.caches.serve(*caching, room.as_ref(), request, &mut usage);
            }
            usage
        };
        let (model, chunking) = (reply.answering_model(), None);
        Context { request, model, usage, created, entropy, levels, reply, chunking }
    }

    fn output_context<'b>(&self, output: &'b Output) -> Context<'b>
    where
        'a: 'b,
    {
        let Self { mock, request, created, entropy, levels, .. } = *self;
        static NOTHING: LazyLock<Reply> = LazyLock::new(Reply::empty);
        let tokens = output.given_tokens().unwrap_or_else(|| match request.operation() {
            Operation::Embeddings => mock.counter(request).inputs(request),
            _ => mock.counter(request).prompt(request),
        });
        Context {
            request,
            model: output.answering_model(),
            usage: Usage::new(tokens, 0),
            created,
            entropy,
            levels,
            reply: &NOTHING,
            chunking: None,
        }
    }
}

/// An answer that a user's stream has not finished yet, for a client that wants it whole.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) gather: Gather,
    mock: Mock,
    watch: Watch,
    room: Room,
    request: LlmRequest,
    entropy: Entropy,
    fault: Option<Fault>,
    /// In place of the layer's.
    pace: Option<Pace>,
    levels: Option<Levels>,
    hold: Option<Box<Hold>>,
}

impl Pending {
    /// The rest of the line, once the user's stream has ended.
    pub(crate) fn finish(self) -> Reaction {
        let Self { gather, mock, watch, room, request, entropy, fault, pace, levels, hold } = self;
        let pace = pace.as_ref().unwrap_or(&mock.settings.pace);
        let job = Job::new(&mock, &room, &request, entropy, levels.as_ref(), pace);
        let mut made = job.whole(&gather.reply, fault);
        made.hold = hold;
        let mut reaction = made.watched(watch);
        mock.mark(&mut reaction);
        reaction
    }
}

impl Mock {
    /// Waits for a user's stream to end, for a client that wants it whole.
    pub(super) fn gather(
        &self,
        room: Room,
        request: LlmRequest,
        rule: Option<RuleName>,
        gathering: Gathering,
        entropy: Entropy,
    ) -> Reaction {
        let (call, head, body) = (request.call.clone(), request.head.clone(), request.body.clone());
        let track = Track::Here(Progress::default());
        let (status, entry) = (StatusCode::OK, &room);
        let Gathering { stream, levels, hold, attempt, pace, fault } = gathering;
        let watch = self.note(|| {
            let entry = Received::new(entry, Some(call), head, body, rule, status, track);
            entry.with_attempt(attempt)
        });
        watch.asked(request.model.clone(), request.stream);
        let gather = Gather { stream, reply: Reply::empty() };
        let mock = self.clone();
        let pending =
            Pending { gather, mock, watch, room, request, entropy, fault, pace, levels, hold };
        Reaction::Gather(Box::new(pending))
    }
}

/// An answer, ready to be played.
pub(super) struct Made {
    pub(super) response: Response<Playback>,
    pub(super) wait: Duration,
    playing: Option<Playing>,
    /// Of the prompt, and of the answer as far as that is known before it is sent.
    tokens: (u64, u64),
    pub(super) hold: Option<Box<Hold>>,
    /// What is done in its place, where that can be had.
    lost: Option<NoAnswer>,
}

/// What is needed of a user's stream that is to be whole.
pub(super) struct Gathering {
    pub(super) stream: ReplyStream,
    pub(super) levels: Option<Levels>,
    pub(super) hold: Option<Box<Hold>>,
    pub(super) attempt: Option<Box<Attempt>>,
    pub(super) pace: Option<Pace>,
    pub(super) fault: Option<Fault>,
}

impl Made {
    fn new<T>(
        response: Response<T>,
        schedule: Schedule,
        play: impl FnOnce(T, Gaps) -> Playback,
    ) -> Self {
        let Schedule { head, gaps, playing } = schedule;
        let response = response.map(|body| play(body, gaps));
        Self { response, wait: head, playing, tokens: (0, 0), hold: None, lost: None }
    }

    pub(super) fn watched(self, watch: Watch) -> Reaction {
        let Self { response, wait, playing, tokens, hold, lost } = self;
        watch.of_tokens(tokens);
        if let Some(how) = lost {
            watch.lost(how);
        }
        let response = response.map(|playback| Player::new(playback, watch, playing).holding(hold));
        match lost {
            None => Reaction::Respond(response, wait),
            Some(how) => Reaction::Lost(Box::new(Lost { how, instead: response })),
        }
    }
}
