//! Time on tokio's paused clock: every wait is asserted to the millisecond, and none is waited for.

#![expect(clippy::disallowed_methods, reason = "clients wait on tokio's clock, and look at it")]

#[expect(dead_code, reason = "shared with other tests")]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use common::{CHAT, body, deltas, says, streamed, text, unary};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::time::{Instant, timeout};
use tower::ServiceExt;
use tower_mock_llm::{
    Answer, ApiError, Chunking, Delivery, Delta, Distribution, Ended, Fault, MockBody, MockHandle,
    MockLlmLayer, Pace, Provider, Reply, ReplyStream, Rule, Usage, last_user, model, provider,
};

type Res = Response<MockBody<Full<Bytes>>>;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn post(url: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post(url)
        .header("authorization", "Bearer sk-test")
        .header("x-api-key", "sk-test")
        .header("anthropic-version", "2023-06-01")
        .body(Full::new(body.into()))
        .expect("well-formed")
}

async fn send(layer: &MockLlmLayer, request: Request<Full<Bytes>>) -> Res {
    match layer.clone().into_service().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn read(response: Res) -> String {
    let bytes = response.into_body().collect().await.expect("well-formed").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("well-formed")
}

/// How long it takes until the answer is read, and when its frames came.
async fn timed(layer: &MockLlmLayer, request: Request<Full<Bytes>>) -> (u128, Vec<u128>) {
    let start = Instant::now();
    let mut response = send(layer, request).await;
    let mut frames = Vec::new();
    while let Some(frame) = response.frame().await {
        assert!(!frame.expect("well-formed").into_data().expect("data").is_empty());
        frames.push(start.elapsed().as_millis());
    }
    (start.elapsed().as_millis(), frames)
}

#[tokio::test(start_paused = true)]
async fn each_token_comes_when_it_is_due_and_the_rest_with_its_neighbour() {
    let layer = says("one two three").pace(Pace::new(ms(30_000), ms(1000)));
    let (_, frames) = timed(&layer, post(CHAT, streamed())).await;
    // The role and `one`, ` two`, ` three` and the finish and the end.
    assert_eq!(frames, [30_000, 30_000, 31_000, 32_000, 32_000, 32_000]);
    let (whole, frames) = timed(&layer, post(CHAT, unary())).await;
    assert_eq!((whole, frames.len()), (32_000, 1));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_does_not_make_it_longer() {
    let layer = says("one two three four five").pace(Pace::new(ms(0), ms(100)));
    let start = Instant::now();
    let mut response = send(&layer, post(CHAT, streamed())).await;
    while let Some(frame) = response.frame().await {
        frame.unwrap();
        tokio::time::sleep(ms(30)).await;
    }
    // Four gaps, and then the reader's own time for the last three frames.
    assert_eq!(start.elapsed(), ms(400 + 3 * 30));
}

#[tokio::test(start_paused = true)]
async fn chunks_of_several_tokens_take_as_long_as_their_tokens() {
    let words = says("one, two, three").chunking(Chunking::Words).pace(Pace::new(ms(0), ms(10)));
    let (_, frames) = timed(&words, post(CHAT, streamed())).await;
    // The role; `one,` and ` two,` are two tokens each, ` three` is one.
    assert_eq!(frames, [0, 10, 30, 40, 40, 40]);
}

#[tokio::test(start_paused = true)]
async fn drawn_times_repeat_with_the_request_and_a_whole_answer_takes_as_long_as_a_stream() {
    let pace = Pace::INSTANT
        .first_token(Distribution::log_normal(ms(400), 0.5))
        .gap(Distribution::gamma(2.0, ms(10)))
        .bursts(4, Distribution::uniform(ms(50), ms(90)))
        .jitter(0.2);
    let text = "one two three four five six seven eight nine ten";
    let layer = says(text).pace(pace.clone());
    let first = timed(&layer, post(CHAT, streamed())).await;
    assert_eq!(first, timed(&layer, post(CHAT, streamed())).await);
    assert_eq!(first, timed(&says(text).pace(pace.clone()), post(CHAT, streamed())).await);
    assert_ne!(first, timed(&layer, post(CHAT, body("other", true))).await);
    assert_ne!(first, timed(&layer.clone().seed(9), post(CHAT, streamed())).await);
    // Many at once do not disturb each other.
    let all = (0..50).map(|_| timed(&layer, post(CHAT, streamed())));
    for seen in futures::future::join_all(all).await {
        assert_eq!(seen, first);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pace_is_taken_from_the_nearest_place() {
    let second = |n| Pace::new(Duration::from_secs(n), ms(0));
    let layer = MockLlmLayer::new()
        .rule(
            Rule::when(last_user().contains("rule"))
                .respond_with(Answer::from("pong").pace(second(4))),
        )
        .pace_when(model("gpt-4o-mini"), second(3))
        .pace_fn(|request| Pace::of_model(&request.model).filter(|_| request.model == "o3"))
        .pace_when(provider(Provider::ANTHROPIC), second(2))
        .pace(second(1));
    let chat = |model: &str, text: &str| {
        let body = body(text, false).replace("gpt-4o", model);
        post(CHAT, body)
    };
    let seconds = async |layer: &MockLlmLayer, request| timed(layer, request).await.0 / 1000;
    assert_eq!(seconds(&layer, chat("gpt-4o", "layer")).await, 1);
    let claude = r#"{"model": "claude-haiku-4-5", "max_tokens": 9,
        "messages": [{"role": "user", "content": "provider"}]}"#;
    assert_eq!(seconds(&layer, post("https://api.anthropic.com/v1/messages", claude)).await, 2);
    assert_eq!(seconds(&layer, chat("gpt-4o-mini", "model")).await, 3);
    assert_eq!(seconds(&layer, chat("gpt-4o-mini", "rule")).await, 4);
    assert!(timed(&layer, chat("o3", "preset")).await.0 > 500);
    let mut asking = chat("gpt-4o-mini", "rule");
    asking.headers_mut().insert("x-mock-llm-pace", "first=5s".parse().unwrap());
    // In process the header means nothing unless it is allowed.
    assert_eq!(seconds(&layer, asking.clone()).await, 4);
    assert_eq!(seconds(&layer.pace_header(true), asking).await, 5);
}

#[tokio::test(start_paused = true)]
async fn a_pace_that_cannot_be_read_is_the_vendors_400_and_uses_up_no_rule() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_with("pong").times(1).expect(0))
        .pace_header(true);
    for (url, body, message) in [
        (CHAT, unary(), "/error/message"),
        (
            "https://api.anthropic.com/v1/messages",
            r#"{"model": "claude-haiku-4-5", "max_tokens": 9,
                "messages": [{"role": "user", "content": "x"}]}"#
                .to_owned(),
            "/error/message",
        ),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
            r#"{"contents": [{"role": "user", "parts": [{"text": "x"}]}]}"#.to_owned(),
            "/error/message",
        ),
    ] {
        for (value, why) in [
            (&b"gap=20"[..], "the header `x-mock-llm-pace`: `gap=20`: `20` is no time; write 20ms"),
            (b"gap=\xff", "the header `x-mock-llm-pace`: it is not plain ASCII"),
        ] {
            let mut request = post(url, body.clone());
            request.headers_mut().insert("x-goog-api-key", "x".parse().unwrap());
            request.headers_mut().insert("x-mock-llm-pace", value.try_into().unwrap());
            let response = send(&layer, request).await;
            assert_eq!(response.status(), StatusCode::BAD_REQUEST);
            let json: serde_json::Value = serde_json::from_str(&read(response).await).unwrap();
            let message = json.pointer(message).and_then(|m| m.as_str()).expect("an envelope");
            assert!(message.contains(why), "{message}");
        }
    }
    layer.handle().verify();
}

