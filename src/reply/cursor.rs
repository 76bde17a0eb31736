//! Walks through a reply and cuts its texts into deltas.

use std::sync::Arc;

use super::{Part, PartStart, Reply, ReplyEvent, SmallUsage, Usage};
use crate::util::tokens::Chunking;

/// Hands out the events of a reply, one by one. The reply is shared, never copied.
#[derive(Debug)]
pub(crate) struct Cursor {
    reply: Arc<Reply>,
    chunking: Chunking,
    usage: SmallUsage,
    first: Lane,
    others: Option<Box<Others>>,
}

/// The further choices.
#[derive(Debug)]
struct Others {
    lanes: Vec<Lane>,
    /// The choice that comes next, and the one that the encoder believes to be in.
    turn: usize,
    announced: usize,
}

/// One choice, as far as it was said.
#[derive(Debug, Default)]
struct Lane {
    next: Next,
    calls: usize,
    /// Calls that take turns.
    together: Option<Box<Together>>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Next {
    #[default]
    Start,
    PartStart(usize),
    /// The part, and how many bytes of it were said.
    Delta(usize, usize),
    Safety,
    End,
    Over,
}

impl Cursor {
    pub(crate) fn new(reply: Arc<Reply>, usage: Usage, chunking: Chunking) -> Self {
        let lanes: Vec<_> = reply.choices().skip(1).map(|_| Lane::default()).collect();
        let others = (!lanes.is_empty()).then(|| Box::new(Others { lanes, turn: 0, announced: 0 }));
        Self { chunking, usage: usage.into(), first: Lane::default(), others, reply }
    }

    /// Whether every event was handed out.
    pub(crate) fn is_over(&self) -> bool {
        let others = self.others.iter().flat_map(|others| &others.lanes);
        std::iter::once(&self.first).chain(others).all(|lane| matches!(lane.next, Next::Over))
    }

    /// Whether a delta comes next, as far as it is seen without a search.
    pub(crate) fn is_in_text(&self) -> bool {
        let Next::Delta(index, said) = self.first.next else { return false };
        self.others.is_none()
            && self.first.together.is_none()
            && delta(&self.reply, index, said, self.chunking).is_some()
    }

    pub(crate) fn chunking(&self) -> Chunking {
        self.chunking
    }

    pub(crate) fn next(&mut self) -> Option<ReplyEvent<'_>> {
        if self.others.is_some() {
            return self.next_of_many();
        }
        match self.first.next {
            Next::Over => None,
            Next::End => {
                self.first.next = Next::Over;
                let finish = self.reply.finish_or_implied();
                Some(ReplyEvent::End { finish, usage: self.usage.whole() })
            }
            _ => Some(self.first.next(&self.reply, self.chunking)),
        }
    }

    fn next_of_many(&mut self) -> Option<ReplyEvent<'_>> {
        let Others { lanes, turn, announced } = &mut **self.others.as_mut()?;
        let mut all: Vec<_> = std::iter::once(&mut self.first).chain(lanes).collect();
        let open = all.iter().filter(|lane| !matches!(lane.next, Next::Over)).count();
        if open == 0 {
            return None;
        }
        while matches!(all[*turn].next, Next::Over) {
            *turn = (*turn + 1) % all.len();
        }
        if announced != turn {
            *announced = *turn;
            return Some(ReplyEvent::Choice(*turn));
        }
        let at = *turn;
        *turn = (at + 1) % all.len();
        let lane = all.swap_remove(at);
        let choice = self.reply.choices().nth(at)?;
        if matches!(lane.next, Next::End) {
            lane.next = Next::Over;
            let finish = choice.finish_or_implied();
            return Some(match open {
                1 => ReplyEvent::End { finish, usage: self.usage.whole() },
                _ => ReplyEvent::ChoiceEnd { finish },
            });
        }
        Some(lane.next(choice, self.chunking))
    }
}

