//! The kinds of trouble.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

use super::Recut;
use crate::reply::ApiError;

/// One kind of trouble in an answer that begins well.
///
/// Frames are counted from 0: each is one event of a stream, and an answer that is no stream is one
/// frame. Where there is a choice (which byte is broken, where a body is cut) it follows from the
/// seed and the request, so that the same request meets the same trouble.
///
/// ```
/// use tower_mock_llm::{Answer, Fault, Rule};
///
/// let cut = Rule::always()
///     .first(Answer::from("cut off in the middle").fault(Fault::abort_after(2)))
///     .then_repeat("all of it, the second time");
/// # let _ = cut;
/// ```
///
/// Its `Debug` is the call that makes it, its `Display` what the header `x-mock-llm-fault` calls it
/// (see [`MockLlmLayer::fault_header`](crate::MockLlmLayer::fault_header)).
#[derive(Clone, PartialEq)]
pub struct Fault(pub(super) Kind);

#[derive(Clone, PartialEq)]
pub(super) enum Kind {
    Abort { after: usize },
    ContentLength(u64),
    ContentType(Arc<HeaderValue>),
    Corrupt { frame: usize },
    Drop { frame: usize },
    Duplicate { frame: usize },
    End { after: usize },
    Error { after: usize, error: Arc<ApiError> },
    Pause { after: usize, wait: Duration },
    Probe(Probe),
    Recut(Recut),
    RepeatFinish,
    Stall { after: usize },
    Swap { frame: usize },
    Trailing(Arc<[u8]>),
    Truncate { frame: usize },
    WithoutFinish,
    WithoutTerminator,
}

/// Counts frames, and does nothing to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Probe(pub(super) Arc<AtomicUsize>);

impl PartialEq for Probe {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Fault {
    /// The connection breaks after `frames` frames: the client has seen the head and those frames,
    /// then its body fails.
    pub const fn abort_after(frames: usize) -> Self {
        Self(Kind::Abort { after: frames })
    }

    /// The body ends cleanly after `frames` frames, without the vendor's last ones.
    pub const fn end_after(frames: usize) -> Self {
        Self(Kind::End { after: frames })
    }

    /// Nothing more comes after `frames` frames, and nothing ends either.
    pub const fn stall_after(frames: usize) -> Self {
        Self(Kind::Stall { after: frames })
    }

    /// After `frames` frames nothing comes for this long, on tokio's clock; then it goes on.
    pub const fn pause_after(frames: usize, wait: Duration) -> Self {
        Self(Kind::Pause { after: frames, wait })
    }

    /// After `frames` frames the vendor's own error comes inside the stream, whose status was 200, and
    /// nothing after it: Anthropic's `event: error`, a chunk with `error` at OpenAI and Gemini. Where
    /// the client did not ask for a stream the error comes in place of the answer.
    ///
    /// ```
    /// use tower_mock_llm::{Answer, ApiError, Fault, Rule};
    ///
    /// let answer = Answer::from("more than that").fault(Fault::error_after(3, ApiError::overloaded()));
    /// let rule = Rule::always().respond_with(answer);
    /// # let _ = rule;
    /// ```
    pub fn error_after(frames: usize, error: ApiError) -> Self {
        Self(Kind::Error { after: frames, error: Arc::new(error) })
    }

    /// The stream ends without its terminator: OpenAI's `[DONE]`, Anthropic's `message_stop`, the
    /// bracket that closes Gemini's array. Gemini's events have none.
    pub const fn without_terminator() -> Self {
        Self(Kind::WithoutTerminator)
    }

    /// The frame that says why the answer ends is left out. At Gemini that frame has the end of the
    /// text too.
    pub const fn without_finish() -> Self {
        Self(Kind::WithoutFinish)
    }

    /// The frame that says why the answer ends comes twice. At Gemini that frame has the end of the
    /// text too.
    pub const fn repeat_finish() -> Self {
        Self(Kind::RepeatFinish)
    }

    /// This frame is left out.
    pub const fn drop_frame(frame: usize) -> Self {
        Self(Kind::Drop { frame })
    }

    /// This frame comes twice.
    pub const fn duplicate_frame(frame: usize) -> Self {
        Self(Kind::Duplicate { frame })
    }

    /// This frame comes after the next.
    pub const fn swap_frames(frame: usize) -> Self {
        Self(Kind::Swap { frame })
    }

    /// A byte of this frame's payload becomes one that JSON does not allow anywhere; the framing
    /// around it is kept.
    pub const fn corrupt_frame(frame: usize) -> Self {
        Self(Kind::Corrupt { frame })
    }

    /// The end of this frame's payload is missing; the framing around it is kept, and the stream
    /// goes on.
    pub const fn truncate_frame(frame: usize) -> Self {
        Self(Kind::Truncate { frame })
    }

