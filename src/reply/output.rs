//! Answers that are no conversation: each has a small type of its own beside [`Reply`].
//!
//! [`Reply`]: super::Reply

use super::{Embeddings, Models};
use crate::provider::Operation;

/// What answers a call that is no conversation, in neutral words.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// Vectors, to [`Operation::Embeddings`].
    Embeddings(Embeddings),
    /// Which models there are, to [`Operation::Models`].
    Models(Models),
    /// How many tokens a conversation has, to [`Operation::CountTokens`].
    TokenCount(TokenCount),
}

impl Output {
    /// What it answers.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Embeddings(_) => Operation::Embeddings,
            Self::Models(_) => Operation::Models,
            Self::TokenCount(_) => Operation::CountTokens,
        }
    }

    /// The tokens of input, when they were given.
    pub(crate) fn given_tokens(&self) -> Option<u64> {
        match self {
            Self::Embeddings(embeddings) => embeddings.given_tokens(),
            Self::Models(_) => Some(0),
            Self::TokenCount(count) => count.0,
        }
    }

    /// The model that claims to answer, when one was given.
    pub(crate) fn answering_model(&self) -> Option<&str> {
        match self {
            Self::Embeddings(embeddings) => embeddings.answering_model(),
            Self::Models(_) | Self::TokenCount(_) => None,
        }
    }
}

impl From<Embeddings> for Output {
    fn from(embeddings: Embeddings) -> Self {
        Self::Embeddings(embeddings)
    }
}

impl From<Models> for Output {
    fn from(models: Models) -> Self {
        Self::Models(models)
    }
}

impl From<TokenCount> for Output {
    fn from(count: TokenCount) -> Self {
        Self::TokenCount(count)
    }
}

/// The answer to a request to count tokens.
///
/// ```
/// use tower_mock_llm::provider::Operation;
/// use tower_mock_llm::respond::operation;
/// use tower_mock_llm::{MockLlmLayer, Rule, TokenCount};
///
/// let layer = MockLlmLayer::new().rule(
///     // A prompt that is too long for the app.
///     Rule::when(operation(Operation::CountTokens)).respond_with(TokenCount::of(1_000_000)),
/// );
/// # let _ = layer;
/// ```
///
/// The default is what the mock counts, which is the `input` of the usage that the same
/// conversation would have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCount(Option<u64>);

impl TokenCount {
    /// So many.
    pub fn of(tokens: u64) -> Self {
        Self(Some(tokens))
    }
}
