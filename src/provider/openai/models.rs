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
    // Nearly all that are no alias end with a date.
    if let [.., b'-', b'0'..=b'9', b'0'..=b'9'] = model.as_bytes() {
        return model;
    }
    match SNAPSHOTS.binary_search_by_key(&model, |(alias, _)| alias) {
        Ok(index) => SNAPSHOTS[index].1,
        Err(_) => model,
    }
}

/// Whether the answer has a `logprobs` key though the client did not ask for it: models that reason
/// leave it out, and so do those that search or speak.
pub(super) fn has_logprobs(model: &str) -> bool {
    !is_gpt5_or_newer(model) && !is_o_series(model) && !searches(model) && !speaks(model)
}

/// Whether the answer names a `system_fingerprint`: from gpt-5 on it is null.
pub(super) fn has_fingerprint(model: &str) -> bool {
    !is_gpt5_or_newer(model)
}

/// Whether the model searches the web: its answers have another kind of id, an empty fingerprint
/// and no tier.
pub(super) fn searches(model: &str) -> bool {
    const WORDS: &[u8] = b"-search-preview";
    // Names are short: a search that prepares itself takes longer.
    model.as_bytes().windows(WORDS.len()).any(|piece| piece == WORDS)
}

/// Whether the model speaks: its usage counts tokens of text and images too.
pub(super) fn speaks(model: &str) -> bool {
    model.starts_with("gpt-audio")
}

/// Whether the model reasons before it answers, if it is not told otherwise; then it takes no
/// `max_tokens`.
pub(super) fn reasons(model: &str) -> bool {
    (is_gpt5_or_newer(model) && !model.contains("-chat")) || is_o_series(model)
}

/// Whether the model takes no `reasoning_effort`.
pub(super) fn never_reasons(model: &str) -> bool {
    ["gpt-3.5", "gpt-4", "chatgpt-4o"].iter().any(|family| model.starts_with(family))
}

/// Whether the model takes no `stop`: "not supported with latest reasoning models `o3` and
/// `o4-mini`", and gpt-5-mini as recorded.
pub(super) fn refuses_stop(model: &str) -> bool {
    reasons(model) && !["o1", "o3-mini"].iter().any(|older| model.starts_with(older))
}

/// Whether the model takes neither `logit_bias` nor `prediction`.
pub(super) fn refuses_biases(model: &str) -> bool {
    reasons(model) && is_gpt5_or_newer(model)
}

/// Whether fields that it does not know are an `unknown_parameter`.
pub(super) fn names_unknown(model: &str) -> bool {
    is_gpt5_or_newer(model)
}

/// The most choices that it makes.
pub(super) fn most_choices(model: &str) -> i64 {
    if version(model) >= Some((5, 6)) { 8 } else { 128 }
}

/// The most tokens that it shows beside the one it chose.
pub(super) fn most_top_logprobs(model: &str) -> i64 {
    if version(model) >= Some((5, 6)) { 5 } else { 20 }
}

/// What a model says to `logprobs`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Logprobs {
    Allowed,
    Forbidden,
    Unsupported,
}

/// The first models that reason never show them; later ones do while they do not reason, which up
/// to gpt-5.4 they do only when told so.
pub(super) fn logprobs(model: &str, effort: Option<&str>) -> Logprobs {
    match (version(model), effort) {
        (Some((5, 0 | 1)), _) => Logprobs::Forbidden,
        (Some((5, 2..=4)), None) => Logprobs::Allowed,
        (Some((5.., _)), Some("none")) => Logprobs::Allowed,
        (Some((5.., _)), _) => Logprobs::Unsupported,
        _ if is_o_series(model) => Logprobs::Forbidden,
        _ => Logprobs::Allowed,
    }
}

fn is_gpt5_or_newer(model: &str) -> bool {
    let version = model.strip_prefix("gpt-").and_then(|rest| rest.bytes().next());
    version.is_some_and(|digit| (b'5'..=b'9').contains(&digit))
}

/// The numbers of a model's name: (5, 4) of gpt-5.4-mini.
fn version(model: &str) -> Option<(u32, u32)> {
    let mut numbers = model.strip_prefix("gpt-")?.split(|c: char| !c.is_ascii_digit() && c != '.');
    let (major, minor) =
        numbers.next().map(|number| number.split_once('.').unwrap_or((number, "0")))?;
    Some((major.parse().ok()?, minor.parse().ok()?))
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
        for (alias, model) in SNAPSHOTS {
            assert_eq!(snapshot(alias), model);
        }
        assert_eq!(snapshot("gpt-5-mini"), "gpt-5-mini-2025-08-07");
        assert_eq!(snapshot("gpt-4o-2024-05-13"), "gpt-4o-2024-05-13");
        assert_eq!(snapshot("mine"), "mine");
    }

    #[test]
    fn kinds_of_models() {
        assert!(has_logprobs("gpt-4o") && has_fingerprint("gpt-4.1-nano"));
        assert!(!has_logprobs("gpt-5.4") && !has_fingerprint("gpt-5-mini"));
        assert!(!has_logprobs("o3-mini") && has_fingerprint("o3-mini"));
        assert_eq!(version("gpt-5.4-mini"), Some((5, 4)));
        assert_eq!(version("gpt-4o-2024-05-13"), Some((4, 0)));
        assert_eq!((version("gpt-audio"), version("gpt-"), version("o3")), (None, None, None));
        assert!(refuses_stop("o4-mini") && !refuses_stop("o3-mini") && !refuses_stop("gpt-4o"));
    }

    #[test]
    fn logprobs_hang_on_the_model_and_its_effort() {
        use Logprobs::{Allowed, Forbidden, Unsupported};
        for (model, effort, logprobs) in [
            ("gpt-4o", None, Allowed),
            ("gpt-5-nano", Some("none"), Forbidden),
            ("o4-mini", None, Forbidden),
            ("gpt-5.4", None, Allowed),
            ("gpt-5.4", Some("low"), Unsupported),
            ("gpt-5.6-terra", None, Unsupported),
            ("gpt-5.6-terra", Some("none"), Allowed),
            ("mine", None, Allowed),
        ] {
            assert_eq!(super::logprobs(model, effort), logprobs, "{model} {effort:?}");
        }
    }
}
