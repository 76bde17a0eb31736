//! One real client, three providers, whole answers and streams; no network and no key.
//!
//!     cargo run --example quickstart

use futures::StreamExt;
use genai::Client;
use genai::chat::{ChatMessage, ChatRequest, ChatStreamEvent};
use genai::resolver::AuthData;
use tower_mock_llm::{Match, MockLlmLayer, Reply, Rule, last_user, model};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mock = MockLlmLayer::new().rule(
        Rule::when(model("claude-*").and(last_user().contains("sky")))
            .respond_with(Reply::text("Rayleigh scattering, says this rule.")),
    );

    // The one line: `connector_layer`. Without it, this client calls the real providers.
    let http = reqwest::Client::builder().connector_layer(mock.connector()).build()?;

    let client = Client::builder()
        .with_reqwest(http)
        .with_auth_resolver_fn(|_| Ok(Some(AuthData::from_single("no-key-needed"))))
        .build()?;

    for model in ["gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-flash"] {
        let prompt = ChatRequest::new(vec![ChatMessage::user("Why is the sky blue?")]);
        let reply = client.exec_chat(model, prompt.clone(), None).await?;
        println!("{model}, whole:\n  {}", reply.first_text().unwrap_or_default());
        println!("  {} tokens in all", reply.usage.total_tokens.unwrap_or_default());

        print!("{model}, streamed:\n  ");
        let mut chunks = 0;
        let mut stream = client.exec_chat_stream(model, prompt, None).await?.stream;
        while let Some(event) = stream.next().await {
            if let ChatStreamEvent::Chunk(chunk) = event? {
                print!("{}", chunk.content);
                chunks += 1;
            }
        }
        println!("\n  {chunks} chunks\n");
    }

    println!(
        "requests that left this process: 0; answered here: {}",
        mock.handle().received().len()
    );
    Ok(())
}
