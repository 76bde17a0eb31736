//! `/health`, `/metrics` and `/__mock/summary`. `tests/python` reads the metrics with Prometheus' own
//! parser.

use std::collections::HashMap;

use tower_mock_llm::{ApiError, Rule, last_user};

use super::Admin;
use super::common::{body, says, streamed, unary};

/// All samples, by name and labels. Each must be there once.
fn samples(text: &str) -> HashMap<String, f64> {
    let mut samples = HashMap::new();
    let mut typed = Vec::new();
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            typed.push(kind.split(' ').next().unwrap().to_owned());
        } else if !line.starts_with('#') {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            assert!(
                [Some(name), base].iter().flatten().any(|name| typed.iter().any(|t| t == name)),
                "{line}"
            );
            assert!(
                samples.insert(series.to_owned(), value.parse().unwrap()).is_none(),
                "twice: {line}"
            );
        }
    }
    samples
}

#[test]
fn calls_tokens_and_times_are_counted_under_the_conventions_names() {
    let admin = Admin::of(
        says("one two three")
            .rule(Rule::when(last_user().contains("unreachable")).respond_with("")),
    );
    admin.server.handle().reset();
    admin
        .server
        .handle()
        .mount(Rule::when(last_user().contains("fail")).respond_with(ApiError::rate_limit()));
    admin.server.handle().mount(Rule::always().respond_with("one two three"));
    for _ in 0..3 {
        admin.chat("k", &streamed());
    }
    admin.chat("k", &unary());
    admin.chat("k", &body("fail", false));
    admin.chat("k", r#"{"model": "a\"b\\c\nd", "messages": [{"role": "user", "content": "hi"}]}"#);
    admin.settle();
    let response = admin.request("GET", "/metrics").send().unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().unwrap();
    let samples = samples(&text);
    let of = |name: &str, more: &str| {
        let labels = "gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"openai\",\
            gen_ai_request_model=\"gpt-4o\",mock_llm_answered_by=\"mock\"";
        let series = format!("{name}{{{labels}{more}}}");
        *samples.get(&series).unwrap_or_else(|| panic!("no {series} in\n{text}"))
    };
    let whole = ",http_response_status_code=\"200\",mock_llm_ended=\"whole\"";
    assert_eq!(of("mock_llm_requests_total", whole), 4.0);
    assert_eq!(of("gen_ai_server_request_duration_seconds_count", ""), 4.0);
    assert_eq!(of("gen_ai_server_request_duration_seconds_count", ",error_type=\"429\""), 1.0);
    assert_eq!(of("gen_ai_server_request_duration_seconds_bucket", ",le=\"+Inf\""), 4.0);
    assert_eq!(of("gen_ai_server_request_duration_seconds_bucket", ",le=\"81.92\""), 4.0);
    assert_eq!(of("gen_ai_server_time_to_first_token_seconds_count", ""), 3.0);
    assert_eq!(of("gen_ai_server_time_per_output_token_seconds_count", ""), 3.0);
    assert_eq!(of("gen_ai_client_token_usage_sum", ",gen_ai_token_type=\"output\""), 12.0);
    assert_eq!(
        of("gen_ai_client_token_usage_bucket", ",gen_ai_token_type=\"output\",le=\"1\""),
        0.0
    );
    assert_eq!(
        of("gen_ai_client_token_usage_bucket", ",gen_ai_token_type=\"output\",le=\"4\""),
        4.0
    );
    assert_eq!(samples["mock_llm_requests_in_flight"], 0.0);
    assert!(samples["mock_llm_saved_usd_total{gen_ai_request_model=\"gpt-4o\"}"] > 0.0);
    assert!(text.contains(r#"gen_ai_request_model="a\"b\\c\nd""#), "{text}");

    let summary = admin.get("/__mock/summary");
    assert_eq!((&summary["calls"], &summary["errors"]), (&6.into(), &1.into()));
    assert_eq!(summary["tokens"]["output"], 15);
    assert_eq!(
        (&summary["saved"]["estimate"], &summary["saved"]["prices_read"]),
        (&true.into(), &"2026-11-21".into())
    );
    assert!(summary["saved"]["unpriced_tokens"].as_u64().unwrap() > 0);
    let saved = summary["saved"]["usd"].as_f64().unwrap();
    assert_eq!(saved, samples["mock_llm_saved_usd_total{gen_ai_request_model=\"gpt-4o\"}"]);
}

#[test]
fn clients_cannot_make_series_without_end() {
    let admin = Admin::of(says("pong"));
    for n in 0..150 {
        let body =
            format!(r#"{{"model": "m{n}", "messages": [{{"role": "user", "content": "hi"}}]}}"#);
        admin.chat("k", &body);
    }
    admin.settle();
    let models = admin.get("/__mock/summary")["models"].as_array().unwrap().len();
    assert!(models <= 101, "{models}");
    assert_eq!(admin.get("/__mock/summary")["calls"], 150);
}

#[test]
fn health_says_that_all_is_well() {
    let admin = Admin::of(says("pong"));
    let health = admin.get("/health");
    assert_eq!((&health["status"], &health["mode"]), (&"ok".into(), &"mock".into()));
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    let head = admin.request("HEAD", "/health").send().unwrap();
    assert_eq!(head.status(), 200);
}
