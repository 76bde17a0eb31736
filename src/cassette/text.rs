//! Bytes as text that people read and compare: JSON as JSON, text as text, the rest as base64.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::indent::{indented, minified};
use crate::util::base64::{base64, from_base64};

/// A run of bytes, in pieces that are put together again.
#[derive(Serialize)]
#[serde(untagged)]
enum Text<'a> {
    Many(&'a [Piece<'a>]),
    One(&'a Piece<'a>),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Piece<'a> {
    Base64 {
        base64: String,
    },
    /// JSON that was indented by two spaces.
    Indented {
        indented: Box<RawValue>,
    },
    /// JSON to the byte, on one line.
    Json {
        json: &'a RawValue,
    },
    Text(&'a str),
}

/// A piece that is no text, as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Marked<'a> {
    base64: Option<String>,
    #[serde(borrow)]
    indented: Option<&'a RawValue>,
    #[serde(borrow)]
    json: Option<&'a RawValue>,
}

/// These bytes as a JSON value, without a line break.
pub(super) fn write(bytes: &[u8]) -> Box<RawValue> {
    let pieces = match std::str::from_utf8(bytes) {
        Ok(text) => pieces(text),
        Err(_) => vec![Piece::Base64 { base64: base64(bytes) }],
    };
    let text = match &*pieces {
        [piece] => Text::One(piece),
        pieces => Text::Many(pieces),
    };
    to_raw_value(&text).expect("texts and raw JSON are JSON")
}

/// The bytes that [`write`] was given, or what is wrong.
pub(super) fn read(value: &RawValue) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(value.get().len());
    if value.get().starts_with('[') {
        let pieces: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(|_| WHAT)?;
        for piece in pieces {
            read_piece(piece, &mut bytes)?;
        }
    } else {
        read_piece(value, &mut bytes)?;
    }
    Ok(bytes)
}

fn read_piece(piece: &RawValue, bytes: &mut Vec<u8>) -> Result<(), String> {
    let json = piece.get();
    if json.starts_with('"') {
        let text: Cow<'_, str> = serde_json::from_str(json).map_err(|error| error.to_string())?;
        bytes.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    match serde_json::from_str(json) {
        Ok(Marked { json: Some(json), indented: None, base64: None }) => {
            bytes.extend_from_slice(json.get().as_bytes());
        }
        Ok(Marked { json: None, indented: Some(json), base64: None }) => {
            let text = indented(&minified(json.get())).ok_or("this is too deep to be indented")?;
            bytes.extend_from_slice(text.as_bytes());
        }
        Ok(Marked { json: None, indented: None, base64: Some(text) }) => {
            bytes.extend(from_base64(text.as_bytes()).ok_or("this is no base64")?);
        }
        _ => return Err(WHAT.to_owned()),
    }
    Ok(())
}

const WHAT: &str = "a text is a string, {\"json\": ...}, {\"indented\": ...} or {\"base64\": ...}, \
                    or an array of these";

fn pieces(text: &str) -> Vec<Piece<'_>> {
    if let Some((value, end)) = indented_json(text) {
        let mut pieces = vec![Piece::Indented { indented: value }];
        if !end.is_empty() {
            pieces.push(Piece::Text(end));
        }
        return pieces;
    }
    let mut pieces = Vec::new();
    // What is not JSON, as long as it goes on.
    let mut plain = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let lead = content.find(['{', '[']).unwrap_or(content.len());
        let is_lead = matches!(content[..lead].trim_end(), "" | "data:");
        if is_lead && let Some(json) = one_line_json(&content[lead..]) {
            if plain < at + lead {
                pieces.push(Piece::Text(&text[plain..at + lead]));
            }
            pieces.push(Piece::Json { json });
            plain = at + content.len();
        }
        at += line.len();
    }
    if plain < text.len() || pieces.is_empty() {
        pieces.push(Piece::Text(&text[plain..]));
    }
    pieces
}

/// An object or array that stands on one line as it is.
fn one_line_json(text: &str) -> Option<&RawValue> {
    if !text.starts_with(['{', '[']) || text.contains(['\n', '\r']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// A whole document that is indented by two spaces, on one line, and the white space after it.
fn indented_json(text: &str) -> Option<(Box<RawValue>, &str)> {
    let document = text.trim_end();
    if !document.starts_with("{\n") && !document.starts_with("[\n") {
        return None;
    }
    serde_json::from_str::<&RawValue>(document).ok()?;
    let line = minified(document);
    if indented(&line).as_deref() != Some(document) {
        return None;
    }
    let value = RawValue::from_string(line).ok()?;
    Some((value, &text[document.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8]) -> String {
        let value = write(bytes);
        assert_eq!(read(&value).unwrap(), bytes, "{}", value.get());
        assert!(!value.get().contains('\n'));
        value.get().to_owned()
    }

    #[test]
    fn json_stays_readable_and_everything_comes_back() {
        for (bytes, text) in [
            (&b""[..], r#""""#),
            (b"hello\n", r#""hello\n""#),
            (b"{\"a\": \"b\\n\"}", r#"{"json":{"a": "b\n"}}"#),
            (b"data: {\"a\":1}\n\n", r#"["data: ",{"json":{"a":1}},"\n\n"]"#),
            (
                b"event: x\r\ndata: {}\r\n\r\ndata: [DONE]\n\n",
                r#"["event: x\r\ndata: ",{"json":{}},"\r\n\r\ndata: [DONE]\n\n"]"#,
            ),
            (b"{\n  \"a\": [\n    1\n  ]\n}\n", r#"[{"indented":{"a":[1]}},"\n"]"#),
            (b"{\n   \"a\": 1\n}", r#""{\n   \"a\": 1\n}""#),
            (b"\xff\x00", r#"{"base64":"/wA="}"#),
            (b"data: {\"cut\": \"of", r#""data: {\"cut\": \"of""#),
            (
                b"[{\"a\":1}\n,\r\n{\"b\":2}]",
                "[\"[\",{\"json\":{\"a\":1}},\"\\n,\\r\\n{\\\"b\\\":2}]\"]",
            ),
        ] {
            let seen = written(bytes);
            // Where a piece begins is a matter of reading only.
            if !bytes.starts_with(b"[") {
                assert_eq!(seen, text);
            }
        }
    }

    #[test]
    fn what_is_deep_does_not_grow_by_its_indentation() {
        let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        // Indented, it would take 20 GB.
        let text = format!("[\n{}\n]", deep(100_000));
        assert!(written(text.as_bytes()).len() < 2 * text.len());
        let value = format!("{{\"indented\":{}}}", deep(100_000));
        let value: &RawValue = serde_json::from_str(&value).unwrap();
        assert_eq!(read(value).unwrap_err(), "this is too deep to be indented");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for value in ["1", r#"{"json":1,"base64":""}"#, r#"{"base64":"*"}"#, r#"{"text":1}"#, "{}"]
        {
            let value: &RawValue = serde_json::from_str(value).unwrap();
            read(value).unwrap_err();
        }
    }
}
