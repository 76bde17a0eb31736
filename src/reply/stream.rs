//! Replies that are made while they are sent.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use sync_wrapper::SyncWrapper;

use super::{Finish, Part, PartStart, Reasoning, Reply, ReplyEvent, Text, ToolCall, Usage};
use crate::counting::Counter;
use crate::util::tokens;

/// A piece of a reply, as a user's own stream yields it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Delta {
    /// More arguments of the tool call begun last: a fragment of JSON text.
    Arguments(String),
    /// Why the reply ends, if not for the reason that its parts suggest. Goes last.
    Finish(Finish),
    /// More reasoning.
    Reasoning(String),
    /// More of a refusal.
    Refusal(String),
    /// More text.
    Text(String),
    /// A tool call begins.
    ToolCall {
        /// Its id; `None` makes one up in the vendor's form.
        id: Option<String>,
        /// The tool.
        name: String,
    },
}

impl From<&str> for Delta {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Delta {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A reply given as a stream of [`Delta`]s: each is sent when it comes, in the provider's words.
/// A client that did not ask for a stream waits for the whole of it.
///
/// The client's `max_tokens` and stop texts end it as they end a [`Reply`](crate::Reply): then the rest
/// of the stream is not asked for. A tool call that has begun is said to its end all the same.
///
/// ```
/// use tower_mock_llm::{Delta, ReplyStream, Rule};
///
/// let rule = Rule::always().respond_fn(|request| {
///     let prompt = request.last_user().to_uppercase();
///     let words: Vec<Delta> = prompt.split_inclusive(' ').map(Delta::from).collect();
///     ReplyStream::new(futures::stream::iter(words))
/// });
/// # let _ = rule;
/// ```
///
/// `examples/bridge.rs` writes one with the `async-stream` crate.
pub struct ReplyStream(SyncWrapper<Pin<Box<dyn Stream<Item = Delta> + Send>>>);

impl ReplyStream {
    /// Wraps a stream.
    pub fn new(stream: impl Stream<Item = Delta> + Send + 'static) -> Self {
        Self(SyncWrapper::new(Box::pin(stream)))
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Delta>> {
        self.0.get_mut().as_mut().poll_next(cx)
    }
}

impl fmt::Debug for ReplyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyStream").finish_non_exhaustive()
    }
}

/// Finds the parts in a stream of deltas, for an encoder or for a whole reply.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    open: Option<Kind>,
    parts: usize,
    calls: usize,
    refused: bool,
    finish: Option<Finish>,
    counter: Counter,
    /// The text of the part that is open: counted when it is whole, as in a reply.
    text: String,
    said: u64,
    thought: u64,
    came: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Reasoning,
    Refusal,
    Text,
    ToolCall,
}

impl Assembler {
    pub(crate) fn new(counter: Counter) -> Self {
        Self { counter, ..Self::default() }
    }

