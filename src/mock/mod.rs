//! The straight line that every request walks: recognize, parse, choose, synthesize, frame,
//! disrupt, time. Synchronous and free of I/O; layer, server and client adaptors are shells
//! around it.

use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::caching::{Caches, PromptCaching};
use crate::claim::{Claim, Claims, Mode};
use crate::connects::Connects;
use crate::counting::{Counter, Tokenizer};
use crate::delivery::{Player, Progress, Watch};
use crate::fault::{Attempts, Clock, Fault, Happening, Trouble, disrupt, say_inside};
use crate::hold::Hold;
use crate::journal::{Bound, Journal, Received, Track};
use crate::pace::{self, Gaps, Pace, Playing, Schedule};
use crate::play::{Bridge, Gather, Playback};
use crate::provider::{Call, Context, Entropy, ErrorContext, Operation, Room};
use crate::quota::{Ledger, Levels, Quota};
use crate::reply::{
    Answer, ApiError, Cursor, ErrorKind, Lost, NoAnswer, Output, Reply, ReplyStream, Say, Usage,
};
use crate::request::{Head, LlmRequest, RequestHead};
use crate::respond::{Cue, DefaultReply, Misfits, Respond, RuleName, Rules, is_free, misfit, why};
use crate::util::rng::hash;
use crate::util::tokens::Chunking;
use crate::verdict::{Attempt, Outcome};

/// The engine: settings that stay, and state that is shared with the handle.
#[derive(Clone, Debug)]
pub(crate) struct Mock {
    pub(crate) settings: Arc<Settings>,
    pub(crate) shared: Arc<Shared>,
}

/// What the builder set.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Whether replies are held against the request's schemas.
    pub(crate) check_replies: bool,
    pub(crate) claims: Claims,
    pub(crate) chunking: Chunking,
    pub(crate) default: Arc<dyn Respond>,
    /// Whether a request's header may ask for a fault; `None` where nobody said so.
    pub(crate) fault_header: Option<bool>,
    pub(crate) journal: Bound,
    pub(crate) max_body: usize,
    pub(crate) pace: Pace,
    /// Whether a request's header may ask for a pace; not said, only a server's.
    pub(crate) pace_header: Option<bool>,
    /// Paces for some requests.
    pub(crate) paces: Vec<Arc<PaceFor>>,
    pub(crate) prompt_caching: Option<PromptCaching>,
    pub(crate) quota: Option<Quota>,
    pub(crate) seed: u64,
    pub(crate) tokenizer: Option<Arc<dyn Tokenizer>>,
    /// The status of requests that no rule answers, in strict mode.
    pub(crate) strict: Option<StatusCode>,
    /// What happens that no rule asks for.
    pub(crate) troubles: Vec<Trouble>,
    /// Whether attempts are kept with their times, for a verdict on the client.
    pub(crate) watch: bool,
}

/// The pace of a request, if it has one of its own.
pub(crate) type PaceFor = dyn Fn(&LlmRequest) -> Option<Pace> + Send + Sync;

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("claims", &self.claims)
            .field("chunking", &self.chunking)
            .field("max_body", &self.max_body)
            .field("pace", &self.pace)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// What changes while it runs.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) attempts: Attempts,
    pub(crate) clock: Clock,
    pub(crate) connects: Connects,
    pub(crate) ledger: Ledger,
    pub(crate) misfits: Misfits,
    pub(crate) mode: AtomicU8,
    /// How many answers are being played whose pace depends on it.
    pub(crate) playing: Arc<AtomicUsize>,
    pub(crate) rules: Rules,
    pub(crate) journal: Journal,
    pub(crate) caches: Caches,
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
    Respond(Response<Player>, Duration),
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
    pace: Pace,
    levels: Option<Levels>,
    hold: Option<Box<Hold>>,
}

impl Mock {
    pub(crate) fn mode(&self) -> Mode {
        Mode::from_u8(self.shared.mode.load(Ordering::Relaxed))
    }

    /// Recognizes: looks at the head, and at nothing else.
    pub(crate) fn claim(&self, head: &Head<'_>) -> Claim {
        match self.mode() {
            Mode::Mock => self.settings.claims.claim(head),
            Mode::Off => Claim::Forward,
        }
    }

