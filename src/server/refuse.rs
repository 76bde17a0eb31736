//! What is said to requests that nothing answers.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, Version, header};
use http_body_util::Full;

use super::Off;
use super::engine::Turn;
use crate::claim::Mode;
use crate::request::RequestHead;
use crate::service::{refusal, refusal_because};

impl Turn<'_> {
    pub(super) fn refuse(&self, head: &RequestHead, version: Version) -> Response<Full<Bytes>> {
        if self.core.mock.mode() == Mode::Off {
            return self.refuse_off(head, version);
        }
        if self.core.mock.is_live(&head.as_head()) {
            return refusal_because(
                StatusCode::NOT_IMPLEMENTED,
                "tower_mock_llm_unmatched",
                "its API key is one of those that go live, and there is nothing behind this server to \
                 pass it on to. `MockServerBuilder::upstream` gives it something, `mock-llm serve \
                 --config FILE` too if a provider of the file is enabled; a tower layer and a middleware \
                 pass on by themselves",
                head,
            );
        }
        if !self.core.mock.settings.claims.wants_key(&head.as_head()) {
            return refusal_because(
                StatusCode::NOT_IMPLEMENTED,
                "tower_mock_llm_unmatched",
                "its API key is none of those that `MockLlmLayer::api_keys` claims, and there is \
                 nothing behind this server to pass it on to: see `MockServerBuilder::upstream`. A tower \
                 layer and a middleware pass on by themselves",
                head,
            );
        }
        refusal(head)
    }

    fn refuse_off(&self, head: &RequestHead, version: Version) -> Response<Full<Bytes>> {
        let (status, reason) = match self.core.off {
            Off::Refuse => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the mock is switched off, and there is nothing behind its server",
            ),
            #[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
            Off::Redirect => (
                StatusCode::TEMPORARY_REDIRECT,
                "the mock was switched off, and this connection is one of its own. The same call \
                 on a new connection goes to the provider",
            ),
        };
        let mut response = refusal_because(status, "tower_mock_llm_off", reason, head);
        let headers = response.headers_mut();
        #[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
        if self.core.off == Off::Redirect {
            let same = head.uri.path_and_query().map_or("/", |path| path.as_str());
            if let Ok(same) = HeaderValue::from_str(same) {
                headers.insert(header::LOCATION, same);
            }
        }
        if version < Version::HTTP_2 {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        } else {
            self.engine.flags.close.store(true, Ordering::Relaxed);
        }
        response
    }
}
