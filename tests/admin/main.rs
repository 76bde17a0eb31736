//! The admin side of a server, over its socket.
#![cfg(all(feature = "server", feature = "config", feature = "reqwest-0_13"))]

#[expect(dead_code, reason = "shared with other tests")]
#[path = "../common/mod.rs"]
mod common;

mod calls;
mod guard;
mod metrics;
mod rules;
mod switches;

use serde_json::Value;
use tower_mock_llm::{MockLlmLayer, MockServer};

/// A server, and a client that waits.
struct Admin {
    server: MockServer,
    client: reqwest::blocking::Client,
}

impl Admin {
    fn of(layer: MockLlmLayer) -> Self {
        Self::at(layer.serve().unwrap())
    }

    fn at(server: MockServer) -> Self {
        Self { server, client: reqwest::blocking::Client::new() }
    }

    fn request(&self, method: &str, path: &str) -> reqwest::blocking::RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("{}{path}", self.server.url()))
    }

    /// Status and body.
    fn send(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let response = self.request(method, path).body(body.to_owned()).send().unwrap();
        let (status, text) = (response.status().as_u16(), response.text().unwrap());
        (status, serde_json::from_str(&text).expect(&text))
    }

    fn get(&self, path: &str) -> Value {
        let (status, json) = self.send("GET", path, "");
        assert_eq!(status, 200, "{json}");
        json
    }

    /// A call to OpenAI's API, and what it is answered.
    fn chat(&self, key: &str, body: &str) -> (u16, String) {
        let response = self
            .request("POST", "/v1/chat/completions")
            .bearer_auth(key)
            .body(body.to_owned())
            .send()
            .unwrap();
        (response.status().as_u16(), response.text().unwrap_or_default())
    }

    /// Waits until all answers are over: the last byte may be here before the server has seen so.
    fn settle(&self) {
        while self.get("/__mock/summary")["in_flight"] != 0 {
            std::thread::yield_now();
        }
    }
}

fn message(error: &Value) -> &str {
    error["error"]["message"].as_str().unwrap()
}
