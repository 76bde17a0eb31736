//! What a room answers, whole and as a stream.

use std::sync::Arc;

use http::header;
use serde_json::json;

use super::heard::{Said, hear};
use super::{Suite, context_of};
use crate::provider::{Context, ResponseSynth};
use crate::reply::{Cursor, Finish, Reply, ReplyEvent};
use crate::request::LlmRequest;
use crate::util::tokens::Chunking;
use crate::wire::FrameBuf;

impl Suite<'_> {
    pub(super) fn answers(&mut self, request: &LlmRequest) {
        let is_stream = request.stream;
        let says = if is_stream { "streams" } else { "answers" };
        for (name, reply) in replies() {
            let reply = Arc::new(reply);
            let doing = format!("it {says} {name}");
            let synth = self.synth;
            let run = |seed| {
                let cx = context_of(request, &reply, seed);
                match is_stream {
                    true => stream(synth, &cx, Arc::clone(&reply)),
                    false => whole(synth, &cx, &reply),
                }
            };
            let Some(answer) = self.calmly(&doing, || run(1)) else { continue };
            let again = self.calmly(&doing, || run(1));
            self.expect(again.as_ref() == Some(&answer), || {
                format!("{says} {name} differently the second time")
            });
            let other = self.calmly(&doing, || run(2));
            self.expect(other.is_some_and(|other| other != answer), || {
                format!("{says} {name} alike whatever the entropy is")
            });
            let (head, frames) = answer;
            self.expect(head.contains("200"), || format!("{says} {name} without status 200"));
            if is_stream {
                self.expect(!frames.is_empty(), || format!("streams {name} without a frame"));
                self.expect(frames.iter().all(|frame| !frame.is_empty()), || {
                    format!("streams {name} with an empty frame")
                });
            } else {
                self.expect(head.contains(header::CONTENT_TYPE.as_str()), || {
                    format!("answers {name} without a content type")
                });
            }
            if let Some(heard) = hear(&frames.concat()) {
                self.expect(Said::of(&reply).is_in(&heard), || {
                    format!("{says} {name}, and what it says is not all there")
                });
            }
        }
    }
}

/// One of everything that a model can say.
fn replies() -> Vec<(&'static str, Reply)> {
    let call =
        json!({"city": "Zürich \"ZH\"", "days": 3, "list": [1.5, {"deep": null}], "empty": {}});
    vec![
        ("nothing", Reply::empty()),
        ("an empty text", Reply::text("")),
        ("a text", Reply::text("Hello, world! It is 12345.")),
        ("signs", Reply::text("\"quotes\" \\ tabs\t lines\r\n\n nulls \u{0} \u{2028} é 東京 👩‍👩‍👧")),
        ("a tool call", Reply::empty().tool_call("search", &call)),
        ("a call without arguments", Reply::empty().tool_call("now", json!({}))),
        (
            "text and calls in any order",
            Reply::empty()
                .tool_call("first", &call)
                .then_text("between")
                .tool_call("second", &call)
                .tool_call("third", json!({}))
                .then_text("after"),
        ),
        ("reasoning", Reply::empty().reasoning("Let me think.").then_text("Here it is.")),
        ("nothing but reasoning", Reply::empty().reasoning("Hm.")),
        ("a refusal", Reply::refusal("I can't help with that.")),
        ("a cut", Reply::text("and then").finish(Finish::Length)),
        ("a stop", Reply::text("one").finish(Finish::StopSequence("two".to_owned()))),
        ("a filter", Reply::text("x").finish(Finish::ContentFilter)),
        ("another model", Reply::text("x").model("the-other-model")),
    ]
}

/// The head, and the body as one frame.
fn whole(synth: &dyn ResponseSynth, cx: &Context<'_>, reply: &Reply) -> (String, Vec<Vec<u8>>) {
    let (parts, body) = synth.unary(cx, reply).into_parts();
    (format!("{} {:?}", parts.status, parts.headers), vec![body.to_vec()])
}

/// The head, and the frames one by one.
fn stream(
    synth: &dyn ResponseSynth,
    cx: &Context<'_>,
    reply: Arc<Reply>,
) -> (String, Vec<Vec<u8>>) {
    let (parts, mut encoder) = synth.stream(cx).into_parts();
    let mut cursor = Cursor::new(reply, cx.usage, Chunking::Tokens);
    let mut frames = FrameBuf::new();
    let mut taken = Vec::new();
    while let Some(event) = cursor.next() {
        let is_end = matches!(event, ReplyEvent::End { .. });
        encoder.encode(event, &mut frames);
        while let Some(frame) = frames.take_frame() {
            taken.push(frame.to_vec());
        }
        if is_end {
            break;
        }
    }
    (format!("{} {:?}", parts.status, parts.headers), taken)
}
