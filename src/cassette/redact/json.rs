//! Places in JSON, by pointer.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use serde_json::value::RawValue;

use super::mask::Mask;
use crate::cassette::indent::Tokens;
use crate::error::Error;

/// A JSON Pointer (RFC 6901) in which `*` stands for every element and every field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer(Vec<String>);

impl Pointer {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(Error::config(format!(
                "{text:?} is no JSON Pointer: it begins with `/`, as in \"/messages/*/content\""
            )));
        };
        let step = |step: &str| step.replace("~1", "/").replace("~0", "~");
        Ok(Self(rest.split('/').map(step).collect()))
    }

    /// Names, numbers and `*`, from the outside in; at least one.
    pub(in crate::cassette) fn steps(&self) -> &[String] {
        &self.0
    }

    /// Takes what is there out of a value.
    pub(in crate::cassette) fn remove(&self, value: &mut Value) {
        remove(value, &self.0);
    }

    /// Masks what is there in a JSON document, or in each event of a stream.
    pub(super) fn mask(&self, bytes: &mut [u8], mask: &Mask) {
        let mut ranges = Vec::new();
        if let Ok(text) = std::str::from_utf8(bytes) {
            let mut at = 0;
            if serde_json::from_str::<&RawValue>(text).is_ok() {
                find(text, 0, &self.0, &mut ranges);
                at = text.len();
            }
            for line in text[at..].split_inclusive('\n') {
                let content = line.trim_end();
                let data = content.strip_prefix("data:").unwrap_or(content).trim_start();
                if serde_json::from_str::<&RawValue>(data).is_ok() {
                    find(data, at + content.len() - data.len(), &self.0, &mut ranges);
                }
                at += line.len();
            }
        }
        for range in ranges {
            mask_value(&mut bytes[range], mask);
        }
    }
}

impl Pointer {
    /// Calls for each value that is there.
    pub(in crate::cassette) fn visit(&self, value: &mut Value, found: &mut dyn FnMut(&mut Value)) {
        visit(value, &self.0, found);
    }
}

fn visit(value: &mut Value, steps: &[String], found: &mut dyn FnMut(&mut Value)) {
    let Some((step, rest)) = steps.split_first() else { return found(value) };
    match value {
        Value::Object(fields) => {
            let wanted = fields.iter_mut().filter(|(name, _)| step == "*" || *name == step);
            wanted.for_each(|(_, value)| visit(value, rest, found));
        }
        Value::Array(elements) => {
            let wanted = elements.iter_mut().enumerate();
            wanted
                .filter(|(index, _)| step == "*" || step.parse() == Ok(*index))
                .for_each(|(_, value)| visit(value, rest, found));
        }
        _ => {}
    }
}

fn remove(value: &mut Value, steps: &[String]) {
    let Some((step, rest)) = steps.split_first() else { return };
    match value {
        Value::Object(fields) if rest.is_empty() => {
            if step == "*" {
                fields.clear();
            } else {
                fields.remove(step);
            }
        }
        Value::Object(fields) => {
            let wanted = fields.iter_mut().filter(|(name, _)| step == "*" || *name == step);
            wanted.for_each(|(_, value)| remove(value, rest));
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                if step == "*" || step.parse() == Ok(index) {
                    if rest.is_empty() {
                        // The others keep their places.
                        *element = Value::Null;
                    } else {
                        remove(element, rest);
                    }
                }
            }
        }
        _ => {}
    }
}

/// The texts and numbers at this place of valid JSON, which itself stands at `base`.
fn find(json: &str, base: usize, steps: &[String], found: &mut Vec<Range<usize>>) {
    let trimmed = json.trim();
    let start = base + (json.len() - json.trim_start().len());
    let Some((step, rest)) = steps.split_first() else { return all(trimmed, start, found) };
    let is_wanted = |name: &str| step == "*" || step == name;
    let mut into = |child: &RawValue| {
        // A raw value is a part of the text that it was read from.
        let at = child.get().as_ptr() as usize - trimmed.as_ptr() as usize;
        find(child.get(), start + at, rest, found);
    };
    match trimmed.as_bytes().first() {
        Some(b'{') => {
            let fields: BTreeMap<String, &RawValue> =
                serde_json::from_str(trimmed).unwrap_or_default();
            fields.iter().filter(|(name, _)| is_wanted(name)).for_each(|(_, child)| into(child));
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(trimmed).unwrap_or_default();
            for (index, child) in elements.iter().enumerate() {
                if is_wanted(&index.to_string()) {
                    into(child);
                }
            }
        }
        _ => {}
    }
}

/// All texts and numbers of valid JSON, however deep they are, but not the names of fields.
fn all(json: &str, base: usize, found: &mut Vec<Range<usize>>) {
    let mut tokens = Tokens(json).peekable();
    while let Some(token) = tokens.next() {
        let is_name = tokens.peek() == Some(&":");
        if !is_name && !matches!(token, "{" | "}" | "[" | "]" | "," | ":") {
            let at = base + (token.as_ptr() as usize - json.as_ptr() as usize);
            found.push(at..at + token.len());
        }
    }
}

/// Masks a text or a number; it stays one, as long as it was.
fn mask_value(bytes: &mut [u8], mask: &Mask) {
    if let [b'"', text @ .., b'"'] = bytes {
        mask.fill(text);
    } else {
        bytes.iter_mut().filter(|byte| byte.is_ascii_digit()).for_each(|digit| *digit = b'1');
    }
}
