//! Mixed traffic and trouble for a long time: no leak, no panic, nothing lost from the journal.
//!
//! `soak MINUTES [STREAMS]`: so many clients at once, half of them in process and half over the server,
//! each of which asks again as soon as it has its answer. Every minute, or six times, all of them pause,
//! and what the journal has must be what they got.

#![expect(clippy::disallowed_methods, reason = "tests look at the clock")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tower::ServiceExt;
use tower_mock_llm::fault::{Recut, Trouble};
use tower_mock_llm::{ApiError, Fault, MockLlmLayer, MockServer, Pace};

/// What the clients of one round saw.
#[derive(Debug, Default)]
struct Seen {
    asked: AtomicU64,
    errors: AtomicU64,
    broken: AtomicU64,
    given_up: AtomicU64,
    bytes: AtomicU64,
}

impl Seen {
    fn add(counter: &AtomicU64, more: u64) {
        counter.fetch_add(more, Ordering::Relaxed);
    }
}

/// One request in the words of one of the providers.
struct Asked {
    host: &'static str,
    path: &'static str,
    headers: [(&'static str, &'static str); 2],
    body: String,
}

fn asked(number: u64) -> Asked {
    let text = format!("soak {number}: {}", "word ".repeat((number % 7) as usize * 9));
    let stream = !number.is_multiple_of(4);
    let messages = json!([{"role": "user", "content": text}]);
    match number % 3 {
        0 => Asked {
            host: "https://api.openai.com",
            path: "/v1/chat/completions",
            headers: [("authorization", "Bearer sk-soak"), ("x-soak", "openai")],
            body: json!({"model": "gpt-4o", "messages": messages, "stream": stream}).to_string(),
        },
        1 => Asked {
            host: "https://api.anthropic.com",
            path: "/v1/messages",
            headers: [("x-api-key", "sk-ant-soak"), ("anthropic-version", "2023-06-01")],
            body: json!({"model": "claude-haiku-4-5", "max_tokens": 500, "messages": messages,
                "stream": stream})
            .to_string(),
        },
        _ => Asked {
            host: "https://generativelanguage.googleapis.com",
            path: if stream {
                "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
            } else {
                "/v1beta/models/gemini-2.5-flash:generateContent"
            },
            headers: [("x-goog-api-key", "AIza-soak"), ("x-soak", "gemini")],
            body: json!({"contents": [{"role": "user", "parts": [{"text": text}]}]}).to_string(),
        },
    }
}

fn layer() -> MockLlmLayer {
    let often = |trouble: Trouble| trouble.probability(0.03);
    MockLlmLayer::new()
        .journal(usize::MAX, usize::MAX)
        .pace(Pace::new(Duration::from_millis(20), Duration::from_millis(5)))
        .trouble(often(Trouble::answer(ApiError::rate_limit())))
        .trouble(often(Trouble::answer(ApiError::server())))
        .trouble(often(Trouble::fault(Fault::abort_after(2))))
        .trouble(often(Trouble::fault(Fault::end_after(3))))
        .trouble(often(Trouble::fault(Fault::stall_after(4))))
        .trouble(often(Trouble::fault(Fault::pause_after(1, Duration::from_millis(300)))))
        .trouble(often(Trouble::fault(Fault::error_after(2, ApiError::overloaded()))))
        .trouble(often(Trouble::fault(Fault::corrupt_frame(1))))
        .trouble(often(Trouble::fault(Fault::repeat_finish())))
        .trouble(often(Trouble::fault(Fault::recut(Recut::anywhere()))))
}

/// What stalls is given up after so long.
const PATIENCE: Duration = Duration::from_secs(2);

