//! genai 0.7 (reqwest 0.13): OpenAI, Anthropic and Gemini; the model's name picks the provider.

use futures::StreamExt;
use genai::chat::{
    ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, Tool, ToolChoice, Usage,
};
use genai::resolver::AuthData;
use tower_mock_llm::MockLlmLayer;

use crate::{
    ANTHROPIC, Ask, Client, GEMINI, Got, OPENAI, Res, TOOL, TOOL_DESCRIPTION, Tells, http,
    tool_schema,
};

/// One for a provider that shows its reasoning, or not.
pub struct GenAi<const REASONING: bool> {
    pub client: genai::Client,
    pub model: &'static str,
}

pub fn openai(mock: &MockLlmLayer) -> GenAi<false> {
    GenAi { client: client(mock), model: OPENAI }
}

pub fn anthropic(mock: &MockLlmLayer) -> GenAi<true> {
    GenAi { client: client(mock), model: ANTHROPIC }
}

pub fn gemini(mock: &MockLlmLayer) -> GenAi<true> {
    GenAi { client: client(mock), model: GEMINI }
}

pub fn client(mock: &MockLlmLayer) -> genai::Client {
    // Without it, keys are read from the environment.
    let key = |_: genai::ModelIden| Ok(Some(AuthData::from_single("mock-key")));
    let builder = genai::Client::builder().with_reqwest(http(mock)).with_auth_resolver_fn(key);
    builder.build().expect("a client")
}

pub fn tool() -> Tool {
    Tool::new(TOOL).with_description(TOOL_DESCRIPTION).with_schema(tool_schema())
}

fn asking(ask: Ask<'_>) -> (ChatRequest, ChatOptions) {
    let request = ChatRequest::new(vec![ChatMessage::user(ask.prompt)]);
    let request = if ask.offers() { request.with_tools(vec![tool()]) } else { request };
    let options = ChatOptions::default()
        .with_capture_reasoning_content(true)
        .with_capture_tool_calls(true)
        .with_capture_usage(true);
    let options =
        if ask.requires() { options.with_tool_choice(ToolChoice::Required) } else { options };
    (request, options)
}

fn tokens(usage: &Usage) -> Option<(u64, u64)> {
    Some((usage.prompt_tokens?.try_into().ok()?, usage.completion_tokens?.try_into().ok()?))
}

impl<const REASONING: bool> Client for GenAi<REASONING> {
    const TELLS: Tells =
        Tells { reasoning: REASONING, usage: true, streams_finish: true, tools: true };

    async fn whole(&self, ask: Ask<'_>) -> Res<Got> {
        let (request, options) = asking(ask);
        let reply = self.client.exec_chat(self.model, request, Some(&options)).await?;
        let call = |call: &genai::chat::ToolCall| (call.fn_name.clone(), call.fn_arguments.clone());
        Ok(Got {
            text: reply.texts().concat(),
            reasoning: reply.reasoning_content.clone().unwrap_or_default(),
            finish: reply.stop_reason.as_ref().map(|stop| format!("{stop:?}")),
            usage: tokens(&reply.usage),
            tools: reply.tool_calls().into_iter().map(call).collect(),
            ..Got::default()
        })
    }

    async fn stream(&self, ask: Ask<'_>) -> Res<Got> {
        let (request, options) = asking(ask);
        let mut reply = self.client.exec_chat_stream(self.model, request, Some(&options)).await?;
        let mut got = Got::default();
        while let Some(event) = reply.stream.next().await {
            match event {
                Ok(ChatStreamEvent::Chunk(chunk)) => got.delta(&chunk.content),
                Ok(ChatStreamEvent::ReasoningChunk(chunk)) => {
                    got.reasoning.push_str(&chunk.content);
                }
                Ok(ChatStreamEvent::End(end)) => {
                    got.finish = end.captured_stop_reason.as_ref().map(|stop| format!("{stop:?}"));
                    got.usage = end.captured_usage.as_ref().and_then(tokens);
                    for call in end.captured_into_tool_calls().unwrap_or_default() {
                        got.tools.push((call.fn_name, call.fn_arguments));
                    }
                }
                Ok(_) => {}
                Err(error) => return got.broken(error),
            }
        }
        Ok(got)
    }
}
