//! Each kind of error at each vendor: what its documentation says of it, written by hand.

use http::StatusCode;
use tower_mock_llm::reply::{ErrorKind, Metric, RateLimit, RawResponse};
use tower_mock_llm::{Answer, ApiError, Fault, MockLlmLayer, Rule};

use crate::{APIS, Api, Mock};

fn saying(error: ApiError) -> Mock {
    Mock::new(&MockLlmLayer::new().rule(Rule::always().respond_with(error)))
}

type Row = (ErrorKind, (u16, &'static str, &'static str), (u16, &'static str), (u16, &'static str));

/// OpenAI: status, type, code. <https://platform.openai.com/docs/guides/error-codes> (read
/// 2026-11-21), recordings of 2025 and 2026, and issues; 408, 409, 422 and 499 after the exceptions
/// that the vendor's SDK has for them.
///
/// Anthropic: status, type. <https://platform.claude.com/docs/en/api/errors> (read 2026-11-21):
/// `invalid_request_error` stands for every other 4xx too.
///
/// Gemini: status, code. <https://ai.google.dev/gemini-api/docs/troubleshooting> (read 2026-11-21),
/// <https://cloud.google.com/apis/design/errors#handling_errors> for the rest.
#[rustfmt::skip]
const TABLE: [Row; 25] = [
    (ErrorKind::Authentication, (401, "invalid_request_error", "invalid_api_key"), (401, "authentication_error"), (400, "INVALID_ARGUMENT")),
    (ErrorKind::BadGateway, (502, "cf_bad_gateway", "502"), (502, "api_error"), (502, "UNKNOWN")),
    (ErrorKind::Billing, (429, "billing_not_active", "billing_not_active"), (402, "billing_error"), (403, "PERMISSION_DENIED")),
    (ErrorKind::Cancelled, (499, "invalid_request_error", ""), (499, "invalid_request_error"), (499, "CANCELLED")),
    (ErrorKind::Conflict, (409, "invalid_request_error", ""), (409, "conflict_error"), (409, "ABORTED")),
    (ErrorKind::ContentPolicy, (400, "invalid_request_error", "invalid_prompt"), (400, "invalid_request_error"), (400, "INVALID_ARGUMENT")),
    (ErrorKind::ContextLength, (400, "invalid_request_error", "context_length_exceeded"), (400, "invalid_request_error"), (400, "INVALID_ARGUMENT")),
    (ErrorKind::InvalidParameter, (400, "invalid_request_error", "invalid_value"), (400, "invalid_request_error"), (400, "INVALID_ARGUMENT")),
    (ErrorKind::InvalidRequest, (400, "invalid_request_error", ""), (400, "invalid_request_error"), (400, "INVALID_ARGUMENT")),
    (ErrorKind::Malformed, (400, "invalid_request_error", ""), (400, "invalid_request_error"), (400, "INVALID_ARGUMENT")),
    (ErrorKind::MethodNotAllowed, (405, "invalid_request_error", ""), (405, "invalid_request_error"), (404, "NOT_FOUND")),
    (ErrorKind::MissingKey, (401, "invalid_request_error", ""), (401, "authentication_error"), (403, "PERMISSION_DENIED")),
    (ErrorKind::ModelNotFound, (404, "invalid_request_error", "model_not_found"), (404, "not_found_error"), (404, "NOT_FOUND")),
    (ErrorKind::NotFound, (404, "invalid_request_error", ""), (404, "not_found_error"), (404, "NOT_FOUND")),
    (ErrorKind::Overloaded, (503, "service_unavailable_error", "server_is_overloaded"), (529, "overloaded_error"), (503, "UNAVAILABLE")),
    (ErrorKind::Permission, (403, "invalid_request_error", ""), (403, "permission_error"), (403, "PERMISSION_DENIED")),
    (ErrorKind::Quota, (429, "insufficient_quota", "insufficient_quota"), (400, "invalid_request_error"), (429, "RESOURCE_EXHAUSTED")),
    (ErrorKind::RateLimit, (429, "requests", "rate_limit_exceeded"), (429, "rate_limit_error"), (429, "RESOURCE_EXHAUSTED")),
    (ErrorKind::Region, (403, "request_forbidden", "unsupported_country_region_territory"), (403, "forbidden"), (400, "FAILED_PRECONDITION")),
    (ErrorKind::RequestTimeout, (408, "invalid_request_error", ""), (408, "invalid_request_error"), (408, "UNKNOWN")),
    (ErrorKind::Server, (500, "server_error", ""), (500, "api_error"), (500, "INTERNAL")),
    (ErrorKind::SlowDown, (429, "rate_limit_error", "slow_down"), (429, "rate_limit_error"), (429, "RESOURCE_EXHAUSTED")),
    (ErrorKind::Timeout, (504, "server_error", ""), (504, "timeout_error"), (504, "DEADLINE_EXCEEDED")),
    (ErrorKind::TooLarge, (413, "server_error", ""), (413, "request_too_large"), (400, "INVALID_ARGUMENT")),
    (ErrorKind::Unprocessable, (422, "invalid_request_error", ""), (422, "invalid_request_error"), (422, "UNKNOWN")),
];

