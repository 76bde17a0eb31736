//! Errors in their envelope, with their head.

use std::time::Duration;

use http::StatusCode;

use super::*;

#[test]
fn errors_are_the_recorded_errors() {
    let refuse = |recording: &Recording, error: &ApiError| {
        let headers = keyed();
        let path = recording.path.as_str();
        let head = Head::new(&Method::POST, None, path, Some(&recording.query), &headers);
        let ours = golden::error(&Gemini, head, None, error);
        assert_eq!(u64::from(ours.status().as_u16()), recording.status);
        assert_headers(ours.headers(), &recording.headers);
        ours.into_body()
    };
    let recording = recording!("err400-key");
    assert_eq!(refuse(&recording, &ApiError::authentication()), recording.body);
    let recording = recording!("err404");
    // As newer recordings have it.
    let theirs = recording.body.replace("ListModels", "ModelService.ListModels");
    assert_eq!(refuse(&recording, &ApiError::model_not_found()), theirs);
    let recording = recording!("err429");
    let wait = Duration::new(48, 939_935_699);
    let theirs = recording.body.replace("<GOOGLE_CLOUD_LOCATION>", "global");
    assert_eq!(refuse(&recording, &ApiError::rate_limit().retry_after(wait)), theirs);
}

#[test]
fn errors_come_as_the_stream_would() {
    let refuse = |query: &str, error: ApiError| {
        let headers = keyed();
        let head = Head::new(&Method::POST, None, STREAM_PATH, Some(query), &headers);
        let (ours, body) = golden::error(&Gemini, head, None, &error).into_parts();
        (ours.status, ours.headers["content-type"].clone(), body)
    };
    let object = "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"The model is \
                  overloaded. Please try again later.\",\n    \"status\": \"UNAVAILABLE\"\n  }\n}";
    let (status, kind, body) = refuse("alt=sse", ApiError::overloaded());
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((kind.to_str().unwrap(), body), ("text/event-stream", format!("{object}\n")));
    let (_, kind, body) = refuse("", ApiError::overloaded());
    assert_eq!(kind, "application/json; charset=UTF-8");
    assert_eq!(body, format!("[{object}\n]"));

    let (status, _, body) =
        refuse("alt=sse", ApiError::quota().retry_after(Duration::from_millis(500)));
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(body.contains("\"retryDelay\": \"0.5s\"") && body.contains("retry in 0.5s."));
    let (status, _, body) = refuse("alt=sse", ApiError::new(ErrorKind::TooLarge).param("10"));
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("exceeds the limit: 10 bytes.\"") && !body.contains("details"));
}

#[test]
fn faults_have_their_details() {
    let body = br#"{"contents":[{"role":["user"],"parts":[{"text":7}]}]}"#;
    let error = ask(PATH, "", body).unwrap_err();
    let headers = keyed();
    let head = Head::new(&Method::POST, None, PATH, None, &headers);
    let body = golden::error(&Gemini, head, None, &error).into_body();
    let value: Value = serde_json::from_str(&body).unwrap();
    let first = "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 7";
    let detail = &value["error"]["details"][0];
    assert_eq!(detail["@type"], "type.googleapis.com/google.rpc.BadRequest");
    let violations = &detail["fieldViolations"];
    assert_eq!(violations[0], json!({"field": "contents[0].parts[0].text", "description": first}));
    assert_eq!(violations[1]["field"], "contents[0]");
    let error = ask(PATH, "", b"[]").unwrap_err();
    let body = golden::error(&Gemini, head, None, &error).into_body();
    let value: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(value["error"]["details"][0]["fieldViolations"][0].get("field"), None);
}
