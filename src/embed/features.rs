//! What a text is made of.

use crate::util::rng::hash;

/// Hands each feature of `text` to `add`, with its weight. Case and punctuation play no part.
pub(super) fn each(text: &str, seed: u64, add: &mut impl FnMut(u64, f32)) {
    let mut words = Words { seed, add, word: Vec::with_capacity(32), last: None, last_sign: None };
    for c in text.chars() {
        match c {
            'a'..='z' | '0'..='9' => words.word.push(c as u8),
            'A'..='Z' => words.word.push(c.to_ascii_lowercase() as u8),
            // don't, l'heure
            '\'' | '\u{2019}' => {}
            _ if c.is_ascii() => words.end(),
            _ if is_word_by_itself(c) => words.sign(c),
            _ if c.is_alphanumeric() => {
                for lower in c.to_lowercase() {
                    words.word.extend_from_slice(lower.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            _ => words.end(),
        }
    }
    words.end();
}

struct Words<'a, F> {
    seed: u64,
    add: &'a mut F,
    /// The word that is being read, in lower case.
    word: Vec<u8>,
    /// The word before, and its weight.
    last: Option<(u64, f32)>,
    /// The sign before, when it stands right before.
    last_sign: Option<u64>,
}

impl<F: FnMut(u64, f32)> Words<'_, F> {
    /// The word ends here.
    fn end(&mut self) {
        self.last_sign = None;
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let weight = weight(&word);
        let feature = hash(self.seed, &word);
        (self.add)(feature, weight);
        let (stem, has_i) = stem(&word);
        (self.add)(hash(self.seed ^ STEM ^ u64::from(has_i), stem), weight);
        if word.len() >= 4 {
            // Together they weigh as much as half a word, whatever its length.
            let each = weight * 0.5 / (word.len() as f32).sqrt();
            let mut three = u64::from(word[0]);
            for byte in word[1..].iter().chain(&[0]) {
                three = (three << 8 | u64::from(*byte)) & 0xff_ffff;
                (self.add)(mix(self.seed, three | 3 << 24), each);
            }
        }
        if let Some((before, weight_before)) = self.last.replace((feature, weight)) {
            (self.add)(mix(before.rotate_left(7), feature), 0.3 * weight.min(weight_before));
        }
        self.word = word;
        self.word.clear();
    }

    /// A sign that is a word by itself.
    fn sign(&mut self, c: char) {
        let before = self.last_sign;
        self.end();
        let feature = mix(self.seed, u64::from(c));
        (self.add)(feature, 0.5);
        if let Some(before) = before {
            (self.add)(mix(before.rotate_left(7), feature), 1.0);
        }
        self.last_sign = Some(feature);
    }
}

/// Scripts that set no spaces between words.
fn is_word_by_itself(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn weight(word: &[u8]) -> f32 {
    let is_stop_word = packed(word).is_some_and(is_stop_word);
    match word.len() {
        _ if is_stop_word => 0.1,
        1 | 2 => 0.5,
        _ => 1.0,
    }
}

/// A short word as a number.
fn packed(word: &[u8]) -> Option<u64> {
    let mut bytes = [0; 8];
    bytes.get_mut(..word.len())?.copy_from_slice(word);
    Some(u64::from_le_bytes(bytes))
}

/// A word without the ending that English grammar gave it, roughly, and whether an `i` belongs
/// to it: `cities` and `city` are `cit` with one.
fn stem(word: &[u8]) -> (&[u8], bool) {
    const LONGEST_FIRST: [&[u8]; 10] =
        [b"ations", b"ation", b"ingly", b"edly", b"ing", b"ies", b"ed", b"es", b"ly", b"s"];
    let fits = |ending: &&&[u8]| word.len() >= ending.len() + 3 && word.ends_with(ending);
    // Most words end with none of them.
    let may_end = matches!(word, [.., b's' | b'n' | b'y' | b'g' | b'd']);
    let ending = may_end.then(|| LONGEST_FIRST.iter().find(fits)).flatten();
    let mut stem = word;
    if let Some(ending) = ending {
        stem = &word[..word.len() - ending.len()];
        match (*ending, stem) {
            (b"ies", _) => return (stem, true),
            // running, planned
            (b"ing" | b"ed", [rest @ .., a, b]) if a == b && !b"aeiouls".contains(b) => {
                stem = &stem[..rest.len() + 1];
            }
            _ => {}
        }
    }
    match stem {
        [rest @ .., b'e'] if rest.len() >= 3 => (rest, false),
        [rest @ .., b'y'] if rest.len() >= 2 => (rest, true),
        _ => (stem, false),
    }
}

fn mix(a: u64, b: u64) -> u64 {
    let wide = u128::from(a ^ 0x9e37_79b9_7f4a_7c15) * u128::from(b ^ 0xe703_7ed1_a0b4_28db);
    let folded = (wide as u64) ^ ((wide >> 64) as u64);
    folded ^ (folded >> 29)
}

const STEM: u64 = 0x7374_656d;

fn is_stop_word(word: u64) -> bool {
    let mut at = place(word);
    while STOP_WORDS[at] != 0 {
        if STOP_WORDS[at] == word {
            return true;
        }
        at = (at + 1) % STOP_WORDS.len();
    }
    false
}

/// Where a packed word is looked for first.
const fn place(word: u64) -> usize {
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 55) as usize
}

/// Words that every text has, packed, each at its place or right after; elsewhere zero.
static STOP_WORDS: [u64; 512] = {
    const WORDS: &[u8] = b"a about after all also am an and any are as at be because been before \
        being but by can could did do does doing dont for from get had has have he her here him \
        his how i if in into is it its just me more most my no not of on or other our out over \
        please she should so some such than that the their them then there these they this those \
        to too up us very was we were what when where which while who why will with would you \
        your ";
    let mut table = [0; 512];
    let (mut word, mut length) = (0, 0);
    let mut next = 0;
    while next < WORDS.len() {
        if WORDS[next] == b' ' {
            let mut at = place(word);
            while table[at] != 0 {
                at = (at + 1) % table.len();
            }
            table[at] = word;
            (word, length) = (0, 0);
        } else {
            word |= (WORDS[next] as u64) << (8 * length);
            length += 1;
        }
        next += 1;
    }
    table
};
