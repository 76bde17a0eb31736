//! Spacing and indentation of JSON: a vendor's fingerprint.

use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

/// How a JSON text is spaced.
///
/// ```
/// use tower_mock_llm::wire::JsonStyle;
///
/// let value = serde_json::json!({"a": [1, true], "b": {}});
/// assert_eq!(JsonStyle::COMPACT.to_string(&value), r#"{"a":[1,true],"b":{}}"#);
/// assert_eq!(JsonStyle::SPACED.to_string(&value), r#"{"a": [1, true], "b": {}}"#);
/// assert_eq!(JsonStyle::COLON.to_string(&value), r#"{"a": [1,true],"b": {}}"#);
/// let indented = "{\n  \"a\": [\n    1,\n    true\n  ],\n  \"b\": {}\n}\n";
/// assert_eq!(JsonStyle::INDENT2.with_newline().to_string(&value), indented);
/// ```
///
/// Raw JSON inside a value ([`serde_json::value::RawValue`]) is spaced like the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonStyle {
    /// Spaces for each level; `None` keeps everything on one line.
    indent: Option<usize>,
    /// What stands between a key and its value.
    colon: &'static str,
    /// What stands between two items of one line.
    comma: &'static str,
    newline: bool,
}

impl JsonStyle {
    /// No white space at all.
    pub const COMPACT: Self = Self { indent: None, colon: ":", comma: ",", newline: false };
    /// One line, a space after each colon and none after a comma (Gemini's streams).
    pub const COLON: Self = Self { colon: ": ", ..Self::COMPACT };
    /// One line, a space after each colon and comma (what most models write by themselves).
    pub const SPACED: Self = Self { colon: ": ", comma: ", ", ..Self::COMPACT };
    /// Two spaces a level.
    pub const INDENT2: Self = Self { indent: Some(2), colon: ": ", comma: ",", newline: false };
    /// Four spaces a level.
    pub const INDENT4: Self = Self { indent: Some(4), ..Self::INDENT2 };

    /// The same style with one newline after the value.
    #[must_use]
    pub const fn with_newline(self) -> Self {
        Self { newline: true, ..self }
    }

    /// Appends `value` to `out`.
    ///
    /// # Panics
    ///
    /// If `value` refuses to be serialized, which derived types with string keys never do.
    pub fn write(self, out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
        let result = if self == Self::COMPACT {
            value.serialize(&mut Serializer::with_formatter(&mut *out, CompactFormatter))
        } else {
            let formatter = StyleFormatter { style: self, depth: 0, filled: false };
            value.serialize(&mut Serializer::with_formatter(&mut *out, formatter))
        };
        result.expect("a wire type serializes");
        if self.newline {
            out.push(b'\n');
        }
    }

    /// `value` as JSON text. Panics as [`write`](Self::write) does.
    pub fn to_vec(self, value: &(impl Serialize + ?Sized)) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        self.write(&mut out, value);
        out
    }

    /// `value` as JSON text. Panics as [`write`](Self::write) does.
    pub fn to_string(self, value: &(impl Serialize + ?Sized)) -> String {
        String::from_utf8(self.to_vec(value)).expect("JSON is UTF-8")
    }

    /// Spaces a JSON text anew, everything else kept as it stands: order, number text, escapes.
    /// What is no JSON comes back with its white space outside of strings gone.
    pub fn respace(self, json: &str) -> String {
        let mut out = Vec::with_capacity(json.len() + 16);
        let mut formatter = StyleFormatter { style: self, depth: 0, filled: false };
        formatter.write_raw_fragment(&mut out, json).expect("a vector takes every write");
        String::from_utf8(out).expect("only ASCII was added")
    }
}

/// Writes JSON in any [`JsonStyle`], raw fragments included.
struct StyleFormatter {
    style: JsonStyle,
    depth: usize,
    /// Whether the innermost array or object has an item yet.
    filled: bool,
}

impl StyleFormatter {
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
                    writer.write_all(&bytes[start..at])?;
                }
                _ => writer.write_all(&[byte])?,
            }
        }
        self.filled = outside;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Serialize)]
    struct Doc<'a> {
        before: u8,
        #[serde(borrow)]
        raw: &'a RawValue,
        list: Vec<&'a RawValue>,
        none: [u8; 0],
    }

    #[test]
    fn raw_json_is_spaced_like_its_surroundings() {
        let raw: &RawValue =
            serde_json::from_str(r#"{ "x" :[ 1.0, {"y,:{" : "\"}" } , [ ] ],"z":{}}"#).unwrap();
        let doc = Doc { before: 1, raw, list: vec![raw], none: [] };
        for style in [JsonStyle::COMPACT, JsonStyle::INDENT2, JsonStyle::COLON, JsonStyle::SPACED] {
            // serde_json's own value keeps no order of keys, but here both orders are the same.
            let whole = match style {
                JsonStyle::INDENT2 => {
                    let value: serde_json::Value =
                        serde_json::from_str(&JsonStyle::COLON.to_string(&doc)).unwrap();
                    assert_eq!(value["raw"]["x"][1]["y,:{"], "\"}");
                    style.respace(&JsonStyle::COLON.to_string(&doc))
                }
                JsonStyle::COMPACT => continue,
                other => other.respace(&JsonStyle::INDENT2.to_string(&doc)),
            };
            assert_eq!(style.to_string(&doc), whole);
        }
        assert!(
            JsonStyle::COLON
                .to_string(&doc)
                .contains(r#""raw": {"x": [1.0,{"y,:{": "\"}"},[]],"z": {}}"#)
        );
    }

    #[test]
    fn indent_is_serde_jsons_pretty() {
        let value = serde_json::json!({"a": [], "b": {"c": [{"d": null}, "é\n"]}, "e": {}});
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(JsonStyle::INDENT2.to_string(&value), pretty);
        assert_eq!(JsonStyle::INDENT2.respace(&value.to_string()), pretty);
    }

    #[test]
    fn respacing_what_is_no_json_neither_panics_nor_overflows() {
        for bad in ["", "}", "]]]}", "\"abc", "\"abc\\", "{\"a\"", "[,:", "nul l"] {
            let _ = JsonStyle::INDENT2.respace(bad);
        }
        assert_eq!(JsonStyle::COMPACT.respace(&"[".repeat(100_000)).len(), 100_000);
    }
}
