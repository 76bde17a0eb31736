//! A recorded message in neutral words.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::provider::decoding::Decoding;
use crate::reply::{Finish, Reply, Usage};

/// A message, or an event of one: <https://platform.claude.com/docs/en/api/messages> and
/// <https://platform.claude.com/docs/en/build-with-claude/streaming> (read 2026-11-21). All in one, since
/// what serde has to look at twice keeps no raw JSON.
#[derive(Deserialize)]
struct Event {
    r#type: String,
    message: Option<Message>,
    index: Option<u64>,
    content_block: Option<Block>,
    delta: Option<Delta>,
    // Those of a whole message.
    #[serde(default)]
    content: Vec<Block>,
    stop_reason: Option<String>,
    stop_sequence: Option<String>,
    usage: Option<Tokens>,
}

#[derive(Default, Deserialize)]
struct Message {
    #[serde(default)]
    content: Vec<Block>,
    stop_reason: Option<String>,
    stop_sequence: Option<String>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Block {
    r#type: String,
    text: Option<String>,
    citations: Option<Vec<IgnoredAny>>,
    thinking: Option<String>,
    name: Option<String>,
    input: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Delta {
    /// None for that of the message itself.
    r#type: Option<String>,
    partial_json: Option<String>,
    text: Option<String>,
    thinking: Option<String>,
    stop_reason: Option<String>,
    stop_sequence: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Tokens {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
}

pub(super) fn decode(events: &[Cow<'_, str>]) -> Result<Reply, &'static str> {
    let mut heard = Decoding::default();
    let mut tokens = Tokens::default();
    for event in events {
        let event: Event = serde_json::from_str(event).map_err(|_| "it is no message")?;
        let index = event.index.unwrap_or_default();
        let Event { content, stop_reason, stop_sequence, usage, .. } = event;
        let whole = Message { content, stop_reason, stop_sequence, usage };
        match (&*event.r#type, event.message, event.content_block, event.delta) {
            ("message", ..) => message(&mut heard, &mut tokens, whole)?,
            ("message_start", Some(begun), ..) => message(&mut heard, &mut tokens, begun)?,
            ("content_block_start", _, Some(block), _) => begin(&mut heard, index, block, false)?,
            ("content_block_delta", .., Some(delta)) => go_on(&mut heard, index, &delta)?,
            ("message_delta", .., Some(delta)) => {
                stop(&mut heard, delta.stop_reason, delta.stop_sequence);
                tokens.update(whole.usage);
            }
            ("error", ..) => return Err("it is an error"),
            ("ping" | "content_block_stop" | "message_stop", ..) => {}
            _ => return Err("it has events that are not known"),
        }
    }
    heard.usage = Some(tokens.neutral());
    Ok(heard.reply())
}

fn message(
    heard: &mut Decoding,
    tokens: &mut Tokens,
    message: Message,
) -> Result<(), &'static str> {
    for (index, block) in (0..).zip(message.content) {
        begin(heard, index, block, true)?;
    }
    stop(heard, message.stop_reason, message.stop_sequence);
    tokens.update(message.usage);
    Ok(())
}

/// `is_whole` if nothing is to follow.
fn begin(
    heard: &mut Decoding,
    index: u64,
    block: Block,
    is_whole: bool,
) -> Result<(), &'static str> {
    if block.citations.is_some_and(|citations| !citations.is_empty()) {
        return Err("it has citations");
    }
    match &*block.r#type {
        "text" => {
            heard.break_text();
            heard.text(&block.text.unwrap_or_default());
        }
        "thinking" => heard.reasoning(&block.thinking.unwrap_or_default()),
        "tool_use" => {
            // In a stream the input is empty, and follows.
            let input = block.input.as_deref().filter(|_| is_whole).map_or("", RawValue::get);
            heard.call(index, &block.name.unwrap_or_default(), input);
        }
        _ => return Err("it has blocks that only Anthropic has"),
    }
    Ok(())
}

fn go_on(heard: &mut Decoding, index: u64, delta: &Delta) -> Result<(), &'static str> {
    let said = |text: &Option<String>| text.clone().unwrap_or_default();
    match delta.r#type.as_deref() {
        Some("input_json_delta") => heard.call(index, "", &said(&delta.partial_json)),
        Some("text_delta") => heard.text(&said(&delta.text)),
        Some("thinking_delta") => heard.reasoning(&said(&delta.thinking)),
        // Only the vendor itself can read it.
        Some("signature_delta") => {}
        _ => return Err("it has citations, or deltas that are not known"),
    }
    Ok(())
}

fn stop(heard: &mut Decoding, reason: Option<String>, sequence: Option<String>) {
    let Some(reason) = reason else { return };
    heard.finish = Some(match (&*reason, sequence) {
        ("max_tokens", _) => Finish::Length,
        ("model_context_window_exceeded", _) => Finish::ContextWindow,
        ("pause_turn", _) => Finish::PauseTurn,
        ("refusal", _) => Finish::Refusal,
        ("stop_sequence", Some(text)) => Finish::StopSequence(text),
        ("tool_use", _) => Finish::ToolUse,
        _ => Finish::Stop,
    });
}

impl Tokens {
    /// A later count stands for an earlier one.
    fn update(&mut self, later: Option<Self>) {
        let Some(later) = later else { return };
        self.input_tokens = later.input_tokens.or(self.input_tokens);
        self.output_tokens = later.output_tokens.or(self.output_tokens);
        self.cache_creation_input_tokens =
            later.cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.cache_read_input_tokens =
            later.cache_read_input_tokens.or(self.cache_read_input_tokens);
    }

    fn neutral(self) -> Usage {
        let [input, output, cache_write, cached] = [
            self.input_tokens,
            self.output_tokens,
            self.cache_creation_input_tokens,
            self.cache_read_input_tokens,
        ]
        .map(Option::unwrap_or_default);
        Usage { cached, cache_write, ..Usage::new(input + cached + cache_write, output) }
    }
}
