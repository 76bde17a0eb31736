//! Vectors in place of words.

/// The answer to a request for embeddings: a vector for each input, in order.
///
/// Without a rule the mock makes them up: of length one, near for texts that share words. See
/// [`guide::usage`](crate::guide::usage).
///
/// ```
/// use tower_mock_llm::provider::Operation;
/// use tower_mock_llm::respond::operation;
/// use tower_mock_llm::{Embeddings, MockLlmLayer, Rule};
///
/// let vectors = Embeddings::of(vec![vec![1.0, 0.0], vec![0.0, 1.0]]);
/// assert_eq!(vectors.vectors().len(), 2);
/// let layer = MockLlmLayer::new()
///     .rule(Rule::when(operation(Operation::Embeddings)).respond_with(vectors));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    vectors: Vec<Vec<f32>>,
    tokens: Option<u64>,
    model: Option<String>,
}

impl Embeddings {
    /// These vectors, said as they stand: the mock checks neither their number nor their lengths.
    pub fn of(vectors: Vec<Vec<f32>>) -> Self {
        Self { vectors, tokens: None, model: None }
    }

    /// The tokens of input to report. Without it: as the mock counts them.
    #[must_use]
    pub fn tokens(mut self, tokens: u64) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// The model that claims to have answered. Without it: the one asked for.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// The vectors in order.
    pub fn vectors(&self) -> &[Vec<f32>] {
        &self.vectors
    }

    pub(super) fn given_tokens(&self) -> Option<u64> {
        self.tokens
    }

    pub(super) fn answering_model(&self) -> Option<&str> {
        self.model.as_deref()
    }
}
