//! The layer as a middleware of reqwest-middleware, of both versions.
#![cfg(all(feature = "reqwest-middleware-0_4", feature = "reqwest-middleware-0_5"))]

mod common;

use common::{CHAT, Echo, deltas, says, streamed, text, unary};
use tower_mock_llm::reply::NoAnswer;
use tower_mock_llm::{MockLlmLayer, Mode, Rule};

macro_rules! tests {
    ($version:ident, $reqwest:ident, $middleware:ident) => {
        mod $version {
            use $middleware::{ClientBuilder, ClientWithMiddleware, RequestBuilder};

            use super::*;

            fn client(mock: &MockLlmLayer) -> ClientWithMiddleware {
                let inner = $reqwest::Client::new();
                ClientBuilder::new(inner).with(mock.clone()).build()
            }

            fn post(client: &ClientWithMiddleware, body: String) -> RequestBuilder {
                client.post(CHAT).bearer_auth("sk-test").body(body)
            }

            #[tokio::test]
            async fn whole_and_streamed_answers() {
                let client = client(&says("pong"));
                let whole = post(&client, unary()).send().await.unwrap();
                assert_eq!(whole.url().as_str(), CHAT);
                assert_eq!(text(&whole.text().await.unwrap()), "pong");
                let stream = post(&client, streamed()).send().await.unwrap();
                assert_eq!(deltas(&stream.text().await.unwrap()).concat(), "pong");
            }

            #[tokio::test]
            async fn a_connection_that_fails_is_a_genuine_error() {
                for (how, words) in [
                    (NoAnswer::Refused, "refuses connections to api.openai.com"),
                    (NoAnswer::Dns, "failed to lookup address information"),
                    (NoAnswer::Tls, "invalid peer certificate"),
                ] {
                    let mock = MockLlmLayer::new().rule(Rule::always().respond_with(how));
                    let error = post(&client(&mock), unary()).send().await.unwrap_err();
                    assert!(error.is_connect() && error.is_request(), "{error:?}");
                    assert_eq!(error.url().unwrap().as_str(), CHAT);
                    assert!(format!("{error:?}").contains(words), "{error:?}");
                    assert_eq!(mock.handle().received().len(), 1);
                }
            }

            #[tokio::test]
            async fn a_stream_of_500_tokens_arrives_whole() {
                let words: String = (0..500).map(|n| format!("word{} ", n % 10)).collect();
                let client = client(&says(&words));
                let stream = post(&client, streamed()).send().await.unwrap();
                assert_eq!(deltas(&stream.text().await.unwrap()).concat(), words);
            }

            #[tokio::test]
            async fn other_hosts_and_modes_go_on_to_the_client() {
                let echo = Echo::start();
                let mock = says("pong");
                let client = client(&mock);
                let call = || client.post(echo.url("/v1/chat/completions"));
                // This machine is claimed by path, so another path, or another mode, goes on.
                let other = client.post(echo.url("/a")).body("body").send().await.unwrap();
                assert_eq!(other.text().await.unwrap(), "POST /a\nbody");
                for (mode, calls) in [(Mode::Mock, 1), (Mode::Off, 2), (Mode::Mock, 2)] {
                    mock.handle().set_mode(mode);
                    let answer = call().bearer_auth("x").body(unary()).send().await.unwrap();
                    assert_eq!(answer.status().as_u16(), 200);
                    assert_eq!(echo.calls(), calls, "{mode:?}");
                }
            }

            #[tokio::test]
            async fn an_unknown_endpoint_never_leaves() {
                let echo = Echo::start();
                let mock = says("pong").max_request_body(10);
                let inner = $reqwest::Client::builder().resolve("api.openai.com", echo.addr);
                let client = ClientBuilder::new(inner.build().unwrap()).with(mock).build();
                for (path, status) in [("/v1/dreams", 404), ("/v1/chat/completions", 413)] {
                    let url = format!("http://api.openai.com:{}{path}", echo.addr.port());
                    let call = client.post(url).bearer_auth("x").body(unary());
                    assert_eq!(call.send().await.unwrap().status().as_u16(), status);
                }
                assert_eq!(echo.calls(), 0);
            }
        }
    };
}

tests!(reqwest_middleware_0_4, reqwest12, reqwest_middleware04);
tests!(reqwest_middleware_0_5, reqwest, reqwest_middleware);
