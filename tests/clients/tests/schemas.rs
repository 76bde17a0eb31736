//! Every body and every event that the built-in rooms send, held against the vendors' JSON Schemas.
//! `schemas/README.md` says where those are from.

use std::sync::LazyLock;

use http_body_util::{BodyExt, Full};
use jsonschema::Validator;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::reply::{Audio, ErrorKind, Media, Source, WebPage};
use tower_mock_llm::{
    ApiError, Chunking, Citation, Finish, MockLlmLayer, Part, Reply, Rule, ServerTool, ToolCall,
    ToolDeltas, Usage,
};

#[path = "schemas/operations.rs"]
mod operations;

/// One vendor's schemas: all of a list must hold.
struct Vendor {
    whole: Vec<Validator>,
    event: Vec<Validator>,
    error: Vec<Validator>,
}

macro_rules! schemas {
    ($($file:literal $(+ $unknown:literal)*),*) => {
        vec![$(strict(
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/", $file)),
            &[$($unknown),*],
        )),*]
    };
}

pub(crate) use schemas;

static OPENAI: LazyLock<Vendor> = LazyLock::new(|| Vendor {
    whole: schemas!["openai/chat.completion.json", "openai/sdk.chat.completion.json"],
    // Streams have citations and, in the specification, sound that the schemas do not know.
    event: schemas![
        "openai/chat.completion.chunk.json" + "annotations" + "audio",
        "openai/sdk.chat.completion.chunk.json" + "annotations"
    ],
    error: schemas!["openai/error.json"],
});

static ANTHROPIC: LazyLock<Vendor> = LazyLock::new(|| Vendor {
    whole: schemas!["anthropic/message.json"],
    event: schemas!["anthropic/message.stream-event.json"],
    error: schemas!["anthropic/error.json"],
});

static GEMINI: LazyLock<Vendor> = LazyLock::new(|| Vendor {
    whole: schemas!["gemini/generate-content-response.json" + "serviceTier"],
    event: schemas!["gemini/generate-content-response.json" + "serviceTier"],
    error: schemas!["gemini/error.json"],
});

/// The schema, closed: a field that it does not know is a mistake, unless it is one of `unknown`,
/// which recordings have and the schema has not.
fn strict(schema: &str, unknown: &[&str]) -> Validator {
    let mut schema: Value = serde_json::from_str(schema).expect("JSON");
    close(&mut schema, unknown);
    jsonschema::validator_for(&schema).expect("a schema")
}

fn close(schema: &mut Value, unknown: &[&str]) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| close(item, unknown)),
        Value::Object(object) => {
            object.values_mut().for_each(|value| close(value, unknown));
            // A property may itself be called `properties`, but then it is no object of schemas.
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                for name in unknown {
                    properties.insert((*name).to_owned(), json!(true));
                }
                if !object.get("additionalProperties").is_some_and(Value::is_object) {
                    object.insert("additionalProperties".to_owned(), json!(false));
                }
            }
        }
        _ => {}
    }
}

#[track_caller]
fn check(schemas: &[Validator], body: &Value) {
    for schema in schemas {
        let errors: Vec<String> =
            schema.iter_errors(body).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}\nin {body:#}");
    }
}

/// Fails if not every schema minds what `mutate` does to `body`.
#[track_caller]
fn bites(schemas: &[Validator], body: &Value, mutate: impl Fn(&mut Value)) {
    check(schemas, body);
    let mut mutated = body.clone();
    mutate(&mut mutated);
    assert_ne!(&mutated, body);
    for schema in schemas {
        assert!(!schema.is_valid(&mutated), "nobody minds {mutated:#}");
    }
}

/// How a vendor is called.
#[derive(Clone, Copy, Debug)]
enum Api {
    Anthropic,
    Gemini,
    OpenAi,
}

const APIS: [(Api, &str); 10] = [
    (Api::OpenAi, "gpt-4o-mini"),
    (Api::OpenAi, "gpt-4.1"),
    (Api::OpenAi, "gpt-5-mini"),
    (Api::OpenAi, "o3-mini"),
    (Api::Anthropic, "claude-3-5-haiku-latest"),
    (Api::Anthropic, "claude-sonnet-4-5"),
    (Api::Anthropic, "claude-opus-5"),
    (Api::Gemini, "gemini-2.0-flash"),
    (Api::Gemini, "gemini-2.5-flash"),
    (Api::Gemini, "gemini-3-pro-preview"),
];

