//! A recorded chat completion in neutral words.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::provider::decoding::Decoding;
use crate::reply::{Finish, Reply, Usage};

/// A completion, or a chunk of one: <https://platform.openai.com/docs/api-reference/chat/object> (read
/// 2026-11-21).
#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    #[serde(alias = "delta")]
    message: Said,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Call>>,
    audio: Option<IgnoredAny>,
    annotations: Option<Vec<IgnoredAny>>,
    function_call: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Call {
    index: Option<u64>,
    function: Option<Function>,
}

#[derive(Default, Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    prompt_tokens: u64,
    completion_tokens: u64,
    prompt_tokens_details: Option<Details>,
    completion_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
}

pub(super) fn decode(events: &[Cow<'_, str>]) -> Result<Reply, &'static str> {
    let mut heard = Decoding::default();
    for event in events.iter().filter(|event| event.trim() != "[DONE]") {
        let Completion { choices, usage } =
            serde_json::from_str(event).map_err(|_| "it is no chat completion")?;
        for Choice { index, message, finish_reason } in choices {
            if index > 0 {
                return Err("it has several choices");
            }
            let Said { content, refusal, tool_calls, audio, annotations, function_call } = message;
            if audio.is_some() || function_call.is_some() {
                return Err("it has audio, or a call of the old kind");
            }
            if annotations.is_some_and(|annotations| !annotations.is_empty()) {
                return Err("it has annotations");
            }
            heard.text(&content.unwrap_or_default());
            heard.refusal(&refusal.unwrap_or_default());
            for call in tool_calls.into_iter().flatten() {
                let Function { name, arguments } = call.function.unwrap_or_default();
                // Only chunks number them.
                let number = call.index.unwrap_or_else(|| heard.calls());
                heard.call(number, &name.unwrap_or_default(), &arguments.unwrap_or_default());
            }
            heard.finish = finish_reason.as_deref().map(finish).or(heard.finish.take());
        }
        heard.usage = usage.map(|usage| usage.neutral()).or(heard.usage);
    }
    Ok(heard.reply())
}

fn finish(reason: &str) -> Finish {
    match reason {
        "content_filter" => Finish::ContentFilter,
        "length" => Finish::Length,
        "tool_calls" => Finish::ToolUse,
        _ => Finish::Stop,
    }
}

impl Tokens {
    fn neutral(self) -> Usage {
        let cached = self.prompt_tokens_details.and_then(|details| details.cached_tokens);
        let reasoning = self.completion_tokens_details.and_then(|it| it.reasoning_tokens);
        Usage {
            reasoning: reasoning.unwrap_or_default(),
            cached: cached.unwrap_or_default(),
            ..Usage::new(self.prompt_tokens, self.completion_tokens)
        }
    }
}
