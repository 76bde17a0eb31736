//! What was received, kept for the tests that ask.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::StatusCode;

use crate::provider::Provider;
use crate::request::{LlmRequest, RequestHead};
use crate::respond::RuleName;

/// A request that the mock answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Received {
    /// Whose API it was sent to.
    pub provider: Provider,
    /// The request, or `None` when it could not be understood.
    pub request: Option<LlmRequest>,
    /// Head and body of a request that could not be understood.
    pub raw: Option<(RequestHead, Bytes)>,
    /// The rule that answered, by name or number; `None` for the default reply and for errors of
    /// the request itself.
    pub rule: Option<RuleName>,
    /// The status that was answered.
    pub status: StatusCode,
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
    pub(crate) fn push(&self, received: Arc<Received>, bound: Bound) {
        // Dropped after the lock is released.
        let mut dropped = None;
        let mut more = Vec::new();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.bytes += received.size();
        entries.received.push_back(received);
        while entries.received.len() > bound.entries || entries.bytes > bound.bytes {
            let Some(oldest) = entries.received.pop_front() else {
                break;
            };
            entries.bytes -= oldest.size();
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

impl Received {
    fn size(&self) -> usize {
        let request = self
            .request
            .as_ref()
            .map_or(0, |request| request.body.len());
        request + self.raw.as_ref().map_or(0, |(_, body)| body.len())
    }
}
