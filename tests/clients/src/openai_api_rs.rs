//! openai-api-rs 10 (reqwest 0.12): takes no client, so it is given the base URL of a server.

use std::pin::pin;

use futures::StreamExt;
use openai_api_rs::v1::api::OpenAIClient;
use openai_api_rs::v1::chat_completion::chat_completion::ChatCompletionRequest;
use openai_api_rs::v1::chat_completion::chat_completion_stream::{
    ChatCompletionStreamRequest, ChatCompletionStreamResponse,
};
use openai_api_rs::v1::chat_completion::{
    ChatCompletionMessage, Content, MessageRole, Tool, ToolChoiceType,
};
use serde_json::json;
use tower_mock_llm::{MockLlmLayer, MockServer};

use crate::{Ask, Client, Got, OPENAI, Res, TOOL, TOOL_DESCRIPTION, Tells, tool_schema};

pub struct OpenAiApiRs {
    client: OpenAIClient,
    _server: MockServer,
}

impl OpenAiApiRs {
    pub fn served(mock: &MockLlmLayer) -> Self {
        let server = mock.serve().expect("a server");
        let builder = OpenAIClient::builder()
            .with_endpoint(format!("{}/v1", server.url()))
            .with_api_key("sk-mock");
        Self { client: builder.build().expect("a client"), _server: server }
    }
}

fn messages(ask: Ask<'_>) -> Vec<ChatCompletionMessage> {
    vec![ChatCompletionMessage {
        role: MessageRole::user,
        content: Content::Text(ask.prompt.to_owned()),
        name: None,
        tool_calls: None,
        tool_call_id: None,
    }]
}

fn tools() -> Vec<Tool> {
    let function =
        json!({"name": TOOL, "description": TOOL_DESCRIPTION, "parameters": tool_schema()});
    vec![serde_json::from_value(json!({"type": "function", "function": function})).expect("a tool")]
}

impl Client for OpenAiApiRs {
    // Of a streamed call it keeps the first fragment only, which has no arguments; of a stream's
    // last chunks, nothing.
    const TELLS: Tells =
        Tells { reasoning: false, usage: false, streams_finish: false, tools: false };

    async fn whole(&self, ask: Ask<'_>) -> Res<Got> {
        let mut request = ChatCompletionRequest::new(OPENAI.to_owned(), messages(ask));
        if ask.offers() {
            request = request.tools(tools());
        }
        if ask.requires() {
            request = request.tool_choice(ToolChoiceType::Required);
        }
        let reply = self.client.chat_completion(request).await?.inner;
        let usage =
            (reply.usage.prompt_tokens.try_into()?, reply.usage.completion_tokens.try_into()?);
        let choice = reply.choices.into_iter().next().ok_or("no choice")?;
        let mut got = Got {
            text: choice.message.content.unwrap_or_default(),
            finish: choice.finish_reason.map(|finish| format!("{finish:?}")),
            usage: Some(usage),
            ..Got::default()
        };
        for call in choice.message.tool_calls.unwrap_or_default() {
            let name = call.function.name.ok_or("a call without a name")?;
            let arguments = call.function.arguments.ok_or("a call without arguments")?;
            got.tools.push((name, serde_json::from_str(&arguments)?));
        }
        Ok(got)
    }

    async fn stream(&self, ask: Ask<'_>) -> Res<Got> {
        let request = ChatCompletionStreamRequest::new(OPENAI.to_owned(), messages(ask));
        let mut stream = pin!(self.client.try_chat_completion_stream(request).await?);
        let mut got = Got::default();
        while let Some(event) = stream.next().await {
            match event {
                Ok(ChatCompletionStreamResponse::Content(text)) => got.delta(&text),
                Ok(_) => {}
                Err(error) => return got.broken(error),
            }
        }
        Ok(got)
    }
}
