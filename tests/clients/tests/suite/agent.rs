//! Agent loops: the model calls a tool, is told the result, and answers.

use async_openai::types::chat::{
    ChatCompletionMessageToolCalls, ChatCompletionRequestAssistantMessage,
    ChatCompletionRequestMessage, ChatCompletionRequestToolMessage,
};
use client_tests::async_openai::{AsyncOpenAi, request, tools, user};
use client_tests::genai::GenAi;
use client_tests::{Res, TOOL};
use genai::chat::{ChatMessage, ChatRequest, ToolResponse};
use serde_json::json;
use tower_mock_llm::request::Content;
use tower_mock_llm::{
    LlmRequest, Match, MockLlmLayer, Part, Provider, Reply, Role, Rule, ToolCall, last_user,
    tool_offered, tool_result,
};

/// The same rules for every provider.
fn forecaster() -> MockLlmLayer {
    let sunny = tool_result().contains("sunny");
    let rainy = tool_result().contains("rain");
    MockLlmLayer::new()
        .rule(Rule::when(sunny).respond_with("No umbrella.").named("sunny").expect(0))
        .rule(Rule::when(rainy).respond_with("Take an umbrella.").named("rainy").expect(1))
        .rule(
            Rule::when(tool_offered(TOOL).and(last_user().contains("umbrella")))
                .respond_with(
                    Reply::text("Let me look.")
                        .tool_call(TOOL, json!({"city": "Bergen"}))
                        .tool_call(TOOL, json!({"city": "Oslo"})),
                )
                .named("look")
                .expect(1),
        )
}

fn weather(city: &str) -> String {
    json!({"city": city, "weather": if city == "Bergen" { "rain" } else { "fog" }}).to_string()
}

