//! The headers that Anthropic's answers carry.
//!
//! As recorded in August 2026, but for those that would reach beyond the answer: no `set-cookie`,
//! and no `alt-svc`, which asks clients to go on with the real host over HTTP/3.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::provider::headers::{fill, template};
use crate::provider::{Alphabet, Context, Entropy};
use crate::quota::{Level, Levels};
use crate::util::time::rfc3339;

/// The headers whose values vary, which stand first in the templates: of an error only the first
/// two.
const VARYING: [HeaderName; 8] = [
    HeaderName::from_static("request-id"),
    HeaderName::from_static("traceresponse"),
    HeaderName::from_static("anthropic-ratelimit-input-tokens-reset"),
    HeaderName::from_static("anthropic-ratelimit-output-tokens-reset"),
    HeaderName::from_static("anthropic-ratelimit-requests-reset"),
    HeaderName::from_static("anthropic-ratelimit-tokens-reset"),
    HeaderName::from_static("anthropic-ratelimit-input-tokens-remaining"),
    HeaderName::from_static("anthropic-ratelimit-tokens-remaining"),
];

/// What the limits say that the headers report: a tier in the middle.
pub(super) const INPUT_PER_MINUTE: u64 = 10_000_000;
const TOKENS_PER_MINUTE: u64 = 12_000_000;

/// Whose key it is.
pub(super) const ORGANIZATION: &str = "746f7765-722d-4d6f-836b-2d6c6c6d0000";

