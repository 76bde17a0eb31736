//! What not every Gemini answer has, held against the vendor's own types and read by a client.

use std::sync::LazyLock;

use futures::StreamExt;
use genai::chat::{ChatMessage, ChatRequest, ChatStreamEvent};
use http_body_util::{BodyExt, Full};
use jsonschema::Validator;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::reply::{Audio, Media, WebPage};
use tower_mock_llm::{
    Citation, Finish, MockLlmLayer, Part, Reply, Rule, SafetyRating, ServerTool, ToolCall,
};

/// Made from the types of the vendor's Python SDK, and closed: no field is unknown.
static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("../schemas/gemini/generate-content-response.json");
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    close(&mut schema);
    jsonschema::validator_for(&schema).unwrap()
});

fn close(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(object) => {
            object.values_mut().for_each(close);
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                // In recorded traffic, but not in the SDK, which has other names for them.
                for name in ["serviceTier", "citationSources"] {
                    properties.insert(name.to_owned(), json!(true));
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
fn check(body: &Value) {
    let errors: Vec<String> =
        SCHEMA.iter_errors(body).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\nin {body:#}");
}

async fn call(mock: &MockLlmLayer, model: &str, method: &str, config: Value) -> Vec<Value> {
    let url = format!("https://generativelanguage.googleapis.com/v1beta/models/{model}:{method}");
    let body = json!({
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "tools": [{"googleSearch": {}}],
        "generationConfig": config,
    });
    let request = http::Request::post(url)
        .header("x-goog-api-key", "mock")
        .body(Full::<bytes::Bytes>::from(body.to_string()))
        .unwrap();
    let answer = mock.clone().into_service().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    match serde_json::from_slice(&body).unwrap() {
        Value::Array(chunks) => chunks,
        whole => vec![whole],
    }
}

fn replies() -> Vec<Reply> {
    let page = || Citation::web("https://docs.rs/tower", "tower");
    let rating = |probability| SafetyRating::new("HARM_CATEGORY_HARASSMENT", probability);
    vec![
        Reply::text("It is ").cited_text("a library", [page()]).then_text("."),
        Reply::empty()
            .server_tool(ServerTool::web_search("tower", [WebPage::new("https://a.example", "A")]))
            .cited_text("Modular components", [page()]),
        Reply::empty().server_tool(ServerTool::code("print(1)", "1\n")).then_text("One."),
        Reply::text("Look:").image("image/png", &b"\x89PNG"[..]),
        Reply::empty().part(Part::Audio(Audio::new(Media::new("audio/wav", &b"RIFF"[..]), "Hi"))),
        Reply::text("well").safety(rating("LOW")),
        Reply::empty().safety(rating("HIGH").blocked()).finish(Finish::ContentFilter),
        Reply::empty().safety(rating("HIGH")).finish(Finish::PromptBlocked),
        Reply::empty().finish(Finish::PromptBlocked),
        Reply::empty().cited_text("word for word", [page()]).finish(Finish::Recitation),
        Reply::text("a").choice(Reply::text("b").tool_call("f", json!({}))),
        Reply::empty().raw(json!({"fileData": {"fileUri": "gs://a", "mimeType": "video/mp4"}})),
        Reply::empty().part(Part::ToolCall(ToolCall::with_raw_arguments("f", "{\"x\":"))),
    ]
}

#[tokio::test]
async fn all_that_gemini_says_is_of_the_vendors_types() {
    let configs = [
        ("gemini-2.0-flash", json!({"responseLogprobs": true, "logprobs": 5})),
        ("gemini-2.0-flash", json!({"candidateCount": 3})),
        ("gemini-2.5-flash", json!({"candidateCount": 2})),
        ("gemini-3-pro-preview", json!({})),
    ];
    for reply in replies() {
        let mock = MockLlmLayer::new().rule(Rule::always().respond_with(reply));
        for (model, config) in &configs {
            for method in ["generateContent", "streamGenerateContent"] {
                let said = call(&mock, model, method, config.clone()).await;
                assert!(!said.is_empty());
                said.iter().for_each(check);
            }
        }
    }
}

#[tokio::test]
async fn the_schema_bites() {
    let mock = MockLlmLayer::new().rule(Rule::always().respond_with(replies()[1].clone()));
    let said = call(&mock, "gemini-2.0-flash", "generateContent", json!({})).await.remove(0);
    check(&said);
    let metadata = "/candidates/0/groundingMetadata";
    for (pointer, wrong) in [
        ("/groundingSupports/0/segment/endIndex", json!("18")),
        ("/groundingChunks/0/web", json!("https://a.example")),
        ("/webSearchQueries", json!("tower")),
        ("/searchEntryPoint", json!({"html": ""})),
    ] {
        let mut spoiled = said.clone();
        let place = spoiled.pointer_mut(&format!("{metadata}{pointer}")).expect(pointer);
        *place = wrong;
        assert!(!SCHEMA.is_valid(&spoiled), "nobody minds {pointer}");
    }
}

/// What genai has words for: text beside what it leaves out, pictures, and why it ended.
#[tokio::test]
async fn genai_reads_what_it_has_words_for() {
    let told = [
        (replies().remove(0), "It is a library."),
        (replies().remove(1), "Modular components"),
        (replies().remove(2), "One."),
        (replies().remove(3), "Look:"),
        (replies().remove(5), "well"),
    ];
    for (reply, text) in told {
        let mock = MockLlmLayer::new().rule(Rule::always().respond_with(reply));
        let client = client_tests::genai::gemini(&mock).client;
        let ask = || ChatRequest::new(vec![ChatMessage::user("hi")]);
        let whole = client.exec_chat("gemini-2.5-flash", ask(), None).await.unwrap();
        assert_eq!(whole.texts().concat(), text);
        let is_picture = text == "Look:";
        assert_eq!(whole.content.binaries().len(), usize::from(is_picture));
        let mut stream =
            client.exec_chat_stream("gemini-2.5-flash", ask(), None).await.unwrap().stream;
        let mut heard = String::new();
        while let Some(event) = stream.next().await {
            if let ChatStreamEvent::Chunk(chunk) = event.unwrap() {
                heard.push_str(&chunk.content);
            }
        }
        assert_eq!(heard, text);
    }
}
