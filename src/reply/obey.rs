//! A reply under the client's own limits: `max_tokens` and stop texts, as a model keeps them.

use std::sync::Arc;

use super::{Counted, Finish, Part, Reply, Text};
use crate::counting::Counter;
use crate::request::Sampling;

impl Reply {
    /// The reply as far as the client wants to hear it. One whose reason to stop or usage was
    /// given by hand is left as it is: its author has taken that over.
    pub(crate) fn obeying(self: Arc<Self>, sampling: &Sampling, counter: &Counter) -> Arc<Self> {
        let wanted = sampling.n.unwrap_or(1);
        if wanted != 1 || self.extra.as_ref().is_some_and(|extra| !extra.choices.is_empty()) {
            return Arc::new(self.with_choices(wanted, sampling, counter));
        }
        self.alone(sampling, counter)
    }

    /// As many choices as the client wants, each under its limits.
    fn with_choices(&self, wanted: u64, sampling: &Sampling, counter: &Counter) -> Self {
        let said: Vec<Arc<Self>> = self
            .choices()
            .map(|choice| {
                let mut choice = choice.clone();
                choice.extra().choices.clear();
                Arc::new(choice).alone(sampling, counter)
            })
            .collect();
        let wanted = wanted.clamp(1, MOST_CHOICES) as usize;
        let mut choices = said.iter().cycle().take(wanted).map(|choice| Self::clone(choice));
        let mut first = choices.next().unwrap_or_default();
        first.extra().choices = choices.collect();
        first
    }

    fn alone(self: Arc<Self>, sampling: &Sampling, counter: &Counter) -> Arc<Self> {
        if self.finish.is_some() || self.usage.is_some() {
            return self;
        }
        let reply = match stopped(&self, &sampling.stop) {
            Some(stopped) => Arc::new(stopped),
            None => self,
        };
        match sampling.max_tokens {
            Some(most) if reply.usage_by(0, counter).output > most => {
                Arc::new(cut(&reply, most, counter))
            }
            _ => reply,
        }
    }
}

/// OpenAI allows 128 choices, Gemini 8; the rooms refuse more.
const MOST_CHOICES: u64 = 128;

/// The reply up to the first of the stop texts, when there is one in it.
fn stopped(reply: &Reply, stop: &[String]) -> Option<Reply> {
    let stop = || stop.iter().filter(|stop| !stop.is_empty());
    stop().next()?;
    for (index, part) in reply.parts.iter().enumerate() {
        let Part::Text(Text { text, .. }) = part else { continue };
        let found = stop().filter_map(|stop| Some((text.find(stop.as_str())?, stop))).min();
        let Some((at, stop)) = found else { continue };
        let mut stopped = reply.without_parts();
        stopped.parts = reply.parts[..index].to_vec();
        stopped.push_text(&text[..at]);
        return Some(stopped.finish(Finish::StopSequence(stop.clone())));
    }
    None
}

/// The first `most` tokens. What is no text and does not fit is left out as a whole: half of a tool
/// call's arguments would be no JSON, and most vendors' answers have no room for that.
fn cut(reply: &Reply, most: u64, counter: &Counter) -> Reply {
    let mut cut = reply.without_parts();
    let mut left = most;
    for part in &reply.parts {
        let mut part = part.clone();
        let text = match &mut part {
            Part::Reasoning(reasoning) => &mut reasoning.text,
            Part::Refusal(text) | Part::Text(Text { text, .. }) => text,
            _ => {
                let needed = Counted::of(std::slice::from_ref(&part), counter);
                let Some(rest) = left.checked_sub(needed.said + needed.thought) else { break };
                left = rest;
                cut.parts.push(part);
                continue;
            }
        };
        let (length, count) = counter.prefix(text, left);
        let is_whole = length == text.len();
        text.truncate(length);
        left -= count;
        if length > 0 {
            cut.parts.push(part);
        }
        if !is_whole {
            break;
        }
    }
    cut.finish(Finish::Length)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sampling(max_tokens: Option<u64>, stop: &[&str]) -> Sampling {
        let stop = stop.iter().map(|stop| (*stop).to_owned()).collect();
        Sampling { max_tokens, stop, ..Sampling::default() }
    }

    fn told(reply: Reply, sampling: &Sampling) -> (String, usize, Finish) {
        let reply = Arc::new(reply).obeying(sampling, &Counter::default());
        let texts = reply.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        });
        (texts.collect(), reply.parts.len(), reply.finish_reason())
    }

    #[test]
    fn max_tokens_cuts_between_tokens() {
        let reply = || Reply::text("one two three");
        for (most, text) in [(0, ""), (1, "one"), (2, "one two")] {
            let (said, parts, finish) = told(reply(), &sampling(Some(most), &[]));
            assert_eq!((said.as_str(), finish), (text, Finish::Length));
            assert_eq!(parts, usize::from(most > 0));
        }
        assert_eq!(told(reply(), &sampling(Some(3), &[])).2, Finish::Stop);
    }

    #[test]
    fn the_tokens_that_are_left_are_as_many_as_were_allowed() {
        let reply = Reply::empty().reasoning("a b c").then_text("d e f").then_text("g");
        for most in 0..=7 {
            let reply =
                Arc::new(reply.clone()).obeying(&sampling(Some(most), &[]), &Counter::default());
            assert_eq!(reply.usage_for(0).output, most);
        }
    }

    #[test]
    fn a_call_that_does_not_fit_is_left_out() {
        let reply = Reply::text("look").tool_call("search", json!({"query": "x"}));
        let (said, parts, finish) = told(reply, &sampling(Some(3), &[]));
        assert_eq!((said.as_str(), parts, finish), ("look", 1, Finish::Length));
    }

    #[test]
    fn the_first_stop_text_ends_the_reply() {
        let reply = || Reply::text("a END b STOP").tool_call("t", json!({}));
        let (said, parts, finish) = told(reply(), &sampling(None, &["STOP", "END"]));
        assert_eq!((said.as_str(), parts), ("a ", 1));
        assert_eq!(finish, Finish::StopSequence("END".to_owned()));
        assert_eq!(told(reply(), &sampling(None, &["", "none"])).2, Finish::ToolUse);
    }

    #[test]
    fn what_was_given_by_hand_stays() {
        let reply = Reply::text("one two three").finish(Finish::Stop);
        assert_eq!(told(reply, &sampling(Some(1), &["two"])).0, "one two three");
    }
}
