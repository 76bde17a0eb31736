//! Which of many rules are worth trying for a request, looked up in place of trying each.
//!
//! Each rule that can be looked up is filed under one clause of what it [needs](Needs): the one
//! that it shares with the fewest others. A request has few texts and numbers to look under, so
//! few rules are left; those, and all that cannot be looked up, are tried in the order in which
//! they were mounted. It never decides: a rule that is left is asked whether it matches, one that
//! is ruled out cannot match.

mod grams;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::ControlFlow;

use self::grams::Literals;
use super::condition::{Found, Needs, Source, Want, promise};
use crate::request::LlmRequest;
use crate::util::rng::hash;

/// The rules up to some number, filed.
#[derive(Debug)]
pub(super) struct Index {
    /// How many rules are filed.
    len: usize,
    places: Vec<Place>,
    /// One bit a rule: those that are always tried. Behind them, one a list, all clear.
    bits: Vec<u64>,
    lists: Lists,
}

/// What is looked for in one place of a request.
#[derive(Debug)]
struct Place {
    source: Source,
    /// The hash of a text, or the bits of a number, and its list, in order.
    equals: Vec<(u64, u32)>,
    contains: Literals,
    folded: Literals,
}

/// The rules that are filed under the same thing, list after list.
#[derive(Debug)]
struct Lists {
    starts: Vec<u32>,
    rules: Vec<u32>,
}

impl Index {
    pub(super) fn build(rules: impl ExactSizeIterator<Item = Needs>) -> Self {
        let len = rules.len();
        let mut filing = Filing::default();
        let needs: Vec<_> = rules.map(|needs| filing.known(needs)).collect();
        filing.survey(&needs);

        let mut bits = vec![0; words(len)];
        let mut filed: Vec<(u32, u32)> = Vec::with_capacity(len);
        for (rule, clauses) in needs.iter().enumerate() {
            match filing.best(clauses) {
                Some(clause) => filed.extend(clause.probes.iter().map(|want| (*want, rule as u32))),
                None => set(&mut bits, rule),
            }
        }
        filed.sort_unstable();
        filed.dedup();

        let mut lists = Lists { starts: vec![0], rules: Vec::with_capacity(filed.len()) };
        let mut places: Vec<_> = filing.sources.into_iter().map(Draft::new).collect();
        for same in filed.chunk_by(|one, other| one.0 == other.0) {
            let list = (lists.starts.len() - 1) as u32;
            lists.rules.extend(same.iter().map(|(_, rule)| *rule));
            lists.starts.push(lists.rules.len() as u32);
            let want = &mut filing.wants[same[0].0 as usize];
            places[want.source].add(&want.want, list);
        }
        bits.resize(words(len) + words(lists.starts.len() - 1), 0);
        let places = places.into_iter().filter_map(Draft::done).collect();
        Self { len, places, bits, lists }
    }

    /// How many rules it knows: later ones must be tried.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Tries, in order, each rule that may match.
    pub(super) fn visit<T>(
        &self,
        request: &LlmRequest,
        mut visit: impl FnMut(usize) -> Option<T>,
    ) -> Option<T> {
        let mut bits = self.bits.clone();
        let (rules, seen) = bits.split_at_mut(words(self.len));
        let mut open = |list: u32| {
            let list = list as usize;
            if get(seen, list) {
                return;
            }
            set(seen, list);
            let (start, end) = (self.lists.starts[list], self.lists.starts[list + 1]);
            for rule in &self.lists.rules[start as usize..end as usize] {
                set(rules, *rule as usize);
            }
        };
        for place in &self.places {
            place.source.each(request, |found| place.look(found, &mut open));
        }
        let found = rules.iter().enumerate().try_for_each(|(word, bits)| {
            let mut left = *bits;
            while left != 0 {
                let rule = word * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                if let Some(found) = visit(rule) {
                    return ControlFlow::Break(found);
                }
            }
            ControlFlow::Continue(())
        });
        found.break_value()
    }
}

impl Place {
    fn look(&self, found: Found<'_>, open: &mut impl FnMut(u32)) {
        let text = match found {
            Found::Number(bits) => return self.look_up(bits, open),
            Found::Text(text) => text,
        };
        if !self.equals.is_empty() {
            self.look_up(hash(0, text.as_bytes()), open);
        }
        self.contains.search(text.as_bytes(), open);
        if !self.folded.is_empty() {
            self.folded.search(folded(text).as_bytes(), open);
        }
    }

    /// Two texts of the same hash only mean that a rule more is tried.
    fn look_up(&self, hash: u64, open: &mut impl FnMut(u32)) {
        if let Ok(at) = self.equals.binary_search_by_key(&hash, |(hash, _)| *hash) {
            open(self.equals[at].1);
        }
    }
}

