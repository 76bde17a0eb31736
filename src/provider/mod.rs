//! Providers: whose API is called, and how it answers.
//!
//! Each provider has a room of its own, a [`ResponseSynth`]. It answers three questions: is this
//! request mine, what was asked, and how do I say the answer? Everything else (choosing, faults,
//! pace, playing) is the same for all of them and lies elsewhere. `examples/own_provider.rs` adds
//! one in a single file.

pub(crate) mod catalog;
mod decoding;
#[cfg(test)]
pub(crate) mod golden;
pub(crate) mod headers;
mod heard;
pub(crate) mod home;
pub(crate) mod registry;
pub(crate) mod shape;
pub(crate) mod text_or;
mod unquoted;

mod anthropic;
mod gemini;
mod openai;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, StatusCode};

pub use self::heard::Heard;
pub use crate::caching::{Cacheable, Piece};
use crate::quota::Levels;
use crate::reply::{ApiError, ErrorKind, Feature, Output, Reply, ReplyEvent, Usage};
use crate::request::{Head, LlmRequest};
pub use crate::util::ids::Alphabet;
use crate::util::rng::Rng;
use crate::util::tokens::Chunking;
use crate::wire::FrameBuf;

/// One provider's HTTP API, spoken.
///
/// Implementations keep no state: the same [`Context`] gives the same bytes.
/// [`conformance::check`](crate::conformance::check) (feature `conformance`) tests one.
pub trait ResponseSynth: fmt::Debug + Send + Sync + 'static {
    /// Whose API it is.
    fn provider(&self) -> Provider;

    /// Whether `host` is one of this provider's: then whatever goes there is answered here or
    /// refused, and never leaves.
    fn owns(&self, host: &str) -> bool;

    /// The call, if the head is one of an endpoint that this room answers. The host was looked at
    /// before. A known path with a wrong method is a call too: [`parse`](Self::parse) refuses it.
    fn recognize(&self, head: &Head<'_>) -> Option<Call>;

    /// What was asked, or the error that the vendor would send. Must not panic, whatever the body.
    fn parse(&self, call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError>;

    /// The whole answer as one body.
    fn unary(&self, cx: &Context<'_>, reply: &Reply) -> Response<Bytes>;

    /// The head of a streamed answer, and what writes its frames.
    fn stream(&self, cx: &Context<'_>) -> Response<Box<dyn StreamEncoder>>;

    /// Whether this API has words for a thing that a reply says, or else why not, to follow "The
    /// provider acme cannot say an image: ". Asked only of what is not plain text, reasoning, refusal
    /// or tool call. A room that does not say otherwise has words for nothing more: nothing is
    /// dropped silently.
    fn can_say(&self, feature: Feature<'_>) -> Result<(), &'static str> {
        let _ = feature;
        Err("its room does not implement it")
    }

    /// What of the prompt the vendor's cache may keep, and under which terms, for
    /// [`MockLlmLayer::prompt_caching`](crate::MockLlmLayer::prompt_caching). The default is that
    /// there is no cache.
    fn cacheable(&self, request: &LlmRequest) -> Option<Cacheable> {
        let _ = request;
        None
    }

    /// The answer to a call that is no conversation. Only calls that [`recognize`](Self::recognize)
    /// gave another operation than [`Chat`](Operation::Chat) come here; a room that has none says in
    /// its own envelope that it cannot.
    fn output(&self, cx: &Context<'_>, output: &Output) -> Response<Bytes> {
        no_words(self, cx, output)
    }

    /// Why what was asked is more than the vendor takes, where that hangs on how many tokens a text has:
    /// `count` tells it if the user brought a tokenizer. Asked only of what is no conversation.
    #[doc(hidden)]
    fn overlong(
        &self,
        request: &LlmRequest,
        count: &dyn Fn(&str) -> Option<u64>,
    ) -> Option<ApiError> {
        let _ = (request, count);
        None
    }

    /// An error inside a stream that began well, or else why there are no words for it, to follow "The
    /// provider acme cannot say an error inside a stream: ". Asked only for
    /// [`Fault::error_after`](crate::Fault::error_after); nothing comes after these frames.
    fn stream_error(
        &self,
        cx: &ErrorContext<'_>,
        error: &ApiError,
        frames: &mut FrameBuf,
    ) -> Result<(), &'static str> {
        let _ = (cx, error, frames);
        Err("its room does not implement it")
    }

    /// What an answer of the vendor's own tells of itself, given the data of one event of a stream or
    /// the whole of an answer that is none: for [recordings](crate::guide::cassettes). Must not panic,
    /// whatever it is given. The default is that it tells nothing.
    fn hear(&self, event: &[u8]) -> Heard {
        let _ = event;
        Heard::default()
    }

    /// What an answer of the vendor's own says in neutral words, given the data of its events, or the
    /// whole of one that is no stream; or else why it cannot be said so, to follow "the room of acme
    /// cannot tell what the recording says: ". For transcoding: see
    /// [`guide::cassettes`](crate::guide::cassettes).
    /// Must not panic, whatever it is given. The default is that it cannot.
    fn decode(&self, events: &[Cow<'_, str>]) -> Result<Reply, &'static str> {
        let _ = events;
        Err("it does not implement that")
    }

    /// An error in the vendor's envelope.
    fn error(&self, cx: &ErrorContext<'_>, error: &ApiError) -> Response<Bytes>;
}

/// nginx's status for a client that went away, which Google's APIs have too
/// (<https://cloud.google.com/apis/design/errors#handling_errors>, read 2026-11-21).
pub(crate) const CLIENT_CLOSED_REQUEST: StatusCode = match StatusCode::from_u16(499) {
    Ok(status) => status,
    Err(_) => panic!("499 has three digits"),
};

/// Refuses what every endpoint refuses by its head: another method than POST, and the want of a key.
pub(crate) fn admit(head: &Head<'_>) -> Result<(), ApiError> {
    if head.method != Method::POST {
        return Err(ApiError::new(ErrorKind::MethodNotAllowed));
    }
    if head.lacks_key() {
        return Err(ApiError::new(ErrorKind::MissingKey));
    }
    Ok(())
}

/// What a room says that has no words for this.
pub(crate) fn no_words(
    room: &(impl ResponseSynth + ?Sized),
    cx: &Context<'_>,
    output: &Output,
) -> Response<Bytes> {
    let (room_name, what) = (room.provider(), output.operation());
    let message = format!("tower-mock-llm: the room of {room_name} has no words for {what:?}");
    let error = ApiError::server().message(message);
    room.error(&ErrorContext::of(cx.request, cx.created, cx.entropy), &error)
}

/// Writes the events of one reply as frames, in one vendor's words.
pub trait StreamEncoder: fmt::Debug + Send + Sync {
    /// Appends the frames that `event` amounts to, which may be none. Those that end the stream are
    /// [marked](FrameBuf::mark).
    fn encode(&mut self, event: ReplyEvent<'_>, frames: &mut FrameBuf);
}

/// What a room may know while it speaks.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Context<'a> {
    /// The request that is answered.
    pub request: &'a LlmRequest,
    /// The model that claims to answer, when the reply names one.
    pub model: Option<&'a str>,
    /// Tokens used; in a stream, `output` is not known yet and zero.
    pub usage: Usage,
    /// When the answer is made, in seconds since 1970: it follows from the seed and the turn.
    pub created: u64,
    /// Chance, from the seed and the request.
    pub entropy: Entropy,
    /// What a [`Quota`](crate::Quota) has left, for the headers; `None` where there is none.
    pub levels: Option<&'a Levels>,
    /// What is said; nothing, where a user's stream says it bit by bit.
    pub(crate) reply: &'a Reply,
    /// How its texts are cut in a stream, if that is known.
    pub(crate) chunking: Option<Chunking>,
}

impl<'a> Context<'a> {
    /// The model that answers: the one that the reply names, or what `alias` makes of the one
    /// asked for.
    pub fn answering_model(&self, alias: impl FnOnce(&'a str) -> &'a str) -> &'a str {
        self.model.unwrap_or_else(|| alias(&self.request.model))
    }
}

/// What a room may know while it refuses: there may be no request that could be understood.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ErrorContext<'a> {
    /// The call, when the head was recognized as one.
    pub call: Option<&'a Call>,
    /// The request, when it could be parsed.
    pub request: Option<&'a LlmRequest>,
    /// The head of the request.
    pub head: Head<'a>,
    /// When the answer is made, in seconds since 1970: it follows from the seed and the turn.
    pub created: u64,
    /// Chance, from the seed and the request.
    pub entropy: Entropy,
    /// What a [`Quota`](crate::Quota) has left, for the headers; `None` where there is none.
    pub levels: Option<&'a Levels>,
}

impl<'a> ErrorContext<'a> {
    pub(crate) fn of(request: &'a LlmRequest, created: u64, entropy: Entropy) -> Self {
        let head = request.head.as_head();
        let call = Some(&request.call);
        Self { call, request: Some(request), head, created, entropy, levels: None }
    }

    pub(crate) fn levels(mut self, levels: Option<&'a Levels>) -> Self {
        self.levels = levels;
        self
    }
}

/// Chance that follows from the seed and the request, and from nothing else.
///
/// Each `salt` gives an independent draw, so that what is drawn for one thing does not depend on
/// what is drawn before it.
#[derive(Clone, Copy, Debug)]
pub struct Entropy(u64);

impl Entropy {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// An identifier: `prefix`, then `length` letters.
    pub fn id(&self, salt: u64, prefix: &str, alphabet: Alphabet, length: usize) -> String {
        crate::util::ids::id(&mut self.rng(salt), prefix, alphabet, length)
    }

    /// A number below `bound`, or zero if `bound` is zero.
    pub fn below(&self, salt: u64, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.rng(salt).below(bound) }
    }

    pub(crate) fn rng(&self, salt: u64) -> Rng {
        let mut rng = Rng::new(self.0 ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        rng.next();
        rng
    }
}

/// A call that was recognized from the head.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// What is wanted.
    pub operation: Operation,
    /// The model, where the path names it.
    pub model: Option<String>,
    /// Bits with a meaning private to the room: what it saw in the head or the body and needs
    /// again when it answers.
    pub flags: u32,
}

impl Call {
    /// A call.
    pub fn new(operation: Operation) -> Self {
        Self { operation, model: None, flags: 0 }
    }

    /// Sets the model.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Sets the room's own bits.
    #[must_use]
    pub fn flags(mut self, flags: u32) -> Self {
        self.flags = flags;
        self
    }
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// A conversation to be continued.
    Chat,
    /// The tokens of a conversation are to be counted.
    CountTokens,
    /// Vectors are wanted for texts.
    Embeddings,
    /// It is asked which models there are, or what is known of one.
    Models,
}

impl Operation {
    pub(crate) const ALL: [Self; 4] =
        [Self::Chat, Self::CountTokens, Self::Embeddings, Self::Models];
}

/// The name of a provider. Providers of your own have names of your own.
///
/// ```
/// use tower_mock_llm::Provider;
///
/// assert_eq!(Provider::OPENAI.as_str(), "openai");
/// assert_eq!(Provider::new("acme").to_string(), "acme");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Provider(Cow<'static, str>);

impl Provider {
    /// Anthropic: the Messages API.
    pub const ANTHROPIC: Self = Self(Cow::Borrowed("anthropic"));
    /// Google: the Gemini API.
    pub const GEMINI: Self = Self(Cow::Borrowed("gemini"));
    /// OpenAI: the Chat Completions API.
    pub const OPENAI: Self = Self(Cow::Borrowed("openai"));

    #[cfg(feature = "cassette")]
    pub(crate) fn name(&self) -> Cow<'static, str> {
        self.0.clone()
    }

    /// A provider of this name.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A room, shared.
pub(crate) type Room = Arc<dyn ResponseSynth>;
