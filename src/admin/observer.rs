//! Whoever looks on while a server answers: what it keeps of each call, and what it counts.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::Instant;

use super::metrics::Metrics;
use super::trace::Trace;
use crate::journal::Received;
use crate::mock::Mock;
use crate::pace::{self, Pace};

/// Looks on. There is one for a layer, all its clones and its servers, from the first server on that
/// has an admin side; without it nothing of this is kept or counted.
#[derive(Debug)]
pub(crate) struct Observer {
    /// When it began to look, on both clocks.
    began: (Instant, SystemTime),
    pub(super) metrics: Metrics,
    switches: RwLock<Switches>,
    /// Whether any is on: most of the time none is, and each call asks twice.
    is_switched: AtomicBool,
    /// Goes up whenever a call comes or ends.
    changes: watch::Sender<u64>,
    /// How many bytes of answers are kept.
    kept: AtomicUsize,
    /// The answers that are over, whose bytes may be let go, the first first.
    over: Mutex<VecDeque<Weak<Trace>>>,
}

/// What was switched while it runs: it holds for requests that say nothing of it themselves.
#[derive(Clone, Debug, Default)]
pub(super) struct Switches {
    /// The words, and what they mean.
    pub(super) pace: Option<(String, Pace)>,
    /// As in the header `x-mock-llm-fault`.
    pub(super) fault: Option<Arc<str>>,
}

/// How many bytes of answers are kept in all.
const MOST_KEPT: usize = 16 * 1024 * 1024;

/// More answers than any journal of use has.
const MOST_OVER: usize = 65_536;

impl Observer {
    pub(crate) fn new() -> Self {
        Self {
            began: (pace::now(), pace::wall()),
            metrics: Metrics::default(),
            switches: RwLock::default(),
            is_switched: AtomicBool::new(false),
            changes: watch::Sender::new(0),
            kept: AtomicUsize::new(0),
            over: Mutex::default(),
        }
    }

    /// A call has come.
    fn trace(self: &Arc<Self>, received: &Received) -> Arc<Trace> {
        let trace = Arc::new(Trace::new(self, received));
        self.metrics.began();
        self.changed();
        trace
    }

    /// A call is over.
    pub(super) fn over(&self, trace: &Arc<Trace>) {
        self.metrics.ended(trace);
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        while over.front().is_some_and(|first| first.strong_count() == 0) {
            over.pop_front();
        }
        over.push_back(Arc::downgrade(trace));
        if over.len() > MOST_OVER {
            over.retain(|trace| trace.strong_count() > 0);
            if over.len() > MOST_OVER {
                over.pop_front();
            }
        }
        drop(over);
        self.changed();
    }

    pub(super) fn changed(&self) {
        // Nobody follows, most of the time.
        if self.changes.receiver_count() > 0 {
            self.changes.send_modify(|changes| *changes += 1);
        }
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether so many bytes more may be kept: the oldest answers make room.
    pub(super) fn keep(&self, bytes: usize) -> bool {
        let mut kept = self.kept.fetch_add(bytes, Ordering::Relaxed) + bytes;
        while kept > MOST_KEPT {
            let oldest = self.over.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(oldest) = oldest else {
                self.let_go(bytes);
                return false;
            };
            if let Some(oldest) = oldest.upgrade() {
                oldest.forget();
            }
            kept = self.kept.load(Ordering::Relaxed);
        }
        true
    }

    pub(super) fn let_go(&self, bytes: usize) {
        self.kept.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The time of day of a moment since it began to look.
    pub(super) fn time_of(&self, moment: Instant) -> SystemTime {
        self.began.1 + moment.saturating_duration_since(self.began.0)
    }

    pub(super) fn began(&self) -> SystemTime {
        self.began.1
    }

    pub(super) fn since_began(&self) -> Duration {
        pace::now().saturating_duration_since(self.began.0)
    }

    pub(super) fn switches(&self) -> Switches {
        self.switches.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_switches(&self, set: impl FnOnce(&mut Switches)) {
        let mut switches = self.switches.write().unwrap_or_else(PoisonError::into_inner);
        set(&mut switches);
        let is_switched = switches.pace.is_some() || switches.fault.is_some();
        self.is_switched.store(is_switched, Ordering::Release);
    }

    /// What is switched on, if anything is.
    fn switched<T>(&self, look: impl FnOnce(&Switches) -> Option<T>) -> Option<T> {
        if !self.is_switched.load(Ordering::Acquire) {
            return None;
        }
        look(&self.switches.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Mock {
    pub(crate) fn is_observed(&self) -> bool {
        self.shared.observer.get().is_some()
    }

    /// Shows a request to whoever looks on.
    pub(crate) fn observe(&self, received: &mut Received) {
        if let Some(observer) = self.shared.observer.get() {
            let trace = observer.trace(received);
            received.set_trace(trace);
        }
    }

    /// The pace that was switched on for all that have none of their own.
    pub(crate) fn switched_pace(&self) -> Option<Pace> {
        let observer = self.shared.observer.get()?;
        observer.switched(|switches| switches.pace.as_ref().map(|(_, pace)| pace.clone()))
    }

    /// The fault that was switched on for all that have none of their own, in words.
    pub(crate) fn switched_fault(&self) -> Option<Arc<str>> {
        self.shared.observer.get()?.switched(|switches| switches.fault.clone())
    }
}

/// A time as logs have it: RFC 3339 in UTC, to the millisecond.
pub(super) fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = crate::util::time::rfc3339(since.as_secs());
    let seconds = std::str::from_utf8(&seconds[..19]).unwrap_or_default();
    format!("{seconds}.{:03}Z", since.subsec_millis())
}
