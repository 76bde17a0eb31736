//! What Anthropic's models are called, and what sets them apart on the wire.

/// Aliases and the dated snapshots that answer for them, as recorded or as
/// <https://platform.claude.com/docs/en/about-claude/models/overview> lists them (read
/// 2026-11-21). From 4.6 on models have no dates; a model that is not here answers under its own
/// name.
const SNAPSHOTS: [(&str, &str); 10] = [
    ("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022"),
    ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
    ("claude-3-7-sonnet-latest", "claude-3-7-sonnet-20250219"),
    ("claude-3-opus-latest", "claude-3-opus-20240229"),
    ("claude-haiku-4-5", "claude-haiku-4-5-20251001"),
    ("claude-opus-4-0", "claude-opus-4-20250514"),
    ("claude-opus-4-1", "claude-opus-4-1-20250805"),
    ("claude-opus-4-5", "claude-opus-4-5-20251101"),
    ("claude-sonnet-4-0", "claude-sonnet-4-20250514"),
    ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
];

/// The snapshot that answers for `model`.
pub(super) fn snapshot(model: &str) -> &str {
    match SNAPSHOTS.binary_search_by_key(&model, |(alias, _)| alias) {
        Ok(index) => SNAPSHOTS[index].1,
        Err(_) => model,
    }
}

/// Where the answer was made. Models that can be asked to stay in one place, which are those
/// without a date, name the place; the others say that they do not.
pub(super) fn inference_geo(model: &str) -> &'static str {
    let last = model.rsplit('-').next().unwrap_or_default();
    let is_dated = last.len() == 8 && last.bytes().all(|byte| byte.is_ascii_digit());
    if is_dated { "not_available" } else { "global" }
}

/// Whether the client may begin the answer itself: from 5 on it may not.
pub(super) fn takes_prefill(model: &str) -> bool {
    let version = model
        .strip_prefix("claude-")
        .and_then(|rest| rest.split_once('-'))
        .and_then(|(_, version)| version.bytes().next());
    !version.is_some_and(|digit| (b'5'..=b'9').contains(&digit)) || model.starts_with("claude-3-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_sorted_and_found() {
        assert!(SNAPSHOTS.is_sorted());
        assert_eq!(snapshot("claude-haiku-4-5"), "claude-haiku-4-5-20251001");
        assert_eq!(snapshot("claude-sonnet-5"), "claude-sonnet-5");
        assert_eq!(snapshot("mine"), "mine");
    }

    #[test]
    fn kinds_of_models() {
        assert_eq!(inference_geo("claude-haiku-4-5-20251001"), "not_available");
        assert_eq!(inference_geo("claude-sonnet-4-6"), "global");
        assert_eq!(inference_geo("claude-opus-5"), "global");
        for model in ["claude-3-5-haiku-20241022", "claude-sonnet-4-6", "mine"] {
            assert!(takes_prefill(model), "{model}");
        }
        assert!(!takes_prefill("claude-sonnet-5"));
    }
}
