//! The admin side of a server: logs, rules, switches and figures, for people and their tools.
//!
//! [`Observer`] looks on while the engine answers; [`Admin`] answers what begins with `/__mock/`, and
//! `/health` and `/metrics`. [The guide](crate::guide::server) describes each.

mod calls;
mod follow;
mod guard;
mod mask;
mod metrics;
mod observer;
mod page;
mod prices;
mod prometheus;
mod query;
mod respond;
mod rules;
mod summary;
mod switches;
mod trace;
mod verdict;

use std::sync::Arc;

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::watch;

use self::guard::Guard;
pub(crate) use self::guard::{GuardSettings, Token};
pub(crate) use self::observer::Observer;
use self::query::{Query, decode};
use self::respond::{Refusal, json, not_found, text, wrong_method};
pub(crate) use self::trace::Trace;
use crate::handle::MockHandle;
use crate::mock::Mock;
use crate::request::RequestHead;
use crate::respond::Saved;
use crate::server::Other;

/// Answers what is for the server itself.
#[derive(Debug)]
pub(crate) struct Admin {
    mock: Mock,
    observer: Arc<Observer>,
    guard: Arc<Guard>,
    /// The rules that it started with.
    start: Saved,
    /// Whether the server ends: who follows must go.
    closing: Arc<watch::Sender<bool>>,
    /// Whether the mock is that of a session.
    of_session: bool,
}

/// What it answers, for who asks in vain.
const ROUTES: [&str; 14] = [
    "GET /__mock/",
    "GET /__mock/calls",
    "GET /__mock/calls/ID",
    "GET /__mock/rules",
    "POST /__mock/rules",
    "DELETE /__mock/rules/ID-OR-NAME",
    "GET, PUT /__mock/mode",
    "GET, PUT /__mock/switches",
    "GET /__mock/summary",
    "GET /__mock/verdict",
    "POST /__mock/reset",
    "GET /health",
    "GET /metrics",
    "DELETE /__mock/rules?id=ID or ?name=NAME",
];

/// How large a body it takes.
const MOST_BODY: usize = 1024 * 1024;

impl Admin {
    /// Begins to look on.
    pub(crate) fn new(mock: &Mock, guard: GuardSettings) -> Self {
        let observer = mock.shared.observer.get_or_init(|| Arc::new(Observer::new()));
        Self {
            observer: Arc::clone(observer),
            guard: Arc::new(Guard::new(guard)),
            start: mock.shared.rules.save(),
            mock: mock.clone(),
            closing: Arc::new(watch::Sender::new(false)),
            of_session: false,
        }
    }

    /// The same for a session of the server.
    pub(crate) fn of_session(&self, mock: &Mock) -> Self {
        Self { of_session: true, ..self.beside(mock) }
    }

    /// The same for what follows on a reload.
    pub(crate) fn beside(&self, mock: &Mock) -> Self {
        Self {
            observer: Arc::clone(&self.observer),
            guard: Arc::clone(&self.guard),
            start: mock.shared.rules.save(),
            mock: mock.clone(),
            closing: Arc::clone(&self.closing),
            of_session: self.of_session,
        }
    }

