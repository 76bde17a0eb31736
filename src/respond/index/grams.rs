//! Which of many texts another contains, in one pass.
//!
//! Of each text the piece of four bytes that the fewest others have is filed (of two or one, where
//! it is shorter); each piece of the text that is searched is looked up. A bit per piece, few enough to
//! stay in the nearest cache, turns nearly all of them away. It takes about a nanosecond a byte,
//! however many texts there are, and a fraction of an automaton's time and memory to make.

/// Texts to look for, each with its list.
#[derive(Debug)]
pub(super) struct Literals {
    /// All the texts, in one piece.
    texts: Box<[u8]>,
    fours: Grams<4>,
    twos: Grams<2>,
    ones: Grams<1>,
}

/// Texts of which pieces of `N` bytes are filed.
#[derive(Debug)]
struct Grams<const N: usize> {
    /// A bit a bucket: whether there is anything in it.
    filter: Box<[u64]>,
    shift: u32,
    starts: Box<[u32]>,
    entries: Box<[Entry]>,
}

/// A text that is filed under a piece of it.
#[derive(Clone, Copy, Debug)]
struct Entry {
    gram: u32,
    /// Where in the text the piece is.
    at: u32,
    start: u32,
    end: u32,
    list: u32,
}

impl Literals {
    /// None of them may be empty.
    pub(super) fn new(texts: Vec<(Box<[u8]>, u32)>) -> Self {
        let mut all = Vec::new();
        let mut by_length: [Vec<Entry>; 3] = Default::default();
        for (text, list) in &texts {
            let start = all.len() as u32;
            all.extend_from_slice(text);
            let class = match text.len() {
                1 => 0,
                2 | 3 => 1,
                _ => 2,
            };
            let end = all.len() as u32;
            by_length[class].push(Entry { gram: 0, at: 0, start, end, list: *list });
        }
        let [ones, twos, fours] = by_length;
        Self {
            fours: Grams::new(fours, &all),
            twos: Grams::new(twos, &all),
            ones: Grams::new(ones, &all),
            texts: all.into(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Hands over the list of each that `text` contains, some more than once.
    pub(super) fn search(&self, text: &[u8], found: &mut impl FnMut(u32)) {
        self.fours.search(text, &self.texts, found);
        self.twos.search(text, &self.texts, found);
        self.ones.search(text, &self.texts, found);
    }
}

impl<const N: usize> Grams<N> {
    fn new(mut entries: Vec<Entry>, texts: &[u8]) -> Self {
        if entries.is_empty() {
            return Self {
                filter: Box::default(),
                shift: 0,
                starts: Box::default(),
                entries: Box::default(),
            };
        }
        let pieces = |entry: &Entry| texts[entry.start as usize..entry.end as usize].windows(N);
        // How many texts have a piece, as near as 16 bits of its hash tell.
        let mut shared = vec![0_u32; 1 << 16];
        for piece in entries.iter().flat_map(pieces) {
            shared[bucket(gram(piece), 16)] += 1;
        }
        // Some 16 buckets for each entry.
        let log = (entries.len() * 16).next_power_of_two().ilog2().clamp(6, 20);
        let shift = 32 - log;
        let mut filter = vec![0_u64; (1 << log) / 64];
        for entry in &mut entries {
            let grams = pieces(entry).map(gram).enumerate();
            if let Some((at, gram)) = grams.min_by_key(|(_, gram)| shared[bucket(*gram, 16)]) {
                (entry.at, entry.gram) = (at as u32, gram);
            }
            let bucket = bucket(entry.gram, shift);
            filter[bucket / 64] |= 1 << (bucket % 64);
        }
        entries.sort_unstable_by_key(|entry| (bucket(entry.gram, shift), entry.gram));
        let mut starts = vec![0_u32; (1 << log) + 1];
        for entry in &entries {
            starts[bucket(entry.gram, shift) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Self { filter: filter.into(), shift, starts: starts.into(), entries: entries.into() }
    }

    fn search(&self, text: &[u8], texts: &[u8], found: &mut impl FnMut(u32)) {
        if self.entries.is_empty() {
            return;
        }
        for (at, piece) in text.windows(N).enumerate() {
            let gram = gram(piece);
            let bucket = bucket(gram, self.shift);
            if self.filter[bucket / 64] & (1 << (bucket % 64)) == 0 {
                continue;
            }
            let (start, end) = (self.starts[bucket], self.starts[bucket + 1]);
            for entry in &self.entries[start as usize..end as usize] {
                let Some(from) = at.checked_sub(entry.at as usize) else {
                    continue;
                };
                let wanted = &texts[entry.start as usize..entry.end as usize];
                if entry.gram == gram && text[from..].starts_with(wanted) {
                    found(entry.list);
                }
            }
        }
    }
}

/// Up to four bytes as a number.
fn gram(piece: &[u8]) -> u32 {
    match *piece {
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
        [a, b] => u32::from(u16::from_le_bytes([a, b])),
        [a] => u32::from(a),
        _ => 0,
    }
}

fn bucket(gram: u32, shift: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> shift) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::rng::Rng;

    /// Texts over few letters, so that they often are in each other.
    fn text(rng: &mut Rng, most: u64) -> String {
        let letters = ["a", "b", "c", "\u{e9}", "\u{5929}"];
        (0..rng.below(most)).map(|_| letters[rng.below(5) as usize]).collect()
    }

    #[test]
    fn finds_what_the_standard_library_finds() {
        let mut rng = Rng::new(1);
        for _ in 0..300 {
            let mut wanted: Vec<String> = (0..1 + rng.below(200))
                .map(|_| text(&mut rng, 12))
                .filter(|text| !text.is_empty())
                .collect();
            wanted.sort();
            wanted.dedup();
            let numbered =
                wanted.iter().zip(0..).map(|(text, list)| (text.as_bytes().into(), list));
            let literals = Literals::new(numbered.collect());
            for _ in 0..20 {
                let text = text(&mut rng, 60);
                let mut found = Vec::new();
                literals.search(text.as_bytes(), &mut |list| found.push(list));
                found.sort_unstable();
                found.dedup();
                let expected: Vec<u32> = wanted
                    .iter()
                    .zip(0..)
                    .filter_map(|(wanted, list)| text.contains(wanted).then_some(list))
                    .collect();
                assert_eq!(found, expected, "{text}");
            }
        }
    }
}
