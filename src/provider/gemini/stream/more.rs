//! What few streams have: whole parts, several candidates, log-probabilities.

use std::mem;

use serde_json::value::{RawValue, to_raw_value};

use super::framing::Framing;
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
        self.counts.say(part.tokens());
        let rare = self.rare.get_or_insert_default();
        rare.ending.sources.search(part);
        if matches!(part, reply::Part::Image(_)) {
            rare.images += part.tokens();
        }
        let owed = &mut rare.owed;
        let parts = Part::whole(part, index, &self.identity, || owed.take());
        self.skip(parts.len());
        for part in parts {
            let Some(whole) = raw(&part) else { continue };
            self.flush(frames);
            self.hold(Kind::Whole, "");
            self.held.more().whole = Some(whole);
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
        let start = self.place.as_ref().map_or(0, |place| place.spoken());
        result.add(text, start, top.into(), self.identity.entropy());
        result
    }

    /// What follows is of the candidate at `choice`. How the vendor streams several is nowhere
    /// recorded (its reference allows it, and `index` is there to tell them apart); here each chunk
    /// has a piece of one, and counts the tokens of all.
    pub(super) fn turn_to(&mut self, choice: usize) {
        let number = u32::try_from(choice).unwrap_or_default();
        let rare = self.rare();
        let (mut others, images) = (mem::take(&mut rare.others), rare.images);
        let known = others.iter().position(|lane| lane.identity.choice() == number);
        let mut lane = match known {
            Some(at) => others.swap_remove(at),
            None => self.beside(number),
        };
        mem::swap(&mut lane.framing, &mut self.framing);
        lane.counts = self.counts;
        lane.held.counts = lane.counts;
        others.push(mem::replace(self, lane));
        let rare = self.rare();
        (rare.others, rare.images) = (others, images);
    }

    /// A candidate that has not said anything.
    fn beside(&self, choice: u32) -> Self {
        let identity = self.identity.candidate(choice);
        let ending = self.rare.as_ref().map(|rare| Ending::like(&rare.ending));
        // It has the frame of the answer once it is its turn.
        let framing = Framing::Array { open: false };
        Self {
            pieces_are_tokens: self.pieces_are_tokens,
            place: self.place.as_ref().map(|_| Box::default()),
            ..Self::new(identity, ending.unwrap_or_default(), framing, self.known.whole())
        }
    }

    /// A candidate ends, and others go on.
    pub(super) fn choice_end(&mut self, finish: &Finish, frames: &mut FrameBuf) {
        self.last(finish, UsageMetadata::new(self.usage(self.counts), true), frames);
    }
}

/// A part by itself.
fn raw(part: &Part<'_>) -> Option<Box<RawValue>> {
    match part.raw {
        Some(raw) => Some(raw.to_owned()),
        None => to_raw_value(part).ok(),
    }
}
