//! What stands in for the providers: recorded traffic, and whatever a test says.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use serde::Deserialize;
use tower::{Service, ServiceExt, service_fn};
use tower_mock_llm::BoxError;

pub(crate) type Req = Request<Full<Bytes>>;
type Frames = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, BoxError>> + Send>>;
pub(crate) type Res = Response<StreamBody<Frames>>;

/// A recorded exchange.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) request: Option<serde_json::Value>,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Exchange {
    /// All that are in `golden`.
    pub(crate) fn all() -> Vec<(String, Self)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cassettes/golden");
        let mut all: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
            .map(|path| {
                let exchange = serde_json::from_str(&std::fs::read_to_string(&path).unwrap());
                (path.file_stem().unwrap().to_str().unwrap().to_owned(), exchange.unwrap())
            })
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(all.len(), 13);
        all
    }

    pub(crate) fn request(&self) -> Req {
        let body = self.request.as_ref().map_or(String::new(), ToString::to_string);
        Request::builder()
            .method(self.method.as_str())
            .uri(&self.url)
            .header("authorization", "Bearer any")
            .header("x-api-key", "any")
            .header("x-goog-api-key", "any")
            .header("anthropic-version", "2023-06-01")
            .header("content-type", "application/json")
            .body(Full::from(body))
            .unwrap()
    }

    /// The headers, but for what the connection made.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let made = ["content-encoding", "content-length", "transfer-encoding", "connection"];
        let headers = self.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
        headers.filter(|(name, _)| !made.contains(&name.as_str())).collect()
    }

    /// The body in pieces as a network might cut it: in the middle of events and characters too.
    pub(crate) fn frames(&self) -> Vec<Bytes> {
        let mut rest = Bytes::from(self.body.clone());
        let mut sizes = [61, 5, 333, 120, 7, 400, 1].into_iter().cycle();
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let size = sizes.next().unwrap_or(1).min(rest.len());
            frames.push(rest.split_to(size));
        }
        frames
    }
}

/// A body with this long before each frame.
pub(crate) fn body(frames: Vec<Result<Bytes, BoxError>>, gap: Duration) -> StreamBody<Frames> {
    let frames = stream::unfold(VecDeque::from(frames), move |mut frames| async move {
        let frame = frames.pop_front()?;
        wait(gap).await;
        Some((frame.map(Frame::data), frames))
    });
    StreamBody::new(frames.boxed())
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        let _ = tokio::time::timeout(time, pending::<()>()).await;
    }
}

/// A provider that answers with this exchange and counts.
pub(crate) fn upstream(
    exchange: Exchange,
    head: Duration,
    gap: Duration,
    calls: Arc<AtomicUsize>,
) -> impl Service<Req, Response = Res, Error = Infallible, Future: Send> + Clone {
    service_fn(move |request: Req| {
        calls.fetch_add(1, Ordering::SeqCst);
        let exchange = exchange.clone();
        async move {
            let sent = request.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(sent, exchange.request.as_ref().map_or(String::new(), |it| it.to_string()));
            wait(head).await;
            let mut response = Response::builder().status(exchange.status);
            for (name, value) in exchange.headers() {
                response = response.header(name, value);
            }
            let frames = exchange.frames().into_iter().map(Ok).collect();
            Ok(response.body(body(frames, gap)).unwrap())
        }
    })
}

/// A provider that answers each request, given as text, with a text.
pub(crate) fn says(
    answer: impl Fn(String) -> String + Clone + Send + 'static,
) -> impl Service<Req, Response = Res, Error = Infallible, Future: Send> + Clone {
    service_fn(move |request: Req| {
        let answer = answer.clone();
        async move {
            let asked = request.into_body().collect().await.unwrap().to_bytes();
            let said = answer(String::from_utf8(asked.to_vec()).unwrap());
            let said = body(vec![Ok(said.into())], Duration::ZERO);
            Ok(Response::builder().header("content-type", "application/json").body(said).unwrap())
        }
    })
}

/// Sends one request and reads the answer's frames.
pub(crate) async fn call<S, B>(service: S, request: Req) -> (http::response::Parts, Vec<Bytes>)
where
    S: Service<Req, Response = Response<B>, Error: std::fmt::Debug>,
    B: Body<Data = Bytes, Error: std::fmt::Debug> + Unpin,
{
    let (parts, mut body) = service.oneshot(request).await.unwrap().into_parts();
    let mut frames = Vec::new();
    while let Some(frame) = body.frame().await {
        frames.push(frame.unwrap().into_data().unwrap());
    }
    (parts, frames)
}

pub(crate) fn chat(body: impl Into<String>) -> Req {
    Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer any")
        .header("content-type", "application/json")
        .body(Full::from(body.into()))
        .unwrap()
}

pub(crate) fn ask(text: &str) -> Req {
    let messages = serde_json::json!([{"role": "user", "content": text}]);
    chat(serde_json::json!({"model": "gpt-4o", "messages": messages}).to_string())
}

pub(crate) fn joined(frames: &[Bytes]) -> String {
    String::from_utf8(frames.concat()).unwrap()
}

/// A folder that is empty, and gone in the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("tower-mock-llm-cassettes-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
