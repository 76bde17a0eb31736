//! The headers that OpenAI's answers carry.
//!
//! As recorded in 2026, but for those that would reach beyond the answer: no `set-cookie`, and no
//! `alt-svc`, which asks clients to go on with the real host over HTTP/3.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::provider::headers::{fill, template};
use crate::provider::{Alphabet, Entropy};
use crate::quota::{Level, Levels};
use crate::util::rng::Rng;
use crate::util::time::span;
use crate::wire::Digits;

/// The headers whose values vary, which stand first in the templates.
const VARYING: [HeaderName; 4] = [
    HeaderName::from_static("x-request-id"),
    header::CONTENT_TYPE,
    HeaderName::from_static("openai-processing-ms"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
];

/// What every response has.
const FIXED: [(&str, &str); 6] = [
    ("cf-cache-status", "DYNAMIC"),
    ("cf-ray", "9c4ecaeb5b9c2b57-LAX"),
    ("server", "cloudflare"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-content-type-options", "nosniff"),
    ("x-openai-proxy-wasm", "v0.1"),
];

/// Milliseconds that answers claim to have taken.
const MILLISECONDS: [&str; 8] = ["183", "224", "280", "482", "606", "791", "1181", "2519"];

/// What the limits say that the headers report: a tier in the middle.
const TOKENS_PER_MINUTE: u64 = 2_000_000;

/// Whose key it is.
pub(super) const ORGANIZATION: &str = "tower-mock-llm";

/// Headers of an answer that a model gave.
static ANSWER: LazyLock<HeaderMap> = LazyLock::new(|| {
    let fixed = [
        ("access-control-expose-headers", "X-Request-ID"),
        ("openai-organization", ORGANIZATION),
        ("openai-project", "proj_towerMockLlm00000000000"),
        ("openai-version", "2020-10-01"),
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-limit-tokens", "2000000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-reset-requests", "6ms"),
        ("x-ratelimit-reset-tokens", "0s"),
    ];
    template(&VARYING, &[&FIXED[..], &fixed].concat())
});

/// Headers of the list of models, as recorded in 2025.
static LIST: LazyLock<HeaderMap> = LazyLock::new(|| {
    template(&VARYING[..3], &[&FIXED[..5], &[("openai-version", "2020-10-01")]].concat())
});

/// Headers of an error that comes from before the models.
static EDGE: LazyLock<HeaderMap> =
    LazyLock::new(|| template(&VARYING[..2], &[&FIXED[..], &[("vary", "Origin")]].concat()));

/// The headers of an answer that a model gave.
pub(super) fn answer(
    entropy: Entropy,
    prompt_tokens: u64,
    levels: Option<&Levels>,
    content_type: &'static str,
) -> HeaderMap {
    let mut rng = entropy.rng(SALT);
    let milliseconds = MILLISECONDS[rng.below(MILLISECONDS.len() as u64) as usize];
    let remaining = TOKENS_PER_MINUTE.saturating_sub(prompt_tokens);
    let values = [
        request_id(&mut rng),
        HeaderValue::from_static(content_type),
        HeaderValue::from_static(milliseconds),
        HeaderValue::from_bytes(Digits::of(remaining).as_bytes())
            .expect("digits make a header value"),
    ];
    let mut headers = fill(&ANSWER, values);
    if let Some(levels) = levels {
        set_levels(&mut headers, levels);
    }
    headers
}

/// The headers of the list of models.
pub(super) fn list(entropy: Entropy) -> HeaderMap {
    let mut rng = entropy.rng(SALT);
    let milliseconds = MILLISECONDS[rng.below(MILLISECONDS.len() as u64) as usize];
    let json = HeaderValue::from_static("application/json");
    fill(&LIST, [request_id(&mut rng), json, HeaderValue::from_static(milliseconds)])
}

/// Reports what a quota has left.
pub(super) fn set_levels(headers: &mut HeaderMap, levels: &Levels) {
    for (level, names) in [(&levels.requests, &REQUESTS), (&levels.tokens, &TOKENS)] {
        let Some(Level { limit, remaining, reset }) = *level else { continue };
        let reset = HeaderValue::try_from(span(reset)).expect("a span is digits and letters");
        let values = [limit.into(), remaining.into(), reset];
        for (name, value) in names.iter().zip(values) {
            headers.insert(name, value);
        }
    }
}

const REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];

const TOKENS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];

/// The headers of an error that comes from before the models: keys, models, JSON.
pub(super) fn edge_error(entropy: Entropy) -> HeaderMap {
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    fill(&EDGE, [request_id(&mut entropy.rng(SALT)), json])
}

const SALT: u64 = 0x7265_7100;

fn request_id(rng: &mut Rng) -> HeaderValue {
    let mut id = [0; 36];
    id[..4].copy_from_slice(b"req_");
    Alphabet::Hex.draw(rng, &mut id[4..]);
    HeaderValue::from_bytes(&id).expect("letters and digits make a header value")
}
