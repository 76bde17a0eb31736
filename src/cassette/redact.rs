//! What never reaches the disk.
//!
//! Bytes are masked in place with as many stars, or with a pseudonym that is as long, so that frames keep their boundaries and bodies their
//! length, and so that a key that was cut by a frame's end is found all the same.

mod json;
mod keys;
mod mask;
mod url;

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;

pub(crate) use self::json::Pointer;
pub(crate) use self::mask::Mask;
use self::mask::is_pseudonym;
pub(super) use self::url::{place, url};
use super::interaction::{Frame, Interaction};
use crate::request::RequestHead;

/// What is masked beside what always is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redaction {
    /// Places in the JSON of requests, of responses and of their events.
    pub(crate) pointers: Vec<Pointer>,
    #[cfg(feature = "regex")]
    pub(crate) patterns: Vec<regex::Regex>,
    pub(crate) mask: Mask,
}

/// Values that this very request shows to be secret.
#[derive(Default)]
pub(super) struct Secrets(Vec<Vec<u8>>);

/// Shows none: it is in the body of a response, which people print.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    pub(super) fn of(head: &RequestHead) -> Self {
        let mut secrets = Self::default();
        secrets.add_headers(&head.headers);
        if let Some(authority) = head.uri.authority() {
            secrets.add_user(authority.as_str());
        }
        secrets.add_query(head.uri.query().unwrap_or_default());
        secrets.add_accounts(head.uri.path());
        secrets
    }

    /// Of what stands in a file, by other hands than ours.
    pub(super) fn of_recorded(interaction: &Interaction) -> Self {
        let Interaction { url, request_headers, headers, .. } = interaction;
        let mut secrets = Self::default();
        for (name, value) in request_headers.iter().chain(headers) {
            secrets.add_header(&name.to_ascii_lowercase(), value.as_bytes());
        }
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let rest = place.split_once("://").map_or(place, |(_, rest)| rest);
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        secrets.add_user(authority);
        secrets.add_query(query);
        secrets.add_accounts(path);
        secrets
    }

    fn add_user(&mut self, authority: &str) {
        if let Some((user, _)) = authority.rsplit_once('@') {
            user.split(':').for_each(|part| self.add(part.as_bytes()));
        }
    }

    fn add_accounts(&mut self, path: &str) {
        for id in url::account_ids(path) {
            self.add(id.as_bytes());
        }
    }

    fn add_query(&mut self, query: &str) {
        for pair in query.split('&') {
            if let Some((name, value)) = pair.split_once('=')
                && url::is_secret(name)
            {
                self.add(value.as_bytes());
            }
        }
    }

    pub(super) fn add_headers(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            self.add_header(name.as_str(), value.as_bytes());
        }
    }

    fn add_header(&mut self, name: &str, value: &[u8]) {
        // A link, to where an upload goes on, say.
        if let Some(at) = memchr::memchr(b'?', value)
            && let Ok(query) = std::str::from_utf8(&value[at + 1..])
        {
            self.add_query(query);
        }
        if !is_secret(name) {
            return;
        }
        self.add(value);
        // `Bearer KEY`, `name=value; name=value`
        for part in value.split(|byte| matches!(byte, b' ' | b';' | b',' | b'=' | b'"')) {
            self.add(part);
        }
    }

    fn add(&mut self, value: &[u8]) {
        /// Shorter ones are words that occur by chance.
        const SHORTEST: usize = 6;
        const WORDS: [&[u8]; 9] = [
            b"Bearer",
            b"bearer",
            b"Domain",
            b"domain",
            b"Expires",
            b"expires",
            b"HttpOnly",
            b"Secure",
            b"SameSite",
        ];
        // What was masked before stays as it is.
        if is_pseudonym(value) {
            return;
        }
        let is_common = value.iter().all(u8::is_ascii_lowercase);
        if value.len() >= SHORTEST && !WORDS.contains(&value) && !(is_common && value.len() < 16) {
            self.0.push(value.to_vec());
        }
    }

    fn mask(&self, bytes: &mut [u8], mask: &Mask) -> bool {
        let mut changed = false;
        for secret in &self.0 {
            // A key has the same name where nobody knows that it is this request's.
            let lead = if mask.has_names() { lead(secret) } else { 0 };
            let mut at = 0;
            while let Some(found) = find(&bytes[at..], secret) {
                let end = at + found + secret.len();
                mask.fill(&mut bytes[at + found + lead..end]);
                (at, changed) = (end, true);
            }
        }
        changed
    }
}