#[tokio::test(start_paused = true)]
async fn a_long_prompt_takes_longer_and_a_cached_one_less() {
    let pace = Pace::new(ms(100), ms(0)).prefill(ms(1)).cached_prefill(0.1);
    let mut usage = Usage::new(1000, 1);
    let layer = |usage| says_with(Reply::text("pong").usage(usage)).pace(pace.clone());
    assert_eq!(timed(&layer(usage), post(CHAT, streamed())).await.0, 1100);
    usage.cached = 900;
    assert_eq!(timed(&layer(usage), post(CHAT, streamed())).await.0, 100 + 100 + 90);
    assert_eq!(timed(&layer(usage), post(CHAT, unary())).await.0, 100 + 100 + 90);
}

fn says_with(reply: Reply) -> MockLlmLayer {
    MockLlmLayer::new().rule(Rule::always().respond_with(reply))
}

#[tokio::test(start_paused = true)]
async fn load_slows_down_those_that_are_played_at_once() {
    let layer = says("a b c d e").pace(Pace::new(ms(100), ms(100)).load(1.0));
    assert_eq!(timed(&layer, post(CHAT, streamed())).await.0, 500);
    let two = [timed(&layer, post(CHAT, streamed())), timed(&layer, post(CHAT, body("b", true)))];
    let took = futures::future::join_all(two).await;
    // The first to come did not know of the second while its own head was reckoned.
    assert!(took.iter().all(|(took, _)| (700..=1000).contains(took)), "{took:?}");
    // What a client left behind is no load.
    drop(send(&layer, post(CHAT, streamed())).await);
    assert_eq!(timed(&layer, post(CHAT, streamed())).await.0, 500);
}

