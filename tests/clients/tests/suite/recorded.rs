//! A real agent, recorded and replayed: five turns, two tools at once in four of them.

use std::path::PathBuf;

use client_tests::async_openai::AsyncOpenAi;
use client_tests::{Res, TOOL};
use serde_json::json;
use tower_mock_llm::cassette::{Cassette, RecordMode};
use tower_mock_llm::{MockLlmLayer, MockServer, Reply, Rule, turn};

use crate::agent::ask;

/// A file that is gone in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("tower-mock-llm-{name}-{}.jsonl", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        Self(path)
    }

    fn open(&self, mode: RecordMode) -> Cassette {
        Cassette::open(&self.0).unwrap().mode(mode)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Stands for the provider, over a socket.
fn provider() -> MockServer {
    let call = |city: &str| json!({"city": city});
    let look = |turn: usize| {
        Reply::text(format!("Looking, {turn}."))
            .tool_call(TOOL, call(&format!("Bergen {turn}")))
            .tool_call(TOOL, call(&format!("Oslo {turn}")))
    };
    let mut layer = MockLlmLayer::new();
    for number in 1..=4 {
        layer = layer.rule(Rule::when(turn(number)).respond_with(look(number)));
    }
    layer.rule(Rule::when(turn(5)).respond_with("Take it.")).serve().unwrap()
}

async fn agent(client: &AsyncOpenAi, question: &str) -> Res<String> {
    ask(client, question).await
}

#[tokio::test]
async fn an_agent_is_recorded_and_replayed_and_told_of_a_changed_prompt() {
    let scratch = Scratch::new("agent");
    let live = provider();
    let cassette = scratch.open(RecordMode::RecordMissing);
    let layer = MockLlmLayer::new().cassette(cassette.clone());
    let client = AsyncOpenAi::recording(&layer, live.addr());
    assert_eq!(agent(&client, "Do I need an umbrella?").await.unwrap(), "Take it.");
    assert_eq!((cassette.len(), live.handle().received().len()), (5, 5));
    layer.handle().verify();
    live.shutdown();

    // Nothing is behind these.
    let by_layer = |layer: &MockLlmLayer| AsyncOpenAi::layered(layer);
    let by_connector = |layer: &MockLlmLayer| AsyncOpenAi::connected(layer);
    for client in [by_layer, by_connector as fn(&MockLlmLayer) -> AsyncOpenAi] {
        let cassette = scratch.open(RecordMode::Replay);
        let layer = MockLlmLayer::new().cassette(cassette.clone());
        assert_eq!(agent(&client(&layer), "Do I need an umbrella?").await.unwrap(), "Take it.");
        assert!(cassette.unused().is_empty());
        let handle = layer.handle();
        handle.verify();
        assert!(handle.received().iter().all(|received| received.replayed.is_some()));

        let error = agent(&client(&layer), "Do I need a coat?").await.unwrap_err().to_string();
        let why = r#"prompt at /messages/0/content: recorded "Do I need an umbrella?", asked "Do I need a coat?""#;
        assert!(error.contains(why), "{error}");
        assert!(handle.check().unwrap_err().to_string().contains(why));
    }
}
