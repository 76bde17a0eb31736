//! The future of a response: forwarded, or answered.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::body::MockBody;
use crate::claim::Claim;
use crate::delivery::Player;
use crate::error::BoxError;
use crate::mock::{Mock, Reaction, Unread};
use crate::pace::Timer;
use crate::reply::{Lost, NoAnswer};
use crate::request::RequestHead;

pin_project! {
    /// The future of [`MockLlm`](crate::MockLlm): the inner service's, or an answer being made.
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    /// An answer is boxed, so that a future that only forwards stays as small as the inner one.
    #[project = StateProj]
    enum State<F, B> {
        Answer { answering: Pin<Box<Answering<B>>> },
        Forward { #[pin] future: F },
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(crate) fn answer(answering: Answering<B>) -> Self {
        Self { state: State::Answer { answering: Box::pin(answering) } }
    }

    pub(crate) fn forward(future: F) -> Self {
        Self { state: State::Forward { future } }
    }
}

impl<F, B> std::fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<F, B, ResB, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<ResB>, E>>,
    B: Body,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<MockBody<ResB>>, E>;

    // As small as what passes through it; see `MockLlm::call`.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Answer { answering } => poll_answer(answering.as_mut(), cx).map(Ok),
            StateProj::Forward { future } => {
                Poll::Ready(Ok(ready!(future.poll(cx))?.map(MockBody::inner)))
            }
        }
    }
}

#[inline(never)]
fn poll_answer<B, ResB>(
    answering: Pin<&mut Answering<B>>,
    cx: &mut Context<'_>,
) -> Poll<Response<MockBody<ResB>>>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    // The error is the inner service's, so there is none for an answer that is lost.
    let answer = ready!(answering.poll(cx)).unwrap_or_else(|lost| lost.instead);
    Poll::Ready(answer.map(MockBody::mock))
}

pin_project! {
    /// Reads a claimed request's body, walks the line, waits until the head is due.
    pub(crate) struct Answering<B> {
        #[pin]
        body: B,
        collected: Collected,
        job: Option<Job>,
        reaction: Option<Reaction>,
        timer: Timer,
    }
}

/// What the line makes of a request.
fn react(mock: &Mock, claim: Claim, head: RequestHead, body: crate::mock::Body) -> Reaction {
    let mut reaction = match claim {
        Claim::Answer(room, call) => mock.answer(room, call, head, body),
        Claim::Refuse(room) => mock.refuse_unmatched(&room, head, body),
        Claim::Forward => unreachable!("a forwarded request is not answered"),
    };
    mock.mark(&mut reaction);
    reaction
}

struct Job {
    mock: Mock,
    claim: Claim,
    head: RequestHead,
}

impl<B> Answering<B> {
    pub(crate) fn new(mock: Mock, claim: Claim, head: RequestHead, body: B) -> Self {
        let collected = Collected::new(mock.settings.max_body);
        let job = Some(Job { mock, claim, head });
        Self { body, collected, job, reaction: None, timer: Timer::default() }
    }
}

#[cfg(any(feature = "cassette", feature = "server"))]
impl<B: From<Bytes>> Answering<B> {
    /// The same for a body that was read before.
    pub(crate) fn read(
        mock: &Mock,
        claim: Claim,
        head: RequestHead,
        body: crate::mock::Body,
    ) -> Self {
        Self {
            body: B::from(Bytes::new()),
            collected: Collected::new(0),
            job: None,
            reaction: Some(react(mock, claim, head, body)),
            timer: Timer::default(),
        }
    }
}

/// What is to be done about a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Lost(Box<Lost>),
    Play(Response<Player>),
    #[cfg(feature = "cassette")]
    Record(Box<crate::cassette::Live>),
}

impl<B> Future for Answering<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Player>, Box<Lost>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match ready!(self.poll_outcome(cx)) {
            Outcome::Lost(lost) => Poll::Ready(Err(lost)),
            Outcome::Play(response) => Poll::Ready(Ok(response)),
            #[cfg(feature = "cassette")]
            Outcome::Record(_) => unreachable!("only a mock that was told that it can does record"),
        }
    }
}

