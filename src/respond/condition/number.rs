//! Conditions on numbers.

use std::fmt;
use std::ops::RangeInclusive;

use super::json::Place;
use super::{Explanation, Match, Needs};
use crate::request::LlmRequest;

/// A number in the request that a condition is to be made of: `temperature().at_most(0.2)`.
///
/// What the client left out meets no condition but [`missing`](Self::missing).
#[derive(Clone, Debug)]
pub struct Number(pub(super) Counted);

/// A condition on a number. See [`Number`].
#[derive(Clone, Debug)]
pub struct NumberCondition {
    number: Counted,
    test: Range,
}

/// A number in the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::respond) enum Counted {
    Json(Place),
    MaxTokens,
    Messages,
    N,
    Seed,
    Temperature,
    TopP,
    Turn,
}

#[derive(Clone, Copy, Debug)]
enum Range {
    Any,
    AtLeast(f64),
    AtMost(f64),
    Between(f64, f64),
    Equals(f64),
    Missing,
}

impl Number {
    /// It is this or more.
    pub fn at_least(self, least: impl Into<f64>) -> NumberCondition {
        self.test(Range::AtLeast(least.into()))
    }

    /// It is this or less.
    pub fn at_most(self, most: impl Into<f64>) -> NumberCondition {
        self.test(Range::AtMost(most.into()))
    }

    /// It lies in this range, its ends among it.
    pub fn between<N: Into<f64> + Copy>(self, range: RangeInclusive<N>) -> NumberCondition {
        self.test(Range::Between((*range.start()).into(), (*range.end()).into()))
    }

    /// It is this.
    pub fn equals(self, number: impl Into<f64>) -> NumberCondition {
        self.test(Range::Equals(number.into()))
    }

    /// It was given at all.
    pub fn exists(self) -> NumberCondition {
        self.test(Range::Any)
    }

    /// It was left out.
    pub fn missing(self) -> NumberCondition {
        self.test(Range::Missing)
    }

    fn test(self, test: Range) -> NumberCondition {
        NumberCondition { number: self.0, test }
    }
}

impl Counted {
    /// Whether `test` says yes to the number, or to one of them.
    pub(in crate::respond) fn any(
        &self,
        request: &LlmRequest,
        mut test: impl FnMut(f64) -> bool,
    ) -> bool {
        let sampling = &request.sampling;
        let number = match self {
            Self::Json(place) => {
                return place.any(request, |value| value.as_f64().is_some_and(&mut test));
            }
            Self::MaxTokens => sampling.max_tokens.map(|tokens| tokens as f64),
            Self::Messages => Some(request.messages.len() as f64),
            Self::N => sampling.n.map(|n| n as f64),
            Self::Seed => sampling.seed.map(|seed| seed as f64),
            Self::Temperature => sampling.temperature,
            Self::TopP => sampling.top_p,
            Self::Turn => Some(request.turn() as f64),
        };
        number.is_some_and(test)
    }
}

impl Match for NumberCondition {
    fn matches(&self, request: &LlmRequest) -> bool {
        match self.test {
            Range::Missing => !self.number.any(request, |_| true),
            test => self.number.any(request, |number| test.holds(number)),
        }
    }

    fn needs(&self) -> Needs {
        match self.test {
            Range::Equals(wanted) => Needs::number(&self.number, wanted),
            _ => Needs::default(),
        }
    }

    fn describe(&self) -> String {
        format!("{} {}", self.number, self.test)
    }

    fn explain(&self, request: &LlmRequest, explanation: &mut Explanation) {
        explanation.condition(self.matches(request), || {
            let mut found = None;
            self.number.any(request, |number| {
                found = Some(number);
                true
            });
            match found {
                Some(number) => format!("{}, but it is {number}", self.describe()),
                None => format!("{}, but there is none", self.describe()),
            }
        });
    }
}

impl Range {
    fn holds(self, number: f64) -> bool {
        match self {
            Self::Any => true,
            Self::AtLeast(least) => number >= least,
            Self::AtMost(most) => number <= most,
            Self::Between(least, most) => (least..=most).contains(&number),
            Self::Equals(wanted) => number == wanted,
            Self::Missing => false,
        }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json(place) => return place.fmt(f),
            Self::MaxTokens => "`max_tokens`",
            Self::Messages => "the number of messages",
            Self::N => "`n`",
            Self::Seed => "`seed`",
            Self::Temperature => "the temperature",
            Self::TopP => "`top_p`",
            Self::Turn => "the turn",
        })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("is given"),
            Self::AtLeast(least) => write!(f, "is at least {least}"),
            Self::AtMost(most) => write!(f, "is at most {most}"),
            Self::Between(least, most) => write!(f, "is between {least} and {most}"),
            Self::Equals(number) => write!(f, "is {number}"),
            Self::Missing => f.write_str("is left out"),
        }
    }
}
