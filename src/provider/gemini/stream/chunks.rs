//! How the chunks of a stream are sent.

use bytes::{BufMut, BytesMut};

use super::framing::{EVENTS, Framing};
use super::held::{Counts, Kind};
use super::{Encoder, Told};
use crate::provider::gemini::INDENTED;
use crate::provider::gemini::identity::Identity;
use crate::provider::gemini::part::Part;
use crate::provider::gemini::response::{Candidate, Content, GenerateContentResponse};
use crate::provider::gemini::usage::UsageMetadata;
use crate::wire::{FrameBuf, Hole, Template, hole, put_number};

/// What the template of a chunk depends on, beside its holes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Form {
    thought: bool,
    has_candidates: bool,
    has_thoughts: bool,
}

/// What a chunk has at the most around its template and its text: counts, and what goes before it in an
/// array.
const AROUND: usize = 3 * 20 + 4;

impl Encoder {
    /// Sends the chunk that is held, which is not the last.
    pub(super) fn flush(&mut self, frames: &mut FrameBuf) {
        let style = self.framing.style();
        let Told { said, thought: thoughts } = self.told(self.held.counts);
        let total = self.known.input + said + thoughts;
        match self.held.kind {
            // Counts of zero are left out, so that a chunk without any has another form.
            Some(Kind::Text { thought }) if self.held.is_like_others() && total > 0 => {
                let form = Form { thought, has_candidates: said > 0, has_thoughts: thoughts > 0 };
                if self.template.is_none() || self.form != form {
                    (self.form, self.template) = (form, Some(self.template(form)));
                }
                let total = total + self.known.tool_input();
                let Some(template) = &self.template else { unreachable!("just compiled") };
                let text = &self.held.text;
                // The hot path: everything but the text and the counts is the same from chunk to
                // chunk.
                let most = AROUND + template.len() + text.len();
                frames.reserve_for(most, || most);
                let write = |out: &mut BytesMut| {
                    template.render(out, |hole, out| match hole {
                        Hole::Text(_) => style.put_letters(out, text),
                        Hole::Number(CANDIDATES) => put_number(out, said),
                        Hole::Number(THOUGHTS) => put_number(out, thoughts),
                        Hole::Number(_) => put_number(out, total),
                    });
                };
                match self.framing {
                    Framing::Array { .. } => self.framing.frame(frames, write),
                    // The template has the frame around the JSON too.
                    Framing::Events => frames.frame(write),
                }
            }
            Some(_) => {
                let logprobs = self.held.logprobs();
                let part = self.held.part();
                let usage = UsageMetadata::new(self.usage(self.held.counts), true);
                let mut chunk = self.middle(part.as_slice(), usage);
                if let Some([candidate]) = &mut chunk.candidates {
                    candidate.logprobs_result = logprobs;
                }
                let json = style.to_vec(&chunk);
                self.framing.frame(frames, |out| out.put_slice(&json));
            }
            None => {}
        }
        self.held.kind = None;
        self.held.more = None;
    }

    fn template(&self, form: Form) -> Template {
        let text = Some(hole::text(0).into());
        let parts = [Part { text, thought: form.thought, ..Part::default() }];
        let mut usage = UsageMetadata::new(self.usage(Counts::default()), true);
        usage.total_token_count = hole::number(TOTAL);
        if form.has_candidates {
            usage.candidates_token_count = hole::number(CANDIDATES);
        }
        if form.has_thoughts {
            usage.thoughts_token_count = hole::number(THOUGHTS);
        }
        let middle = self.middle(&parts, usage);
        match &self.framing {
            Framing::Array { .. } => Template::of_letters(&INDENTED.to_vec(&middle)),
            Framing::Events => {
                let mut frame = FrameBuf::new();
                EVENTS.data(&mut frame, &middle);
                Template::of_letters(&frame.take_all().unwrap_or_default())
            }
        }
    }

    /// A chunk before the last.
    fn middle<'a>(
        &'a self,
        parts: &'a [Part<'a>],
        usage: UsageMetadata,
    ) -> GenerateContentResponse<'a, [Candidate<'a>; 1]> {
        let candidate = Candidate {
            content: Some(Content { parts, role: Some("model") }),
            index: self.identity.index(),
            ..Candidate::default()
        };
        chunk(&self.identity, Some(candidate), usage)
    }
}

pub(super) fn chunk<'a>(
    identity: &'a Identity<'_>,
    candidate: Option<Candidate<'a>>,
    usage: UsageMetadata,
) -> GenerateContentResponse<'a, [Candidate<'a>; 1]> {
    GenerateContentResponse {
        candidates: candidate.map(|candidate| [candidate]),
        prompt_feedback: None,
        usage_metadata: usage,
        model_version: &identity.model,
        response_id: identity.response_id(),
    }
}

const CANDIDATES: u8 = 0;
const THOUGHTS: u8 = 1;
const TOTAL: u8 = 2;

#[cfg(test)]
mod tests {
    use super::super::encoder;
    use super::*;
    use crate::provider::gemini::SSE;
    use crate::provider::{Context, golden};
    use crate::reply::{Reply, Usage};

    /// The struct is the truth; the template is its quick likeness.
    #[test]
    fn the_template_says_what_the_struct_says() {
        let request = crate::request::LlmRequest::new(
            crate::Provider::GEMINI,
            crate::provider::Call::new(crate::provider::Operation::Chat),
            bytes::Bytes::new(),
        );
        let reply = Reply::empty();
        for flags in [0, SSE] {
            for usage in [Usage::new(0, 0), Usage::new(7, 0), Usage::new(7, 3)] {
                for thought in [false, true] {
                    for text in ["", "plain", "\"<b>\" \\ \n\u{1} é \u{200d} 👋"] {
                        let mut request = request.clone();
                        request.call.flags = flags;
                        let cx = Context {
                            model: Some("gemini-2.5-flash"),
                            usage: Usage::new(usage.input, 0),
                            ..golden::context(&request, &reply)
                        };
                        let rendered = |signature: Option<&str>| {
                            let mut encoder = encoder(&cx);
                            let mut frames = FrameBuf::new();
                            encoder.held.kind = Some(Kind::Text { thought });
                            encoder.held.text = text.to_owned();
                            encoder.held.counts = Counts { said: usage.output as u32, thought: 0 };
                            if let Some(signature) = signature {
                                encoder.held.more().signature = Some(signature.to_owned().into());
                            }
                            encoder.flush(&mut frames);
                            golden::text(frames.take_all().unwrap())
                        };
                        // A signature takes the way of the struct; without it they are the same.
                        let signed = rendered(Some("SIGNATURE"));
                        let at = signed.find(",\"thoughtSignature\": \"SIGNATURE\"");
                        let without = match at {
                            Some(_) => signed.replace(",\"thoughtSignature\": \"SIGNATURE\"", ""),
                            None => signed
                                .replace(",\n            \"thoughtSignature\": \"SIGNATURE\"", ""),
                        };
                        assert_eq!(rendered(None), without);
                    }
                }
            }
        }
    }
}
