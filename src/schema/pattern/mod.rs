//! Regular expressions of `pattern`: enough of ECMA 262 to write a text that matches, and to say
//! whether one does.
//!
//! Literals, classes, `\d \w \s`, groups, alternation, all repetitions, anchors, word boundaries
//! and look-aheads. Not: back-references, look-behinds, `\p{..}`.

mod parse;
mod program;
mod write;

use crate::util::rng::Rng;

/// A pattern, parsed and compiled.
#[derive(Debug)]
pub(super) struct Pattern {
    tree: Node,
    program: program::Program,
}

impl Pattern {
    /// Parses `source`, or says what in it is not supported.
    pub(super) fn parse(source: &str) -> Result<Self, &'static str> {
        let tree = parse::parse(source)?;
        let program = program::Program::compile(&tree)?;
        Ok(Self { tree, program })
    }

    /// Whether `text` matches somewhere. `None` if that takes more than `fuel` steps.
    pub(super) fn matches(&self, text: &str, fuel: &mut u64) -> Option<bool> {
        let text: Vec<char> = text.chars().collect();
        self.program.search(&text, fuel)
    }

    /// A text that is likely to match (look-aheads and boundaries are for the caller to check).
    /// `extra` is how often it repeats beyond what it must.
    pub(super) fn write(&self, extra: u32, plain: bool, rng: &mut Rng) -> String {
        let mut text = String::new();
        write::write(&self.tree, extra, plain, rng, &mut text);
        text
    }
}

/// A piece of a pattern.
#[derive(Debug)]
enum Node {
    Alternate(Vec<Node>),
    Boundary { negated: bool },
    Class(Class),
    Concat(Vec<Node>),
    End,
    Look { negated: bool, inner: Box<Node> },
    Repeat { inner: Box<Node>, least: u32, most: Option<u32> },
    Start,
}

/// A set of characters.
#[derive(Clone, Debug, Default)]
struct Class {
    ranges: Vec<(char, char)>,
    negated: bool,
}

impl Class {
    fn one(it: char) -> Self {
        Self { ranges: vec![(it, it)], negated: false }
    }

    fn contains(&self, it: char) -> bool {
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&it)) != self.negated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(text, &mut 100_000).unwrap()
    }

    #[test]
    fn texts_match_or_not() {
        assert!(matches("^a+b?$", "aaab") && !matches("^a+b?$", "b"));
        assert!(matches("b", "abc") && !matches("^b", "abc"));
        assert!(matches(r"^\d{3}-\d{4}$", "555-0100") && !matches(r"^\d{3}-\d{4}$", "555-010"));
        assert!(matches("^(foo|bar)*$", "foobar") && !matches("^(foo|bar)*$", "fooba"));
        assert!(matches("^[^a-c]$", "d") && !matches("^[^a-c]$", "b"));
        assert!(matches(r"^(?=.*\d)(?!x).{2,4}$", "a1") && !matches(r"^(?!x).+$", "xy"));
        assert!(matches(r"\bcat\b", "a cat.") && !matches(r"\bcat\b", "cats"));
        assert!(matches(r"^[\w.-]+@[\w-]+\.[a-z]{2,}$", "me@example.com"));
        assert!(matches("^(a*)*$", "aaa"));
    }

    #[test]
    fn what_is_written_matches() {
        for source in [
            r"^\d{3}-\d{4}$",
            "^(foo|ba[rz])+$",
            r"^[A-Z]{2}\d{2,5}[^a-z]$",
            r"^\+?[1-9]\d{1,14}$",
            r"^#(?:[0-9a-fA-F]{3}){1,2}$",
            r"^\w+\s\W$",
            r"^.{5,}$",
            r"^\u0041\x42\t$",
            "x",
            "",
        ] {
            let pattern = Pattern::parse(source).unwrap();
            for extra in 0..5 {
                let text = pattern.write(extra, extra == 0, &mut Rng::new(u64::from(extra)));
                assert_eq!(pattern.matches(&text, &mut 100_000), Some(true), "{source} {text:?}");
            }
        }
    }

    #[test]
    fn what_is_not_supported_is_said() {
        for source in [r"(a)\1", "(?<=a)b", r"\p{L}", "(", "a)", "[z-a]", "a{9999999}", "*", "\\"] {
            assert!(Pattern::parse(source).is_err(), "{source}");
        }
        assert!(Pattern::parse(&"(".repeat(100_000)).is_err());
        assert!(Pattern::parse("((a{1000}){1000}){1000}").is_err());
    }
}
