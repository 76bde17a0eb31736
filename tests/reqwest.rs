//! A tower stack over a `reqwest::Client`, of both reqwests.
#![cfg(all(feature = "reqwest-0_12", feature = "reqwest-0_13"))]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{CHAT, Echo, body, deltas, says, streamed, text, unary};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_mock_llm::{
    Answer, ApiKeys, Fault, MockLlmLayer, Mode, Provider, Reply, Rule, Unmatched,
};

macro_rules! tests {
    ($version:ident, $reqwest:ident) => {
        mod $version {
            use $reqwest::{Body, Client, Error, Request, Response};

            use super::*;

            fn post(url: &str, body: impl Into<Body>) -> Request {
                let call = Client::new().post(url).bearer_auth("sk-test");
                call.body(body).build().unwrap()
            }

            /// An inner service that counts, and answers 418.
            fn counting(
                calls: &Arc<AtomicUsize>,
            ) -> impl Service<Request, Response = Response, Error = Error, Future: Send> + Clone
            {
                let calls = Arc::clone(calls);
                service_fn(move |_: Request| {
                    calls.fetch_add(1, Ordering::SeqCst);
                    let answer = http::Response::builder().status(418).body("").unwrap();
                    std::future::ready(Ok(Response::from(answer)))
                })
            }

            #[tokio::test]
            async fn whole_and_streamed_answers_say_where_they_came_from() {
                let mut stack = says("pong").layer(Client::new());
                let whole = stack.ready().await.unwrap();
                let whole = whole.call(post(CHAT, unary())).await.unwrap();
                assert_eq!((whole.status().as_u16(), whole.url().as_str()), (200, CHAT));
                assert_eq!(text(&whole.text().await.unwrap()), "pong");
                let stream = stack.call(post(CHAT, streamed())).await.unwrap();
                assert_eq!(deltas(&stream.text().await.unwrap()).concat(), "pong");
            }

            #[tokio::test]
            async fn a_stream_of_500_tokens_and_a_streamed_request() {
                let words: String = (0..500).map(|n| format!("word{} ", n % 10)).collect();
                let request: Vec<Result<_, std::io::Error>> =
                    streamed().into_bytes().chunks(7).map(|chunk| Ok(chunk.to_vec())).collect();
                let request = Body::wrap_stream(futures::stream::iter(request));
                let stack = says(&words).layer(Client::new());
                let stream = stack.oneshot(post(CHAT, request)).await.unwrap();
                assert_eq!(deltas(&stream.text().await.unwrap()).concat(), words);
            }

            #[tokio::test]
            async fn errors_name_the_url_and_cut_streams_fail() {
                let broken = Answer::from(Reply::text("one two")).fault(Fault::abort_after(2));
                let mock = MockLlmLayer::new().rule(Rule::always().respond_with(broken));
                let stack = mock.max_request_body(1_000).layer(Client::new());
                let cut = stack.clone().oneshot(post(CHAT, streamed())).await.unwrap();
                assert!(cut.text().await.unwrap_err().is_decode());
                let large = post(CHAT, body(&"x".repeat(1_000), false));
                let large = stack.oneshot(large).await.unwrap();
                let error = large.error_for_status().unwrap_err();
                assert_eq!(error.status().unwrap().as_u16(), 413);
                assert_eq!(error.url().unwrap().as_str(), CHAT);
            }

            #[tokio::test]
            async fn what_is_not_claimed_goes_on_untouched() {
                let echo = Echo::start();
                let large = "x".repeat(1_000_000);
                let stack = says("pong").layer(Client::new());
                let answer = stack.oneshot(post(&echo.url("/a?b=c"), large.clone())).await;
                let answer = answer.unwrap().text().await.unwrap();
                assert_eq!(answer, format!("POST /a\n{large}"));
                assert_eq!(echo.calls(), 1);
            }

            #[tokio::test]
            async fn what_is_left_out_or_switched_off_goes_on_and_comes_back() {
                let calls = Arc::new(AtomicUsize::new(0));
                for mock in [
                    says("pong").enabled(false),
                    says("pong").providers([Provider::new("another")]),
                    says("pong").hosts(["eu.api.openai.com"]),
                    says("pong").api_keys(ApiKeys::prefix("sk-mock-")),
                ] {
                    let stack = mock.layer(counting(&calls));
                    let answer = stack.oneshot(post(CHAT, unary())).await.unwrap();
                    assert_eq!(answer.status().as_u16(), 418);
                }
                assert_eq!(calls.load(Ordering::SeqCst), 4);
                let mock = says("pong");
                let mut stack = mock.layer(counting(&calls));
                for (mode, status) in [(Mode::Off, 418), (Mode::Mock, 200), (Mode::Off, 418)] {
                    mock.handle().set_mode(mode);
                    let answer = stack.call(post(CHAT, unary())).await.unwrap();
                    assert_eq!(answer.status().as_u16(), status);
                }
            }

            #[tokio::test]
            async fn an_unknown_endpoint_of_a_provider_stays_here_unless_told_otherwise() {
                let calls = Arc::new(AtomicUsize::new(0));
                let unknown = || post("https://api.openai.com/v1/dreams", "");
                let stack = says("pong").layer(counting(&calls));
                let refused = stack.oneshot(unknown()).await.unwrap();
                assert_eq!(refused.status().as_u16(), 404);
                assert!(refused.text().await.unwrap().contains("/v1/dreams"));
                assert_eq!(calls.load(Ordering::SeqCst), 0);
                let mock = says("pong").unmatched(Unmatched::Forward);
                mock.layer(counting(&calls)).oneshot(unknown()).await.unwrap();
                assert_eq!(calls.load(Ordering::SeqCst), 1);
            }

            #[tokio::test]
            async fn under_the_usual_middleware() {
                let stack = ServiceBuilder::new()
                    .buffer(8)
                    .concurrency_limit(4)
                    .timeout(std::time::Duration::from_secs(5))
                    .layer(says("pong"))
                    .service(Client::new());
                let answer = stack.oneshot(post(CHAT, unary())).await.unwrap();
                assert_eq!(text(&answer.text().await.unwrap()), "pong");
            }

            #[tokio::test(start_paused = true)]
            async fn time_may_be_paused() {
                let mock = says("one two three").pace(tower_mock_llm::Pace::new(
                    std::time::Duration::from_secs(20),
                    std::time::Duration::from_secs(1),
                ));
                let stack = mock.layer(Client::new());
                let stream = stack.oneshot(post(CHAT, streamed())).await.unwrap();
                assert_eq!(deltas(&stream.text().await.unwrap()).concat(), "one two three");
            }
        }
    };
}

tests!(reqwest_0_12, reqwest12);
tests!(reqwest_0_13, reqwest);
