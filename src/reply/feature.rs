//! What not every provider can say.

use super::{Citation, Part, Reply, SafetyRating, ToolDeltas};

/// A thing that a reply says and that not every provider has words for. A room is asked with
/// [`ResponseSynth::can_say`](crate::ResponseSynth::can_say) before the reply is said.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Feature<'a> {
    /// Text that cites a source of this kind.
    Citation(&'a Citation),
    /// A part that is neither text nor reasoning, refusal or tool call.
    Part(&'a Part),
    /// A tool call whose arguments are not the text of a JSON object.
    RawArguments(&'a str),
    /// A rating of a content filter.
    Safety(&'a SafetyRating),
    /// Tool calls that are streamed in another way than the vendor's.
    ToolDeltas(ToolDeltas),
}

impl Feature<'_> {
    /// What it is, in a few words for messages: `an image`.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Citation(_) => "a citation",
            Self::Part(part) => match part {
                Part::Audio(_) => "audio",
                Part::Image(_) => "an image",
                Part::Raw(_) => "a raw part",
                Part::Reasoning(_) => "reasoning",
                Part::RedactedReasoning(_) => "redacted reasoning",
                Part::Refusal(_) => "a refusal",
                Part::ServerTool(_) => "a server tool",
                Part::Text(_) => "text",
                Part::ToolCall(_) => "a tool call",
            },
            Self::RawArguments(_) => "raw arguments of a tool call",
            Self::Safety(_) => "a safety rating",
            Self::ToolDeltas(_) => "tool deltas",
        }
    }
}

impl Reply {
    /// Whether every provider can say it; looked at for each answer, so without an iterator.
    pub(crate) fn is_plain(&self) -> bool {
        self.extra.is_none()
            && self.parts.iter().all(|part| match part {
                Part::Text(text) => text.citations().is_empty(),
                Part::Reasoning(_) | Part::Refusal(_) => true,
                Part::ToolCall(call) => call.has_object(),
                _ => false,
            })
    }

    /// What of it not every provider can say; nothing, for most replies.
    pub fn features(&self) -> impl Iterator<Item = Feature<'_>> {
        self.choices().flat_map(|choice| {
            let deltas = choice.how_tool_calls_are_cut();
            choice
                .parts
                .iter()
                .flat_map(features_of)
                .chain(choice.safety_ratings().iter().map(Feature::Safety))
                .chain((deltas != ToolDeltas::default()).then_some(Feature::ToolDeltas(deltas)))
        })
    }
}

fn features_of(part: &Part) -> impl Iterator<Item = Feature<'_>> {
    let (citations, feature) = match part {
        Part::Text(text) => (text.citations(), None),
        Part::Reasoning(_) | Part::Refusal(_) => (&[][..], None),
        Part::ToolCall(call) => {
            let raw = (!call.has_object()).then(|| Feature::RawArguments(call.arguments()));
            (&[][..], raw)
        }
        other => (&[][..], Some(Feature::Part(other))),
    };
    citations.iter().map(Feature::Citation).chain(feature)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reply::ToolCall;

    #[test]
    fn plain_replies_have_no_features() {
        let reply = Reply::text("a").reasoning("b").tool_call("t", json!({"x": 1}));
        assert_eq!(reply.features().count(), 0);
        assert!(reply.is_plain());
    }

    #[test]
    fn features_are_found_in_every_choice() {
        let call = ToolCall::with_raw_arguments("t", "{\"x\":");
        let reply = Reply::text("a")
            .cited_text("b", [Citation::web("https://a.example", "A")])
            .choice(Reply::empty().part(Part::ToolCall(call)).image("image/png", &b"x"[..]))
            .tool_deltas(ToolDeltas::new().interleaved());
        assert!(!reply.is_plain());
        let found: Vec<_> = reply.features().map(|feature| feature.describe()).collect();
        assert_eq!(
            found,
            ["a citation", "tool deltas", "raw arguments of a tool call", "an image"]
        );
    }
}
