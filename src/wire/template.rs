//! A JSON text with holes, compiled from the serde struct that it stands for.
//!
//! Serializing a struct costs ten times what copying its text does, and in a stream nearly all
//! of the text is the same from frame to frame. So the struct is serialized once, with the
//! sentinels of [`hole`] in the places that vary, and split there.

use bytes::{BufMut, BytesMut};
use memchr::memchr2;
use serde::Serialize;

use super::find_special;

/// Sentinels: put them into a struct's fields, then compile it.
pub(crate) mod hole {
    /// Stands for a string, its quotes included but in a [template of letters](super::Template::of_letters):
    /// of the indices 0 to 4.
    pub(crate) const fn text(index: u8) -> &'static str {
        TEXT[index as usize]
    }

    /// Stands for a number: of the indices 0 to 3.
    pub(crate) const fn number(index: u8) -> u64 {
        NUMBER[index as usize]
    }

    pub(super) const TEXT: [&str; 5] = [
        "\u{f8f0}0\u{f8ff}",
        "\u{f8f0}1\u{f8ff}",
        "\u{f8f0}2\u{f8ff}",
        "\u{f8f0}3\u{f8ff}",
        "\u{f8f0}4\u{f8ff}",
    ];
    /// The first byte of each of them, behind the quote.
    pub(super) const MARK: u8 = 0xef;
    const NUMBER: [u64; 4] = [FIRST, FIRST + 1, FIRST + 2, FIRST + 3];
    const FIRST: u64 = 8_765_432_109_876_543_210;
    /// The digits of all of them but the last, which is `0` to `3`.
    pub(super) const DIGITS: &[u8] = b"876543210987654321";
}

/// A hole: the index of its [`hole::text`] or [`hole::number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    Number(u8),
    Text(u8),
}

/// Text with holes. Streams that wait have one each, so it is kept small.
#[derive(Clone, Debug, Default)]
pub(crate) struct Template {
    text: Box<[u8]>,
    /// Each hole, and how much of the text lies between it and the one before.
    holes: Box<[(u32, Hole)]>,
}

impl Template {
    /// # Panics
    ///
    /// If the text is longer than 4 GiB.
    pub(crate) fn compile(text: &[u8]) -> Self {
        Self::with_holes(text, 0)
    }

    /// The same, but the quotes around a text are the template's, so that
    /// [letters](put_letters) are all that goes into its hole.
    pub(crate) fn of_letters(text: &[u8]) -> Self {
        Self::with_holes(text, 1)
    }

    /// So many quotes stay on either side of a text's hole: 0 or 1.
    fn with_holes(text: &[u8], quotes: usize) -> Self {
        let (mut plain, mut holes) = (Vec::with_capacity(text.len()), Vec::new());
        let (mut start, mut at) = (0, 0);
        // What a sentinel begins with: a text's has its quote before.
        while let Some(found) = memchr2(hole::MARK, hole::DIGITS[0], &text[at..]) {
            at += found;
            let begin = if text[at] == hole::MARK { at.saturating_sub(1) } else { at };
            let Some((hole, length)) = hole_at(&text[begin..]) else {
                at += 1;
                continue;
            };
            let quotes = if matches!(hole, Hole::Text(_)) { quotes } else { 0 };
            let before = &text[start..begin + quotes];
            plain.extend_from_slice(before);
            holes.push((u32::try_from(before.len()).expect("no frame has 4 GiB"), hole));
            at = begin + length;
            start = at - quotes;
        }
        plain.extend_from_slice(&text[start..]);
        Self { text: plain.into(), holes: holes.into() }
    }

    /// The bytes between and around the holes.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// Appends the text to `out`; `fill` writes what belongs into each hole.
    pub(crate) fn render<B: BufMut>(&self, out: &mut B, mut fill: impl FnMut(Hole, &mut B)) {
        let mut rest = &self.text[..];
        for (length, hole) in &self.holes {
            let (before, after) = rest.split_at(*length as usize);
            out.put_slice(before);
            fill(*hole, out);
            rest = after;
        }
        out.put_slice(rest);
    }
}

/// Appends a number.
pub(crate) fn put_number(out: &mut impl BufMut, number: u64) {
    out.put_slice(Digits::of(number).as_bytes());
}

/// How many digits a number has.
pub(crate) fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// A number, written.
pub(crate) struct Digits {
    bytes: [u8; 20],
    start: u8,
}

