//! What OpenAI's models are called, and what sets them apart on the wire.

/// Aliases and the dated snapshots that answer for them, as recorded or as
/// <https://platform.openai.com/docs/models> lists them (read 2026-11-21). A model that is not
/// here answers under its own name.
const SNAPSHOTS: [(&str, &str); 24] = [
    ("gpt-3.5-turbo", "gpt-3.5-turbo-0125"),
    ("gpt-4", "gpt-4-0613"),
    ("gpt-4-turbo", "gpt-4-turbo-2024-04-09"),
    ("gpt-4.1", "gpt-4.1-2025-04-14"),
    ("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
    ("gpt-4.1-nano", "gpt-4.1-nano-2025-04-14"),
    ("gpt-4o", "gpt-4o-2024-08-06"),
    ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
    ("gpt-4o-mini-search-preview", "gpt-4o-mini-search-preview-2025-03-11"),
    ("gpt-4o-search-preview", "gpt-4o-search-preview-2025-03-11"),
    ("gpt-5", "gpt-5-2025-08-07"),
    ("gpt-5-mini", "gpt-5-mini-2025-08-07"),
    ("gpt-5-nano", "gpt-5-nano-2025-08-07"),
    ("gpt-5-pro", "gpt-5-pro-2025-10-06"),
    ("gpt-5.1", "gpt-5.1-2025-11-13"),
    ("gpt-5.2", "gpt-5.2-2025-12-11"),
    ("gpt-5.4", "gpt-5.4-2026-03-05"),
    ("gpt-audio-mini", "gpt-audio-mini-2025-12-15"),
    ("o1", "o1-2024-12-17"),
    ("o1-mini", "o1-mini-2024-09-12"),
    ("o3", "o3-2025-04-16"),
    ("o3-mini", "o3-mini-2025-01-31"),
    ("o4-mini", "o4-mini-2025-04-16"),
    ("o4-mini-deep-research", "o4-mini-deep-research-2025-06-26"),
];

/// The snapshot that answers for `model`.
pub(super) fn snapshot(model: &str) -> &str {
    match SNAPSHOTS.binary_search_by_key(&model, |(alias, _)| alias) {
        Ok(index) => SNAPSHOTS[index].1,
        Err(_) => model,
    }
}

/// Whether the answer has a `logprobs` key: models that reason leave it out.
pub(super) fn has_logprobs(model: &str) -> bool {
    !is_gpt5_or_newer(model) && !is_o_series(model)
}

/// Whether the answer names a `system_fingerprint`: from gpt-5 on it is null.
pub(super) fn has_fingerprint(model: &str) -> bool {
    !is_gpt5_or_newer(model)
}

fn is_gpt5_or_newer(model: &str) -> bool {
    let version = model.strip_prefix("gpt-").and_then(|rest| rest.bytes().next());
    version.is_some_and(|digit| (b'5'..=b'9').contains(&digit))
}

fn is_o_series(model: &str) -> bool {
    matches!(model.as_bytes(), [b'o', digit, ..] if digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_sorted_and_found() {
        assert!(SNAPSHOTS.is_sorted());
        assert_eq!(snapshot("gpt-5-mini"), "gpt-5-mini-2025-08-07");
        assert_eq!(snapshot("gpt-4o-2024-05-13"), "gpt-4o-2024-05-13");
        assert_eq!(snapshot("mine"), "mine");
    }

    #[test]
    fn kinds_of_models() {
        assert!(has_logprobs("gpt-4o") && has_fingerprint("gpt-4.1-nano"));
        assert!(!has_logprobs("gpt-5.4") && !has_fingerprint("gpt-5-mini"));
        assert!(!has_logprobs("o3-mini") && has_fingerprint("o3-mini"));
    }
}
