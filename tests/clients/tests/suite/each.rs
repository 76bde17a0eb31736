//! What every client is asked, in the same words.

use client_tests::{Ask, Client, Got, TOOL};
use serde_json::{Value, json};
use tower_mock_llm::{
    Answer, ApiError, Fault, Finish, LlmRequest, MockLlmLayer, Reply, Role, Rule, Usage,
};

/// What JSON, SSE and UTF-8 have trouble with.
const TEXT: &str = "Grüße aus Köln, 東京 and 🌧️!\n\n\"Quotes\", back\\slashes, data: colons,\r\n\
                    a <b>tag</b> & \u{2028} and the end";

fn saying(reply: Reply) -> MockLlmLayer {
    MockLlmLayer::new().rule(Rule::always().respond_with(reply))
}

/// Each test below for one client: a module of tests for each.
macro_rules! clients {
    ($($(#[$attribute:meta])* $name:ident: $connect:expr;)*) => {$(
        $(#[$attribute])*
        mod $name {
            clients!(@ $connect;
                text_whole_and_streamed
                tool_calls_whole_and_streamed
                reasoning_whole_and_streamed
                the_default_reply
                a_tool_that_is_required_is_called
                why_it_ended
                an_error_of_the_api
                a_broken_stream
                nothing_to_say
                what_was_received
            );
        }
    )*};
    (@ $connect:expr; $($test:ident)*) => {$(
        #[tokio::test]
        async fn $test() {
            super::$test($connect).await;
        }
    )*};
}

clients! {
    async_openai: client_tests::async_openai::AsyncOpenAi::connected;
    async_openai_as_tower_layer: client_tests::async_openai::AsyncOpenAi::layered;
    genai_anthropic: client_tests::genai::anthropic;
    genai_gemini: client_tests::genai::gemini;
    genai_openai: client_tests::genai::openai;
    misanthropic: client_tests::misanthropic::Misanthropic::connected;
    openai_api_rs: client_tests::openai_api_rs::OpenAiApiRs::served;
    rig_anthropic: client_tests::rig::anthropic;
    rig_gemini: client_tests::rig::gemini;
    rig_openai: client_tests::rig::openai;
    #[cfg(feature = "tls-clients")]
    anthropic_ai_sdk: client_tests::anthropic_ai_sdk::AnthropicAiSdk::connected;
    #[cfg(feature = "tls-clients")]
    gemini_rust: client_tests::gemini_rust::GeminiRust::connected;
}

/// Asks for both, and holds the one against the other.
async fn both<C: Client>(client: &C, ask: Ask<'_>) -> Got {
    let whole = client.whole(ask).await.expect("a whole answer");
    if ask.offers() && !C::TELLS.tools {
        return whole;
    }
    let stream = client.stream(ask).await.expect("a stream");
    assert_eq!(stream.broke, None);
    assert_eq!(stream.text, whole.text);
    assert_eq!(stream.deltas.concat(), whole.text);
    assert_eq!(stream.tools, whole.tools);
    assert!(whole.finish.is_some());
    if C::TELLS.reasoning {
        assert_eq!(stream.reasoning, whole.reasoning);
    }
    if C::TELLS.streams_finish {
        assert_eq!(stream.finish, whole.finish);
    }
    if C::TELLS.usage {
        assert_eq!(stream.usage, whole.usage);
    }
    // Only streams have any.
    Got { deltas: stream.deltas, ..whole }
}

async fn text_whole_and_streamed<C: Client>(connect: impl Fn(&MockLlmLayer) -> C) {
    let client = connect(&saying(Reply::text(TEXT).usage(Usage::new(11, 47))));
    let got = both(&client, Ask::text("hi")).await;
    assert_eq!(got.text, TEXT);
    assert!(got.deltas.len() > 10, "{:?}", got.deltas);
    assert_eq!((got.tools, got.reasoning), (vec![], String::new()));
    if C::TELLS.usage {
        assert_eq!(got.usage, Some((11, 47)));
    }
}

async fn tool_calls_whole_and_streamed<C: Client>(connect: impl Fn(&MockLlmLayer) -> C) {
    let calls = [
        json!({"city": "Köln 🌧️ \"am Rhein\""}),
        json!({}),
        json!({"city": "Rome", "days": [1, 2.5, null], "more": {"deep": true}}),
    ];
    for reply in [Reply::empty(), Reply::text("Let me look.")] {
        let said = if reply.parts().is_empty() { "" } else { "Let me look." };
        let reply = calls.iter().fold(reply, |reply, call| reply.tool_call(TOOL, call));
        // One of them has no city: this is about the way there.
        let mock = saying(reply).check_replies(false);
        let got = both(&connect(&mock), Ask::offering("weather?")).await;
        assert_eq!(got.text, said);
        assert_eq!(got.tools, calls.clone().map(|call| (TOOL.to_owned(), call)));
    }
}

async fn reasoning_whole_and_streamed<C: Client>(connect: impl Fn(&MockLlmLayer) -> C) {
    let reply = Reply::empty().reasoning("Let me think\nabout this…").then_text("42");
    let got = both(&connect(&saying(reply)), Ask::text("hi")).await;
    assert_eq!(got.text, "42");
    let reasoning = if C::TELLS.reasoning { "Let me think\nabout this…" } else { "" };
    assert_eq!(got.reasoning, reasoning);
}

async fn the_default_reply<C: Client>(connect: impl Fn(&MockLlmLayer) -> C) {
    let mock = MockLlmLayer::new();
    let got = both(&connect(&mock), Ask::offering("What is a monad?")).await;
    assert!(got.text.starts_with("This is a mock answer from tower-mock-llm"), "{}", got.text);
    assert!(got.text.contains("\u{201c}What is a monad?\u{201d}"), "{}", got.text);
    assert!(mock.handle().received().iter().all(|received| received.rule.is_none()));
}

async fn a_tool_that_is_required_is_called<C: Client>(connect: impl Fn(&MockLlmLayer) -> C) {
    let mock = MockLlmLayer::new();
    let got = both(&connect(&mock), Ask::requiring("weather?")).await;
    let [(name, arguments)] = &got.tools[..] else { panic!("one call, not {:?}", got.tools) };
    assert_eq!(name, TOOL);
    assert!(arguments["city"].is_string(), "{arguments}");
    assert_eq!(got.text, "");
}

async fn why_it_ended<C: Client>(connect: impl Fn(&MockLlmLayer) -> C) {
    for (finish, words) in [
        (Finish::Stop, ["stop", "completed", "endturn"].as_slice()),
        (Finish::Length, &["length", "maxtokens", "max_tokens"]),
    ] {
        let reply = Reply::text("so far").finish(finish.clone());
        let got = both(&connect(&saying(reply)), Ask::text("hi")).await;
        assert_eq!(got.text, "so far");
        let word = got.finish.expect("a reason").to_lowercase();
        assert!(words.iter().any(|known| word.contains(known)), "{finish:?} came as {word}");
    }
}

async fn an_error_of_the_api<C: Client>(connect: impl Fn(&MockLlmLayer) -> C) {
    let mock = MockLlmLayer::new();
    let error = ApiError::invalid_request("the mock says no: \"why?\"");
    mock.handle().mount(Rule::always().respond_with(error));
    let client = connect(&mock);
    let whole = client.whole(Ask::text("hi")).await.expect_err("an error");
    let stream = client.stream(Ask::text("hi")).await.expect_err("an error");
    for error in [whole, stream] {
        let told = format!("{error} {error:?}");
        assert!(told.contains("the mock says no"), "{told}");
    }
    let statuses = mock.handle().received().iter().map(|r| r.status.as_u16()).collect::<Vec<_>>();
    assert_eq!(statuses, [400, 400]);
}

async fn a_broken_stream<C: Client>(connect: impl Fn(&MockLlmLayer) -> C) {
    let text = "one two three four five six seven eight nine ten eleven twelve";
    let broken = |frames| Answer::from(text).fault(Fault::abort_after(frames));
    let mut said = Vec::new();
    for frames in [6, 8] {
        let mock = MockLlmLayer::new().rule(Rule::always().respond_with(broken(frames)));
        let got = connect(&mock).stream(Ask::text("count")).await.expect("some deltas");
        assert!(text.starts_with(&got.text) && got.text.len() < text.len(), "{got:?}");
        assert!(got.broke.is_some(), "{got:?}");
        said.push(got.deltas.len());
    }
    // Every frame that was sent was seen.
    assert_eq!(said[1], said[0] + 2);

    let mock = MockLlmLayer::new().rule(Rule::always().respond_with(broken(0)).times(1));
    connect(&mock).whole(Ask::text("count")).await.expect_err("no body at all");
}

async fn nothing_to_say<C: Client>(connect: impl Fn(&MockLlmLayer) -> C) {
    let got = both(&connect(&saying(Reply::empty())), Ask::text("hi")).await;
    assert_eq!((got.text.as_str(), got.tools), ("", vec![]));
}

async fn what_was_received<C: Client>(connect: impl Fn(&MockLlmLayer) -> C) {
    let mock = saying(Reply::text("ok"));
    let client = connect(&mock);
    both(&client, Ask::offering("grüß Gott")).await;
    both(&client, Ask::text("grüß Gott")).await;
    let received = mock.handle().received();
    let requests: Vec<&LlmRequest> = received
        .iter()
        .map(|received| received.request().expect("a request that is understood"))
        .collect();
    for request in &requests {
        assert_eq!(request.last_user(), "grüß Gott");
        assert_eq!(request.turn(), 1);
        assert!(request.messages.iter().all(|message| message.role == Role::User));
        assert!(request.api_key().is_some_and(|key| key.contains("mock")));
        assert!(["gpt", "claude", "gemini"].iter().any(|m| request.model.starts_with(m)));
    }
    let first = &requests[0].tools[..];
    let [tool] = first else { panic!("one tool, not {first:?}") };
    assert_eq!(tool.name, TOOL);
    let schema: Value =
        serde_json::from_str(tool.schema.as_ref().expect("a schema").get()).unwrap();
    assert!(schema["properties"]["city"].is_object(), "{schema}");
    let last = requests[requests.len() - 1];
    assert!(last.stream && last.tools.is_empty());
}
