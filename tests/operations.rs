//! Embeddings and token counts: held against recordings, and against the usage of conversations.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::provider::Operation;
use tower_mock_llm::respond::{NearMiss, StructuredOutput, operation};
use tower_mock_llm::{
    ApiError, Embeddings, MockLlmLayer, Reply, Rule, Script, TokenCount, Tokenizer, last_user,
};

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answered {
    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        serde_json::from_str(&self.body).expect(&self.body)
    }

    /// The message of an error in any of the envelopes.
    #[track_caller]
    fn refusal(&self) -> String {
        assert_eq!(self.status, 400, "{}", self.body);
        let body: Value = serde_json::from_str(&self.body).expect(&self.body);
        body["error"]["message"].as_str().expect(&self.body).to_owned()
    }
}

async fn post(layer: &MockLlmLayer, url: &str, body: impl ToString) -> Answered {
    let request = Request::post(url)
        .header("authorization", "Bearer sk-test")
        .header("x-api-key", "test")
        .header("x-goog-api-key", "test")
        .header("anthropic-version", "2023-06-01")
        .body(Full::<Bytes>::from(body.to_string()))
        .expect("a request");
    let response = layer.clone().into_service().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("text");
    Answered { status: parts.status, headers: parts.headers, body }
}

const OPENAI: &str = "https://api.openai.com/v1/embeddings";
const CHAT: &str = "https://api.openai.com/v1/chat/completions";
const MESSAGES: &str = "https://api.anthropic.com/v1/messages";
const COUNT: &str = "https://api.anthropic.com/v1/messages/count_tokens";

fn gemini(model: &str, method: &str) -> String {
    format!("https://generativelanguage.googleapis.com/v1beta/models/{model}:{method}")
}

fn vectors(list: &Value) -> Vec<Vec<f32>> {
    serde_json::from_value(list.clone()).expect("vectors")
}

/// The names of recorded headers, without those of the connection, of caches and of cookies.
fn kept(names: impl Iterator<Item = String>, left_out: &[&str]) -> Vec<String> {
    const LEFT_OUT: [&str; 9] = [
        "alt-svc",
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "set-cookie",
        "strict-transport-security",
        "transfer-encoding",
        "x-envoy-upstream-service-time",
    ];
    let mut names: Vec<String> = names
        .map(|name| name.to_ascii_lowercase())
        .filter(|name| !LEFT_OUT.contains(&name.as_str()) && !left_out.contains(&name.as_str()))
        .collect();
    names.sort_unstable();
    names
}

fn names_of(headers: &HeaderMap, left_out: &[&str]) -> Vec<String> {
    kept(headers.keys().map(|name| name.as_str().to_owned()), left_out)
}

macro_rules! recording {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../src/provider/", $name, ".json")))
            .expect("a recording")
    };
}

#[tokio::test]
async fn openai_floats_are_as_recorded() {
    let recording = recording!("openai/golden/embeddings-float");
    let body: Value = serde_json::from_str(recording["body"].as_str().unwrap()).unwrap();
    let said = vectors(&json!([body["data"][0]["embedding"]]));
    let layer =
        MockLlmLayer::new().rule(Rule::always().respond_with(Embeddings::of(said).tokens(2)));
    let asked = json!({"model": "text-embedding-3-small", "input": "Search text"});
    let answered = post(&layer, OPENAI, asked).await;
    assert_eq!(answered.body, recording["body"].as_str().unwrap());
    assert_eq!(answered.headers["content-type"], recording["content_type"].as_str().unwrap());
    let names = recording["header_names"].as_array().unwrap().iter();
    let names = kept(names.map(|name| name.as_str().unwrap().to_owned()), &[]);
    assert_eq!(names_of(&answered.headers, &[]), names);
}