#[tokio::test(start_paused = true)]
async fn an_error_waits_for_the_first_token() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_with(ApiError::overloaded()))
        .pace(Pace::new(ms(7000), ms(100)));
    assert_eq!(timed(&layer, post(CHAT, unary())).await.0, 7000);
}

/// What any client's retry loop does with `429` and `retry-after`.
macro_rules! retrying {
    ($send:expr) => {{
        let mut attempts = 0;
        loop {
            attempts += 1;
            let response = $send;
            let headers = response.headers();
            match headers.get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok()) {
                Some(wait) => tokio::time::sleep(Duration::from_secs(wait)).await,
                None => break (attempts, response),
            }
        }
    }};
}

/// Busy once for a minute, then a stream at a pace, then silence after the second frame.
fn busy() -> MockLlmLayer {
    let busy = ApiError::rate_limit().retry_after(Duration::from_secs(60));
    let stream = Answer::from("one two three").pace(Pace::new(ms(500), ms(250)));
    let silent = Answer::from("one two three").fault(Fault::stall_after(2));
    MockLlmLayer::new().rule(Rule::always().first(busy).then(stream).then(silent))
}

#[tokio::test(start_paused = true)]
async fn a_minutes_wait_a_paced_stream_and_a_stall_take_no_time() {
    let layer = busy();
    let start = Instant::now();
    let (attempts, response) = retrying!(send(&layer, post(CHAT, streamed())).await);
    assert_eq!((attempts, start.elapsed()), (2, ms(60_500)));
    assert_eq!(deltas(&read(response).await).concat(), "one two three");
    assert_eq!(start.elapsed(), ms(61_000));
    let mut silent = send(&layer, post(CHAT, streamed())).await;
    for _ in 0..2 {
        silent.frame().await.unwrap().unwrap();
    }
    let waited = timeout(Duration::from_secs(30), silent.frame()).await;
    assert!(waited.is_err());
    assert_eq!(start.elapsed(), ms(91_000));
}

