//! misanthropic 1.0.0-alpha.25 (reqwest 0.12).

use futures::StreamExt;
use misanthropic::Prompt;
use misanthropic::prompt::message::{Block, Role};
use misanthropic::response::Message;
use misanthropic::stream::{Delta, Event, FilterExt};
use misanthropic::tool::{Choice, CustomMethodDef};
use reqwest12::header::{HeaderMap, HeaderValue};
use tower_mock_llm::MockLlmLayer;

use crate::{ANTHROPIC, Ask, Client, Got, Res, TOOL, TOOL_DESCRIPTION, http12, tool_schema};

pub struct Misanthropic(pub misanthropic::Client);

impl Misanthropic {
    pub fn connected(mock: &MockLlmLayer) -> Self {
        // Its keys are 108 bytes long, or it does not start.
        let mut client =
            misanthropic::Client::new(format!("{:x<108}", "sk-ant-api03-mock-")).expect("a client");
        // The client that is replaced sent this.
        let version = HeaderValue::from_static(misanthropic::Client::ANTHROPIC_VERSION);
        let headers = HeaderMap::from_iter([("anthropic-version".parse().expect("name"), version)]);
        client.inner = http12(mock).default_headers(headers).build().expect("a client");
        Self(client)
    }
}

pub fn asking(ask: Ask<'_>) -> Res<Prompt> {
    let mut prompt = Prompt::default()
        .model(ANTHROPIC.to_owned())
        .add_message((Role::User, ask.prompt.to_owned()))?;
    if ask.offers() {
        let tool = CustomMethodDef::builder(TOOL).description(TOOL_DESCRIPTION);
        prompt = prompt.add_tool(tool.schema(tool_schema()).build()?);
    }
    if ask.requires() {
        prompt = prompt.tool_choice(Choice::Any { disable_parallel_tool_use: false });
    }
    Ok(prompt)
}

fn got(message: &Message) -> Got {
    let mut got = Got {
        tools: message.tool_uses().map(|u| (u.name.to_string(), u.input.clone())).collect(),
        finish: message.stop_reason.as_ref().map(|stop| format!("{stop:?}")),
        usage: Some((message.usage.input_tokens, message.usage.output_tokens)),
        ..Got::default()
    };
    for block in message.inner.content.iter() {
        match block {
            Block::Text { text, .. } => got.text.push_str(text),
            Block::Thought { thought, .. } => got.reasoning.push_str(thought),
            _ => {}
        }
    }
    got
}

impl Client for Misanthropic {
    async fn whole(&self, ask: Ask<'_>) -> Res<Got> {
        Ok(got(&self.0.message(asking(ask)?).await?))
    }

    async fn stream(&self, ask: Ask<'_>) -> Res<Got> {
        let mut stream = Box::pin(self.0.stream(asking(ask)?).await?.with_message());
        let mut said = Got::default();
        let mut whole = None;
        while let Some(event) = stream.next().await {
            match event {
                Ok(Event::ContentBlockDelta { delta: Delta::Text { text }, .. }) => {
                    said.delta(&text);
                }
                // Its own fold of what it streamed.
                Ok(Event::Message { message }) => whole = Some(got(&message)),
                Ok(_) => {}
                Err(error) => return said.broken(error),
            }
        }
        Ok(Got { deltas: said.deltas, ..whole.ok_or("the stream ended without message_stop")? })
    }
}
