//! async-openai 0.43 (reqwest 0.13): Chat Completions.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use async_openai::config::{OPENAI_API_BASE, OpenAIConfig};
use async_openai::middleware::HttpRequestFactory;
use async_openai::types::chat::{
    ChatCompletionMessageToolCalls, ChatCompletionRequestMessage, ChatCompletionRequestUserMessage,
    ChatCompletionStreamOptions, ChatCompletionTool, ChatCompletionToolChoiceOption,
    ChatCompletionTools, CreateChatCompletionRequest, FunctionObject, ToolChoiceOptions,
};
use futures::StreamExt;
use tower::ServiceBuilder;
use tower::filter::AsyncFilterLayer;
use tower_mock_llm::MockLlmLayer;

use crate::{Ask, Client, Got, OPENAI, Res, TOOL, TOOL_DESCRIPTION, Tells, http, tool_schema};

pub struct AsyncOpenAi(pub async_openai::Client<OpenAIConfig>);

impl AsyncOpenAi {
    /// By the connector; its own retries are in force.
    pub fn connected(mock: &MockLlmLayer) -> Self {
        Self(async_openai::Client::build(http(mock), config()))
    }

    /// By the crate's `middleware` feature, as a tower layer: no socket, and no retries.
    pub fn layered(mock: &MockLlmLayer) -> Self {
        let build = |factory: HttpRequestFactory| async move { factory.build().await };
        let service = ServiceBuilder::new()
            .layer(AsyncFilterLayer::new(build))
            .layer(mock.clone())
            .service(reqwest::Client::new());
        Self(async_openai::Client::with_config(config()).with_http_service(service))
    }

    /// The same, where what is to be recorded goes to the server at this address.
    pub fn recording(mock: &MockLlmLayer, live: SocketAddr) -> Self {
        let build = |factory: HttpRequestFactory| async move { factory.build().await };
        let client = reqwest::Client::new();
        let service = ServiceBuilder::new()
            .layer(AsyncFilterLayer::new(build))
            .layer(mock.clone().recording())
            .service_fn(move |mut request: reqwest::Request| {
                let url = request.url_mut();
                let led = url.set_scheme("http").and_then(|()| url.set_ip_host(live.ip()));
                led.and_then(|()| url.set_port(Some(live.port()))).expect("it is a URL of HTTP");
                client.execute(request)
            });
        Self(async_openai::Client::with_config(config()).with_http_service(service))
    }
}

/// `OpenAIConfig::new` reads the environment, which must not have a say here.
fn config() -> OpenAIConfig {
    OpenAIConfig::new().with_api_base(OPENAI_API_BASE).with_api_key("sk-mock")
}

pub fn request(messages: Vec<ChatCompletionRequestMessage>) -> CreateChatCompletionRequest {
    CreateChatCompletionRequest { model: OPENAI.to_owned(), messages, ..Default::default() }
}

pub fn user(text: &str) -> ChatCompletionRequestMessage {
    ChatCompletionRequestUserMessage::from(text).into()
}

pub fn tools() -> Vec<ChatCompletionTools> {
    vec![ChatCompletionTools::Function(ChatCompletionTool {
        function: FunctionObject {
            name: TOOL.to_owned(),
            description: Some(TOOL_DESCRIPTION.to_owned()),
            parameters: Some(tool_schema()),
            strict: None,
        },
    })]
}

fn asking(ask: Ask<'_>) -> CreateChatCompletionRequest {
    let required = ChatCompletionToolChoiceOption::Mode(ToolChoiceOptions::Required);
    CreateChatCompletionRequest {
        tools: ask.offers().then(tools),
        tool_choice: ask.requires().then_some(required),
        ..request(vec![user(ask.prompt)])
    }
}

impl Client for AsyncOpenAi {
    const TELLS: Tells = Tells { reasoning: false, usage: true, streams_finish: true, tools: true };

    async fn whole(&self, ask: Ask<'_>) -> Res<Got> {
        let reply = self.0.chat().create(asking(ask)).await?;
        let choice = reply.choices.into_iter().next().ok_or("no choice")?;
        let mut got = Got {
            text: choice.message.content.unwrap_or_default(),
            finish: choice.finish_reason.map(|finish| format!("{finish:?}")),
            usage: reply.usage.map(|u| (u.prompt_tokens.into(), u.completion_tokens.into())),
            ..Got::default()
        };
        for call in choice.message.tool_calls.unwrap_or_default() {
            let ChatCompletionMessageToolCalls::Function(call) = call else {
                return Err("a custom tool was called".into());
            };
            let arguments = serde_json::from_str(&call.function.arguments)?;
            got.tools.push((call.function.name, arguments));
        }
        Ok(got)
    }

    async fn stream(&self, ask: Ask<'_>) -> Res<Got> {
        let mut request = asking(ask);
        request.stream_options = Some(ChatCompletionStreamOptions {
            include_usage: Some(true),
            include_obfuscation: None,
        });
        let mut stream = self.0.chat().create_stream(request).await?;
        let mut got = Got::default();
        let mut calls: BTreeMap<u32, (String, String)> = BTreeMap::new();
        while let Some(chunk) = stream.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => return got.broken(error),
            };
            if let Some(usage) = chunk.usage {
                got.usage = Some((usage.prompt_tokens.into(), usage.completion_tokens.into()));
            }
            for choice in chunk.choices {
                got.delta(&choice.delta.content.unwrap_or_default());
                for call in choice.delta.tool_calls.unwrap_or_default() {
                    let (name, arguments) = calls.entry(call.index).or_default();
                    if let Some(function) = call.function {
                        name.push_str(&function.name.unwrap_or_default());
                        arguments.push_str(&function.arguments.unwrap_or_default());
                    }
                }
                if let Some(finish) = choice.finish_reason {
                    got.finish = Some(format!("{finish:?}"));
                }
            }
        }
        for (name, arguments) in calls.into_values() {
            got.tools.push((name, serde_json::from_str(&arguments)?));
        }
        Ok(got)
    }
}
