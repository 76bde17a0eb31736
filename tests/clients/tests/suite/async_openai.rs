//! async-openai: what its types tell.

use async_openai::error::{ApiErrorResponse, OpenAIError};
use async_openai::types::chat::{
    ChatChoiceStream, ChatCompletionStreamOptions, CreateChatCompletionStreamResponse,
    FinishReason, FunctionType,
};
use client_tests::async_openai::{AsyncOpenAi, request, tools, user};
use client_tests::{Ask, Client, TOOL};
use futures::TryStreamExt;
use serde_json::json;
use tower_mock_llm::{
    Answer, ApiError, Fault, MockLlmLayer, Reply, ReplyStream, Rule, Usage, last_user,
};

fn saying(reply: Reply) -> MockLlmLayer {
    MockLlmLayer::new().rule(Rule::always().respond_with(reply))
}

async fn chunks(
    client: &AsyncOpenAi,
    include_usage: Option<bool>,
) -> Vec<CreateChatCompletionStreamResponse> {
    let mut request = request(vec![user("hi")]);
    request.tools = Some(tools());
    request.stream_options = include_usage.map(|include_usage| ChatCompletionStreamOptions {
        include_usage: Some(include_usage),
        include_obfuscation: None,
    });
    let stream = client.0.chat().create_stream(request).await.unwrap();
    stream.try_collect().await.unwrap()
}

#[tokio::test]
async fn usage_comes_in_a_chunk_of_its_own_and_only_if_asked_for() {
    let client = AsyncOpenAi::connected(&saying(Reply::text("one two").usage(Usage::new(3, 2))));
    for not_asked in [None, Some(false)] {
        let chunks = chunks(&client, not_asked).await;
        assert!(chunks.iter().all(|chunk| chunk.usage.is_none() && chunk.choices.len() == 1));
    }
    let chunks = chunks(&client, Some(true)).await;
    let (last, before) = chunks.split_last().unwrap();
    assert!(before.iter().all(|chunk| chunk.usage.is_none() && chunk.choices.len() == 1));
    assert!(last.choices.is_empty());
    let usage = last.usage.as_ref().unwrap();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (3, 2, 5));
}

#[tokio::test]
async fn chunks_of_one_answer_belong_together() {
    let client = AsyncOpenAi::connected(&saying(Reply::text("one two three")));
    let first = chunks(&client, None).await;
    assert!(first.iter().all(|chunk| chunk.id == first[0].id));
    assert!(first.iter().all(|chunk| chunk.model == first[0].model));
    assert!(first.iter().all(|chunk| chunk.created == first[0].created));
    assert!(first[0].id.starts_with("chatcmpl-"));
    let finishes: Vec<_> = first.iter().map(|chunk| chunk.choices[0].finish_reason).collect();
    assert_eq!(finishes.iter().filter(|finish| finish.is_some()).count(), 1);
    assert_eq!(finishes[finishes.len() - 1], Some(FinishReason::Stop));
}

