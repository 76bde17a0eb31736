//! Whether the mock answers, and whether its answers say that they are its own.

use std::sync::atomic::Ordering;

use http::HeaderValue;

use super::{Mock, Reaction};
use crate::claim::{Claim, Mode, panic_if_forbidden};
use crate::request::Head;

impl Mock {
    pub(crate) fn mode(&self) -> Mode {
        Mode::from_u8(self.shared.mode.load(Ordering::Relaxed))
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        self.shared.mode.store(mode as u8, Ordering::Relaxed);
    }

    /// For what starts: panics if it would mock where that is forbidden.
    #[track_caller]
    pub(crate) fn refuse_forbidden(&self) {
        if self.mode() == Mode::Mock {
            panic_if_forbidden();
        }
    }

    /// Recognizes: looks at the head, and at nothing else.
    pub(crate) fn claim(&self, head: &Head<'_>) -> Claim {
        match self.mode() {
            Mode::Mock if self.is_live(head) => Claim::Forward,
            Mode::Mock => self.settings.claims.claim(head),
            Mode::Off => Claim::Forward,
        }
    }

    /// Whether the API key is one of those that go live.
    #[cfg(feature = "config")]
    pub(crate) fn is_live(&self, head: &Head<'_>) -> bool {
        let keys = self.shared.keys.get();
        keys.is_some_and(|keys| keys.mode(head.api_key()) == Mode::Off)
    }

    #[cfg(not(feature = "config"))]
    pub(crate) fn is_live(&self, _: &Head<'_>) -> bool {
        false
    }

    /// Adds the header by which an answer is known, if that is wanted.
    pub(crate) fn mark(&self, reaction: &mut Reaction) {
        if !self.settings.marked {
            return;
        }
        let response = match reaction {
            // It is marked once it is made.
            Reaction::Gather(_) => return,
            // It is the provider's own.
            #[cfg(feature = "cassette")]
            Reaction::Record(_) => return,
            Reaction::Lost(lost) => &mut lost.instead,
            Reaction::Respond(response, _) => response,
        };
        response.headers_mut().insert("x-mock-llm", HeaderValue::from_static("true"));
    }
}
