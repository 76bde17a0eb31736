//! A recorded `GenerateContentResponse`, or a stream of them, in neutral words.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::provider::decoding::Decoding;
use crate::reply::{Finish, Reply, Usage};

/// <https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse> (read 2026-11-21).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generated {
    #[serde(default)]
    candidates: Vec<Candidate>,
    prompt_feedback: Option<IgnoredAny>,
    usage_metadata: Option<Tokens>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    index: u64,
    content: Option<Content>,
    finish_reason: Option<String>,
    grounding_metadata: Option<IgnoredAny>,
    citation_metadata: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    parts: Vec<Part>,
}

/// Its signature only the vendor itself can read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    #[serde(default)]
    thought: bool,
    function_call: Option<Call>,
    inline_data: Option<IgnoredAny>,
    executable_code: Option<IgnoredAny>,
    code_execution_result: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Call {
    name: String,
    args: Option<Box<RawValue>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    prompt_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
}

pub(super) fn decode(events: &[Cow<'_, str>]) -> Result<Reply, &'static str> {
    let mut heard = Decoding::default();
    for event in events {
        let generated: Generated =
            serde_json::from_str(event).map_err(|_| "it is no GenerateContentResponse")?;
        if generated.error.is_some() {
            return Err("it is an error");
        }
        if generated.prompt_feedback.is_some() && generated.candidates.is_empty() {
            return Err("its prompt was blocked");
        }
        for candidate in generated.candidates {
            if candidate.index > 0 {
                return Err("it has several candidates");
            }
            if candidate.grounding_metadata.is_some() || candidate.citation_metadata.is_some() {
                return Err("it has sources");
            }
            for part in candidate.content.into_iter().flat_map(|content| content.parts) {
                hear(&mut heard, part)?;
            }
            let finish = candidate.finish_reason.as_deref().map(finish);
            heard.finish = match finish {
                // It has no word for it.
                Some(Finish::Stop) if heard.calls() > 0 => Some(Finish::ToolUse),
                Some(finish) => Some(finish),
                None => heard.finish,
            };
        }
        heard.usage = generated.usage_metadata.map(Tokens::neutral).or(heard.usage);
    }
    Ok(heard.reply())
}

fn hear(heard: &mut Decoding, part: Part) -> Result<(), &'static str> {
    let is_other = part.inline_data.is_some()
        || part.executable_code.is_some()
        || part.code_execution_result.is_some();
    if is_other {
        return Err("it has media, or code that ran");
    }
    if let Some(call) = part.function_call {
        let args = call.args.as_deref().map_or("{}", RawValue::get);
        heard.call(heard.calls(), &call.name, args);
    }
    let text = part.text.unwrap_or_default();
    if part.thought {
        heard.reasoning(&text);
    } else {
        heard.text(&text);
    }
    Ok(())
}

fn finish(reason: &str) -> Finish {
    match reason {
        "MAX_TOKENS" => Finish::Length,
        "RECITATION" => Finish::Recitation,
        "BLOCKLIST" | "PROHIBITED_CONTENT" | "SAFETY" | "SPII" => Finish::ContentFilter,
        _ => Finish::Stop,
    }
}

impl Tokens {
    fn neutral(self) -> Usage {
        let [input, said, reasoning, cached, tool_input] = [
            self.prompt_token_count,
            self.candidates_token_count,
            self.thoughts_token_count,
            self.cached_content_token_count,
            self.tool_use_prompt_token_count,
        ]
        .map(Option::unwrap_or_default);
        Usage { reasoning, cached, tool_input, ..Usage::new(input, said + reasoning) }
    }
}
