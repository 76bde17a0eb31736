//! What happens to a request that no rule asks for.

use std::time::Duration;

use super::{HEADER, Happening, Now, Trouble, asked, fingerprint};
use crate::mock::Mock;
use crate::provider::Entropy;
use crate::request::LlmRequest;
use crate::respond::Cue;
use crate::util::rng::hash;

impl Mock {
    /// Whether nothing can happen that no rule asks for.
    pub(crate) fn is_safe(&self) -> bool {
        self.settings.troubles.is_empty() && self.settings.fault_header != Some(true)
    }

    /// What the request's header asks for, else the first trouble of the layer's that applies.
    pub(crate) fn happening(&self, request: &LlmRequest, entropy: Entropy) -> Option<Happening> {
        if self.settings.fault_header == Some(true)
            && let Some(value) = request.head.headers.get(HEADER)
        {
            // Counted apart from the same request with another header.
            let attempt =
                || self.shared.attempts.count(hash(fingerprint(request), value.as_bytes()));
            let value = String::from_utf8_lossy(value.as_bytes());
            match asked(&value, entropy, attempt) {
                Ok(None) => {}
                Ok(Some(happening)) => return Some(happening),
                Err(error) => return Some(Happening::Answer(error.into())),
            }
        }
        #[cfg(feature = "server")]
        if let Some(words) = self.switched_fault() {
            let attempt =
                || self.shared.attempts.count(hash(fingerprint(request), words.as_bytes()));
            // It was parsed when it was switched on.
            if let Ok(Some(happening)) = asked(&words, entropy, attempt) {
                return Some(happening);
            }
        }
        let troubles = &self.settings.troubles;
        let attempt = match troubles.iter().any(Trouble::counts) {
            true => self.shared.attempts.count(fingerprint(request)),
            false => 0,
        };
        let since_first = match troubles.iter().any(Trouble::looks_at_clock) {
            true => self.shared.clock.since_first(),
            false => Duration::ZERO,
        };
        let now = Now { attempt, since_first, entropy };
        let cue = Cue::of_default(self.settings.seed);
        let mut places = troubles.iter().enumerate();
        places.find_map(|(place, trouble)| trouble.happen(request, &cue, &now, place))
    }
}
