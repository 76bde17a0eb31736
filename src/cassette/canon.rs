//! What a request says to a model, whichever way it was written: by this it is found again.

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Number, Value};

use super::redact::{Pointer, place};
use crate::util::rng::hash;

/// A request as it is looked for: without secrets.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) provider: String,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) content_type: Option<String>,
    pub(super) body: Bytes,
}

impl Asked {
    /// A number that requests have in common which ask for the same.
    pub(super) fn key(&self, ignored: &[Pointer]) -> u128 {
        let (path, query) = place(&self.url);
        let mut key = [&self.provider, &self.method, path]
            .into_iter()
            .chain(query)
            .fold(0, |key, text| joined(key, of_bytes(text.as_bytes())));
        // A method that has no body may come with an empty one, or none.
        if self.method != Method::GET.as_str() || !self.body.is_empty() {
            let body = match self.json() {
                Some(value) => of_value(&canonical(value, ignored)),
                None => of_bytes(&self.without_boundary()),
            };
            key = joined(key, body);
        }
        key
    }

    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// A form's body, in which the marks between its parts are made up anew each time.
    fn without_boundary(&self) -> Bytes {
        let boundary = self
            .content_type
            .as_deref()
            .filter(|kind| kind.starts_with("multipart/"))
            .and_then(|kind| kind.split_once("boundary="))
            .map(|(_, rest)| rest.split(';').next().unwrap_or_default().trim_matches('"'))
            .filter(|boundary| !boundary.is_empty());
        let Some(boundary) = boundary else { return self.body.clone() };
        let mut body = Vec::with_capacity(self.body.len());
        let mut at = 0;
        for found in memchr::memmem::find_iter(&self.body, boundary) {
            body.extend_from_slice(&self.body[at..found]);
            at = found + boundary.len();
        }
        body.extend_from_slice(&self.body[at..]);
        body.into()
    }
}

/// Fields of a request that say who asks, or how the answer is to be transported.
pub(super) const VOLATILE: [&str; 7] = [
    "labels",
    "metadata",
    "prompt_cache_key",
    "safety_identifier",
    "stream_options",
    "streamOptions",
    "user",
];

/// A request without what does not matter: [`VOLATILE`] fields, null, what is `ignored`; `stream` where
/// it says no; and with made-up ids numbered by where they come first, so that a tool's result still
/// belongs to its call.
pub(super) fn canonical(mut value: Value, ignored: &[Pointer]) -> Value {
    for pointer in ignored {
        pointer.remove(&mut value);
    }
    if let Value::Object(fields) = &mut value {
        let matters = |name: &String, value: &mut Value| {
            let is_default = value.is_null() || (name == "stream" && *value == Value::Bool(false));
            !is_default && !VOLATILE.contains(&name.as_str())
        };
        fields.retain(|name, value| matters(name, value));
        for name in ["messages", "input", "contents"] {
            if let Some(conversation @ Value::Array(_)) = fields.get_mut(name) {
                number_ids(conversation, &mut Vec::new());
            }
        }
    }
    value
}

fn number_ids(value: &mut Value, seen: &mut Vec<String>) {
    /// Where an id may stand.
    const IDS: [&str; 4] = ["call_id", "id", "tool_call_id", "tool_use_id"];
    /// What the model or a tool said: an `id` in there is theirs.
    const LITERAL: [&str; 5] = ["args", "arguments", "input", "output", "response"];
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|value| number_ids(value, seen)),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match value {
                    Value::String(id) if IDS.contains(&name.as_str()) => {
                        let number = seen.iter().position(|known| known == id);
                        let number = number.unwrap_or_else(|| {
                            seen.push(id.clone());
                            seen.len() - 1
                        });
                        *id = format!("#{}", number + 1);
                    }
                    value if !LITERAL.contains(&name.as_str()) => number_ids(value, seen),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Two lanes of 64 bits: among 100,000 requests not even one pair is expected to fall together.
fn of_bytes(bytes: &[u8]) -> u128 {
    u128::from(hash(LANES[0], bytes)) << 64 | u128::from(hash(LANES[1], bytes))
}

fn joined(one: u128, other: u128) -> u128 {
    let mut both = [0; 32];
    both[..16].copy_from_slice(&one.to_le_bytes());
    both[16..].copy_from_slice(&other.to_le_bytes());
    of_bytes(&both)
}

fn of_value(value: &Value) -> u128 {
    match value {
        Value::Null => 1,
        Value::Bool(value) => 2 + u128::from(*value),
        Value::Number(number) => joined(4, of_number(number)),
        Value::String(text) => joined(5, of_bytes(text.as_bytes())),
        Value::Array(elements) => {
            elements.iter().fold(6, |array, element| joined(array, of_value(element)))
        }
        // A sum, since the order of fields says nothing.
        Value::Object(fields) => joined(7, of_fields(fields)),
    }
}

fn of_fields(fields: &Map<String, Value>) -> u128 {
    let field =
        |(name, value): (&String, &Value)| joined(of_bytes(name.as_bytes()), of_value(value));
    fields.iter().map(field).fold(0, u128::wrapping_add)
}

/// 1.0 is 1.
fn of_number(number: &Number) -> u128 {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => whole as u128,
        (None, Some(float)) if float.fract() == 0.0 && float.abs() < 9e15 => float as i64 as u128,
        _ => of_bytes(number.to_string().as_bytes()),
    }
}

