//! How single things are said: arguments, citations, ciphers, raw blocks, reasons to stop.

use super::*;
use crate::reply::{Citation, Delta, ServerTool, Source, WebPage};

#[test]
fn arguments_are_spelled_as_models_spell_them() {
    let reply = Reply::empty().tool_call("f", json!({"a": [1, 2], "b": "x,y"}));
    for chunking in [Chunking::Tokens, Chunking::Chars(1)] {
        let pieces = pieces_of(&reply, chunking);
        assert_eq!(pieces.concat(), r#"{"a": [1, 2], "b": "x,y"}"#);
        assert_eq!((pieces[0].as_str(), &pieces[1][..2]), ("", "{\""));
        let none = Reply::empty().tool_call("f", json!({}));
        assert_eq!(pieces_of(&none, chunking), [""]);
    }
}

#[test]
fn arguments_that_never_came_are_none() {
    let mut reply = Reply::empty();
    reply.extend([
        Delta::ToolCall { id: None, name: "f".into() },
        Delta::ToolCall { id: None, name: "g".into() },
        Delta::Arguments(" ".into()),
    ]);
    let whole: Value = serde_json::from_str(&whole(&reply)).unwrap();
    for call in 0..2 {
        assert_eq!(whole["content"][call]["input"], json!({}));
    }
}

pub(super) fn pieces_of(reply: &Reply, chunking: Chunking) -> Vec<String> {
    let stream = streamed(reply, chunking);
    let events = payloads(&stream).map(|payload| serde_json::from_str::<Value>(payload).unwrap());
    events.filter_map(|event| Some(event["delta"]["partial_json"].as_str()?.to_owned())).collect()
}

#[test]
fn raw_arguments_are_streamed_letter_by_letter_and_refused_in_a_whole_message() {
    let raws = ["{\"a\":1,\"b\" ", "{", "nothing: of,the  kind\n", "[1,2]", "{'a':1}", "\"{}\""];
    for raw in raws {
        for chunking in [Chunking::Tokens, Chunking::Chars(1)] {
            let reply = Reply::empty().part(Part::ToolCall(ToolCall::with_raw_arguments("f", raw)));
            sayable(&reply);
            assert_eq!(pieces_of(&reply, chunking).concat(), raw);
            let response = golden::whole(&Anthropic, &request("claude-opus-5"), &reply);
            assert_eq!(response.status(), 400);
            let error: Value = serde_json::from_str(response.body()).unwrap();
            assert_eq!(error["error"]["type"], "invalid_request_error");
            let message = error["error"]["message"].as_str().unwrap();
            assert!(message.contains("the arguments of `f` are none"), "{message}");
        }
    }
    // An object is one however it was given.
    let object = ToolCall::with_raw_arguments("f", "{\"a\" :1}");
    let reply = Reply::empty().part(Part::ToolCall(object));
    assert_eq!(pieces_of(&reply, Chunking::Tokens).concat(), "{\"a\" :1}");
    assert!(whole(&reply).contains("\"input\":{\"a\":1}"));
}

#[test]
fn small_fragments_of_arguments_add_up() {
    use crate::reply::ToolDeltas;
    let reply = Reply::empty()
        .tool_call("f", json!({"a": "é👋"}))
        .tool_deltas(ToolDeltas::new().fragment(1));
    let pieces = pieces_of(&reply, Chunking::Words);
    assert_eq!(pieces.concat(), r#"{"a": "é👋"}"#);
    assert!(pieces.len() > 8, "{pieces:?}");
}

#[test]
fn each_citation_has_the_vendors_words() {
    let of = |source| Citation::new(source, "T").quote("q");
    let cases = [
        (
            of(Source::Characters { document: 0, range: 3..5 }),
            r#"{"type":"char_location","cited_text":"q","document_index":0,"document_title":"T","start_char_index":3,"end_char_index":5}"#,
        ),
        (
            of(Source::Pages { document: 1, range: 1..2 }),
            r#"{"type":"page_location","cited_text":"q","document_index":1,"document_title":"T","start_page_number":1,"end_page_number":2}"#,
        ),
        (
            of(Source::Blocks { document: 2, range: 0..1 }),
            r#"{"type":"content_block_location","cited_text":"q","document_index":2,"document_title":"T","start_block_index":0,"end_block_index":1}"#,
        ),
        (
            Citation::web("https://a.example", ""),
            r#"{"type":"web_search_result_location","cited_text":"","url":"https://a.example","title":null,"encrypted_index":""#,
        ),
    ];
    for (citation, said) in cases {
        let reply = Reply::empty().cited_text("x", [citation]);
        let whole = whole(&reply);
        let block = format!("\"content\":[{{\"citations\":[{said}");
        assert!(whole.contains(&block), "{whole}");
        let delta = format!("\"delta\":{{\"type\":\"citations_delta\",\"citation\":{said}");
        assert!(streamed(&reply, Chunking::Tokens).contains(&delta));
    }
}

#[test]
fn ciphers_are_made_up_and_each_is_another() {
    let page = |url: &str| WebPage::new(url, "A");
    let cite = |url: &str| Citation::web(url, "A");
    let reply = Reply::empty()
        .server_tool(ServerTool::web_search(
            "q",
            [page("https://a.example"), page("https://b.example")],
        ))
        .server_tool(ServerTool::web_search("r", [page("https://a.example")]))
        .cited_text("x", [cite("https://a.example"), cite("https://b.example")])
        .cited_text("y", [cite("https://a.example")]);
    let said = whole(&reply);
    let mut ciphers: Vec<&str> =
        ["\"encrypted_content\":\"", "\"encrypted_index\":\"", "\"id\":\""]
            .iter()
            .flat_map(|key| said.split(key).skip(1))
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
    assert_eq!(ciphers.len(), 3 + 3 + 3);
    ciphers.sort_unstable();
    ciphers.dedup();
    assert_eq!(ciphers.len(), 9);
    assert_eq!(said, whole(&reply));
    assert!(said.contains(r#""server_tool_use":{"web_search_requests":2,"web_fetch_requests":0}"#));
}

#[test]
fn a_raw_block_is_sent_as_it_stands_on_one_line() {
    let object = serde_json::value::RawValue::from_string(
        "{ \"type\": \"new\",\n \"z\": 1.50, \"a\": [\"\\u00e9, :\"] }".to_owned(),
    )
    .unwrap();
    let reply = Reply::text("a").raw(object).then_text("b");
    let said = r#"{"type":"new","z":1.50,"a":["\u00e9, :"]}"#;
    assert!(whole(&reply).contains(&format!("}},{said},{{")));
    let stream = unpadded(&streamed(&reply, Chunking::Tokens));
    let events = format!(
        "event: content_block_start\n\
         data: {{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{said}}}\n\n\
         event: content_block_stop\n\
         data: {{\"type\":\"content_block_stop\",\"index\":1}}\n\n"
    );
    assert!(stream.contains(&events), "{stream}");
    assert!(stream.contains("\"index\":2,\"delta\""));
}

#[test]
fn what_the_api_has_no_words_for_is_refused_with_the_reason() {
    use crate::reply::{Audio, Media, SafetyRating, ToolDeltas};
    let call = || Reply::empty().tool_call("f", json!({}));
    let media = || Media::new("audio/wav", &b"x"[..]);
    let cases = [
        (Reply::empty().image("image/png", &b"x"[..]), "a message's content is text"),
        (Reply::empty().part(Part::Audio(Audio::new(media(), "x"))), "a message's content is text"),
        (Reply::text("x").safety(SafetyRating::new("HARM", "LOW")), "no ratings"),
        (call().tool_deltas(ToolDeltas::new().interleaved()), "cannot take turns"),
        (call().tool_deltas(ToolDeltas::new().no_index()), "has its index"),
        (call().tool_deltas(ToolDeltas::new().id_in_each()), "has its id and name"),
        (call().tool_deltas(ToolDeltas::new().empty_names()), "has its id and name"),
    ];
    for (reply, why) in cases {
        let feature = reply.features().next().unwrap();
        let said = Anthropic.can_say(feature).unwrap_err();
        assert!(said.contains(why), "{feature:?}: {said}");
    }
    sayable(&call().tool_deltas(ToolDeltas::new().fragment(2)));
}

#[test]
fn why_it_stopped_in_the_vendors_words() {
    for (finish, reason) in [
        (Finish::ContextWindow, "model_context_window_exceeded"),
        (Finish::Length, "max_tokens"),
        (Finish::PauseTurn, "pause_turn"),
        (Finish::Refusal, "refusal"),
        (Finish::Stop, "end_turn"),
        (Finish::StopSequence("END".into()), "stop_sequence"),
        (Finish::ToolUse, "tool_use"),
    ] {
        let reply = Reply::text("a").finish(finish);
        let whole: Value = serde_json::from_str(&whole(&reply)).unwrap();
        assert_eq!(whole["stop_reason"], reason);
        assert_eq!(assembled(&streamed(&reply, Chunking::Tokens)), whole);
    }
}

#[test]
fn what_went_into_a_cache_is_counted_apart() {
    let reply = Reply::text("a").usage(Usage { cached: 3, cache_write: 5, ..Usage::new(20, 9) });
    let usage = r#""usage":{"input_tokens":12,"cache_creation_input_tokens":5,"cache_read_input_tokens":3,"cache_creation":{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":0},"output_tokens":"#;
    assert!(whole(&reply).contains(&format!("{usage}9,")));
    let stream = streamed(&reply, Chunking::Tokens);
    let (start, rest) = stream.split_once("event: content_block_start").unwrap();
    assert!(start.contains(&format!("{usage}1,")), "{start}");
    assert!(rest.contains(
        r#""usage":{"input_tokens":12,"cache_creation_input_tokens":5,"cache_read_input_tokens":3,"output_tokens":9}"#
    ));
}
