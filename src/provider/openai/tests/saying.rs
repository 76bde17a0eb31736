//! What few replies say: choices, log-probabilities, citations, sound, fields of other servers, and
//! tool calls cut in other ways.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::provider::openai::completion::{Choice, Message, completion};
use crate::provider::openai::identity::Identity;
use crate::provider::openai::logprobs::{Logprobs, TokenLogprob};
use crate::provider::openai::response::STYLE;
use crate::provider::{Feature, Provider};
use crate::reply::{Audio, Citation, Media, Part, PartStart, ReplyEvent, Source, ToolCall};

pub(super) fn asking(mut body: Value) -> LlmRequest {
    body["messages"] = json!([{"role": "user", "content": "x"}]);
    post(body).unwrap()
}

pub(super) fn whole(request: &LlmRequest, reply: &Reply) -> String {
    let reply =
        Arc::new(reply.clone()).obeying(&request.sampling, &crate::counting::Counter::default());
    let body = OpenAi.unary(&golden::context(request, &reply), &reply).into_body();
    String::from_utf8(body.to_vec()).unwrap()
}

pub(super) fn chunks(request: &LlmRequest, reply: &Reply, chunking: Chunking) -> Vec<Value> {
    let reply =
        Arc::new(reply.clone()).obeying(&request.sampling, &crate::counting::Counter::default());
    let stream = golden::stream(&OpenAi, request, Arc::unwrap_or_clone(reply), chunking);
    let data = stream.body().lines().filter_map(|line| line.strip_prefix("data: {"));
    data.map(|json| serde_json::from_str(&format!("{{{json}")).unwrap()).collect()
}

/// The bytes of base64, which may be several texts in a row.
pub(super) fn bytes_of(base64: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    for four in base64.as_bytes().chunks(4) {
        let word = four.iter().fold(0, |word, letter| {
            word << 6 | LETTERS.find(char::from(*letter)).unwrap_or(0) as u32
        });
        let padding = four.iter().filter(|letter| **letter == b'=').count();
        bytes.extend_from_slice(&word.to_be_bytes()[1..4 - padding]);
    }
    bytes
}

pub(super) fn spoken() -> Part {
    let sound: Vec<u8> = (0..10_000_u32).map(|at| ((at * at) >> 3) as u8).collect();
    Part::Audio(Audio::new(Media::new("audio/wav", sound), "Hello there, friend."))
}

pub(super) fn cited() -> Reply {
    Reply::text("Über 👋: ")
        .cited_text("Tower is a library", [Citation::web("https://docs.rs/tower", "tower")])
        .then_text(" of parts")
        .cited_text(
            " and more.",
            [
                Citation::web("https://a.example/?q=\"", "A"),
                Citation::web("https://b.example", "B"),
            ],
        )
}

#[test]
fn parallel_calls_are_as_recorded() {
    let city = |city: &str| {
        ToolCall::with_raw_arguments("get_current_weather", format!("{{\"location\": \"{city}\"}}"))
    };
    let reply = Reply::empty()
        .part(Part::ToolCall(city("San Francisco")))
        .part(Part::ToolCall(city("Boston")))
        .usage(Usage::new(70, 46));
    let request = asked("gpt-3.5-turbo");
    let recording = recording!("tools-parallel");
    assert_eq!(masked(&whole(&request, &reply), &MADE_UP), masked(&recording.body, &MADE_UP));
}

#[test]
fn two_choices_are_streamed_as_recorded() {
    let recording = recording!("n2-stream");
    let request = asking(json!({"model": "gpt-4o-mini", "n": 2, "stream": true,
        "stream_options": {"include_usage": true}}));
    let reply = Reply::text("Hello!").choice(Reply::text("Hello."));
    let response = OpenAi.stream(&golden::context(&request, &reply));
    recording.check_head(&response, &["x-request-id"]);
    let mut encoder = response.into_body();
    let mut frames = crate::wire::FrameBuf::new();
    let text = |index| {
        [
            ReplyEvent::Start,
            ReplyEvent::PartStart { index, part: PartStart::Text { citations: &[] } },
        ]
    };
    let (stop, usage) = (&Finish::Stop, Usage::new(19, 4));
    let events = [
        &text(0)[..],
        &[ReplyEvent::Delta("Hello"), ReplyEvent::Delta("!"), ReplyEvent::Choice(1)],
        &text(0),
        &[ReplyEvent::Delta("Hello"), ReplyEvent::Delta("."), ReplyEvent::Choice(0)],
        &[ReplyEvent::PartEnd, ReplyEvent::ChoiceEnd { finish: stop }, ReplyEvent::Choice(1)],
        &[ReplyEvent::PartEnd, ReplyEvent::End { finish: stop, usage }],
    ];
    for event in events.concat() {
        encoder.encode(event, &mut frames);
    }
    let ours = String::from_utf8(frames.take_all().unwrap().to_vec()).unwrap();
    assert_eq!(normal(&ours), normal(&recording.body));
    assert_eq!(paddings(&ours), paddings(&recording.body));
}

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

