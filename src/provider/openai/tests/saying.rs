//! How single things are said: choices, log-probabilities, sound, citations, fields of other servers.

use super::*;
use crate::provider::{Feature, Provider};
use crate::reply::{Citation, Part, Source};

#[test]
fn choices_have_calls_of_their_own() {
    let reply = Reply::empty().tool_call("now", json!({}));
    let request = asking(json!({"model": "gpt-4o", "n": 3}));
    let body: Value = serde_json::from_str(&whole(&request, &reply)).unwrap();
    let ids: Vec<_> = (0..3)
        .map(|at| body["choices"][at]["message"]["tool_calls"][0]["id"].as_str().unwrap())
        .collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
    // What the first choice says does not hang on how many there are.
    let alone: Value = serde_json::from_str(&whole(&asked("gpt-4o"), &reply)).unwrap();
    assert_eq!(alone["choices"][0], body["choices"][0]);
    let tokens = |body: &Value| body["usage"]["completion_tokens"].as_u64().unwrap();
    assert_eq!(tokens(&body), 3 * tokens(&alone));
}

#[test]
fn top_log_probabilities_begin_with_the_chosen_token() {
    let request = asking(json!({"model": "gpt-4o", "logprobs": true, "top_logprobs": 20}));
    let body: Value = serde_json::from_str(&whole(&request, &Reply::text("é then"))).unwrap();
    let figures = &body["choices"][0]["logprobs"];
    assert_eq!(figures["refusal"], Value::Null);
    let tokens = figures["content"].as_array().unwrap();
    let bytes: Vec<u64> = tokens
        .iter()
        .flat_map(|token| token["bytes"].as_array().unwrap())
        .map(|byte| byte.as_u64().unwrap())
        .collect();
    assert_eq!(bytes, "é then".bytes().map(u64::from).collect::<Vec<_>>());
    for token in tokens {
        let top = token["top_logprobs"].as_array().unwrap();
        assert_eq!((top.len(), &top[0]["token"]), (20, &token["token"]));
        assert_eq!(top[0]["logprob"], token["logprob"]);
    }
    // None are asked for, so none are there.
    let plain: Value = serde_json::from_str(&whole(&asked("gpt-4o"), &Reply::text("x"))).unwrap();
    assert_eq!(plain["choices"][0]["logprobs"], Value::Null);
}

#[test]
fn sound_is_streamed_in_pieces_that_decode_by_themselves() {
    let request = asking(json!({"model": "gpt-audio-mini", "stream": true}));
    let reply = Reply::empty().part(spoken());
    let found = chunks(&request, &reply, Chunking::Tokens);
    let deltas: Vec<_> = found.iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
    let keys = |delta: &Value| {
        delta["audio"].as_object().map(|audio| audio.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(*deltas[0], json!({"role": "assistant", "content": null, "refusal": null}));
    assert_eq!(keys(deltas[1]), Some(vec!["id".to_owned()]));
    assert_eq!(deltas[2]["audio"], json!({"transcript": "Hello"}));
    let data: Vec<_> = deltas.iter().filter_map(|delta| delta["audio"]["data"].as_str()).collect();
    let Part::Audio(audio) = spoken() else { unreachable!() };
    let decoded: Vec<u8> = data.iter().flat_map(|data| bytes_of(data)).collect();
    assert!(data.len() > 2 && decoded == audio.media().data()[..]);
    assert_eq!(keys(deltas[deltas.len() - 2]), Some(vec!["expires_at".to_owned()]));
    assert_eq!(deltas[deltas.len() - 1], &json!({}));
}

#[test]
fn citations_come_with_the_last_chunk_of_a_stream() {
    let request = asking(json!({"model": "gpt-4o-mini-search-preview", "stream": true}));
    let found = chunks(&request, &cited(), Chunking::Chars(2));
    let (last, others) = found.split_last().unwrap();
    assert!(others.iter().all(|chunk| chunk["choices"][0]["delta"].get("annotations").is_none()));
    let choice = &last["choices"][0];
    let annotations = choice["delta"]["annotations"].as_array().unwrap();
    assert_eq!((annotations.len(), &choice["finish_reason"]), (3, &json!("stop")));
    assert_eq!(
        annotations[0],
        json!({"type": "url_citation", "url_citation": {
            "end_index": 26, "start_index": 8, "title": "tower", "url": "https://docs.rs/tower"}})
    );
}

#[test]
fn raw_fields_come_after_the_messages_own_in_their_order() {
    let reply = Reply::text("42").raw(InOrder { z: 1, a: Inner { y: 2, b: None } });
    let ours = whole(&asked("gpt-4o"), &reply);
    let own = "\"annotations\": [],\n        \"z\": 1,\n        \"a\": {\n          \"y\": 2,";
    assert!(ours.contains(own), "{ours}");
    let request = asking(json!({"model": "gpt-4o", "stream": true,
        "stream_options": {"include_obfuscation": false}}));
    let stream = golden::stream(&OpenAi, &request, &reply, Chunking::Tokens);
    let delta = r#""choices":[{"index":0,"delta":{"z":1,"a":{"y":2,"b":null}},"logprobs":null"#;
    assert!(stream.body().contains(delta), "{}", stream.body());
}

/// Structs, so that the order does not hang on how `serde_json` was built.
#[derive(serde::Serialize)]
struct InOrder {
    z: u8,
    a: Inner,
}

#[derive(serde::Serialize)]
struct Inner {
    y: u8,
    b: Option<u8>,
}

#[test]
fn what_has_no_words_is_refused_with_a_reason() {
    let page = Citation::new(Source::Pages { document: 0, range: 1..2 }, "A");
    let rating = crate::reply::SafetyRating::new("HARM", "LOW");
    for (reply, reason) in [
        (Reply::empty().cited_text("x", [page]), "it cites pages of the web only"),
        (Reply::empty().image("image/png", &b"x"[..]), "its answers have no pictures"),
        (Reply::empty().raw(json!({"x": 1, "content": "y"})), "it adds fields to the message"),
        (Reply::empty().raw(json!({"role": "user"})), "cannot set those that other parts set"),
        (Reply::empty().part(Part::RedactedReasoning("x".into())), "it does not show what"),
        (Reply::empty().server_tool(crate::ServerTool::code("1", "1")), "of a search it shows"),
        (Reply::empty().safety(rating), "it rates no answers"),
    ] {
        let feature: Vec<Feature<'_>> = reply.features().collect();
        let refused = OpenAi.can_say(feature[0]).unwrap_err();
        assert!(refused.contains(reason), "{refused}");
    }
    assert_eq!(OpenAi.provider(), Provider::OPENAI);
    for reply in [cited(), Reply::empty().part(spoken()), Reply::empty().raw(json!({"x": 1}))] {
        assert!(reply.features().all(|feature| OpenAi.can_say(feature).is_ok()));
    }
}