/// What was masked may end within a letter.
fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Where a secret stands. Made for one search: to prepare a longer one takes longer than this.
fn find(bytes: &[u8], secret: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(secret.len())?;
    // What is rare in prose tells most places off.
    let is_rare = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase() || *byte > 127;
    let rare = secret.iter().rposition(is_rare).unwrap_or_default();
    memchr::memchr_iter(secret[rare], &bytes[rare..=last + rare])
        .find(|start| bytes[*start..].starts_with(secret))
}

/// How much of a secret is none, but says of what kind it is.
fn lead(secret: &[u8]) -> usize {
    let schemes = [&b"Bearer "[..], b"Basic "].into_iter();
    let scheme = schemes.filter(|scheme| secret.starts_with(scheme)).map(<[u8]>::len).sum();
    scheme + keys::lead(&secret[scheme..])
}

impl Redaction {
    /// Masks a body, or anything else.
    pub(super) fn scrub(&self, secrets: &Secrets, bytes: &mut [u8]) {
        let mask = &self.mask;
        secrets.mask(bytes, mask);
        if keys::mask(bytes, mask).1 >= keys::BASE64 {
            let plain = |bytes: &mut [u8]| secrets.mask(bytes, mask) | keys::mask(bytes, mask).0;
            keys::inside_base64(bytes, plain);
        }
        for pointer in &self.pointers {
            pointer.mask(bytes, mask);
        }
        #[cfg(feature = "regex")]
        self.by_pattern(bytes);
    }

    #[cfg(feature = "regex")]
    fn by_pattern(&self, bytes: &mut [u8]) {
        if self.patterns.is_empty() {
            return;
        }
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let ranges =
            self.patterns.iter().flat_map(|p| p.find_iter(text)).map(|found| found.range());
        let ranges: Vec<_> = ranges.collect();
        let escapes = if ranges.is_empty() { Vec::new() } else { escapes(bytes) };
        for range in ranges {
            // A match may reach over JSON's own marks and escapes; the body must stay JSON.
            let mut start = range.start;
            for at in range.start..=range.end {
                let is_kept =
                    at < range.end && (escapes[at] || b"\"\\{}[]:,\r\n".contains(&bytes[at]));
                if at == range.end || is_kept {
                    self.mask.fill(&mut bytes[start..at]);
                    start = at + 1;
                }
                if is_kept && at + 6 <= range.end && bytes[at..].starts_with(b"\\u") {
                    bytes[at + 2..at + 6].copy_from_slice(b"002a");
                }
            }
        }
    }

    pub(super) fn text(&self, secrets: &Secrets, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.scrub(secrets, &mut bytes);
        text_of(bytes)
    }

    /// The request's body as it is compared and kept.
    pub(super) fn body(&self, secrets: &Secrets, body: &[u8]) -> Bytes {
        let mut bytes = body.to_vec();
        self.scrub(secrets, &mut bytes);
        bytes.into()
    }

    /// What was recorded by other hands than ours, or by rules that were others, as it would be kept
    /// now.
    #[cfg(feature = "cli")]
    pub(super) fn cleaned(&self, recorded: &Interaction) -> Interaction {
        let secrets = Secrets::of_recorded(recorded);
        let mut interaction = recorded.clone();
        interaction.url = self.url(&secrets, &recorded.url);
        interaction.request_headers.retain(|(name, _)| is_kept(name));
        interaction.headers = self.kept(recorded.headers.iter().cloned());
        self.interaction(&secrets, &mut interaction);
        interaction
    }

