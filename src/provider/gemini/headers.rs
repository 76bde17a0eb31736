//! The headers that Gemini's answers carry.
//!
//! As recorded in 2026, but for `alt-svc`, which asks clients to go on with the real host over
//! HTTP/3, and for what belongs to the connection (`date`, `transfer-encoding`, ...).

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::provider::Entropy;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const SERVICE_TIER: HeaderName = HeaderName::from_static("x-gemini-service-tier");

const JSON: &str = "application/json; charset=UTF-8";
const EVENTS: &str = "text/event-stream";

/// What all have in common. The values that vary are there with a stand-in.
static COMMON: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut headers = HeaderMap::with_capacity(16);
    for (name, value) in [
        ("content-type", JSON),
        ("vary", "Origin"),
        ("vary", "X-Origin"),
        ("vary", "Referer"),
        ("server", "scaffolding on HTTPServer2"),
        ("x-xss-protection", "0"),
        ("x-frame-options", "SAMEORIGIN"),
        ("x-content-type-options", "nosniff"),
        ("server-timing", "gfet4t7; dur=0"),
    ] {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers
});

/// Of a whole answer.
static WHOLE: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut headers = COMMON.clone();
    headers.insert(SERVICE_TIER, HeaderValue::from_static("standard"));
    headers
});

/// Of a stream of events.
static STREAM: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut headers = COMMON.clone();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENTS));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers
});

/// Of a whole answer that a model gave, or refused to give for want of capacity.
pub(super) fn whole(entropy: Entropy) -> HeaderMap {
    timed(WHOLE.clone(), 400 + entropy.below(SALT, 2600))
}

/// Of a stream, which names no tier.
pub(super) fn stream(entropy: Entropy, is_sse: bool) -> HeaderMap {
    let headers = if is_sse { &*STREAM } else { &*COMMON };
    timed(headers.clone(), 300 + entropy.below(SALT, 1000))
}

/// Of an error that comes from before the models.
pub(super) fn error(entropy: Entropy) -> HeaderMap {
    timed(COMMON.clone(), 20 + entropy.below(SALT, 60))
}

/// Makes an error the answer to a call that asked for events: the type says so, and the body is
/// JSON all the same.
pub(super) fn set_events(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENTS));
}

fn timed(mut headers: HeaderMap, milliseconds: u64) -> HeaderMap {
    if let Ok(value) = HeaderValue::try_from(format!("gfet4t7; dur={milliseconds}")) {
        headers.insert(SERVER_TIMING, value);
    }
    headers
}

const SALT: u64 = 0x6766_6574;
