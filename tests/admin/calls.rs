//! `/__mock/calls`.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use serde_json::Value;
use tower_mock_llm::{Answer, ApiError, Fault, Match, MockLlmLayer, Pace, Rule, last_user, model};

use super::common::{body, says, streamed, unary};
use super::{Admin, message};

const KEY: &str = "sk-test-0123456789abcdef";

fn ids(list: &Value) -> Vec<u64> {
    list["calls"].as_array().unwrap().iter().map(|call| call["id"].as_u64().unwrap()).collect()
}

#[test]
fn a_hundred_calls_are_counted_as_the_mocks_and_none_as_a_providers() {
    let admin = Admin::of(says("pong"));
    for _ in 0..100 {
        assert_eq!(admin.chat(KEY, &unary()).0, 200);
    }
    admin.settle();
    let mocked = admin.get("/__mock/calls?provider=mock");
    assert_eq!((mocked["count"].as_u64(), ids(&mocked).len()), (Some(100), 100));
    assert_eq!(admin.get("/__mock/calls?provider=openai")["count"], 0);
    assert_eq!(admin.get("/__mock/calls?wire=openai")["count"], 100);
    assert_eq!(admin.get("/__mock/calls?wire=anthropic")["count"], 0);
    // Pages, from the newest back; numbers go on.
    let page = admin.get("/__mock/calls?limit=3");
    assert_eq!((ids(&page), page["count"].as_u64()), (vec![98, 99, 100], Some(100)));
    assert_eq!(ids(&admin.get("/__mock/calls?limit=2&before=98")), [96, 97]);
}

