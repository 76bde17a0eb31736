//! Structured outputs as apps use them: the schema of a type goes out, a value of it comes back.

use async_openai::error::OpenAIError;
use async_openai::types::chat::{ResponseFormat, ResponseFormatJsonSchema};
use client_tests::async_openai::{AsyncOpenAi, request, user};
use client_tests::genai::{self as gen_ai, GenAi};
use futures::TryStreamExt;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, JsonSpec, Tool, ToolChoice};
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_mock_llm::respond::{NearMiss, StructuredOutput};
use tower_mock_llm::{MockLlmLayer, Reply, Rule};

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
struct Recipe {
    title: String,
    servings: u8,
    difficulty: Difficulty,
    steps: Vec<Step>,
    rating: Option<f64>,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Difficulty {
    Easy,
    Hard,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
struct Step {
    text: String,
    minutes: u32,
}

fn schema() -> Value {
    schema_for!(Recipe).into()
}

fn recipe() -> Recipe {
    let step = Step { text: "Mock text.".to_owned(), minutes: 15 };
    Recipe {
        title: "A mock title".to_owned(),
        servings: 1,
        difficulty: Difficulty::Easy,
        steps: vec![step],
        rating: Some(4.5),
    }
}

fn parsed(text: &str) -> Result<Recipe, serde_json::Error> {
    serde_json::from_str(text)
}

async fn by_async_openai(mock: &MockLlmLayer) -> Result<String, OpenAIError> {
    let mut request = request(vec![user("A recipe, please.")]);
    request.response_format = Some(ResponseFormat::JsonSchema {
        json_schema: ResponseFormatJsonSchema {
            description: None,
            name: "recipe".to_owned(),
            schema: schema(),
            strict: Some(true),
        },
    });
    let client = AsyncOpenAi::connected(mock);
    let whole = client.0.chat().create(request.clone()).await?;
    let whole = whole.choices[0].message.content.clone().unwrap_or_default();
    let stream = client.0.chat().create_stream(request).await?;
    let chunks: Vec<_> = stream.try_collect().await?;
    let deltas = chunks.iter().filter_map(|chunk| chunk.choices[0].delta.content.as_deref());
    assert_eq!(deltas.collect::<String>(), whole);
    Ok(whole)
}

async fn by_genai<const REASONING: bool>(client: GenAi<REASONING>) -> String {
    let request = ChatRequest::new(vec![ChatMessage::user("A recipe, please.")]);
    let options = ChatOptions::default().with_response_format(JsonSpec::new("recipe", schema()));
    let answer = client.client.exec_chat(client.model, request, Some(&options)).await.unwrap();
    answer.first_text().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_default_reply_is_a_value_of_the_type() {
    let mock = MockLlmLayer::new();
    assert_eq!(parsed(&by_async_openai(&mock).await.unwrap()).unwrap(), recipe());
    assert_eq!(parsed(&by_genai(gen_ai::openai(&mock)).await).unwrap(), recipe());
    assert_eq!(parsed(&by_genai(gen_ai::anthropic(&mock)).await).unwrap(), recipe());
    assert_eq!(parsed(&by_genai(gen_ai::gemini(&mock)).await).unwrap(), recipe());
}

#[tokio::test]
async fn near_misses_are_no_values_of_the_type() {
    for near_miss in NearMiss::ALL {
        if near_miss == NearMiss::OutOfRange {
            continue; // genai sends no bounds to some.
        }
        let broken = StructuredOutput::new().near_miss(near_miss);
        let mock = MockLlmLayer::new().rule(Rule::always().respond_with(broken));
        for text in [
            by_async_openai(&mock).await.unwrap(),
            by_genai(gen_ai::openai(&mock)).await,
            by_genai(gen_ai::anthropic(&mock)).await,
            by_genai(gen_ai::gemini(&mock)).await,
        ] {
            assert!(parsed(&text).is_err(), "{near_miss:?}: {text}");
        }
        mock.handle().verify();
    }
}

#[tokio::test]
async fn a_retry_after_a_near_miss_gets_the_value() {
    let broken = StructuredOutput::new().near_miss(NearMiss::MissingField).at("/steps/0/minutes");
    let mock = MockLlmLayer::new()
        .rule(Rule::always().first(broken).then_repeat(StructuredOutput::new()).expect_all());
    let client = || gen_ai::openai(&mock);
    let error = parsed(&by_genai(client()).await).unwrap_err().to_string();
    assert!(error.starts_with("missing field `minutes`"), "{error}");
    assert_eq!(parsed(&by_genai(client()).await).unwrap(), recipe());
    mock.handle().verify();
}

#[tokio::test]
async fn a_reply_that_does_not_fit_is_an_error_that_is_not_tried_again() {
    let mock = MockLlmLayer::new()
        .rule(Rule::always().respond_with(r#"{"title": "Soup", "servings": "4"}"#).named("soup"));
    let Err(OpenAIError::ApiError(error)) = by_async_openai(&mock).await else {
        panic!("an error of the API")
    };
    assert_eq!(error.status_code.as_u16(), 400);
    let message = error.api_error.message;
    assert!(message.contains("rule `soup` has an answer that does not fit"), "{message}");
    assert_eq!(mock.handle().received().len(), 1);
    assert!(message.contains(mock.handle().check().unwrap_err().to_string().trim_end()));
}

async fn called<const REASONING: bool>(client: GenAi<REASONING>) -> Value {
    let request = ChatRequest::new(vec![ChatMessage::user("Save it.")])
        .with_tools(vec![Tool::new("save_recipe").with_schema(schema())]);
    let options = ChatOptions::default().with_tool_choice(ToolChoice::Required);
    let answer = client.client.exec_chat(client.model, request, Some(&options)).await.unwrap();
    answer.tool_calls()[0].fn_arguments.clone()
}

#[tokio::test]
async fn tools_are_called_with_values_of_the_type() {
    let mock = MockLlmLayer::new();
    let own = || {
        let steps = json!([{"text": "Boil.", "minutes": 9}]);
        let soup = json!({"title": "Soup", "servings": 4, "difficulty": "hard", "steps": steps,
            "rating": null});
        let reply = Reply::empty().tool_call("save_recipe", soup);
        MockLlmLayer::new().rule(Rule::always().respond_with(reply))
    };
    let own = own();
    for (whole, soup) in [
        (called(gen_ai::openai(&mock)).await, called(gen_ai::openai(&own)).await),
        (called(gen_ai::anthropic(&mock)).await, called(gen_ai::anthropic(&own)).await),
        (called(gen_ai::gemini(&mock)).await, called(gen_ai::gemini(&own)).await),
    ] {
        assert_eq!(serde_json::from_value::<Recipe>(whole).unwrap(), recipe());
        assert_eq!(serde_json::from_value::<Recipe>(soup).unwrap().servings, 4);
    }
    own.handle().verify();
}