async fn in_process(layer: MockLlmLayer, number: u64, seen: &Seen) {
    let Asked { host, path, headers, body } = asked(number);
    let mut request = http::Request::post(format!("{host}{path}"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::<Bytes>::from(body)).expect("a request");
    let response = layer.into_service().oneshot(request).await.expect("an answer");
    Seen::add(&seen.asked, 1);
    Seen::add(&seen.errors, u64::from(!response.status().is_success()));
    let mut body = response.into_body();
    loop {
        match timeout(PATIENCE, body.frame()).await {
            Err(_) => return Seen::add(&seen.given_up, 1),
            Ok(None) => return,
            Ok(Some(Err(_))) => return Seen::add(&seen.broken, 1),
            Ok(Some(Ok(frame))) => {
                Seen::add(&seen.bytes, frame.data_ref().map_or(0, |data| data.len() as u64));
            }
        }
    }
}

async fn over_the_server(client: reqwest::Client, url: &str, number: u64, seen: &Seen) {
    let Asked { path, headers, body, .. } = asked(number);
    let mut request = client.post(format!("{url}{path}")).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = request.send().await.expect("the server answers all");
    Seen::add(&seen.asked, 1);
    Seen::add(&seen.errors, u64::from(!response.status().is_success()));
    let mut body = response.bytes_stream();
    loop {
        match timeout(PATIENCE, body.next()).await {
            Err(_) => return Seen::add(&seen.given_up, 1),
            Ok(None) => return,
            Ok(Some(Err(_))) => return Seen::add(&seen.broken, 1),
            Ok(Some(Ok(data))) => Seen::add(&seen.bytes, data.len() as u64),
        }
    }
}

/// The memory that is resident, in MiB, where the system tells.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes / 1024.0)
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let minutes: f64 = args.next().map_or(30.0, |text| text.parse().expect("minutes"));
    let streams: u64 = args.next().map_or(2000, |text| text.parse().expect("streams"));
    let layer = layer();
    let handle = layer.handle();
    let server = MockServer::builder(layer.clone()).start().expect("a port");
    let url = server.url();
    // Three to warm up, and as many at the least to compare with.
    let rounds = minutes.ceil().max(6.0) as u64;
    let round = Duration::from_secs_f64(minutes * 60.0 / rounds as f64);
    println!("round    asked  errors  broken  given up       MiB  resident MiB");
    let mut number = 0;
    let mut warm = None;
    for index in 1..=rounds {
        let seen = Arc::new(Seen::default());
        // Made anew: what a client's pool keeps is not what is measured.
        let client = reqwest::Client::builder().build().expect("a client");
        let end = Instant::now() + round;
        let mut clients = JoinSet::new();
        for at in 0..streams {
            let (layer, seen) = (layer.clone(), Arc::clone(&seen));
            let (client, url) = (client.clone(), url.clone());
            let mut number = number + at;
            clients.spawn(async move {
                while Instant::now() < end {
                    if at % 2 == 0 {
                        in_process(layer.clone(), number, &seen).await;
                    } else {
                        over_the_server(client.clone(), &url, number, &seen).await;
                    }
                    number += streams;
                }
                number
            });
        }
        while let Some(last) = clients.join_next().await {
            number = number.max(last.expect("no panic"));
        }
        let received = handle.received().len() as u64;
        handle.reset();
        drop(client);
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let memory = resident();
        println!(
            "{index:>5} {:>8} {:>7} {:>7} {:>9} {:>9.1} {:>13.1}",
            count(&seen.asked),
            count(&seen.errors),
            count(&seen.broken),
            count(&seen.given_up),
            count(&seen.bytes) as f64 / 1048576.0,
            memory.unwrap_or_default(),
        );
        assert_eq!(received, count(&seen.asked), "the journal has what was asked");
        for (what, counter) in
            [("errors", &seen.errors), ("broken", &seen.broken), ("given up", &seen.given_up)]
        {
            assert!(count(counter) > 0, "no trouble of this kind: {what}");
        }
        // The first rounds fill the allocator's arenas.
        if index == 3 {
            warm = memory;
        }
        if let (Some(warm), Some(memory)) = (warm, memory) {
            assert!(memory < warm * 1.25 + 16.0, "{memory:.1} MiB, {warm:.1} when it was warm");
        }
    }
    println!("no panic, nothing lost, no leak");
}
