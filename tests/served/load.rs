//! Many connections while the config file is changed again and again: nothing is lost, nothing is wrong.
//!
//! `tests/load/run` has 2,000 connections; here it is short.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::process::{Scratch, Served};

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().expect(name))
}

/// The config file of one version: all that can be seen of an answer differs.
fn version(index: u64) -> String {
    let long = format!("This is version {index}. ").repeat(20);
    format!(
        "providers: {{m: {{type: mock, responses: {{'*': '{long}'}}}}}}\nseed: {index}\n\
         response_header: {}\n",
        index.is_multiple_of(2)
    )
}

const VERSIONS: u64 = 4;

/// The status, the header of the mock, and the body.
async fn ask(client: &reqwest::Client, url: &str, stream: bool) -> (u16, bool, String) {
    let body = format!(
        r#"{{"model": "gpt-4o", "stream": {stream}, "messages": [{{"role": "user", "content": "go"}}]}}"#
    );
    let url = format!("{url}/v1/chat/completions");
    let answer = client.post(url).body(body).send().await.expect("an answer");
    let (status, marked) = (answer.status().as_u16(), answer.headers().contains_key("x-mock-llm"));
    (status, marked, answer.text().await.expect("the whole of an answer"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_while_it_is_reloaded() {
    let connections = number("MOCK_LLM_LOAD_CONNECTIONS", 100);
    let seconds = number("MOCK_LLM_LOAD_SECONDS", 4);
    let scratch = Scratch::new("load");
    let file = scratch.path("mock.yaml");
    let path = file.to_str().unwrap();

    // What each version says, from servers that do nothing else.
    let mut right = Vec::new();
    for index in 0..VERSIONS {
        std::fs::write(&file, version(index)).unwrap();
        let served = Served::start(&["serve", "--config", path]);
        let client = reqwest::Client::new();
        for stream in [false, true] {
            right.push((stream, index, ask(&client, &served.url, stream).await));
        }
    }
    let right = std::sync::Arc::new(right);

    std::fs::write(&file, version(0)).unwrap();
    let served = Served::start(&["serve", "--config", path]);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut clients = tokio::task::JoinSet::new();
    for index in 0..connections {
        let (url, right) = (served.url.clone(), std::sync::Arc::clone(&right));
        clients.spawn(async move {
            // One connection each.
            let client = reqwest::Client::builder().pool_max_idle_per_host(1).build().unwrap();
            let (mut seen, mut calls) = (BTreeSet::new(), 0_u64);
            while Instant::now() < end || calls == 0 {
                let stream = (index + calls).is_multiple_of(2);
                let answer = ask(&client, &url, stream).await;
                let known = right.iter().find(|(s, _, it)| *s == stream && *it == answer);
                let (_, version, _) = known.unwrap_or_else(|| panic!("wrong: {answer:?}"));
                seen.insert(*version);
                calls += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            (seen, calls)
        });
    }
    for round in 1..=seconds {
        tokio::time::sleep(Duration::from_secs(1)).await;
        // In place of the old one at once, as editors do it.
        let new = scratch.path("new.yaml");
        std::fs::write(&new, version(round % VERSIONS)).unwrap();
        std::fs::rename(&new, &file).unwrap();
        served.signal("-HUP");
    }
    let (mut seen, mut calls) = (BTreeSet::new(), 0);
    while let Some(client) = clients.join_next().await {
        let (versions, of_client) = client.expect("a client that was answered rightly");
        seen.extend(versions);
        calls += of_client;
    }
    // It was reloaded under them, and every call is in the journal's count.
    assert!(seen.len() >= 2, "{seen:?}");
    let metrics = reqwest::get(format!("{}/metrics", served.url)).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let counted: u64 = metrics
        .lines()
        .filter(|line| line.starts_with("mock_llm_requests_total"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .map(|count| count as u64)
        .sum();
    assert_eq!(counted, calls, "{metrics}");
    let (code, err) = served.end();
    assert_eq!(code, Some(0), "{err}");
    println!("{connections} connections, {calls} calls, versions {seen:?}");
}
