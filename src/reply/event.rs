//! The events of a streamed reply, as an encoder sees them.

use super::{Finish, Usage};

/// One step of a streamed reply.
///
/// The order is always: `Start`, then for each part `PartStart`, its `Delta`s and `PartEnd`, then
/// `End`. An encoder turns each into as many frames as its vendor sends for it: none, one, or more.
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
    /// The reply ends.
    End {
        /// Why.
        finish: &'a Finish,
        /// Tokens used.
        usage: Usage,
    },
}

/// What kind of part begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    Text,
    /// A call of a tool.
    ToolCall {
        /// Its place among the calls, from 0.
        call: usize,
        /// Its id, when one was given.
        id: Option<&'a str>,
        /// The tool.
        name: &'a str,
    },
}