    /// The line, from the parsed head and body to what is played.
    pub(crate) fn answer(&self, room: Room, call: Call, head: RequestHead, body: Body) -> Reaction {
        let entropy = self.entropy(&call, body.as_deref().unwrap_or_default());
        let parsed = match &body {
            Ok(body) => room.parse(call.clone(), &head.as_head(), body),
            Err(unread) => Err(unread.into()),
        };
        let mut request = match parsed {
            Ok(request) => request,
            Err(error) => {
                let body = body.unwrap_or_default();
                return self.refuse(&room, Some(&call), head, body, &error, entropy);
            }
        };
        request.head = head;
        let asked = match self.asked_pace(&request.head) {
            Ok(asked) => asked,
            Err(error) => {
                let LlmRequest { call, head, body, .. } = request;
                return self.refuse(&room, Some(&call), head, body, &error, entropy);
            }
        };
        let created = created(self.settings.seed, request.messages.len());
        let mut admitted = None;
        if self.settings.quota.is_some() {
            (request, admitted) = match self.admit(&room, request, created, entropy) {
                Ok(let_in) => let_in,
                Err(refusal) => return *refusal,
            };
        }
        let (Answer { say, pace, mut fault, unchecked }, rule) = self.choose(&request, entropy);
        let pace = asked
            .or(pace)
            .or_else(|| self.settings.paces.iter().find_map(|pace_for| pace_for(&request)));
        let pace = pace.as_ref().unwrap_or(&self.settings.pace);
        let mut say = match say {
            Say::Reply(reply) => {
                let reply = reply.obeying(&request.sampling, &self.counter(&request));
                let fitting = || if unchecked { None } else { self.check(&request, &reply, &rule) };
                match unsayable(&room, &reply).or_else(fitting) {
                    None => Say::Reply(reply),
                    Some(error) => {
                        // It must be read.
                        fault = None;
                        Say::Error(error)
                    }
                }
            }
            other => other,
        };
        let mut in_stream = None;
        if let Some(error) = fault.as_ref().and_then(Fault::error) {
            (say, in_stream) = say_inside(say, &room, &request, created, entropy, error);
        }
        let levels = self.charge(admitted.as_ref(), &say, &request, created);
        let levels = levels.as_ref();
        let hold = Hold::new(self.settings.watch, admitted);
        let outcome = Outcome::of(&say, fault.as_ref());
        let track = match say {
            Say::Reply(_) | Say::Stream(_) if request.stream => Track::Beside(Arc::default()),
            _ => Track::Here(Progress::default()),
        };
        let mut made = match say {
            Say::Error(error) => {
                let cx = ErrorContext::of(&request, created, entropy).levels(levels);
                let mut response = room.error(&cx, &error);
                let fault = disrupt(&mut response, fault, entropy, None);
                let schedule = self.schedule(pace, entropy, &Usage::default());
                Made::new(response, schedule, |body, _| Playback::full(body, fault))
            }
            Say::NoAnswer(how) => {
                let error = ApiError::invalid_request(Lost::words(how));
                let cx = ErrorContext::of(&request, created, entropy);
                let schedule = self.schedule(&Pace::INSTANT, entropy, &Usage::default());
                let play = |body, _| Playback::Full(body);
                Made { lost: Some(how), ..Made::new(room.error(&cx, &error), schedule, play) }
            }
            Say::Raw(response) => {
                let schedule = self.schedule(pace, entropy, &Usage::default());
                let mut response = *response.0;
                let fault = disrupt(&mut response, fault, entropy, None);
                Made::new(response, schedule, |body, _| Playback::full(body, fault))
            }
            Say::Output(output) => {
                let cx = self.output_context(&request, &output, entropy, levels);
                let schedule = self.schedule(pace, entropy, &cx.usage);
                let mut response = room.output(&cx, &output);
                let fault = disrupt(&mut response, fault, entropy, None);
                Made::new(response, schedule, |body, _| Playback::full(body, fault))
            }
            Say::Reply(reply) if request.stream => {
                let cx = self.context(&room, &request, &reply, entropy, levels);
                let cursor = Cursor::new(Arc::clone(&reply), cx.usage, self.settings.chunking);
                let schedule = self.schedule(pace, entropy, &cx.usage);
                let mut response = room.stream(&cx);
                let fault = disrupt(&mut response, fault, entropy, in_stream);
                Made::new(response, schedule, |encoder, gaps| {
                    Playback::stream(cursor, encoder, fault, gaps)
                })
            }
            Say::Reply(reply) => self.whole(&room, &request, &reply, entropy, levels, pace, fault),
            Say::Stream(stream) if request.stream => {
                let unknown = Reply::empty();
                let cx = self.context(&room, &request, &unknown, entropy, levels);
                let counter = self.counter(&request);
                let schedule = self.schedule(pace, entropy, &cx.usage);
                let mut response = room.stream(&cx);
                let fault = disrupt(&mut response, fault, entropy, in_stream);
                Made::new(response, schedule, |encoder, _| {
                    Playback::Bridge(Box::new(Bridge::new(
                        stream, encoder, cx.usage, counter, fault,
                    )))
                })
            }
            Say::Stream(stream) => {
                let attempt = self.attempt(outcome, Duration::ZERO, hold.as_deref());
                let gathering = Gathering { stream, levels: levels.cloned(), hold, attempt };
                let pace = pace.clone();
                return self.gather(room, request, rule, gathering, entropy, pace, fault);
            }
        };
        let status = made.response.status();
        let attempt = self.attempt(outcome, made.wait, hold.as_deref());
        made.hold = hold;
        let LlmRequest { call, head, body, .. } = request;
        made.watched(self.note(|| {
            let entry = Received::new(&room, Some(call), head, body, rule, status, track);
            entry.with_attempt(attempt)
        }))
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
    pub(crate) fn refuse_unmatched(&self, room: &Room, head: RequestHead) -> Reaction {
        let message = format!(
            "tower-mock-llm does not mock {} {}, and lets nothing through to a provider unasked. To \
             let it through, set `MockLlmLayer::unmatched(Unmatched::Forward)`; to leave this \
             provider or host alone, restrict `providers` or `hosts`.",
            head.method,
            head.url_for_messages(),
        );
        let error = ApiError::new(ErrorKind::NotFound).message(message);
        let entropy = Entropy::new(hash(self.settings.seed, head.uri.path().as_bytes()));
        self.refuse(room, None, head, Bytes::new(), &error, entropy)
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
        pace::asked(head).map_err(refusal)
    }

    fn schedule(&self, pace: &Pace, entropy: Entropy, usage: &Usage) -> Schedule {
        pace.schedule(entropy, usage, &self.shared.playing)
    }

    fn choose(&self, request: &LlmRequest, entropy: Entropy) -> (Answer, Option<RuleName>) {
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
        if let Some(status) = self.settings.strict {
            let message = self.shared.rules.unmatched(request);
            let message = format!("tower-mock-llm, in strict mode: {message}");
            return (ApiError::invalid_request(message).status(status).into(), None);
        }
        let cue = Cue::of_default(self.settings.seed);
        let default = Some(&self.settings.default)
            .filter(|default| default.answers(request.operation()))
            .and_then(|default| default.respond_to(request, &cue))
            .filter(|answer| answer.answers(request.operation()));
        let answer = default.unwrap_or_else(|| match request.operation() {
            Operation::Chat => Reply::empty().into(),
            // A default that the user gave is about conversations.
            _ => DefaultReply::new(self.settings.seed).answer(request),
        });
        (answer, None)
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

    #[expect(clippy::too_many_arguments, reason = "all that the end of the line needs, once")]
    fn whole(
        &self,
        room: &Room,
        request: &LlmRequest,
        reply: &Reply,
        entropy: Entropy,
        levels: Option<&Levels>,
        pace: &Pace,
        fault: Option<Fault>,
    ) -> Made {
        let cx = self.context(room, request, reply, entropy, levels);
        let mut schedule = self.schedule(pace, entropy, &cx.usage);
        if !pace.is_instant() {
            let rest = schedule.gaps.whole(cx.usage.output);
            schedule.head = schedule.head.saturating_add(rest);
        }
        let mut response = room.unary(&cx, reply);
        let fault = disrupt(&mut response, fault, entropy, None);
        let mut made = Made::new(response, schedule, |body, _| Playback::full(body, fault));
        made.tokens = cx.usage.output;
        made
    }

    #[expect(clippy::too_many_arguments, reason = "all that the end of the line needs, once")]
    fn gather(
        &self,
        room: Room,
        request: LlmRequest,
        rule: Option<RuleName>,
        gathering: Gathering,
        entropy: Entropy,
        pace: Pace,
        fault: Option<Fault>,
    ) -> Reaction {
        let (call, head, body) = (request.call.clone(), request.head.clone(), request.body.clone());
        let track = Track::Here(Progress::default());
        let (status, entry) = (StatusCode::OK, &room);
        let Gathering { stream, levels, hold, attempt } = gathering;
        let watch = self.note(|| {
            let entry = Received::new(entry, Some(call), head, body, rule, status, track);
            entry.with_attempt(attempt)
        });
        let gather = Gather { stream, reply: Reply::empty() };
        let mock = self.clone();
        let pending =
            Pending { gather, mock, watch, room, request, entropy, fault, pace, levels, hold };
        Reaction::Gather(Box::new(pending))
    }

    /// Enters a request into the journal, if there is one. The watch counts what becomes of the
    /// answer.
    fn note(&self, received: impl FnOnce() -> Received) -> Watch {
        let bound = self.settings.journal;
        if bound.entries == 0 {
            return Watch::Off;
        }
        let received = Arc::new(received());
        let watch = Watch::of(&received);
        self.shared.journal.push(received, bound);
        watch
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

    fn context<'a>(
        &self,
        room: &Room,
        request: &'a LlmRequest,
        reply: &'a Reply,
        entropy: Entropy,
        levels: Option<&'a Levels>,
    ) -> Context<'a> {
        let usage = if reply.has_usage() {
            reply.usage_for(0)
        } else {
            let counter = self.counter(request);
            let mut usage = reply.usage_by(counter.prompt(request), &counter);
            if let Some(caching) = &self.settings.prompt_caching {
                self.shared.caches.serve(*caching, room.as_ref(), request, &mut usage);
            }
            usage
        };
        Context {
            request,
            model: reply.answering_model(),
            usage,
            created: created(self.settings.seed, request.messages.len()),
            entropy,
            levels,
            reply,
        }
    }

    fn output_context<'a>(
        &self,
        request: &'a LlmRequest,
        output: &'a Output,
        entropy: Entropy,
        levels: Option<&'a Levels>,
    ) -> Context<'a> {
        static NOTHING: LazyLock<Reply> = LazyLock::new(Reply::empty);
        let tokens = output.given_tokens().unwrap_or_else(|| match request.operation() {
            Operation::Embeddings => self.counter(request).inputs(request),
            _ => self.counter(request).prompt(request),
        });
        Context {
            request,
            model: output.answering_model(),
            usage: Usage::new(tokens, 0),
            created: created(self.settings.seed, request.messages.len()),
            entropy,
            levels,
            reply: &NOTHING,
        }
    }
}