impl Lane {
    /// The next event, while there is one before the end.
    // A part of its caller, as is what it calls: this is asked for each token.
    #[inline(always)]
    fn next<'a>(&mut self, reply: &'a Reply, chunking: Chunking) -> ReplyEvent<'a> {
        if self.together.is_some() {
            return self.next_of_together(reply, chunking);
        }
        match self.next {
            Next::Start => {
                self.next = Next::PartStart(0);
                self.skip_to_end(reply);
                ReplyEvent::Start
            }
            Next::PartStart(index) => {
                let run = reply.parts[index..].iter().take_while(|part| is_call(part)).count();
                if run > 1 && reply.how_tool_calls_are_cut().interleaved {
                    self.together = Some(Box::new(Together::new(index, run)));
                    return self.next_of_together(reply, chunking);
                }
                self.next = Next::Delta(index, 0);
                ReplyEvent::PartStart { index, part: self.start_of(&reply.parts[index]) }
            }
            Next::Delta(index, said) => match delta(reply, index, said, chunking) {
                Some(delta) => {
                    self.next = Next::Delta(index, said + delta.len());
                    ReplyEvent::Delta(delta)
                }
                None => {
                    self.next = Next::PartStart(index + 1);
                    self.skip_to_end(reply);
                    ReplyEvent::PartEnd
                }
            },
            Next::Safety => {
                self.next = Next::End;
                ReplyEvent::Safety(reply.safety_ratings())
            }
            Next::End | Next::Over => unreachable!("the cursor ends a lane"),
        }
    }

    fn skip_to_end(&mut self, reply: &Reply) {
        if matches!(self.next, Next::PartStart(index) if index >= reply.parts.len()) {
            self.next = if reply.safety_ratings().is_empty() { Next::End } else { Next::Safety };
        }
    }

    fn start_of<'a>(&mut self, part: &'a Part) -> PartStart<'a> {
        match part {
            Part::Reasoning(reasoning) => PartStart::Reasoning { signature: reasoning.signature() },
            Part::Refusal(_) => PartStart::Refusal,
            Part::Text(text) => PartStart::Text { citations: text.citations() },
            Part::ToolCall(call) => {
                self.calls += 1;
                PartStart::ToolCall {
                    call: self.calls - 1,
                    id: call.id(),
                    name: call.name(),
                    is_raw: call.is_raw(),
                }
            }
            whole => PartStart::Whole(whole),
        }
    }

    /// Begins all calls of the run, then lets them take turns.
    fn next_of_together<'a>(&mut self, reply: &'a Reply, chunking: Chunking) -> ReplyEvent<'a> {
        let Some(mut together) = self.together.take() else { unreachable!("was looked at") };
        let event = together.next(self, reply, chunking);
        if together.open == 0 {
            self.next = Next::PartStart(together.first + together.said.len());
            self.skip_to_end(reply);
        } else {
            self.together = Some(together);
        }
        event
    }
}

/// What comes next of a part of which so much was said; `None` at its end.
#[inline(always)]
fn delta(reply: &Reply, index: usize, said: usize, chunking: Chunking) -> Option<&str> {
    let (text, chunking) = match &reply.parts[index] {
        Part::Reasoning(reasoning) => (reasoning.text(), chunking),
        Part::Refusal(text) => (text.as_str(), chunking),
        Part::Text(text) => (text.as_str(), chunking),
        Part::ToolCall(call) => {
            let fragment = reply.how_tool_calls_are_cut().fragment;
            (call.arguments(), fragment.map_or(chunking, Chunking::Chars))
        }
        _ => return None,
    };
    let rest = &text[said..];
    let length = chunking.first(rest);
    (length > 0).then(|| &rest[..length])
}

fn is_call(part: &Part) -> bool {
    matches!(part, Part::ToolCall(_))
}

/// Tool calls side by side whose fragments take turns.
#[derive(Debug)]
struct Together {
    /// The first part.
    first: usize,
    /// How many bytes were said of each; `None`, once it has ended.
    said: Vec<Option<usize>>,
    begun: usize,
    open: usize,
    turn: usize,
    announced: usize,
}

impl Together {
    fn new(first: usize, run: usize) -> Self {
        Self { first, said: vec![Some(0); run], begun: 0, open: run, turn: 0, announced: run - 1 }
    }

