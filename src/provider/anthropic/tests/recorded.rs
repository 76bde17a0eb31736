//! Messages, streams and their heads, byte for byte.

use super::recorded_features::reply_of;
use super::*;

#[test]
fn whole_messages_are_the_recorded_bytes() {
    for (recording, asked) in [
        (recording!("tool"), "claude-haiku-4-5"),
        (recording!("tools-parallel"), "claude-haiku-4-5-20251001"),
        (recording!("thinking"), "claude-sonnet-5"),
    ] {
        let request = request(asked);
        let recorded: Value = serde_json::from_str(&recording.body).unwrap();
        let reply = reply_of(&recorded);
        let whole = golden::whole(&Anthropic, &request, &reply);
        assert_eq!(anonymous(whole.body()), anonymous(&recording.body));
    }
}

#[test]
fn streams_are_the_recorded_bytes() {
    for (recording, beta) in [
        (recording!("stream-2"), &[][..]),
        (recording!("stream-stop-seq"), &[]),
        (recording!("thinking-stream"), &[]),
        // What the betas that this client asked for added.
        (
            recording!("thinking-tool-stream"),
            &[
                r#"event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"","estimated_tokens":50}}

"#,
                r#"event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"","estimated_tokens":null}}

"#,
                r#","iterations":[{"input_tokens":3,"output_tokens":101,"cache_read_input_tokens":0,"cache_creation_input_tokens":1143,"cache_creation":{"ephemeral_5m_input_tokens":1143,"ephemeral_1h_input_tokens":0},"type":"message"}]"#,
                r#","context_management":{"applied_edits":[]}"#,
            ],
        ),
    ] {
        let mut expected = unpadded(&recording.stream);
        for addition in beta {
            assert!(expected.contains(addition));
            expected = expected.replace(addition, "");
        }
        let said = replay(&recording, &expected);
        assert_eq!(anonymous(&unpadded(&said)), anonymous(expected.trim_end()) + "\n\n");
    }
}

/// Plays the events of a recorded stream, cut as they were, through the encoder.
fn replay(recording: &Recording, stream: &str) -> String {
    let events: Vec<Value> =
        payloads(stream).map(|payload| serde_json::from_str(payload).unwrap()).collect();
    let ending = events.iter().find(|event| event["type"] == "message_delta").unwrap();
    let (finish, usage) = (finish_of(&ending["delta"]), usage_of(&ending["usage"]));
    let request = request(&recording.model);
    let empty = Reply::empty().usage(Usage { output: 0, ..usage });
    let mut encoder = Anthropic.stream(&golden::context(&request, &empty)).into_body();
    let mut frames = FrameBuf::new();
    let mut emit = |event: ReplyEvent<'_>| encoder.encode(event, &mut frames);
    let signature = |index: &Value| {
        let signed = |event: &&Value| {
            event["index"] == *index && event["delta"]["type"] == "signature_delta"
        };
        events.iter().find(signed).map(|event| event["delta"]["signature"].as_str().unwrap())
    };
    let mut calls = 0;
    let mut in_string = false;
    for event in &events {
        match event["type"].as_str().unwrap() {
            "message_start" => emit(ReplyEvent::Start),
            "content_block_start" => {
                let block = &event["content_block"];
                let part = match block["type"].as_str().unwrap() {
                    "text" => PartStart::Text { citations: &[] },
                    "thinking" => PartStart::Reasoning { signature: signature(&event["index"]) },
                    _ => {
                        calls += 1;
                        PartStart::ToolCall {
                            call: calls - 1,
                            id: block["id"].as_str(),
                            name: block["name"].as_str().unwrap(),
                            is_raw: false,
                        }
                    }
                };
                let index = event["index"].as_u64().unwrap() as usize;
                emit(ReplyEvent::PartStart { index, part });
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                let text = delta["text"].as_str().or(delta["thinking"].as_str());
                let arguments =
                    delta["partial_json"].as_str().map(|piece| compact(piece, &mut in_string));
                if let Some(text) = text.or(arguments.as_deref()).filter(|text| !text.is_empty()) {
                    emit(ReplyEvent::Delta(text));
                }
            }
            "content_block_stop" => emit(ReplyEvent::PartEnd),
            "message_stop" => emit(ReplyEvent::End { finish: &finish, usage }),
            _ => {}
        }
    }
    golden::text(frames.take_all().unwrap())
}

/// A piece of JSON as the neutral events carry it: without the model's spaces.
fn compact(piece: &str, in_string: &mut bool) -> String {
    let kept = piece.chars().filter(|letter| {
        *in_string ^= *letter == '"';
        *in_string || *letter != ' '
    });
    kept.collect()
}

#[test]
fn padding_follows_no_rule() {
    let mut seen = [0; 16];
    let mut lengths = [0; 16];
    for recording in [
        recording!("stream-2"),
        recording!("stream-stop-seq"),
        recording!("thinking-stream"),
        recording!("thinking-tool-stream"),
    ] {
        for payload in payloads(&recording.stream).filter(|payload| !payload.contains("ping")) {
            seen[padding(payload)] += 1;
            lengths[payload.chars().count() % 16] += 1;
        }
    }
    assert!(seen.iter().filter(|count| **count > 0).count() > 12, "{seen:?}");
    assert!(lengths.iter().filter(|count| **count > 0).count() > 12, "{lengths:?}");

    let mut ours = [0; 16];
    let reply = Reply::text("word ".repeat(1000));
    for payload in payloads(&streamed(&reply, Chunking::Tokens)) {
        ours[padding(payload)] += 1;
    }
    assert!(ours.iter().all(|count| (30..110).contains(count)), "{ours:?}");
}

fn padding(payload: &str) -> usize {
    let inside = payload.strip_suffix('}').unwrap();
    inside.len() - inside.trim_end_matches(' ').len()
}

#[test]
fn headers_are_the_recorded_ones() {
    let request = request("claude-haiku-4-5");
    let reply = Reply::text("x");
    let cx = Context { created: 1_768_426_551, ..golden::context(&request, &reply) };
    let message = recording!("tools-parallel");
    check_head(Anthropic.unary(&cx, &reply).headers(), &message, &[]);
    check_head(Anthropic.stream(&cx).headers(), &recording!("thinking-tool-stream"), &[]);

    let whole = Anthropic.unary(&cx, &reply);
    let header = |name: &str| whole.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("anthropic-ratelimit-requests-reset"), "2026-01-14T21:35:51Z");
    assert_eq!(header("anthropic-ratelimit-tokens-remaining"), "12000000");
    assert_eq!(shape(&header("traceresponse")), shape(&message.headers["traceresponse"]));
    assert_eq!(header("request-id").len(), "req_011CczuLUs4rPTDTwzo69rNq".len());
}

/// Letters and digits made equal.
fn shape(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { 'x' } else { letter }).collect()
}

#[test]
fn made_up_ids_have_the_vendors_form() {
    let reply = Reply::empty().reasoning("hm").tool_call("f", json!({}));
    let whole: Value = serde_json::from_str(&whole(&reply)).unwrap();
    let recorded: Value = serde_json::from_str(&recording!("tool").body).unwrap();
    let length = |value: &Value| value.as_str().unwrap().len();
    assert_eq!(length(&whole["id"]), length(&recorded["id"]));
    assert_eq!(length(&whole["content"][1]["id"]), length(&recorded["content"][0]["id"]));
    let signature = whole["content"][0]["signature"].as_str().unwrap();
    assert!(signature.len() == 224 && signature.starts_with('E') && signature.ends_with("AE="));
}
