//! Regular expressions, and the texts without which they have no match.

use std::fmt;
use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::subject::Subject;
use super::{Needs, Source, Want};

/// A regular expression. It is parsed at once and compiled when a text is first held against it:
/// of thousands, most never are.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Arc<Parsed>);

#[derive(Debug)]
struct Parsed {
    source: Box<str>,
    compiled: OnceLock<Option<Regex>>,
    /// On some subject or other.
    needs: Needs,
}

impl Pattern {
    pub(super) fn new(regex: &str) -> Result<Self, regex::Error> {
        let compiled = OnceLock::new();
        let needs = match regex_syntax::parse(regex) {
            // It cannot come out too large.
            Ok(hir) if size(&hir) <= MOST_UNCOMPILED => needs(&hir),
            parsed => {
                let _ = compiled.set(Some(Regex::new(regex)?));
                parsed.map(|hir| needs(&hir)).unwrap_or_default()
            }
        };
        Ok(Self(Arc::new(Parsed { source: regex.into(), compiled, needs })))
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.compiled().is_some_and(|regex| regex.is_match(text))
    }

    /// What its groups catch, if it matches.
    #[cfg(feature = "templates")]
    pub(super) fn captures(&self, text: &str) -> Option<super::Captures> {
        let regex = self.compiled()?;
        let caught = regex.captures(text)?;
        let groups = regex.capture_names().zip(caught.iter());
        let groups = groups.map(|(name, group)| {
            (name.map(str::to_owned), group.map(|group| group.as_str().to_owned()))
        });
        Some(super::Captures(groups.collect()))
    }

    fn compiled(&self) -> Option<&Regex> {
        let compile = || {
            let mut builder = RegexBuilder::new(&self.0.source);
            // It was found to be correct, and small.
            builder.size_limit(usize::MAX).build().ok()
        };
        self.0.compiled.get_or_init(compile).as_ref()
    }

    /// The texts that a subject must have for it to match.
    pub(super) fn needs(&self, subject: &Subject) -> Needs {
        let mut needs = self.0.needs.clone();
        for probe in needs.0.iter_mut().flatten() {
            probe.source = Source::Text(subject.clone());
        }
        needs
    }
}

/// As counted by [`size`]: far from what `regex` refuses, some 10 MB.
const MOST_UNCOMPILED: u64 = 16_384;

/// About how many states it comes to.
fn size(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(Class::Unicode(class)) => 4 * class.ranges().len() as u64,
        HirKind::Class(Class::Bytes(class)) => class.ranges().len() as u64,
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            size(&repetition.sub).saturating_mul(u64::from(times))
        }
        HirKind::Capture(capture) => 2 + size(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(1, |sum, part| sum.saturating_add(size(part)))
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.source)
    }
}

fn needs(hir: &Hir) -> Needs {
    let mut walk = Walk::default();
    walk.through(hir);
    walk.end_run();
    walk.needs
}

/// Goes through an expression from left to right.
#[derive(Default)]
struct Walk {
    /// What every match has in one piece, so far.
    run: String,
    /// Whether that is so only in lower case.
    folded: bool,
    needs: Needs,
}

impl Walk {
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
                let ways = ways.iter().map(needs);
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
        let more = Needs::text(&Subject::Model, want);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_needs_texts() {
        for (regex, needs) in [
            ("", "[]"),
            ("abc", r#"[[Contains("abc")]]"#),
            ("^abc$", r#"[[Contains("abc")]]"#),
            (r"\bab\d+c", r#"[[Contains("ab")], [Contains("c")]]"#),
            ("(?i)Refund", r#"[[Folded("refund")]]"#),
            // The long s is another letter in lower case too.
            ("(?i)pass", r#"[[Folded("pa")]]"#),
            ("(?i)k", r#"[[Folded("k")]]"#),
            ("a(?i:X)B", r#"[[Folded("axb")]]"#),
            ("foo|bar", r#"[[Contains("foo"), Contains("bar")]]"#),
            ("foo|.", "[]"),
            ("(foo)+x?", r#"[[Contains("foo")]]"#),
            ("(foo)*", "[]"),
            ("(foo){0,3}", "[]"),
            ("[ab]c", r#"[[Contains("c")]]"#),
        ] {
            let found = Pattern::new(regex).unwrap().needs(&Subject::System);
            let found: Vec<Vec<Want>> = found
                .0
                .into_iter()
                .map(|clause| clause.into_iter().map(|probe| probe.want).collect())
                .collect();
            assert_eq!(format!("{found:?}"), needs, "{regex}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused_at_once() {
        assert!(Pattern::new(r"\w{200}{200}").unwrap_err().to_string().contains("size limit"));
        assert!(Pattern::new(r"\w{200}").unwrap().is_match(&"a".repeat(200)));
        assert!(Pattern::new(r"\w{3}").unwrap().is_match("abc"));
    }
}
