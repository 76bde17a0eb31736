//! Answers, streams and their heads, byte for byte.

use super::*;

fn check_whole(recording: &Recording, model: &str, reply: &Reply) {
    let request = asked(model);
    let response = golden::whole(&OpenAi, &request, reply);
    recording.check_head(&response, &["x-request-id", "openai-organization"]);
    assert_eq!(masked(response.body(), &MADE_UP), masked(&recording.body, &MADE_UP));
}

#[test]
fn a_text_is_as_recorded() {
    let reply = Reply::text("420").usage(Usage::new(14, 10));
    check_whole(&recording!("text"), "gpt-5-mini", &reply);
}

#[test]
fn reasoning_is_counted_and_not_shown_as_recorded() {
    let mut usage = Usage::new(11, 202);
    usage.reasoning = 192;
    check_whole(&recording!("reasoning"), "gpt-5-nano", &Reply::text("3").usage(usage));
    let thought = Reply::empty().reasoning("long thoughts").then_text("3").usage(usage);
    check_whole(&recording!("reasoning"), "gpt-5-nano", &thought);
}

#[test]
fn a_tool_call_is_as_recorded() {
    let reply = Reply::empty().tool_call("0", json!({})).usage(Usage::new(44, 10));
    check_whole(&recording!("tool"), "gpt-4o-mini", &reply);
}

#[test]
fn a_cut_and_a_refusal_are_as_recorded() {
    for (recording, finish) in
        [(recording!("length"), Finish::Length), (recording!("refusal"), Finish::Refusal)]
    {
        let body: Value = serde_json::from_str(&recording.body).unwrap();
        let message = &body["choices"][0]["message"];
        let reply = match message["refusal"].as_str() {
            Some(refusal) => Reply::refusal(refusal),
            None => Reply::text(message["content"].as_str().unwrap()),
        };
        let number = |key: &str| body["usage"][key].as_u64().unwrap();
        let reply = reply
            .finish(finish)
            .model(body["model"].as_str().unwrap())
            .usage(Usage::new(number("prompt_tokens"), number("completion_tokens")));
        let request = asked("gpt-4o");
        let ours = golden::whole(&OpenAi, &request, &reply).into_body();
        // Some recordings are of older models, which have no annotations or tier.
        assert_eq!(masked(&ours, &MADE_UP), masked(&recording.body, &MADE_UP));
    }
}

fn check_stream(recording: &Recording, request: &LlmRequest, reply: &Reply) {
    let response = golden::stream(&OpenAi, request, reply, Chunking::Tokens);
    let often_cut = ["x-request-id", "openai-organization", "openai-project"];
    recording.check_head(&response, &often_cut);
    assert_eq!(normal(response.body()), normal(&recording.body));
    assert_eq!(paddings(response.body()), paddings(&recording.body));
}

#[test]
fn a_stream_is_as_recorded() {
    let request = streamed("gpt-3.5-turbo", false);
    check_stream(&recording!("stream"), &request, &Reply::text("foo"));
}

#[test]
fn a_stream_with_usage_is_as_recorded() {
    let request = streamed("gpt-5.4", true);
    let reply = Reply::text("2").usage(Usage::new(26, 4));
    check_stream(&recording!("stream-usage"), &request, &reply);
}

#[test]
fn streamed_tool_calls_are_as_recorded() {
    for (recording, model, name) in [
        (recording!("tool-stream"), "gpt-4.1-nano", "get_weather"),
        (recording!("tools-parallel-stream"), "gpt-5.4", "favorite_color"),
    ] {
        let last = recording.body.lines().rfind(|line| line.contains("\"prompt_tokens\"")).unwrap();
        let last: Value = serde_json::from_str(&last["data: ".len()..]).unwrap();
        let number = |key: &str| last["usage"][key].as_u64().unwrap();
        let usage = Usage::new(number("prompt_tokens"), number("completion_tokens"));
        let ours = encode_calls(&streamed(model, true), name, &fragments(&recording), usage);
        assert_eq!(normal(&ours), normal(&recording.body));
        assert_eq!(paddings(&ours), paddings(&recording.body));
    }
}

/// The fragments of recorded arguments.
fn fragments(recording: &Recording) -> Vec<(usize, String)> {
    let chunks = payloads(&recording.body).map(|json| serde_json::from_str::<Value>(json).unwrap());
    chunks
        .filter_map(|chunk| {
            let call = &chunk["choices"][0]["delta"]["tool_calls"][0];
            let text = call["function"]["arguments"].as_str()?.to_owned();
            Some((call["index"].as_u64()? as usize, text))
        })
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

/// Encodes calls whose arguments come in these very fragments.
fn encode_calls(
    request: &LlmRequest,
    name: &str,
    fragments: &[(usize, String)],
    usage: Usage,
) -> String {
    use crate::reply::{PartStart, ReplyEvent};
    let reply = Reply::empty();
    let mut encoder = OpenAi.stream(&golden::context(request, &reply)).into_body();
    let mut frames = crate::wire::FrameBuf::new();
    encoder.encode(ReplyEvent::Start, &mut frames);
    let mut open = None;
    for (call, text) in fragments {
        if open != Some(*call) {
            if open.is_some() {
                encoder.encode(ReplyEvent::PartEnd, &mut frames);
            }
            let part = PartStart::ToolCall { call: *call, id: None, name, is_raw: false };
            encoder.encode(ReplyEvent::PartStart { index: *call, part }, &mut frames);
            open = Some(*call);
        }
        encoder.encode(ReplyEvent::Delta(text), &mut frames);
    }
    encoder.encode(ReplyEvent::PartEnd, &mut frames);
    encoder.encode(ReplyEvent::End { finish: &Finish::ToolUse, usage }, &mut frames);
    golden::text(frames.take_all().unwrap())
}

#[test]
fn the_padding_rule_holds_in_recordings() {
    for recording in [
        recording!("stream"),
        recording!("stream-usage"),
        recording!("tool-stream"),
        recording!("tools-parallel-stream"),
        recording!("refusal-stream"),
        recording!("n2-stream"),
        recording!("logprobs-stream"),
    ] {
        let lengths = paddings(&recording.body);
        assert!(!lengths.is_empty() && lengths.iter().all(|length| *length == 1), "{lengths:?}");
    }
}
