//! misanthropic and rig: citations, redacted thinking and the vendor's own tools.

use client_tests::misanthropic::{Misanthropic, asking};
use client_tests::{Ask, Client, rig};
use futures::StreamExt;
use misanthropic::prompt::message::Block;
use misanthropic::response::Message;
use misanthropic::stream::{Event, FilterExt};
use serde_json::{Value, json};
use tower_mock_llm::reply::{Source, WebPage};
use tower_mock_llm::{Citation, Finish, MockLlmLayer, Part, Reply, Rule, ServerTool, Usage};

fn saying(reply: Reply) -> MockLlmLayer {
    MockLlmLayer::new().rule(Rule::always().respond_with(reply))
}

fn everything() -> Reply {
    let url = "https://docs.example/tower";
    let mut usage = Usage::new(100, 50);
    (usage.cached, usage.cache_write) = (30, 20);
    Reply::empty()
        .part(Part::RedactedReasoning("EncrypTed==".to_owned()))
        .reasoning("Let me see.")
        .server_tool(ServerTool::web_search(
            "what is tower",
            [WebPage::new(url, "Tower").age("1 day ago"), WebPage::new(url, "Tower, again")],
        ))
        .server_tool(ServerTool::code("python -c 'print(1)'", "1\n"))
        .then_text("It is ")
        .cited_text("a library", [Citation::web(url, "Tower").quote("Tower is a library")])
        .cited_text(
            " of components.",
            [
                Citation::new(Source::Characters { document: 0, range: 0..9 }, "A").quote("a text"),
                Citation::new(Source::Pages { document: 1, range: 1..2 }, "B").quote("a page"),
                Citation::new(Source::Blocks { document: 2, range: 0..1 }, "C").quote("a block"),
            ],
        )
        .usage(usage)
}

/// What misanthropic makes of an answer, whole and folded from its stream.
async fn both(reply: Reply) -> [Message; 2] {
    let client = Misanthropic::connected(&saying(reply));
    let asked = || asking(Ask::text("hi")).expect("a prompt");
    let whole = client.0.message(asked()).await.expect("a whole answer");
    let mut stream = Box::pin(client.0.stream(asked()).await.expect("a stream").with_message());
    let mut folded = None;
    while let Some(event) = stream.next().await {
        if let Event::Message { message } = event.expect("an event") {
            folded = Some(message);
        }
    }
    [whole, folded.expect("message_stop")]
}

#[tokio::test]
async fn misanthropic_reads_every_block_whole_and_streamed() {
    for message in both(everything()).await {
        let blocks: Vec<&Block> = message.inner.content.iter().collect();
        let kinds: Vec<Value> = blocks
            .iter()
            .map(|block| serde_json::to_value(block).expect("JSON")["type"].clone())
            .collect();
        assert_eq!(
            kinds,
            [
                "redacted_thinking",
                "thinking",
                "server_tool_use",
                "web_search_tool_result",
                "server_tool_use",
                "bash_code_execution_tool_result",
                "text",
                "text",
                "text",
            ]
        );
        let block = |at: usize| serde_json::to_value(blocks[at]).expect("JSON");
        assert_eq!(block(0)["data"], "EncrypTed==");
        assert_eq!(block(2)["input"], json!({"query": "what is tower"}));
        assert_eq!(block(3)["tool_use_id"], block(2)["id"]);
        assert_eq!(block(3)["content"][1]["title"], "Tower, again");
        assert_eq!(block(5)["content"]["stdout"], "1\n");
        let cited = |at: usize| match blocks[at] {
            Block::Text { citations, .. } => citations.as_deref().unwrap_or_default().len(),
            other => panic!("{other:?}"),
        };
        assert_eq!([cited(6), cited(7), cited(8)], [0, 1, 3]);
        assert_eq!(block(7)["citations"][0]["cited_text"], "Tower is a library");
        assert_eq!(block(8)["citations"][2]["end_block_index"], 1);
        let usage = serde_json::to_value(&message.usage).expect("JSON");
        assert_eq!(usage["input_tokens"], 50);
        assert_eq!(usage["cache_creation_input_tokens"], 20);
        assert_eq!(usage["cache_read_input_tokens"], 30);
        assert_eq!(usage["server_tool_use"]["web_search_requests"], 1);
    }
}