/// The same through reqwest, without a socket.
macro_rules! surface {
    ($name:ident, $reqwest:ident, $layer:ident, $request:ident => $send:expr) => {
        mod $name {
            use super::*;

            #[tokio::test(start_paused = true)]
            async fn a_minutes_wait_a_paced_stream_and_a_stall_take_no_time() {
                let $layer = busy();
                let handle = $layer.handle();
                let client = $reqwest::Client::new();
                let request =
                    || client.post(CHAT).bearer_auth("sk-test").body(streamed()).build().unwrap();
                let send = async || -> $reqwest::Response {
                    let $request = request();
                    let client = client.clone();
                    $send(client).await
                };
                let start = Instant::now();
                let (attempts, response) = retrying!(send().await);
                assert_eq!((attempts, start.elapsed()), (2, ms(60_500)));
                assert_eq!(deltas(&response.text().await.unwrap()).concat(), "one two three");
                assert_eq!(start.elapsed(), ms(61_000));
                let mut silent = send().await;
                for _ in 0..2 {
                    silent.chunk().await.unwrap().unwrap();
                }
                assert!(timeout(Duration::from_secs(30), silent.chunk()).await.is_err());
                assert_eq!(start.elapsed(), ms(91_000));
                drop(silent);
                let ended: Vec<_> =
                    handle.received().iter().map(|entry| entry.delivery().ended).collect();
                // The body of the 429 was not read.
                assert_eq!(ended, [Ended::Dropped, Ended::Whole, Ended::Dropped]);
            }
        }
    };
}

#[cfg(feature = "reqwest-0_12")]
surface!(tower_over_reqwest_0_12, reqwest12, layer, request => async |client| {
    tower::Layer::layer(&layer, client).oneshot(request).await.unwrap()
});
#[cfg(feature = "reqwest-0_13")]
surface!(tower_over_reqwest_0_13, reqwest, layer, request => async |client| {
    tower::Layer::layer(&layer, client).oneshot(request).await.unwrap()
});
#[cfg(feature = "reqwest-middleware-0_4")]
surface!(reqwest_middleware_0_4, reqwest12, layer, request => async |client| {
    let client = reqwest_middleware04::ClientBuilder::new(client).with(layer.clone()).build();
    client.execute(request).await.unwrap()
});
#[cfg(feature = "reqwest-middleware-0_5")]
surface!(reqwest_middleware_0_5, reqwest, layer, request => async |client| {
    let client = reqwest_middleware::ClientBuilder::new(client).with(layer.clone()).build();
    client.execute(request).await.unwrap()
});

fn delivered(handle: &MockHandle) -> Delivery {
    handle.received().last().expect("a request").delivery()
}

#[tokio::test(start_paused = true)]
async fn the_journal_says_how_far_a_client_read() {
    let layer = says("one two three").pace(Pace::new(ms(100), ms(100)));
    let handle = layer.handle();
    let mut response = send(&layer, post(CHAT, streamed())).await;
    let seen = delivered(&handle);
    assert_eq!((seen.polled, seen.frames, seen.ended), (false, 0, Ended::NotYet));
    let mut bytes = 0;
    for (frames, tokens) in [(1, 0), (2, 1), (3, 2)] {
        bytes += response.frame().await.unwrap().unwrap().into_data().unwrap().len();
        let seen = delivered(&handle);
        assert_eq!((seen.frames, seen.bytes, seen.tokens), (frames, bytes, tokens));
        assert_eq!((seen.polled, seen.ended), (true, Ended::NotYet));
    }
    drop(response);
    let seen = delivered(&handle);
    assert_eq!((seen.frames, seen.bytes, seen.tokens), (3, bytes, 2));
    assert_eq!(seen.ended, Ended::Dropped);
}

