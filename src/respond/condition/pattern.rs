//! Regular expressions, and the texts without which they have no match.

use std::fmt;

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::subject::Subject;
use super::{Needs, Want};

/// A regular expression.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    pub(super) fn new(regex: &str) -> Result<Self, regex::Error> {
        Regex::new(regex).map(Self)
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The texts that a subject must have for it to match.
    pub(super) fn needs(&self, subject: &Subject) -> Needs {
        match regex_syntax::parse(self.0.as_str()) {
            Ok(hir) => needs(&hir, subject),
            Err(_) => Needs::default(),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn needs(hir: &Hir, subject: &Subject) -> Needs {
    let mut walk = Walk { subject, run: String::new(), folded: false, needs: Needs::default() };
    walk.through(hir);
    walk.end_run();
    walk.needs
}

/// Goes through an expression from left to right.
struct Walk<'a> {
    subject: &'a Subject,
    /// What every match has in one piece, so far.
    run: String,
    /// Whether that is so only in lower case.
    folded: bool,
    needs: Needs,
}

impl Walk<'_> {
    fn through(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) => self.run.push_str(text),
                Err(_) => self.end_run(),
            },
            HirKind::Class(class) => match one_letter(class) {
                Some(letter) => {
                    self.folded = true;
                    self.run.push(letter);
                }
                None => self.end_run(),
            },
            HirKind::Repetition(repetition) => {
                self.end_run();
                if repetition.min > 0 {
                    self.through(&repetition.sub);
                    self.end_run();
                }
            }
            HirKind::Capture(capture) => self.through(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.through(part)),
            HirKind::Alternation(ways) => {
                self.end_run();
                let ways = ways.iter().map(|way| needs(way, self.subject));
                if let Some(either) = ways.reduce(|one, other| one.or(&other)) {
                    self.needs.0.extend(either.0);
                }
            }
        }
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        let want = if std::mem::take(&mut self.folded) {
            Want::Folded(run.chars().flat_map(char::to_lowercase).collect())
        } else {
            Want::Contains(run)
        };
        let more = Needs::text(self.subject, want);
        self.needs.0.extend(more.0);
    }
}

/// The letter that all of a class are in lower case: what `(?i)` makes of a letter.
fn one_letter(class: &Class) -> Option<char> {
    /// `k`, `K` and the Kelvin sign; no letter has many more.
    const MOST: usize = 8;
    let Class::Unicode(class) = class else {
        return None;
    };
    let mut letters = class.iter().flat_map(|range| range.start()..=range.end()).take(MOST + 1);
    let lower = |letter: char| {
        let mut lower = letter.to_lowercase();
        lower.next().filter(|_| lower.next().is_none())
    };
    let first = lower(letters.next()?)?;
    let mut left = MOST;
    letters
        .all(|letter| {
            left -= 1;
            left > 0 && lower(letter) == Some(first)
        })
        .then_some(first)
}