/// The tokens of the recording are those of the vendor's tokenizer, so it is given them.
#[test]
fn log_probabilities_are_written_as_recorded() {
    let recording = recording!("logprobs");
    let body: Value = serde_json::from_str(&recording.body).unwrap();
    let choice = &body["choices"][0];
    let tokens = choice["logprobs"]["content"].as_array().unwrap().iter().map(|token| {
        let text = token["token"].as_str().unwrap();
        TokenLogprob {
            token: text.into(),
            logprob: token["logprob"].as_f64().unwrap(),
            bytes: text.as_bytes().into(),
            top_logprobs: Vec::new(),
        }
    });
    let request = asking(json!({"model": "gpt-3.5-turbo", "logprobs": true}));
    let reply = Reply::empty();
    let cx = golden::context(&request, &reply);
    let choices = [Choice {
        index: 0,
        message: Message {
            role: "assistant",
            content: choice["message"]["content"].as_str(),
            ..Message::default()
        },
        logprobs: Some(Some(Logprobs::of_content(tokens.collect()))),
        finish_reason: "stop",
    }];
    let identity = Identity::of(&cx);
    let ours = STYLE.to_string(&completion(&identity, &choices, Usage::new(15, 18)));
    assert_eq!(masked(&ours, &MADE_UP), masked(&recording.body, &MADE_UP));
}

#[test]
fn streamed_log_probabilities_are_as_recorded() {
    let recording = recording!("logprobs-stream");
    let request = asking(json!({"model": "gpt-5.4", "logprobs": true, "seed": 1014,
        "stream": true, "stream_options": {"include_usage": true}}));
    let reply = Reply::text("Hi! How can I help?").usage(Usage::new(7, 10));
    let response = golden::stream(&OpenAi, &request, reply, Chunking::Tokens);
    recording.check_head(&response, &["x-request-id", "openai-organization", "openai-project"]);
    let normal = |stream: &str| masked(&normal(stream), &["logprob"]);
    assert_eq!(normal(response.body()), normal(&recording.body));
    assert_eq!(paddings(response.body()), paddings(&recording.body));
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
fn sound_is_as_recorded() {
    let recording = recording!("audio-out");
    let body: Value = serde_json::from_str(&recording.body).unwrap();
    let audio = &body["choices"][0]["message"]["audio"];
    let sound = bytes_of(audio["data"].as_str().unwrap());
    let mut usage = Usage::new(14, 68);
    usage.audio_output = 51;
    let words = audio["transcript"].as_str().unwrap();
    let reply = Reply::empty()
        .part(Part::Audio(Audio::new(Media::new("audio/mpeg", sound), words)))
        .usage(usage);
    let request = asking(json!({"model": "gpt-audio-mini", "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "mp3"}}));
    let response = OpenAi.unary(&golden::context(&request, &reply), &reply);
    recording.check_head(&response, &["x-request-id", "openai-organization"]);
    let ours = String::from_utf8(response.into_body().to_vec()).unwrap();
    let made_up = [&MADE_UP[..], &["expires_at"]].concat();
    assert_eq!(masked(&ours, &made_up), masked(&recording.body, &made_up));
    let id = |body: &str| {
        let body: Value = serde_json::from_str(body).unwrap();
        let audio = body["choices"][0]["message"]["audio"].clone();
        let id = audio["id"].as_str().unwrap().strip_prefix("audio_").unwrap().to_owned();
        let made = u64::from_str_radix(&id[..8], 16).unwrap();
        assert_eq!(audio["expires_at"].as_u64(), Some(made + 3600));
        (id.len(), id[12..14].to_owned())
    };
    assert_eq!(id(&ours), id(&recording.body));
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
fn citations_are_as_recorded() {
    let recording = recording!("websearch");
    let body: Value = serde_json::from_str(&recording.body).unwrap();
    let message = &body["choices"][0]["message"];
    let content: Vec<char> = message["content"].as_str().unwrap().chars().collect();
    let text = |range: std::ops::Range<usize>| content[range].iter().collect::<String>();
    let mut reply = Reply::empty().usage(Usage::new(13, 197));
    let mut at = 0;
    for annotation in message["annotations"].as_array().unwrap() {
        let citation = &annotation["url_citation"];
        let place = |key: &str| citation[key].as_u64().unwrap() as usize;
        let (start, end) = (place("start_index"), place("end_index"));
        let page = |key: &str| citation[key].as_str().unwrap();
        let source = Citation::web(page("url"), page("title"));
        reply = reply.then_text(text(at..start)).cited_text(text(start..end), [source]);
        at = end;
    }
    let reply = reply.then_text(text(at..content.len()));
    let request = asking(json!({"model": "gpt-4o-mini-search-preview", "web_search_options": {}}));
    let ours = whole(&request, &reply);
    let made_up = ["id", "created"];
    assert_eq!(masked(&ours, &made_up), masked(&recording.body, &made_up));
    let id = |body: &str| {
        let body: Value = serde_json::from_str(body).unwrap();
        let id = body["id"].as_str().unwrap();
        id.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect::<String>()
    };
    assert_eq!(id(&ours), id(&recording.body));
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
    let stream = golden::stream(&OpenAi, &request, reply, Chunking::Tokens);
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