#[tokio::test]
async fn a_turn_that_pauses_says_so() {
    for message in both(Reply::text("so far").finish(Finish::PauseTurn)).await {
        let stop = serde_json::to_value(message.stop_reason).expect("JSON");
        assert_eq!(stop, "pause_turn");
    }
}

/// misanthropic 1.0.0-alpha.25 does not know this reason and fails; rig does, or does not mind.
#[tokio::test]
async fn a_full_context_window_says_so() {
    let mock = saying(Reply::text("so far").finish(Finish::ContextWindow));
    let client = rig::anthropic(&mock);
    let whole = client.whole(Ask::text("hi")).await.expect("a whole answer");
    let stream = client.stream(Ask::text("hi")).await.expect("a stream");
    assert_eq!((whole.text.as_str(), stream.text.as_str()), ("so far", "so far"));
    assert!(whole.finish.is_some());
    assert_eq!(stream.finish, whole.finish);
}

#[tokio::test]
async fn rig_reads_the_text_between_the_tools() {
    let client = rig::anthropic(&saying(everything()));
    let whole = client.whole(Ask::text("hi")).await.expect("a whole answer");
    let stream = client.stream(Ask::text("hi")).await.expect("a stream");
    assert_eq!(stream.broke, None);
    assert!(whole.text.ends_with("It is a library of components."), "{}", whole.text);
    assert_eq!(stream.text, whole.text);
    assert_eq!(stream.reasoning, whole.reasoning);
    assert_eq!(stream.usage, whole.usage);
}

#[tokio::test]
async fn misanthropic_tells_errors_apart() {
    use misanthropic::client::{AnthropicError, Error};
    use tower_mock_llm::ApiError;

    type Is = fn(&AnthropicError) -> bool;
    let cases: [(ApiError, Is); 8] = [
        (ApiError::context_length(), |e| matches!(e, AnthropicError::InvalidRequest { .. })),
        (ApiError::authentication(), |e| matches!(e, AnthropicError::Authentication { .. })),
        (ApiError::billing(), |e| matches!(e, AnthropicError::Billing { .. })),
        (ApiError::permission(), |e| matches!(e, AnthropicError::Permission { .. })),
        (ApiError::model_not_found(), |e| matches!(e, AnthropicError::NotFound { .. })),
        (ApiError::server(), |e| matches!(e, AnthropicError::API { .. })),
        (ApiError::timeout(), |e| matches!(e, AnthropicError::Timeout { .. })),
        (ApiError::overloaded(), |e| matches!(e, AnthropicError::Overloaded { .. })),
    ];
    for (error, is) in cases {
        let kind = error.kind;
        let mock = MockLlmLayer::new().rule(Rule::always().respond_with(error));
        let client = Misanthropic::connected(&mock);
        let told = client.0.message(asking(Ask::text("hi")).unwrap()).await.unwrap_err();
        let Error::Anthropic(told) = told else { panic!("{kind:?}: {told:?}") };
        assert!(is(&told), "{kind:?}: {told:?}");
    }
    let wait = std::time::Duration::from_secs(7);
    let limit = ApiError::rate_limit().retry_after(wait);
    let mock = MockLlmLayer::new().rule(Rule::always().respond_with(limit));
    let told = Misanthropic::connected(&mock).0.message(asking(Ask::text("hi")).unwrap()).await;
    let Err(Error::Anthropic(AnthropicError::RateLimit { retry_after, .. })) = told else {
        panic!("{told:?}")
    };
    assert_eq!(retry_after, Some(wait.as_secs()));
}
