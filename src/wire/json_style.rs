//! Spacing and indentation of JSON: a vendor's fingerprint.

use std::io;

use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use super::style_formatter::StyleFormatter;
use super::template::{put_letters, unquoted};

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
    pub(super) indent: Option<usize>,
    /// What stands between a key and its value.
    pub(super) colon: &'static str,
    /// What stands between two items of one line.
    pub(super) comma: &'static str,
    newline: bool,
    /// Characters of a string that are escaped although JSON would let them stand.
    pub(super) escaped: &'static [(char, char)],
    /// A bit for each ASCII character that stands in a string as it is.
    ordinary: [u64; 2],
    /// Whether numbers of 32 bits are spelled as C++ does.
    pub(super) c_floats: bool,
}

impl JsonStyle {
    /// No white space at all.
    pub const COMPACT: Self = Self { colon: ":", comma: ",", ..Self::INDENT2 }.on_one_line();
    /// One line, a space after each colon and none after a comma (Gemini's streams).
    pub const COLON: Self = Self { colon: ": ", ..Self::COMPACT };
    /// One line, a space after each colon and comma (what most models write by themselves).
    pub const SPACED: Self = Self { colon: ": ", comma: ", ", ..Self::COMPACT };
    /// Two spaces a level.
    pub const INDENT2: Self = Self {
        indent: Some(2),
        colon: ": ",
        comma: ",",
        newline: false,
        escaped: &[],
        ordinary: ordinary(&[]),
        c_floats: false,
    };
    /// Four spaces a level.
    pub const INDENT4: Self = Self { indent: Some(4), ..Self::INDENT2 };

    /// The same style with one newline after the value.
    #[must_use]
    pub const fn with_newline(self) -> Self {
        Self { newline: true, ..self }
    }

    /// The same style with the characters in `escaped` written as `\u` escapes, besides those that
    /// JSON itself demands: ranges with both their ends, in order.
    ///
    /// ```
    /// use tower_mock_llm::wire::JsonStyle;
    ///
    /// let style = JsonStyle::COMPACT.with_escaped(&[('<', '<'), ('\u{e0001}', '\u{e007f}')]);
    /// assert_eq!(style.to_string("<a\u{e0001}"), r#""\u003ca\udb40\udc01""#);
    /// ```
    #[must_use]
    pub const fn with_escaped(self, escaped: &'static [(char, char)]) -> Self {
        Self { escaped, ordinary: ordinary(escaped), ..self }
    }

    const fn on_one_line(self) -> Self {
        Self { indent: None, ..self }
    }

    /// The same style with numbers of 32 bits spelled as C++ and Python do: `1`, `0.5`, `5.9e-05`.
    ///
    /// ```
    /// use tower_mock_llm::wire::JsonStyle;
    ///
    /// let style = JsonStyle::COMPACT.with_c_floats();
    /// assert_eq!(style.to_string(&[1.0_f32, 0.5, 5.9e-5]), "[1,0.5,5.9e-05]");
    /// ```
    #[must_use]
    pub const fn with_c_floats(self) -> Self {
        Self { c_floats: true, ..self }
    }

    /// Appends `value` to `out`.
    ///
    /// # Panics
    ///
    /// If `value` refuses to be serialized, which derived types with string keys never do.
    pub fn write(self, out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
        self.put(&mut *out, value);
        if self.newline {
            out.push(b'\n');
        }
    }

    /// Appends `value` without the newline that may end a whole text: into a template's hole.
    pub(crate) fn put(self, out: impl io::Write, value: &(impl Serialize + ?Sized)) {
        let result = if (Self { newline: false, ..self }) == Self::COMPACT {
            value.serialize(&mut Serializer::with_formatter(out, CompactFormatter))
        } else {
            let formatter = StyleFormatter::new(self);
            value.serialize(&mut Serializer::with_formatter(out, formatter))
        };
        result.expect("a wire type serializes");
    }

    /// Appends what stands between the quotes of a string: quickly where nothing in it is escaped.
    pub(crate) fn put_letters(&self, out: &mut BytesMut, text: &str) {
        if self.escaped.is_empty() {
            put_letters(out, text);
        } else if self.is_ordinary(text) {
            out.put_slice(text.as_bytes());
        } else {
            unquoted(out, |out| self.put(out.writer(), text));
        }
    }

    /// Whether all of it stands in a string as it is.
    pub(super) fn is_ordinary(&self, text: &str) -> bool {
        text.bytes().all(|byte| {
            byte.is_ascii() && self.ordinary[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
        })
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
        let mut formatter = StyleFormatter::new(self);
        formatter.write_raw_fragment(&mut out, json).expect("a vector takes every write");
        String::from_utf8(out).expect("only ASCII was added")
    }
}

const fn ordinary(escaped: &[(char, char)]) -> [u64; 2] {
    let mut bits = [0; 2];
    let mut byte = 0x20;
    while byte < 0x80 {
        let mut is_ordinary = byte != b'"' && byte != b'\\';
        let mut at = 0;
        while at < escaped.len() {
            let (first, last) = escaped[at];
            is_ordinary &= !(first as u32 <= byte as u32 && byte as u32 <= last as u32);
            at += 1;
        }
        if is_ordinary {
            bits[(byte >> 6) as usize] |= 1 << (byte & 63);
        }
        byte += 1;
    }
    bits
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
    fn escapes_hold_in_values_and_in_raw_json() {
        let style = JsonStyle::COLON.with_escaped(&[('<', '<'), ('\u{200b}', '\u{200f}')]);
        let raw: &RawValue = serde_json::from_str("{\"<\\\"<\":\"\\\\<\u{200d}\"}").unwrap();
        assert_eq!(
            style.to_string(&(raw, "\n<é\u{200d}>")),
            r#"[{"\u003c\"\u003c": "\\\u003c\u200d"},"\n\u003cé\u200d>"]"#
        );
    }

    #[test]
    fn a_string_is_the_same_the_quick_way() {
        let style = JsonStyle::COLON.with_escaped(&[('<', '<'), ('\u{200b}', '\u{200f}')]);
        for text in ["", "plain", "a<b", "é", "\u{200d}", "\"\n\\", "<é>"] {
            let mut out = BytesMut::from("\"");
            style.put_letters(&mut out, text);
            out.put_slice(b"\"");
            assert_eq!(out, style.to_string(text));
        }
    }

    #[test]
    fn respacing_what_is_no_json_neither_panics_nor_overflows() {
        for bad in ["", "}", "]]]}", "\"abc", "\"abc\\", "{\"a\"", "[,:", "nul l"] {
            let _ = JsonStyle::INDENT2.respace(bad);
        }
        assert_eq!(JsonStyle::COMPACT.respace(&"[".repeat(100_000)).len(), 100_000);
    }
}
