//! What holds for every provider alike, through the layer.

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::{
    ApiError, Chunking, Delta, Finish, MockLlmLayer, Reply, ReplyStream, Rule, Usage,
};

/// How each provider is asked, and where its answers say things.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Api {
    Anthropic,
    Gemini,
    OpenAi,
}

const ALL: [Api; 3] = [Api::Anthropic, Api::Gemini, Api::OpenAi];

impl Api {
    fn url(self, stream: bool) -> &'static str {
        match (self, stream) {
            (Self::Anthropic, _) => "https://api.anthropic.com/v1/messages",
            (Self::Gemini, false) => {
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"
            }
            (Self::Gemini, true) => {
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
            }
            (Self::OpenAi, _) => "https://api.openai.com/v1/chat/completions",
        }
    }

    fn body(self, prompt: &str, stream: bool) -> Value {
        match self {
            Self::Anthropic => json!({
                "model": "claude-haiku-4-5", "max_tokens": 1000, "stream": stream,
                "messages": [{"role": "user", "content": prompt}],
            }),
            Self::Gemini => json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}]}),
            Self::OpenAi => json!({
                "model": "gpt-4o", "stream": stream, "stream_options": {"include_usage": true},
                "messages": [{"role": "user", "content": prompt}],
            }),
        }
    }

    /// With a tool that must be called.
    fn demanding(self, stream: bool) -> Value {
        let schema = json!({
            "type": "object", "required": ["city", "days"],
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        });
        let mut body = self.body("weather?", stream);
        match self {
            Self::Anthropic => {
                body["tools"] = json!([{"name": "weather", "input_schema": schema}]);
                body["tool_choice"] = json!({"type": "any"});
            }
            Self::Gemini => {
                body["tools"] =
                    json!([{"functionDeclarations": [{"name": "weather", "parameters": schema}]}]);
                body["toolConfig"] = json!({"functionCallingConfig": {"mode": "ANY"}});
            }
            Self::OpenAi => {
                body["tools"] = json!([{"type": "function", "function": {"name": "weather", "parameters": schema}}]);
                body["tool_choice"] = json!("required");
            }
        }
        body
    }

    /// Every delta of text in a whole answer or an event.
    fn texts(self, json: &Value) -> Vec<String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match self {
            Self::Anthropic => match json["content"].as_array() {
                Some(blocks) => blocks.iter().filter_map(|block| text(&block["text"])).collect(),
                None => text(&json["delta"]["text"]).into_iter().collect(),
            },
            Self::Gemini => json["candidates"][0]["content"]["parts"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|part| text(&part["text"]))
                .collect(),
            Self::OpenAi => {
                let choice = &json["choices"][0];
                text(&choice["message"]["content"])
                    .or(text(&choice["delta"]["content"]))
                    .into_iter()
                    .collect()
            }
        }
    }

    /// Input and output tokens.
    fn usage(self, json: &Value) -> Option<(u64, u64)> {
        let (object, input, output) = match self {
            Self::Anthropic => (&json["usage"], "input_tokens", "output_tokens"),
            Self::Gemini => (&json["usageMetadata"], "promptTokenCount", "candidatesTokenCount"),
            Self::OpenAi => (&json["usage"], "prompt_tokens", "completion_tokens"),
        };
        Some((object[input].as_u64()?, object[output].as_u64()?))
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    fn events(&self) -> Vec<Value> {
        let text = std::str::from_utf8(&self.bytes).unwrap();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter_map(|data| serde_json::from_str(data).ok()).collect()
    }
}

async fn send(layer: &MockLlmLayer, url: &str, body: String) -> Answer {
    let request = Request::post(url)
        .header("authorization", "Bearer key")
        .header("anthropic-version", "2023-06-01")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let response = layer.clone().into_service().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, bytes }
}