#[test]
fn calls_say_who_what_and_how_much() {
    let admin = Admin::of(says("one two three").seed(7));
    admin.chat(KEY, &streamed());
    let anthropic = r#"{"model": "claude-sonnet-4-5", "messages": []}"#;
    let refused = admin.request("POST", "/v1/messages").header("x-api-key", KEY);
    let refused = refused.header("x-mock-llm-session", "suite 7");
    let refused = refused.header("anthropic-version", "2023-06-01").body(anthropic).send().unwrap();
    assert_eq!(refused.status(), 400);
    refused.bytes().unwrap();
    admin.settle();
    let list = admin.get("/__mock/calls");
    let [stream, refused] = list["calls"].as_array().unwrap().as_slice() else { panic!("{list}") };
    for (name, value) in [
        ("provider", "mock"),
        ("wire", "openai"),
        ("operation", "chat"),
        ("method", "POST"),
        ("path", "/v1/chat/completions"),
        ("model", "gpt-4o"),
        ("rule", "#1"),
        ("ended", "whole"),
    ] {
        assert_eq!(stream[name], value, "{stream}");
    }
    assert_eq!((&stream["stream"], &stream["status"]), (&true.into(), &200.into()));
    assert_eq!(stream["tokens"]["output"], 3);
    assert!(stream["tokens"]["input"].as_u64().unwrap() > 0);
    // By the list prices of gpt-4o, 2.50 and 10 dollars for a million.
    let cost = stream["tokens"]["input"].as_f64().unwrap() * 2.5e-6 + 3.0 * 10e-6;
    assert!((stream["saved_usd"].as_f64().unwrap() - cost).abs() < 1e-12, "{stream}");
    assert!(stream["first_token_ms"].as_f64() <= stream["duration_ms"].as_f64());
    let key = stream["key"].as_str().unwrap();
    assert!(key.starts_with("sk-test-…#"), "{key}");
    assert!(stream["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!((&refused["wire"], &refused["status"]), (&"anthropic".into(), &400.into()));
    assert_eq!((&refused["rule"], &refused["first_token_ms"]), (&Value::Null, &Value::Null));

    for (query, wanted) in [
        ("status=400", vec![2]),
        ("status=4xx", vec![2]),
        ("status=error", vec![2]),
        ("status=2xx", vec![1]),
        ("model=gpt-4o", vec![1]),
        ("model=gpt-*", vec![1]),
        ("model=GPT", vec![]),
        ("rule=%231", vec![1]),
        ("key=sk-test-", vec![1, 2]),
        ("key=sk-test-0123456789abcdef", vec![1, 2]),
        ("key=sk-test-0", vec![]),
        ("session=suite+7", vec![2]),
        ("session=suite", vec![]),
        ("since=1h", vec![1, 2]),
        ("until=1h", vec![]),
        ("since=2100-01-01T00:00:00Z", vec![]),
        ("status=2xx&wire=anthropic", vec![]),
    ] {
        assert_eq!(ids(&admin.get(&format!("/__mock/calls?{query}"))), wanted, "{query}");
    }
    for (query, why) in [
        ("stauts=400", "there is no parameter `stauts`; there are provider, wire, model, key"),
        ("status=fine", "`status` must be a status (`429`), a class of them (`5xx`) or `error`"),
        ("since=soon", "`since` must be a span of time"),
        ("limit=all", "`limit` must be a number, and is `all`"),
        ("follow=perhaps", "`follow` must be `true` or `false`"),
        ("wire=a&wire=b", "the parameter `wire` stands here twice"),
    ] {
        let (status, error) = admin.send("GET", &format!("/__mock/calls?{query}"), "");
        assert_eq!(status, 400);
        assert!(message(&error).starts_with(why), "{error}");
    }
}

#[test]
fn a_call_shows_request_and_answer_and_no_key() {
    let admin = Admin::of(says("pong"));
    let prompt = format!("my key is {KEY}");
    admin.chat(KEY, &body(&prompt, false));
    admin.settle();
    let call = admin.get("/__mock/calls/1");
    let text = call.to_string();
    assert!(!text.contains("0123456789"), "{text}");
    let body: Value = serde_json::from_str(call["request"]["body"].as_str().unwrap()).unwrap();
    let prompt = body["messages"][0]["content"].as_str().unwrap();
    assert!(prompt.starts_with("my key is sk-test-…#"), "{prompt}");
    let answer: Value = serde_json::from_str(call["response"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "pong");
    assert_eq!(call["request"]["cut"], false);
    assert_eq!(call["response"]["cut"], false);
    assert_eq!(call["timeline"]["frames"].as_array().unwrap().len(), 1);
    assert_eq!(admin.send("GET", "/__mock/calls/2", "").0, 404);
    assert_eq!(admin.send("GET", "/__mock/calls/0", "").0, 404);
    assert_eq!(admin.send("GET", "/__mock/calls/one", "").0, 400);
}

#[test]
fn frames_stand_on_a_timeline_with_the_place_where_it_broke() {
    let broken = Answer::from(tower_mock_llm::Reply::text("one two three four five"))
        .pace(Pace::new(Duration::from_millis(20), Duration::from_millis(10)))
        .fault(Fault::abort_after(4));
    let admin = Admin::of(MockLlmLayer::new().rule(Rule::always().respond_with(broken)));
    let (_, stream) = admin.chat(KEY, &streamed());
    assert_eq!(stream, "", "the client fails");
    admin.settle();
    let call = admin.get("/__mock/calls/1");
    let timeline = &call["timeline"];
    assert_eq!(timeline["ended"], "broken", "{timeline}");
    let frames = timeline["frames"].as_array().unwrap();
    assert_eq!(frames.len(), 4);
    let texts: String = frames.iter().map(|frame| frame["text"].as_str().unwrap()).collect();
    assert_eq!(texts, call["response"]["body"].as_str().unwrap());
    let tokens: Vec<_> = frames.iter().map(|frame| frame["tokens"].as_u64().unwrap()).collect();
    assert_eq!(tokens, [0, 1, 1, 1]);
    let at: Vec<_> = frames.iter().map(|frame| frame["at_ms"].as_f64().unwrap()).collect();
    assert!(at.is_sorted() && at[0] >= 20.0, "{at:?}");
    assert!(at[3] - at[1] >= 19.0, "{at:?}");
    assert_eq!(timeline["first_token_ms"].as_f64(), Some(at[1]));
    assert!(timeline["longest_gap_ms"].as_f64().unwrap() >= 9.0);
    assert!(timeline["silent_ms"].as_f64().is_some());
    assert_eq!(call["tokens"]["output"], 3, "as many as were sent");
}

#[test]
fn an_answer_that_never_came_says_so() {
    let lost = Rule::always().respond_with(tower_mock_llm::reply::NoAnswer::Closed);
    let admin = Admin::of(MockLlmLayer::new().rule(lost));
    let sent = admin.request("POST", "/v1/chat/completions").bearer_auth(KEY).body(unary()).send();
    assert!(sent.is_err());
    admin.settle();
    // Clients try once more by themselves when a connection is closed on them.
    let call = admin.get("/__mock/calls/1");
    assert_eq!(
        (&call["ended"], &call["no_answer"]),
        (&"no_answer".into(), &"a closed connection".into())
    );
}

#[test]
fn what_is_kept_is_bounded() {
    let long = "word ".repeat(30_000);
    let admin = Admin::of(says(&long).journal(3, 1 << 20));
    for _ in 0..5 {
        admin.chat(KEY, &streamed());
    }
    admin.settle();
    let list = admin.get("/__mock/calls");
    assert_eq!((ids(&list), &list["forgotten"]), (vec![3, 4, 5], &2.into()));
    assert_eq!(admin.send("GET", "/__mock/calls/2", "").0, 404);
    let call = admin.get("/__mock/calls/5");
    assert_eq!(call["response"]["cut"], true);
    assert_eq!(call["response"]["body"].as_str().unwrap().len(), 64 * 1024);
    let frames = call["timeline"]["frames"].as_array().unwrap();
    assert!(frames.len() <= 512, "{}", frames.len());
    let bytes: u64 = frames.iter().map(|frame| frame["bytes"].as_u64().unwrap()).sum();
    assert_eq!(bytes, call["response"]["bytes"].as_u64().unwrap(), "joined, none is lost");
}

/// The next event's data.
fn event(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Value {
    let data = lines.find_map(|line| line.unwrap().strip_prefix("data: ").map(str::to_owned));
    serde_json::from_str(&data.unwrap()).unwrap()
}

#[test]
fn calls_are_followed_until_they_end_and_the_server_goes() {
    let slow = Answer::from(tower_mock_llm::Reply::text("one two three"))
        .pace(Pace::new(Duration::ZERO, Duration::from_millis(100)));
    let admin = Admin::of(
        MockLlmLayer::new()
            .rule(Rule::when(last_user().contains("slow")).respond_with(slow))
            .rule(
                Rule::when(model("gpt-*").and(last_user().contains("no")))
                    .respond_with(ApiError::server()),
            )
            .rule(Rule::always().respond_with("pong")),
    );
    admin.chat(KEY, &unary());
    admin.chat(KEY, &unary());
    admin.settle();
    let all = admin.request("GET", "/__mock/calls?follow=true&limit=1").send().unwrap();
    assert_eq!(all.headers()["content-type"], "text/event-stream");
    let errors = admin.request("GET", "/__mock/calls?status=error");
    let errors = errors.header("accept", "text/event-stream").send().unwrap();
    let mut all = BufReader::new(all).lines();
    let mut errors = BufReader::new(errors).lines();
    let backlog = event(&mut all);
    assert_eq!((&backlog["id"], &backlog["ended"]), (&2.into(), &"whole".into()));
    admin.chat(KEY, &body("slow", true));
    // It is told when it comes, and again when it is over.
    let begun = event(&mut all);
    assert_eq!((&begun["id"], &begun["ended"]), (&3.into(), &"not_yet".into()));
    let over = event(&mut all);
    assert_eq!((&over["id"], &over["ended"]), (&3.into(), &"whole".into()));
    assert_eq!(over["tokens"]["output"], 3);
    admin.chat(KEY, &body("no", false));
    let error = event(&mut errors);
    assert_eq!((&error["id"], &error["status"]), (&4.into(), &500.into()));
    // Else it would wait for those who follow.
    admin.server.shutdown();
    assert!(errors.all(|line| line.is_ok()), "it ends in order");
}

#[test]
fn the_oldest_answers_are_let_go_when_all_are_too_much() {
    let admin = Admin::of(says(&"word ".repeat(15_000)));
    // 64 KiB of each are kept, and 16 MiB of all.
    for _ in 0..280 {
        assert_eq!(admin.chat(KEY, &unary()).0, 200);
    }
    admin.settle();
    let oldest = &admin.get("/__mock/calls/1");
    assert_eq!(
        (&oldest["response"]["body"], &oldest["response"]["cut"]),
        (&"".into(), &true.into())
    );
    assert_eq!(
        (&oldest["ended"], &oldest["timeline"]["frames"]),
        (&"whole".into(), &serde_json::json!([]))
    );
    assert!(oldest["bytes"].as_u64().unwrap() > 64 * 1024);
    let newest = admin.get("/__mock/calls/280");
    assert_eq!(newest["response"]["body"].as_str().unwrap().len(), 64 * 1024);
}