    /// Ends what would never end by itself.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    fn handle(&self) -> MockHandle {
        MockHandle::new(Arc::clone(&self.mock.shared))
    }

    /// Answers a request.
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Other> {
        let (parts, body) = request.into_parts();
        let head = RequestHead::from(parts);
        let answered = read(body).await.and_then(|body| self.route(&head, &body));
        answered.unwrap_or_else(Refusal::into_response)
    }

    fn route(
        self: &Arc<Self>,
        head: &RequestHead,
        body: &[u8],
    ) -> Result<Response<Other>, Refusal> {
        let path = head.uri.path();
        let get = matches!(head.method, Method::GET | Method::HEAD);
        // What tools look at that know nothing of tokens, and the page, which has nothing to hide.
        match path {
            "/health" if get => return Ok(json(StatusCode::OK, &self.health())),
            "/health" => return wrong_method("GET"),
            "/__mock" => return Ok(page::elsewhere()),
            "/__mock/" if get => {
                self.guard.check_host(head)?;
                return Ok(page::page());
            }
            "/__mock/" => return wrong_method("GET"),
            _ => {}
        }
        self.guard.check(head)?;
        let query = || Query::parse(head.uri.query());
        let (put, post, delete) = (
            head.method == Method::PUT,
            head.method == Method::POST,
            head.method == Method::DELETE,
        );
        match path {
            "/metrics" if get => Ok(text(prometheus::MEDIA_TYPE, prometheus::text(&self.observer))),
            "/metrics" => wrong_method("GET"),
            "/__mock/calls" if get => self.calls(&query()?, wants_events(head)),
            "/__mock/calls" => wrong_method("GET"),
            "/__mock/rules" if get => Ok(json(StatusCode::OK, &self.rules())),
            "/__mock/rules" if post => self.mount(&query()?, body),
            "/__mock/rules" if delete => self.unmount(&query()?),
            "/__mock/rules" => wrong_method("GET, POST, DELETE"),
            "/__mock/mode" if get => Ok(json(StatusCode::OK, &self.modes())),
            "/__mock/mode" if put => self.set_mode(body),
            "/__mock/mode" => wrong_method("GET, PUT"),
            "/__mock/switches" if get => Ok(json(StatusCode::OK, &self.switches())),
            "/__mock/switches" if put => self.set_switches(body),
            "/__mock/switches" => wrong_method("GET, PUT"),
            "/__mock/summary" if get => Ok(json(StatusCode::OK, &self.summary())),
            "/__mock/summary" => wrong_method("GET"),
            "/__mock/verdict" if get => Ok(json(StatusCode::OK, &self.verdict())),
            "/__mock/verdict" => wrong_method("GET"),
            "/__mock/reset" if post => {
                self.reset();
                Ok(json(StatusCode::OK, &self.summary()))
            }
            "/__mock/reset" => wrong_method("POST"),
            _ => {
                if let Some(id) = path.strip_prefix("/__mock/calls/") {
                    return if get { self.call(id) } else { wrong_method("GET") };
                }
                if let Some(name) = path.strip_prefix("/__mock/rules/") {
                    let name = decode(name);
                    return if delete { self.unmount_one(&name) } else { wrong_method("DELETE") };
                }
                not_found(path)
            }
        }
    }

    /// Forgets what was received and what was switched; the rules are those that it started with. What
    /// sessions have in common, the calls and the switches, stays if only one of them is reset.
    fn reset(&self) {
        if self.of_session {
            self.handle().begin_anew();
        } else {
            self.handle().reset();
            self.observer.set_switches(|switches| *switches = Default::default());
        }
        self.mock.shared.rules.restore(&self.start);
        self.observer.changed();
    }
}

/// A body that is not too large. More of it is read and thrown away, up to a point: clients that are cut
/// off while they send may not see the answer.
async fn read(mut body: Incoming) -> Result<Vec<u8>, Refusal> {
    let (mut read, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refusal::bad(format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= MOST_BODY {
            read.extend_from_slice(&data);
        } else if length > 16 * MOST_BODY {
            break;
        }
    }
    if length <= MOST_BODY {
        return Ok(read);
    }
    let message = format!("the body is larger than {MOST_BODY} bytes");
    Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message))
}

/// A key as it may be shown.
#[cfg(feature = "config")]
pub(crate) fn shown_key(key: &str) -> String {
    mask::Shown::of(key).as_str().to_owned()
}

/// Whether the client is one that follows.
fn wants_events(head: &RequestHead) -> bool {
    let accepted = head.headers.get_all(header::ACCEPT);
    accepted.iter().any(|value| {
        value.to_str().is_ok_and(|value| value.to_ascii_lowercase().contains("text/event-stream"))
    })
}
