//! Tests on a text.

use std::fmt;

use super::subject::Subject;
use super::{Needs, Want};

/// A test on a text.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Contains(Box<Contains>),
    /// In lower case.
    ContainsIgnoringCase(String),
    EndsWith(String),
    Equals(String),
    Glob(String),
    Present,
    #[cfg(feature = "regex")]
    Regex(super::pattern::Pattern),
    StartsWith(String),
}

/// A text that is looked for, and how: prepared once, since the search itself takes less.
#[derive(Clone, Debug)]
pub(super) struct Contains {
    text: String,
    finder: memchr::memmem::Finder<'static>,
}

impl From<String> for Contains {
    fn from(text: String) -> Self {
        let finder = memchr::memmem::Finder::new(text.as_bytes()).into_owned();
        Self { text, finder }
    }
}

impl Test {
    pub(super) fn holds(&self, value: &str) -> bool {
        match self {
            Self::Contains(text) => text.finder.find(value.as_bytes()).is_some(),
            Self::ContainsIgnoringCase(lower) => contains_ignoring_case(value, lower),
            Self::EndsWith(text) => value.ends_with(text.as_str()),
            Self::Equals(text) => value == text,
            Self::Glob(pattern) => glob(pattern, value),
            Self::Present => true,
            #[cfg(feature = "regex")]
            Self::Regex(regex) => regex.is_match(value),
            Self::StartsWith(text) => value.starts_with(text.as_str()),
        }
    }

    /// The same for a text that is known to be UTF-8, where that need not be told again.
    pub(super) fn holds_for_plain(&self, value: &[u8]) -> Option<bool> {
        match self {
            Self::Contains(text) => Some(text.finder.find(value).is_some()),
            Self::EndsWith(text) => Some(value.ends_with(text.as_bytes())),
            Self::Equals(text) => Some(value == text.as_bytes()),
            Self::StartsWith(text) => Some(value.starts_with(text.as_bytes())),
            _ => None,
        }
    }

    /// What a subject must have for it to hold.
    pub(super) fn needs(&self, subject: &Subject) -> Needs {
        let want = match self {
            Self::Contains(text) => Want::Contains(text.text.clone()),
            Self::EndsWith(text) | Self::StartsWith(text) => Want::Contains(text.clone()),
            Self::ContainsIgnoringCase(lower) => Want::Folded(lower.clone()),
            Self::Equals(text) => Want::Equals(text.clone()),
            Self::Glob(pattern) if !pattern.contains(['*', '?']) => Want::Equals(pattern.clone()),
            Self::Glob(pattern) => {
                let longest = pattern.split(['*', '?']).max_by_key(|piece| piece.len());
                Want::Contains(longest.unwrap_or_default().to_owned())
            }
            Self::Present => return Needs::default(),
            #[cfg(feature = "regex")]
            Self::Regex(regex) => return regex.needs(subject),
        };
        Needs::text(subject, want)
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contains(text) => write!(f, "contains {:?}", text.text),
            Self::ContainsIgnoringCase(lower) => write!(f, "contains {lower:?} in any case"),
            Self::EndsWith(text) => write!(f, "ends with {text:?}"),
            Self::Equals(text) => write!(f, "is {text:?}"),
            Self::Glob(pattern) => write!(f, "matches {pattern:?}"),
            Self::Present => f.write_str("is there"),
            #[cfg(feature = "regex")]
            Self::Regex(regex) => write!(f, "matches /{regex}/"),
            Self::StartsWith(text) => write!(f, "begins with {text:?}"),
        }
    }
}

/// Whether `text` contains `lower` when it is in lower case too. Makes no copy of it.
fn contains_ignoring_case(text: &str, lower: &str) -> bool {
    if text.is_ascii() {
        let (text, lower) = (text.as_bytes(), lower.as_bytes());
        let Some(first) = lower.first() else {
            return true;
        };
        return text.windows(lower.len()).any(|piece| {
            piece[0].to_ascii_lowercase() == *first && piece.eq_ignore_ascii_case(lower)
        });
    }
    let mut rest = text.chars();
    loop {
        let mut here = rest.clone().flat_map(char::to_lowercase);
        if lower.chars().all(|wanted| here.next() == Some(wanted)) {
            return true;
        }
        if rest.next().is_none() {
            return false;
        }
    }
}

/// Whether `text` matches `pattern` as a whole. Linear but for the last star, which may go back.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut back: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let before = text.clone();
        match (pattern.next(), text.next()) {
            (Some('*'), _) => {
                back = Some((pattern.clone(), before.clone()));
                text = before;
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {}
            _ => {
                let Some((after_star, mut from)) = back.take() else {
                    return false;
                };
                if from.next().is_none() {
                    return false;
                }
                pattern = after_star.clone();
                text = from.clone();
                back = Some((after_star, from));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_ignored_without_a_copy() {
        for (text, lower, holds) in [
            ("Please REFUND me", "refund", true),
            ("ÉCLAIR", "éclair", true),
            ("refun", "refund", false),
            ("", "", true),
            ("rrefund", "refund", true),
        ] {
            assert_eq!(contains_ignoring_case(text, lower), holds, "{text} {lower}");
        }
    }

    #[test]
    fn globs() {
        for (pattern, text, holds) in [
            ("gpt-*", "gpt-4o", true),
            ("gpt-*", "gpt-", true),
            ("gpt-*", "a-gpt-4", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a?c", "aéc", true),
            ("a?c", "ac", false),
            ("*-mini*", "gpt-5-mini-2025", true),
            ("*a*b", "xaxbxab", true),
            ("*a*b", "xaxbxa", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(glob(pattern, text), holds, "{pattern} {text}");
        }
        assert!(!glob(&"*a".repeat(40), &"a".repeat(39)), "does not run wild");
    }
}