/// On every answer.
const EDGE: [(&str, &str); 7] = [
    ("cf-cache-status", "DYNAMIC"),
    ("cf-ray", "a2db0f2d8c1b57e9-LAX"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("server", "cloudflare"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("vary", "Accept-Encoding"),
    ("x-robots-tag", "none"),
];

const JSON: (&str, &str) = ("content-type", "application/json");

/// Once the key is known.
const ACCOUNT: [(&str, &str); 2] = [
    ("anthropic-organization-id", ORGANIZATION),
    ("anthropic-workspace-id", "wrkspc_01TowerMockLLm1111111111"),
];

const LIMITS: [(&str, &str); 6] = [
    ("anthropic-ratelimit-input-tokens-limit", "10000000"),
    ("anthropic-ratelimit-output-tokens-limit", "2000000"),
    ("anthropic-ratelimit-output-tokens-remaining", "2000000"),
    ("anthropic-ratelimit-requests-limit", "10000"),
    ("anthropic-ratelimit-requests-remaining", "9999"),
    ("anthropic-ratelimit-tokens-limit", "12000000"),
];

static ANSWER: LazyLock<HeaderMap> =
    LazyLock::new(|| template(&VARYING, &[&EDGE[..], &ACCOUNT, &LIMITS, &[JSON]].concat()));

static STREAM: LazyLock<HeaderMap> = LazyLock::new(|| {
    let events =
        [("cache-control", "no-cache"), ("content-type", "text/event-stream; charset=utf-8")];
    template(&VARYING, &[&EDGE[..], &ACCOUNT, &LIMITS, &events].concat())
});

static ERROR: LazyLock<HeaderMap> =
    LazyLock::new(|| template(&VARYING[..2], &[&EDGE[..], &ACCOUNT, &[JSON]].concat()));

static LIST: LazyLock<HeaderMap> =
    LazyLock::new(|| template(&VARYING[..1], &[&EDGE[..], &ACCOUNT, &[JSON]].concat()));

/// Before the key is known, nobody is named.
static STRANGER: LazyLock<HeaderMap> =
    LazyLock::new(|| template(&VARYING[..1], &[&EDGE[..], &[JSON]].concat()));

/// The headers of a whole answer.
pub(super) fn answer(cx: &Context<'_>) -> HeaderMap {
    filled(&ANSWER, cx)
}

/// The headers of a stream.
pub(super) fn stream(cx: &Context<'_>) -> HeaderMap {
    filled(&STREAM, cx)
}

/// The headers of an error.
pub(super) fn error(
    entropy: Entropy,
    request_id: &str,
    is_known: bool,
    is_transient: bool,
) -> HeaderMap {
    let id = value(request_id.as_bytes());
    let mut headers =
        if is_known { fill(&ERROR, [id, trace(entropy)]) } else { fill(&STRANGER, [id]) };
    let retry = if is_transient { "true" } else { "false" };
    headers.insert("x-should-retry", HeaderValue::from_static(retry));
    headers
}

/// The headers of a count, which no limit stands in.
pub(super) fn count(entropy: Entropy) -> HeaderMap {
    fill(&ERROR, [value(request_id(entropy).as_bytes()), trace(entropy)])
}

/// The headers of the list of models, in which nothing is traced.
pub(super) fn list(entropy: Entropy) -> HeaderMap {
    fill(&LIST, [value(request_id(entropy).as_bytes())])
}

/// The id of the request, in the headers and in errors.
pub(super) fn request_id(entropy: Entropy) -> String {
    entropy.id(SALT_REQUEST, "req_011C", Alphabet::Base58, 20)
}

fn filled(template: &HeaderMap, cx: &Context<'_>) -> HeaderMap {
    let reset = value(&rfc3339(cx.created));
    let remaining = |limit: u64| HeaderValue::from(thousands(limit.saturating_sub(cx.usage.input)));
    let values = [
        value(request_id(cx.entropy).as_bytes()),
        trace(cx.entropy),
        reset.clone(),
        reset.clone(),
        reset.clone(),
        reset,
        remaining(INPUT_PER_MINUTE),
        remaining(TOKENS_PER_MINUTE),
    ];
    let mut headers = fill(template, values);
    if let Some(levels) = cx.levels {
        set_levels(&mut headers, levels);
    }
    headers
}

/// Reports the limits of other answers in an error, untouched.
pub(super) fn set_limits(headers: &mut HeaderMap, now: u64) {
    let reset = value(&rfc3339(now));
    for name in &VARYING[2..6] {
        headers.insert(name, reset.clone());
    }
    for (name, limit) in LIMITS {
        headers.insert(name, HeaderValue::from_static(limit));
    }
    headers.insert(&VARYING[6], HeaderValue::from(INPUT_PER_MINUTE));
    headers.insert(&VARYING[7], HeaderValue::from(TOKENS_PER_MINUTE));
}

/// Reports what a quota has left: of tokens to the nearest thousand, as the vendor does.
///
/// <https://platform.claude.com/docs/en/api/rate-limits#response-headers> (read 2026-11-21).
pub(super) fn set_levels(headers: &mut HeaderMap, levels: &Levels) {
    let mut set = |names: &[HeaderName; 3], level: &Level, remaining: u64| {
        let seconds = level.reset.as_nanos().div_ceil(1_000_000_000);
        let reset = levels.now.saturating_add(u64::try_from(seconds).unwrap_or(u64::MAX));
        headers.insert(&names[0], HeaderValue::from(level.limit));
        headers.insert(&names[1], HeaderValue::from(remaining));
        headers.insert(&names[2], value(&rfc3339(reset.min(END_OF_TIME))));
    };
    if let Some(level) = &levels.requests {
        set(&REQUESTS, level, level.remaining);
    }
    if let Some(level) = &levels.tokens {
        // The mock has one limit of tokens; the vendor's of input is the one that is met first.
        let remaining = thousands(level.remaining);
        set(&TOKENS, level, remaining);
        set(&INPUT_TOKENS, level, remaining);
    }
}

const REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("anthropic-ratelimit-requests-limit"),
    HeaderName::from_static("anthropic-ratelimit-requests-remaining"),
    HeaderName::from_static("anthropic-ratelimit-requests-reset"),
];

const TOKENS: [HeaderName; 3] = [
    HeaderName::from_static("anthropic-ratelimit-tokens-limit"),
    HeaderName::from_static("anthropic-ratelimit-tokens-remaining"),
    HeaderName::from_static("anthropic-ratelimit-tokens-reset"),
];

const INPUT_TOKENS: [HeaderName; 3] = [
    HeaderName::from_static("anthropic-ratelimit-input-tokens-limit"),
    HeaderName::from_static("anthropic-ratelimit-input-tokens-remaining"),
    HeaderName::from_static("anthropic-ratelimit-input-tokens-reset"),
];

/// The last second that [`rfc3339`] can write.
const END_OF_TIME: u64 = 253_402_300_799;

fn thousands(tokens: u64) -> u64 {
    tokens.saturating_add(500) / 1000 * 1000
}

fn trace(entropy: Entropy) -> HeaderValue {
    let mut trace = *b"00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-01";
    let mut rng = entropy.rng(SALT_TRACE);
    Alphabet::Hex.draw(&mut rng, &mut trace[3..35]);
    Alphabet::Hex.draw(&mut rng, &mut trace[36..52]);
    value(&trace)
}

fn value(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).expect("letters, digits and dashes make a header value")
}

const SALT_REQUEST: u64 = 0x7265_7100;
const SALT_TRACE: u64 = 0x7472_6300;
