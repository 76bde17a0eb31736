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
    version(model).is_none_or(|version| version < (5, 0))
}

/// The least of what [`most_tokens`] says.
pub(super) const LEAST_TOKENS: i64 = 4_096;

/// The most tokens of an answer, as the vendor's list of models and its errors have it; `None` where
/// neither names the model.
pub(super) fn most_tokens(model: &str) -> Option<i64> {
    Some(match (family(model)?, version(model)?) {
        ("haiku", (3, 0)) => LEAST_TOKENS,
        ("opus", (4, 0 | 1)) => 32_000,
        ("haiku", (4, 5)) | ("opus", (4, 5)) | ("sonnet", (4, 0 | 5)) => 64_000,
        ("opus", (4, 6..=8)) | ("sonnet", (4, 6)) => 128_000,
        ("fable" | "opus" | "sonnet", (5, 0)) => 128_000,
        _ => return None,
    })
}

/// Of a model's name, as `(4, 5)` of `claude-haiku-4-5-20251001`; `None` where it is not the
/// vendor's.
pub(super) fn version(model: &str) -> Option<(u32, u32)> {
    // A date is no number of a version.
    let number = |part: &str| part.parse().ok().filter(|_| part.len() <= 2);
    let mut numbers = model.strip_prefix("claude-")?.split('-').map(number);
    // In the names of 3 it comes first, later behind the family.
    let major = numbers.next()?.or_else(|| numbers.next().flatten())?;
    Some((major, numbers.next().flatten().unwrap_or(0)))
}

/// Of a model's name, as `haiku`.
fn family(model: &str) -> Option<&str> {
    let mut parts = model.strip_prefix("claude-")?.split('-');
    parts.find(|part| part.bytes().all(|byte| byte.is_ascii_lowercase()))
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

    #[test]
    fn versions_are_read_from_names() {
        for (model, is) in [
            ("claude-3-5-haiku-20241022", Some((3, 5))),
            ("claude-3-haiku-20240307", Some((3, 0))),
            ("claude-haiku-4-5", Some((4, 5))),
            ("claude-haiku-4-5-20251001", Some((4, 5))),
            ("claude-opus-4-20250514", Some((4, 0))),
            ("claude-opus-5", Some((5, 0))),
            ("claude-opus-latest", None),
            ("claude-", None),
            ("claude", None),
            ("mine-4-5", None),
        ] {
            assert_eq!(version(model), is, "{model}");
        }
    }

    /// `max_tokens` as in the list of models that the tidyverse/ellmer project recorded in August
    /// 2026.
    #[test]
    fn limits_are_those_of_the_recorded_list() {
        for (model, most) in [
            ("claude-fable-5", Some(128_000)),
            ("claude-haiku-4-5-20251001", Some(64_000)),
            ("claude-opus-4-1-20250805", Some(32_000)),
            ("claude-opus-4-5-20251101", Some(64_000)),
            ("claude-opus-4-6", Some(128_000)),
            ("claude-opus-4-7", Some(128_000)),
            ("claude-opus-4-8", Some(128_000)),
            ("claude-opus-5", Some(128_000)),
            ("claude-sonnet-4-5-20250929", Some(64_000)),
            ("claude-sonnet-4-6", Some(128_000)),
            ("claude-sonnet-5", Some(128_000)),
            ("claude-3-haiku-20240307", Some(4_096)),
            ("claude-sonnet-9", None),
            ("mine", None),
        ] {
            assert_eq!(most_tokens(model), most, "{model}");
        }
    }
}
