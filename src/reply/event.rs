//! The events of a streamed reply, as an encoder sees them.

use super::{Citation, Finish, Part, SafetyRating, Usage};

/// One step of a streamed reply.
///
/// The order is: `Start`, then for each part `PartStart`, its `Delta`s and `PartEnd`, then `End`. An
/// encoder turns each into as many frames as its vendor sends for it: none, one, or more.
///
/// Where the client wants several choices, each has its own run from `Start` to its end, and they
/// take turns: `Choice` comes before each event of another choice than the event before. All choices
/// but the one that ends last end with `ChoiceEnd`. Where [`ToolDeltas`](crate::ToolDeltas) are
/// interleaved, several parts are open at once, and `Resume` says which goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReplyEvent<'a> {
    /// The reply begins.
    Start,
    /// A part begins.
    PartStart {
        /// Its place among the parts, from 0.
        index: usize,
        /// What it is.
        part: PartStart<'a>,
    },
    /// More of the part's text: of a tool call, its arguments. Never empty, cut between whole
    /// characters.
    Delta(&'a str),
    /// The part ends.
    PartEnd,
    /// What follows belongs to this choice, counted from 0.
    Choice(usize),
    /// What follows belongs to this part, which began before.
    Resume {
        /// Its place among the parts, from 0.
        index: usize,
    },
    /// How a content filter rated the answer, or the choice: just before its end, and only where there
    /// are ratings.
    Safety(&'a [SafetyRating]),
    /// A choice ends, and others are still open.
    ChoiceEnd {
        /// Why.
        finish: &'a Finish,
    },
    /// The reply ends.
    End {
        /// Why.
        finish: &'a Finish,
        /// Tokens used.
        usage: Usage,
    },
}

/// What kind of part begins.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PartStart<'a> {
    /// What the model thinks aloud.
    Reasoning {
        /// Its signature, when one was given.
        signature: Option<&'a str>,
    },
    /// A refusal.
    Refusal,
    /// Text.
    Text {
        /// What it is taken from.
        citations: &'a [Citation],
    },
    /// A part that is not cut into deltas: its `PartEnd` follows at once.
    Whole(&'a Part),
    /// A call of a tool.
    ToolCall {
        /// Its place among the calls, from 0.
        call: usize,
        /// Its id, when one was given.
        id: Option<&'a str>,
        /// The tool.
        name: &'a str,
        /// Whether its arguments were [given raw](crate::ToolCall::with_raw_arguments), to be sent
        /// letter by letter as they are.
        is_raw: bool,
    },
}
