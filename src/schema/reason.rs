//! Reasons in words.

use super::json::Json;
use super::parts::{Kind, Part};

/// Why a value is invalid.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    /// The keyword that is not kept; empty where none is.
    pub(super) keyword: &'static str,
    pub(super) expected: String,
    pub(super) found: String,
}

impl Reason {
    pub(super) fn new(
        keyword: &'static str,
        expected: impl Into<String>,
        value: &Json<'_>,
    ) -> Self {
        let json = serde_json::to_string(value).unwrap_or_default();
        Self { keyword, expected: expected.into(), found: excerpt(&json).into_owned() }
    }
}

/// Which bound a number misses.
pub(super) fn of_number(part: &Part<'_>, value: &Json<'_>) -> Option<Reason> {
    let Json::Number(number) = value else { return None };
    if super::number::fits(number, part) {
        return None;
    }
    let [low, high] = part.bounds();
    let [low, high] =
        [low, high].map(|bound| bound.and_then(|(it, open)| Some((it.as_f64()?, open))));
    let it = number.as_f64()?;
    let (keyword, expected) = match (low, high) {
        (Some((low, open)), _) if it < low || open && it == low => match open {
            true => ("exclusiveMinimum", format!("a number above {low}")),
            false => ("minimum", format!("a number of {low} at the least")),
        },
        (_, Some((high, open))) if it > high || open && it == high => match open {
            true => ("exclusiveMaximum", format!("a number below {high}")),
            false => ("maximum", format!("a number of {high} at the most")),
        },
        _ => ("multipleOf", format!("a multiple of {}", part.get("multipleOf")?)),
    };
    Some(Reason::new(keyword, expected, value))
}

/// Which of the two bounds of a size is missed, and what was expected.
pub(super) fn sized(
    part: &Part<'_>,
    keys: [&'static str; 2],
    size: u64,
    what: &str,
) -> Option<(&'static str, String)> {
    let [least, most] = keys.map(|key| part.count(key));
    if let Some(least) = least.filter(|least| size < *least) {
        return Some((keys[0], format!("{least} {what} at the least")));
    }
    most.filter(|most| size > *most).map(|most| (keys[1], format!("{most} {what} at the most")))
}

impl Kind {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Array => "an array",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Null => "null",
            Self::Number => "a number",
            Self::Object => "an object",
            Self::String => "a string",
        }
    }
}

/// The beginning of a text.
pub(super) fn excerpt(text: &str) -> std::borrow::Cow<'_, str> {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        None => text.into(),
        Some((end, _)) => format!("{}\u{2026}", &text[..end]).into(),
    }
}
