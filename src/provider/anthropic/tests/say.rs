//! Citations, the vendor's own tools, redacted thinking and raw blocks, held against recordings
//! byte for byte.
//!
//! Made equal besides what the other tests make equal: ids and ciphers, and the deltas of the
//! vendor's own calls, which are joined. What older recordings lack is added in the open.

use super::*;
use crate::reply::{Citation, ServerTool, Source, Text, WebPage};

#[test]
fn whole_messages_with_everything_are_the_recorded_bytes() {
    for (recording, asked) in [
        (recording!("citations"), "claude-haiku-4-5-20251001"),
        (recording!("codeexec"), "claude-haiku-4-5-20251001"),
        (recording!("websearch"), "claude-sonnet-5"),
    ] {
        let request = request(asked);
        let recorded: Value = serde_json::from_str(&recording.body).unwrap();
        let reply = reply_of_all(&recorded);
        sayable(&reply);
        let response = Anthropic.unary(&context(&request, &reply), &reply);
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        assert_eq!(unnamed(&body), unnamed(&recording.body));
    }
}

#[test]
fn streams_with_everything_are_the_recorded_bytes() {
    const PING: &str = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
    // Each recording with what is another in it, and what it would be now.
    let cases: [(Recording, &[(&str, &str)]); 5] = [
        (recording!("citations-stream"), &[]),
        (recording!("codeexec-stream"), &[("\"input_tokens\":2293,", "\"input_tokens\":4714,")]),
        (recording!("mcp-stream"), &[("\"input_tokens\":589,", "\"input_tokens\":1250,")]),
        (
            recording!("redacted-stream"),
            &[
                // From before the model went first.
                (
                    "{\"id\":\"msg_018XZkwvj9asBiffg3fXt88s\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5-20250929\",",
                    "{\"model\":\"claude-sonnet-4-5-20250929\",\"id\":\"msg_018XZkwvj9asBiffg3fXt88s\",\"type\":\"message\",\"role\":\"assistant\",",
                ),
                // Pings of long gaps.
                (PING, ""),
                (PING, ""),
            ],
        ),
        (
            recording!("websearch-stream"),
            &[
                // What the search found had not been read yet.
                (
                    "\"input_tokens\":2243,\"cache_creation_input_tokens\":0,",
                    "\"input_tokens\":2250,\"cache_creation_input_tokens\":11913,",
                ),
                ("\"ephemeral_5m_input_tokens\":0", "\"ephemeral_5m_input_tokens\":11913"),
                (
                    "{\"web_search_requests\":1}",
                    "{\"web_search_requests\":1,\"web_fetch_requests\":0}",
                ),
                (
                    "\"page_age\":\"1 day ago\"}]}}",
                    "\"page_age\":\"1 day ago\"}],\"caller\":{\"type\":\"direct\"}}}",
                ),
            ],
        ),
    ];
    for (recording, changes) in cases {
        let mut expected = unpadded(&recording.stream);
        for (old, new) in changes {
            assert!(expected.contains(old), "{old}");
            expected = expected.replacen(old, new, 1);
        }
        // From before there were these.
        if !expected.contains("\"stop_details\"") {
            let null = "\"stop_sequence\":null";
            expected = expected.replace(null, &format!("{null},\"stop_details\":null"));
        }
        let geo = "\"service_tier\":\"standard\"";
        if !expected.contains("\"inference_geo\"") {
            expected = expected.replace(geo, &format!("{geo},\"inference_geo\":\"not_available\""));
        }
        let said = replay_all(&recording, &expected);
        let expected = unnamed(&joined(expected.trim_end())) + "\n\n";
        assert_eq!(unnamed(&joined(&unpadded(&said))).trim_end(), expected.trim_end());
    }
}

/// Plays a recorded stream, its texts cut as they were, through the encoder.
fn replay_all(recording: &Recording, stream: &str) -> String {
    let message = assembled(stream);
    let reply = reply_of_all(&message);
    sayable(&reply);
    let request = request(&recording.model);
    let cx = context(&request, &reply);
    let mut encoder = Anthropic.stream(&cx).into_body();
    let mut frames = FrameBuf::new();
    let mut emit = |event: ReplyEvent<'_>| encoder.encode(event, &mut frames);
    let deltas: Vec<Value> = payloads(stream)
        .map(|payload| serde_json::from_str(payload).unwrap())
        .filter(|event: &Value| event["type"] == "content_block_delta")
        .collect();
    emit(ReplyEvent::Start);
    let mut block = 0;
    for (index, part) in reply.parts().iter().enumerate() {
        let (start, blocks) = match part {
            Part::Text(text) => (PartStart::Text { citations: text.citations() }, 1),
            Part::Reasoning(thought) => {
                (PartStart::Reasoning { signature: thought.signature() }, 1)
            }
            Part::ServerTool(_) => (PartStart::Whole(part), 2),
            whole => (PartStart::Whole(whole), 1),
        };
        emit(ReplyEvent::PartStart { index, part: start });
        for delta in deltas.iter().filter(|event| event["index"] == block) {
            let delta = &delta["delta"];
            if let Some(text) = delta["text"].as_str().or(delta["thinking"].as_str()) {
                emit(ReplyEvent::Delta(text));
            }
        }
        emit(ReplyEvent::PartEnd);
        block += blocks;
    }
    emit(ReplyEvent::End { finish: &reply.finish_reason(), usage: cx.usage });
    String::from_utf8(frames.take_all().unwrap().to_vec()).unwrap()
}