impl Digits {
    pub(crate) fn of(number: u64) -> Self {
        let (mut bytes, mut start, mut rest) = ([0; 20], 20, number);
        // Two at a time: half as many divisions, of which each waits for the last.
        while rest >= 10 {
            start -= 2;
            bytes[start..start + 2].copy_from_slice(&PAIRS[(rest % 100) as usize]);
            rest /= 100;
        }
        if rest > 0 || number == 0 {
            start -= 1;
            bytes[start] = b'0' + rest as u8;
        }
        Self { bytes, start: start as u8 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[usize::from(self.start)..]
    }
}

/// Appends `value` as JSON: a string with its quotes and escapes, a number.
pub(crate) fn put_json(out: &mut impl BufMut, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(out.writer(), value).expect("strings and numbers serialize");
}

/// Appends `text` as a JSON string.
pub(crate) fn put_text(out: &mut impl BufMut, text: &str) {
    if find_special(text.as_bytes()).is_some() {
        return put_json(out, text);
    }
    put_ordinary(out, text.as_bytes());
}

/// Appends what stands between the quotes of `text` as a JSON string.
pub(crate) fn put_letters(out: &mut BytesMut, text: &str) {
    match find_special(text.as_bytes()) {
        None => out.put_slice(text.as_bytes()),
        Some(_) => unquoted(out, |out| put_json(out, text)),
    }
}

/// Takes the quotes off the JSON string that `write` appends.
pub(super) fn unquoted(out: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    write(out);
    out[start..].copy_within(1.., 0);
    out.truncate(out.len() - 2);
}

/// Appends `text`, in which nothing is escaped, as a JSON string.
pub(crate) fn put_ordinary(out: &mut impl BufMut, text: &[u8]) {
    out.put_slice(b"\"");
    out.put_slice(text);
    out.put_slice(b"\"");
}

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

fn hole_at(text: &[u8]) -> Option<(Hole, usize)> {
    if !matches!(text[0], b'"' | b'8') {
        return None;
    }
    for (index, sentinel) in hole::TEXT.iter().enumerate() {
        let quoted =
            text.strip_prefix(b"\"").and_then(|rest| rest.strip_prefix(sentinel.as_bytes()));
        if quoted.is_some_and(|rest| rest.starts_with(b"\"")) {
            return Some((Hole::Text(index as u8), sentinel.len() + 2));
        }
    }
    match text.strip_prefix(hole::DIGITS)? {
        [last @ b'0'..=b'3', ..] => Some((Hole::Number(last - b'0'), hole::DIGITS.len() + 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_looks_like_a_hole_is_text() {
        let [zero, one, ..] = hole::TEXT;
        let number = hole::number(3);
        let text =
            format!("\u{f8f0}8 \"\u{f8f0}9\u{f8ff}\" 87654 \"{zero}\"\"{one}\"{number}\u{ff01}");
        let template = Template::compile(text.as_bytes());
        let mut out = BytesMut::new();
        template.render(&mut out, |hole, out| out.put_slice(format!("<{hole:?}>").as_bytes()));
        let rest = "<Text(0)><Text(1)><Number(3)>\u{ff01}";
        assert_eq!(out, format!("\u{f8f0}8 \"\u{f8f0}9\u{f8ff}\" 87654 {rest}"));
    }

    #[derive(Serialize)]
    struct Doc<'a> {
        id: &'a str,
        count: u64,
        text: &'a str,
    }

    #[test]
    fn numbers_are_written_as_the_formatter_writes_them() {
        for number in (0..20_000).chain([65_536, 1_000_000, u64::MAX]) {
            let mut out = BytesMut::new();
            put_number(&mut out, number);
            assert_eq!(out, number.to_string());
            assert_eq!(digits(number), out.len());
        }
    }

    #[test]
    fn a_filled_template_is_the_struct_serialized() {
        let doc = Doc { id: hole::text(1), count: hole::number(0), text: hole::text(0) };
        let template = Template::compile(&serde_json::to_vec(&doc).unwrap());
        for text in ["", "plain", "\"quoted\" \\ \u{7} é 👋 \u{2028}\n"] {
            let mut out = BytesMut::new();
            template.render(&mut out, |hole, out| match hole {
                Hole::Text(0) => put_text(out, text),
                Hole::Text(_) => put_text(out, "id"),
                Hole::Number(_) => put_number(out, 42),
            });
            let whole = serde_json::to_string(&Doc { id: "id", count: 42, text }).unwrap();
            assert_eq!(out, whole);
            out.clear();
            let template = Template::of_letters(&serde_json::to_vec(&doc).unwrap());
            template.render(&mut out, |hole, out| match hole {
                Hole::Text(0) => put_letters(out, text),
                Hole::Text(_) => put_letters(out, "id"),
                Hole::Number(_) => put_number(out, 42),
            });
            assert_eq!(out, whole);
        }
    }
}
