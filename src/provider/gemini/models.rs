//! What sets Gemini's models apart on the wire.

/// Whether candidates are numbered. Before Gemini 2.5 they are not; there is `avgLogprobs` and
/// `candidatesTokensDetails` in place of it, and a stream counts nothing before its end.
pub(super) fn has_index(model: &str) -> bool {
    !matches!(version(model), Some((1, _) | (2, 0)))
}

/// Whether function calls have ids, and whatever was thought about is signed. Gemini 2.5 signs
/// when there are function declarations.
pub(super) fn is_gemini3_or_newer(model: &str) -> bool {
    version(model).is_some_and(|(major, _)| major >= 3)
}

/// Whether log-probabilities can be had. Since late 2025 Gemini 2.5 and what came after refuse to
/// tell them (googleapis/python-genai#1921, mscraftsman/generative-ai#135).
pub(super) fn has_logprobs(model: &str) -> bool {
    !model.starts_with("gemini-") || !has_index(model)
}

/// Whether there may be more than one candidate: not of Gemini 3 and what came after, nor of models
/// that draw (router-for-me/CLIProxyAPI#961).
pub(super) fn has_candidates(model: &str) -> bool {
    !is_gemini3_or_newer(model) && !model.contains("-image")
}

/// The fewest tokens that the cache keeps which works of its own accord; models before 2.5 have none.
/// After <https://ai.google.dev/gemini-api/docs/caching> (read 2026-11-21).
pub(super) fn least_cached(model: &str) -> Option<u64> {
    if !has_index(model) {
        return None;
    }
    Some(if model.contains("-pro") { 4096 } else { 1024 })
}

/// Major and minor: `gemini-2.5-flash` is (2, 5), `gemini-3-pro-preview` is (3, 0).
fn version(model: &str) -> Option<(u32, u32)> {
    let number = model.strip_prefix("gemini-")?.split('-').next()?;
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_models() {
        assert!(!has_index("gemini-2.0-flash-001") && !has_index("gemini-1.5-flash"));
        assert!(has_index("gemini-2.5-flash") && has_index("gemini-flash-latest"));
        assert!(has_logprobs("gemini-2.0-flash") && has_logprobs("tunedModels/mine"));
        assert!(!has_logprobs("gemini-2.5-pro") && !has_logprobs("gemini-flash-latest"));
        assert!(has_candidates("gemini-2.5-flash") && has_candidates("gemini-2.0-flash"));
        assert!(!has_candidates("gemini-3.5-flash"));
        assert!(!has_candidates("gemini-2.5-flash-image"));
        assert!(is_gemini3_or_newer("gemini-3-pro-preview"));
        assert!(!is_gemini3_or_newer("gemini-2.5-pro") && !is_gemini3_or_newer("gemma-3-27b-it"));
    }
}
