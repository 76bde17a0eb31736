//! Forms that the request demands: replies that do not fit are refused, near misses are said, and
//! what the client allows is kept, at each vendor.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::respond::{CallToolsOnce, NearMiss, StructuredOutput};
use tower_mock_llm::{
    Answer, Delta, Fault, Finish, MockLlmLayer, Part, Reply, ReplyStream, Rule, Script, ToolCall,
};

const VENDORS: [Vendor; 3] = [Vendor::OpenAi, Vendor::Anthropic, Vendor::Gemini];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Vendor {
    OpenAi,
    Anthropic,
    Gemini,
}

/// A request: what it demands, and what came back.
#[derive(Clone, Debug, Default)]
struct Ask {
    schema: Option<Value>,
    tools: Vec<(&'static str, Value)>,
    /// Called for, where one must be.
    required: bool,
    single: bool,
    stream: bool,
    more: Value,
}

impl Ask {
    fn form(schema: Value) -> Self {
        Self { schema: Some(schema), ..Self::default() }
    }

    fn tool(name: &'static str, schema: Value) -> Self {
        Self { tools: vec![(name, schema)], ..Self::default() }
    }

    fn body(&self, vendor: Vendor) -> Value {
        let mut body = match vendor {
            Vendor::Gemini => json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}]}),
            _ => json!({"model": "m", "messages": [{"role": "user", "content": "x"}]}),
        };
        let schema = self.schema.as_ref();
        match vendor {
            Vendor::OpenAi => {
                let tool = |(name, schema): &(&str, Value)| {
                    json!({"type": "function", "function":
                        {"name": name, "parameters": schema, "strict": true}})
                };
                if let Some(schema) = schema {
                    body["response_format"] = json!({"type": "json_schema", "json_schema":
                        {"name": "it", "strict": true, "schema": schema}});
                }
                if !self.tools.is_empty() {
                    body["tools"] = self.tools.iter().map(tool).collect();
                    body["parallel_tool_calls"] = json!(!self.single);
                    body["tool_choice"] = json!(if self.required { "required" } else { "auto" });
                }
                body["stream"] = json!(self.stream);
            }
            Vendor::Anthropic => {
                let tool = |(name, schema): &(&str, Value)| json!({"name": name, "input_schema": schema, "strict": true});
                body["max_tokens"] = json!(10_000);
                if let Some(schema) = schema {
                    body["output_config"] =
                        json!({"format": {"type": "json_schema", "schema": schema}});
                }
                if !self.tools.is_empty() {
                    body["tools"] = self.tools.iter().map(tool).collect();
                    let kind = if self.required { "any" } else { "auto" };
                    body["tool_choice"] =
                        json!({"type": kind, "disable_parallel_tool_use": self.single});
                }
                body["stream"] = json!(self.stream);
            }
            Vendor::Gemini => {
                let tool = |(name, schema): &(&str, Value)| json!({"name": name, "parametersJsonSchema": schema});
                if let Some(schema) = schema {
                    body["generationConfig"] = json!({"responseMimeType": "application/json",
                        "responseJsonSchema": schema});
                }
                if !self.tools.is_empty() {
                    let tools: Value = self.tools.iter().map(tool).collect();
                    body["tools"] = json!([{"functionDeclarations": tools}]);
                    let mode = if self.required { "ANY" } else { "AUTO" };
                    body["toolConfig"] = json!({"functionCallingConfig": {"mode": mode}});
                }
            }
        }
        if let Value::Object(more) = &self.more {
            body.as_object_mut().unwrap().extend(more.clone());
        }
        body
    }

    async fn send(&self, layer: &MockLlmLayer, vendor: Vendor) -> (StatusCode, String) {
        let uri = match (vendor, self.stream) {
            (Vendor::OpenAi, _) => "https://api.openai.com/v1/chat/completions",
            (Vendor::Anthropic, _) => "https://api.anthropic.com/v1/messages",
            (Vendor::Gemini, false) => {
                "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent"
            }
            (Vendor::Gemini, true) => {
                "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse"
            }
        };
        let request = Request::post(uri)
            .header("authorization", "Bearer sk-1")
            .header("x-api-key", "sk-1")
            .header("x-goog-api-key", "sk-1")
            .header("anthropic-version", "2023-06-01")
            .body(Full::new(Bytes::from(self.body(vendor).to_string())))
            .unwrap();
        let response = layer.clone().into_service().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// What was said: text, calls (name and arguments), reason to stop; or the error's message.
    async fn said(&self, layer: &MockLlmLayer, vendor: Vendor) -> Result<Said, String> {
        let (status, body) = self.send(layer, vendor).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        if status != 200 {
            assert_eq!(status, 400, "{body}");
            return Err(body["error"]["message"].as_str().unwrap().to_owned());
        }
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(match vendor {
            Vendor::OpenAi => {
                let choice = &body["choices"][0];
                let calls = list(&choice["message"]["tool_calls"]);
                Said {
                    text: text(&choice["message"]["content"]),
                    calls: calls
                        .iter()
                        .map(|it| {
                            (text(&it["function"]["name"]), text(&it["function"]["arguments"]))
                        })
                        .collect(),
                    finish: text(&choice["finish_reason"]),
                }
            }
            Vendor::Anthropic => Said {
                text: list(&body["content"]).iter().map(|it| text(&it["text"])).collect(),
                calls: list(&body["content"])
                    .iter()
                    .filter(|it| it["type"] == "tool_use")
                    .map(|it| (text(&it["name"]), it["input"].to_string()))
                    .collect(),
                finish: text(&body["stop_reason"]),
            },
            Vendor::Gemini => {
                let candidate = &body["candidates"][0];
                let parts = list(&candidate["content"]["parts"]);
                Said {
                    text: parts.iter().map(|it| text(&it["text"])).collect(),
                    calls: parts
                        .iter()
                        .filter(|it| it.get("functionCall").is_some())
                        .map(|it| {
                            let call = &it["functionCall"];
                            (text(&call["name"]), call["args"].to_string())
                        })
                        .collect(),
                    finish: text(&candidate["finishReason"]),
                }
            }
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Said {
    text: String,
    calls: Vec<(String, String)>,
    finish: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.text))
    }
}

fn always(answer: impl Into<Answer>) -> MockLlmLayer {
    MockLlmLayer::new().rule(Rule::always().respond_with(answer.into()).named("it"))
}

fn person() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["name", "age", "mood"],
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "mood": {"type": "string", "enum": ["happy", "sad"]},
        },
    })
}

