//! Texts of a format.

/// Texts of this format, longest sensible one first; the `variant`th of its kind. `None` for a
/// format that says nothing about the text (Gemini's `enum`, `int32`) or is not known: JSON
/// Schema has it that such a one does not bind.
pub(super) fn texts(format: &str, variant: u64, least: usize) -> Option<Vec<String>> {
    let n = variant;
    let byte = n % 250 + 1;
    Some(match format {
        "email" | "idn-email" => {
            let end = if n == 0 { String::new() } else { n.to_string() };
            let pad = "x".repeat(least.saturating_sub(16 + end.len()).min(48));
            vec![format!("mock{end}{pad}@example.com"), format!("m{end}@b.co"), "a@b.co".into()]
        }
        "uri" | "url" | "iri" | "uri-reference" | "iri-reference" | "uri-template" => {
            let end = if n == 0 { String::new() } else { format!("/{n}") };
            let pad = "x".repeat(least.saturating_sub(24 + end.len()).min(65_536));
            vec![
                format!("https://example.com/mock{end}{pad}"),
                format!("http://b.co{end}"),
                "a:b".into(),
            ]
        }
        "uuid" => vec![format!(
            "0f8fad5b-d9cb-469f-a165-{:012x}",
            0x7086_7728_950e_u64 ^ (n & 0xffff_ffff)
        )],
        "date" => vec![format!("2025-{:02}-{:02}", 1 + n / 28 % 12, 1 + (n + 14) % 28)],
        "date-time" => {
            vec![format!("2025-{:02}-{:02}T12:00:00Z", 1 + n / 28 % 12, 1 + (n + 14) % 28)]
        }
        "time" => vec![format!("12:{:02}:{:02}Z", n / 60 % 60, n % 60)],
        "duration" => vec![format!("PT{}M", 15 + n % 100_000), format!("P{}D", 1 + n % 9)],
        "ipv4" => vec![format!("192.0.2.{byte}"), format!("1.1.1.{}", n % 10)],
        "ipv6" => vec![format!("2001:db8::{byte:x}"), format!("::{:x}", n % 16)],
        "hostname" | "idn-hostname" => {
            let end = if n == 0 { String::new() } else { n.to_string() };
            let pad = "x".repeat(least.saturating_sub(16 + end.len()).min(40));
            vec![format!("mock{end}{pad}.example.com"), format!("b{end}.co"), "a".into()]
        }
        "json-pointer" => vec![format!("/mock/{n}"), format!("/{n}")],
        "relative-json-pointer" => vec![format!("{n}/mock"), n.to_string()],
        "regex" => vec![format!("^mock{n}$"), "a".into()],
        "byte" => vec!["bW9jaw==".into()],
        _ => return None,
    })
}