impl Api {
    fn vendor(self) -> &'static Vendor {
        match self {
            Self::Anthropic => &ANTHROPIC,
            Self::Gemini => &GEMINI,
            Self::OpenAi => &OPENAI,
        }
    }

    fn request(self, model: &str, stream: bool) -> http::Request<Full<bytes::Bytes>> {
        let messages = json!([{"role": "user", "content": "hi"}]);
        let (url, key, body) = match self {
            Self::OpenAi => {
                let mut body = json!({"model": model, "messages": messages, "stream": stream});
                if stream {
                    body["stream_options"] = json!({"include_usage": true});
                }
                (
                    "https://api.openai.com/v1/chat/completions".to_owned(),
                    ("authorization", "Bearer sk-mock"),
                    body,
                )
            }
            Self::Anthropic => (
                "https://api.anthropic.com/v1/messages".to_owned(),
                ("x-api-key", "sk-ant-mock"),
                json!({"model": model, "max_tokens": 64, "messages": messages, "stream": stream}),
            ),
            Self::Gemini => {
                let method =
                    if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
                (
                    format!(
                        "https://generativelanguage.googleapis.com/v1beta/models/{model}:{method}"
                    ),
                    ("x-goog-api-key", "mock"),
                    json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
                )
            }
        };
        http::Request::post(url)
            .header(key.0, key.1)
            .header("anthropic-version", "2023-06-01")
            .header("content-type", "application/json")
            .body(Full::from(body.to_string()))
            .expect("a request")
    }
}

async fn call(mock: &MockLlmLayer, api: Api, model: &str, stream: bool) -> (u16, String) {
    let service = mock.clone().into_service();
    let answer = service.oneshot(api.request(model, stream)).await.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
}

/// The payloads of a stream of server-sent events; of each, its name is held against its type.
fn payloads(stream: &str) -> Vec<Value> {
    let mut payloads = Vec::new();
    let mut name = None;
    for line in stream.lines() {
        if let Some(event) = line.strip_prefix("event: ") {
            name = Some(event);
        } else if let Some(data) = line.strip_prefix("data: ").filter(|data| *data != "[DONE]") {
            let payload: Value = serde_json::from_str(data).expect(data);
            if let Some(name) = name.take() {
                assert_eq!(payload["type"], name);
            }
            payloads.push(payload);
        } else {
            assert_eq!(line.trim_start_matches("data: [DONE]"), "", "an unknown line");
        }
    }
    payloads
}

fn replies() -> Vec<Reply> {
    let unicode = "Grüße, 東京 🌧️\n\"quoted\" back\\slash \u{2028}\u{0}\u{1f}\u{7f}";
    let call = ToolCall::new("look", json!({"city": unicode, "n": [1, 2.5, null]}));
    vec![
        Reply::empty(),
        Reply::text(""),
        Reply::text("Hello there, how are you today?"),
        Reply::text(unicode),
        Reply::text("one").then_text("two"),
        Reply::text("cut").finish(Finish::Length),
        Reply::text("cut").finish(Finish::StopSequence("END".to_owned())),
        Reply::text("cut").finish(Finish::ContentFilter),
        Reply::empty().finish(Finish::ContentFilter),
        Reply::empty().finish(Finish::Length),
        Reply::refusal("I can't help with that."),
        Reply::empty().reasoning("Let me think."),
        Reply::empty().reasoning("Let me think about it.").then_text("42"),
        Reply::empty().reasoning("Hm.").tool_call("look", json!({})),
        Reply::empty().tool_call("look", json!({})),
        Reply::text("Let me look.")
            .tool_call("look", json!({"city": "Oslo"}))
            .part(Part::ToolCall(call.clone()))
            .part(Part::ToolCall(call.with_id("id-of-mine"))),
        Reply::text("Hello").usage(Usage::new(0, 0)),
        Reply::text("Hello").usage(usage()),
        Reply::text("Hello").model("a-model-of-mine"),
    ]
}

fn usage() -> Usage {
    let mut usage = Usage::new(1_000, 200);
    usage.cached = 900;
    usage.reasoning = 150;
    usage
}

#[tokio::test]
async fn whole_answers() {
    for reply in replies() {
        let mock = MockLlmLayer::new().rule(Rule::always().respond_with(reply));
        for (api, model) in APIS {
            let (status, body) = call(&mock, api, model, false).await;
            assert_eq!(status, 200, "{body}");
            check(&api.vendor().whole, &serde_json::from_str(&body).unwrap());
        }
    }
}

