//! Streams say what whole answers say.

use super::*;
use crate::reply::{Citation, WebPage};

#[test]
fn a_stream_says_what_the_whole_says() {
    let replies = [
        Reply::empty(),
        Reply::text("Hello <b>you</b>, it's & \u{2028} \u{200d} é 👋\n\"quoted\""),
        Reply::empty().reasoning("hm, well").then_text("so it is"),
        Reply::empty().reasoning("hm").reasoning("well"),
        Reply::empty()
            .reasoning("hm")
            .then_text("let me see")
            .tool_call("a", raw(r#"{"z": [1.0, {"y": "<}"}], "b": {}}"#))
            .then_text("")
            .part(Part::ToolCall(ToolCall::new("b", json!({})).with_id("id-1"))),
        Reply::refusal("I will not."),
        Reply::text("cut off he").finish(Finish::ContentFilter),
        Reply::empty().reasoning("so long").finish(Finish::Length),
    ];
    let body = br#"{"contents": {"parts": {"text": "x"}}, "tools": {"functionDeclarations": {"name": "a"}}}"#;
    for model in ["gemini-2.0-flash", "gemini-2.5-flash", "gemini-3-pro-preview"] {
        for reply in &replies {
            let path = |method: &str| format!("/v1beta/models/{model}:{method}");
            let request = ask(&path("generateContent"), "", body).unwrap();
            let whole = golden::whole(&Gemini, &request, reply);
            let mut whole: Value = serde_json::from_str(whole.body()).unwrap();
            // There is no such thing in streams.
            whole["candidates"][0].as_object_mut().unwrap().remove("avgLogprobs");
            for query in ["", "alt=sse"] {
                let request = ask(&path("streamGenerateContent"), query, body).unwrap();
                let stream = golden::stream(&Gemini, &request, reply, Chunking::Tokens).into_body();
                assert_eq!(assembled(&chunks(&stream)), whole, "{model} {query:?} {stream}");
            }
        }
    }
}

#[test]
fn streams_say_the_sources_that_whole_answers_say() {
    let web = |n: usize| Citation::web(format!("https://{n}.example"), format!("Page {n}"));
    let replies = [
        Reply::text("Größe: ").cited_text("drei Meter", [web(1), web(2)]).then_text("."),
        Reply::empty()
            .reasoning("hm")
            .server_tool(ServerTool::web_search(
                "<how & why>",
                [WebPage::new("https://2.example", "Page 2")],
            ))
            .cited_text("one", [web(1)])
            .cited_text(" two", [web(2)]),
        Reply::text("one ")
            .server_tool(ServerTool::code("print(1)", ""))
            .then_text("two ")
            .cited_text("three", [web(3)])
            .tool_call("f", json!({}))
            .cited_text("four", [web(3)]),
    ];
    for model in MODELS {
        for reply in &replies {
            agreed(model, ASK, reply);
        }
    }
    let said = agreed(MODELS[1], ASK, &replies[0]);
    let grounding = &said["candidates"][0]["groundingMetadata"];
    // Bytes, not characters.
    let segment = json!({"startIndex": 9, "endIndex": 19, "text": "drei Meter"});
    assert_eq!(
        grounding["groundingSupports"],
        json!([{"segment": segment, "groundingChunkIndices": [0, 1]}])
    );
    assert_eq!(said["candidates"][0]["content"]["parts"][0]["text"], "Größe: drei Meter.");
    let said = agreed(MODELS[1], ASK, &replies[2]);
    let supports = &said["candidates"][0]["groundingMetadata"]["groundingSupports"];
    let four = json!({"partIndex": 5, "endIndex": 4, "text": "four"});
    assert_eq!(supports[1]["segment"], four, "{said:#}");
    assert_eq!(said["candidates"][0]["content"]["parts"][5]["text"], "four");
}
