//! What was received, kept for the tests that ask.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use http::StatusCode;

use crate::provider::{Call, Provider, Room};
use crate::request::{LlmRequest, RequestHead};
use crate::respond::RuleName;

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
    call: Option<(Room, Call)>,
    /// Kept as it came and understood again when a test asks: most requests are never looked at,
    /// and to keep them parsed would cost as much as to answer them.
    request: OnceLock<Option<Box<LlmRequest>>>,
}

impl Received {
    pub(crate) fn new(
        room: &Room,
        call: Option<Call>,
        head: RequestHead,
        body: Bytes,
        rule: Option<RuleName>,
        status: StatusCode,
    ) -> Self {
        Self {
            provider: room.provider(),
            head,
            body,
            rule,
            status,
            call: call.map(|call| (Arc::clone(room), call)),
            request: OnceLock::new(),
        }
    }

    /// The request in neutral words, or `None` when it could not be understood.
    pub fn request(&self) -> Option<&LlmRequest> {
        let understand = || {
            let (room, call) = self.call.as_ref()?;
            let mut request = room.parse(call.clone(), &self.head.as_head(), &self.body).ok()?;
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

/// How much a journal keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) entries: usize,
    /// Bytes of request bodies.
    pub(crate) bytes: usize,
}

impl Journal {
    pub(crate) fn push(&self, received: Received, bound: Bound) {
        if bound.entries == 0 {
            return;
        }
        let received = Arc::new(received);
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
