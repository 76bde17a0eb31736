//! What a request gets that is judged leniently.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::diagnose::is_known;
use crate::provider::unquoted::unquote;

/// The limit of a request that has none, as JSON: what the vendor's examples ask for.
const MAX_TOKENS: &str = "1024";

/// What may come as a text.
const NUMBERS: [&str; 5] = ["max_tokens", "stream", "temperature", "top_k", "top_p"];

/// The body with a limit of tokens and bare numbers, and without the fields that the API does not know; as it came
/// where it is no object. What the fields hold stays as it was spelled.
pub(super) fn filled(body: &[u8]) -> Cow<'_, [u8]> {
    let Ok(mut fields) = serde_json::from_slice::<BTreeMap<Cow<'_, str>, &RawValue>>(body) else {
        return Cow::Borrowed(body);
    };
    fields.retain(|field, _| is_known(field));
    unquote(&mut fields, &NUMBERS);
    if fields.get("max_tokens").is_none_or(|limit| limit.get() == "null") {
        let limit = serde_json::from_str(MAX_TOKENS).expect("a number is JSON");
        fields.insert(Cow::Borrowed("max_tokens"), limit);
    }
    serde_json::to_vec(&fields).map_or(Cow::Borrowed(body), Cow::Owned)
}
