//! What an answer of a vendor's own tells of itself: for recordings.

use serde::Deserialize;

/// What one event of an answer tells, or the whole of one that is not streamed.
///
/// ```
/// use tower_mock_llm::provider::Heard;
///
/// assert_eq!(Heard::default().model("gpt-4o-2024-08-06").model.unwrap(), "gpt-4o-2024-08-06");
/// assert!(Heard::default().last().is_last);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heard {
    /// The model that answers, as the vendor names it: often with a date.
    pub model: Option<String>,
    /// Whether nothing comes after this event: clients read no further then.
    pub is_last: bool,
}

impl Heard {
    /// Names the model.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Says that nothing comes after it.
    #[must_use]
    pub fn last(mut self) -> Self {
        self.is_last = true;
        self
    }
}

/// The fields by which answers of several vendors tell.
#[derive(Default, Deserialize)]
pub(super) struct Telling {
    pub(super) model: Option<String>,
    #[serde(rename = "modelVersion")]
    pub(super) model_version: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    /// Anthropic's first event has the message in it.
    pub(super) message: Option<Named>,
    /// OpenAI's events about a response have it in them.
    pub(super) response: Option<Named>,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) model: Option<String>,
}

impl Telling {
    /// Nothing, if it is no JSON or has such fields with another meaning.
    pub(super) fn of(event: &[u8]) -> Self {
        serde_json::from_slice(event).unwrap_or_default()
    }
}
