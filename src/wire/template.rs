//! A JSON text with holes, compiled from the serde struct that it stands for.
//!
//! Serializing a struct costs ten times what copying its text does, and in a stream nearly all
//! of the text is the same from frame to frame. So the struct is serialized once, with the
//! sentinels of [`hole`] in the places that vary, and split there.

use bytes::BytesMut;
use serde::Serialize;

use super::find_special;

/// Sentinels: put them into a struct's fields, then compile it.
pub(crate) mod hole {
    /// Stands for a string, its quotes included.
    pub(crate) const TEXT: [&str; 5] = [
        "\u{f8f0}0\u{f8ff}",
        "\u{f8f0}1\u{f8ff}",
        "\u{f8f0}2\u{f8ff}",
        "\u{f8f0}3\u{f8ff}",
        "\u{f8f0}4\u{f8ff}",
    ];
    /// Stands for a number.
    pub(crate) const NUMBER: [u64; 4] = [
        8_765_432_109_876_543_210,
        8_765_432_109_876_543_211,
        8_765_432_109_876_543_212,
        8_765_432_109_876_543_213,
    ];
}

/// What a hole stands for: the index into [`hole::TEXT`] or [`hole::NUMBER`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    Number(usize),
    Text(usize),
}

/// Text with holes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Template {
    /// The text before each hole, and the hole.
    pieces: Vec<(Box<[u8]>, Hole)>,
    tail: Box<[u8]>,
}

impl Template {
    pub(crate) fn compile(text: &[u8]) -> Self {
        let mut pieces = Vec::new();
        let (mut start, mut at) = (0, 0);
        while at < text.len() {
            match hole_at(&text[at..]) {
                Some((hole, length)) => {
                    pieces.push((text[start..at].into(), hole));
                    at += length;
                    start = at;
                }
                None => at += 1,
            }
        }
        Self { pieces, tail: text[start..].into() }
    }

    /// Appends the text to `out`; `fill` writes what belongs into each hole.
    pub(crate) fn render(&self, out: &mut BytesMut, mut fill: impl FnMut(Hole, &mut BytesMut)) {
        for (text, hole) in &self.pieces {
            out.extend_from_slice(text);
            fill(*hole, out);
        }
        out.extend_from_slice(&self.tail);
    }
}

/// Appends a number.
pub(crate) fn put_number(out: &mut BytesMut, mut number: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends `value` as JSON: a string with its quotes and escapes, a number.
pub(crate) fn put_json(out: &mut BytesMut, value: &(impl Serialize + ?Sized)) {
    use bytes::BufMut;
    serde_json::to_writer(out.writer(), value).expect("strings and numbers serialize");
}

/// Appends `text` as a JSON string.
pub(crate) fn put_text(out: &mut BytesMut, text: &str) {
    if find_special(text.as_bytes()).is_some() {
        return put_json(out, text);
    }
    out.reserve(text.len() + 2);
    out.extend_from_slice(b"\"");
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\"");
}

fn hole_at(text: &[u8]) -> Option<(Hole, usize)> {
    if !matches!(text[0], b'"' | b'8') {
        return None;
    }
    for (index, sentinel) in hole::TEXT.iter().enumerate() {
        let quoted =
            text.strip_prefix(b"\"").and_then(|rest| rest.strip_prefix(sentinel.as_bytes()));
        if quoted.is_some_and(|rest| rest.starts_with(b"\"")) {
            return Some((Hole::Text(index), sentinel.len() + 2));
        }
    }
    for (index, sentinel) in hole::NUMBER.iter().enumerate() {
        let digits = sentinel.to_string();
        if text.starts_with(digits.as_bytes()) {
            return Some((Hole::Number(index), digits.len()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Doc<'a> {
        id: &'a str,
        count: u64,
        text: &'a str,
    }

    #[test]
    fn a_filled_template_is_the_struct_serialized() {
        let doc = Doc { id: hole::TEXT[1], count: hole::NUMBER[0], text: hole::TEXT[0] };
        let template = Template::compile(&serde_json::to_vec(&doc).unwrap());
        for text in ["", "plain", "\"quoted\" \\ \u{7} é 👋 \u{2028}\n"] {
            let mut out = BytesMut::new();
            put_number(&mut out, u64::MAX);
            put_number(&mut out, 0);
            assert_eq!(out, "184467440737095516150");
            out.clear();
            template.render(&mut out, |hole, out| match hole {
                Hole::Text(0) => put_text(out, text),
                Hole::Text(_) => put_text(out, "id"),
                Hole::Number(_) => put_number(out, 42),
            });
            assert_eq!(out, serde_json::to_string(&Doc { id: "id", count: 42, text }).unwrap());
        }
    }
}
