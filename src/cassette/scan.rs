//! JSON without a tree: where each value stands, in one pass.

use crate::wire::{find_special, find_special_in_short};

/// A value, a name or a container, in the order of the text.
#[derive(Clone, Copy, Debug)]
pub(in crate::cassette) struct Node {
    pub(in crate::cassette) kind: Kind,
    /// Of a text, without its quotes.
    pub(in crate::cassette) start: u32,
    pub(in crate::cassette) end: u32,
    /// The place of what comes after it, and after what is in it.
    pub(in crate::cassette) next: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cassette) enum Kind {
    Array,
    /// A text with escapes in it.
    Escaped,
    False,
    Null,
    Number,
    /// Names and values by turns.
    Object,
    Text,
    True,
}

/// As deep as serde_json reads.
const DEEPEST: usize = 127;

/// Notes where everything stands. `None` for what is no JSON, and for some that is: too deep, too large,
/// with numbers that are too long. Whatever is noted, serde_json reads too.
pub(in crate::cassette) fn scan(text: &str, nodes: &mut Vec<Node>) -> Option<()> {
    /// So many are in most requests.
    const MANY: usize = 64;
    nodes.clear();
    nodes.reserve(text.len().div_ceil(8).min(MANY));
    if u32::try_from(text.len()).is_err() {
        return None;
    }
    let mut scan = Scan { bytes: text.as_bytes(), at: 0, nodes };
    let mut open = [0_u32; DEEPEST];
    let mut depth = 0;
    scan.blank();
    loop {
        // A value begins here.
        let node = scan.value()?;
        let mut is_begun = matches!(scan.nodes[node].kind, Kind::Array | Kind::Object);
        if is_begun {
            *open.get_mut(depth)? = node as u32;
            depth += 1;
        }
        // Up to where the next one begins.
        loop {
            scan.blank();
            let Some(last) = depth.checked_sub(1) else {
                return (scan.at == scan.bytes.len()).then_some(());
            };
            let container = open[last] as usize;
            let is_object = scan.nodes[container].kind == Kind::Object;
            match scan.bytes.get(scan.at)? {
                b'}' if is_object => {}
                b']' if !is_object => {}
                b',' if !is_begun => {
                    scan.at += 1;
                    scan.blank();
                    if is_object {
                        scan.name()?;
                    }
                    break;
                }
                _ if is_begun => {
                    if is_object {
                        scan.name()?;
                    }
                    break;
                }
                _ => return None,
            }
            scan.at += 1;
            scan.nodes[container].end = scan.at as u32;
            scan.nodes[container].next = scan.nodes.len() as u32;
            depth = last;
            is_begun = false;
        }
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: &'a mut Vec<Node>,
}

impl Scan<'_> {
    fn blank(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// The beginning of a container, or all of another value.
    fn value(&mut self) -> Option<usize> {
        let start = self.at;
        let kind = match *self.bytes.get(start)? {
            b'"' => return self.text(),
            b'{' => self.word(b"{", Kind::Object)?,
            b'[' => self.word(b"[", Kind::Array)?,
            b't' => self.word(b"true", Kind::True)?,
            b'f' => self.word(b"false", Kind::False)?,
            b'n' => self.word(b"null", Kind::Null)?,
            _ => self.number()?,
        };
        Some(self.note(kind, start, self.at))
    }

    fn note(&mut self, kind: Kind, start: usize, end: usize) -> usize {
        let node = self.nodes.len();
        let next = node as u32 + 1;
        self.nodes.push(Node { kind, start: start as u32, end: end as u32, next });
        node
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Option<Kind> {
        self.bytes[self.at..].starts_with(word).then(|| {
            self.at += word.len();
            kind
        })
    }

    fn number(&mut self) -> Option<Kind> {
        /// A number that is no longer, with an exponent that is no longer, is one for serde_json too.
        const LONGEST: (usize, usize) = (64, 2);
        let start = self.at;
        self.at += usize::from(self.bytes[self.at] == b'-');
        match self.bytes.get(self.at)? {
            b'0' => self.at += 1,
            _ => drop(self.digits()?),
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            self.digits().filter(|digits| *digits <= LONGEST.1)?;
        }
        (self.at - start <= LONGEST.0).then_some(Kind::Number)
    }

    /// How many; at least one.
    fn digits(&mut self) -> Option<usize> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        Some(self.at - start).filter(|digits| *digits > 0)
    }

    /// A name, its colon, and up to its value.
    fn name(&mut self) -> Option<()> {
        self.text()?;
        self.blank();
        self.word(b":", Kind::Null)?;
        self.blank();
        Some(())
    }

    fn text(&mut self) -> Option<usize> {
        self.word(b"\"", Kind::Text)?;
        let start = self.at;
        let mut kind = Kind::Text;
        loop {
            self.at = plain(self.bytes, self.at);
            match self.bytes.get(self.at)? {
                b'"' => break,
                b'\\' => {
                    kind = Kind::Escaped;
                    self.at += escape(&self.bytes[self.at..])?.1;
                }
                _ => return None,
            }
        }
        self.at += 1;
        Some(self.note(kind, start, self.at - 1))
    }
}

/// Up to where a text does not go on as it is: at a quote, at an escape, at a control character that
/// may not be there, or at the end.
fn plain(bytes: &[u8], at: usize) -> usize {
    /// Names, and most values, are no longer.
    const SHORT: usize = 16;
    let rest = &bytes[at..];
    let (near, far) = rest.split_at(rest.len().min(SHORT));
    let found =
        find_special_in_short(near).or_else(|| find_special(far).map(|found| near.len() + found));
    found.map_or(bytes.len(), |found| at + found)
}

/// The character that an escape stands for, and how long the escape is. `None` if it is none.
fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    let simple = match bytes.get(1)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let first = four(bytes)?;
            if (0xd800..0xdc00).contains(&first) {
                let second = four(&bytes[6..]).filter(|unit| (0xdc00..0xe000).contains(unit))?;
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Some((char::from_u32(code)?, 12));
            }
            return Some((char::from_u32(first)?, 6));
        }
        letter @ (b'"' | b'\\' | b'/') => char::from(*letter),
        _ => return None,
    };
    Some((simple, 2))
}

/// Of `\u12ab`.
fn four(bytes: &[u8]) -> Option<u32> {
    let (lead, digits) = bytes.get(..6)?.split_at(2);
    if lead != b"\\u" {
        return None;
    }
    digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))
}

/// A text as it is meant. `text` is that of a node.
pub(in crate::cassette) fn unescape(text: &[u8], meant: &mut Vec<u8>) {
    meant.clear();
    let mut rest = text;
    loop {
        let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        meant.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        let Some((letter, length)) = escape(rest) else { return };
        meant.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        rest = &rest[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_where_it_ends_whatever_its_length() {
        for length in 0..150 {
            let mut nodes = Vec::new();
            for letter in ['a', '\u{7f}', 'é', '😀'] {
                let text: String = std::iter::repeat_n(letter, length).collect();
                for after in ["", "\"", "\\n", "\u{1}", "\u{1f}", "\" "] {
                    let found = plain((text.clone() + after).as_bytes(), 0);
                    assert_eq!(found, text.len(), "{text:?} {after:?}");
                }
                let quoted = format!("\"{text}\\u00e9\"");
                scan(&quoted, &mut nodes).unwrap();
                let mut meant = Vec::new();
                unescape(&quoted.as_bytes()[1..quoted.len() - 1], &mut meant);
                assert_eq!(String::from_utf8(meant).unwrap(), text + "é");
            }
        }
    }
}
