//! What stands in for the providers: recorded traffic, and whatever a test says.

use std::collections::{BTreeMap, VecDeque};
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
use serde_json::Value;
use serde_json::value::RawValue;
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
    request: Option<Value>,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    #[serde(deserialize_with = "text")]
    pub(crate) body: Bytes,
}

fn text<'de, D: serde::Deserializer<'de>>(body: D) -> Result<Bytes, D::Error> {
    String::deserialize(body).map(Bytes::from)
}

/// The body of a response in the library: one of these.
#[derive(Deserialize)]
struct LibraryBody {
    base64: Option<String>,
    body: Option<Box<RawValue>>,
    body_raw: Option<String>,
    stream: Option<String>,
}

impl LibraryBody {
    fn bytes(self) -> Option<Bytes> {
        let text = self.stream.or(self.body_raw).or(self.body.map(|body| body.get().to_owned()));
        text.map(Bytes::from).or_else(|| self.base64.as_deref().map(from_base64))
    }
}

fn from_base64(text: &str) -> Bytes {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = |byte: u8| LETTERS.iter().position(|letter| *letter == byte).unwrap() as u32;
    let mut bytes = Vec::new();
    for four in text.trim_end_matches('=').as_bytes().chunks(4) {
        let number = four.iter().fold(0, |number, byte| number << 6 | bits(*byte));
        let number = number << (6 * (4 - four.len()));
        bytes.extend(&number.to_be_bytes()[1..four.len()]);
    }
    bytes.into()
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

    /// All of these providers that are in the library of recorded traffic: the folder that
    /// `WIRE_RECORDINGS` names, or `../shared/wire/recordings` beside the crate. It is not a part of the
    /// repository; where it is missing, those in `golden` must do.
    pub(crate) fn library(providers: &[&str]) -> Vec<(String, Self)> {
        let folder = std::env::var_os("WIRE_RECORDINGS").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/wire/recordings"),
            PathBuf::from,
        );
        if !folder.is_dir() {
            return Self::all();
        }
        let mut all = Vec::new();
        for provider in providers {
            for file in std::fs::read_dir(folder.join(provider)).unwrap() {
                let path = file.unwrap().path();
                let name = format!("{provider}-{}", path.file_stem().unwrap().to_str().unwrap());
                let text = std::fs::read_to_string(&path).unwrap();
                all.extend(Self::of_library(&text).map(|exchange| (name, exchange)));
            }
        }
        all.sort_by(|a, b| a.0.cmp(&b.0));
        assert!(all.len() > 50, "{}", all.len());
        all
    }

    /// Nothing, for a file of which only the response is known, or no frames.
    fn of_library(text: &str) -> Option<Self> {
        let file: Value = serde_json::from_str(text).unwrap();
        let (request, response) = (&file["request"], &file["response"]);
        // Values keep no order of fields, and numbers not their form.
        let raw: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap();
        let body: LibraryBody = serde_json::from_str(raw["response"].get()).unwrap();
        let headers = response["headers"].as_object()?;
        // A secret is masked wherever else it stands; this word stands in bodies too.
        let header = |name: &str, value: &Value| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.to_owned(), value.replace("<redacted>", "what-was-here"))
        };
        let headers = headers.iter().flat_map(|(name, values)| {
            let values = values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice);
            values.iter().map(|value| header(name, value)).collect::<Vec<_>>()
        });
        Some(Self {
            method: request["method"].as_str()?.to_owned(),
            url: request["url"].as_str()?.to_owned(),
            request: Some(request["body"].clone()).filter(|body| !body.is_null()),
            status: u16::try_from(response["status"].as_u64()?).unwrap(),
            headers: headers.collect(),
            body: body.bytes()?,
        })
    }

    /// The body of the request.
    pub(crate) fn asked(&self) -> String {
        match &self.request {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        }
    }

    pub(crate) fn request(&self) -> Req {
        let body = self.asked();
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
        let mut rest = self.body.clone();
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
            assert_eq!(sent, exchange.asked());
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