#[tokio::test]
async fn openai_base64_is_as_recorded() {
    let recording = recording!("openai/golden/embeddings-base64");
    let body: Value = serde_json::from_str(recording["body"].as_str().unwrap()).unwrap();
    let said = decoded(body["data"][0]["embedding"].as_str().unwrap());
    assert_eq!(said.len(), 1536);
    let layer =
        MockLlmLayer::new().rule(Rule::always().respond_with(Embeddings::of(vec![said]).tokens(1)));
    let asked = json!({
        "model": "text-embedding-3-small", "input": "hello", "encoding_format": "base64",
    });
    let answered = post(&layer, OPENAI, asked).await;
    assert_eq!(answered.body, recording["body"].as_str().unwrap());
}

#[tokio::test]
async fn gemini_is_as_recorded() {
    for (recording, pointer) in [
        (recording!("gemini/golden/embed"), "/embedding/values"),
        (recording!("gemini/golden/embed-batch"), "/embeddings/0/values"),
        (recording!("gemini/golden/count-tokens"), ""),
    ] {
        let body: Value = serde_json::from_str(recording["body"].as_str().unwrap()).unwrap();
        let rule = Rule::always();
        let rule = match pointer {
            "" => rule.respond_with(TokenCount::of(body["totalTokens"].as_u64().unwrap())),
            at => rule.respond_with(Embeddings::of(vectors(&json!([body.pointer(at).unwrap()])))),
        };
        let layer = MockLlmLayer::new().rule(rule);
        let url = recording["url"].as_str().unwrap();
        let answered = post(&layer, url, &recording["request"]).await;
        assert_eq!(answered.body, recording["body"].as_str().unwrap());
        let names = recording["headers"].as_object().unwrap().keys().cloned();
        assert_eq!(names_of(&answered.headers, &[]), kept(names, &[]), "{url}");
        assert_eq!(
            answered.headers["content-type"],
            recording["headers"]["content-type"].as_str().unwrap()
        );
    }
}

#[tokio::test]
async fn anthropic_count_is_as_recorded() {
    let recording = recording!("anthropic/golden/count-tokens");
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with(TokenCount::of(13)));
    let asked = json!({
        "model": "claude-sonnet-5",
        "messages": [{"role": "user", "content": [{
            "type": "text", "text": "And tomorrow?",
            "cache_control": {"type": "ephemeral", "ttl": "5m"},
        }]}],
    });
    let answered = post(&layer, COUNT, asked).await;
    assert_eq!(answered.body, recording["body"].as_str().unwrap());
    let names = recording["headers"].as_object().unwrap().keys().cloned();
    // What the recorder or its proxy added, and what other answers of that month have.
    let left_out = ["server-timing", "traceresponse", "anthropic-workspace-id"];
    assert_eq!(names_of(&answered.headers, &left_out), kept(names, &left_out));
}

/// Base64 by the book, for recorded bytes.
fn decoded(text: &str) -> Vec<f32> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

#[tokio::test]
async fn openai_embeds_each_kind_of_input_at_the_models_size() {
    let layer = MockLlmLayer::new();
    for (model, input, dimensions, (count, length)) in [
        ("text-embedding-3-small", json!("one"), None, (1, 1536)),
        ("text-embedding-3-large", json!(["one", "two"]), None, (2, 3072)),
        ("text-embedding-ada-002", json!([1, 2, 3]), None, (1, 1536)),
        ("text-embedding-3-small", json!([[1, 2], [3]]), Some(256), (2, 256)),
        ("text-embedding-3-large", json!("\u{1F600}\\\" \u{0}"), Some(1), (1, 1)),
        ("my-own", json!(""), Some(4096), (1, 4096)),
    ] {
        let mut asked = json!({"model": model, "input": input});
        if let Some(dimensions) = dimensions {
            asked["dimensions"] = json!(dimensions);
        }
        let whole = post(&layer, OPENAI, &asked).await.json();
        let data = whole["data"].as_array().unwrap();
        assert_eq!((data.len(), whole["model"].as_str().unwrap()), (count, model));
        asked["encoding_format"] = json!("base64");
        let encoded = post(&layer, OPENAI, &asked).await.json();
        for (index, (float, base64)) in
            data.iter().zip(encoded["data"].as_array().unwrap()).enumerate()
        {
            assert_eq!((&float["index"], &base64["index"]), (&json!(index), &json!(index)));
            let floats = vectors(&json!([float["embedding"]])).remove(0);
            assert_eq!(floats.len(), length);
            // Both forms are the same numbers.
            assert_eq!(floats, decoded(base64["embedding"].as_str().unwrap()));
        }
        assert_eq!(whole["usage"], encoded["usage"]);
        assert_eq!(whole["usage"]["prompt_tokens"], whole["usage"]["total_tokens"]);
    }
    let tokens = post(&layer, OPENAI, json!({"model": "m", "input": [[1, 2], [3]]})).await.json();
    assert_eq!(tokens["usage"]["prompt_tokens"], 3);
}

