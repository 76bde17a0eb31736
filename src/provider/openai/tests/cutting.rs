//! Tool calls that are cut up in other ways than the vendor's.

use serde_json::json;

use super::*;
use crate::reply::{Part, ToolCall, ToolDeltas};

/// The entries of `tool_calls` of a stream, as they stand there.
fn entries(reply: Reply) -> Vec<String> {
    let request = asking(json!({"model": "gpt-4o", "stream": true,
        "stream_options": {"include_obfuscation": false}}));
    let stream = golden::stream(&OpenAi, &request, &reply, Chunking::Tokens);
    let all = stream.body().lines().filter_map(|line| {
        let (_, rest) = line.split_once("\"tool_calls\":[")?;
        Some(rest.split_once("]},\"logprobs\"").unwrap().0.to_owned())
    });
    all.collect()
}

fn two_calls(deltas: ToolDeltas) -> Reply {
    let call =
        |name: &str, id: &str| Part::ToolCall(ToolCall::new(name, json!({"a": 1})).with_id(id));
    Reply::empty().part(call("t", "call_t")).part(call("u", "call_u")).tool_deltas(deltas)
}

#[test]
fn fragments_are_as_long_as_they_should_be() {
    let found = entries(two_calls(ToolDeltas::new().fragment(4)));
    assert_eq!(
        found,
        [
            r#"{"index":0,"id":"call_t","type":"function","function":{"name":"t","arguments":""}}"#,
            r#"{"index":0,"function":{"arguments":"{\"a\""}}"#,
            r#"{"index":0,"function":{"arguments":":1}"}}"#,
            r#"{"index":1,"id":"call_u","type":"function","function":{"name":"u","arguments":""}}"#,
            r#"{"index":1,"function":{"arguments":"{\"a\""}}"#,
            r#"{"index":1,"function":{"arguments":":1}"}}"#,
        ]
    );
}

#[test]
fn interleaved_calls_take_turns() {
    let found = entries(two_calls(ToolDeltas::new().fragment(4).interleaved()));
    assert_eq!(
        found,
        [
            r#"{"index":0,"id":"call_t","type":"function","function":{"name":"t","arguments":""}}"#,
            r#"{"index":1,"id":"call_u","type":"function","function":{"name":"u","arguments":""}}"#,
            r#"{"index":0,"function":{"arguments":"{\"a\""}}"#,
            r#"{"index":1,"function":{"arguments":"{\"a\""}}"#,
            r#"{"index":0,"function":{"arguments":":1}"}}"#,
            r#"{"index":1,"function":{"arguments":":1}"}}"#,
        ]
    );
}

#[test]
fn imitators_leave_the_index_out_and_repeat_ids_and_names() {
    let found = entries(two_calls(ToolDeltas::new().fragment(9).no_index()));
    assert_eq!(
        found[..2],
        [
            r#"{"id":"call_t","type":"function","function":{"name":"t","arguments":""}}"#,
            r#"{"function":{"arguments":"{\"a\":1}"}}"#,
        ]
    );
    let found = entries(two_calls(ToolDeltas::new().fragment(9).id_in_each().empty_names()));
    assert_eq!(
        found[2..],
        [
            r#"{"index":1,"id":"call_u","type":"function","function":{"name":"u","arguments":""}}"#,
            r#"{"index":1,"id":"call_u","function":{"name":"","arguments":"{\"a\":1}"}}"#,
        ]
    );
}
