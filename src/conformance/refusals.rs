//! How a room says that something is wrong.

use http::{StatusCode, header};

use super::{CREATED, Suite};
use crate::provider::{Call, Entropy, ErrorContext};
use crate::reply::{ApiError, ErrorKind};
use crate::request::{Head, LlmRequest};

impl Suite<'_> {
    pub(super) fn refuses(&mut self, request: &LlmRequest) {
        let head = request.head.as_head();
        for kind in ErrorKind::ALL {
            self.renders(&ApiError::new(kind), &head, Some(&request.call));
        }
        let by_hand = ApiError::server().message("by hand").status(StatusCode::IM_A_TEAPOT);
        let cx = ErrorContext::of(request, CREATED, Entropy::new(1));
        if let Some(response) = self.calmly("it refuses", || self.synth.error(&cx, &by_hand)) {
            self.expect(response.status() == StatusCode::IM_A_TEAPOT, || {
                "does not keep a status given by hand".to_owned()
            });
            let body = String::from_utf8_lossy(response.body()).into_owned();
            self.expect(body.contains("by hand"), || {
                "does not keep a message given by hand".to_owned()
            });
        }
    }

    pub(super) fn renders(&mut self, error: &ApiError, head: &Head<'_>, call: Option<&Call>) {
        let entropy = Entropy::new(1);
        let cx = ErrorContext {
            call,
            request: None,
            head: *head,
            entropy,
            created: CREATED,
            levels: None,
        };
        let kind = error.kind;
        let Some(response) = self.calmly("it refuses", || self.synth.error(&cx, error)) else {
            return;
        };
        let status = response.status();
        self.expect(status.is_client_error() || status.is_server_error(), || {
            format!("says {status} for {kind:?}")
        });
        self.expect(response.headers().contains_key(header::CONTENT_TYPE), || {
            format!("has no content type for {kind:?}")
        });
        self.expect(!response.body().is_empty(), || format!("says nothing for {kind:?}"));
    }
}