impl Pending {
    /// The rest of the line, once the user's stream has ended.
    pub(crate) fn finish(self) -> Reaction {
        let Self { gather, mock, watch, room, request, entropy, fault, pace, levels, hold } = self;
        let levels = levels.as_ref();
        let mut made = mock.whole(&room, &request, &gather.reply, entropy, levels, &pace, fault);
        made.hold = hold;
        made.watched(watch)
    }
}

/// An answer, ready to be played.
struct Made {
    response: Response<Playback>,
    wait: Duration,
    playing: Option<Playing>,
    /// Of an answer that comes as a whole.
    tokens: u64,
    hold: Option<Box<Hold>>,
    /// What is done in its place, where that can be had.
    lost: Option<NoAnswer>,
}

/// What is needed of a user's stream that is to be whole.
struct Gathering {
    stream: ReplyStream,
    levels: Option<Levels>,
    hold: Option<Box<Hold>>,
    attempt: Option<Box<Attempt>>,
}

impl Made {
    fn new<T>(
        response: Response<T>,
        schedule: Schedule,
        play: impl FnOnce(T, Gaps) -> Playback,
    ) -> Self {
        let Schedule { head, gaps, playing } = schedule;
        let response = response.map(|body| play(body, gaps));
        Self { response, wait: head, playing, tokens: 0, hold: None, lost: None }
    }

    fn watched(self, watch: Watch) -> Reaction {
        let Self { response, wait, playing, tokens, hold, lost } = self;
        watch.of_whole(tokens);
        let response = response.map(|playback| Player::new(playback, watch, playing).holding(hold));
        match lost {
            None => Reaction::Respond(response, wait),
            Some(how) => Reaction::Lost(Box::new(Lost { how, instead: response })),
        }
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

/// When an answer claims to be made: a day in 2026 that the seed picks, and ten seconds on for
/// each message, so that time moves forward through a conversation.
fn created(seed: u64, messages: usize) -> u64 {
    const NEW_YEAR_2026: u64 = 1_767_225_600;
    NEW_YEAR_2026 + (seed % 180) * 86_400 + 10 * messages as u64
}
