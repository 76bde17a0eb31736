//! Vectors through real clients: each asks for them in its own form.

use async_openai::config::OpenAIConfig;
use async_openai::types::embeddings::{
    CreateEmbeddingRequest, EmbeddingInput, EncodingFormat::Base64,
};
use client_tests::async_openai::AsyncOpenAi;
use client_tests::{genai, http};
use rig_core::providers::{gemini, openai};
use rig_reqwest::ReqwestClient;
use tower_mock_llm::provider::Operation;
use tower_mock_llm::respond::operation;
use tower_mock_llm::{ApiError, Embeddings, MockLlmLayer, Rule};

const SMALL: &str = "text-embedding-3-small";
const GEMINI: &str = "gemini-embedding-001";

/// The first two share words, the last is about something else.
const TEXTS: [&str; 3] = [
    "The ferry to Oslo leaves at noon.",
    "When does the ferry leave for Oslo?",
    "Knead the dough for ten minutes.",
];

fn texts() -> Vec<String> {
    TEXTS.map(str::to_owned).into()
}

fn by_hand() -> MockLlmLayer {
    // Thirds have no end in either base.
    let vectors = vec![vec![1.0 / 3.0, -2.5e-7, 0.0], vec![f32::MIN_POSITIVE, 1.0, -1.0]];
    let embeddings = operation(Operation::Embeddings);
    let vectors = Embeddings::of(vectors).tokens(7);
    MockLlmLayer::new().rule(Rule::when(embeddings).respond_with(vectors))
}

/// What [`by_hand`] says.
const BY_HAND: [[f32; 3]; 2] = [[1.0 / 3.0, -2.5e-7, 0.0], [f32::MIN_POSITIVE, 1.0, -1.0]];

#[track_caller]
fn rank(vectors: &[Vec<f32>], dimensions: usize) {
    let nearness = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        assert_eq!(vector.len(), dimensions);
        assert!((nearness(vector, vector) - 1.0).abs() < 1e-4);
    }
    let (near, far) = (nearness(&vectors[0], &vectors[1]), nearness(&vectors[0], &vectors[2]));
    assert!(near > 2.0 * far.abs(), "{near} {far}");
}

fn asking(input: EmbeddingInput) -> CreateEmbeddingRequest {
    CreateEmbeddingRequest { model: SMALL.to_owned(), input, ..Default::default() }
}

async fn floats(
    client: &async_openai::Client<OpenAIConfig>,
    request: CreateEmbeddingRequest,
) -> Vec<Vec<f32>> {
    let answer = client.embeddings().create(request).await.unwrap();
    assert_eq!((answer.object.as_str(), answer.model.as_str()), ("list", SMALL));
    assert_eq!(answer.usage.prompt_tokens, answer.usage.total_tokens);
    assert!(answer.data.iter().enumerate().all(|(at, item)| item.index as usize == at));
    answer.data.into_iter().map(|item| item.embedding).collect()
}

async fn base64(
    client: &async_openai::Client<OpenAIConfig>,
    mut request: CreateEmbeddingRequest,
) -> Vec<Vec<f32>> {
    request.encoding_format = Some(Base64);
    let answer = client.embeddings().create_base64(request).await.unwrap();
    answer.data.into_iter().map(|item| item.embedding.into()).collect()
}

#[tokio::test]
async fn async_openai_reads_floats_and_base64_alike() {
    let mock = MockLlmLayer::new();
    for client in [AsyncOpenAi::connected(&mock).0, AsyncOpenAi::layered(&mock).0] {
        let request = asking(EmbeddingInput::StringArray(texts()));
        let vectors = floats(&client, request.clone()).await;
        rank(&vectors, 1536);
        assert_eq!(base64(&client, request.clone()).await, vectors);

        let short = CreateEmbeddingRequest { dimensions: Some(256), ..request };
        let vectors = floats(&client, short.clone()).await;
        rank(&vectors, 256);
        assert_eq!(base64(&client, short).await, vectors);

        for (input, count) in [
            (EmbeddingInput::String(TEXTS[0].to_owned()), 1),
            (EmbeddingInput::IntegerArray(vec![1, 2, 3]), 1),
            (EmbeddingInput::ArrayOfIntegerArray(vec![vec![1, 2, 3], vec![4]]), 2),
        ] {
            assert_eq!(floats(&client, asking(input)).await.len(), count);
        }
    }
}

#[tokio::test]
async fn async_openai_reads_vectors_given_by_hand_to_the_bit() {
    let client = AsyncOpenAi::connected(&by_hand()).0;
    let request = asking(EmbeddingInput::StringArray(texts()));
    assert_eq!(floats(&client, request.clone()).await, BY_HAND);
    assert_eq!(base64(&client, request).await, BY_HAND);
}

#[tokio::test]
async fn async_openai_is_refused_in_the_vendors_words() {
    let client = AsyncOpenAi::connected(&MockLlmLayer::new()).0;
    let long = CreateEmbeddingRequest {
        dimensions: Some(1537),
        ..asking(EmbeddingInput::String("x".to_owned()))
    };
    let error = client.embeddings().create(long).await.unwrap_err().to_string();
    assert!(error.contains("Must be less than or equal to 1536."), "{error}");

    let fails = Rule::when(operation(Operation::Embeddings))
        .respond_with(ApiError::invalid_request("not today"));
    let client = AsyncOpenAi::connected(&MockLlmLayer::new().rule(fails)).0;
    let asked = asking(EmbeddingInput::String("x".to_owned()));
    let error = client.embeddings().create(asked).await.unwrap_err().to_string();
    assert!(error.contains("not today"), "{error}");
}

#[tokio::test]
async fn genai_reads_openai_and_gemini_one_and_many() {
    let client = genai::client(&MockLlmLayer::new());
    for (model, dimensions) in [(SMALL, 1536), (GEMINI, 3072)] {
        let many = client.embed_batch(model, texts(), None).await.unwrap();
        let vectors = many.into_vectors();
        rank(&vectors, dimensions);
        let one = client.embed(model, TEXTS[0], None).await.unwrap();
        assert_eq!(one.first_vector(), vectors.first());
    }
    let client = genai::client(&by_hand());
    for model in [SMALL, GEMINI] {
        let many = client.embed_batch(model, texts(), None).await.unwrap();
        assert_eq!(many.into_vectors(), BY_HAND, "{model}");
    }
}

#[tokio::test]
async fn rig_reads_openai_and_gemini() {
    let mock = MockLlmLayer::new();
    let http = || ReqwestClient::from(http(&mock));
    let openai = openai::OpenAIConfig::new("sk-mock").connect(http());
    let gemini = gemini::GeminiConfig::new("mock-key").connect(http());
    let narrow = |vector: &[f64]| vector.iter().map(|number| *number as f32).collect::<Vec<_>>();

    let answer = openai.embedding(SMALL, None).call(texts()).await.unwrap();
    let vectors: Vec<_> = answer.embeddings.iter().map(|item| narrow(&item.vec)).collect();
    rank(&vectors, 1536);
    assert!(answer.usage.input_tokens.is_some_and(|tokens| tokens > 0));
    let one = openai.embedding(SMALL, None).embed_text(TEXTS[2]).await.unwrap();
    assert_eq!(narrow(&one.vec), vectors[2]);

    let answer = gemini.embedding(GEMINI, Some(3072)).call(texts()).await.unwrap();
    let vectors: Vec<_> = answer.embeddings.iter().map(|item| narrow(&item.vec)).collect();
    rank(&vectors, 3072);
    assert_eq!(mock.handle().received().len(), 3);
}
