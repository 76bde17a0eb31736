//! An agent with tools, five turns long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tower::{Layer, Service};
use tower_mock_llm::MockLlmLayer;
use tower_mock_llm::cassette::{Cassette, DifferenceClass, RecordMode};

use crate::upstream::{Req, Res, Scratch, call, chat, joined, says};

/// Two calls in each of four turns, then the answer. The ids are never the same twice.
fn model(
    ids: Arc<AtomicUsize>,
) -> impl Service<Req, Response = Res, Error = std::convert::Infallible, Future: Send> + Clone {
    says(move |asked| {
        let asked: Value = serde_json::from_str(&asked).unwrap();
        let messages = asked["messages"].as_array().unwrap();
        let results: Vec<_> = messages.iter().filter(|it| it["role"] == "tool").collect();
        let turn = results.len() / 2;
        let tool = |city: &str| {
            let id = format!("call_{}", ids.fetch_add(1, Ordering::SeqCst));
            let arguments = json!({"city": city, "day": turn}).to_string();
            json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": arguments}})
        };
        let message = match turn {
            4 => json!({"role": "assistant", "content": format!("{} results", results.len())}),
            _ => json!({"role": "assistant", "content": null,
                        "tool_calls": [tool("Rome"), tool("Oslo")]}),
        };
        json!({"choices": [{"index": 0, "message": message}]}).to_string()
    })
}

/// Runs until there is a text, or an error. Calls get ids of the agent's own, as some frameworks do.
async fn agent<S, B>(service: S, prompt: &str, run: usize) -> Vec<String>
where
    S: Service<Req, Response = http::Response<B>, Error: std::fmt::Debug> + Clone,
    B: http_body::Body<Data = bytes::Bytes, Error: std::fmt::Debug> + Unpin,
{
    let mut messages = vec![json!({"role": "user", "content": prompt})];
    let mut said = Vec::new();
    loop {
        let body = json!({"model": "gpt-4o", "messages": messages, "user": format!("run {run}")});
        let (parts, frames) = call(service.clone(), chat(body.to_string())).await;
        said.push(joined(&frames));
        let answer: Value = serde_json::from_str(said.last().unwrap()).unwrap();
        let mut message = answer["choices"][0]["message"].clone();
        if parts.status != 200 || message["tool_calls"].is_null() {
            return said;
        }
        let mut results = Vec::new();
        for tool in message["tool_calls"].as_array_mut().unwrap() {
            let id = format!("run-{run}-{}", tool["id"].as_str().unwrap());
            results.push(json!({"role": "tool", "tool_call_id": id,
                                "content": format!("sunny: {}", tool["function"]["arguments"])}));
            tool["id"] = id.into();
        }
        messages.push(message);
        messages.extend(results);
    }
}

#[tokio::test]
async fn five_turns_with_parallel_tools_are_replayed_and_a_changed_prompt_is_told() {
    let scratch = Scratch::new("agent");
    let path = scratch.file("agent.jsonl");
    let ids = Arc::new(AtomicUsize::new(0));
    let recording = |cassette: Cassette| {
        MockLlmLayer::new().cassette(cassette).recording().layer(model(Arc::clone(&ids)))
    };
    let open = || Cassette::open(&path).unwrap();
    let recorded =
        agent(recording(open().mode(RecordMode::RecordMissing)), "Plan a trip.", 1).await;
    assert_eq!(recorded.len(), 5);
    assert!(recorded[4].contains("8 results"));

    // Nothing behind it.
    let cassette = open();
    let replayed =
        agent(MockLlmLayer::new().cassette(cassette.clone()).into_service(), "Plan a trip.", 2)
            .await;
    assert_eq!(replayed, recorded);
    assert!(cassette.unused().is_empty());

    // Twice is once too often, unless it is said.
    let layer = MockLlmLayer::new().cassette(cassette.clone());
    let again = agent(layer.into_service(), "Plan a trip.", 3).await;
    assert_eq!(again.len(), 1);
    assert!(again[0].contains("has 1 recording(s)"), "{}", again[0]);
    let layer = MockLlmLayer::new().cassette(cassette.clone().repeat(true));
    assert_eq!(agent(layer.into_service(), "Plan a trip.", 4).await, recorded);
    cassette.rewind();
    assert_eq!(cassette.unused().len(), 5);
    let layer = MockLlmLayer::new().cassette(open());
    assert_eq!(agent(layer.into_service(), "Plan a trip.", 5).await, recorded);

    // Even a stack that could record does not in this mode.
    let before = std::fs::read(&path).unwrap();
    let cassette = open();
    let layer = MockLlmLayer::new().cassette(cassette.clone());
    let handle = layer.handle();
    let stack = layer.recording().layer(model(Arc::clone(&ids)));
    let changed = agent(stack, "Plan a journey.", 6).await;
    assert_eq!(changed.len(), 1);
    for part in [
        "agent.jsonl:2, differs: prompt at /messages/0/content: ",
        r#"recorded \"Plan a trip.\", asked \"Plan a journey.\". Nothing was sent."#,
        "MOCK_LLM=record_missing",
    ] {
        // In OpenAI's envelope, as JSON.
        let error: Value = serde_json::from_str(&changed[0]).unwrap();
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(&part.replace("\\\"", "\"")), "{message}");
        assert!(handle.check().unwrap_err().to_string().contains(message));
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let body = json!({"model": "gpt-5", "messages": [{"role": "user", "content": "Plan a trip."}]});
    let differences = cassette.compare(body.to_string()).unwrap();
    assert_eq!(
        (&*differences[0].pointer, differences[0].class),
        ("/model", DifferenceClass::Model)
    );
}
