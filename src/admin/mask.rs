//! What may be shown of a request: no key of it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};
use sha2::{Digest, Sha256};

use crate::request::RequestHead;

/// How an API key is shown: its beginning, and enough of its hash to tell it from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown(String);

/// How many letters of a key are shown at the most; never more than a third of it.
const MOST_SHOWN: usize = 8;

impl Shown {
    pub(super) fn of(key: &str) -> Self {
        let begin: String = key.chars().take(MOST_SHOWN.min(key.chars().count() / 3)).collect();
        Self(format!("{begin}…#{}", &hash(key)[..8]))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a key that is shown so is meant by `wanted`: the whole key, `sha256:` and the beginning
    /// of its hash, or as much of it as is shown. More of a key is not compared, letter by letter,
    /// lest it be guessed so.
    pub(super) fn is_meant(key: &str, wanted: &str) -> bool {
        if let Some(wanted) = wanted.strip_prefix("sha256:") {
            return wanted.len() >= 8 && hash(key).starts_with(&wanted.to_ascii_lowercase());
        }
        let shown = Self::of(key);
        let begin = shown.0.split('…').next().unwrap_or_default();
        let wanted_begin = wanted.strip_suffix('*').unwrap_or(wanted);
        begin.starts_with(wanted_begin)
            || wanted == shown.0
            || Sha256::digest(key) == Sha256::digest(wanted)
    }
}

fn hash(key: &str) -> String {
    Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The headers of a request, without secrets.
pub(super) fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = |(name, value): (&HeaderName, &http::HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = if is_secret(name) { masked(&value) } else { value.into_owned() };
        (name.to_string(), value)
    };
    headers.iter().map(shown).collect()
}

/// `Bearer sk-1…#0f1e2d3c`.
fn masked(value: &str) -> String {
    match value.split_once(' ') {
        Some((scheme, secret)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
            format!("{scheme} {}", Shown::of(secret.trim()).as_str())
        }
        _ => Shown::of(value).as_str().to_owned(),
    }
}

fn is_secret(name: &HeaderName) -> bool {
    let words = ["key", "token", "secret", "signature", "cookie", "credential", "password"];
    [header::AUTHORIZATION, header::PROXY_AUTHORIZATION].contains(name)
        || ["openai-organization", "openai-project"].contains(&name.as_str())
        || words.iter().any(|word| name.as_str().contains(word))
}

/// The path and query of a request, without secrets.
pub(super) fn path(head: &RequestHead) -> String {
    let Some(query) = head.uri.query() else { return head.uri.path().to_owned() };
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() => {
            let lower = name.to_ascii_lowercase();
            let is_secret = ["key", "token", "secret", "sig"].iter().any(|w| lower.contains(w));
            if is_secret {
                format!("{name}={}", Shown::of(value).as_str())
            } else {
                pair.to_owned()
            }
        }
        _ => pair.to_owned(),
    });
    let shown: Vec<String> = shown.collect();
    format!("{}?{}", head.uri.path(), shown.join("&"))
}

/// A body as text, without the key that came with the request, wherever it stands.
pub(super) fn body(body: &[u8], head: &RequestHead) -> String {
    let text = String::from_utf8_lossy(body);
    match head.as_head().api_key() {
        // A shorter one may well be a word.
        Some(key) if key.len() >= 8 && text.contains(key) => {
            text.replace(key, Shown::of(key).as_str())
        }
        _ => text.into_owned(),
    }
}

/// As much of a body as is shown, and whether that is all.
pub(super) fn beginning(bytes: &Bytes, most: usize) -> (&[u8], bool) {
    (&bytes[..bytes.len().min(most)], bytes.len() > most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-proj-0123456789abcdef";

    #[test]
    fn a_key_is_meant_by_what_is_shown_its_hash_and_itself() {
        let shown = Shown::of(KEY);
        assert!(shown.as_str().starts_with("sk-proj-…#"), "{shown:?}");
        assert!(!shown.as_str().contains("0123"));
        let hash = hash(KEY);
        for (wanted, is_meant) in [
            ("sk-", true),
            ("sk-proj-", true),
            ("sk-proj-*", true),
            // No letter beyond those that are shown can be guessed.
            ("sk-proj-0", false),
            ("sk-proj-0123456789abcde", false),
            (KEY, true),
            (shown.as_str(), true),
            (&format!("sha256:{hash}"), true),
            (&format!("sha256:{}", &hash[..8]), true),
            ("sha256:", false),
            ("sk-x", false),
        ] {
            assert_eq!(Shown::is_meant(KEY, wanted), is_meant, "{wanted}");
        }
        assert!(!Shown::of("short").as_str().contains("sh…"), "a third at the most");
    }

    #[test]
    fn no_secret_is_left_in_headers_query_and_body() {
        let uri = format!("/v1beta/models?alt=sse&key={KEY}").parse().unwrap();
        let mut head = RequestHead { uri, ..RequestHead::default() };
        let named = [
            ("authorization", format!("Bearer {KEY}")),
            ("x-api-key", KEY.to_owned()),
            ("x-goog-api-key", KEY.to_owned()),
            ("cookie", format!("session={KEY}")),
            ("x-amz-security-token", KEY.to_owned()),
            ("openai-organization", KEY.to_owned()),
        ];
        for (name, value) in &named {
            head.headers.insert(*name, value.parse().unwrap());
        }
        head.headers.insert("user-agent", "app/1".parse().unwrap());
        let shown = format!("{:?} {}", headers(&head.headers), path(&head));
        assert!(!shown.contains("0123"), "{shown}");
        assert!(shown.contains("app/1") && shown.contains("alt=sse&key=sk-proj-…#"), "{shown}");
        let body = body(format!("{{\"echo\": \"my key is {KEY}\"}}").as_bytes(), &head);
        assert!(!body.contains("0123"), "{body}");
    }
}
