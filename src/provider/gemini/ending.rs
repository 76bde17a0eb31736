//! How an answer ends.

use super::grounding::Sources;
use super::identity::Identity;
use super::part::Part;
use super::response::{Candidate, Content, PromptFeedback, SafetyRating};
use super::{GOOGLE_SEARCH, grounding::GroundingMetadata};
use crate::provider::Context;
use crate::reply::{self, Finish};

/// What the end of an answer depends on, beside the reason that the reply gives.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// There is no part for it in this API; it goes where the reason to stop is explained.
    pub(super) refusal: String,
    pub(super) malformed: Option<String>,
    /// A function was called.
    pub(super) called: bool,
    pub(super) safety: Vec<reply::SafetyRating>,
    pub(super) sources: Sources,
    /// The model might have searched: then it says when it did not.
    may_search: bool,
}

impl Ending {
    pub(super) fn of(cx: &Context<'_>, identity: &Identity<'_>) -> Self {
        let is_offered = cx.request.call.flags & GOOGLE_SEARCH != 0;
        // As recorded: Gemini 2.5 says so in an empty object, Gemini 3.5 does not.
        let is_told = identity.has_index && !identity.has_call_ids;
        Self { may_search: is_offered && is_told, ..Self::default() }
    }

    pub(super) fn may_search(&self) -> bool {
        self.may_search
    }

    /// Of another candidate of the same answer.
    pub(super) fn like(other: &Self) -> Self {
        Self { may_search: other.may_search, ..Self::default() }
    }

    /// Whether a thought without text behind it is signed when the answer ends like this.
    pub(super) fn is_signed(finish: &Finish) -> bool {
        !matches!(
            finish,
            Finish::ContextWindow | Finish::Length | Finish::PromptBlocked | Finish::Recitation
        )
    }

    /// Whether nothing is said in the chunk that ends a stream.
    pub(super) fn is_apart(finish: &Finish) -> bool {
        matches!(finish, Finish::PromptBlocked | Finish::Recitation)
    }

    /// The last (or only) candidate of an answer, unless the prompt was blocked.
    pub(super) fn candidate<'a>(
        &'a self,
        identity: &Identity<'_>,
        parts: &'a [Part<'a>],
        finish: &Finish,
    ) -> Option<Candidate<'a>> {
        let (reason, message) = match (&self.malformed, finish) {
            (_, Finish::PromptBlocked) if parts.is_empty() => return None,
            // What was said before stays said.
            (_, Finish::PromptBlocked) => (None, ""),
            (_, Finish::Recitation) => (Some("RECITATION"), self.refusal.as_str()),
            (Some(malformed), _) => (Some("MALFORMED_FUNCTION_CALL"), malformed.as_str()),
            (None, Finish::ContentFilter | Finish::Refusal) => {
                (Some("SAFETY"), self.refusal.as_str())
            }
            (None, Finish::ContextWindow | Finish::Length) => (Some("MAX_TOKENS"), ""),
            (None, _) if self.called => (Some("STOP"), "Model generated function call(s)."),
            (None, _) => (Some("STOP"), ""),
        };
        let is_blocked = reason == Some("SAFETY");
        let is_recited = reason == Some("RECITATION");
        let content =
            Content { parts, role: (!(is_blocked && parts.is_empty())).then_some("model") };
        let safety_ratings = match self.ratings() {
            ratings if ratings.is_empty() && is_blocked => BLOCKED.to_vec(),
            _ if finish == &Finish::PromptBlocked => Vec::new(),
            ratings => ratings,
        };
        let grounding = if is_recited { None } else { self.sources.metadata(identity) };
        Some(Candidate {
            content: (!(is_recited && parts.is_empty())).then_some(content),
            finish_reason: reason,
            index: identity.index(),
            finish_message: (!message.is_empty()).then_some(message.into()),
            safety_ratings,
            citation_metadata: if is_recited { self.sources.recited() } else { None },
            grounding_metadata: grounding
                .or_else(|| self.may_search.then(GroundingMetadata::default)),
            ..Candidate::default()
        })
    }

    /// What is said of the prompt, where it was blocked. Those that are forbidden whatever the
    /// settings are have no ratings.
    pub(super) fn feedback(&self, finish: &Finish) -> Option<PromptFeedback<'_>> {
        let block_reason = if self.safety.is_empty() { "PROHIBITED_CONTENT" } else { "SAFETY" };
        (*finish == Finish::PromptBlocked)
            .then(|| PromptFeedback { block_reason, safety_ratings: self.ratings() })
    }

    fn ratings(&self) -> Vec<SafetyRating<'_>> {
        let ratings = self.safety.iter();
        ratings.map(|given| rating(&given.category, &given.probability, given.blocked)).collect()
    }
}

static BLOCKED: [SafetyRating<'static>; 4] = [
    rating("HARM_CATEGORY_HATE_SPEECH", "HIGH", true),
    rating("HARM_CATEGORY_DANGEROUS_CONTENT", "NEGLIGIBLE", false),
    rating("HARM_CATEGORY_HARASSMENT", "NEGLIGIBLE", false),
    rating("HARM_CATEGORY_SEXUALLY_EXPLICIT", "NEGLIGIBLE", false),
];

const fn rating<'a>(category: &'a str, probability: &'a str, blocked: bool) -> SafetyRating<'a> {
    SafetyRating { category, probability, blocked }
}
