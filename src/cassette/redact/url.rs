//! URLs without keys and accounts.

use super::{Redaction, Secrets};
use crate::request::RequestHead;

/// The URL of a request as it is kept.
pub(in crate::cassette) fn url(
    head: &RequestHead,
    redaction: &Redaction,
    secrets: &Secrets,
) -> String {
    // Without the query, and without a name and password.
    let mut url = head.url_for_messages();
    if let Some(query) = head.uri.query() {
        url.push('?');
        url.push_str(query);
    }
    redaction.url(secrets, &url)
}

impl Redaction {
    /// A URL as it is kept.
    pub(in crate::cassette) fn url(&self, secrets: &Secrets, url: &str) -> String {
        let (place, query) = match memchr::memchr(b'?', url.as_bytes()) {
            Some(at) => (&url[..at], Some(&url[at + 1..])),
            None => (url, None),
        };
        let (scheme, rest) = place.split_at(after_scheme(place));
        let (authority, path) = rest.split_at(until(rest, b'/'));
        let host = &authority[memchr::memrchr(b'@', authority.as_bytes()).map_or(0, |at| at + 1)..];
        let mut kept = Vec::with_capacity(url.len());
        kept.extend_from_slice(scheme.as_bytes());
        let push = |kept: &mut Vec<u8>, part: &str| {
            let start = kept.len();
            kept.extend_from_slice(part.as_bytes());
            self.scrub(secrets, &mut kept[start..]);
        };
        push(&mut kept, host);
        let mut owner = "";
        for (index, segment) in segments(path).enumerate() {
            if index > 0 {
                kept.push(b'/');
            }
            if is_account(owner, segment) {
                kept.extend_from_slice(self.mask.hidden(segment).as_bytes());
            } else {
                push(&mut kept, segment);
            }
            owner = segment;
        }
        for (index, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
            kept.push(if index == 0 { b'?' } else { b'&' });
            match pair.split_once('=') {
                Some((name, value)) if is_secret(name) => {
                    kept.extend_from_slice(name.as_bytes());
                    kept.push(b'=');
                    kept.extend_from_slice(self.mask.hidden(value).as_bytes());
                }
                _ => push(&mut kept, pair),
            }
        }
        super::text_of(kept)
    }
}

/// What of a kept URL tells one request from another: the path, and the query in any order but without
/// what was secret. The host is left out: a gateway, or a server on this machine, stands for it.
pub(in crate::cassette) fn place(url: &str) -> (&str, Vec<&str>) {
    let rest = &url[after_scheme(url)..];
    let rest = memchr::memchr(b'/', rest.as_bytes()).map_or("/", |at| &rest[at..]);
    let Some(mark) = memchr::memchr(b'?', rest.as_bytes()) else { return (rest, Vec::new()) };
    let (path, query) = (&rest[..mark], &rest[mark + 1..]);
    let name = |pair: &str| pair.split('=').next().is_some_and(is_secret);
    let mut query: Vec<_> =
        query.split('&').filter(|pair| !pair.is_empty() && !name(pair)).collect();
    query.sort_unstable();
    (path, query)
}

/// Where the host begins: a colon that stands before is the scheme's.
fn after_scheme(url: &str) -> usize {
    const MARK: &str = "://";
    let at = until(url, b':');
    if url[at..].starts_with(MARK) { at + MARK.len() } else { 0 }
}

/// Where an ASCII character stands first, or else the end.
fn until(text: &str, mark: u8) -> usize {
    memchr::memchr(mark, text.as_bytes()).unwrap_or(text.len())
}

/// What stands before, between and after the slashes: as `str::split`, which is made for longer texts.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let ends = memchr::memchr_iter(b'/', path.as_bytes()).chain([path.len()]);
    let mut start = 0;
    ends.map(move |end| &path[std::mem::replace(&mut start, end + 1)..end])
}

/// The names of accounts in a path.
pub(super) fn account_ids(path: &str) -> impl Iterator<Item = &str> {
    let mut owner = "";
    segments(path)
        .filter(move |segment| is_account(std::mem::replace(&mut owner, segment), segment))
}

fn is_account(owner: &str, segment: &str) -> bool {
    const OWNERS: [&str; 9] = [
        "accounts",
        "organization",
        "organizations",
        "orgs",
        "projects",
        "subscriptions",
        "tenants",
        "users",
        "workspaces",
    ];
    // Under `/v1/organization/projects` both are words of the API.
    OWNERS.contains(&owner) && !segment.is_empty() && !OWNERS.contains(&segment)
}

/// Whether a parameter of this name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    const NAMES: [&str; 11] = [
        "access_token",
        "api-key",
        "api_key",
        "apikey",
        "auth",
        "key",
        "sig",
        "signature",
        "subscription-key",
        "token",
        "upload_id",
    ];
    let name = name.to_ascii_lowercase();
    NAMES.contains(&name.as_str()) || name.starts_with("x-amz-") || name.starts_with("x-goog-")
}
