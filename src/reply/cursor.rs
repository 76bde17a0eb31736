//! Walks through a reply and cuts its texts into deltas.

use std::sync::Arc;

use super::{Finish, Part, PartStart, Reply, ReplyEvent, Usage};
use crate::util::tokens::Chunking;

/// Hands out the events of a reply, one by one. The reply is shared, never copied.
#[derive(Debug)]
pub(crate) struct Cursor {
    reply: Arc<Reply>,
    chunking: Chunking,
    finish: Finish,
    usage: Usage,
    next: Next,
    calls: usize,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    Start,
    PartStart(usize),
    /// The part, and how many bytes of it were said.
    Delta(usize, usize),
    Over,
}

impl Cursor {
    pub(crate) fn new(reply: Arc<Reply>, usage: Usage, chunking: Chunking) -> Self {
        Self { finish: reply.finish_reason(), reply, chunking, usage, next: Next::Start, calls: 0 }
    }

    pub(crate) fn next(&mut self) -> Option<ReplyEvent<'_>> {
        match self.next {
            Next::Start => {
                self.next = Next::PartStart(0);
                Some(ReplyEvent::Start)
            }
            Next::PartStart(index) => {
                let Some(part) = self.reply.parts.get(index) else {
                    self.next = Next::Over;
                    return Some(ReplyEvent::End { finish: &self.finish, usage: self.usage });
                };
                self.next = Next::Delta(index, 0);
                let part = match part {
                    Part::Reasoning(reasoning) => {
                        PartStart::Reasoning { signature: reasoning.signature() }
                    }
                    Part::Refusal(_) => PartStart::Refusal,
                    Part::Text(_) => PartStart::Text,
                    Part::ToolCall(call) => {
                        self.calls += 1;
                        PartStart::ToolCall {
                            call: self.calls - 1,
                            id: call.id(),
                            name: call.name(),
                        }
                    }
                };
                Some(ReplyEvent::PartStart { index, part })
            }
            Next::Delta(index, said) => {
                let text = match &self.reply.parts[index] {
                    Part::Reasoning(reasoning) => reasoning.text.as_str(),
                    Part::Refusal(text) | Part::Text(text) => text,
                    Part::ToolCall(call) => &call.arguments,
                };
                let rest = &text[said..];
                let length = self.chunking.first(rest);
                if length == 0 {
                    self.next = Next::PartStart(index + 1);
                    return Some(ReplyEvent::PartEnd);
                }
                self.next = Next::Delta(index, said + length);
                Some(ReplyEvent::Delta(&rest[..length]))
            }
            Next::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_order_and_add_up() {
        let reply = Arc::new(
            Reply::empty().reasoning("hm").then_text("a b").tool_call("t", serde_json::json!({})),
        );
        let mut cursor = Cursor::new(reply, Usage::new(1, 2), Chunking::Tokens);
        let mut seen = Vec::new();
        while let Some(event) = cursor.next() {
            seen.push(match event {
                ReplyEvent::Start => "start".to_owned(),
                ReplyEvent::PartStart { index, .. } => format!("part {index}"),
                ReplyEvent::Delta(text) => text.to_owned(),
                ReplyEvent::PartEnd => "end part".to_owned(),
                ReplyEvent::End { finish, .. } => format!("{finish:?}"),
            });
        }
        let order = [
            "start", "part 0", "hm", "end part", "part 1", "a", " b", "end part", "part 2", "{}",
            "end part", "ToolUse",
        ];
        assert_eq!(seen, order);
    }
}
