//! White space between the tokens of JSON, taken out and put back.

/// JSON without white space between its tokens.
pub(super) fn minified(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for token in Tokens(json) {
        line.push_str(token);
    }
    line
}

/// JSON without white space, indented by two spaces, as OpenAI and Google write it. `None` if it is so
/// deep that most of it would be white space.
pub(super) fn indented(json: &str) -> Option<String> {
    /// As serde_json reads.
    const DEEPEST: usize = 128;
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut tokens = Tokens(json).peekable();
    while let Some(token) = tokens.next() {
        match token {
            "{" | "[" => {
                text.push_str(token);
                if let Some(end) = tokens.next_if(|next| matches!(*next, "}" | "]")) {
                    text.push_str(end);
                } else {
                    depth += 1;
                    if depth > DEEPEST {
                        return None;
                    }
                    line(&mut text, depth);
                }
            }
            "}" | "]" => {
                depth = depth.saturating_sub(1);
                line(&mut text, depth);
                text.push_str(token);
            }
            "," => {
                text.push_str(token);
                line(&mut text, depth);
            }
            ":" => text.push_str(": "),
            _ => text.push_str(token),
        }
    }
    Some(text)
}

fn line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

/// The tokens of valid JSON; of anything else, pieces that make it up.
pub(super) struct Tokens<'a>(pub(super) &'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
        let bytes = rest.as_bytes();
        let length = match bytes.first()? {
            b'"' => {
                let mut at = 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                (at + 1).min(bytes.len())
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            _ => {
                let ends = |b: &u8| b"{}[],:\" \t\n\r".contains(b);
                bytes.iter().position(ends).unwrap_or(bytes.len())
            }
        };
        // An escape may end in the middle of a character only where the text is no JSON.
        let length = (length..=rest.len()).find(|at| rest.is_char_boundary(*at))?;
        let (token, rest) = rest.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_indents_is_indented_alike() {
        let value: serde_json::Value = serde_json::from_str(
            r#"{"a": [1, -2.5e3, {}, [], [[]]], "b\"{": {"c": "x: [y], \\"}, "d": null, "é": "ü"}"#,
        )
        .unwrap();
        let line = value.to_string();
        let pretty = indented(&line).unwrap();
        assert_eq!(pretty, serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(minified(&pretty), line);
    }

    #[test]
    fn what_is_no_json_is_no_trouble() {
        for text in ["\"", "\"\\é", "}}}", "{", "é", "\"a\\"] {
            let _ = indented(text);
        }
        assert_eq!(indented("[1]").unwrap(), "[\n  1\n]");
    }
}
