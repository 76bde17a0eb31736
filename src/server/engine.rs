//! What happens to a request.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::Notify;

use super::Off;
use super::aside::{Other, OtherFuture, admin, is_for_the_server, whole};
use crate::admin::Admin;
use crate::body::MockBody;
use crate::claim::Claim;
use crate::future::Answering;
use crate::mock::Mock;
use crate::reply::NoAnswer;
use crate::request::{Head, RequestHead};

/// The engine as hyper's service. Unlike [`MockLlm`](crate::MockLlm) it needs no copy of itself
/// for each request, and it knows that there is nothing behind it.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) mock: Mock,
    /// Whoever answers what is for the server itself. The connector's has nobody: its requests are
    /// all for the mocked hosts.
    pub(super) admin: Option<Arc<Admin>>,
    pub(super) off: Off,
    /// Closes its connection, once the answers that are on their way are sent.
    pub(super) close: Arc<Notify>,
    /// Whether the socket is to be reset when it is dropped.
    pub(super) reset: Arc<AtomicBool>,
}

impl hyper::service::Service<Request<Incoming>> for Engine {
    type Response = Response<MockBody<Other>>;
    type Error = Cut;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        if let Some(its_admin) = &self.admin
            && is_for_the_server(request.uri().path())
        {
            return Answer::Other(admin(its_admin, request));
        }
        let claim = self.mock.claim(&Head::of(&request));
        let (parts, body) = request.into_parts();
        let version = parts.version;
        let head = RequestHead::from(parts);
        if matches!(claim, Claim::Forward) {
            return Answer::Refused(Some(Box::new(self.refuse(&head, version))));
        }
        let answering = Box::pin(Answering::new(self.mock.clone(), claim, head, body));
        Answer::Answering { answering, reset: Arc::clone(&self.reset) }
    }
}

/// An answer on its way, or a refusal; or what is no LLM call.
pub(super) enum Answer {
    Answering { answering: Pin<Box<Answering<Incoming>>>, reset: Arc<AtomicBool> },
    Other(OtherFuture),
    Refused(Option<Box<Response<Full<Bytes>>>>),
}

impl Future for Answer {
    type Output = Result<Response<MockBody<Other>>, Cut>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Answering { answering, reset } => {
                Poll::Ready(match ready!(answering.as_mut().poll(cx)) {
                    Ok(answer) => Ok(answer.map(MockBody::mock)),
                    Err(lost) => match lost.how {
                        NoAnswer::Closed => Err(Cut),
                        NoAnswer::Reset => {
                            reset.store(true, Ordering::Release);
                            Err(Cut)
                        }
                        _ => Ok(lost.instead.map(MockBody::mock)),
                    },
                })
            }
            Self::Other(future) => {
                Poll::Ready(Ok(ready!(future.as_mut().poll(cx)).map(MockBody::inner)))
            }
            Self::Refused(refusal) => {
                let refusal = refusal.take().expect("polled after completion");
                Poll::Ready(Ok(refusal.map(whole).map(MockBody::inner)))
            }
        }
    }
}

/// Makes hyper close the connection (or, over HTTP/2, reset the stream) without a response.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mock was told to give no answer")
    }
}

impl std::error::Error for Cut {}
