//! Answers, streams and their heads, byte for byte.

use super::*;

/// The answer, which is the recorded one but for what is made up.
#[track_caller]
fn checked(recording: &Recording, reply: &Reply, made_up: &[&str]) -> Response<String> {
    let ours = answered(recording, reply);
    assert_eq!(*ours.body(), like(ours.body(), &with_tier(&recording.body), made_up));
    ours
}

#[test]
fn a_text_is_the_recorded_text() {
    let recording = recording!("text");
    let ours = checked(&recording, &Reply::text("foo").usage(usage(5, 24, 23)), &["responseId"]);
    assert_headers(ours.headers(), &recording.headers);
}

#[test]
fn a_cached_prompt_is_the_recorded_one() {
    let recording = recording!("cached");
    let mut usage = usage(341, 509, 499);
    usage.cached = 92;
    let ours = checked(
        &recording,
        &Reply::text("2014-05-21").usage(usage),
        &["responseId", "thoughtSignature"],
    );
    assert_headers(ours.headers(), &recording.headers);
}

#[test]
fn thoughts_are_the_recorded_thoughts() {
    let recording = recording!("thinking");
    let value: Value = serde_json::from_str(&recording.body).unwrap();
    let thought = value["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
    let reply = Reply::empty()
        .part(Part::Reasoning(Reasoning::new(thought).with_signature(signature(&recording.body))))
        .then_text("1 + 1 = 2.")
        .usage(usage(9, 84, 76));
    checked(&recording, &reply, &["responseId"]);
}

#[test]
fn function_calls_are_the_recorded_ones() {
    let recording = recording!("tool");
    let reply = Reply::empty()
        .tool_call("get_weather", json!({"location": "Tokyo"}))
        .usage(usage(65, 15, 0));
    checked(&recording, &reply, &["responseId"]);

    let recording = recording!("tool-signed");
    let reply = Reply::empty().tool_call("compute_fib", json!({"n": 100})).usage(usage(55, 65, 48));
    let made_up = ["responseId", "thoughtSignature"];
    checked(&recording, &reply, &made_up);

    let recording = recording!("tools-parallel");
    let place = raw(r#"{"latitude":"52.5200","longitude":"13.4050"}"#);
    let reply = Reply::empty()
        .tool_call("weather", place)
        .tool_call("best_language_to_learn", json!({}))
        .usage(usage(143, 153, 109));
    let ours = checked(&recording, &reply, &made_up);
    assert_headers(ours.headers(), &recording.headers);
}

#[test]
fn the_limit_is_the_recorded_limit() {
    let recording = recording!("max-tokens");
    let reply = Reply::text("Okay").finish(Finish::Length).usage(usage(1, 96, 95));
    checked(&recording, &reply, &["responseId"]);
}

#[test]
fn older_models_are_as_recorded() {
    let recording = recording!("logprobs");
    let reply = Reply::text("Hi there! How can I help you today?\n").usage(usage(2, 11, 0));
    checked(&recording, &reply, &["responseId", "avgLogprobs"]);
}

#[test]
fn a_stream_of_events_is_the_recorded_one() {
    let recording = recording!("stream");
    let ours = checked(&recording, &Reply::text("foo").usage(usage(5, 18, 17)), &["responseId"]);
    assert_headers(ours.headers(), &recording.headers);

    let recording = recording!("stream-tool");
    let reply = Reply::empty()
        .tool_call("get_weather", json!({"location": "Tokyo"}))
        .usage(usage(65, 15, 0));
    let ours = checked(&recording, &reply, &["responseId"]);
    assert_headers(ours.headers(), &recording.headers);
}

#[test]
fn a_stream_of_thoughts_is_the_recorded_one() {
    let recording = recording!("stream-thinking");
    let thoughts = recording.body.split("\"text\": ").skip(1).take(4);
    let mut reply = Reply::empty();
    for thought in thoughts {
        let mut values = serde_json::Deserializer::from_str(thought).into_iter::<String>();
        reply = reply.reasoning(values.next().unwrap().unwrap());
    }
    let reply = reply.then_text("3").usage(usage(30, 1947, 1947));
    // What each chunk counts is Google's to know.
    let counts = ["responseId", "thoughtsTokenCount", "totalTokenCount"];
    checked(&recording, &reply, &counts);
}

#[test]
fn a_stream_that_is_an_array_is_the_recorded_one() {
    let recording = recording!("stream-array");
    let value: Value = serde_json::from_str(&recording.body).unwrap();
    let thought = value[0]["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
    let reply = Reply::empty()
        .part(Part::Reasoning(Reasoning::new(thought).with_signature(signature(&recording.body))))
        .tool_call("pelican_name_generator", json!({}))
        .usage(usage(32, 54, 42));
    let counts = ["responseId", "thoughtsTokenCount", "totalTokenCount"];
    let ours = checked(&recording, &reply, &counts);
    assert_headers(ours.headers(), &recording.headers);
}

fn signature(body: &str) -> &str {
    let (_, quoted) = values(body, "thoughtSignature")[0];
    quoted.trim_matches('"')
}

#[test]
fn google_escapes_angle_brackets() {
    assert!(ESCAPED.is_sorted() && ESCAPED.iter().all(|(first, last)| first <= last));
    let request = ask(PATH, "", br#"{"contents": [{"parts": [{"text": "x"}]}]}"#).unwrap();
    let reply = Reply::text("<a href='x?y=1&z'>").tool_call("f", json!({"<": ">"}));
    let body = golden::whole(&Gemini, &request, &reply).into_body();
    assert!(body.contains(r#""\u003ca href='x?y=1&z'\u003e""#), "{body}");
    assert!(body.contains(r#""\u003c": "\u003e""#), "{body}");
}
