//! What few streams have: whole parts, several candidates, log-probabilities.

use std::mem;

use serde_json::value::{RawValue, to_raw_value};

use super::framing::{ARRAY, Framing};
use super::held::Kind;
use super::{Encoder, Open};
use crate::provider::gemini::ending::Ending;
use crate::provider::gemini::logprobs::LogprobsResult;
use crate::provider::gemini::part::{self, Part};
use crate::provider::gemini::usage::UsageMetadata;
use crate::reply::{self, Finish};
use crate::wire::FrameBuf;

impl Encoder {
    /// A part that is not cut into deltas: a chunk for each part of Gemini's that it amounts to.
    pub(super) fn whole(&mut self, index: usize, part: &reply::Part, frames: &mut FrameBuf) {
        self.open = Open::None;
        self.ending.sources.search(part);
        self.said += part.tokens();
        if matches!(part, reply::Part::Image(_)) {
            self.images += part.tokens();
        }
        let owed = &mut self.owed;
        let parts = Part::whole(part, index, &self.identity, || owed.take());
        self.place.skip(parts.len());
        for part in parts {
            let Some(whole) = raw(&part) else { continue };
            self.flush(frames);
            self.hold(Kind::Whole, "");
            self.held.whole = Some(whole);
        }
        if part::is_code(part) {
            self.owe_unseen();
        }
    }

    /// How sure the model was of the text that comes next. A stream of the vendor's with them was
    /// not recorded; its reference has them in each chunk's candidate, and clients read them there.
    pub(super) fn logprobs(&self, text: &str) -> LogprobsResult {
        let mut result = LogprobsResult::default();
        let top = self.identity.logprobs.unwrap_or_default();
        result.add(text, self.place.spoken(), top, self.identity.entropy());
        result
    }

    /// What follows is of the candidate at `choice`. How the vendor streams several is nowhere
    /// recorded (its reference allows it, and `index` is there to tell them apart); here each chunk
    /// has a piece of one, and counts the tokens of all.
    pub(super) fn turn_to(&mut self, choice: usize) {
        let number = u32::try_from(choice).unwrap_or_default();
        let mut others = mem::take(&mut self.others);
        let known = others.iter().position(|lane| lane.identity.choice() == number);
        let mut lane = match known {
            Some(at) => others.swap_remove(at),
            None => self.beside(number),
        };
        mem::swap(&mut lane.framing, &mut self.framing);
        (lane.said, lane.thought, lane.images) = (self.said, self.thought, self.images);
        lane.held.usage = lane.usage();
        others.push(mem::replace(self, lane));
        self.others = others;
    }

    /// A candidate that has not said anything.
    fn beside(&self, choice: u32) -> Self {
        let identity = self.identity.candidate(self.entropy, choice);
        let ending = Ending::like(&self.ending);
        // It has the frame of the answer once it is its turn.
        Self::new(identity, ending, Framing::Array(ARRAY), self.known, self.entropy)
    }

    /// A candidate ends, and others go on.
    pub(super) fn choice_end(&mut self, finish: &Finish, frames: &mut FrameBuf) {
        self.last(finish, UsageMetadata::new(self.usage(), true), frames);
    }
}

/// A part by itself.
fn raw(part: &Part<'_>) -> Option<Box<RawValue>> {
    match part.raw {
        Some(raw) => Some(raw.to_owned()),
        None => to_raw_value(part).ok(),
    }
}
