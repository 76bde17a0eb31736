//! How sure the model was of each token.

use std::borrow::Cow;

use serde::Serialize;

use crate::provider::Entropy;
use crate::reply::logprobs;

/// <https://platform.openai.com/docs/api-reference/chat/object>, `choices.logprobs` (read
/// 2026-11-21), in the order of recorded traffic.
#[derive(Debug, Serialize)]
pub(super) struct Logprobs<'a> {
    pub(super) content: Option<Vec<TokenLogprob<'a>>>,
    pub(super) refusal: Option<Vec<TokenLogprob<'a>>>,
}

#[derive(Debug, Serialize)]
pub(super) struct TokenLogprob<'a> {
    pub(super) token: Cow<'a, str>,
    pub(super) logprob: f64,
    /// A list of numbers.
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) top_logprobs: Vec<TopLogprob>,
}

#[derive(Debug, Serialize)]
pub(super) struct TopLogprob {
    token: String,
    logprob: f64,
    bytes: Vec<u8>,
}

impl<'a> Logprobs<'a> {
    pub(super) fn of_content(tokens: Vec<TokenLogprob<'a>>) -> Self {
        Self { content: Some(tokens), refusal: None }
    }

    pub(super) fn of_refusal(tokens: Vec<TokenLogprob<'a>>) -> Self {
        Self { content: None, refusal: Some(tokens) }
    }
}

/// The tokens of `text`, which begins at byte `start` of all that is said.
pub(super) fn tokens(
    text: &str,
    start: usize,
    top: usize,
    entropy: Entropy,
) -> Vec<TokenLogprob<'_>> {
    let found = logprobs::of(text, start, top, entropy);
    let shown = found.map(|found| TokenLogprob {
        token: Cow::Borrowed(found.token),
        logprob: found.logprob,
        bytes: Cow::Borrowed(found.token.as_bytes()),
        top_logprobs: found.top.into_iter().map(TopLogprob::of).collect(),
    });
    shown.collect()
}

impl TopLogprob {
    fn of((token, logprob): (String, f64)) -> Self {
        Self { logprob, bytes: token.as_bytes().to_vec(), token }
    }
}
