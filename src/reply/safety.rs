//! How an answer was rated by the vendor's filters.

/// What a content filter says of an answer: one of Gemini's `safetyRatings`.
///
/// ```
/// use tower_mock_llm::{Finish, Reply, SafetyRating};
///
/// let reply = Reply::empty()
///     .safety(SafetyRating::new("HARM_CATEGORY_DANGEROUS_CONTENT", "HIGH").blocked())
///     .finish(Finish::ContentFilter);
/// assert_eq!(reply.safety_ratings().len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SafetyRating {
    /// The category, in the vendor's word.
    pub category: String,
    /// How probable the harm is, in the vendor's word.
    pub probability: String,
    /// Whether the answer was withheld for it.
    pub blocked: bool,
}

impl SafetyRating {
    /// A rating that lets the answer pass.
    pub fn new(category: impl Into<String>, probability: impl Into<String>) -> Self {
        Self { category: category.into(), probability: probability.into(), blocked: false }
    }

    /// The answer was withheld for it.
    #[must_use]
    pub fn blocked(mut self) -> Self {
        self.blocked = true;
        self
    }
}
