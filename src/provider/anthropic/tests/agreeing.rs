//! Streams say what whole messages say.

use super::*;
use crate::reply::{Citation, ServerTool, WebPage};

#[test]
fn a_stream_says_what_the_whole_says() {
    let arguments = json!({"a: b, c": [1, {"d\"\\": null}], "e": {}, "é": "👋 , :"});
    let replies = [
        Reply::text("Hello, \"world\" \\ é 👋\n"),
        Reply::empty(),
        Reply::refusal("I can't."),
        Reply::text("cut").finish(Finish::Length),
        Reply::text("a").finish(Finish::StopSequence("END".into())),
        Reply::empty()
            .reasoning("hm, let me see")
            .then_text("Look:")
            .tool_call("f", &arguments)
            .tool_call("none", json!({}))
            .usage(Usage { reasoning: 3, cached: 20, ..Usage::new(50, 9) }),
    ];
    for reply in replies {
        let whole: Value = serde_json::from_str(&whole(&reply)).unwrap();
        for chunking in [Chunking::Tokens, Chunking::Words, Chunking::Chars(1), Chunking::Chars(7)]
        {
            assert_eq!(assembled(&streamed(&reply, chunking)), whole, "{chunking:?}");
        }
    }
}

#[test]
fn a_stream_with_everything_says_what_the_whole_says() {
    let reply = everything();
    sayable(&reply);
    let whole: Value = serde_json::from_str(&whole(&reply)).unwrap();
    let types: Vec<&str> = whole["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "redacted_thinking",
            "thinking",
            "server_tool_use",
            "web_search_tool_result",
            "server_tool_use",
            "bash_code_execution_tool_result",
            "mcp_tool_use",
            "mcp_tool_result",
            "server_tool_use",
            "web_fetch_tool_result",
            "text",
            "text",
            "search_result",
            "tool_use",
        ]
    );
    for chunking in [Chunking::Tokens, Chunking::Words, Chunking::Chars(1), Chunking::Chars(7)] {
        assert_eq!(assembled(&streamed(&reply, chunking)), whole, "{chunking:?}");
    }
}

pub(super) fn everything() -> Reply {
    let url = "https://a.example";
    Reply::empty()
        .part(Part::RedactedReasoning("EncrypTed==".into()))
        .reasoning("hm")
        .server_tool(ServerTool::web_search("q: a, b", [WebPage::new(url, "A").age("1 day ago")]))
        .server_tool(ServerTool::code("print(\"x\")", "x\n"))
        .server_tool(ServerTool::mcp("here", "echo", json!({"message": "hi"}), "hi"))
        .server_tool(ServerTool::other(
            "web_fetch",
            json!({"url": url}),
            "web_fetch_tool_result",
            json!({"type": "web_fetch_tool_result_error", "error_code": "unavailable"}),
        ))
        .then_text("so ")
        .cited_text("it is", [Citation::web(url, "A").quote("it")])
        .raw(json!({"type": "search_result", "content": []}))
        .tool_call("f", json!({"a": 1}))
        .usage(Usage { cached: 3, cache_write: 5, reasoning: 2, ..Usage::new(20, 9) })
}

/// misanthropic 1.0.0-alpha.25 reads 0 as "not reported": the sum of a stream was 1, of a whole
/// message 0.
#[test]
fn an_answer_without_a_word_has_a_token() {
    let reply = Reply::empty();
    let whole: Value = serde_json::from_str(&whole(&reply)).unwrap();
    assert_eq!(whole["usage"]["output_tokens"], 1);
    let stream = streamed(&reply, Chunking::Tokens);
    let counts: Vec<Value> = payloads(&stream)
        .map(|payload| serde_json::from_str::<Value>(payload).unwrap())
        .filter_map(|event| match event["type"].as_str()? {
            "message_start" => Some(event["message"]["usage"]["output_tokens"].clone()),
            "message_delta" => Some(event["usage"]["output_tokens"].clone()),
            _ => None,
        })
        .collect();
    assert_eq!(counts, [1, 1]);
}
