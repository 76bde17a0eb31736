//! Stacks of `http` requests: hyper's client, tower-http, axum.

mod common;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use common::{CHAT, Echo, body, deltas, echo, says, streamed, text, unary};
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_http::decompression::DecompressionLayer;
use tower_http::follow_redirect::FollowRedirectLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tower_mock_llm::{MockLlmLayer, Mode, Pace, Unmatched};

fn hyper() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

fn post<B: From<String>>(url: &str, body: String) -> Request<B> {
    Request::post(url)
        .header("authorization", "Bearer sk-test")
        .body(body.into())
        .expect("well-formed")
}

async fn read<B>(response: Response<B>) -> String
where
    B: Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let bytes = response.into_body().collect().await.expect("well-formed").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("well-formed")
}

#[tokio::test]
async fn over_hypers_client() {
    let mock = says("pong");
    let mut stack = mock.layer(hyper());
    let whole = stack.ready().await.unwrap().call(post(CHAT, unary())).await;
    let whole = whole.unwrap();
    assert!(whole.body().is_mock());
    assert!(whole.body().size_hint().exact().is_some());
    assert_eq!(text(&read(whole).await), "pong");
    let stream = stack.call(post(CHAT, streamed())).await.unwrap();
    assert_eq!(deltas(&read(stream).await).concat(), "pong");

    let echo = Echo::start();
    let large = "x".repeat(1_000_000);
    let other = stack.call(post(&echo.url("/a?b"), large.clone())).await.unwrap();
    assert!(!other.body().is_mock());
    assert_eq!(read(other).await, format!("POST /a\n{large}"));

    mock.handle().set_mode(Mode::Off);
    let live = stack.call(post(&echo.url("/v1/chat/completions"), unary())).await;
    assert!(!live.unwrap().body().is_mock());
    mock.handle().set_mode(Mode::Mock);
    let again = stack.call(post(&echo.url("/v1/chat/completions"), unary())).await;
    assert!(again.unwrap().body().is_mock());
    assert_eq!(echo.calls(), 2);
}

#[tokio::test]
async fn under_tower_http() {
    let echo = Echo::start();
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(5)))
        .layer(DecompressionLayer::new())
        .layer(FollowRedirectLayer::new())
        .layer(says("pong"))
        .service(hyper());
    let whole = stack.clone().oneshot(post(CHAT, unary())).await.unwrap();
    assert_eq!(text(&read(whole).await), "pong");
    let stream = stack.clone().oneshot(post(CHAT, streamed())).await.unwrap();
    assert_eq!(deltas(&read(stream).await).concat(), "pong");
    let other = stack.oneshot(post(&echo.url("/a"), "body".to_owned())).await;
    assert_eq!(read(other.unwrap()).await, "POST /a\nbody");
}

#[tokio::test(start_paused = true)]
async fn an_outer_timeout_is_in_force() {
    let late = Pace::new(Duration::from_secs(30), Duration::ZERO);
    let stack = ServiceBuilder::new()
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(5)))
        .layer(says("pong").pace(late))
        .service(hyper());
    let answer = stack.oneshot(post(CHAT, unary())).await.unwrap();
    assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn around_a_router() {
    let calls = Arc::new(AtomicUsize::new(0));
    let stack = says("pong").layer(echo(Arc::clone(&calls)));
    let whole = stack.clone().oneshot(post::<axum::body::Body>(CHAT, unary())).await;
    assert_eq!(text(&read(whole.unwrap()).await), "pong");
    let other = post::<axum::body::Body>("/a", "body".to_owned());
    assert_eq!(read(stack.oneshot(other).await.unwrap()).await, "POST /a\nbody");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn in_a_router_as_fallback_and_as_layer() {
    let pages = || Router::new().route("/", get(|| async { "a page" }));
    let fallback = pages().fallback_service(says("pong").into_service());
    let layered = pages().layer(says("pong"));
    for router in [fallback, layered] {
        let page = Request::get("/").body(axum::body::Body::empty()).unwrap();
        let page = router.clone().oneshot(page).await.unwrap();
        assert_eq!(read(page).await, "a page");
        // A Router's layers run for the routes that it has; what it has not goes to the fallback,
        // around which they stand as well.
        let whole = post::<axum::body::Body>("/v1/chat/completions", unary());
        let whole = router.clone().oneshot(whole).await.unwrap();
        assert_eq!(text(&read(whole).await), "pong");
        let stream =
            router.oneshot(post::<axum::body::Body>("/v1/chat/completions", streamed())).await;
        assert_eq!(deltas(&read(stream.unwrap()).await).concat(), "pong");
    }
}

#[tokio::test]
async fn an_unknown_endpoint_of_a_provider_never_reaches_the_inner_service() {
    let calls = AtomicUsize::new(0);
    let inner = service_fn(|_: Request<Full<Bytes>>| {
        calls.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
    });
    for (url, status) in [
        ("https://api.openai.com/v1/dreams", 404),
        ("https://API.OPENAI.COM:443/", 404),
        (CHAT, 413),
    ] {
        let stack = MockLlmLayer::new().max_request_body(10).layer(inner);
        let refused = stack.oneshot(post(url, body("hi", false))).await.unwrap();
        assert_eq!(refused.status(), status, "{url}");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    let open = MockLlmLayer::new().unmatched(Unmatched::Forward).layer(inner);
    let unknown = post("https://api.openai.com/v1/dreams", String::new());
    assert_eq!(open.oneshot(unknown).await.unwrap().status(), 200);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}
