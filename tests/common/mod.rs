//! What the tests of several surfaces share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tower_mock_llm::{MockLlmLayer, Rule};

pub(crate) const CHAT: &str = "https://api.openai.com/v1/chat/completions";

/// A layer that says this to everything.
pub(crate) fn says(text: &str) -> MockLlmLayer {
    MockLlmLayer::new().rule(Rule::always().respond_with(text))
}

pub(crate) fn unary() -> String {
    body("hi", false)
}

pub(crate) fn streamed() -> String {
    body("hi", true)
}

pub(crate) fn body(text: &str, stream: bool) -> String {
    serde_json::json!({
        "model": "gpt-4o",
        "stream": stream,
        "messages": [{"role": "user", "content": text}],
    })
    .to_string()
}

/// The text of a whole answer.
pub(crate) fn text(answer: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(answer).expect(answer);
    json["choices"][0]["message"]["content"].as_str().expect(answer).to_owned()
}

/// The deltas of a streamed answer.
pub(crate) fn deltas(stream: &str) -> Vec<String> {
    assert!(stream.ends_with("data: [DONE]\n\n"), "{stream}");
    stream
        .split("\n\n")
        .filter_map(|frame| frame.strip_prefix("data: "))
        .filter_map(|data| serde_json::from_str::<serde_json::Value>(data).ok())
        .filter_map(|json| {
            let content = json["choices"][0]["delta"]["content"].as_str()?;
            (!content.is_empty()).then(|| content.to_owned())
        })
        .collect()
}

/// A server that is not the mock: it sends back what it got, and counts.
pub(crate) struct Echo {
    pub(crate) addr: std::net::SocketAddr,
    pub(crate) calls: Arc<AtomicUsize>,
}

impl Echo {
    /// Runs on a thread of its own until the process ends.
    pub(crate) fn start() -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a server to call");
        let addr = listener.local_addr().expect("a server to call");
        listener.set_nonblocking(true).expect("a server to call");
        let router = echo(Arc::clone(&calls));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a server to call");
            runtime.block_on(async move {
                let listener =
                    tokio::net::TcpListener::from_std(listener).expect("a server to call");
                axum::serve(listener, router).await.expect("a server to call");
            });
        });
        Self { addr, calls }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// Sends back `METHOD path` and the body.
pub(crate) fn echo(calls: Arc<AtomicUsize>) -> axum::Router {
    axum::Router::new().fallback(move |request: axum::extract::Request| {
        calls.fetch_add(1, Ordering::SeqCst);
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.expect("a server to call");
            let body = String::from_utf8_lossy(&body).into_owned();
            format!("{} {}\n{body}", parts.method, parts.uri.path())
        }
    })
}
