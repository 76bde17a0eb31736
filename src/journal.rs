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

/// A request that the mock answered or refused, or that a server passed on.
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
    /// The recording that answered, if one did.
    #[cfg(feature = "cassette")]
    pub replayed: Option<Box<crate::cassette::Replayed>>,
    /// The status that was answered.
    pub status: StatusCode,
    /// What a verdict on the client needs; only when one was asked for.
    pub(crate) attempt: Option<Box<Attempt>>,
    call: Option<(Room, Call)>,
    /// The provider that answered, where it was not the mock.
    #[cfg(feature = "server")]
    live: Option<Arc<str>>,
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
    /// Beside the entry, with all that a server's admin shows of it.
    #[cfg(feature = "server")]
    Traced(Arc<crate::admin::Trace>),
}

impl Received {
    // A part of its callers, since it is large, and to hand it on costs.
    #[inline(always)]
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
            #[cfg(feature = "cassette")]
            replayed: None,
            status,
            attempt: None,
            call: call.map(|call| (Arc::clone(room), call)),
            #[cfg(feature = "server")]
            live: None,
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

    /// The provider that a [server](crate::MockServerBuilder::upstream) passed the request on to, by its
    /// name; `None` where the mock answered. Of such a request the keys are not kept, and the body only
    /// where it had to be read.
    #[cfg(feature = "server")]
    pub fn live(&self) -> Option<&str> {
        self.live.as_deref()
    }

    pub(crate) fn is_live(&self) -> bool {
        #[cfg(feature = "server")]
        return self.live.is_some();
        #[cfg(not(feature = "server"))]
        return false;
    }

    #[cfg(feature = "server")]
    pub(crate) fn live_at(mut self, name: Arc<str>) -> Self {
        self.live = Some(name);
        self
    }

    #[inline]
    pub(crate) fn judged(mut self, lenient: bool) -> Self {
        self.lenient = lenient;
        self
    }

    #[inline]
    pub(crate) fn with_attempt(mut self, attempt: Option<Box<Attempt>>) -> Self {
        self.attempt = attempt;
        self
    }

    #[cfg(feature = "cassette")]
    pub(crate) fn with_replayed(mut self, by: Option<Box<crate::cassette::Replayed>>) -> Self {
        self.replayed = by;
        self
    }

    pub(crate) fn track(&self) -> &Track {
        &self.track
    }

    pub(crate) fn progress(&self) -> &Progress {
        match &self.track {
            Track::Here(progress) => progress,
            Track::Beside(progress) => progress,
            #[cfg(feature = "server")]
            Track::Traced(trace) => trace.progress(),
        }
    }

    /// The call, if it was recognized.
    #[cfg(feature = "server")]
    pub(crate) fn call(&self) -> Option<&Call> {
        self.call.as_ref().map(|(_, call)| call)
    }

    /// What a server's admin shows of it; only while one is there.
    #[cfg(feature = "server")]
    pub(crate) fn trace(&self) -> Option<&Arc<crate::admin::Trace>> {
        match &self.track {
            Track::Traced(trace) => Some(trace),
            _ => None,
        }
    }

    #[cfg(feature = "server")]
    pub(crate) fn set_trace(&mut self, trace: Arc<crate::admin::Trace>) {
        self.track = Track::Traced(trace);
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
    /// How many were here before the first of them: all are numbered from 1, and no number is given
    /// twice.
    gone: u64,
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
            entries.gone += 1;
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

    /// The entries from this number on, and the number of the first of them.
    #[cfg(feature = "server")]
    pub(crate) fn from(&self, number: u64) -> (u64, Vec<Arc<Received>>) {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = number.saturating_sub(entries.gone + 1).min(entries.received.len() as u64);
        let first = entries.gone + 1 + skipped;
        (first, entries.received.iter().skip(skipped as usize).cloned().collect())
    }

    pub(crate) fn clear(&self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = entries.gone + entries.received.len() as u64;
        let cleared = std::mem::replace(&mut *entries, Entries { gone, ..Entries::default() });
        drop(entries);
        drop(cleared);
    }
}