const LANES: [u64; 2] = [0x6361_7373_6574_7465, 0x2d6b_6579_2d76_3031];

#[cfg(test)]
mod tests {
    use super::*;

    fn key(body: &str) -> u128 {
        asked(body).key(&[])
    }

    fn asked(body: &str) -> Asked {
        Asked {
            provider: "openai".into(),
            method: "POST".into(),
            url: "https://api.openai.com/v1/chat/completions".into(),
            content_type: None,
            body: body.to_owned().into(),
        }
    }

    const PLAIN: &str =
        r#"{"model":"m","temperature":1,"messages":[{"role":"user","content":"hi"}]}"#;

    #[test]
    fn what_says_the_same_has_the_same_key() {
        for same in [
            r#"{"messages": [{"content": "hi", "role": "user"}], "temperature": 1.0, "model": "m"}"#,
            r#"{"model":"m","temperature":1,"user":"u1","metadata":{"a":"b"},"stream":false,
                "stream_options":null,"messages":[{"role":"user","content":"h\u0069"}]}"#,
        ] {
            assert_eq!(key(same), key(PLAIN), "{same}");
        }
        let streamed =
            |options: &str| key(&PLAIN.replacen('{', &format!("{{\"stream\":true{options},"), 1));
        assert_eq!(streamed(""), streamed(r#","stream_options":{"include_usage":true}"#));
        assert_ne!(streamed(""), key(PLAIN));
    }

    #[test]
    fn what_says_another_thing_has_another() {
        for (from, to) in [
            ("\"m\"", "\"n\""),
            ("1", "1.5"),
            ("1", "\"1\""),
            ("hi", "hi "),
            ("user", "system"),
            ("[{", "[{},{"),
            ("\"content\"", "\"contents\""),
        ] {
            assert_ne!(key(&PLAIN.replacen(from, to, 1)), key(PLAIN), "{from} {to}");
        }
        let elsewhere = |url: &str| Asked { url: url.into(), ..asked(PLAIN) }.key(&[]);
        assert_ne!(elsewhere("https://api.openai.com/v1/responses"), key(PLAIN));
        assert_eq!(elsewhere("http://127.0.0.1:9/v1/chat/completions?key=redacted"), key(PLAIN));
    }

    #[test]
    fn ids_of_calls_count_by_their_place() {
        let turn = |one: &str, two: &str, first: &str, city: &str| {
            key(&format!(
                r#"{{"model":"m","messages":[
                    {{"role":"assistant","tool_calls":[
                        {{"id":"{one}","type":"function","function":{{"name":"f","arguments":"{{}}"}}}},
                        {{"id":"{two}","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}]}},
                    {{"role":"tool","tool_call_id":"{first}","content":"{city}"}}]}}"#
            ))
        };
        assert_eq!(turn("call_a", "call_b", "call_a", "Rome"), turn("x", "y", "x", "Rome"));
        assert_ne!(turn("call_a", "call_b", "call_b", "Rome"), turn("x", "y", "x", "Rome"));
        assert_ne!(turn("call_a", "call_b", "call_a", "Oslo"), turn("x", "y", "x", "Rome"));
        let order = |id: &str| {
            key(&format!(
                r#"{{"messages":[{{"role":"assistant","content":[
                    {{"type":"tool_use","id":"toolu_1","name":"f","input":{{"id":"{id}"}}}}]}}]}}"#
            ))
        };
        assert_ne!(order("7"), order("8"));
    }

    #[test]
    fn what_is_ignored_counts_for_nothing() {
        let ignored = [Pointer::parse("/messages/*/content").unwrap()];
        let other = PLAIN.replace("hi", "ho");
        assert_eq!(asked(&other).key(&ignored), asked(PLAIN).key(&ignored));
        assert_ne!(
            asked(&other.replace("\"m\"", "\"n\"")).key(&ignored),
            asked(PLAIN).key(&ignored)
        );
    }

    #[test]
    fn the_marks_of_a_form_count_for_nothing() {
        let form = |boundary: &str, text: &str| {
            let content_type = Some(format!("multipart/form-data; boundary={boundary}"));
            let body = format!("--{boundary}\r\n\r\n{text}\r\n--{boundary}--");
            Asked { content_type, body: body.into(), ..asked("") }.key(&[])
        };
        assert_eq!(form("a1b2", "x"), form("zz", "x"));
        assert_ne!(form("a1b2", "x"), form("a1b2", "y"));
    }
}
