//! The dashboard: one page, with all that it needs in it.

use std::sync::LazyLock;

use http::{HeaderValue, Response, StatusCode, header};
use sha2::{Digest, Sha256};

use super::respond::text;
use crate::server::Other;
use crate::util::base64::base64;

const PAGE: &str = include_str!("dashboard.html");

/// Nothing runs but the page's own script, and nothing is called but this server.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("<script>", "</script>"),
        hash("<style>", "</style>"),
    )
});

pub(super) fn page() -> Response<Other> {
    let mut response = text("text/html; charset=utf-8", PAGE);
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// To the page, by its full name.
pub(super) fn elsewhere() -> Response<Other> {
    let mut response = text("text/plain; charset=utf-8", "it is at /__mock/\n");
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let location = HeaderValue::from_static("/__mock/");
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// The hash of what stands between two tags.
fn hash(open: &str, close: &str) -> String {
    let inside = PAGE.split_once(open).and_then(|(_, rest)| rest.split_once(close));
    let digest = Sha256::digest(inside.map_or("", |(inside, _)| inside));
    format!("'sha256-{}'", base64(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_one_script_and_one_style_and_nothing_from_elsewhere() {
        for tag in ["<script", "<style", "<script>", "<style>", "</script>", "</style>"] {
            assert_eq!(PAGE.matches(tag).count(), 1, "{tag}");
        }
        for outside in ["src=", "href=\"http", "url(", "@import", " style=\"", " onclick="] {
            assert!(!PAGE.contains(outside), "{outside}");
        }
        // Of the empty text.
        assert!(!POLICY.contains("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), "{}", *POLICY);
    }
}