#[tokio::test]
async fn streams() {
    for chunking in [Chunking::Tokens, Chunking::Chars(1), Chunking::Chars(1_000)] {
        for reply in replies() {
            let mock =
                MockLlmLayer::new().chunking(chunking).rule(Rule::always().respond_with(reply));
            for (api, model) in APIS {
                let (status, body) = call(&mock, api, model, true).await;
                assert_eq!(status, 200, "{body}");
                let payloads = payloads(&body);
                assert!(!payloads.is_empty());
                for payload in payloads {
                    check(&api.vendor().event, &payload);
                }
            }
        }
    }
}

/// What only OpenAI is asked for, and what only it says.
#[tokio::test]
async fn openai_says_more() {
    let page = Citation::web("https://docs.rs/tower", "tower");
    let media = Media::new("audio/wav", vec![7; 9000]);
    let calls = || {
        Reply::text("Look.").tool_call("look", json!({"n": 1})).tool_call("look", json!({"n": 2}))
    };
    let deltas = ToolDeltas::new().interleaved().fragment(2).id_in_each().empty_names();
    let more = [
        Reply::text("one").choice(Reply::refusal("no")).choice(calls()),
        Reply::text("See ").cited_text("this", [page]),
        Reply::empty().part(Part::Audio(Audio::new(media, "Hello."))),
        calls().tool_deltas(deltas),
    ];
    for reply in more {
        let mock = MockLlmLayer::new().rule(Rule::always().respond_with(reply));
        for (model, extra) in [
            ("gpt-4o", json!({"n": 3, "logprobs": true, "top_logprobs": 2})),
            ("gpt-5.4", json!({"logprobs": true, "service_tier": "flex"})),
            ("gpt-audio-mini", json!({"modalities": ["text", "audio"]})),
            ("gpt-4o-mini-search-preview", json!({"web_search_options": {}})),
        ] {
            for stream in [false, true] {
                let mut body = json!({"model": model, "stream": stream,
                    "messages": [{"role": "user", "content": "hi"}]});
                if stream {
                    body["stream_options"] = json!({"include_usage": true});
                }
                for (key, value) in extra.as_object().unwrap() {
                    body[key] = value.clone();
                }
                let request = http::Request::post("https://api.openai.com/v1/chat/completions")
                    .header("authorization", "Bearer sk-mock")
                    .body(Full::<bytes::Bytes>::from(body.to_string()))
                    .unwrap();
                let answer = mock.clone().into_service().oneshot(request).await.unwrap();
                let status = answer.status().as_u16();
                let answer = answer.into_body().collect().await.unwrap().to_bytes();
                let answer = std::str::from_utf8(&answer).unwrap();
                assert_eq!(status, 200, "{answer}");
                if stream {
                    payloads(answer).iter().for_each(|payload| check(&OPENAI.event, payload));
                } else {
                    check(&OPENAI.whole, &serde_json::from_str(answer).unwrap());
                }
            }
        }
    }
}

/// What only Anthropic has words for; servers of MCP are a beta that the schemas leave out.
#[tokio::test]
async fn all_that_anthropic_has_words_for() {
    let url = "https://a.example";
    let cited = [
        Citation::web(url, "A").quote("x"),
        Citation::web(url, ""),
        Citation::new(Source::Characters { document: 0, range: 0..9 }, "A"),
        Citation::new(Source::Pages { document: 1, range: 1..2 }, ""),
        Citation::new(Source::Blocks { document: 2, range: 0..1 }, "C").quote("y"),
    ];
    let mut usage = usage();
    usage.cache_write = 50;
    let pages = [WebPage::new(url, "A").age("1 day ago"), WebPage::new(url, "B")];
    let reply = Reply::empty()
        .part(Part::RedactedReasoning("EncrypTed==".to_owned()))
        .reasoning("hm")
        .server_tool(ServerTool::web_search("q", pages))
        .server_tool(ServerTool::web_search("q", []))
        .server_tool(ServerTool::code("ls", "a\n"))
        .server_tool(ServerTool::other(
            "web_fetch",
            json!({"url": url}),
            "web_fetch_tool_result",
            json!({"type": "web_fetch_tool_result_error", "error_code": "unavailable"}),
        ))
        .cited_text("x", cited)
        .raw(json!({"type": "container_upload", "file_id": "file_1"}))
        .usage(usage);
    for finish in [Finish::PauseTurn, Finish::ContextWindow] {
        let reply = reply.clone().finish(finish);
        let mock = MockLlmLayer::new().rule(Rule::always().respond_with(reply));
        for (api, model) in APIS.into_iter().filter(|(api, _)| matches!(api, Api::Anthropic)) {
            let (status, body) = call(&mock, api, model, false).await;
            assert_eq!(status, 200, "{body}");
            check(&ANTHROPIC.whole, &serde_json::from_str(&body).unwrap());
            let (status, body) = call(&mock, api, model, true).await;
            assert_eq!(status, 200, "{body}");
            let payloads = payloads(&body);
            assert!(payloads.len() > 30);
            for payload in payloads {
                check(&ANTHROPIC.event, &payload);
            }
        }
    }
}