/// What the mock saw, whoever sent it.
fn check(mock: &MockLlmLayer, provider: Provider) {
    mock.handle().verify();
    let received = mock.handle().received();
    let rules: Vec<_> = received.iter().map(|received| received.rule.as_deref()).collect();
    assert_eq!(rules, [Some("`look`"), Some("`rainy`")]);
    assert!(received.iter().all(|received| received.provider == provider));

    let requests: Vec<&LlmRequest> =
        received.iter().map(|received| received.request().unwrap()).collect();
    assert_eq!(requests.iter().map(|request| request.turn()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(requests[0].tool_results().count(), 0);
    assert_eq!(requests[0].tools[0].name, TOOL);

    let assistant = requests[1].messages.iter().find(|m| m.role == Role::Assistant).unwrap();
    assert_eq!(assistant.text(), "Let me look.");
    let called: Vec<(&str, serde_json::Value)> = assistant
        .content()
        .iter()
        .filter_map(|content| match content {
            Content::ToolCall { name, arguments, .. } => {
                Some((name.as_str(), serde_json::from_str(arguments).unwrap()))
            }
            _ => None,
        })
        .collect();
    let calls = ["Bergen", "Oslo"].map(|city| (TOOL, json!({"city": city})));
    assert_eq!(called, calls);
    let results: Vec<&str> = requests[1].tool_results().map(|(_, text)| text).collect();
    assert_eq!(results.len(), 2, "{results:?}");
    assert!(results[0].contains("rain") && results[1].contains("fog"), "{results:?}");
}

/// The loop of an app that uses async-openai.
pub(crate) async fn ask(client: &AsyncOpenAi, question: &str) -> Res<String> {
    let mut messages = vec![user(question)];
    for _ in 0..5 {
        let mut request = request(messages.clone());
        request.tools = Some(tools());
        let reply = client.0.chat().create(request).await?;
        let message = reply.choices.into_iter().next().ok_or("no choice")?.message;
        let Some(calls) = message.tool_calls else {
            return Ok(message.content.ok_or("no text")?);
        };
        let mut results: Vec<ChatCompletionRequestMessage> = Vec::new();
        for call in &calls {
            let ChatCompletionMessageToolCalls::Function(call) = call else {
                return Err("a custom tool was called".into());
            };
            let arguments: serde_json::Value = serde_json::from_str(&call.function.arguments)?;
            let city = arguments["city"].as_str().ok_or("no city")?;
            let result = ChatCompletionRequestToolMessage {
                content: weather(city).into(),
                tool_call_id: call.id.clone(),
            };
            results.push(result.into());
        }
        let assistant = ChatCompletionRequestAssistantMessage {
            content: message.content.map(Into::into),
            tool_calls: Some(calls),
            ..Default::default()
        };
        messages.push(assistant.into());
        messages.extend(results);
    }
    Err("it never comes to an end".into())
}

#[tokio::test]
async fn async_openai() {
    let mock = forecaster();
    let answer = ask(&AsyncOpenAi::connected(&mock), "Do I need an umbrella?").await.unwrap();
    assert_eq!(answer, "Take an umbrella.");
    check(&mock, Provider::OPENAI);
}

#[tokio::test]
async fn ids_of_calls_come_back() {
    let call = ToolCall::new(TOOL, json!({"city": "Bergen"})).with_id("call_42");
    let mock = MockLlmLayer::new()
        .rule(Rule::when(tool_result().exists()).respond_with("done"))
        .rule(Rule::always().respond_with(Reply::empty().part(Part::ToolCall(call))));
    assert_eq!(ask(&AsyncOpenAi::connected(&mock), "?").await.unwrap(), "done");
    let received = mock.handle().received();
    let results: Vec<_> = received[1].request().unwrap().tool_results().collect();
    assert_eq!(results, [("call_42", weather("Bergen").as_str())]);
}

#[tokio::test]
async fn a_rule_that_was_never_asked_for_is_named() {
    let mock = forecaster();
    let error = ask(&AsyncOpenAi::connected(&mock), "Is it cold?").await;
    // The default reply has answered.
    assert!(error.unwrap().starts_with("This is a mock answer"));
    let report = mock.handle().check().unwrap_err().to_string();
    assert!(report.contains("rule `look`: expected 1 request, answered 0"), "{report}");
    assert!(report.contains("nearest: request 1 (openai gpt-4o-mini)"), "{report}");
}

/// The loop of an app that uses genai.
async fn ask_genai<const REASONING: bool>(
    GenAi { client, model }: &GenAi<REASONING>,
    question: &str,
) -> Res<String> {
    let mut request = ChatRequest::new(vec![ChatMessage::user(question)])
        .with_tools(vec![client_tests::genai::tool()]);
    for _ in 0..5 {
        let reply = client.exec_chat(*model, request.clone(), None).await?;
        let calls: Vec<_> = reply.tool_calls().into_iter().cloned().collect();
        if calls.is_empty() {
            return Ok(reply.texts().concat());
        }
        request = request.append_message(ChatMessage::assistant(reply.content));
        for call in &calls {
            let city = call.fn_arguments["city"].as_str().ok_or("no city")?;
            request = request.append_message(ToolResponse::from_tool_call(call, weather(city)));
        }
    }
    Err("it never comes to an end".into())
}

#[tokio::test]
async fn genai_openai() {
    let mock = forecaster();
    let client = client_tests::genai::openai(&mock);
    assert_eq!(ask_genai(&client, "An umbrella?").await.unwrap(), "Take an umbrella.");
    check(&mock, Provider::OPENAI);
}

#[tokio::test]
async fn genai_anthropic() {
    let mock = forecaster();
    let client = client_tests::genai::anthropic(&mock);
    assert_eq!(ask_genai(&client, "An umbrella?").await.unwrap(), "Take an umbrella.");
    check(&mock, Provider::ANTHROPIC);
}

#[tokio::test]
async fn genai_gemini() {
    let mock = forecaster();
    let client = client_tests::genai::gemini(&mock);
    assert_eq!(ask_genai(&client, "An umbrella?").await.unwrap(), "Take an umbrella.");
    check(&mock, Provider::GEMINI);
}
