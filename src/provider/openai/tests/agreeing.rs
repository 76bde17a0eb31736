//! Streams say what whole answers say.

use serde_json::{Map, Value, json};

use super::*;
use crate::reply::{Part, ToolCall, ToolDeltas};

/// What a client makes of the deltas of one choice.
fn merged(chunks: &[Value], index: usize) -> Value {
    let mut message = Map::new();
    let mut choice = json!({"index": index, "finish_reason": null});
    let choices = chunks.iter().flat_map(|chunk| chunk["choices"].as_array().unwrap());
    for piece in choices.filter(|piece| piece["index"] == index) {
        assert_eq!(choice["finish_reason"], Value::Null, "it had ended");
        choice["finish_reason"] = piece["finish_reason"].clone();
        merge(&mut message, piece["delta"].as_object().unwrap());
        if let Some(figures) = piece.get("logprobs") {
            match (&mut choice["logprobs"], figures) {
                (Value::Object(known), Value::Object(figures)) => merge(known, figures),
                (Value::Object(_), Value::Null) => {}
                (place, figures) => *place = figures.clone(),
            }
        }
    }
    for call in message.get_mut("tool_calls").into_iter().flat_map(|c| c.as_array_mut().unwrap()) {
        call.as_object_mut().unwrap().remove("index");
    }
    message.entry("annotations").or_insert(json!([]));
    message.entry("refusal").or_insert(Value::Null);
    choice["message"] = message.into();
    choice
}

fn merge(known: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (key, value) in more {
        match (known.get_mut(key), value) {
            (Some(Value::String(known)), Value::String(more)) => known.push_str(more),
            (Some(Value::Object(known)), Value::Object(more)) => merge(known, more),
            (Some(Value::Array(known)), Value::Array(more)) => {
                for item in more {
                    let same = known.iter_mut().find(|known| {
                        item.get("index").is_some() && known["index"] == item["index"]
                    });
                    match (same, item) {
                        (Some(Value::Object(known)), Value::Object(item)) => {
                            let mut item = item.clone();
                            item.remove("id");
                            merge(known, &item);
                        }
                        _ => known.push(item.clone()),
                    }
                }
            }
            (_, value) => drop(known.insert(key.clone(), value.clone())),
        }
    }
}

/// Sounds are encoded chunk by chunk: whoever puts them together decodes each.
fn decoded(mut choice: Value) -> Value {
    if let Value::String(data) = &choice["message"]["audio"]["data"] {
        let bytes = bytes_of(data);
        choice["message"]["audio"]["data"] =
            json!([bytes.len(), crate::util::rng::hash(0, &bytes)]);
    }
    choice
}

/// What is streamed is what is said whole: every choice, to the last figure.
#[track_caller]
fn agree(request: Value, reply: &Reply) {
    let whole: Value = serde_json::from_str(&whole(&asking(request.clone()), reply)).unwrap();
    let mut request = request;
    request["stream"] = json!(true);
    request["stream_options"] = json!({"include_usage": true});
    let chunks = chunks(&asking(request), reply, Chunking::Tokens);
    let choices = whole["choices"].as_array().unwrap();
    for (index, choice) in choices.iter().enumerate() {
        assert_eq!(decoded(merged(&chunks, index)), decoded(choice.clone()), "choice {index}");
    }
    let last = chunks.last().unwrap();
    assert_eq!((&last["usage"], &last["choices"]), (&whole["usage"], &json!([])));
    for key in ["id", "created", "model", "service_tier", "system_fingerprint"] {
        assert!(chunks.iter().all(|chunk| chunk.get(key) == whole.get(key)), "{key}");
    }
}

#[test]
fn streams_and_whole_answers_agree_on_everything() {
    let calls = || {
        Reply::text("Let me look.")
            .tool_call("search", json!({"query": "tower \"x\" é"}))
            .tool_call("open", json!({"url": "https://docs.rs", "deep": {"a": [1, 2]}}))
    };
    let broken = ToolCall::with_raw_arguments("open", "{\"url\": \"https://do");
    let many = Reply::text("one two")
        .choice(calls())
        .choice(Reply::refusal("I can't."))
        .choice(cited())
        .choice(Reply::empty().part(spoken()))
        .choice(Reply::empty().raw(json!({"reasoning_content": "hm"})).then_text("so"))
        .choice(Reply::empty());
    let logprobs = json!({"model": "gpt-4o", "logprobs": true, "top_logprobs": 3, "n": 7});
    for (request, reply) in [
        (json!({"model": "gpt-4o"}), Reply::text("plain é 👋")),
        (json!({"model": "gpt-4o"}), cited()),
        (json!({"model": "gpt-4o-mini-search-preview"}), cited()),
        (
            json!({"model": "gpt-audio-mini", "modalities": ["text", "audio"]}),
            Reply::empty().part(spoken()),
        ),
        (json!({"model": "gpt-audio"}), Reply::empty().part(spoken()).part(spoken())),
        (json!({"model": "gpt-4o", "n": 3}), calls()),
        (json!({"model": "o3-mini", "n": 7}), many.clone()),
        (json!({"model": "gpt-4o", "logprobs": true}), Reply::text("")),
        (json!({"model": "gpt-4o", "logprobs": true}), Reply::refusal("I won't.")),
        (logprobs, many),
        (
            json!({"model": "gpt-4o"}),
            calls().tool_deltas(ToolDeltas::new().interleaved().fragment(3)),
        ),
        (
            json!({"model": "gpt-4o"}),
            calls().tool_deltas(ToolDeltas::new().id_in_each().empty_names()),
        ),
        (json!({"model": "gpt-4o"}), Reply::empty().part(Part::ToolCall(broken))),
        (json!({"model": "gpt-4o", "service_tier": "flex", "max_tokens": 2}), cited()),
        (
            json!({"model": "deepseek"}),
            Reply::empty()
                .raw(json!({"reasoning_content": "Let me"}))
                .raw(json!({"reasoning_content": " think", "x": {"y": [1]}}))
                .then_text("42"),
        ),
    ] {
        agree(request, &reply);
    }
}
