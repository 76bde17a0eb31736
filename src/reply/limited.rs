//! A user's stream under the client's limits: `max_tokens` and stop texts, as a model keeps them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;

use super::{Delta, Finish, ReplyStream};
use crate::counting::Counter;
use crate::request::Sampling;

impl ReplyStream {
    /// The stream as far as the client wants to hear it.
    pub(crate) fn obeying(self, sampling: &Sampling, counter: &Counter) -> Self {
        let stop: Vec<String> =
            sampling.stop.iter().filter(|stop| !stop.is_empty()).cloned().collect();
        if stop.is_empty() && sampling.max_tokens.is_none() {
            return self;
        }
        let budget = sampling.max_tokens.map(|most| Budget {
            most,
            counter: counter.clone(),
            part: None,
            before: 0,
            fixed: 0,
            tail: String::new(),
        });
        let (held, ready, is_over) = (String::new(), VecDeque::new(), false);
        Self::new(Limited { stream: self, stop, budget, held, ready, is_over })
    }
}

struct Limited {
    stream: ReplyStream,
    stop: Vec<String>,
    budget: Option<Budget>,
    /// The end of the text that came, which may be the beginning of a stop text.
    held: String,
    ready: VecDeque<Delta>,
    is_over: bool,
}

impl Stream for Limited {
    type Item = Delta;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delta>> {
        let this = self.get_mut();
        loop {
            if let Some(delta) = this.ready.pop_front() {
                return Poll::Ready(Some(delta));
            }
            if this.is_over {
                return Poll::Ready(None);
            }
            match ready!(this.stream.poll_next(cx)) {
                Some(delta) => this.take(delta),
                None => {
                    this.release();
                    this.is_over = true;
                }
            }
        }
    }
}

impl Limited {
    fn take(&mut self, delta: Delta) {
        let Delta::Text(text) = delta else {
            self.release();
            return self.say(delta);
        };
        if self.stop.is_empty() {
            return self.say(Delta::Text(text));
        }
        self.held.push_str(&text);
        let found =
            self.stop.iter().filter_map(|stop| Some((self.held.find(stop.as_str())?, stop))).min();
        if let Some((at, stop)) = found {
            let finish = Finish::StopSequence(stop.clone());
            self.held.truncate(at);
            self.release();
            self.end(finish);
            return;
        }
        let kept = self.stop.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - kept);
        let text = std::mem::replace(&mut self.held, rest);
        self.say(Delta::Text(text));
    }

    /// Says what was held back: it is no stop text.
    fn release(&mut self) {
        let text = std::mem::take(&mut self.held);
        self.say(Delta::Text(text));
    }

    fn say(&mut self, delta: Delta) {
        if self.is_over || matches!(&delta, Delta::Text(text) if text.is_empty()) {
            return;
        }
        let Some(budget) = &mut self.budget else { return self.ready.push_back(delta) };
        let (said, is_whole) = budget.spend(delta);
        self.ready.extend(said);
        if !is_whole {
            self.end(Finish::Length);
        }
    }

    fn end(&mut self, finish: Finish) {
        if !self.is_over {
            self.ready.push_back(Delta::Finish(finish));
            self.is_over = true;
        }
    }
}

/// How much of the end of `text` is the beginning of `stop`.
fn overlap(text: &str, stop: &str) -> usize {
    let most = text.len().min(stop.len() - 1);
    let is_overlap = |length: &usize| text.as_bytes().ends_with(&stop.as_bytes()[..*length]);
    (1..=most).rev().find(is_overlap).unwrap_or(0)
}

/// What may be said, counted as the usage counts it: part by part.
struct Budget {
    most: u64,
    counter: Counter,
    /// The kind of the part that is open.
    part: Option<std::mem::Discriminant<Delta>>,
    /// Tokens of the parts before it, and of its beginning.
    before: u64,
    fixed: u64,
    /// The rest of it, of which a token may still grow.
    tail: String,
}

