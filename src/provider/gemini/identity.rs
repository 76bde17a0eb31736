//! What is made up for an answer: ids, signatures, figures.

use std::borrow::Cow;

use super::{LOGPROBS, TOP_SHIFT, models};
use crate::provider::{Alphabet, Context, Entropy};
use crate::util::ids::Id;

pub(super) type ResponseId = Id<23>;

/// What all bodies and chunks of one answer share.
#[derive(Clone, Debug)]
pub(super) struct Identity<'a> {
    pub(super) model: Cow<'a, str>,
    pub(super) has_index: bool,
    pub(super) has_call_ids: bool,
    /// Whether the model signs what it thought.
    pub(super) signs: bool,
    /// How many of the likeliest tokens are told for each, where log-probabilities are asked for.
    pub(super) logprobs: Option<u8>,
    /// Which of the candidates this is.
    choice: u32,
    /// Of the answer: candidates have theirs from it.
    answer: Entropy,
}

impl<'a> Identity<'a> {
    pub(super) fn of(cx: &Context<'a>) -> Self {
        let model = cx.answering_model(|model| model);
        let is_new = models::is_gemini3_or_newer(model);
        let flags = cx.request.call.flags;
        Self {
            model: Cow::Borrowed(model),
            has_index: models::has_index(model),
            has_call_ids: is_new,
            signs: is_new || !cx.request.tools.is_empty(),
            logprobs: (flags & LOGPROBS != 0).then_some((flags >> TOP_SHIFT) as u8),
            choice: 0,
            answer: cx.entropy,
        }
    }

    pub(super) fn into_owned(self) -> Identity<'static> {
        Identity { model: Cow::Owned(self.model.into_owned()), ..self }
    }

    /// The same answer's candidate at `choice`, which has ids and figures of its own.
    pub(super) fn candidate(&self, choice: u32) -> Self {
        Self { choice, ..self.clone() }
    }

    pub(super) fn response_id(&self) -> ResponseId {
        ResponseId::new(&mut self.answer.rng(SALT_ID), "", Alphabet::Base64Url, 23)
    }

    /// Which of the candidates this is, from 0.
    pub(super) fn choice(&self) -> u32 {
        self.choice
    }

    pub(super) fn entropy(&self) -> Entropy {
        match self.choice {
            0 => self.answer,
            choice => Entropy::new(self.answer.rng(SALT_CHOICE + u64::from(choice)).next()),
        }
    }

    /// The candidate's number. Older models leave out zero, as protobuf does.
    pub(super) fn index(&self) -> Option<u32> {
        (self.has_index || self.choice > 0).then_some(self.choice)
    }

    /// The signature over a thought: the one given, or what this model makes up.
    pub(super) fn signature<'s>(&self, given: Option<&'s str>) -> Option<Cow<'s, str>> {
        // Whole groups of four letters: clients decode it.
        let made_up = || self.entropy().id(SALT_SIGNATURE, "", Alphabet::Base64, 340);
        given.map(Cow::Borrowed).or_else(|| self.signs.then(|| made_up().into()))
    }

    /// The id of the function call at `index`, the same in a stream and in a whole answer.
    pub(super) fn call_id<'s>(&self, index: usize, given: Option<&'s str>) -> Option<Cow<'s, str>> {
        let salt = SALT_CALL + index as u64;
        let made_up = || self.entropy().id(salt, "", Alphabet::Hex, 8);
        given.map(Cow::Borrowed).or_else(|| self.has_call_ids.then(|| made_up().into()))
    }

    /// The id that the code of the part at `index` shares with its result.
    pub(super) fn code_id(&self, index: usize) -> Option<String> {
        let number = || 10_000 + self.entropy().below(SALT_CODE + index as u64, 90_000);
        self.has_call_ids.then(|| format!("call_{}", number()))
    }

    /// How sure the model is of a source, which newer models do not tell: between a half and one.
    pub(super) fn confidence(&self, support: usize, source: usize) -> Option<f32> {
        let salt = SALT_CONFIDENCE + 1000 * support as u64 + source as u64;
        let drawn = || 500_000 + self.entropy().below(salt, 499_000);
        (!self.has_index).then(|| drawn() as f32 / 1e6)
    }

    pub(super) fn avg_logprobs(&self) -> Option<f64> {
        let drawn = || 1 + self.entropy().below(SALT_LOGPROBS, 250_000_000);
        (!self.has_index).then(|| -(drawn() as f64) / 1e9)
    }
}

const SALT_ID: u64 = 1;
const SALT_SIGNATURE: u64 = 2;
const SALT_LOGPROBS: u64 = 3;
const SALT_CALL: u64 = 1000;
const SALT_CODE: u64 = 1 << 20;
const SALT_CHOICE: u64 = 1 << 21;
const SALT_CONFIDENCE: u64 = 1 << 32;