impl<B> Answering<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    pub(crate) fn poll_outcome(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut this = self.project();
        if this.reaction.is_none() {
            let body = ready!(this.collected.poll(this.body.as_mut(), cx));
            let Job { mock, claim, head } = this.job.take().expect("polled after completion");
            match react(&mock, claim, head, body) {
                // Nearly always: nothing to wait for, so it is not put away to be taken out again.
                Reaction::Respond(response, Duration::ZERO) => {
                    return Poll::Ready(Outcome::Play(response));
                }
                reaction => *this.reaction = Some(reaction),
            }
        }
        if let Some(Reaction::Gather(pending)) = this.reaction {
            ready!(Pin::new(&mut pending.gather).poll(cx));
            if let Some(Reaction::Gather(pending)) = this.reaction.take() {
                *this.reaction = Some(pending.finish());
            }
        }
        if let Some(Reaction::Respond(_, wait)) = this.reaction
            && *wait > Duration::ZERO
        {
            ready!(this.timer.poll(*wait, cx));
        }
        if let Some(Reaction::Lost(lost)) = this.reaction
            && lost.how == NoAnswer::Hang
        {
            return Poll::Pending;
        }
        match this.reaction.take() {
            Some(Reaction::Lost(lost)) => Poll::Ready(Outcome::Lost(lost)),
            #[cfg(feature = "cassette")]
            Some(Reaction::Record(live)) => Poll::Ready(Outcome::Record(live)),
            Some(Reaction::Respond(response, _)) => Poll::Ready(Outcome::Play(response)),
            _ => unreachable!("polled after completion"),
        }
    }
}

/// How much of a body that is too large is read all the same, in bytes: clients that are cut off
/// while they send may not see the answer.
const LINGER: u64 = 64 * 1024 * 1024;

/// A body being read: one chunk is taken as it is, several are joined.
pub(crate) struct Collected {
    limit: usize,
    /// How much of a body that is too large was thrown away.
    discarded: Option<u64>,
    first: Bytes,
    more: Option<BytesMut>,
}

impl Collected {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, discarded: None, first: Bytes::new(), more: None }
    }

    pub(crate) fn poll<B>(
        &mut self,
        mut body: Pin<&mut B>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, Unread>>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        let limit = self.limit as u64;
        if self.is_empty() && body.size_hint().lower() > limit {
            self.discarded.get_or_insert(0);
            if body.size_hint().lower() > LINGER {
                return Poll::Ready(Err(Unread::TooLarge(limit)));
            }
        }
        while let Some(frame) = ready!(body.as_mut().poll_frame(cx)) {
            match frame {
                Err(error) => return Poll::Ready(Err(Unread::Broken(error.into().to_string()))),
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        match &mut self.discarded {
                            None => self.push(data),
                            Some(discarded) => *discarded += data.remaining() as u64,
                        }
                    }
                }
            }
            if self.len() > self.limit {
                self.discarded = Some(self.len() as u64);
                (self.first, self.more) = (Bytes::new(), None);
            }
            if self.discarded.is_some_and(|discarded| discarded > LINGER) {
                break;
            }
        }
        if self.discarded.is_some() {
            return Poll::Ready(Err(Unread::TooLarge(limit)));
        }
        Poll::Ready(Ok(match self.more.take() {
            None => std::mem::take(&mut self.first),
            Some(joined) => joined.freeze(),
        }))
    }

    fn push(&mut self, mut data: impl Buf) {
        if self.is_empty() {
            // Without a copy where the chunk is `Bytes` already.
            self.first = data.copy_to_bytes(data.remaining());
            return;
        }
        let joined = self.more.get_or_insert_with(|| BytesMut::from(self.first.as_ref()));
        while data.has_remaining() {
            let chunk = data.chunk();
            joined.extend_from_slice(chunk);
            let length = chunk.len();
            data.advance(length);
        }
    }

    fn len(&self) -> usize {
        self.more.as_ref().map_or(self.first.len(), BytesMut::len)
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