impl Budget {
    /// As much of it as may be said, and whether that is all.
    fn spend(&mut self, delta: Delta) -> (Option<Delta>, bool) {
        let kind = std::mem::discriminant(&delta);
        let (text, again): (&str, fn(String) -> Delta) = match &delta {
            Delta::Finish(_) => return (Some(delta), true),
            // A call that began is said to its end: half of its arguments would be no JSON.
            Delta::Arguments(text) => {
                self.grow(text);
                return (Some(delta), true);
            }
            Delta::ToolCall { name, .. } => {
                self.close();
                let needed = self.counter.said(name);
                if self.before + needed > self.most {
                    return (None, false);
                }
                self.before += needed;
                self.part = None;
                return (Some(delta), true);
            }
            Delta::Reasoning(text) => (text, Delta::Reasoning),
            Delta::Refusal(text) => (text, Delta::Refusal),
            Delta::Text(text) => (text, Delta::Text),
        };
        if text.is_empty() {
            return (Some(delta), true);
        }
        if self.part != Some(kind) {
            self.close();
            self.part = Some(kind);
        }
        let (before, said) = (self.before + self.fixed, self.tail.len());
        let left = self.most.saturating_sub(before);
        self.tail.push_str(text);
        let (length, _) = self.counter.prefix(&self.tail, left);
        if length < self.tail.len() {
            let more = self.tail.get(said..length).filter(|more| !more.is_empty());
            return (more.map(|more| again(more.to_owned())), false);
        }
        self.settle();
        (Some(delta), true)
    }

    fn grow(&mut self, text: &str) {
        self.tail.push_str(text);
        self.settle();
    }

    /// Counts what more text cannot change any more. A tokenizer of the user's may join anything.
    fn settle(&mut self) {
        if self.counter.exact_for().is_some() {
            return;
        }
        let count = self.counter.said(&self.tail).saturating_sub(1);
        let (length, count) = self.counter.prefix(&self.tail, count);
        self.fixed += count;
        self.tail.drain(..length);
    }

    fn close(&mut self) {
        self.before += self.fixed + self.counter.said(&self.tail);
        self.fixed = 0;
        self.tail.clear();
        self.part = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::reply::{Part, Reply};

    fn sampling(max_tokens: Option<u64>, stop: &[&str]) -> Sampling {
        let stop = stop.iter().map(|stop| (*stop).to_owned()).collect();
        Sampling { max_tokens, stop, ..Sampling::default() }
    }

    fn heard(deltas: Vec<Delta>, sampling: &Sampling) -> Reply {
        let stream = ReplyStream::new(futures::stream::iter(deltas));
        let mut stream = stream.obeying(sampling, &Counter::default());
        let mut reply = Reply::empty();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        while let Poll::Ready(Some(delta)) = stream.poll_next(&mut cx) {
            reply.extend([delta]);
        }
        reply
    }

    fn letters(text: &str, of: fn(String) -> Delta) -> impl Iterator<Item = Delta> {
        text.chars().map(move |letter| of(letter.to_string()))
    }

    /// However it is cut, a stream says what the reply would that it spells.
    #[test]
    fn a_stream_is_cut_where_the_whole_reply_is() {
        let (thought, text) =
            ("hm, let me see 1234567", "One two, thréé END four five.\n\n Six END!");
        for most in (0..24).map(Some).chain([None]) {
            for stop in [&[][..], &["END"], &["five", "END!"], &["four five.\n\nnever"], &["é"]] {
                let sampling = sampling(most, stop);
                let whole = Reply::empty().reasoning(thought).then_text(text);
                let whole = Arc::new(whole).obeying(&sampling, &Counter::default());
                let pieces = vec![Delta::Reasoning(thought.into()), Delta::Text(text.into())];
                let single =
                    letters(thought, Delta::Reasoning).chain(letters(text, Delta::Text)).collect();
                for deltas in [pieces, single] {
                    let heard = heard(deltas, &sampling);
                    assert_eq!(heard.parts(), whole.parts(), "{most:?} {stop:?}");
                    assert_eq!(heard.finish_reason(), whole.finish_reason(), "{most:?} {stop:?}");
                }
            }
        }
    }

    #[test]
    fn a_call_that_began_is_said_to_its_end_and_the_next_is_left_out() {
        let call = |name: &str| Delta::ToolCall { id: None, name: name.into() };
        let deltas = vec![
            call("look"),
            Delta::Arguments("{\"x\":".into()),
            Delta::Arguments("\"a b c d e f\"}".into()),
            call("again"),
            Delta::Text("more".into()),
        ];
        let reply = heard(deltas.clone(), &sampling(Some(3), &[]));
        let Part::ToolCall(call) = &reply.parts()[0] else { panic!("{reply:?}") };
        assert_eq!((reply.parts().len(), call.arguments()), (1, r#"{"x":"a b c d e f"}"#));
        assert_eq!(reply.finish_reason(), Finish::Length);
        assert_eq!(heard(deltas, &sampling(Some(0), &[])).parts(), []);
    }

    #[test]
    fn what_only_looked_like_a_stop_text_is_said() {
        let deltas = ["a S", "T", "O ", "ST"].map(Delta::from).to_vec();
        let reply = heard(deltas, &sampling(None, &["STOP"]));
        assert_eq!(reply.parts(), Reply::text("a STO ST").parts());
        assert_eq!(reply.finish_reason(), Finish::Stop);
    }
}