#[tokio::test]
async fn streamed_calls_are_named_once_and_numbered() {
    let reply = Reply::text("Let me look.")
        .tool_call(TOOL, json!({"city": "Paris"}))
        .tool_call(TOOL, json!({"city": "Rome"}));
    let client = AsyncOpenAi::connected(&saying(reply));
    let chunks = chunks(&client, None).await;
    let choices: Vec<&ChatChoiceStream> = chunks.iter().map(|chunk| &chunk.choices[0]).collect();
    let calls: Vec<_> =
        choices.iter().flat_map(|choice| choice.delta.tool_calls.iter().flatten()).collect();
    let named: Vec<_> = calls.iter().filter(|call| call.id.is_some()).collect();
    assert_eq!(named.iter().map(|call| call.index).collect::<Vec<_>>(), [0, 1]);
    assert_ne!(named[0].id, named[1].id);
    for call in &named {
        assert_eq!(call.r#type, Some(FunctionType::Function));
        assert_eq!(call.function.as_ref().unwrap().name.as_deref(), Some(TOOL));
    }
    assert!(calls.len() > 2 + 2, "the arguments come in pieces");
    assert_eq!(choices[choices.len() - 1].finish_reason, Some(FinishReason::ToolCalls));
}

#[tokio::test]
async fn a_refusal_is_no_text() {
    let client = AsyncOpenAi::connected(&saying(Reply::refusal("I can't help with that.")));
    let whole = client.0.chat().create(request(vec![user("hi")])).await.unwrap();
    let message = &whole.choices[0].message;
    assert_eq!(message.refusal.as_deref(), Some("I can't help with that."));
    assert_eq!(message.content, None);
    let refused: String = chunks(&client, None)
        .await
        .iter()
        .filter_map(|chunk| chunk.choices[0].delta.refusal.as_deref())
        .collect();
    assert_eq!(refused, "I can't help with that.");
}

#[tokio::test]
async fn errors_of_the_api_are_typed() {
    for (error, status, kind, code) in [
        (ApiError::authentication(), 401, "invalid_request_error", Some("invalid_api_key")),
        (ApiError::model_not_found(), 404, "invalid_request_error", Some("model_not_found")),
        (ApiError::rate_limit(), 429, "requests", Some("rate_limit_exceeded")),
        (ApiError::quota(), 429, "insufficient_quota", Some("insufficient_quota")),
        (ApiError::invalid_request("no"), 400, "invalid_request_error", None),
        (ApiError::context_length(), 400, "invalid_request_error", Some("context_length_exceeded")),
        (ApiError::content_policy(), 400, "invalid_request_error", Some("invalid_prompt")),
        (ApiError::permission(), 403, "invalid_request_error", None),
        (
            ApiError::region(),
            403,
            "request_forbidden",
            Some("unsupported_country_region_territory"),
        ),
        (ApiError::conflict(), 409, "invalid_request_error", None),
        (ApiError::unprocessable(), 422, "invalid_request_error", None),
        (ApiError::token_rate_limit(30_000), 429, "tokens", Some("rate_limit_exceeded")),
        (ApiError::slow_down(), 429, "rate_limit_error", Some("slow_down")),
        (ApiError::billing(), 429, "billing_not_active", Some("billing_not_active")),
    ] {
        let mock = MockLlmLayer::new().rule(Rule::always().respond_with(error));
        // Without retries, so that each is told at once.
        let client = AsyncOpenAi::layered(&mock);
        let whole = client.0.chat().create(request(vec![user("hi")])).await.map(|_| ());
        let stream = client.0.chat().create_stream(request(vec![user("hi")])).await;
        let stream = match stream {
            Ok(stream) => stream.try_collect::<Vec<_>>().await.map(|_| ()),
            Err(error) => Err(error),
        };
        for told in [whole, stream] {
            let Err(OpenAIError::ApiError(ApiErrorResponse { status_code, api_error })) = told
            else {
                panic!("an error of the API, not {told:?}");
            };
            assert_eq!(status_code.as_u16(), status);
            assert_eq!(api_error.r#type.as_deref(), Some(kind), "{api_error:?}");
            assert_eq!(api_error.code.as_deref(), code, "{api_error:?}");
            assert!(!api_error.message.is_empty());
        }
        assert_eq!(mock.handle().received().len(), 2);
    }
}

/// It hands out the body of a 5xx as it came.
#[tokio::test]
async fn errors_of_the_server_are_told() {
    let mock = MockLlmLayer::new().rule(Rule::always().respond_with(ApiError::server()));
    let told = AsyncOpenAi::layered(&mock).0.chat().create(request(vec![user("hi")])).await;
    let Err(OpenAIError::ApiError(ApiErrorResponse { status_code, api_error })) = told else {
        panic!("an error of the API, not {told:?}");
    };
    assert_eq!(status_code.as_u16(), 500);
    let body: serde_json::Value = serde_json::from_str(&api_error.message).unwrap();
    assert_eq!(body["error"]["type"], "server_error");
}

#[tokio::test]
async fn a_rate_limit_is_retried_until_it_is_over() {
    let mock = MockLlmLayer::new()
        .rule(Rule::always().respond_with(ApiError::rate_limit()).times(1).expect(1))
        .rule(Rule::always().respond_with("at last").expect(1));
    let got = AsyncOpenAi::connected(&mock).whole(Ask::text("hi")).await.unwrap();
    assert_eq!(got.text, "at last");
    mock.handle().verify();
    let received = mock.handle().received();
    assert_eq!(received.iter().map(|r| r.status.as_u16()).collect::<Vec<_>>(), [429, 200]);
    assert_eq!(received[0].body, received[1].body);
}

#[tokio::test]
async fn an_empty_purse_is_not_retried() {
    let mock = MockLlmLayer::new().rule(Rule::always().respond_with(ApiError::quota()).expect(1));
    AsyncOpenAi::connected(&mock).whole(Ask::text("hi")).await.unwrap_err();
    mock.handle().verify();
}

#[tokio::test]
async fn a_stream_that_breaks_is_not_asked_for_again() {
    let broken = Answer::from("one two three four").fault(Fault::abort_after(3));
    let mock = MockLlmLayer::new().rule(Rule::always().respond_with(broken).expect(1));
    let got = AsyncOpenAi::connected(&mock).stream(Ask::text("count")).await.unwrap();
    assert_eq!(got.deltas, ["one", " two"]);
    assert!(got.broke.is_some());
    mock.handle().verify();
}

#[tokio::test]
async fn a_stream_that_is_made_while_it_is_sent() {
    let mock =
        MockLlmLayer::new().rule(Rule::when(last_user().contains("count")).respond_fn(|_| {
            ReplyStream::new(futures::stream::iter(["1, ", "2, ", "3"].map(Into::into)))
        }));
    for client in [AsyncOpenAi::connected(&mock), AsyncOpenAi::layered(&mock)] {
        let got = client.stream(Ask::text("count")).await.unwrap();
        assert_eq!(got.deltas, ["1, ", "2, ", "3"]);
        assert_eq!(client.whole(Ask::text("count")).await.unwrap().text, "1, 2, 3");
    }
}
