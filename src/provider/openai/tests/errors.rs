//! Errors in their envelope, with their head.

use http::{HeaderMap, Method};

use super::*;
use crate::request::Head;

fn head(headers: &HeaderMap) -> Head<'_> {
    Head::new(&Method::POST, Some("api.openai.com"), "/v1/chat/completions", None, headers)
}

#[test]
fn errors_are_as_recorded() {
    let request = asked("non-existent-model");
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer test-key".parse().unwrap());
    let unsupported = ApiError::invalid_request(
        "Unsupported parameter: 'stop' is not supported with this model.",
    )
    .param("stop")
    .code("unsupported_parameter");
    for (recording, error, left_out) in [
        (recording!("err401"), ApiError::authentication(), &[][..]),
        // Not there in 2025.
        (recording!("err404"), ApiError::model_not_found(), &["x-openai-proxy-wasm"]),
        (recording!("err400-param"), unsupported, &[]),
    ] {
        let response = golden::error(&OpenAi, head(&headers), Some(&request), &error);
        recording.check_head(&response, left_out);
        // A key of less than 12 letters was repeated whole when this was recorded.
        let ours = response.body().replace("********", "test-key");
        assert_eq!(ours, recording.body);
    }
}

#[test]
fn a_short_key_is_not_repeated() {
    let words = |key: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {key}").parse().unwrap());
        let error = ApiError::authentication();
        let response = golden::error(&OpenAi, head(&headers), None, &error);
        let body: Value = serde_json::from_slice(response.body().as_bytes()).unwrap();
        let message = body["error"]["message"].as_str().unwrap().to_owned();
        message.split(['.', ' ']).nth(4).unwrap().to_owned()
    };
    // Its first eight letters and its last four were all of it.
    assert_eq!(words("sk-123456789"), "************");
    assert_eq!(words("sk-1234567890abcdefghijk"), "sk-12345************hijk");
}