/// As conditions fold it: letter by letter.
fn folded(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return text.chars().flat_map(char::to_lowercase).collect();
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// While it is decided what each rule is filed under.
#[derive(Default)]
struct Filing {
    known_sources: HashMap<Source, usize>,
    /// Each place, and how many rules could be filed there.
    sources: Vec<(Source, usize)>,
    known_wants: HashMap<(usize, Want), u32>,
    wants: Vec<Wanted>,
}

/// One thing that rules could be filed under, and how many.
struct Wanted {
    source: usize,
    want: Want,
    rules: usize,
}

/// A clause, its probes as numbers of what is wanted.
struct Clause {
    probes: Vec<u32>,
    promise: usize,
}

impl Filing {
    fn known(&mut self, needs: Needs) -> Vec<Clause> {
        let clauses = needs.0.into_iter().map(|clause| {
            let promise = promise(&clause);
            let probes = clause.into_iter().map(|probe| {
                let sources = &mut self.sources;
                let source = match self.known_sources.get(&probe.source) {
                    Some(known) => *known,
                    None => {
                        sources.push((probe.source.clone(), 0));
                        self.known_sources.insert(probe.source, sources.len() - 1);
                        sources.len() - 1
                    }
                };
                let wants = &mut self.wants;
                *self.known_wants.entry((source, probe.want)).or_insert_with_key(|(_, want)| {
                    wants.push(Wanted { source, want: want.clone(), rules: 0 });
                    (wants.len() - 1) as u32
                })
            });
            Clause { probes: probes.collect(), promise }
        });
        clauses.collect()
    }

    /// Counts how many rules each thing, and each place, would tell apart.
    fn survey(&mut self, needs: &[Vec<Clause>]) {
        let mut last = vec![usize::MAX; self.sources.len()];
        for (rule, clauses) in needs.iter().enumerate() {
            for want in clauses.iter().flat_map(|clause| &clause.probes) {
                let wanted = &mut self.wants[*want as usize];
                wanted.rules += 1;
                if last[wanted.source] != rule {
                    last[wanted.source] = rule;
                    self.sources[wanted.source].1 += 1;
                }
            }
        }
    }

    /// The clause under which the fewest other rules would be found.
    fn best<'a>(&self, clauses: &'a [Clause]) -> Option<&'a Clause> {
        let wanted = |clause: &'a Clause| clause.probes.iter().map(|w| &self.wants[*w as usize]);
        // A place where few rules look is not worth looking at for each request.
        let worth = |clause: &&'a Clause| {
            wanted(clause).all(|wanted| {
                let (source, rules) = &self.sources[wanted.source];
                *rules >= if source.is_dear() { 32 } else { 4 }
            })
        };
        clauses.iter().filter(worth).min_by_key(|clause| {
            let dear = wanted(clause).any(|wanted| self.sources[wanted.source].0.is_dear());
            let others: usize = wanted(clause).map(|wanted| wanted.rules).sum();
            (others, dear, std::cmp::Reverse(clause.promise))
        })
    }
}

/// A place while things are filed there.
struct Draft {
    source: Source,
    equals: Vec<(u64, u32)>,
    contains: Vec<(Box<[u8]>, u32)>,
    folded: Vec<(Box<[u8]>, u32)>,
}

impl Draft {
    fn new((source, _): (Source, usize)) -> Self {
        Self { source, equals: Vec::new(), contains: Vec::new(), folded: Vec::new() }
    }

    fn add(&mut self, want: &Want, list: u32) {
        match want {
            Want::Contains(text) => self.contains.push((text.as_bytes().into(), list)),
            Want::Equals(text) => self.equals.push((hash(0, text.as_bytes()), list)),
            Want::Folded(text) => self.folded.push((text.as_bytes().into(), list)),
            Want::Number(bits) => self.equals.push((*bits, list)),
        }
    }

    fn done(mut self) -> Option<Place> {
        if self.equals.is_empty() && self.contains.is_empty() && self.folded.is_empty() {
            return None;
        }
        self.equals.sort_unstable();
        Some(Place {
            source: self.source,
            equals: self.equals,
            contains: Literals::new(self.contains),
            folded: Literals::new(self.folded),
        })
    }
}

/// How many words so many bits take.
fn words(bits: usize) -> usize {
    bits.div_ceil(64)
}

fn set(bits: &mut [u64], at: usize) {
    bits[at / 64] |= 1 << (at % 64);
}

fn get(bits: &[u64], at: usize) -> bool {
    bits[at / 64] & (1 << (at % 64)) != 0
}
