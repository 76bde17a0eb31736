//! What answers: replaced as a whole when a server is reloaded, copied for each session.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use http::{HeaderName, Request};

use super::Off;
use crate::admin::Admin;
use crate::mock::Mock;
use crate::request::Head;
use crate::upstream::Upstreams;
use crate::util::rng::hash;

/// The header that names the session of a request.
static SESSION: HeaderName = HeaderName::from_static("x-mock-llm-session");

/// How many sessions have a state of their own at a time; then the one goes that was longest unused.
const MOST_SESSIONS: usize = 1000;

/// All that a request is answered from.
pub(super) struct Core {
    pub(super) mock: Mock,
    /// Whoever answers what is for the server itself. The connector's has nobody: its requests are
    /// all for the mocked hosts.
    pub(super) admin: Option<Arc<Admin>>,
    pub(super) off: Off,
    /// What passes on what is live.
    pub(super) upstream: Option<Arc<Upstreams>>,
    pub(super) cors: bool,
    /// Whether each API key is a session.
    pub(super) by_key: bool,
    sessions: Mutex<Sessions>,
}

#[derive(Default)]
struct Sessions {
    cores: HashMap<String, (u64, Arc<Core>)>,
    /// Goes up with each request.
    now: u64,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("mock", &self.mock).finish_non_exhaustive()
    }
}

impl Core {
    pub(super) fn new(
        mock: Mock,
        admin: Option<Arc<Admin>>,
        off: Off,
        upstream: Option<Arc<Upstreams>>,
        (cors, by_key): (bool, bool),
    ) -> Self {
        Self { mock, admin, off, upstream, cors, by_key, sessions: Mutex::default() }
    }

    /// The one that answers a request: its session's, or this.
    pub(super) fn of<'a, B>(self: &'a Arc<Self>, request: &Request<B>) -> Cow<'a, Arc<Self>> {
        if let Some(name) = request.headers().get(&SESSION) {
            return Cow::Owned(self.session(&format!("name:{}", name.as_bytes().escape_ascii())));
        }
        if self.by_key
            && let Some(key) = Head::of(request).api_key()
        {
            return Cow::Owned(self.session(&format!("key:{:x}", hash(0, key.as_bytes()))));
        }
        Cow::Borrowed(self)
    }

    /// The session of this name; it begins now, if there is none.
    fn session(&self, name: &str) -> Arc<Self> {
        let mut dropped = None;
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.now += 1;
        let now = sessions.now;
        if let Some((used, core)) = sessions.cores.get_mut(name) {
            *used = now;
            return Arc::clone(core);
        }
        if sessions.cores.len() >= MOST_SESSIONS {
            let oldest = sessions.cores.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                dropped = sessions.cores.remove(&oldest);
            }
        }
        let mock = self.mock.session();
        let admin = self.admin.as_ref().map(|admin| Arc::new(admin.of_session(&mock)));
        let upstream = self.upstream.clone();
        let core = Self::new(mock, admin, self.off, upstream, (self.cors, self.by_key));
        let core = Arc::new(core);
        sessions.cores.insert(name.to_owned(), (now, Arc::clone(&core)));
        drop(sessions);
        drop(dropped);
        core
    }
}

/// The core of now.
#[derive(Debug)]
pub(super) struct Current(RwLock<Arc<Core>>);

impl Current {
    pub(super) fn new(core: Core) -> Self {
        Self(RwLock::new(Arc::new(core)))
    }

    pub(super) fn load(&self) -> Arc<Core> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Requests that come from now on are answered from this one.
    pub(super) fn store(&self, core: Core) {
        let core = Arc::new(core);
        let old = {
            let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, core)
        };
        drop(old);
    }
}
