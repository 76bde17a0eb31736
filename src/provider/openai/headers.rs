//! The headers that OpenAI's answers carry.
//!
//! As recorded in 2026, but for those that would reach beyond the answer: no `set-cookie`, and no
//! `alt-svc`, which asks clients to go on with the real host over HTTP/3.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::provider::headers::{set, template};
use crate::provider::{Alphabet, Entropy};
use crate::util::rng::Rng;

const PROCESSING_MS: HeaderName = HeaderName::from_static("openai-processing-ms");
const REMAINING_TOKENS: HeaderName = HeaderName::from_static("x-ratelimit-remaining-tokens");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the limits say that the headers report: a tier in the middle.
const TOKENS_PER_MINUTE: u64 = 2_000_000;

/// Headers of an answer, by its content type. The values that vary are there with a stand-in.
static ANSWER: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut headers = edge();
    headers.extend(template(&[
        ("access-control-expose-headers", "X-Request-ID"),
        ("openai-organization", "tower-mock-llm"),
        ("openai-processing-ms", "0"),
        ("openai-project", "proj_towerMockLlm00000000000"),
        ("openai-version", "2020-10-01"),
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-limit-tokens", "2000000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-remaining-tokens", "2000000"),
        ("x-ratelimit-reset-requests", "6ms"),
        ("x-ratelimit-reset-tokens", "0s"),
    ]));
    headers
});

static EDGE: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut headers = edge();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    headers
});

fn edge() -> HeaderMap {
    template(&[
        ("cf-cache-status", "DYNAMIC"),
        ("cf-ray", "9c4ecaeb5b9c2b57-LAX"),
        ("content-type", "application/json"),
        ("server", "cloudflare"),
        (
            "strict-transport-security",
            "max-age=31536000; includeSubDomains; preload",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-openai-proxy-wasm", "v0.1"),
        ("x-request-id", ""),
    ])
}

/// The headers of an answer that a model gave.
pub(super) fn answer(
    entropy: Entropy,
    prompt_tokens: u64,
    content_type: &'static str,
) -> HeaderMap {
    let mut headers = ANSWER.clone();
    let mut rng = entropy.rng(SALT);
    let milliseconds = HeaderValue::from(180 + rng.below(900));
    let remaining = TOKENS_PER_MINUTE.saturating_sub(prompt_tokens);
    set(
        &mut headers,
        &header::CONTENT_TYPE,
        HeaderValue::from_static(content_type),
    );
    set(&mut headers, &PROCESSING_MS, milliseconds);
    set(
        &mut headers,
        &REMAINING_TOKENS,
        HeaderValue::from(remaining),
    );
    set(&mut headers, &REQUEST_ID, request_id(&mut rng));
    headers
}

/// The headers of an error that comes from before the models: keys, models, JSON.
pub(super) fn edge_error(entropy: Entropy) -> HeaderMap {
    let mut headers = EDGE.clone();
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    set(&mut headers, &header::CONTENT_TYPE, json);
    set(
        &mut headers,
        &REQUEST_ID,
        request_id(&mut entropy.rng(SALT)),
    );
    headers
}

const SALT: u64 = 0x7265_7100;

fn request_id(rng: &mut Rng) -> HeaderValue {
    let mut id = [0; 36];
    id[..4].copy_from_slice(b"req_");
    let mut at = 4;
    Alphabet::Hex.draw(rng, 32, |letter| {
        id[at] = letter;
        at += 1;
    });
    HeaderValue::from_bytes(&id).expect("letters and digits make a header value")
}
