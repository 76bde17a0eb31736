//! What a sweep found.

use std::fmt;

use super::Fault;

/// What a [sweep](super::sweep()) found.
///
/// Its `Display` tells each finding with the fault that brings it about.
#[derive(Clone, Debug, Default)]
#[must_use = "a report that nobody reads finds nothing: `assert_ok`"]
pub struct Report {
    pub(super) cases: usize,
    pub(super) frames: usize,
    pub(super) findings: Vec<Finding>,
}

/// A case in which the app did not do well.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// The trouble that the app met; `None` when it met none.
    pub fault: Option<Fault>,
    /// What it did.
    pub outcome: Outcome,
}

/// What an app did that it should not have done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It panicked, with this message.
    Panicked(String),
    /// It was still waiting when the time was up: there is no timeout on what it reads.
    Hung,
    /// It failed, with this error, although the body was the same to every reader of its format, or
    /// only slow.
    Failed(String),
    /// It said that all was well, and had read this instead of the whole answer.
    Mistaken(String),
}

impl Report {
    /// Whether nothing was found.
    pub fn is_ok(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many cases were played, the one without trouble included.
    pub fn cases(&self) -> usize {
        self.cases
    }

    /// How many frames the answer has.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// What was found, in the order of the cases.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Checks that nothing was found.
    ///
    /// # Panics
    ///
    /// If something was, with all of it in the message.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert!(self.is_ok(), "{self}");
    }
}

impl Outcome {
    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Hung => f.write_str("hung: nothing ended its wait"),
            Self::Failed(error) => write!(f, "failed although the answer was all there: {error}"),
            Self::Mistaken(value) => write!(f, "took this for the whole answer: {value}"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            Some(fault) => write!(f, "{fault:?}: {}", self.outcome),
            None => write!(f, "without any fault: {}", self.outcome),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} cases over {} frames went wrong",
            self.findings.len(),
            self.cases,
            self.frames
        )?;
        // Of a kind of fault with the same outcome the first is told.
        let mut told: Vec<(&Finding, Vec<&Finding>)> = Vec::new();
        for finding in &self.findings {
            let name = |finding: &Finding| finding.fault.as_ref().map(Fault::name);
            let like = told.iter_mut().find(|(first, _)| {
                name(first) == name(finding) && first.outcome.is_like(&finding.outcome)
            });
            match like {
                Some((_, more)) => more.push(finding),
                None => told.push((finding, Vec::new())),
            }
        }
        for (first, more) in told {
            write!(f, "\n  {first}")?;
            if let Some(Finding { fault: Some(last), .. }) = more.last() {
                write!(f, "\n    and {} more, to {last:?}", more.len())?;
            }
        }
        Ok(())
    }
}