fn sayable(reply: &Reply) {
    for feature in reply.features() {
        assert_eq!(Anthropic.can_say(feature), Ok(()), "{feature:?}");
    }
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
fn raw_arguments_are_streamed_letter_by_letter_and_refused_in_a_whole_message() {
    let raws = ["{\"a\":1,\"b\" ", "{", "nothing: of,the  kind\n", "[1,2]", "{'a':1}", "\"{}\""];
    for raw in raws {
        for chunking in [Chunking::Tokens, Chunking::Chars(1)] {
            let reply = Reply::empty().part(Part::ToolCall(ToolCall::with_raw_arguments("f", raw)));
            sayable(&reply);
            assert_eq!(pieces_of(&reply, chunking).concat(), raw);
            let request = request("claude-opus-5");
            let response = Anthropic.unary(&context(&request, &reply), &reply);
            assert_eq!(response.status(), 400);
            let error: Value = serde_json::from_slice(response.body()).unwrap();
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

fn whole(reply: &Reply) -> String {
    let request = request("claude-opus-5");
    let response = Anthropic.unary(&context(&request, reply), reply);
    assert_eq!(response.status(), 200);
    String::from_utf8(response.body().to_vec()).unwrap()
}

/// The reply that a message says.
fn reply_of_all(message: &Value) -> Reply {
    let blocks = message["content"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut reply = Reply::empty();
    let mut at = 0;
    while let Some(block) = blocks.get(at) {
        at += 1;
        reply = reply.part(match block["type"].as_str().unwrap() {
            "text" => {
                let citations = block["citations"].as_array().into_iter().flatten();
                let cited = Text::new(text(&block["text"]));
                Part::Text(citations.map(citation_of).fold(cited, Text::cite))
            }
            "thinking" => Part::Reasoning(
                Reasoning::new(text(&block["thinking"])).with_signature(text(&block["signature"])),
            ),
            "redacted_thinking" => Part::RedactedReasoning(text(&block["data"])),
            _ => {
                let result = &blocks[at];
                at += 1;
                assert_eq!(result["tool_use_id"], block["id"]);
                Part::ServerTool(tool_of(block, result))
            }
        });
    }
    reply.finish(finish_of(message)).usage(usage_of(&message["usage"]))
}

fn citation_of(citation: &Value) -> Citation {
    let text = |name: &str| citation[name].as_str().unwrap();
    let number = |name: &str| citation[name].as_u64().unwrap() as usize;
    let cited = match text("type") {
        "char_location" => {
            let range = number("start_char_index")..number("end_char_index");
            let document = number("document_index");
            Citation::new(Source::Characters { document, range }, text("document_title"))
        }
        _ => Citation::web(text("url"), text("title")),
    };
    cited.quote(text("cited_text"))
}

fn tool_of(call: &Value, result: &Value) -> ServerTool {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match call["name"].as_str().unwrap() {
        "web_search" => {
            let pages = result["content"].as_array().unwrap().iter().map(|page| {
                let (url, title) = (text(&page["url"]), text(&page["title"]));
                let known = WebPage::new(url, title);
                page["page_age"].as_str().into_iter().fold(known, WebPage::age)
            });
            ServerTool::web_search(text(&call["input"]["query"]), pages)
        }
        "bash_code_execution" => {
            ServerTool::code(text(&call["input"]["command"]), text(&result["content"]["stdout"]))
        }
        name => {
            let output = text(&result["content"][0]["text"]);
            ServerTool::mcp(text(&call["server_name"]), name, &call["input"], output)
        }
    }
}

/// With the deltas of the vendor's own calls joined.
fn joined(stream: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for event in stream.split("\n\n") {
        let piece = |event: &str| {
            let (_, json) = event.split_once("data: ")?;
            let json: Value = serde_json::from_str(json).ok()?;
            let piece = json["delta"]["partial_json"].as_str()?.to_owned();
            Some((json["index"].as_u64()?, piece))
        };
        let before = out.last().and_then(|last| piece(last));
        match (before, piece(event)) {
            (Some((index, before)), Some((same, piece))) if index == same && !before.is_empty() => {
                let whole = serde_json::to_string(&(before + &piece)).unwrap();
                *out.last_mut().unwrap() = format!(
                    "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\
                     \"index\":{index},\"delta\":{{\"type\":\"input_json_delta\",\
                     \"partial_json\":{whole}}}}}"
                );
            }
            _ => out.push(event.to_owned()),
        }
    }
    out.join("\n\n")
}

/// With one id for each thing, and without ciphers and times.
fn unnamed(text: &str) -> String {
    let mut text = anonymous(text);
    for prefix in ["srvtoolu_", "mcptoolu_", "container_"] {
        let mut seen: Vec<String> = Vec::new();
        let mut out = String::new();
        for (at, rest) in text.split(&format!("\"{prefix}")).enumerate() {
            if at == 0 {
                out.push_str(rest);
                continue;
            }
            let (id, rest) = rest.split_once('"').unwrap();
            assert!(id.starts_with("01") && id.len() == 24, "{id}");
            let known = seen.iter().position(|one| one == id).unwrap_or_else(|| {
                seen.push(id.to_owned());
                seen.len() - 1
            });
            out.push_str(&format!("\"{prefix}{known}\"{rest}"));
        }
        text = out;
    }
    for (key, keeps_length) in
        [("encrypted_content", false), ("encrypted_index", true), ("expires_at", true)]
    {
        let mut out = String::new();
        for (at, rest) in text.split(&format!("\"{key}\":\"")).enumerate() {
            if at == 0 {
                out.push_str(rest);
                continue;
            }
            let (value, rest) = rest.split_once('"').unwrap();
            let value = if keeps_length { "x".repeat(value.len()) } else { String::new() };
            out.push_str(&format!("\"{key}\":\"{value}\"{rest}"));
        }
        text = out;
    }
    text
}
