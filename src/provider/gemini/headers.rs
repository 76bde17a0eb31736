//! The headers that Gemini's answers carry.
//!
//! As recorded in 2026, but for `alt-svc`, which asks clients to go on with the real host over
//! HTTP/3, and for what belongs to the connection (`date`, `transfer-encoding`, ...).

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::provider::Entropy;
use crate::provider::headers::{fill, template};

/// The header whose value varies, which stands first in the templates.
const VARYING: [HeaderName; 1] = [HeaderName::from_static("server-timing")];

const JSON: &str = "application/json; charset=UTF-8";
const EVENTS: &str = "text/event-stream";

const FIXED: [(&str, &str); 7] = [
    ("server", "scaffolding on HTTPServer2"),
    ("vary", "Origin"),
    ("vary", "X-Origin"),
    ("vary", "Referer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-xss-protection", "0"),
];

/// Of a stream that is a JSON array, and of errors.
static BARE: LazyLock<HeaderMap> =
    LazyLock::new(|| template(&VARYING, &[&FIXED[..], &[("content-type", JSON)]].concat()));

/// Of a whole answer.
static WHOLE: LazyLock<HeaderMap> = LazyLock::new(|| {
    let more = [("content-type", JSON), ("x-gemini-service-tier", "standard")];
    template(&VARYING, &[&FIXED[..], &more].concat())
});

/// Of a stream of events.
static STREAM: LazyLock<HeaderMap> = LazyLock::new(|| {
    let more = [("content-type", EVENTS), ("content-disposition", "attachment")];
    template(&VARYING, &[&FIXED[..], &more].concat())
});

/// Of a whole answer that a model gave, or refused to give for want of capacity.
pub(super) fn whole(entropy: Entropy) -> HeaderMap {
    timed(&WHOLE, 400 + entropy.below(SALT, 2600))
}

/// Of a stream, which names no tier.
pub(super) fn stream(entropy: Entropy, is_sse: bool) -> HeaderMap {
    timed(if is_sse { &STREAM } else { &BARE }, 300 + entropy.below(SALT, 1000))
}

/// Of an error that comes from before the models.
pub(super) fn error(entropy: Entropy) -> HeaderMap {
    timed(&BARE, 20 + entropy.below(SALT, 60))
}

/// Of a call that is no conversation; it took about so long.
pub(super) fn bare(entropy: Entropy, least: u64, more: u64) -> HeaderMap {
    timed(&BARE, least + entropy.below(SALT, more))
}

/// Makes an error the answer to a call that asked for events: the type says so, and the body is
/// JSON all the same.
pub(super) fn set_events(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENTS));
}

fn timed(template: &HeaderMap, milliseconds: u64) -> HeaderMap {
    let timing = HeaderValue::try_from(format!("gfet4t7; dur={milliseconds}"));
    fill(template, [timing.expect("letters and digits make a header value")])
}

const SALT: u64 = 0x6766_6574;
