//! Where in a text something stands.

use serde_json::value::RawValue;

use crate::cassette::indent::Tokens;

/// The JSON Pointer of what stands at this byte of a document, or of an event of a stream; empty if
/// that is no JSON.
pub(super) fn pointer(text: &[u8], offset: usize) -> String {
    let Ok(text) = std::str::from_utf8(text) else { return String::new() };
    if is_json(text) {
        return in_json(text, offset);
    }
    let start = text.as_bytes()[..offset.min(text.len())].iter().rposition(|byte| *byte == b'\n');
    let start = start.map_or(0, |at| at + 1);
    let line = text[start..].split('\n').next().unwrap_or_default();
    let data = line.strip_prefix("data:").unwrap_or(line);
    if !is_json(data) {
        return String::new();
    }
    in_json(data, offset.saturating_sub(start + line.len() - data.len()))
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

enum Step {
    Field(String),
    Element(usize),
}

fn in_json(json: &str, offset: usize) -> String {
    let mut steps = Vec::new();
    let mut tokens = Tokens(json).peekable();
    while let Some(token) = tokens.next() {
        let end = token.as_ptr() as usize - json.as_ptr() as usize + token.len();
        if end > offset && matches!(token, "{" | "[") {
            break;
        }
        match token {
            "{" => steps.push(Step::Field(String::new())),
            "[" => steps.push(Step::Element(0)),
            "}" | "]" => drop(steps.pop()),
            "," => {
                if let Some(Step::Element(index)) = steps.last_mut() {
                    *index += 1;
                }
            }
            _ if tokens.peek() == Some(&":") => {
                if let Some(Step::Field(name)) = steps.last_mut() {
                    *name = serde_json::from_str(token).unwrap_or_default();
                }
            }
            _ => {}
        }
        if end > offset && !matches!(token, "," | ":") {
            break;
        }
    }
    let mut pointer = String::new();
    for step in steps {
        pointer.push('/');
        match step {
            Step::Field(name) => pointer.push_str(&name.replace('~', "~0").replace('/', "~1")),
            Step::Element(index) => pointer.push_str(&index.to_string()),
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_its_pointer() {
        let document = r#"{"a": [1, {"b/c": "here"}, [[]]], "d~": {"e": "there"}, "f": 12}"#;
        let events = format!("event: x\ndata: {document}\n\ndata: [DONE]\n\n");
        for (what, place) in [
            ("here", "/a/1/b~1c"),
            ("b/c", "/a/1/b~1c"),
            ("1,", "/a/0"),
            ("[]", "/a/2/0"),
            ("there", "/d~0/e"),
            ("12", "/f"),
        ] {
            for text in [document, &events] {
                let at = text.find(what).unwrap();
                assert_eq!(pointer(text.as_bytes(), at), place, "{what}");
            }
        }
        assert_eq!(pointer(events.as_bytes(), events.find('x').unwrap()), "");
        assert_eq!(pointer(b"\xff", 0), "");
        assert_eq!(pointer(b"", 9), "");
    }
}