    /// Hands the events that `delta` amounts to, to `emit`.
    pub(crate) fn push(&mut self, delta: &Delta, mut emit: impl FnMut(ReplyEvent<'_>)) {
        let (kind, text) = match delta {
            Delta::Finish(finish) => {
                self.finish = Some(finish.clone());
                return;
            }
            Delta::Arguments(text) => (Kind::ToolCall, text.as_str()),
            Delta::Reasoning(text) => (Kind::Reasoning, text.as_str()),
            Delta::Refusal(text) => (Kind::Refusal, text.as_str()),
            Delta::Text(text) => (Kind::Text, text.as_str()),
            Delta::ToolCall { id, name } => {
                self.close(&mut emit);
                let (call, id) = (self.calls, id.as_deref());
                let call = PartStart::ToolCall { call, id, name, is_raw: false };
                self.calls += 1;
                self.said += self.counter.said(name);
                self.begin(Kind::ToolCall, call, &mut emit);
                return;
            }
        };
        if text.is_empty() {
            return;
        }
        if self.open != Some(kind) {
            let part = match kind {
                Kind::Reasoning => PartStart::Reasoning { signature: None },
                Kind::Refusal => PartStart::Refusal,
                Kind::Text => PartStart::Text { citations: &[] },
                // Arguments that belong to no call.
                Kind::ToolCall => return,
            };
            self.close(&mut emit);
            self.refused |= kind == Kind::Refusal;
            self.begin(kind, part, &mut emit);
        }
        self.text.push_str(text);
        self.came += tokens::count(text);
        emit(ReplyEvent::Delta(text));
    }

    /// How many tokens came, by estimate and delta by delta: parts that are open are in it.
    pub(crate) fn tokens(&self) -> u64 {
        self.came
    }

    /// Hands the last events to `emit`; what is known of the prompt goes into the usage.
    pub(crate) fn end(&mut self, prompt: Usage, mut emit: impl FnMut(ReplyEvent<'_>)) {
        self.close(&mut emit);
        let finish = self.finish.take().unwrap_or(match (self.calls, self.refused) {
            (1.., _) => Finish::ToolUse,
            (0, true) => Finish::Refusal,
            (0, false) => Finish::Stop,
        });
        let usage = Usage { output: self.said + self.thought, reasoning: self.thought, ..prompt };
        emit(ReplyEvent::End { finish: &finish, usage });
    }

    fn begin(&mut self, kind: Kind, part: PartStart<'_>, emit: &mut impl FnMut(ReplyEvent<'_>)) {
        self.open = Some(kind);
        self.parts += 1;
        emit(ReplyEvent::PartStart { index: self.parts - 1, part });
    }

    fn close(&mut self, emit: &mut impl FnMut(ReplyEvent<'_>)) {
        if let Some(kind) = self.open.take() {
            let counted = if kind == Kind::Reasoning { &mut self.thought } else { &mut self.said };
            *counted += self.counter.said(&self.text);
            self.text.clear();
            emit(ReplyEvent::PartEnd);
        }
    }
}

/// Collects deltas into a whole reply, for a client that asked for no stream.
impl Extend<Delta> for Reply {
    fn extend<I: IntoIterator<Item = Delta>>(&mut self, deltas: I) {
        for delta in deltas {
            self.forget_counts();
            match (delta, self.parts.last_mut()) {
                (Delta::Finish(finish), _) => self.finish = Some(finish),
                (Delta::Arguments(more), Some(Part::ToolCall(call))) => {
                    call.arguments.push_str(&more);
                }
                // Arguments that belong to no call.
                (Delta::Arguments(_), _) => {}
                (Delta::Reasoning(more), Some(Part::Reasoning(thought))) => {
                    thought.text.push_str(&more);
                }
                (Delta::Reasoning(text), _) => {
                    self.parts.push(Part::Reasoning(Reasoning::new(text)))
                }
                (Delta::Refusal(more), Some(Part::Refusal(text)))
                | (Delta::Text(more), Some(Part::Text(Text { text, .. }))) => text.push_str(&more),
                (Delta::Refusal(text), _) => self.parts.push(Part::Refusal(text)),
                (Delta::Text(text), _) => self.parts.push(Part::Text(text.into())),
                (Delta::ToolCall { id, name }, _) => {
                    let call = ToolCall::with_raw_arguments(name, "");
                    self.parts.push(Part::ToolCall(match id {
                        Some(id) => call.with_id(id),
                        None => call,
                    }));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deltas() -> Vec<Delta> {
        vec![
            Delta::Reasoning("hm".into()),
            Delta::from("a"),
            Delta::from(" b"),
            Delta::ToolCall { id: None, name: "t".into() },
            Delta::Arguments("{\"x\"".into()),
            Delta::Arguments(":1}".into()),
            Delta::ToolCall { id: Some("id".into()), name: "u".into() },
            Delta::from("after"),
        ]
    }

    #[test]
    fn deltas_collect_into_the_reply_they_spell() {
        let mut reply = Reply::empty();
        reply.extend(deltas());
        let Part::ToolCall(call) = &reply.parts()[2] else { panic!("{reply:?}") };
        assert_eq!((call.arguments(), reply.parts().len()), ("{\"x\":1}", 5));
        assert_eq!(reply.finish_reason(), Finish::ToolUse);
    }

    #[test]
    fn events_of_a_stream_open_and_close_every_part() {
        let mut assembler = Assembler::default();
        let mut depth = 0;
        let mut parts = 0;
        let mut check = |event: ReplyEvent<'_>| match event {
            ReplyEvent::PartStart { index, .. } => {
                assert_eq!((depth, index), (0, parts));
                depth += 1;
                parts += 1;
            }
            ReplyEvent::PartEnd => depth -= 1,
            ReplyEvent::Delta(_) => assert_eq!(depth, 1),
            ReplyEvent::End { usage, finish } => {
                assert_eq!((depth, finish), (0, &Finish::ToolUse));
                assert_eq!((usage.input, usage.reasoning), (9, 1));
            }
            other => unreachable!("{other:?}"),
        };
        for delta in deltas() {
            assembler.push(&delta, &mut check);
        }
        assembler.end(Usage::new(9, 0), &mut check);
        assert_eq!(parts, 5);
    }
}
