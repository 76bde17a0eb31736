//! Numbers that came as texts, as tools send them that know of no other values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Takes the quotes off numbers, `true` and `false` in these fields, for a client that is judged
/// leniently. Whether anything was done.
pub(crate) fn unquote(fields: &mut BTreeMap<Cow<'_, str>, &RawValue>, names: &[&str]) -> bool {
    let mut changed = false;
    for name in names {
        let Some(value) = fields.get_mut(*name) else { continue };
        let quoted = value.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let is_bare = |text: &&str| {
            let first = text.bytes().next();
            matches!(*text, "true" | "false")
                || first.is_some_and(|byte| byte == b'-' || byte.is_ascii_digit())
        };
        // What is not one value of JSON fails here.
        if let Some(text) = quoted.filter(is_bare)
            && let Ok(bare) = serde_json::from_str(text)
        {
            *value = bare;
            changed = true;
        }
    }
    changed
}

/// The body with such numbers in these fields; `None` where there are none.
pub(crate) fn unquoted(body: &[u8], names: &[&str]) -> Option<Vec<u8>> {
    let mut fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(body).ok()?;
    unquote(&mut fields, names).then(|| serde_json::to_vec(&fields).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_their_quotes_and_nothing_else_does() {
        let body = br#"{"n": "2", "t": "-0.5", "on": "true", "word": "2", "odd": "2 3", "x": "1e", "s": "two"}"#;
        let bare = unquoted(body, &["n", "t", "on", "odd", "x", "s", "gone"]).unwrap();
        let bare = String::from_utf8(bare).unwrap();
        assert_eq!(bare, r#"{"n":2,"odd":"2 3","on":true,"s":"two","t":-0.5,"word":"2","x":"1e"}"#);
        assert_eq!(unquoted(body, &["word2", "s"]), None);
        assert_eq!(unquoted(b"[1", &["n"]), None);
    }
}
