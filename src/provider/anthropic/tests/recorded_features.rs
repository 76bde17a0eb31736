//! Citations, the vendor's own tools, redacted thinking and raw blocks, byte for byte.
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
        let reply = reply_of(&recorded);
        sayable(&reply);
        let whole = golden::whole(&Anthropic, &request, &reply);
        assert_eq!(unnamed(whole.body()), unnamed(&recording.body));
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
    let reply = reply_of(&message);
    sayable(&reply);
    let request = request(&recording.model);
    let cx = golden::context(&request, &reply);
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
    golden::text(frames.take_all().unwrap())
}

/// The reply that a message says.
pub(super) fn reply_of(message: &Value) -> Reply {
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
            "tool_use" => Part::ToolCall(
                ToolCall::new(text(&block["name"]), &block["input"]).with_id(text(&block["id"])),
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