async fn ask(layer: &MockLlmLayer, api: Api, prompt: &str, stream: bool) -> Answer {
    let answer = send(layer, api.url(stream), api.body(prompt, stream).to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{api:?}: {:?}", answer.bytes);
    answer
}

#[tokio::test]
async fn the_default_reply_says_that_it_is_a_mock_and_streams_what_it_says_whole() {
    let layer = MockLlmLayer::new();
    for api in ALL {
        let whole = ask(&layer, api, "Why is the sky blue?", false).await.json();
        let text = api.texts(&whole).concat();
        assert!(text.contains("mock") && text.contains("Why is the sky blue?"), "{text}");

        let events = ask(&layer, api, "Why is the sky blue?", true).await.events();
        let deltas: Vec<String> = events.iter().flat_map(|event| api.texts(event)).collect();
        assert_eq!(deltas.concat(), text, "{api:?}");
        assert!(deltas.len() > 10, "{api:?} streams {} deltas", deltas.len());
        let last = events.iter().rev().find_map(|event| api.usage(event)).unwrap();
        let (input, output) = api.usage(&whole).unwrap();
        // Anthropic's last event repeats the input; the first tells it too.
        assert_eq!((last.0, last.1), (input, output), "{api:?}");
        assert_eq!(
            output,
            deltas.iter().filter(|delta| !delta.is_empty()).count() as u64,
            "{api:?}"
        );
    }
}

#[tokio::test]
async fn same_seed_and_request_same_bytes_and_other_seed_other_bytes() {
    for api in ALL {
        for stream in [false, true] {
            let one = ask(&MockLlmLayer::new(), api, "Hi", stream).await;
            let two = ask(&MockLlmLayer::new(), api, "Hi", stream).await;
            assert_eq!((&one.bytes, &one.headers), (&two.bytes, &two.headers), "{api:?}");
            let other = ask(&MockLlmLayer::new().seed(1), api, "Hi", stream).await;
            assert_ne!(one.bytes, other.bytes, "{api:?}");
        }
    }
}

#[tokio::test]
async fn the_default_reply_grows_with_the_prompt() {
    for api in ALL {
        let short = ask(&MockLlmLayer::new(), api, "Hi", false).await.json();
        let long = ask(&MockLlmLayer::new(), api, &"word ".repeat(400), false).await.json();
        let length = |json: &Value| api.texts(json).concat().len();
        assert!(length(&long) > length(&short) + 100, "{api:?}");
    }
}

#[tokio::test]
async fn a_tool_that_is_demanded_is_called() {
    for api in ALL {
        let layer = MockLlmLayer::new();
        let whole = send(&layer, api.url(false), api.demanding(false).to_string()).await.json();
        let (name, arguments) = match api {
            Api::Anthropic => (&whole["content"][0]["name"], whole["content"][0]["input"].clone()),
            Api::Gemini => {
                let call = &whole["candidates"][0]["content"]["parts"][0]["functionCall"];
                (&call["name"], call["args"].clone())
            }
            Api::OpenAi => {
                let call = &whole["choices"][0]["message"]["tool_calls"][0]["function"];
                let arguments = call["arguments"].as_str().unwrap();
                (&call["name"], serde_json::from_str(arguments).unwrap())
            }
        };
        assert_eq!(name, "weather");
        assert!(arguments["city"].is_string() && arguments["days"].is_i64(), "{arguments}");
        assert_eq!(arguments.as_object().unwrap().len(), 2);
        let streamed = send(&layer, api.url(true), api.demanding(true).to_string()).await;
        assert!(streamed.events().iter().any(|event| event.to_string().contains("\"weather\"")));
    }
}

#[tokio::test]
async fn chunks_are_words_or_characters_by_choice() {
    let text = "Zwölf Boxkämpfer jagen 👋🏽 Viktor.";
    for api in ALL {
        for (by, longest) in
            [(Chunking::Words, 2), (Chunking::Chars(3), 3), (Chunking::Chars(1), 1)]
        {
            let layer = MockLlmLayer::new()
                .chunking(by)
                .rule(Rule::always().respond_with(Reply::text(text)));
            let events = ask(&layer, api, "x", true).await.events();
            let deltas: Vec<String> = events.iter().flat_map(|event| api.texts(event)).collect();
            assert_eq!(deltas.concat(), text, "{api:?} {by:?}");
            if let Chunking::Chars(_) = by {
                let is_short = |delta: &String| delta.chars().count() <= longest;
                assert!(deltas.iter().all(is_short), "{api:?} {by:?} {deltas:?}");
            } else {
                let full: Vec<_> = deltas.iter().filter(|delta| !delta.is_empty()).collect();
                assert_eq!(full.len(), 5, "{api:?} {deltas:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_users_stream_is_sent_as_it_comes_and_collected_for_those_who_want_it_whole() {
    let layer = MockLlmLayer::new().rule(Rule::always().respond_fn(|request| {
        let words = vec![
            Delta::from("You said "),
            Delta::from(request.last_user().into_owned()),
            Delta::ToolCall { id: None, name: "look".into() },
            Delta::Arguments("{\"a\"".into()),
            Delta::Arguments(":1}".into()),
            Delta::Finish(Finish::Length),
        ];
        ReplyStream::new(futures::stream::iter(words))
    }));
    for api in ALL {
        let whole = ask(&layer, api, "it", false).await.json();
        assert_eq!(api.texts(&whole).concat(), "You said it", "{api:?}");
        assert!(whole.to_string().contains("look"), "{api:?}");
        let events = ask(&layer, api, "it", true).await.events();
        let deltas: Vec<String> = events.iter().flat_map(|event| api.texts(event)).collect();
        assert_eq!(deltas.concat(), "You said it", "{api:?}");
        let ends = ["\"length\"", "\"max_tokens\"", "\"MAX_TOKENS\""];
        for json in [whole.to_string(), events.iter().map(Value::to_string).collect()] {
            assert!(ends.iter().any(|end| json.contains(end)), "{api:?} {json}");
        }
    }
}

#[tokio::test]
async fn usage_given_by_hand_is_reported() {
    let reply = Reply::text("x").usage(Usage::new(12, 34));
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with(reply));
    for api in ALL {
        assert_eq!(
            api.usage(&ask(&layer, api, "x", false).await.json()),
            Some((12, 34)),
            "{api:?}"
        );
    }
}

#[tokio::test]
async fn a_request_that_is_no_json_or_has_no_key_is_refused_in_the_vendors_envelope() {
    let layer = MockLlmLayer::new();
    for (api, malformed, keyless) in
        [(Api::Anthropic, 400, 401), (Api::Gemini, 400, 403), (Api::OpenAi, 400, 401)]
    {
        for body in ["{", "", "\u{0}", &"[".repeat(1_000_000), &"{\"a\":".repeat(300_000)] {
            let answer = send(&layer, api.url(false), body.to_owned()).await;
            assert_eq!(answer.status, malformed, "{api:?}");
            assert!(answer.json()["error"]["message"].is_string(), "{api:?}");
        }
        let request = Request::post(api.url(false))
            .header("anthropic-version", "2023-06-01")
            .body(Full::<Bytes>::from(api.body("x", false).to_string()))
            .unwrap();
        let response = layer.clone().into_service().oneshot(request).await.unwrap();
        assert_eq!(response.status(), keyless, "{api:?}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let layer = MockLlmLayer::new().max_request_body(1000);
    for (api, status) in [(Api::Anthropic, 413), (Api::Gemini, 400), (Api::OpenAi, 413)] {
        let body = api.body(&"x".repeat(1000), false).to_string();
        let answer = send(&layer, api.url(false), body).await;
        assert_eq!(answer.status, status, "{api:?}");
        assert!(answer.json()["error"]["message"].is_string(), "{api:?}");
    }
}

#[tokio::test]
async fn errors_by_rule_come_in_each_vendors_words() {
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with(ApiError::overloaded()));
    for (api, status, word) in [
        (Api::Anthropic, 529, "overloaded_error"),
        (Api::Gemini, 503, "UNAVAILABLE"),
        (Api::OpenAi, 503, "server_is_overloaded"),
    ] {
        for stream in [false, true] {
            let answer = send(&layer, api.url(stream), api.body("x", stream).to_string()).await;
            assert_eq!(answer.status.as_u16(), status, "{api:?}");
            assert!(answer.json()["error"].to_string().contains(word), "{api:?}");
        }
    }
}

#[tokio::test]
async fn the_clients_limits_are_kept() {
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with("one two END three"));
    for (api, limit, stop) in [
        (Api::Anthropic, "/max_tokens", "/stop_sequences"),
        (Api::Gemini, "/generationConfig/maxOutputTokens", "/generationConfig/stopSequences"),
        (Api::OpenAi, "/max_completion_tokens", "/stop"),
    ] {
        for (at, value, text, ends) in [
            (limit, json!(1), "one", ["length", "max_tokens", "MAX_TOKENS"]),
            (stop, json!(["END", "nothing"]), "one two ", ["stop", "stop_sequence", "STOP"]),
        ] {
            for stream in [false, true] {
                let mut body = api.body("x", stream);
                body["generationConfig"] = match api {
                    Api::Gemini => json!({}),
                    _ => Value::Null,
                };
                let (parent, key) = at.rsplit_once('/').unwrap();
                body.pointer_mut(parent).unwrap()[key] = value.clone();
                if api != Api::Gemini {
                    body.as_object_mut().unwrap().remove("generationConfig");
                }
                let answer = send(&layer, api.url(stream), body.to_string()).await;
                let events = if stream { answer.events() } else { vec![answer.json()] };
                let said: String = events.iter().flat_map(|event| api.texts(event)).collect();
                assert_eq!(said, text, "{api:?} {at} {stream}");
                let all: String = events.iter().map(Value::to_string).collect();
                assert!(ends.iter().any(|end| all.contains(&format!("\"{end}\""))), "{all}");
            }
        }
    }
}