#[tokio::test]
async fn errors() {
    for kind in ErrorKind::ALL {
        let wait = std::time::Duration::from_millis(1_500);
        for error in [
            ApiError::new(kind),
            ApiError::new(kind).message("mine: \"no\" 東京").param("model"),
            ApiError::new(kind).retry_after(wait),
        ] {
            let mock = MockLlmLayer::new().rule(Rule::always().respond_with(error));
            for (api, model) in APIS {
                for stream in [false, true] {
                    let (status, body) = call(&mock, api, model, stream).await;
                    assert!(status >= 400, "{status}: {body}");
                    let error = match serde_json::from_str(&body) {
                        Ok(error) => error,
                        Err(_) => {
                            let mut payloads = payloads(&body);
                            assert_eq!(payloads.len(), 1, "{api:?} {kind:?}: {body}");
                            payloads.remove(0)
                        }
                    };
                    if let (Api::Anthropic, ErrorKind::TooLarge | ErrorKind::Region)
                    | (Api::OpenAi, ErrorKind::BadGateway) = (api, kind)
                    {
                        // Said by the edge, which has an envelope of its own.
                        assert!(error["error"]["message"].is_string(), "{error}");
                        continue;
                    }
                    if let (Api::Anthropic, ErrorKind::Conflict) = (api, kind) {
                        // In the documentation, not in the schema.
                        assert_eq!(error["error"]["type"], "conflict_error");
                        continue;
                    }
                    check(&api.vendor().error, &error);
                }
            }
        }
    }
}

/// A body as it should be, to be spoiled below.
async fn whole(api: Api, model: &str) -> Value {
    let reply = Reply::text("Hello").tool_call("look", json!({"n": 1})).usage(usage());
    let mock = MockLlmLayer::new().rule(Rule::always().respond_with(reply));
    serde_json::from_str(&call(&mock, api, model, false).await.1).unwrap()
}

async fn stream(api: Api, model: &str) -> Vec<Value> {
    let reply = Reply::text("Hello").tool_call("look", json!({"n": 1})).usage(usage());
    let mock = MockLlmLayer::new().rule(Rule::always().respond_with(reply));
    payloads(&call(&mock, api, model, true).await.1)
}

async fn error(api: Api, model: &str) -> Value {
    let mock = MockLlmLayer::new().rule(Rule::always().respond_with(ApiError::rate_limit()));
    serde_json::from_str(&call(&mock, api, model, false).await.1).unwrap()
}

/// Takes the field at the end of this JSON pointer away.
fn remove(body: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = body.pointer_mut(parent).expect(pointer).as_object_mut().expect(pointer);
    parent.remove(name).expect(pointer);
}

fn set(body: &mut Value, pointer: &str, to: Value) {
    *body.pointer_mut(pointer).expect(pointer) = to;
}

/// Fails if the schemas let through what takes away, misspells or mistakes one of these fields.
fn minds(schemas: &[Validator], body: &Value, required: &[&str], typed: &[(&str, Value)]) {
    for pointer in required {
        bites(schemas, body, |body| remove(body, pointer));
    }
    for (pointer, wrong) in typed {
        bites(schemas, body, |body| set(body, pointer, wrong.clone()));
        bites(schemas, body, |body| {
            let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
            if let Some(parent) = body.pointer_mut(parent).and_then(Value::as_object_mut) {
                let value = parent.remove(name).expect(pointer);
                parent.insert(format!("{name}s"), value);
            }
        });
    }
}

