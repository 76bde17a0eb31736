//! Which models there are.

/// The answer to the question which models there are (`GET /v1/models`, Gemini's
/// `GET /v1beta/models`), and to the question after one of them.
///
/// The default is what the vendor listed when it was recorded, as far as the mock plays it, and the
/// names that [`MockLlmLayer::models`](crate::MockLlmLayer::models) adds.
///
/// ```
/// use tower_mock_llm::provider::Operation;
/// use tower_mock_llm::respond::operation;
/// use tower_mock_llm::{MockLlmLayer, Models, Rule};
///
/// let models = Models::of(["gpt-4o", "mine"]);
/// assert_eq!(models.names(), ["gpt-4o", "mine"]);
/// // An account that may use two models and no other.
/// let layer =
///     MockLlmLayer::new().rule(Rule::when(operation(Operation::Models)).respond_with(models));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Models {
    names: Vec<String>,
    only: bool,
}

impl Models {
    /// These and no others. What the vendor tells of a model of such a name is told of it here too.
    pub fn of<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), only: true }
    }

    /// The vendor's own, and these.
    #[must_use]
    pub fn and<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.names.extend(names.into_iter().map(Into::into));
        self
    }

    /// The names that were given.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the vendor's own are left out, unless they were named.
    pub(crate) fn is_only(&self) -> bool {
        self.only
    }
}
