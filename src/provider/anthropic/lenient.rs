//! What a request gets that is judged leniently.

use std::borrow::Cow;

use serde_json::Value;

use super::diagnose::is_known;

/// The limit of a request that has none: what the vendor's examples ask for.
const MAX_TOKENS: u64 = 1024;

/// The body with a limit of tokens, and without the fields that the API does not know; as it came
/// where it is no object.
pub(super) fn filled(body: &[u8]) -> Cow<'_, [u8]> {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else {
        return Cow::Borrowed(body);
    };
    fields.retain(|field, _| is_known(field));
    let limit = fields.entry("max_tokens").or_insert(Value::Null);
    if limit.is_null() {
        *limit = MAX_TOKENS.into();
    }
    Cow::Owned(Value::Object(fields).to_string().into_bytes())
}
