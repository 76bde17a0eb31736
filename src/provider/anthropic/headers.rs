//! The headers that Anthropic's answers carry.
//!
//! As recorded in August 2026, but for those that would reach beyond the answer: no `set-cookie`,
//! and no `alt-svc`, which asks clients to go on with the real host over HTTP/3.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::provider::headers::{set, template};
use crate::provider::{Alphabet, Context, Entropy};
use crate::util::time::rfc3339;

const REMAINING_INPUT: HeaderName =
    HeaderName::from_static("anthropic-ratelimit-input-tokens-remaining");
const REMAINING_TOKENS: HeaderName =
    HeaderName::from_static("anthropic-ratelimit-tokens-remaining");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
const TRACE: HeaderName = HeaderName::from_static("traceresponse");

const RESETS: [HeaderName; 4] = [
    HeaderName::from_static("anthropic-ratelimit-input-tokens-reset"),
    HeaderName::from_static("anthropic-ratelimit-output-tokens-reset"),
    HeaderName::from_static("anthropic-ratelimit-requests-reset"),
    HeaderName::from_static("anthropic-ratelimit-tokens-reset"),
];

/// What the limits say that the headers report: a tier in the middle.
const INPUT_PER_MINUTE: u64 = 10_000_000;
const TOKENS_PER_MINUTE: u64 = 12_000_000;

/// Whose key it is.
pub(super) const ORGANIZATION: &str = "746f7765-722d-4d6f-836b-2d6c6c6d0000";

/// On every answer. The values that vary are there with a stand-in.
const EDGE: [(&str, &str); 9] = [
    ("cf-cache-status", "DYNAMIC"),
    ("cf-ray", "a2db0f2d8c1b57e9-LAX"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("content-type", "application/json"),
    ("request-id", ""),
    ("server", "cloudflare"),
    (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains; preload",
    ),
    ("vary", "Accept-Encoding"),
    ("x-robots-tag", "none"),
];

/// Once the key is known.
const ACCOUNT: [(&str, &str); 3] = [
    ("anthropic-organization-id", ORGANIZATION),
    ("anthropic-workspace-id", "wrkspc_01TowerMockLLm1111111111"),
    ("traceresponse", ""),
];

const LIMITS: [(&str, &str); 12] = [
    ("anthropic-ratelimit-input-tokens-limit", "10000000"),
    ("anthropic-ratelimit-input-tokens-remaining", "10000000"),
    ("anthropic-ratelimit-input-tokens-reset", ""),
    ("anthropic-ratelimit-output-tokens-limit", "2000000"),
    ("anthropic-ratelimit-output-tokens-remaining", "2000000"),
    ("anthropic-ratelimit-output-tokens-reset", ""),
    ("anthropic-ratelimit-requests-limit", "10000"),
    ("anthropic-ratelimit-requests-remaining", "9999"),
    ("anthropic-ratelimit-requests-reset", ""),
    ("anthropic-ratelimit-tokens-limit", "12000000"),
    ("anthropic-ratelimit-tokens-remaining", "12000000"),
    ("anthropic-ratelimit-tokens-reset", ""),
];

static ANSWER: LazyLock<HeaderMap> =
    LazyLock::new(|| template(&[&EDGE[..], &ACCOUNT, &LIMITS].concat()));

static STREAM: LazyLock<HeaderMap> = LazyLock::new(|| {
    let fields = [
        ("cache-control", "no-cache"),
        ("content-type", "text/event-stream; charset=utf-8"),
    ];
    let mut headers = ANSWER.clone();
    headers.extend(template(&fields));
    headers
});

static ERROR: LazyLock<HeaderMap> = LazyLock::new(|| {
    let retry = [("x-should-retry", "false")];
    template(&[&EDGE[..], &ACCOUNT, &retry].concat())
});

/// Before the key is known, nobody is named.
static STRANGER: LazyLock<HeaderMap> = LazyLock::new(|| {
    let retry = [("x-should-retry", "false")];
    template(&[&EDGE[..], &retry].concat())
});

/// The headers of a whole answer.
pub(super) fn answer(cx: &Context<'_>) -> HeaderMap {
    filled(ANSWER.clone(), cx)
}

/// The headers of a stream.
pub(super) fn stream(cx: &Context<'_>) -> HeaderMap {
    filled(STREAM.clone(), cx)
}

/// The headers of an error.
pub(super) fn error(
    entropy: Entropy,
    request_id: &str,
    is_known: bool,
    is_transient: bool,
) -> HeaderMap {
    let known: &HeaderMap = if is_known { &ERROR } else { &STRANGER };
    let mut headers = known.clone();
    identify(&mut headers, entropy, request_id);
    if is_transient {
        set(
            &mut headers,
            &SHOULD_RETRY,
            HeaderValue::from_static("true"),
        );
    }
    headers
}

/// The id of the request, in the headers and in errors.
pub(super) fn request_id(entropy: Entropy) -> String {
    entropy.id(SALT_REQUEST, "req_011C", Alphabet::Base58, 20)
}

fn filled(mut headers: HeaderMap, cx: &Context<'_>) -> HeaderMap {
    identify(&mut headers, cx.entropy, &request_id(cx.entropy));
    let reset = value(&rfc3339(cx.created));
    for name in &RESETS {
        set(&mut headers, name, reset.clone());
    }
    for (name, limit) in [
        (&REMAINING_INPUT, INPUT_PER_MINUTE),
        (&REMAINING_TOKENS, TOKENS_PER_MINUTE),
    ] {
        let remaining = limit.saturating_sub(cx.usage.input);
        // Reported in thousands.
        let rounded = remaining.saturating_add(500) / 1000 * 1000;
        set(&mut headers, name, HeaderValue::from(rounded));
    }
    headers
}

fn identify(headers: &mut HeaderMap, entropy: Entropy, request_id: &str) {
    set(headers, &REQUEST_ID, value(request_id.as_bytes()));
    let mut trace = *b"00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-01";
    let mut at = trace.iter_mut().filter(|letter| **letter == b'x');
    Alphabet::Hex.draw(&mut entropy.rng(SALT_TRACE), 48, |drawn| {
        if let Some(letter) = at.next() {
            *letter = drawn;
        }
    });
    set(headers, &TRACE, value(&trace));
}

fn value(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).expect("letters, digits and dashes make a header value")
}

const SALT_REQUEST: u64 = 0x7265_7100;
const SALT_TRACE: u64 = 0x7472_6300;
