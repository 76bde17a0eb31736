//! Quotas, on a clock that stands still until somebody waits.

use std::time::{Duration, SystemTime};

use http_body_util::BodyExt;
use tokio::time::{Instant, advance, sleep};
use tower_mock_llm::quota::Budget;
use tower_mock_llm::{MockLlmLayer, Quota, Reply, Rule, Usage};

use crate::{APIS, Api, Heard, Mock};

/// Each answer costs 10 tokens beside the prompt.
fn layer(quota: Quota) -> MockLlmLayer {
    let reply = Reply::text("ok").usage(Usage::new(10, 10));
    MockLlmLayer::new().quota(quota).rule(Rule::always().respond_with(reply))
}

fn openai_wait(said: &Heard) -> Duration {
    Duration::from_millis(said.header("retry-after-ms").parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn requests_refill_without_a_break_and_the_headers_count_down() {
    let mut mock = Mock::new(&layer(Quota::new().requests_per_minute(60)));
    for left in (0..60).rev() {
        let said = mock.ask(Api::OpenAi, "x").await;
        assert_eq!(said.status, 200);
        assert_eq!(said.header("x-ratelimit-limit-requests"), "60");
        assert_eq!(said.header("x-ratelimit-remaining-requests"), left.to_string());
    }
    let said = mock.ask(Api::OpenAi, "x").await;
    assert_eq!(said.status, 429);
    assert_eq!(said.header("x-ratelimit-reset-requests"), "1m0s");
    assert_eq!((said.header("retry-after"), openai_wait(&said).as_millis()), ("1", 1000));
    assert_eq!(said.json()["error"]["type"], "requests");
    // A refusal costs nothing, and a bit too early is too early.
    advance(Duration::from_millis(999)).await;
    assert_eq!(mock.ask(Api::OpenAi, "x").await.status, 429);
    advance(Duration::from_millis(1)).await;
    assert_eq!(mock.ask(Api::OpenAi, "x").await.status, 200);
    assert_eq!(mock.ask(Api::OpenAi, "x").await.status, 429);
    advance(Duration::from_secs(3600)).await;
    let said = mock.ask(Api::OpenAi, "x").await;
    assert_eq!(said.header("x-ratelimit-remaining-requests"), "59");
}

#[tokio::test(start_paused = true)]
async fn who_waits_as_long_as_told_gets_through() {
    let start = Instant::now();
    for api in APIS {
        let mut mock = Mock::new(&layer(Quota::new().tokens_per_minute(100)));
        let mut refused = 0;
        for _ in 0..10 {
            let said = mock.ask(api, "x").await;
            if said.status == 200 {
                continue;
            }
            refused += 1;
            assert_eq!(said.status, 429, "{api:?}");
            let wait = match api {
                Api::OpenAi => openai_wait(&said),
                Api::Anthropic => Duration::from_secs(said.header("retry-after").parse().unwrap()),
                Api::Gemini => {
                    let message = said.json()["error"]["message"].as_str().unwrap().to_owned();
                    let seconds = message.split("Please retry in ").nth(1).unwrap();
                    let seconds = seconds.strip_suffix("s.").unwrap();
                    Duration::from_secs_f64(seconds.parse().unwrap())
                }
            };
            assert!(!wait.is_zero());
            sleep(wait).await;
            assert_eq!(mock.ask(api, "x").await.status, 200, "{api:?} after {wait:?}");
        }
        assert!(refused > 0, "{api:?}");
    }
    assert!(start.elapsed() > Duration::from_secs(60));
}

/// <https://platform.claude.com/docs/en/api/rate-limits#response-headers> (read 2026-11-21): times in
/// RFC 3339, tokens to the nearest thousand.
#[tokio::test(start_paused = true)]
async fn anthropics_headers_name_the_time_of_the_reset() {
    // 2026-03-01T00:00:00Z
    let march = SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_323_200);
    let quota = Quota::new().requests_per_minute(2).tokens_per_minute(60_000).starting_at(march);
    let mut mock = Mock::new(&layer(quota));
    let said = mock.ask(Api::Anthropic, "x").await;
    for (name, value) in [
        ("requests-limit", "2"),
        ("requests-remaining", "1"),
        ("requests-reset", "2026-03-01T00:00:30Z"),
        ("tokens-limit", "60000"),
        ("tokens-remaining", "60000"),
        ("input-tokens-limit", "60000"),
    ] {
        assert_eq!(said.header(&format!("anthropic-ratelimit-{name}")), value, "{name}");
    }
    advance(Duration::from_secs(10)).await;
    mock.ask(Api::Anthropic, "x").await;
    let said = mock.ask(Api::Anthropic, "x").await;
    assert_eq!(said.status, 429);
    assert_eq!(said.header("retry-after"), "20");
    assert_eq!(said.header("anthropic-ratelimit-requests-remaining"), "0");
    assert_eq!(said.header("anthropic-ratelimit-requests-reset"), "2026-03-01T00:01:00Z");
}

#[tokio::test(start_paused = true)]
async fn a_day_is_longer_than_a_minute() {
    let quota = Quota::new().requests_per_minute(10).requests_per_day(2);
    let mut mock = Mock::new(&layer(quota));
    for _ in 0..2 {
        assert_eq!(mock.ask(Api::OpenAi, "x").await.status, 200);
    }
    let said = mock.ask(Api::OpenAi, "x").await;
    let message = said.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("on requests per day (RPD): Limit 2, Used 2, Requested 1."),
        "{message}"
    );
    assert!(message.contains("Please try again in 12h0m0s."), "{message}");
    advance(Duration::from_secs(12 * 3600)).await;
    assert_eq!(mock.ask(Api::OpenAi, "x").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_over_the_limit_never_fits() {
    let mut mock = Mock::new(&layer(Quota::new().tokens_per_minute(50)));
    let said = mock.ask(Api::OpenAi, &"word ".repeat(200)).await;
    assert_eq!((said.status.as_u16(), said.header("retry-after")), (429, ""));
    assert!(said.body.contains("Request too large for gpt-4o"), "{}", said.body);
}

#[tokio::test]
async fn each_key_and_each_model_by_itself() {
    let quota = || Quota::new().requests_per_minute(1);
    for (quota, key, model, second) in [
        (quota(), "b", "gpt-4o-mini", 429),
        (quota().per_key(), "b", "gpt-4o", 200),
        (quota().per_key(), "a", "gpt-4o-mini", 429),
        (quota().per_model(), "a", "gpt-4o-mini", 200),
        (quota().per_model(), "b", "gpt-4o", 429),
    ] {
        let mut mock = Mock::new(&layer(quota));
        let mut body = Api::OpenAi.body("x", false);
        assert_eq!(mock.send(Api::OpenAi, false, "a", body.clone()).await.status, 200);
        // Vendors do not share.
        assert_eq!(
            mock.send(Api::Anthropic, false, "a", Api::Anthropic.body("x", false)).await.status,
            200
        );
        body["model"] = model.into();
        assert_eq!(mock.send(Api::OpenAi, false, key, body).await.status, second, "{key} {model}");
    }
}

#[tokio::test]
async fn so_many_at_the_same_time() {
    let mut mock = Mock::new(&layer(Quota::new().concurrent(2)));
    let mut open = Vec::new();
    for _ in 0..2 {
        open.push(mock.open(Api::Anthropic, true, "k", Api::Anthropic.body("x", true)).await);
    }
    let said = mock.ask(Api::Anthropic, "x").await;
    assert_eq!(said.status, 429);
    assert!(said.body.contains("Number of concurrent connections has exceeded"), "{}", said.body);
    // One is read to its end and kept, the other dropped.
    let mut first = open.remove(0).into_body();
    while let Some(frame) = first.frame().await {
        frame.unwrap();
    }
    assert_eq!(mock.ask(Api::Anthropic, "x").await.status, 200);
    drop(open);
    let body = Api::Anthropic.body("x", true);
    let _kept = mock.open(Api::Anthropic, true, "k", body.clone()).await;
    let _kept_too = mock.open(Api::Anthropic, true, "k", body).await;
    assert_eq!(mock.ask(Api::Anthropic, "x").await.status, 429);
    drop(first);
}

#[tokio::test]
async fn a_whole_answer_keeps_its_length_under_a_quota() {
    let mut mock = Mock::new(&layer(Quota::new().concurrent(2)));
    let response = mock.open(Api::OpenAi, false, "k", Api::OpenAi.body("x", false)).await;
    let length = http_body::Body::size_hint(response.body()).exact().unwrap();
    assert_eq!(length, response.into_body().collect().await.unwrap().to_bytes().len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_spent_once() {
    // 12 tokens of prompt or so, and 10 of answer, at a dollar for a million.
    for budget in [Budget::tokens(50), Budget::dollars(0.00005, 1.0, 1.0)] {
        let layer = layer(Quota::new().budget(budget));
        let mut mock = Mock::new(&layer);
        let mut paid = 0;
        while mock.ask(Api::OpenAi, "x").await.status == 200 {
            paid += 1;
            assert!(paid < 10);
        }
        assert!(paid > 1);
        advance(Duration::from_secs(7 * 86_400)).await;
        let said = mock.ask(Api::OpenAi, "x").await;
        assert_eq!(said.json()["error"]["code"], "insufficient_quota");
        assert_eq!(said.header("retry-after"), "");
        layer.handle().reset();
        assert_eq!(mock.ask(Api::OpenAi, "x").await.status, 200);
    }
}

#[tokio::test]
async fn rules_are_not_used_up_by_what_is_refused() {
    let layer = MockLlmLayer::new()
        .quota(Quota::new().requests_per_day(1))
        .rule(Rule::always().respond_with("once").times(1).expect(1));
    let mut mock = Mock::new(&layer);
    assert_eq!(mock.ask(Api::OpenAi, "x").await.status, 200);
    assert_eq!(mock.ask(Api::OpenAi, "x").await.status, 429);
    layer.handle().verify();
}

#[tokio::test]
async fn without_a_quota_the_headers_stay_as_they_are() {
    let mut mock = Mock::new(&MockLlmLayer::new());
    for _ in 0..3 {
        let said = mock.ask(Api::OpenAi, "x").await;
        assert_eq!(said.header("x-ratelimit-remaining-requests"), "9999");
    }
}