    /// The head says that the body is something else, `text/html` for instance.
    ///
    /// # Panics
    ///
    /// If it cannot be the value of a header.
    #[track_caller]
    pub fn content_type(media_type: &str) -> Self {
        let value = HeaderValue::from_str(media_type);
        Self(Kind::ContentType(Arc::new(value.expect("a content type is the value of a header"))))
    }

    /// The head says that the body has this many bytes. Over a connection (the server, the connector)
    /// a body that is longer is cut off there, and one that is shorter breaks off; in process there is
    /// nothing but the header.
    pub const fn content_length(bytes: u64) -> Self {
        Self(Kind::ContentLength(bytes))
    }

    /// These bytes come after the end of the body.
    pub fn trailing(bytes: impl AsRef<[u8]>) -> Self {
        Self(Kind::Trailing(bytes.as_ref().into()))
    }

    /// The same valid body, cut into other pieces, or written in another way that its format
    /// allows.
    ///
    /// ```
    /// use tower_mock_llm::fault::Recut;
    /// use tower_mock_llm::{Answer, Fault};
    ///
    /// let fault = Fault::recut(Recut::bytes().crlf());
    /// let answer = Answer::from("one byte at a time").fault(fault);
    /// # let _ = answer;
    /// ```
    pub const fn recut(recut: Recut) -> Self {
        Self(Kind::Recut(recut))
    }

    /// The byte adversary: cuts anywhere, comments, keep-alives and line ends as the seed picks them
    /// for each request. A client that reads its format right notices nothing.
    pub const fn adversary() -> Self {
        Self::recut(Recut::adversary())
    }

    pub(super) fn probe(probe: Probe) -> Self {
        Self(Kind::Probe(probe))
    }

    /// Whether the client does not get all of the answer.
    pub(crate) fn cuts(&self) -> bool {
        matches!(
            self.0,
            Kind::Abort { .. }
                | Kind::Corrupt { .. }
                | Kind::Drop { .. }
                | Kind::End { .. }
                | Kind::Error { .. }
                | Kind::Truncate { .. }
        )
    }

    /// Whether the client waits for ever.
    pub(crate) fn stalls(&self) -> bool {
        matches!(self.0, Kind::Stall { .. })
    }

    /// The error that is said inside the stream.
    pub(crate) fn error(&self) -> Option<&ApiError> {
        match &self.0 {
            Kind::Error { error, .. } => Some(error),
            _ => None,
        }
    }

    /// What it does to the head.
    pub(crate) fn change_head(&self, headers: &mut HeaderMap) {
        match &self.0 {
            Kind::ContentType(value) => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::clone(value))
            }
            Kind::ContentLength(bytes) => {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(*bytes))
            }
            _ => None,
        };
    }

    /// Whether pieces go out one by one, where a transport would join them.
    pub(crate) fn is_recut(&self) -> bool {
        matches!(self.0, Kind::Recut(_))
    }

    /// The call that makes it, and what goes into it.
    fn call(&self) -> (&'static str, Cow<'static, str>) {
        match &self.0 {
            Kind::Abort { after } => ("abort_after", after.to_string().into()),
            Kind::ContentLength(bytes) => ("content_length", bytes.to_string().into()),
            Kind::ContentType(value) => ("content_type", format!("{value:?}").into()),
            Kind::Corrupt { frame } => ("corrupt_frame", frame.to_string().into()),
            Kind::Drop { frame } => ("drop_frame", frame.to_string().into()),
            Kind::Duplicate { frame } => ("duplicate_frame", frame.to_string().into()),
            Kind::End { after } => ("end_after", after.to_string().into()),
            Kind::Error { after, error } => {
                let kind = super::words::call(error);
                ("error_after", format!("{after}, {kind}").into())
            }
            Kind::Pause { after, wait } => {
                let wait = wait.as_millis();
                ("pause_after", format!("{after}, Duration::from_millis({wait})").into())
            }
            Kind::Probe(_) => ("none", "".into()),
            Kind::Recut(recut) if *recut == Recut::adversary() => ("adversary", "".into()),
            Kind::Recut(recut) => ("recut", format!("{recut:?}").into()),
            Kind::RepeatFinish => ("repeat_finish", "".into()),
            Kind::Stall { after } => ("stall_after", after.to_string().into()),
            Kind::Swap { frame } => ("swap_frames", frame.to_string().into()),
            Kind::Trailing(bytes) => {
                ("trailing", format!("{:?}", String::from_utf8_lossy(bytes)).into())
            }
            Kind::Truncate { frame } => ("truncate_frame", frame.to_string().into()),
            Kind::WithoutFinish => ("without_finish", "".into()),
            Kind::WithoutTerminator => ("without_terminator", "".into()),
        }
    }

    /// Its name: that of the call that makes it.
    pub fn name(&self) -> &'static str {
        self.call().0
    }
}

/// The call that makes it: `Fault::abort_after(3)`.
impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, arguments) = self.call();
        write!(f, "Fault::{name}({arguments})")
    }
}
