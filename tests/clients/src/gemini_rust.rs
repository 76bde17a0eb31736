//! gemini-rust 2.1 (reqwest 0.12 with rustls and ring, whether one wants it or not).
#![expect(deprecated, reason = "the crate prefers Google's Interactions API, which is not mocked")]

use futures::StreamExt;
use gemini_rust::{
    ContentBuilder, FunctionCallingMode, FunctionDeclaration, Gemini, GeminiBuilder,
    GenerationResponse, Model,
};
use tower_mock_llm::MockLlmLayer;

use crate::{Ask, Client, GEMINI, Got, Res, TOOL, TOOL_DESCRIPTION, Tells, http12, tool_schema};

pub struct GeminiRust(Gemini);

impl GeminiRust {
    pub fn connected(mock: &MockLlmLayer) -> Self {
        let builder = GeminiBuilder::new("mock-key")
            .with_model(Model::Custom(format!("models/{GEMINI}")))
            .with_http_client(http12(mock));
        Self(builder.build().expect("a client"))
    }

    fn asking(&self, ask: Ask<'_>) -> ContentBuilder {
        let request = self.0.generate_content().with_user_message(ask.prompt);
        if !ask.offers() {
            return request;
        }
        let tool = FunctionDeclaration::new(TOOL, TOOL_DESCRIPTION, None);
        let request = request.with_function(tool.with_parameters_value(tool_schema()));
        if ask.requires() {
            request.with_function_calling_mode(FunctionCallingMode::Any)
        } else {
            request
        }
    }
}

/// Its own `text` is that of the first part, thought or not.
fn read(reply: &GenerationResponse, got: &mut Got) {
    for (text, is_thought) in reply.all_text() {
        if is_thought {
            got.reasoning.push_str(&text);
        } else {
            got.delta(&text);
        }
    }
    for call in reply.function_calls() {
        got.tools.push((call.name.clone(), call.args.clone()));
    }
    if let Some(finish) = reply.finish_reason() {
        got.finish = Some(format!("{finish:?}"));
    }
}

impl Client for GeminiRust {
    const TELLS: Tells = Tells { reasoning: true, usage: false, streams_finish: true, tools: true };

    async fn whole(&self, ask: Ask<'_>) -> Res<Got> {
        let reply = self.asking(ask).execute().await?;
        let mut got = Got::default();
        read(&reply, &mut got);
        Ok(got)
    }

    async fn stream(&self, ask: Ask<'_>) -> Res<Got> {
        let mut stream = self.asking(ask).execute_stream().await?;
        let mut got = Got::default();
        while let Some(chunk) = stream.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => return got.broken(error),
            };
            read(&chunk, &mut got);
        }
        Ok(got)
    }
}
