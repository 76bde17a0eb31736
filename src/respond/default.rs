//! What the mock says when no rule does.

use serde_json::value::RawValue;

use super::Respond;
use crate::embed::Embedder;
use crate::provider::Operation;
use crate::reply::{Answer, ApiError, Embeddings, Models, Part, Reply, TokenCount, ToolCall};
use crate::request::{LlmRequest, ResponseFormat, Role, Tool, ToolChoice};
use crate::schema::{self, Fault};
use crate::util::rng::{Rng, hash};
use crate::util::tokens;

/// The reply without any rule: a text that says that it comes from a mock, as long as the prompt
/// and the seed make it; where `tool_choice` demands a tool, a call of it; where a JSON form is
/// demanded, a valid instance of it. A schema of which the mock can make none is refused, with
/// its place and what is not supported there.
///
/// Calls that are no conversation get their due too: a vector for each input, the count of the
/// tokens.
///
/// It depends on the conversation and the client's `seed` alone, so that a stream and a whole answer
/// say the same.
#[derive(Clone, Copy, Debug)]
pub struct DefaultReply {
    seed: u64,
}

impl DefaultReply {
    /// The default reply under this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Vectors of their inputs, other ones for each model.
    fn embeddings(&self, request: &LlmRequest) -> Embeddings {
        let seed = hash(self.seed, request.model.as_bytes());
        let inputs = request.messages.iter().zip(&request.embeddings);
        Embeddings::of(inputs.map(|(input, size)| Embedder::new(seed, *size).of(input)).collect())
    }

    fn text(&self, request: &LlmRequest) -> Reply {
        let last = request.messages.iter().rev().find(|message| message.role == Role::User);
        let prompt = last.and_then(|message| message.texts().last()).unwrap_or_default();
        let seed = seed_for(self.seed, request);
        let mut rng = Rng::new(hash(seed ^ request.turn() as u64, prompt.as_bytes()));

        let mut text = String::with_capacity(384);
        text.push_str(OPENING.0);
        let quoted = quote(prompt);
        if !quoted.is_empty() {
            text.push_str(" You wrote: \u{201c}");
            text.push_str(quoted);
            text.push_str(if quoted.len() < prompt.len() {
                "\u{2026}\u{201d}"
            } else {
                "\u{201d}"
            });
        }

        // One sentence at the least, then more with the length of the prompt, up to eight.
        let sentences = 1 + rng.below(2) as usize + (prompt.len() / 200).min(5);
        let first = rng.below(SENTENCES.len() as u64) as usize;
        let mut counted = OPENING.1 + tokens::count(&text[OPENING.0.len()..]);
        for sentence in SENTENCES.iter().cycle().skip(first).take(sentences) {
            text.push_str(sentence.0);
            counted += sentence.1;
        }
        Reply::text(text).counted(counted)
    }
}

impl DefaultReply {
    pub(crate) fn answer(&self, request: &LlmRequest) -> Answer {
        match request.operation() {
            Operation::Chat => {}
            Operation::CountTokens => return TokenCount::default().into(),
            Operation::Embeddings => return self.embeddings(request).into(),
            Operation::Models => return Models::default().into(),
        }
        let demanded = match &request.tool_choice {
            ToolChoice::Auto | ToolChoice::None => None,
            ToolChoice::Required => request.tools.first(),
            ToolChoice::Tool(name) => request.tools.iter().find(|tool| tool.name == *name),
        };
        let reply = match (demanded, &request.response_format) {
            (Some(tool), _) => call(tool, seed_for(self.seed, request))
                .map(|call| Reply::empty().part(Part::ToolCall(call))),
            (None, ResponseFormat::Json) => Ok(Reply::text(ANY_JSON)),
            (None, ResponseFormat::Schema(schema)) => {
                schema::instance(schema, seed_for(self.seed, request))
                    .map(|made| Reply::text(made.get()))
            }
            (None, ResponseFormat::Text) => Ok(self.text(request)),
        };
        match reply {
            // It fits by construction.
            Ok(reply) => reply.unchecked(),
            Err(fault) => ApiError::invalid_request(fault.to_string()).into(),
        }
    }
}

impl Respond for DefaultReply {
    fn respond(&self, request: &LlmRequest) -> Option<Answer> {
        Some(self.answer(request))
    }
}

/// What is said where any JSON is wanted.
pub(super) const ANY_JSON: &str = r#"{"mock":true}"#;

/// The seed under which a request is answered: the mock's own, and the client's if it sends one.
pub(super) fn seed_for(seed: u64, request: &LlmRequest) -> u64 {
    request.sampling.seed.map_or(seed, |theirs| hash(seed, &theirs.to_le_bytes()))
}

/// A call with arguments that fit the tool's schema.
pub(super) fn call(tool: &Tool, seed: u64) -> Result<ToolCall, Fault> {
    let arguments: Box<RawValue> = match &tool.schema {
        Some(schema) => schema::object(schema, seed)?,
        None => RawValue::from_string("{}".to_owned()).expect("an object"),
    };
    Ok(ToolCall::new(tool.name.as_str(), arguments))
}

/// With its tokens, as the sentences below: to count them at each request would cost as much as
/// making the rest of the answer.
const OPENING: (&str, u64) =
    ("This is a mock answer from tower-mock-llm; no model was called.", 17);

const SENTENCES: [(&str, u64); 8] = [
    (" Nothing left this process and nothing was charged.", 9),
    (" The same request under the same seed gets these very bytes again.", 13),
    (" To say something else here, mount a rule.", 10),
    (" Token counts are estimates, but they add up.", 10),
    (" Longer prompts get longer answers.", 6),
    (" The headers, ids and chunks have the shape of the real ones.", 14),
    (" Set a seed to vary this text.", 8),
    (" A switch in the builder turns all of this off.", 11),
];

/// The first words of the prompt's first line.
fn quote(prompt: &str) -> &str {
    const MOST: usize = 48;
    let line = prompt.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(MOST) {
        None => line,
        Some((end, _)) => line[..end].rfind(' ').map_or(&line[..end], |space| &line[..space]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_beside_the_sentences_are_right() {
        let counted: Vec<u64> = SENTENCES.iter().map(|(text, _)| tokens::count(text)).collect();
        let noted: Vec<u64> = SENTENCES.iter().map(|(_, count)| *count).collect();
        assert_eq!(noted, counted);
        assert_eq!(OPENING.1, tokens::count(OPENING.0));
    }

    #[test]
    fn quotes_end_between_words() {
        assert_eq!(quote("  short \n second"), "short ");
        let long = "Please explain the borrow checker as if I were a five year old child";
        assert_eq!(quote(long), "Please explain the borrow checker as if I were");
    }
}
