//! OpenAI's own vocabularies, counted with GitHub's `bpe-openai`.

use bpe_openai::{cl100k_base, o200k_base};

use crate::counting::Tokenizer;

/// Counts tokens as OpenAI's models do: `o200k_base` for models from gpt-4o on, `cl100k_base` for
/// those before and for embeddings. Of other models it knows nothing.
///
/// A vocabulary is read when the first text is counted with it, and kept (tens of megabytes); until
/// then it costs nothing but its place in the program's file. Counting takes time in proportion to
/// the text, whatever is in it.
///
/// ```
/// use tower_mock_llm::{Tiktoken, Tokenizer};
///
/// assert_eq!(Tiktoken.count("gpt-4o", "tiktoken is great!"), Some(6));
/// assert_eq!(Tiktoken.count("gemini-2.5-flash", "tiktoken is great!"), None);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Tiktoken;

impl Tokenizer for Tiktoken {
    fn count(&self, model: &str, text: &str) -> Option<u64> {
        let vocabulary = Vocabulary::of(model)?;
        // To ask whether a model is known reads no vocabulary.
        if text.is_empty() {
            return Some(0);
        }
        let tokenizer = match vocabulary {
            Vocabulary::Cl100k => cl100k_base(),
            Vocabulary::O200k => o200k_base(),
        };
        Some(tokenizer.count(text) as u64)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Vocabulary {
    Cl100k,
    O200k,
}

impl Vocabulary {
    /// After OpenAI's own list, <https://github.com/openai/tiktoken/blob/main/tiktoken/model.py> (read
    /// 2026-11-21). The first that fits counts.
    fn of(model: &str) -> Option<Self> {
        const STARTS: [(&str, Vocabulary); 15] = [
            ("gpt-4o", Vocabulary::O200k),
            ("gpt-4.1", Vocabulary::O200k),
            ("gpt-4.5", Vocabulary::O200k),
            ("gpt-5", Vocabulary::O200k),
            ("gpt-audio", Vocabulary::O200k),
            ("gpt-realtime", Vocabulary::O200k),
            ("chatgpt-4o", Vocabulary::O200k),
            ("o1", Vocabulary::O200k),
            ("o3", Vocabulary::O200k),
            ("o4", Vocabulary::O200k),
            ("gpt-4", Vocabulary::Cl100k),
            ("gpt-3.5", Vocabulary::Cl100k),
            ("gpt-35", Vocabulary::Cl100k),
            ("text-embedding-3-", Vocabulary::Cl100k),
            ("text-embedding-ada-002", Vocabulary::Cl100k),
        ];
        let model = model.strip_prefix("ft:").unwrap_or(model);
        STARTS.iter().find(|(start, _)| model.starts_with(start)).map(|(_, which)| *which)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As OpenAI's cookbook has them:
    /// <https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken> (read 2026-11-21).
    #[test]
    fn counts_are_the_documented_ones() {
        for (text, cl100k, o200k) in [
            ("antidisestablishmentarianism", 6, 6),
            ("2 + 2 = 4", 7, 7),
            ("お誕生日おめでとう", 9, 8),
            ("tiktoken is great!", 6, 6),
        ] {
            assert_eq!(Tiktoken.count("gpt-4", text), Some(cl100k), "{text}");
            assert_eq!(Tiktoken.count("gpt-4o-mini", text), Some(o200k), "{text}");
        }
    }

    /// The tokens of input in recordings.
    #[test]
    fn embeddings_are_counted_as_recorded() {
        assert_eq!(Tiktoken.count("text-embedding-3-small", "hello"), Some(1));
        assert_eq!(Tiktoken.count("text-embedding-3-small", "Search text"), Some(2));
        let joke = "Tell me a joke about opentelemetry";
        assert_eq!(Tiktoken.count("text-embedding-3-large", joke), Some(8));
    }

    #[test]
    fn models_have_their_vocabularies() {
        assert_eq!(Vocabulary::of("gpt-4-turbo"), Some(Vocabulary::Cl100k));
        assert_eq!(Vocabulary::of("gpt-4.1-nano"), Some(Vocabulary::O200k));
        assert_eq!(Vocabulary::of("ft:gpt-4o-mini-2024-07-18:me::id"), Some(Vocabulary::O200k));
        assert_eq!(Vocabulary::of("claude-opus-4-5"), None);
        assert_eq!(Tiktoken.count("claude-opus-4-5", "text"), None);
    }

    /// Quadratic tokenizers take minutes for this.
    #[test]
    fn long_runs_are_counted_in_proportion() {
        assert!(Tiktoken.count("gpt-4o", &"a".repeat(200_000)).unwrap() > 1000);
    }
}