#[tokio::test]
async fn openai_refuses_in_the_vendors_words() {
    let layer = MockLlmLayer::new();
    for (body, words) in [
        (r#"{"input": "x"}"#, "you must provide a model parameter"),
        (r#"{"model": "m"}"#, "Missing required parameter: 'input'."),
        (r#"{"model": "m", "input": []}"#, "'$.input' is invalid."),
        (r#"{"model": "m", "input": ["a", ""]}"#, "'$.input' is invalid."),
        (r#"{"model": "m", "input": ["a", 1]}"#, "'$.input' is invalid."),
        (r#"{"model": "m", "input": [1, "a"]}"#, "'$.input' is invalid."),
        (r#"{"model": "m", "input": [-1]}"#, "'$.input' is invalid."),
        (r#"{"model": "m", "input": {}}"#, "'$.input' is invalid."),
        (
            r#"{"model": "text-embedding-ada-002", "input": "x", "dimensions": 5}"#,
            "This model does not support specifying dimensions.",
        ),
        (
            r#"{"model": "text-embedding-3-small", "input": "x", "dimensions": 1537}"#,
            "Invalid value for 'dimensions' = 1537. Must be less than or equal to 1536.",
        ),
        (r#"{"model": "m", "input": "x", "dimensions": 0}"#, "below minimum value"),
        (r#"{"model": "m", "input": "x", "dimensions": "9"}"#, "Invalid type for 'dimensions'"),
        (r#"{"model": "m", "input": "x", "encoding_format": "hex"}"#, "Invalid value: 'hex'."),
        (r#"{"model": "m", "input": "#, "We could not parse the JSON body of your request."),
    ] {
        let refusal = post(&layer, OPENAI, body).await.refusal();
        assert!(refusal.contains(words), "{body}: {refusal}");
    }
    let many = json!({"model": "m", "input": vec!["x"; 2049], "dimensions": 1});
    assert!(post(&layer, OPENAI, many).await.refusal().contains("'$.input' is invalid."));
}

#[tokio::test]
async fn gemini_embeds_at_the_models_size() {
    let layer = MockLlmLayer::new();
    let content = json!({"parts": [{"text": "Some text"}]});
    for (model, wanted, length, is_unit) in [
        ("gemini-embedding-001", None, 3072, true),
        // As recorded: what is cut off is missed.
        ("gemini-embedding-001", Some(768), 768, false),
        ("gemini-embedding-2-preview", Some(768), 768, true),
        ("text-embedding-004", None, 768, true),
    ] {
        let mut asked = json!({"content": content, "taskType": "RETRIEVAL_QUERY"});
        if let Some(wanted) = wanted {
            asked["outputDimensionality"] = json!(wanted);
        }
        let answered = post(&layer, &gemini(model, "embedContent"), &asked).await.json();
        let vector = vectors(&json!([answered["embedding"]["values"]])).remove(0);
        let length_squared: f64 = vector.iter().map(|n| f64::from(*n) * f64::from(*n)).sum();
        assert_eq!(vector.len(), length);
        assert_eq!((length_squared - 1.0).abs() < 1e-5, is_unit, "{model}: {length_squared}");

        asked["model"] = json!(format!("models/{model}"));
        let batch = json!({"requests": [asked, asked]});
        let answered = post(&layer, &gemini(model, "batchEmbedContents"), batch).await.json();
        let both: Vec<Value> = answered["embeddings"].as_array().unwrap().clone();
        assert_eq!(vectors(&json!([both[0]["values"], both[1]["values"]])), vec![vector; 2]);
    }
}

#[tokio::test]
async fn gemini_refuses_in_the_vendors_words() {
    let layer = MockLlmLayer::new();
    let url = |method| gemini("gemini-embedding-001", method);
    for (method, body, words) in [
        ("embedContent", json!({}), "* EmbedContentRequest.content: content is not specified"),
        (
            "embedContent",
            json!({"content": {"parts": [{"text": ""}]}}),
            "EmbedContentRequest.content contains an empty Part.",
        ),
        (
            "embedContent",
            json!({"content": {"parts": [{"text": "x"}]}, "outputDimensionality": 3073}),
            "output_dimensionality must be in the range [1, 3072].",
        ),
        (
            "embedContent",
            json!({"content": "x"}),
            "Invalid value at 'content' (type.googleapis.com/google.ai.generativelanguage.v1beta.\
             Content), \"x\"",
        ),
        (
            "batchEmbedContents",
            json!({"requests": vec![json!({"content": {"parts": [{"text": "x"}]}}); 101]}),
            "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch",
        ),
        ("countTokens", json!({}), "contents is not specified"),
    ] {
        let refusal = post(&layer, &url(method), &body).await.refusal();
        assert!(refusal.contains(words), "{body}: {refusal}");
    }
}

#[tokio::test]
async fn anthropic_count_wants_no_limit_and_a_message_wants_one() {
    let layer = MockLlmLayer::new();
    let asked = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
    assert_eq!(post(&layer, COUNT, &asked).await.json()["input_tokens"], 8);
    assert_eq!(post(&layer, MESSAGES, &asked).await.refusal(), "max_tokens: Field required");
    let mut limited = asked.clone();
    limited["max_tokens"] = json!(5);
    let refusal = post(&layer, COUNT, &limited).await.refusal();
    assert_eq!(refusal, "max_tokens: Extra inputs are not permitted");
    limited["max_tokens"] = Value::Null;
    let refusal = post(&layer, MESSAGES, &limited).await.refusal();
    assert_eq!(refusal, "max_tokens: Input should be a valid integer");
    for (body, words) in [
        (json!({"messages": []}), "model: Field required"),
        (json!({"model": "m"}), "messages: Field required"),
        (json!({"model": "m", "messages": []}), "messages: at least one message is required"),
        (json!({"model": 1, "messages": []}), "model: Input should be a valid string"),
    ] {
        assert_eq!(post(&layer, COUNT, body).await.refusal(), words);
    }
}

#[tokio::test]
async fn a_reply_is_passed_over_by_calls_that_are_no_conversation() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().first("once").then("twice").then("thrice").expect_all())
        .rule(Rule::always().respond_with(Script::new().turn("a turn").by_call_order()))
        .default_reply(Arc::new(Reply::text("the default")));
    let embed = json!({"model": "text-embedding-3-small", "input": "x", "dimensions": 4});
    let count = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
    for _ in 0..3 {
        let vector = &post(&layer, OPENAI, &embed).await.json()["data"][0]["embedding"];
        assert_eq!(vector.as_array().unwrap().len(), 4);
        assert_eq!(post(&layer, COUNT, &count).await.json()["input_tokens"], 8);
    }
    // None of them was used up.
    let chat = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
    for text in ["once", "twice", "thrice", "a turn", "the default"] {
        let said = post(&layer, CHAT, &chat).await.json();
        assert_eq!(said["choices"][0]["message"]["content"], text);
    }
    layer.handle().verify();
}

/// It was refused: there is nothing to leave out of the tool's arguments, and nothing to say either.
#[tokio::test]
async fn a_near_miss_that_cannot_be_made_is_no_answer_to_a_count() {
    let broken = StructuredOutput::new().near_miss(NearMiss::MissingField);
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with(broken));
    let mut asked = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
    asked["tools"] = json!([{"name": "look", "input_schema": {"type": "object"}}]);
    assert!(post(&layer, COUNT, &asked).await.json()["input_tokens"].is_u64());
    asked["max_tokens"] = json!(100);
    let refusal = post(&layer, MESSAGES, &asked).await.refusal();
    assert!(refusal.contains("MissingField"), "{refusal}");
}

#[tokio::test]
async fn an_error_answers_every_operation() {
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with(ApiError::rate_limit()));
    let chat = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
    let embed = json!({"model": "m", "input": "x"});
    for (url, asked) in [(OPENAI, &embed), (CHAT, &chat), (COUNT, &chat)] {
        assert_eq!(post(&layer, url, asked).await.status, 429, "{url}");
    }
}

#[tokio::test]
async fn rules_see_the_operation_and_the_inputs() {
    let layer = MockLlmLayer::new()
        .rule(Rule::when(operation(Operation::Chat)).respond_with("chat"))
        .rule(
            Rule::when(last_user().contains("needle"))
                .respond_with(Embeddings::of(vec![vec![1.0, 0.5], vec![0.25, 0.0]]).model("mine")),
        )
        .rule(Rule::when(operation(Operation::CountTokens)).respond_with(TokenCount::of(7)));
    let asked = json!({"model": "m", "input": ["hay", "a needle"]});
    let answered = post(&layer, OPENAI, asked).await;
    assert_eq!(
        answered.body,
        r#"{"object":"list","data":[{"object":"embedding","embedding":[1.0,0.5],"index":0},{"object":"embedding","embedding":[0.25,0.0],"index":1}],"model":"mine","usage":{"prompt_tokens":3,"total_tokens":3}}"#
    );
    let asked = json!({"model": "m", "messages": [{"role": "user", "content": "needle"}]});
    assert_eq!(post(&layer, COUNT, asked).await.json()["input_tokens"], 7);
    let received = layer.handle().received();
    assert_eq!(received[0].request().unwrap().operation(), Operation::Embeddings);
}

/// A rule with a reply hides another of the same words only where it answers all that it would.
#[tokio::test]
async fn embeddings_behind_a_reply_are_not_hidden() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_with("hi"))
        .rule(Rule::always().respond_with(Embeddings::of(vec![vec![1.0]])));
    layer.handle().verify();
    let asked = json!({"model": "m", "input": "x"});
    assert_eq!(post(&layer, OPENAI, asked).await.json()["data"][0]["embedding"], json!([1.0]));
    let hidden = MockLlmLayer::new()
        .rule(Rule::always().respond_with(ApiError::overloaded()))
        .rule(Rule::always().respond_with(Embeddings::of(vec![vec![1.0]])));
    assert!(hidden.handle().check().is_err());
}

#[tokio::test]
async fn strict_mode_refuses_what_no_rule_answers() {
    let layer = MockLlmLayer::new().rule(Rule::always().respond_with("hi")).strict();
    let refusal = post(&layer, OPENAI, json!({"model": "m", "input": "x"})).await.refusal();
    assert!(refusal.contains("left the request to the next rule"), "{refusal}");
}

/// A token a byte, for the model that the tests ask.
struct Bytewise;

impl Tokenizer for Bytewise {
    fn count(&self, model: &str, text: &str) -> Option<u64> {
        (model == "text-embedding-3-small").then_some(text.len() as u64)
    }
}

#[tokio::test]
async fn an_input_that_is_too_long_is_refused_where_that_is_certain() {
    let ask = |model: &str, input: Value| json!({"model": model, "input": input, "dimensions": 2});
    let small = "text-embedding-3-small";
    let estimating = MockLlmLayer::new();
    let counting = MockLlmLayer::new().tokenizer(Bytewise);
    // The tokens are known.
    for (tokens, status) in [(8192, 200), (8193, 400)] {
        let answer = post(&estimating, OPENAI, ask(small, json!([vec![7; tokens]]))).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let numbers = post(&estimating, OPENAI, ask(small, json!(vec![7; 8193]))).await;
    let one = "Invalid 'input': maximum context length is 8192 tokens.";
    assert_eq!(numbers.refusal(), one);
    // Nobody counts: a text may be all long tokens.
    let spaces = |count: usize| tower_mock_llm::Tiktoken.count("gpt-4", &" ".repeat(count));
    assert_eq!(spaces(128), Some(1));
    let most = " ".repeat(8192 * 128);
    assert_eq!(post(&estimating, OPENAI, ask(small, json!(most))).await.status, 200);
    assert_eq!(post(&estimating, OPENAI, ask(small, json!(most + "x"))).await.refusal(), one);
    // Somebody does.
    let texts = json!(["x".repeat(8192), "x".repeat(8193)]);
    assert_eq!(post(&estimating, OPENAI, ask(small, texts.clone())).await.status, 200);
    let answer = post(&counting, OPENAI, ask(small, texts.clone())).await;
    assert_eq!(
        answer.body,
        r#"{
  "error": {
    "message": "Invalid 'input[1]': maximum input length is 8192 tokens.",
    "type": "invalid_request_error",
    "param": null,
    "code": null
  }
}"#
    );
    let rule = Rule::always().respond_with(Embeddings::of(vec![vec![1.0]]));
    let answer = post(&counting.rule(rule), OPENAI, ask(small, texts)).await;
    assert_eq!(answer.status, 400);
    // Another's model, at an address of the user's own.
    let other = ask("mine", json!([vec![7; 8193]]));
    assert_eq!(post(&estimating, OPENAI, other).await.status, 200);
}

#[tokio::test]
async fn the_list_of_models_is_answered_by_rules_and_by_strict_layers() {
    let get = async |layer: &MockLlmLayer, path: &str| {
        let request = Request::get(format!("https://api.openai.com{path}"))
            .header("authorization", "Bearer sk-test")
            .body(Full::<Bytes>::default())
            .unwrap();
        let response = layer.clone().into_service().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
    };
    // A text is no answer to it, and nothing is missing in strict mode.
    let strict = MockLlmLayer::new().rule(Rule::always().respond_with("hi")).strict();
    let (status, list) = get(&strict.models(["mine"]), "/v1/models").await;
    assert_eq!(status, 200);
    assert!(list.contains("\"id\": \"mine\"") && list.contains("\"id\": \"gpt-4o\""), "{list}");

    let asked = || Rule::when(operation(Operation::Models));
    let few = MockLlmLayer::new()
        .rule(asked().respond_with(tower_mock_llm::Models::of(["gpt-4o", "mine"])));
    let list: Value = serde_json::from_str(&get(&few, "/v1/models").await.1).unwrap();
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, ["gpt-4o", "mine"]);
    // What is known of it is told of it here too.
    assert_eq!(list["data"][0]["created"], 1_715_367_049);
    assert_eq!(get(&few, "/v1/models/o3").await.0, 404);
    let wrong = ApiError::new(tower_mock_llm::reply::ErrorKind::Authentication);
    let refusing = MockLlmLayer::new().rule(asked().respond_with(wrong));
    assert_eq!(get(&refusing, "/v1/models").await.0, 401);
    let received = refusing.handle().received();
    assert_eq!(received[0].request().unwrap().operation(), Operation::Models);
}
