//! Errors in their envelope, with their head.

use std::time::Duration;

use super::*;

#[test]
fn errors_are_the_recorded_bytes() {
    let prefill = "This model does not support assistant message prefill. The conversation must \
                   end with a user message.";
    let context = "prompt is too long: 3333404 tokens > 200000 maximum";
    for (recording, error, newer) in [
        (recording!("err400"), ApiError::invalid_request(prefill), &["anthropic-workspace-id"][..]),
        (recording!("err400-context"), ApiError::invalid_request(context), &[]),
        (recording!("err401"), ApiError::authentication(), &[]),
        (
            recording!("err404"),
            ApiError::model_not_found(),
            &["anthropic-workspace-id", "traceresponse", "vary"],
        ),
    ] {
        let request = request(&recording.model);
        let response = golden::error(&Anthropic, request.head.as_head(), Some(&request), &error);
        assert_eq!(response.status(), recording.status);
        check_head(response.headers(), &recording, newer);
        let id = response.headers()["request-id"].to_str().unwrap();
        assert!(response.body().contains(id));
        assert_eq!(anonymous(response.body()), anonymous(&recording.body));
    }
}

#[test]
fn errors_that_no_recording_shows() {
    let request = request("claude-sonnet-5");
    let say = |error: ApiError| {
        let response = golden::error(&Anthropic, request.head.as_head(), Some(&request), &error);
        let retry = response.headers()["x-should-retry"].to_str().unwrap().to_owned();
        let value: Value = serde_json::from_str(response.body()).unwrap();
        let r#type = value["error"]["type"].as_str().unwrap().to_owned();
        let (head, body) = response.into_parts();
        (head.status.as_u16(), r#type, retry, body, head)
    };
    for (kind, status, r#type, retry) in [
        (ErrorKind::Malformed, 400, "invalid_request_error", "false"),
        (ErrorKind::MethodNotAllowed, 405, "invalid_request_error", "false"),
        (ErrorKind::MissingKey, 401, "authentication_error", "false"),
        (ErrorKind::NotFound, 404, "not_found_error", "false"),
        (ErrorKind::Overloaded, 529, "overloaded_error", "true"),
        (ErrorKind::Permission, 403, "permission_error", "false"),
        (ErrorKind::Quota, 400, "invalid_request_error", "false"),
        (ErrorKind::RateLimit, 429, "rate_limit_error", "true"),
        (ErrorKind::Server, 500, "api_error", "true"),
        (ErrorKind::Timeout, 504, "timeout_error", "true"),
        (ErrorKind::TooLarge, 413, "request_too_large", "false"),
    ] {
        let said = say(ApiError::new(kind));
        assert_eq!((said.0, said.1.as_str(), said.2.as_str()), (status, r#type, retry), "{kind:?}");
    }
    assert_eq!(
        say(ApiError::new(ErrorKind::TooLarge)).3,
        r#"{"error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#
    );
    assert_eq!(
        say(ApiError::new(ErrorKind::MethodNotAllowed)).3,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"Method Not Allowed"}}"#
    );
    assert!(
        say(ApiError::new(ErrorKind::NotFound).message("Mount a rule."))
            .3
            .contains(r#""message":"Not Found. Mount a rule.""#)
    );
    let waits = say(ApiError::rate_limit().retry_after(Duration::from_millis(1500)));
    assert_eq!(waits.4.headers["retry-after"], "2");
}