#[tokio::test]
async fn every_kind_has_status_type_and_code_at_every_vendor() {
    let kinds: Vec<ErrorKind> = TABLE.iter().map(|row| row.0).collect();
    assert_eq!(kinds, ErrorKind::ALL);
    for (kind, openai, anthropic, gemini) in TABLE {
        let mut mock = saying(ApiError::new(kind));
        let said = mock.ask(Api::OpenAi, "x").await;
        let error = &said.json()["error"];
        let code = match &error["code"] {
            serde_json::Value::String(code) => code.clone(),
            serde_json::Value::Null => String::new(),
            number => number.to_string(),
        };
        let r#type = error["type"].as_str().unwrap();
        assert_eq!((said.status.as_u16(), r#type, code.as_str()), openai, "{kind:?}");

        let said = mock.ask(Api::Anthropic, "x").await;
        let r#type = said.json()["error"]["type"].as_str().unwrap().to_owned();
        assert_eq!((said.status.as_u16(), r#type.as_str()), anthropic, "{kind:?}");
        // The SDK asks this header first; the documentation calls these transient.
        let retry = if matches!(anthropic.0, 408 | 409 | 429 | 500..) { "true" } else { "false" };
        assert_eq!(said.header("x-should-retry"), retry, "{kind:?}");

        let said = mock.ask(Api::Gemini, "x").await;
        let error = &said.json()["error"];
        assert_eq!(error["code"], said.status.as_u16(), "{kind:?}");
        assert_eq!((said.status.as_u16(), error["status"].as_str().unwrap()), gemini, "{kind:?}");
    }
}

/// As `openai/openai-python` and `home-assistant/core#120072` quote them: compact, in this order.
#[tokio::test]
async fn the_proxy_before_openai_has_an_envelope_of_its_own() {
    let said = saying(ApiError::bad_gateway()).ask(Api::OpenAi, "x").await;
    assert_eq!(
        said.body,
        r#"{"error":{"code":502,"message":"Bad gateway.","param":null,"type":"cf_bad_gateway"}}"#
    );
    let said = saying(ApiError::region()).ask(Api::OpenAi, "x").await;
    assert_eq!(
        said.body,
        r#"{"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported","param":null,"type":"request_forbidden"}}"#
    );
}

/// OpenAI's as `openai/codex#88` quotes it, Anthropic's as `anthropics/claude-code#55132` does.
#[tokio::test]
async fn a_limit_is_told_with_its_figures() {
    let limit = RateLimit::new(Metric::TokensPerMinute, 30_000).used(29_937).requested(385);
    let wait = std::time::Duration::from_millis(644);
    let mut mock = saying(ApiError::rate_limit().of(limit).retry_after(wait));
    let said = mock.ask(Api::OpenAi, "x").await;
    let error = &said.json()["error"];
    assert_eq!(
        error["message"],
        "Rate limit reached for gpt-4o in organization tower-mock-llm on tokens per min (TPM): \
         Limit 30000, Used 29937, Requested 385. Please try again in 644ms. Visit \
         https://platform.openai.com/account/rate-limits to learn more."
    );
    assert_eq!(error["type"], "tokens");
    for (name, value) in [
        ("retry-after", "1"),
        ("retry-after-ms", "644"),
        ("x-ratelimit-limit-tokens", "30000"),
        ("x-ratelimit-remaining-tokens", "63"),
        ("x-ratelimit-reset-tokens", "644ms"),
    ] {
        assert_eq!(said.header(name), value, "{name}");
    }
    let said = mock.ask(Api::Anthropic, "x").await;
    let message = said.json()["error"]["message"].as_str().unwrap().to_owned();
    let start = "This request would exceed your organization's rate limit of 30,000 input tokens \
                 per minute (org: ";
    assert!(message.starts_with(start), "{message}");
    for (name, value) in [
        ("retry-after", "1"),
        ("anthropic-ratelimit-input-tokens-limit", "30000"),
        ("anthropic-ratelimit-input-tokens-remaining", "0"),
        ("anthropic-ratelimit-requests-limit", "10000"),
    ] {
        assert_eq!(said.header(name), value, "{name}");
    }
    assert!(said.header("anthropic-ratelimit-input-tokens-reset").ends_with('Z'));
    let said = mock.ask(Api::Gemini, "x").await;
    let details = &said.json()["error"]["details"];
    assert_eq!(details[1]["violations"][0]["quotaValue"], "30000");
    assert_eq!(details[2]["retryDelay"], "0.644s");
}

/// `TheR1D/shell_gpt#653` quotes it.
#[tokio::test]
async fn what_never_fits_is_told_so() {
    let limit = RateLimit::new(Metric::TokensPerMinute, 30_000).used(0).requested(31_538);
    let said = saying(ApiError::rate_limit().of(limit)).ask(Api::OpenAi, "x").await;
    let message = said.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("Request too large for gpt-4o in organization "), "{message}");
    assert!(message.contains("Limit 30000, Requested 31538. The input or output"), "{message}");
    assert_eq!(said.header("retry-after"), "");
}

#[tokio::test]
async fn sub_kinds_of_a_400_have_their_parameter_and_words() {
    let said = saying(ApiError::context_length()).ask(Api::OpenAi, "x").await;
    assert_eq!(said.json()["error"]["param"], "messages");
    let said = saying(ApiError::context_length()).ask(Api::Anthropic, "x").await;
    let message = said.json()["error"]["message"].as_str().unwrap().to_owned();
    let (tokens, most) = message
        .strip_prefix("prompt is too long: ")
        .and_then(|rest| rest.strip_suffix(" maximum")?.split_once(" tokens > "))
        .unwrap();
    assert!(tokens.parse::<u64>().unwrap() > most.parse().unwrap(), "{message}");
    let wrong = ApiError::invalid_parameter("temperature", "Too hot.");
    let said = saying(wrong.clone()).ask(Api::OpenAi, "x").await;
    let error = &said.json()["error"];
    assert_eq!((&error["param"], &error["code"]), (&"temperature".into(), &"invalid_value".into()));
    let said = saying(wrong).ask(Api::Gemini, "x").await;
    let violation = &said.json()["error"]["details"][0]["fieldViolations"][0];
    assert_eq!(violation["field"], "temperature");
}

#[tokio::test]
async fn errors_are_the_same_each_time() {
    for kind in ErrorKind::ALL {
        let mut mock = saying(ApiError::new(kind));
        for api in APIS {
            let first = mock.ask(api, "x").await;
            let second = mock.ask(api, "x").await;
            assert_eq!((first.body, first.headers), (second.body, second.headers), "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_response_by_hand_is_said_as_it_stands() {
    let teapot = http::Response::builder().status(418).header("x-mine", "yes").body("short");
    let script: [Answer; 4] = [
        RawResponse::nginx(StatusCode::BAD_GATEWAY).into(),
        RawResponse::empty(StatusCode::SERVICE_UNAVAILABLE).into(),
        Answer::raw(teapot.unwrap()),
        RawResponse::cloudflare(StatusCode::GATEWAY_TIMEOUT).into(),
    ];
    for (answer, expected) in script.into_iter().zip([
        (502, "text/html", "<html>\r\n<head><title>502 Bad Gateway"),
        (503, "", ""),
        (418, "", "short"),
        (504, "text/html", "<html>\r\n<head><title>504 Gateway Time-out"),
    ]) {
        let mut mock = Mock::new(&MockLlmLayer::new().rule(Rule::always().respond_with(answer)));
        for api in APIS {
            let said = mock.ask(api, "x").await;
            let got = (said.status.as_u16(), said.header("content-type"));
            assert_eq!(got, (expected.0, expected.1), "{api:?}");
            assert!(said.body.starts_with(expected.2), "{}", said.body);
            assert_eq!(said.body.is_empty(), expected.2.is_empty());
            assert_eq!(said.header("x-mine") == "yes", expected.0 == 418);
        }
    }
}

#[tokio::test]
async fn a_response_by_hand_may_break_off() {
    let page = Answer::raw(http::Response::new("half")).fault(Fault::abort_after(0));
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with(page));
    let response =
        Mock::new(&layer).open(Api::OpenAi, false, "k", Api::OpenAi.body("x", false)).await;
    assert_eq!(response.status(), 200);
    http_body_util::BodyExt::collect(response.into_body()).await.unwrap_err();
}
