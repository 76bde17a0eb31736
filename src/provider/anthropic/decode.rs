//! A recorded message in neutral words.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::provider::decoding::Decoding;
use crate::reply::{Finish, Reply, Usage};

/// A message, or an event of one: <https://platform.claude.com/docs/en/api/messages> and
/// <https://platform.claude.com/docs/en/build-with-claude/streaming> (read 2026-11-21).
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    Message(Message),
    MessageStart {
        message: Message,
    },
    ContentBlockStart {
        index: u64,
        content_block: Block,
    },
    ContentBlockDelta {
        index: u64,
        delta: Delta,
    },
    MessageDelta {
        delta: Stop,
        usage: Option<Tokens>,
    },
    Error {},
    /// `ping`, `content_block_stop`, `message_stop`, and what is to come.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Message {
    content: Vec<Block>,
    #[serde(flatten)]
    stop: Stop,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Stop {
    stop_reason: Option<String>,
    stop_sequence: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        text: String,
        citations: Option<Vec<IgnoredAny>>,
    },
    Thinking {
        thinking: String,
    },
    ToolUse {
        name: String,
        input: Box<RawValue>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Delta {
    InputJsonDelta {
        partial_json: String,
    },
    TextDelta {
        text: String,
    },
    ThinkingDelta {
        thinking: String,
    },
    /// Only the vendor itself can read it.
    SignatureDelta {},
    #[serde(other)]
    Other,
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
        match serde_json::from_str(event).map_err(|_| "it is no message")? {
            Event::Message(message) | Event::MessageStart { message } => {
                for (index, block) in (0..).zip(message.content) {
                    begin(&mut heard, index, block, true)?;
                }
                stop(&mut heard, message.stop);
                tokens.update(message.usage);
            }
            Event::ContentBlockStart { index, content_block } => {
                begin(&mut heard, index, content_block, false)?;
            }
            Event::ContentBlockDelta { index, delta } => match delta {
                Delta::InputJsonDelta { partial_json } => heard.call(index, "", &partial_json),
                Delta::TextDelta { text } => heard.text(&text),
                Delta::ThinkingDelta { thinking } => heard.reasoning(&thinking),
                Delta::SignatureDelta {} => {}
                Delta::Other => return Err("it has citations, or deltas that are not known"),
            },
            Event::MessageDelta { delta, usage } => {
                stop(&mut heard, delta);
                tokens.update(usage);
            }
            Event::Error {} => return Err("it is an error"),
            Event::Other => {}
        }
    }
    heard.usage = Some(tokens.neutral());
    Ok(heard.reply())
}

/// `is_whole` if nothing is to follow.
fn begin(
    heard: &mut Decoding,
    index: u64,
    block: Block,
    is_whole: bool,
) -> Result<(), &'static str> {
    match block {
        Block::Text { citations: Some(citations), .. } if !citations.is_empty() => {
            return Err("it has citations");
        }
        Block::Text { text, .. } => {
            heard.break_text();
            heard.text(&text);
        }
        Block::Thinking { thinking } => heard.reasoning(&thinking),
        Block::ToolUse { name, input } => {
            // In a stream the input is empty, and follows.
            heard.call(index, &name, if is_whole { input.get() } else { "" });
        }
        Block::Other => return Err("it has blocks that only Anthropic has"),
    }
    Ok(())
}

fn stop(heard: &mut Decoding, stop: Stop) {
    let Some(reason) = stop.stop_reason else { return };
    heard.finish = Some(match (&*reason, stop.stop_sequence) {
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