#[tokio::test(start_paused = true)]
async fn whole_dropped_and_broken_answers_are_told_apart() {
    let paced = says("one two three").pace(Pace::new(ms(100), ms(100)));
    for (layer, frames) in [(says("one two three"), 1), (paced, 6)] {
        let handle = layer.handle();
        let length = read(send(&layer, post(CHAT, streamed())).await).await.len();
        let seen = delivered(&handle);
        assert_eq!((seen.tokens, seen.bytes, seen.ended), (3, length, Ended::Whole));
        assert_eq!(seen.frames, frames);
        // The vendor's last frame is read, and what comes after it is not asked for.
        let mut response = send(&layer, post(CHAT, streamed())).await;
        for _ in 0..frames {
            response.frame().await.unwrap().unwrap();
        }
        drop(response);
        assert_eq!(delivered(&handle).ended, Ended::Whole);

        let length = read(send(&layer, post(CHAT, unary())).await).await.len();
        let seen = delivered(&handle);
        assert_eq!((seen.tokens, seen.bytes, seen.ended), (3, length, Ended::Whole));

        drop(send(&layer, post(CHAT, unary())).await);
        let seen = delivered(&handle);
        assert_eq!((seen.polled, seen.bytes, seen.ended), (false, 0, Ended::Dropped));
    }
    for (fault, stream, ended, frames) in [
        (Fault::abort_after(2), true, Ended::Broken, 2),
        (Fault::abort_after(1), false, Ended::Broken, 1),
        (Fault::end_after(2), true, Ended::Whole, 2),
    ] {
        let layer = MockLlmLayer::new()
            .rule(Rule::always().respond_with(Answer::from("one two three").fault(fault.clone())));
        let response = send(&layer, post(CHAT, body("hi", stream))).await;
        let _ = response.into_body().collect().await;
        let seen = delivered(&layer.handle());
        assert_eq!((seen.ended, seen.frames), (ended, frames), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_may_go_before_the_head() {
    for stream in [true, false] {
        let layer = says("late").pace(Pace::new(ms(30_000), ms(0)));
        let call = send(&layer, post(CHAT, body("hi", stream)));
        assert!(timeout(ms(5000), call).await.is_err());
        let seen = delivered(&layer.handle());
        assert_eq!((seen.polled, seen.ended), (false, Ended::Dropped));
    }
}

#[tokio::test]
async fn a_client_that_goes_away_stops_a_users_stream_at_once() {
    struct Gone(Arc<AtomicBool>);
    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    for stream in [true, false] {
        let gone: Arc<AtomicBool> = Arc::default();
        let flag = Arc::clone(&gone);
        let layer = MockLlmLayer::new().rule(Rule::always().respond_fn(move |_| {
            let guard = Gone(Arc::clone(&flag));
            ReplyStream::new(async_stream::stream! {
                let _guard = guard;
                yield Delta::from("one two");
                std::future::pending::<()>().await;
            })
        }));
        let mut call = Box::pin(send(&layer, post(CHAT, body("hi", stream))));
        if stream {
            let mut response = call.await;
            for _ in 0..2 {
                response.frame().await.unwrap().unwrap();
            }
            assert!(!gone.load(Ordering::SeqCst));
            drop(response);
            assert_eq!(delivered(&layer.handle()).tokens, 2);
        } else {
            assert!(futures::poll!(&mut call).is_pending());
            assert!(!gone.load(Ordering::SeqCst));
            drop(call);
        }
        assert!(gone.load(Ordering::SeqCst));
        assert_eq!(delivered(&layer.handle()).ended, Ended::Dropped);
    }
}

#[tokio::test(start_paused = true)]
async fn errors_and_forgotten_requests_are_no_trouble() {
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with(ApiError::server()));
    let error = read(send(&layer, post(CHAT, unary())).await).await;
    let seen = delivered(&layer.handle());
    assert_eq!((seen.tokens, seen.bytes, seen.ended), (0, error.len(), Ended::Whole));
    let layer = says("pong").journal(0, 0);
    assert_eq!(text(&read(send(&layer, post(CHAT, unary())).await).await), "pong");
    // A stream may outlive its entry.
    let layer = says("pong").journal(1, 1000);
    let response = send(&layer, post(CHAT, streamed())).await;
    let entry = Arc::clone(&layer.handle().received()[0]);
    send(&layer, post(CHAT, unary())).await;
    assert_eq!(Arc::strong_count(&entry), 1);
    assert_eq!(deltas(&read(response).await).concat(), "pong");
    assert_eq!(entry.delivery().ended, Ended::Whole);
}
