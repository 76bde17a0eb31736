//! What comes before the head, on each surface that can express it.

use std::time::Duration;

use tower_mock_llm::reply::NoAnswer;
use tower_mock_llm::{MockLlmLayer, Rule};

use crate::{Api, Mock};

fn lost(how: NoAnswer) -> MockLlmLayer {
    MockLlmLayer::new()
        .rule(Rule::always().respond_with(how).times(1))
        .rule(Rule::always().respond_with("at last"))
}

const ALL: [NoAnswer; 5] =
    [NoAnswer::Closed, NoAnswer::Dns, NoAnswer::Refused, NoAnswer::Reset, NoAnswer::Tls];

#[tokio::test]
async fn a_tower_stack_says_what_it_cannot_express() {
    for how in ALL {
        let said = Mock::new(&lost(how)).ask(Api::Anthropic, "x").await;
        assert_eq!(said.status, 400, "{how}");
        let message = said.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&format!("was to answer with {how}, which this")), "{message}");
        assert_eq!(said.header("x-should-retry"), "false");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tower_stack_hangs_for_as_long_as_the_client_bears_it() {
    let mut mock = Mock::new(&lost(NoAnswer::Hang));
    let begin = tokio::time::Instant::now();
    let hour = Duration::from_secs(3600);
    tokio::time::timeout(hour, mock.ask(Api::OpenAi, "x")).await.unwrap_err();
    assert_eq!(begin.elapsed(), hour);
    assert_eq!(mock.ask(Api::OpenAi, "x").await.status, 200);
}

#[cfg(all(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
macro_rules! tests {
    ($version:ident, $reqwest:ident) => {
        mod $version {
            use $reqwest::{Client, ClientBuilder, Response};

            use super::*;

            fn builder(mock: &MockLlmLayer) -> ClientBuilder {
                Client::builder().no_proxy().connector_layer(mock.connector())
            }

            async fn call(client: &Client) -> Result<Response, $reqwest::Error> {
                let body = Api::OpenAi.body("x", false).to_string();
                client.post(Api::OpenAi.url(false)).bearer_auth("k").body(body).send().await
            }

            /// The innermost cause.
            fn cause(error: &(dyn std::error::Error + 'static)) -> String {
                error.source().map_or_else(|| error.to_string(), cause)
            }

            #[tokio::test]
            async fn an_outage_is_genuine_errors_of_connecting_and_ends() {
                let mock = MockLlmLayer::new().rule(Rule::always().respond_with("ok"));
                let handle = mock.handle();
                let client = builder(&mock).build().unwrap();
                for (how, words) in [
                    (NoAnswer::Refused, "refuses connections to api.openai.com"),
                    (NoAnswer::Dns, "failed to lookup address information"),
                    (NoAnswer::Tls, "invalid peer certificate"),
                    (NoAnswer::Reset, "connection reset by peer"),
                    (NoAnswer::Closed, "handshake eof"),
                ] {
                    handle.fail_connects("API.openai.com", how);
                    let error = call(&client).await.unwrap_err();
                    assert!(error.is_connect() && error.is_request(), "{error:?}");
                    assert!(!error.is_timeout(), "{error:?}");
                    assert_eq!(error.url().unwrap().as_str(), Api::OpenAi.url(false));
                    let cause = cause(&error);
                    assert!(cause.contains(words), "{cause}");
                }
                // Nothing came to be answered.
                assert!(handle.received().is_empty());
                handle.mend_connects("api.openai.com");
                assert_eq!(call(&client).await.unwrap().status(), 200);
            }

            #[tokio::test]
            async fn who_never_gets_through_runs_into_its_own_timeout() {
                let mock = MockLlmLayer::new();
                mock.handle().fail_connects("api.openai.com", NoAnswer::Hang);
                let short = Duration::from_millis(50);
                let client = builder(&mock).connect_timeout(short).build().unwrap();
                let error = call(&client).await.unwrap_err();
                assert!(error.is_timeout() && error.is_connect(), "{error:?}");
            }

            #[tokio::test]
            async fn a_connection_that_is_cut_before_the_head() {
                for (how, kind, words) in [
                    (NoAnswer::Reset, Some(std::io::ErrorKind::ConnectionReset), "reset"),
                    (NoAnswer::Closed, None, "connection closed before message completed"),
                ] {
                    let mock = lost(how);
                    let client = builder(&mock).build().unwrap();
                    let error = call(&client).await.unwrap_err();
                    assert!(error.is_request() && !error.is_connect(), "{error:?}");
                    assert!(cause(&error).contains(words), "{error:?}");
                    if let Some(kind) = kind {
                        let mut source: &dyn std::error::Error = &error;
                        while let Some(inner) = source.source() {
                            source = inner;
                        }
                        let io = source.downcast_ref::<std::io::Error>().unwrap();
                        assert_eq!(io.kind(), kind);
                    }
                    let status = call(&client).await.unwrap().status();
                    assert_eq!(status, 200);
                    assert_eq!(mock.handle().received().len(), 2);
                }
            }

            #[tokio::test]
            async fn over_http2_only_the_request_is_cut() {
                let mock = lost(NoAnswer::Closed);
                let client = builder(&mock).http2_prior_knowledge().build().unwrap();
                let error = call(&client).await.unwrap_err();
                assert!(error.is_request() && !error.is_connect(), "{error:?}");
                assert_eq!(call(&client).await.unwrap().status(), 200);
            }

            #[tokio::test]
            async fn an_answer_that_never_begins() {
                let mock = lost(NoAnswer::Hang);
                let client = builder(&mock).timeout(Duration::from_millis(100)).build().unwrap();
                let error = call(&client).await.unwrap_err();
                assert!(error.is_timeout() && !error.is_connect(), "{error:?}");
                assert_eq!(call(&client).await.unwrap().status(), 200);
            }

            #[tokio::test]
            async fn what_a_socket_cannot_express_is_said() {
                for how in [NoAnswer::Dns, NoAnswer::Refused, NoAnswer::Tls] {
                    let client = builder(&lost(how)).build().unwrap();
                    let said = call(&client).await.unwrap();
                    assert_eq!(said.status(), 400, "{how}");
                    assert!(said.text().await.unwrap().contains("fail_connects"), "{how}");
                }
            }
        }
    };
}

#[cfg(all(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
tests!(v0_12, reqwest12);
#[cfg(all(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
tests!(v0_13, reqwest);