    fn next<'a>(
        &mut self,
        lane: &mut Lane,
        reply: &'a Reply,
        chunking: Chunking,
    ) -> ReplyEvent<'a> {
        if self.begun < self.said.len() {
            let index = self.first + self.begun;
            self.begun += 1;
            return ReplyEvent::PartStart { index, part: lane.start_of(&reply.parts[index]) };
        }
        let said = loop {
            match self.said[self.turn] {
                Some(said) => break said,
                None => self.turn = (self.turn + 1) % self.said.len(),
            }
        };
        let at = self.turn;
        if self.announced != at {
            self.announced = at;
            return ReplyEvent::Resume { index: self.first + at };
        }
        self.turn = (at + 1) % self.said.len();
        match delta(reply, self.first + at, said, chunking) {
            Some(delta) => {
                self.said[at] = Some(said + delta.len());
                ReplyEvent::Delta(delta)
            }
            None => {
                self.said[at] = None;
                self.open -= 1;
                ReplyEvent::PartEnd
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reply::{SafetyRating, ToolDeltas};

    fn told(reply: Reply) -> Vec<String> {
        let mut cursor = Cursor::new(Arc::new(reply), Usage::new(1, 2), Chunking::Tokens);
        let mut seen = Vec::new();
        while let Some(event) = cursor.next() {
            seen.push(match event {
                ReplyEvent::Start => "start".to_owned(),
                ReplyEvent::PartStart { index, .. } => format!("part {index}"),
                ReplyEvent::Delta(text) => text.to_owned(),
                ReplyEvent::PartEnd => "end part".to_owned(),
                ReplyEvent::Choice(choice) => format!("choice {choice}"),
                ReplyEvent::Resume { index } => format!("resume {index}"),
                ReplyEvent::Safety(ratings) => format!("{} ratings", ratings.len()),
                ReplyEvent::ChoiceEnd { finish } => format!("end choice {finish:?}"),
                ReplyEvent::End { finish, .. } => format!("{finish:?}"),
            });
        }
        seen
    }

    #[test]
    fn events_come_in_order_and_add_up() {
        let reply = Reply::empty().reasoning("hm").then_text("a b").tool_call("t", json!({}));
        let order = [
            "start", "part 0", "hm", "end part", "part 1", "a", " b", "end part", "part 2", "{}",
            "end part", "ToolUse",
        ];
        assert_eq!(told(reply), order);
        assert_eq!(told(Reply::empty()), ["start", "Stop"]);
    }

    #[test]
    fn choices_take_turns_and_the_longest_ends_last() {
        let order = [
            "start",
            "choice 1",
            "start",
            "choice 0",
            "part 0",
            "choice 1",
            "part 0",
            "choice 0",
            "a",
            "choice 1",
            "x",
            "choice 0",
            " b",
            "choice 1",
            "end part",
            "choice 0",
            "end part",
            "choice 1",
            "end choice Stop",
            "choice 0",
            "Stop",
        ];
        assert_eq!(told(Reply::text("a b").choice(Reply::text("x"))), order);
    }

    #[test]
    fn ratings_come_before_the_end() {
        let rating = SafetyRating::new("HARM_CATEGORY_HARASSMENT", "LOW");
        let order = ["start", "part 0", "a", "end part", "1 ratings", "Stop"];
        assert_eq!(told(Reply::text("a").safety(rating.clone())), order);
        assert_eq!(told(Reply::empty().safety(rating)), ["start", "1 ratings", "Stop"]);
    }

    #[test]
    fn interleaved_calls_take_turns() {
        let reply = Reply::text("a")
            .tool_call("t", json!({}))
            .tool_call("u", json!({}))
            .tool_deltas(ToolDeltas::new().interleaved().fragment(1));
        let order = [
            "start", "part 0", "a", "end part", "part 1", "part 2", "resume 1", "{", "resume 2",
            "{", "resume 1", "}", "resume 2", "}", "resume 1", "end part", "resume 2", "end part",
            "ToolUse",
        ];
        assert_eq!(told(reply), order);
    }
}
