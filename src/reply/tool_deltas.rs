//! How the tool calls of a stream are cut up.

/// The ways in which vendors and their imitators stream tool calls: what a client must survive.
/// Without any of it, calls come one after the other, as the vendor sends them.
///
/// ```
/// use serde_json::json;
/// use tower_mock_llm::{Reply, ToolDeltas};
///
/// let reply = Reply::empty()
///     .tool_call("search", json!({"query": "tower"}))
///     .tool_call("open", json!({"url": "https://docs.rs"}))
///     .tool_deltas(ToolDeltas::new().fragment(4).interleaved());
/// # let _ = reply;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolDeltas {
    /// The most characters of arguments in one frame.
    pub fragment: Option<usize>,
    /// Fragments of neighbouring calls take turns.
    pub interleaved: bool,
    /// The vendor's `index` is left out.
    pub no_index: bool,
    /// The id comes with every fragment, not only with the first.
    pub id_in_each: bool,
    /// Fragments after the first repeat the name as an empty string.
    pub empty_names: bool,
}

impl ToolDeltas {
    /// As the vendor sends them.
    pub fn new() -> Self {
        Self::default()
    }

    /// At the most so many characters of arguments in one frame; at least one.
    #[must_use]
    pub fn fragment(mut self, characters: usize) -> Self {
        self.fragment = Some(characters.max(1));
        self
    }

    /// Fragments of calls that stand side by side take turns. Only OpenAI's API can say this.
    #[must_use]
    pub fn interleaved(mut self) -> Self {
        self.interleaved = true;
        self
    }

    /// Leaves out `index`, as some servers that imitate OpenAI do.
    #[must_use]
    pub fn no_index(mut self) -> Self {
        self.no_index = true;
        self
    }

    /// Sends the id with every fragment, as some servers that imitate OpenAI do.
    #[must_use]
    pub fn id_in_each(mut self) -> Self {
        self.id_in_each = true;
        self
    }

    /// Repeats the name as an empty string in later fragments, as some servers that imitate OpenAI
    /// do.
    #[must_use]
    pub fn empty_names(mut self) -> Self {
        self.empty_names = true;
        self
    }
}
