//! What few answers have, as recorded: calls side by side, choices, log-probabilities, sound, citations.

use super::*;
use crate::provider::openai::completion::{Choice, Message, completion};
use crate::provider::openai::identity::Identity;
use crate::provider::openai::logprobs::{Logprobs, TokenLogprob};
use crate::provider::openai::response::STYLE;
use crate::reply::{Audio, Citation, Media, Part, PartStart, ReplyEvent, ToolCall};

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
    let ours = golden::text(frames.take_all().unwrap());
    assert_eq!(normal(&ours), normal(&recording.body));
    assert_eq!(paddings(&ours), paddings(&recording.body));
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
    let response = golden::stream(&OpenAi, &request, &reply, Chunking::Tokens);
    recording.check_head(&response, &["x-request-id", "openai-organization", "openai-project"]);
    let normal = |stream: &str| masked(&normal(stream), &["logprob"]);
    assert_eq!(normal(response.body()), normal(&recording.body));
    assert_eq!(paddings(response.body()), paddings(&recording.body));
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
    let response = golden::whole(&OpenAi, &request, &reply);
    recording.check_head(&response, &["x-request-id", "openai-organization"]);
    let ours = response.into_body();
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
