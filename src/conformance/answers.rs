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
        for (name, reply) in replies() {
            let reply = Arc::new(reply);
            let said = Said::of(&reply);
            if request.stream {
                let doing = format!("it streams {name}");
                let run = |seed| {
                    let cx = context_of(request, &reply, seed);
                    stream(self.synth, &cx, Arc::clone(&reply))
                };
                let Some((head, frames)) = self.calmly(&doing, || run(1)) else { continue };
                let again = self.calmly(&doing, || run(1));
                self.expect(
                    again.is_some_and(|again| again == (head.clone(), frames.clone())),
                    || format!("streams {name} differently the second time"),
                );
                let other = self.calmly(&doing, || run(2));
                self.expect(
                    other.is_some_and(|other| other != (head.clone(), frames.clone())),
                    || format!("streams {name} alike whatever the entropy is"),
                );
                self.expect(head.contains("200"), || format!("streams {name} without status 200"));
                self.expect(!frames.is_empty(), || format!("streams {name} without a frame"));
                let whole: Vec<u8> = frames.iter().flatten().copied().collect();
                self.expect(frames.iter().all(|frame| !frame.is_empty()), || {
                    format!("streams {name} with an empty frame")
                });
                if let Some(heard) = hear(&whole) {
                    self.expect(said.is_in(&heard), || {
                        format!("streams {name}, and what it says is not all there")
                    });
                }
            } else {
                let doing = format!("it answers {name}");
                let run = |seed| {
                    let cx = context_of(request, &reply, seed);
                    let response = self.synth.unary(&cx, &reply);
                    let (parts, body) = response.into_parts();
                    (format!("{} {:?}", parts.status, parts.headers), body)
                };
                let Some((head, body)) = self.calmly(&doing, || run(1)) else { continue };
                let again = self.calmly(&doing, || run(1));
                self.expect(
                    again.is_some_and(|again| again == (head.clone(), body.clone())),
                    || format!("answers {name} differently the second time"),
                );
                let other = self.calmly(&doing, || run(2));
                self.expect(
                    other.is_some_and(|other| other != (head.clone(), body.clone())),
                    || format!("answers {name} alike whatever the entropy is"),
                );
                self.expect(head.contains("200"), || format!("answers {name} without status 200"));
                self.expect(head.contains(header::CONTENT_TYPE.as_str()), || {
                    format!("answers {name} without a content type")
                });
                if let Some(heard) = hear(&body) {
                    self.expect(said.is_in(&heard), || {
                        format!("answers {name}, and what it says is not all there")
                    });
                }
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
