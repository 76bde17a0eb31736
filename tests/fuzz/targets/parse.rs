//! Any bytes, to any endpoint: an answer or an error, never a panic. The first byte picks the
//! endpoint.

#![no_main]

use std::future::Future;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use libfuzzer_sys::fuzz_target;
use tower::ServiceExt;
use tower_mock_llm::MockLlmLayer;

static LAYER: LazyLock<MockLlmLayer> = LazyLock::new(|| MockLlmLayer::new().journal(0, 0));

const URLS: [&str; 5] = [
    "https://api.openai.com/v1/chat/completions",
    "https://api.anthropic.com/v1/messages",
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:streamGenerateContent",
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse",
];

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let request = Request::post(URLS[usize::from(*first) % URLS.len()])
        .header("authorization", "Bearer fuzz")
        .header("anthropic-version", "2023-06-01")
        .body(Full::new(Bytes::copy_from_slice(body)))
        .unwrap();
    let answer = async {
        let response = LAYER.clone().into_service().oneshot(request).await.unwrap();
        assert!(!response.headers().is_empty());
        response.into_body().collect().await.unwrap();
    };
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(pin!(answer).poll(&mut cx), Poll::Ready(())), "nothing here waits");
});