#[tokio::test]
async fn the_schemas_of_openai_bite() {
    let (api, model) = APIS[0];
    minds(
        &OPENAI.whole,
        &whole(api, model).await,
        &[
            "/id",
            "/object",
            "/created",
            "/model",
            "/choices",
            "/choices/0/index",
            "/choices/0/message",
            "/choices/0/finish_reason",
            "/choices/0/message/role",
            "/choices/0/message/tool_calls/0/id",
            "/choices/0/message/tool_calls/0/function/arguments",
            "/usage/total_tokens",
        ],
        &[
            ("/created", json!(1.5)),
            ("/object", json!("chat.completion.chunk")),
            ("/choices/0/finish_reason", json!("end_turn")),
            ("/choices/0/message/role", json!("model")),
            ("/choices/0/message/content", json!([])),
            ("/choices/0/message/tool_calls/0/function/arguments", json!({"n": 1})),
            ("/usage/prompt_tokens", json!("1")),
            ("/usage/completion_tokens_details/reasoning_tokens", json!("1")),
        ],
    );
    let chunks = stream(api, model).await;
    let text = chunks.iter().find(|c| c["choices"][0]["delta"]["content"] == "Hello").unwrap();
    minds(
        &OPENAI.event,
        text,
        &[
            "/id",
            "/object",
            "/created",
            "/model",
            "/choices",
            "/choices/0/index",
            "/choices/0/delta",
        ],
        &[
            ("/object", json!("chat.completion")),
            ("/choices/0/delta/content", json!(1)),
            ("/choices/0/finish_reason", json!("end_turn")),
        ],
    );
    let call = chunks.iter().find(|c| c["choices"][0]["delta"]["tool_calls"].is_array()).unwrap();
    minds(
        &OPENAI.event,
        call,
        &["/choices/0/delta/tool_calls/0/index"],
        &[("/choices/0/delta/tool_calls/0/function/arguments", json!({}))],
    );
    minds(
        &OPENAI.error,
        &error(api, model).await,
        &["/error", "/error/message", "/error/type", "/error/param", "/error/code"],
        &[("/error/code", json!(429)), ("/error/type", json!(null))],
    );
}

#[tokio::test]
async fn the_schemas_of_anthropic_bite() {
    let (api, model) = APIS[5];
    minds(
        &ANTHROPIC.whole,
        &whole(api, model).await,
        &[
            "/id",
            "/type",
            "/role",
            "/content",
            "/model",
            "/usage",
            "/content/0/text",
            "/content/1/id",
        ],
        &[
            ("/type", json!("messages")),
            ("/role", json!("model")),
            ("/stop_reason", json!("stop")),
            ("/content/1/input", json!("{}")),
            ("/usage/output_tokens", json!(1.5)),
            ("/usage/service_tier", json!("fast")),
        ],
    );
    for event in stream(api, model).await {
        let (required, typed): (&[&str], Vec<(&str, Value)>) = match event["type"].as_str() {
            Some("message_start") => {
                (&["/message/usage", "/message/content"], vec![("/message/role", json!("user"))])
            }
            Some("content_block_start") => (
                &["/index", "/content_block/type"],
                vec![("/content_block/type", json!("blob")), ("/index", json!("0"))],
            ),
            Some("content_block_delta") => {
                (&["/index", "/delta"], vec![("/delta/type", json!("json_delta"))])
            }
            Some("content_block_stop") => (&["/index"], vec![]),
            Some("message_delta") => (
                &["/delta", "/usage", "/usage/output_tokens"],
                vec![("/delta/stop_reason", json!("stop"))],
            ),
            Some("message_stop" | "ping") => (&["/type"], vec![]),
            other => panic!("an unknown event: {other:?}"),
        };
        minds(&ANTHROPIC.event, &event, required, &typed);
    }
    minds(
        &ANTHROPIC.error,
        &error(api, model).await,
        &["/type", "/error", "/error/type", "/error/message"],
        &[("/error/type", json!("rate_limit")), ("/type", json!("errors"))],
    );
}

/// The vendor's types require nothing; names, types and the words of an enumeration are minded.
#[tokio::test]
async fn the_schemas_of_gemini_bite() {
    let (api, model) = APIS[8];
    let typed = [
        ("/candidates/0/content/role", json!(1)),
        ("/candidates/0/content/parts", json!({})),
        ("/candidates/0/finishReason", json!("stop")),
        ("/usageMetadata/promptTokenCount", json!("1")),
        ("/usageMetadata/promptTokensDetails/0/modality", json!("text")),
        ("/modelVersion", json!(1)),
        ("/responseId", json!(1)),
    ];
    let whole = whole(api, model).await;
    minds(&GEMINI.whole, &whole, &[], &typed);
    let last = stream(api, model).await.pop().unwrap();
    minds(&GEMINI.event, &last, &[], &typed);
    for (pointer, wrong) in [
        ("/candidates/0/content/parts/0/text", json!(1)),
        ("/candidates/0/content/parts/1/functionCall/args", json!("{}")),
        ("/candidates/0/content/parts/1/functionCall/name", json!(1)),
    ] {
        minds(&GEMINI.whole, &whole, &[], &[(pointer, wrong)]);
    }
    minds(
        &GEMINI.error,
        &error(api, model).await,
        &["/error", "/error/code", "/error/message", "/error/status"],
        &[("/error/status", json!("TOO_MANY")), ("/error/code", json!("429"))],
    );
}
