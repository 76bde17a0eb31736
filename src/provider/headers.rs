//! Headers from a template.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// A template of headers: the ones whose values vary first, then the fixed ones. To clone it and
/// fill it in costs half of inserting headers one by one.
pub(crate) fn template(
    varying: &[HeaderName],
    fixed: &[(&'static str, &'static str)],
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(varying.len() + fixed.len());
    for name in varying {
        headers.append(name, HeaderValue::from_static(""));
    }
    for (name, value) in fixed {
        // A name that is static all along: to clone one that was copied would count who shares it.
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers
}

/// The template's headers with `values` for those that vary, in their order.
pub(crate) fn fill<const N: usize>(template: &HeaderMap, values: [HeaderValue; N]) -> HeaderMap {
    let mut headers = template.clone();
    // A map keeps the order of insertion as long as nothing is removed.
    for (slot, value) in headers.values_mut().zip(values) {
        *slot = value;
    }
    headers
}

/// Asks the client to wait, in whole seconds.
pub(crate) fn retry_after(headers: &mut HeaderMap, wait: Duration) {
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_varying_headers_are_the_ones_that_are_filled() {
        let names = [HeaderName::from_static("z-first"), HeaderName::from_static("a-second")];
        let fixed = [("m", "1"), ("b", "2"), ("vary", "x"), ("vary", "y"), ("zz", "3")];
        let template = template(&names, &fixed);
        let filled = fill(&template, ["one", "two"].map(HeaderValue::from_static));
        assert!(filled["z-first"] == "one" && filled["a-second"] == "two");
        assert!(filled.len() == 7 && filled["zz"] == "3");
        assert_eq!(filled.get_all("vary").iter().count(), 2);
    }

    #[test]
    fn the_longest_wait_does_not_overflow() {
        for (wait, seconds) in [
            (Duration::from_millis(1500), "2"),
            (Duration::from_secs(2), "2"),
            (Duration::MAX, "18446744073709551615"),
        ] {
            let mut headers = HeaderMap::new();
            retry_after(&mut headers, wait);
            assert_eq!(headers[header::RETRY_AFTER], seconds);
        }
    }
}
