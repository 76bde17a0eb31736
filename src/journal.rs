//! What was received, kept for the tests that ask.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use http::StatusCode;

use crate::delivery::{Delivery, Progress};
use crate::provider::{Call, Provider, Room};
use crate::request::{LlmRequest, RequestHead};
use crate::respond::RuleName;
use crate::verdict::Attempt;

/// A request that the mock answered or refused.
#[derive(Debug)]
#[non_exhaustive]
pub struct Received {
    /// Whose API it was sent to.
    pub provider: Provider,
    /// Method, URL and headers.
    pub head: RequestHead,
    /// The body.
    pub body: Bytes,
    /// The rule that answered, by name or number; `None` for the default reply and for errors of
    /// the request itself.
    pub rule: Option<RuleName>,
    /// The status that was answered.
    pub status: StatusCode,
    /// What a verdict on the client needs; only when one was asked for.
    pub(crate) attempt: Option<Box<Attempt>>,
    call: Option<(Room, Call)>,
    /// Whether it was judged leniently.
    pub(crate) lenient: bool,
    track: Track,
    /// Kept as it came and understood again when a test asks: most requests are never looked at,
    /// and to keep them parsed would cost as much as to answer them.
    request: OnceLock<Option<Box<LlmRequest>>>,
}

/// Where the body of the answer counts.
#[derive(Debug)]
pub(crate) enum Track {
    /// Here: the body holds this entry, for the moment that it lives.
    Here(Progress),
    /// Beside the entry, which a body that lives long must not keep.
    Beside(Arc<Progress>),
}

impl Received {
    pub(crate) fn new(
        room: &Room,
        call: Option<Call>,
        head: RequestHead,
        body: Bytes,
        rule: Option<RuleName>,
        status: StatusCode,
        track: Track,
    ) -> Self {
        Self {
            provider: room.provider(),
            head,
            body,
            rule,
            status,
            attempt: None,
            call: call.map(|call| (Arc::clone(room), call)),
            lenient: false,
            track,
            request: OnceLock::new(),
        }
    }

    /// What became of the answer until now: how much of it was handed out, and whether the client
    /// took it to its end.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), tower_mock_llm::BoxError> {
    /// use http_body_util::{BodyExt, Full};
    /// use tower::ServiceExt;
    /// use tower_mock_llm::{Ended, MockLlmLayer, Pace, Rule};
    ///
    /// let layer = MockLlmLayer::new()
    ///     .rule(Rule::always().respond_with("one two three four"))
    ///     .pace(Pace::tokens_per_second(1000.0));
    /// let handle = layer.handle();
    /// let request = http::Request::post("https://api.openai.com/v1/chat/completions")
    ///     .header("authorization", "Bearer any")
    ///     .body(Full::<bytes::Bytes>::from(
    ///         r#"{"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "go"}]}"#,
    ///     ))?;
    /// let mut response = layer.into_service().oneshot(request).await?;
    /// for _ in 0..3 {
    ///     response.body_mut().frame().await; // the role, then two tokens
    /// }
    /// drop(response); // the client has seen enough
    /// let delivery = handle.received()[0].delivery();
    /// assert_eq!((delivery.tokens, delivery.ended), (2, Ended::Dropped));
    /// # Ok(())
    /// # }
    /// ```
    pub fn delivery(&self) -> Delivery {
        self.progress().delivery()
    }

    pub(crate) fn with_attempt(mut self, attempt: Option<Box<Attempt>>) -> Self {
        self.attempt = attempt;
        self
    }

    pub(crate) fn track(&self) -> &Track {
        &self.track
    }

    pub(crate) fn progress(&self) -> &Progress {
        match &self.track {
            Track::Here(progress) => progress,
            Track::Beside(progress) => progress,
        }
    }

    /// The request in neutral words, or `None` when it could not be understood.
    pub fn request(&self) -> Option<&LlmRequest> {
        let understand = || {
            let (room, call) = self.call.as_ref()?;
            let head = self.head.as_head().judged(self.lenient);
            let mut request = room.parse(call.clone(), &head, &self.body).ok()?;
            request.head = self.head.clone();
            Some(Box::new(request))
        };
        self.request.get_or_init(understand).as_deref()
    }
}

/// The last requests, as many as fit.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    received: VecDeque<Arc<Received>>,
    bytes: usize,
}

impl Entries {
    /// Looks at what will be dropped next. It was written long ago and is in no near cache; what is
    /// loaded now, while nothing waits for it, need not be waited for then.
    fn look_ahead(&self) {
        if let Some(next) = self.received.front() {
            black_box(next.head.headers.values().fold(0, |sum, value| sum + value.len()));
        }
        if let Some(then) = self.received.get(1) {
            black_box((then.status, &then.body.len(), then.attempt.is_some()));
            black_box((then.head.headers.len(), then.rule.is_some(), then.head.method.is_safe()));
        }
    }
}

/// How much a journal keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) entries: usize,
    /// Bytes of request bodies.
    pub(crate) bytes: usize,
}

impl Journal {
    pub(crate) fn push(&self, received: Arc<Received>, bound: Bound) {
        // Dropped after the lock is released.
        let mut dropped = None;
        let mut more = Vec::new();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.bytes += received.body.len();
        entries.received.push_back(received);
        while entries.received.len() > bound.entries || entries.bytes > bound.bytes {
            let Some(oldest) = entries.received.pop_front() else {
                break;
            };
            entries.bytes -= oldest.body.len();
            entries.look_ahead();
            if let Some(previous) = dropped.replace(oldest) {
                more.push(previous);
            }
        }
    }

    pub(crate) fn received(&self) -> Vec<Arc<Received>> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.received.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *self.entries.lock().unwrap_or_else(PoisonError::into_inner) = Entries::default();
    }
}
