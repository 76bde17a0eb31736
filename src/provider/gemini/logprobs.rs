//! How sure the model was of each token, in Gemini's words.

use serde::Serialize;

use crate::provider::Entropy;
use crate::reply::logprobs;
use crate::util::rng::hash;

/// <https://ai.google.dev/api/generate-content#LogprobsResult> (read 2026-11-21). Google writes
/// fields by their numbers: in `google.cloud.aiplatform`'s message of the same name, a token has 1,
/// its log-probability 2, its id 3, and the likeliest stand before the chosen ones. No whole one was
/// recorded; that the sum goes last is a guess.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogprobsResult {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    top_candidates: Vec<TopCandidates>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chosen_candidates: Vec<Candidate>,
    log_probability_sum: f32,
    #[serde(skip)]
    sum: f64,
}

#[derive(Debug, Serialize)]
struct TopCandidates {
    candidates: Vec<Candidate>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    token: String,
    /// Of single precision, as the vendor's are.
    log_probability: f32,
    token_id: u64,
}

impl LogprobsResult {
    /// Adds the tokens of `text`, which begins at byte `start` of all that is said.
    pub(super) fn add(&mut self, text: &str, start: usize, top: usize, entropy: Entropy) {
        for found in logprobs::of(text, start, top, entropy) {
            self.chosen_candidates.push(Candidate::new(found.token.to_owned(), found.logprob));
            self.sum += found.logprob;
            if top > 0 {
                let candidates = found.top.into_iter().map(|(token, p)| Candidate::new(token, p));
                self.top_candidates.push(TopCandidates { candidates: candidates.collect() });
            }
        }
        self.log_probability_sum = self.sum as f32;
    }

    /// The candidate's `avgLogprobs`.
    pub(super) fn average(&self) -> f64 {
        self.sum / self.chosen_candidates.len().max(1) as f64
    }
}

impl Candidate {
    fn new(token: String, logprob: f64) -> Self {
        // A token has the same id wherever it stands; the vocabulary has about as many.
        let token_id = hash(0, token.as_bytes()) % 262_144;
        Self { token, log_probability: logprob as f32, token_id }
    }
}
