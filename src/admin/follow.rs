//! `/__mock/calls?follow=true`: calls as they come, as server-sent events.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::Response;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::sync::watch;

use super::Admin;
use super::calls::Call;
use super::query::Filter;
use super::respond::of_type;
use crate::error::BoxError;
use crate::journal::Received;
use crate::pace::Timer;
use crate::server::Other;
use crate::wire::{FrameBuf, JsonStyle, Sse};

/// Who follows, and what was told already.
struct Follower {
    admin: Arc<Admin>,
    filter: Filter,
    /// The number of the first call that was not looked at.
    next: u64,
    /// Calls that were told and are not over; they are told again then.
    open: VecDeque<(u64, Arc<Received>)>,
    changes: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
}

const EVENTS: Sse = Sse::lf(JsonStyle::COMPACT);

/// Events of so long a time are sent together.
const TOGETHER: Duration = Duration::from_millis(50);

/// After so long a silence a comment is sent, for those between that close what is silent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// More calls that are not over are not told again.
const MOST_OPEN: usize = 10_000;

impl Admin {
    /// Tells of calls that come from now on, and before of as many as `backlog`.
    pub(super) fn follow(
        self: &Arc<Self>,
        filter: Filter,
        backlog: Option<u64>,
    ) -> Response<Other> {
        let (first, all) = self.mock.shared.journal.from(0);
        let end = first + all.len() as u64;
        let mut wanted = all.iter().enumerate().rev().filter(|(_, received)| {
            received.trace().is_some_and(|trace| filter.takes(received, trace))
        });
        let next = match backlog.unwrap_or(0) {
            0 => end,
            backlog => {
                let back = usize::try_from(backlog - 1).unwrap_or(usize::MAX);
                wanted.nth(back).map_or(first, |(index, _)| first + index as u64)
            }
        };
        let follower = Follower {
            filter,
            next,
            open: VecDeque::new(),
            changes: self.observer.changes(),
            closing: self.closing.subscribe(),
            admin: Arc::clone(self),
        };
        let frames = stream::unfold((follower, false), |(mut follower, begun)| async move {
            let events = if begun {
                follower.next().await?
            } else {
                let mut events = FrameBuf::new();
                EVENTS.comment(&mut events, "follows calls");
                follower.tell(&mut events);
                events.take_all()?
            };
            let frame = Ok::<_, BoxError>(Frame::data(events));
            Some((frame, (follower, true)))
        });
        of_type("text/event-stream", StreamBody::new(frames).boxed_unsync())
    }
}

impl Follower {
    /// Events, once there are some; `None` when the server ends.
    async fn next(&mut self) -> Option<Bytes> {
        let mut keep_alive = Timer::default();
        keep_alive.start();
        loop {
            if *self.closing.borrow() {
                return None;
            }
            tokio::select! {
                changed = self.changes.changed() => changed.ok()?,
                _ = self.closing.changed() => return None,
                () = poll_fn(|cx| keep_alive.poll(KEEP_ALIVE, cx)) => {
                    let mut silence = FrameBuf::new();
                    EVENTS.comment(&mut silence, "still here");
                    return silence.take_all();
                }
            }
            let mut together = Timer::default();
            poll_fn(|cx| together.poll(TOGETHER, cx)).await;
            self.changes.mark_unchanged();
            let mut events = FrameBuf::new();
            self.tell(&mut events);
            if let Some(events) = events.take_all() {
                return Some(events);
            }
        }
    }

    fn tell(&mut self, events: &mut FrameBuf) {
        self.open.retain(|(id, received)| {
            let is_over = received.trace().is_none_or(|trace| trace.is_over());
            if is_over {
                tell(*id, received, events);
            }
            !is_over
        });
        let (first, all) = self.admin.mock.shared.journal.from(self.next);
        for (id, received) in (first..).zip(all) {
            self.next = id + 1;
            let Some(trace) = received.trace() else { continue };
            if !self.filter.takes(&received, trace) {
                continue;
            }
            let is_over = trace.is_over();
            tell(id, &received, events);
            if !is_over && self.open.len() < MOST_OPEN {
                self.open.push_back((id, received));
            }
        }
    }
}

fn tell(id: u64, received: &Received, events: &mut FrameBuf) {
    let Some(call) = Call::of(id, received) else { return };
    EVENTS.numbered(events, "call", id, &call);
}
