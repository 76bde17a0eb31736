//! What a request must have for a condition to hold, as far as it can be looked up.
//!
//! Only a filter: a request that has it is still asked whether the condition holds, and what
//! cannot be said here is left out.

use super::number::Counted;
use super::subject::Subject;
use crate::request::LlmRequest;

/// All of these clauses hold, and of each clause one probe at the least; nothing is known without
/// a clause.
#[derive(Clone, Debug, Default)]
pub struct Needs(pub(in crate::respond) Vec<Clause>);

pub(in crate::respond) type Clause = Vec<Probe>;

/// One thing that can be looked up.
#[derive(Clone, Debug)]
pub(in crate::respond) struct Probe {
    pub(in crate::respond) source: Source,
    pub(in crate::respond) want: Want,
}

/// Where a probe looks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::respond) enum Source {
    Number(Counted),
    Text(Subject),
}

/// What it looks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::respond) enum Want {
    Contains(String),
    Equals(String),
    /// The text, in lower case, contains this.
    Folded(String),
    /// The bits of a number.
    Number(u64),
}

/// A clause of more is no longer worth it.
const MOST_PROBES: usize = 256;

impl Needs {
    pub(super) fn number(number: &Counted, wanted: f64) -> Self {
        Self::one(Source::Number(number.clone()), Want::Number(bits(wanted)))
    }

    pub(super) fn text(subject: &Subject, want: Want) -> Self {
        match &want {
            Want::Contains(text) | Want::Folded(text) if text.is_empty() => Self::default(),
            _ => Self::one(Source::Text(subject.clone()), want),
        }
    }

    fn one(source: Source, want: Want) -> Self {
        Self(vec![vec![Probe { source, want }]])
    }

    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn or(mut self, other: &Self) -> Self {
        // Each clause of the one with each of the other would be exact; a few of them will do.
        const EACH: usize = 2;
        self.0.sort_by_key(|clause| std::cmp::Reverse(promise(clause)));
        let mut others: Vec<&Clause> = other.0.iter().collect();
        others.sort_by_key(|clause| std::cmp::Reverse(promise(clause)));
        let pairs = self.0.iter().take(EACH).flat_map(|left| {
            others.iter().take(EACH).map(move |right| [&left[..], &right[..]].concat())
        });
        Self(pairs.filter(|clause| clause.len() <= MOST_PROBES).collect())
    }
}

/// How much a clause promises to rule out, when nothing else is known.
pub(in crate::respond) fn promise(clause: &Clause) -> usize {
    let of = |probe: &Probe| match &probe.want {
        Want::Contains(text) | Want::Folded(text) => text.len(),
        Want::Equals(text) => 64 + text.len(),
        Want::Number(_) => 4,
    };
    clause.iter().map(of).min().unwrap_or_default()
}

/// A number's bits, the same for equal numbers.
pub(in crate::respond) fn bits(number: f64) -> u64 {
    // There are two zeros.
    if number == 0.0 { 0 } else { number.to_bits() }
}

impl Source {
    /// Whether looking there means to read through the body.
    pub(in crate::respond) fn is_dear(&self) -> bool {
        matches!(
            self,
            Self::Number(Counted::Json(_)) | Self::Text(Subject::Json(_) | Subject::Metadata(_))
        )
    }

    /// Hands over what is there.
    pub(in crate::respond) fn each(&self, request: &LlmRequest, mut found: impl FnMut(Found<'_>)) {
        match self {
            Self::Number(number) => {
                number.any(request, |number| {
                    found(Found::Number(bits(number)));
                    false
                });
            }
            Self::Text(subject) => {
                subject.any(request, |text| {
                    found(Found::Text(text));
                    false
                });
            }
        }
    }
}

/// What a [`Source`] has.
#[derive(Clone, Copy, Debug)]
pub(in crate::respond) enum Found<'a> {
    Number(u64),
    Text(&'a str),
}
