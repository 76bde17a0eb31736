//! How sure a model was of each token: plausible, and the same for the same seed and text.

use crate::provider::Entropy;
use crate::util::tokens::Chunking;

/// One token, how probable it was, and what else might have come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TokenLogprob<'a> {
    pub(crate) token: &'a str,
    pub(crate) logprob: f64,
    /// The most probable tokens with their log-probabilities, this one first: as many as were
    /// asked for.
    pub(crate) top: Vec<(String, f64)>,
}

/// The tokens of `text`, which begins at byte `start` of the whole answer, so that a text that is
/// cut into chunks gets the same figures as the whole.
pub(crate) fn of(
    text: &str,
    start: usize,
    top: usize,
    entropy: Entropy,
) -> impl Iterator<Item = TokenLogprob<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let length = Chunking::Tokens.first(rest);
        let token = (length > 0).then(|| &rest[..length])?;
        let found = one(token, start + at, top, entropy);
        at += length;
        Some(found)
    })
}

fn one(token: &str, at: usize, top: usize, entropy: Entropy) -> TokenLogprob<'_> {
    let salt = SALT ^ (at as u64) << 8;
    // Most tokens are nearly sure; the cube leaves a few that are not.
    let chance = entropy.below(salt, 1 << 20) as f64 / (1 << 20) as f64;
    let probability = 1.0 - 0.65 * chance.powi(3) - 1e-6;
    let logprob = rounded(probability.ln());
    let mut rest = 1.0 - probability;
    let mut found = Vec::with_capacity(top);
    if top > 0 {
        found.push((token.to_owned(), logprob));
    }
    let first = entropy.below(salt + 1, OTHERS.len() as u64) as usize;
    let space = if token.starts_with(' ') { " " } else { "" };
    let others = OTHERS.iter().cycle().skip(first).take(OTHERS.len());
    let others = others.map(|other| format!("{space}{other}")).filter(|other| other != token);
    for other in others.take(top.saturating_sub(1)) {
        // Each takes two thirds of what is left, and never more than the token that was chosen.
        let share = (rest * 2.0 / 3.0).min(probability * 0.9);
        rest -= share;
        found.push((other, rounded(share.ln())));
    }
    TokenLogprob { token, logprob, top: found }
}

/// As many digits as vendors send.
fn rounded(logprob: f64) -> f64 {
    (logprob * 1e8).round() / 1e8
}

const SALT: u64 = 0x6c6f_6770;

/// More than any vendor shows beside the chosen one (OpenAI and Gemini: 20).
const OTHERS: [&str; 24] = [
    "the", "a", "this", "that", "it", "is", "and", "to", "of", "in", "for", "with", "on", "as",
    "be", "or", "an", "by", "at", "from", "not", "was", "are", "you",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_probabilities_in_falling_order_and_do_not_hang_on_the_cut() {
        let entropy = Entropy::new(7);
        let text = "This is a mock answer, and the model is sure of it.";
        let whole: Vec<_> = of(text, 0, 20, entropy).collect();
        assert_eq!(whole.iter().map(|found| found.token).collect::<String>(), text);
        for found in &whole {
            assert_eq!((found.top.len(), found.top[0].1), (20, found.logprob));
            assert!(found.top.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{found:?}");
            let sum: f64 = found.top.iter().map(|(_, logprob)| logprob.exp()).sum();
            assert!(sum <= 1.0 + 1e-6, "{sum} {found:?}");
            assert!(found.logprob < 0.0);
        }
        let (head, tail) = text.split_at(text.find(", and").unwrap());
        let cut: Vec<_> =
            of(head, 0, 20, entropy).chain(of(tail, head.len(), 20, entropy)).collect();
        assert_eq!(cut, whole);
        assert!(of(text, 0, 0, entropy).all(|found| found.top.is_empty()));
    }
}
