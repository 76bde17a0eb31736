//! How serde_json writes in a style of ours.

use std::io;

use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use super::float;
use super::json_style::JsonStyle;

/// Writes JSON in any [`JsonStyle`], raw fragments included.
pub(super) struct StyleFormatter {
    style: JsonStyle,
    depth: usize,
    /// Whether the innermost array or object has an item yet.
    filled: bool,
}

impl StyleFormatter {
    pub(super) fn new(style: JsonStyle) -> Self {
        Self { style, depth: 0, filled: false }
    }

    /// Writes what lies between the quotes of a string and is escaped already as JSON demands.
    fn text<W: ?Sized + io::Write>(&self, writer: &mut W, mut text: &str) -> io::Result<()> {
        let escaped = |c: char| {
            let ranges = self.style.escaped;
            let at = ranges.partition_point(|(_, last)| *last < c);
            ranges.get(at).is_some_and(|(first, _)| *first <= c)
        };
        // Keys, and nearly all texts.
        if self.style.escaped.is_empty() || self.style.is_ordinary(text) {
            return writer.write_all(text.as_bytes());
        }
        while let Some((at, c)) = text.char_indices().find(|(_, c)| escaped(*c)) {
            writer.write_all(&text.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            text = &text[at + c.len_utf8()..];
        }
        writer.write_all(text.as_bytes())
    }

    fn open<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: u8) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        writer.write_all(&[bracket])
    }

    fn close<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: u8) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.filled {
            self.line(writer)?;
        }
        self.filled = true;
        writer.write_all(&[bracket])
    }

    fn item<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(self.style.comma.as_bytes())?;
        }
        self.line(writer)
    }

    fn line<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        const SPACES: [u8; 64] = [b' '; 64];
        let Some(indent) = self.style.indent else {
            return Ok(());
        };
        writer.write_all(b"\n")?;
        let mut left = indent * self.depth;
        while left > 0 {
            let now = left.min(SPACES.len());
            writer.write_all(&SPACES[..now])?;
            left -= now;
        }
        Ok(())
    }
}

impl Formatter for StyleFormatter {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b'[')
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b']')
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.item(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b'{')
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b'}')
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.item(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(self.style.colon.as_bytes())
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        if self.style.c_floats {
            return float::write_c(writer, value);
        }
        CompactFormatter.write_f32(writer, value)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.text(writer, fragment)
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        CompactFormatter.write_char_escape(writer, escape)
    }

    /// Spaces a fragment of JSON like the rest, byte by byte: no recursion, however deep it is.
    fn write_raw_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let outside = std::mem::replace(&mut self.filled, false);
        let bytes = fragment.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => continue,
                b'{' | b'[' => {
                    self.open(writer, byte)?;
                    let next = bytes[at..].iter().find(|b| !b.is_ascii_whitespace());
                    if !matches!(next, Some(b'}' | b']')) {
                        self.line(writer)?;
                        self.filled = true;
                    }
                }
                b'}' | b']' => {
                    self.filled = !matches!(
                        bytes[..at - 1].iter().rev().find(|b| !b.is_ascii_whitespace()),
                        Some(b'{' | b'[')
                    );
                    self.close(writer, byte)?;
                }
                b',' => self.item(writer, false)?,
                b':' => writer.write_all(self.style.colon.as_bytes())?,
                b'"' => {
                    let start = at - 1;
                    while let Some(&byte) = bytes.get(at) {
                        at += 1;
                        match byte {
                            b'"' => break,
                            b'\\' => at = (at + 1).min(bytes.len()),
                            _ => {}
                        }
                    }
                    match fragment.get(start..at) {
                        Some(string) => self.text(writer, string)?,
                        // Broken off in the middle of a character: no JSON, kept as it is.
                        None => writer.write_all(&bytes[start..at])?,
                    }
                }
                _ => writer.write_all(&[byte])?,
            }
        }
        self.filled = outside;
        Ok(())
    }
}