    /// The whole interaction, before it is written.
    pub(super) fn interaction(&self, secrets: &Secrets, interaction: &mut Interaction) {
        interaction.body = self.body(secrets, &interaction.body);
        let headers = interaction.request_headers.iter_mut().chain(&mut interaction.headers);
        for (_, value) in headers {
            *value = self.text(secrets, value);
        }
        if let Some(why) = &mut interaction.interrupted {
            *why = self.text(secrets, why);
        }
        let mut body: Vec<u8> =
            interaction.frames.iter().flat_map(|frame| frame.bytes.iter().copied()).collect();
        self.scrub(secrets, &mut body);
        let mut body = Bytes::from(body);
        for Frame { bytes, .. } in &mut interaction.frames {
            *bytes = body.split_to(bytes.len());
        }
    }
}

/// Which bytes belong to an escape of JSON's.
#[cfg(feature = "regex")]
fn escapes(bytes: &[u8]) -> Vec<bool> {
    let mut escapes = vec![false; bytes.len()];
    let mut at = 0;
    while at < bytes.len() {
        let length = match (bytes[at], bytes.get(at + 1)) {
            (b'\\', Some(b'u')) => 6,
            (b'\\', Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => 2,
            _ => 0,
        };
        let end = (at + length).min(bytes.len());
        escapes[at..end].fill(true);
        at = end.max(at + 1);
    }
    escapes
}

/// The headers of a request that are kept: what can change the answer, and no more.
pub(super) fn request_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    sorted(texts(headers).filter(|(name, _)| is_kept(name)))
}

fn is_kept(name: &str) -> bool {
    const KEPT: [&str; 7] = [
        "accept",
        "anthropic-beta",
        "anthropic-version",
        "content-encoding",
        "content-type",
        "openai-beta",
        "x-goog-fieldmask",
    ];
    KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(name))
}

impl Redaction {
    /// The headers of a response that are kept: all but secrets, and what the connection makes anew.
    pub(super) fn response_headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        self.kept(texts(headers))
    }

    fn kept(&self, headers: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
        const MADE_ANEW: [&str; 7] = [
            "connection",
            "keep-alive",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ];
        let is_made_anew = |name: &str| MADE_ANEW.iter().any(|it| it.eq_ignore_ascii_case(name));
        sorted(headers.filter(|(name, _)| !is_made_anew(name)).filter_map(|(name, value)| {
            let value = self.header(&name, &value)?;
            Some((name, value))
        }))
    }

    /// The value of a header as it may stand in a file, by its name; `None` if nothing may.
    pub(super) fn header(&self, name: &str, value: &str) -> Option<String> {
        let name = name.to_ascii_lowercase();
        if name.contains("cookie") {
            return None;
        }
        // Some clients read them, so that they stay.
        Some(if is_secret(&name) { self.mask.hidden(value) } else { value.to_owned() })
    }
}

fn texts(headers: &HeaderMap) -> impl Iterator<Item = (String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
}

/// By name: a map of headers promises no order.
fn sorted(headers: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut headers: Vec<_> = headers.collect();
    headers.sort_by(|a, b| a.0.cmp(&b.0));
    headers
}

/// Whether a header's value names a person, an account or a right, by its name.
fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 12] = [
        "account",
        "api-key",
        "apikey",
        "authorization",
        "cookie",
        "credential",
        "organization",
        "password",
        "project",
        "secret",
        "security-token",
        "session",
    ];
    /// Those of nearly every request, to be quick about them.
    const PLAIN: [&str; 6] =
        ["accept", "accept-encoding", "content-length", "content-type", "host", "user-agent"];
    /// Those that keys come in are parts too, and told at once.
    const NAMES: [&str; 7] = [
        "authorization",
        "tenant",
        "x-api-key",
        "x-auth-token",
        "x-goog-api-key",
        "x-goog-iam-authorization-token",
        "x-token",
    ];
    !PLAIN.contains(&name)
        && (NAMES.contains(&name) || PARTS.iter().any(|part| name.contains(part)))
}

#[cfg(test)]
mod tests;
