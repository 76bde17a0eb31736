//! Counting tokens: by estimate, or by a tokenizer that the user brings.

use std::fmt;
use std::sync::Arc;

use crate::request::{Content, LlmRequest, Tool};
use crate::util::tokens;

/// Counts tokens as some model does, in place of the mock's estimate. Given to
/// [`MockLlmLayer::tokenizer`](crate::MockLlmLayer::tokenizer).
///
/// The mock counts each text once for a request, and a reply that a rule says again and again once
/// for each model.
///
/// ```
/// use tower_mock_llm::{MockLlmLayer, Tokenizer};
///
/// /// One token a word, for models of my own.
/// struct Words;
///
/// impl Tokenizer for Words {
///     fn count(&self, model: &str, text: &str) -> Option<u64> {
///         model.starts_with("mine-").then(|| text.split_whitespace().count() as u64)
///     }
/// }
///
/// let layer = MockLlmLayer::new().tokenizer(Words);
/// # let _ = layer;
/// ```
pub trait Tokenizer: Send + Sync + 'static {
    /// The tokens of `text`, or `None` for a model that it does not know: then, whatever the text,
    /// the mock estimates. It must be fast (it runs on the caller's task), and say the same for the
    /// same text.
    fn count(&self, model: &str, text: &str) -> Option<u64>;
}

/// The tokenizer and the model of one request; or nothing, for the estimate.
#[derive(Clone, Default)]
pub(crate) struct Counter {
    exact: Option<(Arc<dyn Tokenizer>, String)>,
}

impl Counter {
    pub(crate) fn new(tokenizer: Option<&Arc<dyn Tokenizer>>, model: &str) -> Self {
        let knows = |tokenizer: &&Arc<dyn Tokenizer>| tokenizer.count(model, "").is_some();
        let exact = tokenizer.filter(knows);
        Self { exact: exact.map(|tokenizer| (Arc::clone(tokenizer), model.to_owned())) }
    }

    /// The model, when there is a tokenizer that knows it.
    pub(crate) fn exact_for(&self) -> Option<&str> {
        self.exact.as_ref().map(|(_, model)| model.as_str())
    }

    /// The tokens of a text that the model says.
    pub(crate) fn said(&self, text: &str) -> u64 {
        self.exactly(text).unwrap_or_else(|| tokens::count(text))
    }

    /// The length in bytes of the longest beginning of a text that the model says in `most` tokens,
    /// and how many it has.
    pub(crate) fn prefix(&self, text: &str, most: u64) -> (usize, u64) {
        if self.exact.is_none() {
            return tokens::prefix(text, most);
        }
        let whole = self.said(text);
        if whole <= most {
            return (text.len(), whole);
        }
        // Counts hardly ever fall as a text grows, so halving finds a place where they fit.
        let mut cuts: Vec<usize> = Vec::new();
        let (mut at, mut best) = (0, (0, 0));
        while at < text.len() {
            at += tokens::prefix(&text[at..], 1).0.max(1);
            cuts.push(at);
        }
        let (mut low, mut high) = (0, cuts.len());
        while low < high {
            let middle = (low + high) / 2;
            let count = self.said(&text[..cuts[middle]]);
            if count <= most {
                best = (cuts[middle], count);
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        best
    }

    /// The tokens of a prompt: what is around each message counts too.
    pub(crate) fn prompt(&self, request: &LlmRequest) -> u64 {
        if self.exact.is_none() {
            return request.prompt_tokens();
        }
        let message = |content: &[Content]| content.iter().map(|c| self.content(c)).sum::<u64>();
        let messages = request.messages.iter().map(|m| 4 + message(m.content())).sum::<u64>();
        3 + messages + request.tools.iter().map(|tool| self.tool(tool)).sum::<u64>()
    }

    /// The tokens of the inputs of a request for embeddings: nothing is around them.
    pub(crate) fn inputs(&self, request: &LlmRequest) -> u64 {
        request
            .messages
            .iter()
            .map(|message| match self.exact {
                None => tokens::estimate(message.len()),
                Some(_) => message.content().iter().map(|content| self.content(content)).sum(),
            })
            .sum()
    }

    fn content(&self, content: &Content) -> u64 {
        match content {
            Content::Reasoning(text) | Content::Text(text) => self.said(text),
            Content::Tokens(tokens) => tokens.len() as u64,
            Content::ToolCall { name, arguments, .. } => self.said(name) + self.said(arguments),
            Content::ToolResult { text, .. } => self.said(text),
            Content::Audio(_) | Content::File(_) | Content::Image(_) | Content::Other(_) => 0,
        }
    }

    fn tool(&self, tool: &Tool) -> u64 {
        self.said(&tool.name)
            + tool.description.as_deref().map_or(0, |text| self.said(text))
            + tool.schema.as_ref().map_or(0, |schema| self.said(schema.get()))
    }

    pub(crate) fn exactly(&self, text: &str) -> Option<u64> {
        let (tokenizer, model) = self.exact.as_ref()?;
        tokenizer.count(model, text)
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counter").field(&self.exact_for()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token for every three bytes.
    struct Threes;

    impl Tokenizer for Threes {
        fn count(&self, model: &str, text: &str) -> Option<u64> {
            (model == "known").then(|| text.len().div_ceil(3) as u64)
        }
    }

    #[test]
    fn a_prefix_is_the_longest_that_fits() {
        let tokenizer: Arc<dyn Tokenizer> = Arc::new(Threes);
        let counter = Counter::new(Some(&tokenizer), "known");
        let text = "one two three four";
        for most in 0..8 {
            let (length, count) = counter.prefix(text, most);
            assert_eq!(count, counter.said(&text[..length]));
            assert!(count <= most);
            if length < text.len() {
                let next = length + tokens::prefix(&text[length..], 1).0;
                assert!(counter.said(&text[..next]) > most, "{most}: {:?}", &text[..length]);
            }
        }
    }

    #[test]
    fn models_that_the_tokenizer_does_not_know_are_estimated() {
        let tokenizer: Arc<dyn Tokenizer> = Arc::new(Threes);
        let counter = Counter::new(Some(&tokenizer), "other");
        assert_eq!(counter.said("Hello, world!"), tokens::count("Hello, world!"));
        assert_eq!(counter.exact_for(), None);
    }
}
