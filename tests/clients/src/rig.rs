//! rig-core 0.44 (reqwest 0.13 through rig-reqwest): OpenAI chat completions, Anthropic, Gemini.

use futures::StreamExt;
use rig_core::DynModel;
use rig_core::completion::message::{ToolChoice, ToolName};
use rig_core::completion::{CompletionRequest, CompletionResponse, ToolDefinition};
use rig_core::operation::Completion;
use rig_core::providers::{anthropic, gemini, openai};
use rig_core::streaming::{Item, StreamEvent};
use rig_reqwest::ReqwestClient;
use tower_mock_llm::MockLlmLayer;

use crate::{
    ANTHROPIC, Ask, Client, GEMINI, Got, OPENAI, Res, TOOL, TOOL_DESCRIPTION, Tells, http,
    tool_schema,
};

/// One for a provider that shows its reasoning, or not.
pub struct Rig<const REASONING: bool>(DynModel<Completion>);

pub fn openai(mock: &MockLlmLayer) -> Rig<false> {
    let http = ReqwestClient::from(http(mock));
    Rig(openai::OpenAIConfig::new("sk-mock").connect(http).chat(OPENAI).erase())
}

pub fn anthropic(mock: &MockLlmLayer) -> Rig<true> {
    let http = ReqwestClient::from(http(mock));
    Rig(anthropic::AnthropicConfig::new("sk-ant-mock").connect(http).completion(ANTHROPIC).erase())
}

pub fn gemini(mock: &MockLlmLayer) -> Rig<true> {
    let http = ReqwestClient::from(http(mock));
    Rig(gemini::GeminiConfig::new("mock-key").connect(http).completion(GEMINI).erase())
}

fn asking(ask: Ask<'_>) -> Res<CompletionRequest> {
    let mut request = CompletionRequest::new(ask.prompt).max_tokens(256);
    if ask.offers() {
        let name = ToolName::new(TOOL)?;
        request = request.tool(ToolDefinition::new(name, TOOL_DESCRIPTION, tool_schema()));
    }
    if ask.requires() {
        request = request.tool_choice(ToolChoice::Required);
    }
    Ok(request)
}

fn got(reply: &CompletionResponse) -> Got {
    let call = |call: &rig_core::completion::message::ToolCall| {
        (call.function.name.as_str().to_owned(), call.function.arguments.clone().into())
    };
    Got {
        text: reply.text(),
        reasoning: reply.reasoning(),
        tools: reply.tool_calls().map(call).collect(),
        finish: reply.finish_reason().map(|finish| format!("{finish:?}")),
        usage: reply.usage.input_tokens.zip(reply.usage.output_tokens),
        ..Got::default()
    }
}

impl<const REASONING: bool> Client for Rig<REASONING> {
    const TELLS: Tells =
        Tells { reasoning: REASONING, usage: true, streams_finish: true, tools: true };

    async fn whole(&self, ask: Ask<'_>) -> Res<Got> {
        Ok(got(&self.0.call(asking(ask)?).await?))
    }

    async fn stream(&self, ask: Ask<'_>) -> Res<Got> {
        // Nothing is sent until it is polled.
        let mut stream = self.0.stream(asking(ask)?)?;
        let mut said = Got::default();
        while let Some(item) = stream.next().await {
            match item {
                Ok(Item::Event(StreamEvent::Text { text, .. })) => said.delta(&text),
                Ok(_) => {}
                Err(error) => return said.broken(error),
            }
        }
        // Its own fold of what it streamed.
        Ok(Got { deltas: said.deltas, ..got(&stream.finish().await?) })
    }
}
