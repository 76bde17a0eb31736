//! The ways in which models get a form nearly right.

use crate::schema::{self, Slip};
use crate::util::rng::hash;

/// A way in which models get a demanded form nearly right.
///
/// Some are wrong as values: the JSON is well-formed, and not valid against the schema. The others
/// are no JSON. Those said as a tool's arguments come as they are from OpenAI, and from Anthropic in
/// a stream; Anthropic's whole answers have room for an object only, so that the client gets an error
/// that says so, and Gemini ends with `MALFORMED_FUNCTION_CALL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NearMiss {
    /// No text at all.
    Empty,
    /// A property that the schema forbids.
    ExtraField,
    /// A value that is not among those of `enum` or `const`.
    InvalidEnum,
    /// JSON in a fence: `` ```json ``.
    MarkdownFence,
    /// Without a property that must be there.
    MissingField,
    /// Prose in place of JSON.
    NotJson,
    /// Null where there must be something.
    NullField,
    /// Beyond a bound: a number too large, a text too long, too few items.
    OutOfRange,
    /// Prose before and after the JSON.
    ProseAround,
    /// A comma before the last bracket.
    TrailingComma,
    /// JSON that breaks off, with the finish reason of an answer that was too long.
    TruncatedJson,
    /// A value of another type: a number as text, an item in place of a list.
    WrongType,
}

impl NearMiss {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Empty,
        Self::ExtraField,
        Self::InvalidEnum,
        Self::MarkdownFence,
        Self::MissingField,
        Self::NotJson,
        Self::NullField,
        Self::OutOfRange,
        Self::ProseAround,
        Self::TrailingComma,
        Self::TruncatedJson,
        Self::WrongType,
    ];

    pub(super) fn slip(self) -> Option<Slip> {
        match self {
            Self::ExtraField => Some(Slip::Extra),
            Self::InvalidEnum => Some(Slip::Enum),
            Self::MissingField => Some(Slip::Missing),
            Self::NullField => Some(Slip::Null),
            Self::OutOfRange => Some(Slip::Range),
            Self::WrongType => Some(Slip::Type),
            _ => None,
        }
    }

    /// The text, no longer JSON where that is the near miss.
    pub(super) fn spoilt(self, text: String, seed: u64) -> Result<String, String> {
        let spoilt = match self {
            Self::Empty => String::new(),
            Self::MarkdownFence => format!("```json\n{text}\n```"),
            Self::NotJson => "I am sorry, I cannot put that into this form.".to_owned(),
            Self::ProseAround => {
                format!("Here is what you asked for:\n\n{text}\n\nLet me know if it helps.")
            }
            Self::TrailingComma => match text.char_indices().next_back() {
                Some((last, end @ (']' | '}'))) => format!("{},{end}", &text[..last]),
                _ => text,
            },
            Self::TruncatedJson => {
                // Past the middle, so that there is something.
                let half = text.len() / 2;
                let mut end =
                    half + (hash(seed, b"cut") % (text.len() - half).max(1) as u64) as usize;
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                text[..end.max(1).min(text.len())].to_owned()
            }
            _ => return Ok(text),
        };
        match schema::not_json(&spoilt) {
            Some(_) => Ok(spoilt),
            None => Err(format!("an instance is `{spoilt}`, which is JSON all the same")),
        }
    }
}
