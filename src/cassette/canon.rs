//! What a request says to a model, whichever way it was written: by this it is found again.

mod hash;
mod usual;
mod walk;

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use self::hash::{joined, of_bytes, of_value};
pub(super) use self::walk::Keyer;
use super::redact::{Pointer, place};
use super::scan::Node;

/// A request as it is looked for: without secrets.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) provider: Cow<'static, str>,
    pub(super) method: Cow<'static, str>,
    pub(super) url: String,
    pub(super) content_type: Option<String>,
    pub(super) body: Bytes,
}

/// The same, wherever it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) provider: &'a str,
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) content_type: Option<&'a str>,
    pub(super) body: &'a [u8],
}

impl Asked {
    /// A number that requests have in common which ask for the same.
    pub(super) fn key(&self, ignored: &[Pointer]) -> u128 {
        self.question().key(&mut Keyer::default(), ignored)
    }

    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(super) fn question(&self) -> Question<'_> {
        let Self { provider, method, url, content_type, body } = self;
        Question { provider, method, url, content_type: content_type.as_deref(), body }
    }
}

impl Question<'_> {
    /// A number that requests have in common which ask for the same.
    pub(super) fn key(&self, keyer: &mut Keyer, ignored: &[Pointer]) -> u128 {
        // A method that has no body may come with an empty one, or none.
        if self.method == Method::GET.as_str() && self.body.is_empty() {
            return self.of_place();
        }
        let body = keyer.of_bytes(self.body, ignored).unwrap_or_else(|| self.by_tree(ignored));
        joined(self.of_place(), body)
    }

    /// The same for a body that is JSON and stands in a larger text, which was scanned.
    pub(super) fn key_of_node(
        &self,
        keyer: &mut Keyer,
        (text, nodes, at): (&str, &[Node], usize),
        ignored: &[Pointer],
    ) -> u128 {
        let body = keyer.of_node(text, nodes, at, ignored);
        joined(self.of_place(), body.unwrap_or_else(|| self.by_tree(ignored)))
    }

    fn of_place(&self) -> u128 {
        let (path, query) = place(self.url);
        [self.provider, self.method, path]
            .into_iter()
            .chain(query)
            .fold(0, |key, text| joined(key, of_bytes(text.as_bytes())))
    }

    fn by_tree(&self, ignored: &[Pointer]) -> u128 {
        match serde_json::from_slice(self.body) {
            Ok(value) => of_value(&canonical(value, ignored)),
            Err(_) => of_bytes(&self.without_boundary()),
        }
    }

    /// A form's body, in which the marks between its parts are made up anew each time.
    fn without_boundary(&self) -> Cow<'_, [u8]> {
        let boundary = self
            .content_type
            .filter(|kind| kind.starts_with("multipart/"))
            .and_then(|kind| kind.split_once("boundary="))
            .map(|(_, rest)| rest.split(';').next().unwrap_or_default().trim_matches('"'))
            .filter(|boundary| !boundary.is_empty());
        let Some(boundary) = boundary else { return self.body.into() };
        let mut body = Vec::with_capacity(self.body.len());
        let mut at = 0;
        for found in memchr::memmem::find_iter(self.body, boundary) {
            body.extend_from_slice(&self.body[at..found]);
            at = found + boundary.len();
        }
        body.extend_from_slice(&self.body[at..]);
        body.into()
    }
}

/// Fields of a request that say who asks, when, or how the answer is to be transported.
pub(super) const VOLATILE: [&str; 14] = [
    "created",
    "created_at",
    "idempotency_key",
    "labels",
    "metadata",
    "prompt_cache_key",
    "request_id",
    "safety_identifier",
    "session_id",
    "stream_options",
    "streamOptions",
    "timestamp",
    "trace_id",
    "user",
];

/// A request without what does not matter: [`VOLATILE`] fields, null, what is `ignored`; what says no
/// more than its absence would ([`usual`]); when a message was made; and with made-up ids numbered by where
/// they come first, so that a tool's result still belongs to its call. The key is made without it: this is for showing differences, and for bodies that
/// [`Keyer`] leaves alone.
pub(super) fn canonical(mut value: Value, ignored: &[Pointer]) -> Value {
    for pointer in ignored {
        pointer.remove(&mut value);
    }
    if value.is_object() {
        usual::leave_out(&mut value, usual::BODY);
    }
    if let Value::Object(fields) = &mut value {
        fields.retain(|name, value| !value.is_null() && !VOLATILE.contains(&name.as_str()));
        for name in CONVERSATIONS {
            if let Some(conversation @ Value::Array(_)) = fields.get_mut(name) {
                number_ids(conversation, &mut HashMap::new());
            }
        }
    }
    value
}

fn number_ids(value: &mut Value, seen: &mut HashMap<String, usize>) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|value| number_ids(value, seen)),
        Value::Object(fields) => {
            fields.retain(|name, _| !TIMES.contains(&name.as_str()));
            let mut fields: Vec<_> = fields.iter_mut().collect();
            // By name, in whatever order they came.
            fields.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in fields {
                match value {
                    Value::String(id) if IDS.contains(&name.as_str()) => {
                        let next = seen.len() + 1;
                        *id = numbered(*seen.entry(std::mem::take(id)).or_insert(next));
                    }
                    value if !LITERAL.contains(&name.as_str()) => number_ids(value, seen),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// What stands for an id.
fn numbered(number: usize) -> String {
    format!("#{number}")
}

/// Where the conversation may stand.
const CONVERSATIONS: [&str; 3] = ["messages", "input", "contents"];
/// Where an id may stand in it.
const IDS: [&str; 4] = ["call_id", "id", "tool_call_id", "tool_use_id"];
/// Where a time may stand in it, which says nothing to a model.
const TIMES: [&str; 3] = ["created", "created_at", "timestamp"];
/// What the model or a tool said: an `id` in there is theirs.
const LITERAL: [&str; 5] = ["args", "arguments", "input", "output", "response"];

#[cfg(test)]
mod tests;
