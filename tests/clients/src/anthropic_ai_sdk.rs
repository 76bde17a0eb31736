//! anthropic-ai-sdk 0.2 (reqwest 0.12 with native-tls, whether one wants it or not).

use anthropic_ai_sdk::client::{AnthropicClient, AnthropicClientBuilder};
use anthropic_ai_sdk::types::message::{
    ContentBlock, ContentBlockDelta, CreateMessageParams, Message, MessageClient, MessageError,
    RequiredMessageParams, Role, StreamEvent, Tool, ToolChoice,
};
use futures::StreamExt;
use tower_mock_llm::MockLlmLayer;

use crate::{ANTHROPIC, Ask, Client, Got, Res, TOOL, TOOL_DESCRIPTION, Tells, http12, tool_schema};

pub struct AnthropicAiSdk(AnthropicClient);

impl AnthropicAiSdk {
    pub fn connected(mock: &MockLlmLayer) -> Self {
        let builder =
            AnthropicClientBuilder::new("sk-ant-mock", AnthropicClient::DEFAULT_API_VERSION)
                .with_http_client(http12(mock).build().expect("a client"));
        Self(builder.build::<MessageError>().expect("a client"))
    }
}

fn asking(ask: Ask<'_>) -> CreateMessageParams {
    let params = CreateMessageParams::new(RequiredMessageParams {
        model: ANTHROPIC.to_owned(),
        messages: vec![Message::new_text(Role::User, ask.prompt)],
        max_tokens: 256,
    });
    if !ask.offers() {
        return params;
    }
    let params = params.with_tools(vec![Tool {
        name: TOOL.to_owned(),
        description: Some(TOOL_DESCRIPTION.to_owned()),
        input_schema: tool_schema(),
    }]);
    if ask.requires() { params.with_tool_choice(ToolChoice::Any) } else { params }
}

impl Client for AnthropicAiSdk {
    const TELLS: Tells =
        Tells { reasoning: false, usage: false, streams_finish: true, tools: true };

    async fn whole(&self, ask: Ask<'_>) -> Res<Got> {
        let reply = self.0.create_message(Some(&asking(ask))).await?;
        let mut got =
            Got { finish: reply.stop_reason.map(|stop| format!("{stop:?}")), ..Got::default() };
        for block in reply.content {
            match block {
                ContentBlock::Text { text } => got.text.push_str(&text),
                ContentBlock::ToolUse { name, input, .. } => got.tools.push((name, input)),
                _ => {}
            }
        }
        Ok(got)
    }

    async fn stream(&self, ask: Ask<'_>) -> Res<Got> {
        let params = asking(ask).with_stream(true);
        let mut stream = Box::pin(self.0.create_message_streaming(&params).await?);
        let mut got = Got::default();
        let mut open: Option<(String, String)> = None;
        while let Some(event) = stream.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) => return got.broken(error),
            };
            match event {
                StreamEvent::ContentBlockStart {
                    content_block: ContentBlock::ToolUse { name, .. },
                    ..
                } => open = Some((name, String::new())),
                StreamEvent::ContentBlockDelta { delta, .. } => match (delta, &mut open) {
                    (ContentBlockDelta::TextDelta { text }, _) => got.delta(&text),
                    (ContentBlockDelta::InputJsonDelta { partial_json }, Some((_, arguments))) => {
                        arguments.push_str(&partial_json);
                    }
                    _ => {}
                },
                StreamEvent::ContentBlockStop { .. } => {
                    if let Some((name, arguments)) = open.take() {
                        // Of a call without arguments, the one fragment there is is empty.
                        let arguments = if arguments.is_empty() { "{}" } else { &arguments };
                        got.tools.push((name, serde_json::from_str(arguments)?));
                    }
                }
                StreamEvent::MessageDelta { delta, .. } => {
                    got.finish = delta.stop_reason.map(|stop| format!("{stop:?}"));
                }
                StreamEvent::Error { error } => return got.broken(error.message),
                _ => {}
            }
        }
        Ok(got)
    }
}