#[tokio::test]
async fn a_text_that_does_not_fit_is_refused_and_reported() {
    for vendor in VENDORS {
        for (text, why) in [
            (
                r#"{"name": "Ada", "age": "30", "mood": "sad"}"#,
                r#"at "/age": expected an integer, but it is "30""#,
            ),
            ("Ada is 30.", r#"at "": expected JSON, but it is Ada is 30. (expected value"#),
        ] {
            for stream in [false, true] {
                let layer = always(text);
                let ask = Ask { stream, ..Ask::form(person()) };
                let (status, body) = ask.send(&layer, vendor).await;
                assert_eq!(status, 400);
                let body: Value = serde_json::from_str(&body).unwrap();
                let message = body["error"]["message"].as_str().unwrap();
                let start = "tower-mock-llm: rule `it` has an answer that does not fit the \
                             request: its text does not fit what `response_format` demands: ";
                assert!(message.starts_with(start) && message.contains(why), "{message}");
                assert!(message.contains("check_replies(false)"), "{message}");
                let report = layer.handle().check().unwrap_err().to_string();
                assert_eq!(format!("tower-mock-llm: {report}"), format!("{message}\n"));
                let received = layer.handle().received();
                assert_eq!(received[0].status, 400);
                assert_eq!(received[0].rule.as_deref(), Some("`it`"));
                layer.handle().reset();
                layer.handle().verify();
            }
        }
    }
}

#[tokio::test]
async fn what_fits_is_said_as_it_stands() {
    for vendor in VENDORS {
        let text = " {\"age\": 30,\n \"name\": \"Ada\", \"mood\": \"sad\"}";
        let layer = always(Reply::empty().reasoning("hm").then_text(text));
        assert_eq!(
            Ask::form(person()).said(&layer, vendor).await.unwrap().text,
            text_of(vendor, text)
        );
        let parts = always(Reply::text(&text[..9]).then_text(&text[9..]));
        assert!(Ask::form(person()).said(&parts, vendor).await.is_ok());
        parts.handle().verify();
        layer.handle().verify();
    }
}

/// Gemini's thought is a text too.
fn text_of(vendor: Vendor, text: &str) -> String {
    if vendor == Vendor::Gemini { format!("hm{text}") } else { text.to_owned() }
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused() {
    for vendor in VENDORS {
        let layer = always(Reply::empty().tool_call("look", json!({"where": 7})));
        let schema = json!({"type": "object", "properties": {"where": {"type": "string"}}});
        let why = Ask::tool("look", schema.clone()).said(&layer, vendor).await.unwrap_err();
        let expected = "its call of `look` does not fit that tool's schema: at \"/where\": expected \
                        a string, but it is 7";
        assert!(why.contains(expected), "{why}");
        assert!(layer.handle().check().unwrap_err().to_string().contains(expected));

        // Text in place of a call is the model's right.
        assert!(Ask::tool("look", schema.clone()).said(&always("no"), vendor).await.is_ok());
        let fitting = always(Reply::text("Well.").tool_call("look", json!({"where": "here"})));
        let both = Ask { schema: Some(person()), ..Ask::tool("look", schema) };
        assert_eq!(both.said(&fitting, vendor).await.unwrap().calls.len(), 1);
        fitting.handle().verify();
    }
}

#[tokio::test]
async fn a_tool_that_is_not_offered_is_reported_where_tools_are() {
    for vendor in VENDORS {
        let layer = always(Reply::empty().tool_call("lokk", json!({})));
        let ask = Ask::tool("look", json!({"type": "object"}));
        let why = ask.said(&layer, vendor).await.unwrap_err();
        assert!(why.contains("it calls `lokk`, and the request offers `look`."), "{why}");
        assert_eq!(Ask::default().said(&layer, vendor).await.unwrap().calls.len(), 1);
    }
    // Tools of MCP servers, and of kinds that the neutral words do not have, have no schema here.
    let layer = always(Reply::empty().tool_call("remote", json!({})));
    let look = json!({"name": "look", "input_schema": {"type": "object"}});
    let tools = json!([look, {"type": "mcp_toolset", "mcp_server_name": "x"}]);
    let ask = Ask { more: json!({"tools": tools}), ..Ask::default() };
    assert!(ask.said(&layer, Vendor::Anthropic).await.is_ok());
    let look = json!({"type": "function", "function": {"name": "look", "parameters": {}}});
    let tools = json!([look, {"type": "custom", "custom": {"name": "remote"}}]);
    let ask = Ask { more: json!({"tools": tools}), ..Ask::default() };
    assert!(ask.said(&layer, Vendor::OpenAi).await.is_ok());
}

#[tokio::test]
async fn one_call_a_turn_is_kept() {
    let tools = || vec![("a", json!({"type": "object"})), ("b", json!({"type": "object"}))];
    for vendor in [Vendor::OpenAi, Vendor::Anthropic] {
        let layer = always(Reply::empty().tool_call("a", json!({})).tool_call("b", json!({})));
        let ask = Ask { tools: tools(), ..Ask::default() };
        assert_eq!(ask.said(&layer, vendor).await.unwrap().calls.len(), 2);
        let ask = Ask { tools: tools(), single: true, ..Ask::default() };
        let why = ask.said(&layer, vendor).await.unwrap_err();
        assert!(why.contains("it calls 2 tools at once, and the client takes one a turn"), "{why}");
        // What the mock makes up keeps to it.
        let once = MockLlmLayer::new().rule(Rule::always().respond_with(CallToolsOnce::new()));
        assert_eq!(ask.said(&once, vendor).await.unwrap().calls.len(), 1);
        let required = Ask { required: true, ..ask };
        assert_eq!(required.said(&MockLlmLayer::new(), vendor).await.unwrap().calls.len(), 1);
    }
}

#[tokio::test]
async fn each_choice_is_checked() {
    let fits = r#"{"name": "Ada", "age": 30, "mood": "sad"}"#;
    let ask = Ask { more: json!({"n": 2}), ..Ask::form(person()) };
    let layer = always(Reply::text(fits).choice(Reply::text("no")));
    assert!(ask.said(&layer, Vendor::OpenAi).await.unwrap_err().contains("it is no (expected"));
    let layer = always(Reply::text(fits).choice(Reply::text(fits)));
    assert!(ask.said(&layer, Vendor::OpenAi).await.is_ok());
}

#[tokio::test]
async fn json_mode_wants_json() {
    for (vendor, more) in [
        (Vendor::OpenAi, json!({"response_format": {"type": "json_object"}})),
        (Vendor::Gemini, json!({"generationConfig": {"responseMimeType": "application/json"}})),
    ] {
        let ask = Ask { more, ..Ask::default() };
        let why = ask.said(&always("no"), vendor).await.unwrap_err();
        assert!(why.contains("expected JSON, but it is no (expected"), "{why}");
        assert!(ask.said(&always("[1]"), vendor).await.is_ok());
    }
}

#[tokio::test]
async fn what_is_not_checked_passes() {
    for vendor in VENDORS {
        let ask = Ask::form(person());
        for layer in [
            always("no").check_replies(false),
            always(Reply::text("no").unchecked()),
            always(Answer::from("no").unchecked()),
            always(Reply::refusal("no")),
            always(Reply::text("no").finish(Finish::Length)),
            MockLlmLayer::new().rule(
                Rule::always()
                    .respond_fn(|_| ReplyStream::new(futures::stream::iter([Delta::from("no")]))),
            ),
        ] {
            assert!(ask.said(&layer, vendor).await.is_ok(), "{vendor:?}");
            layer.handle().verify();
        }
        // Cut short by the client's own limit.
        let more = match vendor {
            Vendor::Gemini => json!({"generationConfig": {"responseMimeType": "application/json",
                "responseJsonSchema": person(), "maxOutputTokens": 2}}),
            _ => json!({"max_tokens": 2}),
        };
        let cut = Ask { more, ..ask };
        let layer = always(r#"{"name": "Ada", "age": 30, "mood": "sad"}"#);
        assert!(cut.said(&layer, vendor).await.is_ok());
        layer.handle().verify();
    }
}

#[tokio::test]
async fn all_that_a_user_says_is_checked() {
    let ask = Ask::form(person());
    let script = MockLlmLayer::new()
        .rule(Rule::always().respond_with(Script::new().turn(Reply::text("no"))));
    let closure = MockLlmLayer::new().rule(Rule::always().respond_fn(|_| "no"));
    let broken = always(Answer::from("no").fault(Fault::abort_after(0)));
    let strict = always("no").strict();
    for layer in [&script, &closure, &broken, &strict] {
        assert!(ask.said(layer, Vendor::OpenAi).await.unwrap_err().contains("expected JSON"));
    }
    let default = MockLlmLayer::new().default_reply(std::sync::Arc::new(Reply::text("no")));
    let why = ask.said(&default, Vendor::OpenAi).await.unwrap_err();
    assert!(why.contains("the default reply has an answer that does not fit"), "{why}");
    let teapot = always("no").strict_with(StatusCode::IM_A_TEAPOT);
    assert_eq!(ask.send(&teapot, Vendor::OpenAi).await.0, StatusCode::IM_A_TEAPOT);
    // Each is reported once, however often it was refused.
    assert_eq!(strict.handle().check().unwrap_err().to_string().lines().count(), 1);
}

#[tokio::test]
async fn the_mocks_own_answers_fit() {
    for vendor in VENDORS {
        for layer in [
            MockLlmLayer::new(),
            MockLlmLayer::new().rule(Rule::always().respond_with(StructuredOutput::new())),
        ] {
            let said = Ask::form(person()).said(&layer, vendor).await.unwrap();
            assert_eq!(said.json(), json!({"name": "Ada Lovelace", "age": 30, "mood": "happy"}));
            let ask = Ask { required: true, ..Ask::tool("save", person()) };
            let said = ask.said(&layer, vendor).await.unwrap();
            let arguments: Value = serde_json::from_str(&said.calls[0].1).unwrap();
            assert_eq!(arguments["age"], 30);
            // The same reply as a rule's own would be let pass.
            let own = always(ToolCall::new("save", &arguments).reply());
            assert!(ask.said(&own, vendor).await.is_ok());
        }
    }
}

trait InReply {
    fn reply(self) -> Reply;
}

impl InReply for ToolCall {
    fn reply(self) -> Reply {
        Reply::empty().part(Part::ToolCall(self))
    }
}

#[tokio::test]
async fn near_misses_are_said_in_text() {
    use NearMiss::*;
    let valid = r#"{"name":"Ada Lovelace","age":30,"mood":"happy"}"#;
    for vendor in VENDORS {
        for (near_miss, text) in [
            (Empty, "".to_owned()),
            (ExtraField, valid.replace('}', r#","unexpected":"mock"}"#)),
            (InvalidEnum, valid.replace("happy", "HAPPY")),
            (MarkdownFence, format!("```json\n{valid}\n```")),
            (MissingField, r#"{"age":30,"mood":"happy"}"#.to_owned()),
            (NotJson, "I am sorry, I cannot put that into this form.".to_owned()),
            (NullField, valid.replace("\"Ada Lovelace\"", "null")),
            (OutOfRange, valid.replace("30", "-1")),
            (
                ProseAround,
                format!("Here is what you asked for:\n\n{valid}\n\nLet me know if it helps."),
            ),
            (TrailingComma, valid.replace('}', ",}")),
            (WrongType, valid.replace("\"Ada Lovelace\"", "12")),
        ] {
            let rule = Rule::always().respond_with(StructuredOutput::new().near_miss(near_miss));
            let layer = MockLlmLayer::new().rule(rule);
            let said = Ask::form(person()).said(&layer, vendor).await.unwrap();
            assert_eq!(said.text, text, "{vendor:?} {near_miss:?}");
            layer.handle().verify();
        }
        let rule = Rule::always().respond_with(StructuredOutput::new().near_miss(TruncatedJson));
        let layer = MockLlmLayer::new().rule(rule);
        let said = Ask::form(person()).said(&layer, vendor).await.unwrap();
        assert!(valid.starts_with(&said.text) && said.text.len() < valid.len(), "{said:?}");
        assert!(said.text.len() >= valid.len() / 2, "{said:?}");
        let length = match vendor {
            Vendor::OpenAi => "length",
            Vendor::Anthropic => "max_tokens",
            Vendor::Gemini => "MAX_TOKENS",
        };
        assert_eq!(said.finish, length);
    }
}

#[tokio::test]
async fn near_misses_are_said_in_arguments() {
    let ask = || Ask::tool("save", person());
    let layer = |near_miss| {
        let broken = StructuredOutput::new().near_miss(near_miss);
        MockLlmLayer::new().rule(Rule::always().respond_with(broken))
    };
    for vendor in VENDORS {
        let missing = layer(NearMiss::MissingField);
        let said = ask().said(&missing, vendor).await.unwrap();
        assert_eq!(said.calls.len(), 1);
        let arguments: Value = serde_json::from_str(&said.calls[0].1).unwrap();
        assert_eq!(arguments, json!({"age": 30, "mood": "happy"}));
    }
    // What is no JSON, each as far as the vendor has words for it.
    let truncated = layer(NearMiss::TruncatedJson);
    let said = ask().said(&truncated, Vendor::OpenAi).await.unwrap();
    assert!(said.calls[0].1.starts_with(r#"{"name":"Ada"#), "{said:?}");
    assert!(serde_json::from_str::<Value>(&said.calls[0].1).is_err());
    assert_eq!(said.finish, "length");
    // A whole message of Anthropic's has no words for it; a stream has.
    let refused = ask().said(&truncated, Vendor::Anthropic).await.unwrap_err();
    assert!(refused.contains("cannot say raw arguments of a tool call"), "{refused}");
    let streamed = Ask { stream: true, ..ask() }.send(&truncated, Vendor::Anthropic).await.1;
    assert!(streamed.contains("input_json_delta") && streamed.contains("max_tokens"), "{streamed}");
    let said = ask().said(&layer(NearMiss::NotJson), Vendor::Gemini).await.unwrap();
    assert_eq!((said.calls.len(), &*said.finish), (0, "MALFORMED_FUNCTION_CALL"));
}

#[tokio::test]
async fn a_near_miss_is_where_it_is_asked_for() {
    let schema = json!({
        "type": "object", "required": ["user", "tags"],
        "properties": {
            "user": {"type": "object", "required": ["email", "id"], "additionalProperties": false,
                "properties": {"email": {"type": "string"}, "id": {"type": "integer"}}},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
    });
    let said = async |output: StructuredOutput| {
        let layer = MockLlmLayer::new().rule(Rule::always().respond_with(output));
        let ask = Ask::form(schema.clone());
        ask.said(&layer, Vendor::OpenAi).await.map(|said| said.json())
    };
    let near = |near_miss| StructuredOutput::new().near_miss(near_miss);
    let whole = said(StructuredOutput::new()).await.unwrap();

    let it = said(near(NearMiss::MissingField).at("/user/id")).await.unwrap();
    assert_eq!((&it["user"], &it["tags"]), (&json!({"email": "mock@example.com"}), &whole["tags"]));
    let it = said(near(NearMiss::WrongType).at("/tags")).await.unwrap();
    assert_eq!(it["tags"], whole["tags"][0]);
    let it = said(near(NearMiss::ExtraField).at("/user")).await.unwrap();
    assert_eq!(it["user"]["unexpected"], "mock");
    let it = said(near(NearMiss::OutOfRange)).await.unwrap();
    assert_eq!(it["tags"], json!([]));

    let why = said(near(NearMiss::MissingField).at("/user/name")).await.unwrap_err();
    assert!(why.contains("MissingField: its instance has nothing of that kind at \"/user/name\""));
    let why = said(near(NearMiss::ExtraField).at("")).await.unwrap_err();
    assert!(why.contains("no `additionalProperties: false` at \"\""), "{why}");
    let why = said(near(NearMiss::InvalidEnum)).await.unwrap_err();
    assert!(why.contains("the schema lists no values"), "{why}");

    // The seed picks among the places.
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..32 {
        let it = said(near(NearMiss::MissingField).seed(seed)).await.unwrap();
        assert_eq!(it, said(near(NearMiss::MissingField).seed(seed)).await.unwrap());
        let missing = ["/user", "/user/email", "/user/id", "/tags"];
        seen.extend(missing.into_iter().find(|at| it.pointer(at).is_none()));
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[tokio::test]
async fn near_misses_need_something_to_miss() {
    for schema in [json!({}), json!(true), json!({"type": "object"})] {
        for near_miss in NearMiss::ALL {
            let output = StructuredOutput::new().near_miss(near_miss);
            let layer = MockLlmLayer::new().rule(Rule::always().respond_with(output));
            let said = Ask::form(schema.clone()).said(&layer, Vendor::OpenAi).await;
            if let Err(why) = said {
                assert!(why.contains(&format!("near miss {near_miss:?}: ")), "{why}");
            }
        }
    }
    // Requests that demand nothing go to the next rule.
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_with(StructuredOutput::new()))
        .rule(Rule::always().respond_with("next"));
    assert_eq!(Ask::default().said(&layer, Vendor::OpenAi).await.unwrap().text, "next");
    let other = StructuredOutput::new().tool("other");
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_with(other))
        .rule(Rule::always().respond_with("next"));
    let ask = Ask::tool("save", person());
    assert_eq!(ask.said(&layer, Vendor::OpenAi).await.unwrap().text, "next");
}

#[tokio::test]
async fn the_clients_seed_changes_what_is_made_up() {
    let seeded = |vendor, seed: i64, schema: Option<Value>| {
        let more = match (vendor, &schema) {
            (Vendor::Gemini, Some(schema)) => json!({"generationConfig": {"seed": seed,
                "responseMimeType": "application/json", "responseJsonSchema": schema}}),
            (Vendor::Gemini, None) => json!({"generationConfig": {"seed": seed}}),
            _ => json!({"seed": seed}),
        };
        Ask { more, schema, ..Ask::default() }
    };
    let layer = MockLlmLayer::new();
    for vendor in [Vendor::OpenAi, Vendor::Gemini] {
        for schema in [None, Some(person())] {
            let mut texts = std::collections::BTreeSet::new();
            for seed in 0..8 {
                let ask = seeded(vendor, seed, schema.clone());
                let said = ask.said(&layer, vendor).await.unwrap();
                assert_eq!(said, ask.said(&layer, vendor).await.unwrap());
                texts.insert(said.text);
            }
            assert!(texts.len() > 3, "{texts:?}");
        }
    }
}

#[tokio::test]
async fn parameters_that_mean_nothing_here_are_accepted() {
    let layer = always("ok");
    let more = json!({"logit_bias": {"50256": -100, "1": 2.5}, "user": "u", "store": false,
        "metadata": {"a": "b"}, "service_tier": "auto"});
    let ask = Ask { more, ..Ask::default() };
    assert_eq!(ask.said(&layer, Vendor::OpenAi).await.unwrap().text, "ok");
    // What the vendors do not know, they refuse.
    let ask = Ask { more: json!({"unknown_of_tomorrow": {"x": [1]}}), ..Ask::default() };
    for vendor in [Vendor::OpenAi, Vendor::Anthropic] {
        let refused = ask.said(&layer, vendor).await.unwrap_err();
        assert!(refused.contains("unknown_of_tomorrow"), "{refused}");
    }
    let more = json!({"generationConfig": {"topK": 3}});
    let ask = Ask { more, ..Ask::default() };
    assert_eq!(ask.said(&layer, Vendor::Gemini).await.unwrap().text, "ok");
}

/// Gemini's two dialects: the subset of OpenAPI, and JSON Schema.
#[tokio::test]
async fn gemini_has_schemas_in_two_dialects() {
    let shouted = json!({
        "type": "OBJECT", "required": ["zeta", "alpha", "when"], "propertyOrdering": ["zeta", "alpha"],
        "properties": {
            "alpha": {"type": "INTEGER", "format": "int32", "nullable": true},
            "zeta": {"type": "ARRAY", "items": {"type": "STRING", "format": "enum", "enum": ["a"]},
                "minItems": "2"},
            "when": {"type": "STRING", "format": "date-time"},
        },
    });
    let expected = r#"{"zeta":["a","a"],"alpha":1,"when":"2025-01-15T12:00:00Z"}"#;
    let layer = MockLlmLayer::new();
    let config =
        |schema: &Value| json!({"responseMimeType": "application/json", "responseSchema": schema});
    let ask = Ask { more: json!({"generationConfig": config(&shouted)}), ..Ask::default() };
    assert_eq!(ask.said(&layer, Vendor::Gemini).await.unwrap().text, expected);
    for (own, fits) in [
        (r#"{"zeta":["a","a"],"alpha":null,"when":"now"}"#, true),
        (r#"{"zeta":["b","a"],"alpha":1,"when":"now"}"#, false),
        (r#"{"zeta":["a"],"alpha":1,"when":"now"}"#, false),
    ] {
        assert_eq!(ask.said(&always(own), Vendor::Gemini).await.is_ok(), fits, "{own}");
    }

    let quiet: Value = serde_json::from_str(
        &shouted.to_string().to_lowercase().replace("minitems", "minItems").replace("\"2\"", "2"),
    )
    .unwrap();
    for (key, schema) in [("parameters", &shouted), ("parametersJsonSchema", &quiet)] {
        let declaration = json!({"name": "f", key: schema});
        let more = json!({"tools": [{"functionDeclarations": [declaration]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}});
        let ask = Ask { more, ..Ask::default() };
        let said = ask.said(&layer, Vendor::Gemini).await.unwrap();
        let arguments: Value = serde_json::from_str(&said.calls[0].1).unwrap();
        assert_eq!(arguments, serde_json::from_str::<Value>(expected).unwrap(), "{key}");
        let own = always(Reply::empty().tool_call("f", json!({"zeta": []})));
        assert!(ask.said(&own, Vendor::Gemini).await.is_err());
    }
}
