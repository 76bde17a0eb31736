//! What a model says, as it is written.

use serde::Deserialize;

use super::{Json, Long, TextOr};
use crate::config::de::{At, Named};

/// A reply: in the order reasoning, text, refusal, tool calls; or part by part.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct ReplyMap {
    pub(in crate::config) text: Option<String>,
    pub(in crate::config) citations: Vec<At<CitationMap>>,
    pub(in crate::config) reasoning: Option<TextOr<ReasoningMap>>,
    pub(in crate::config) refusal: Option<String>,
    pub(in crate::config) tool_calls: Vec<At<ToolCallMap>>,
    pub(in crate::config) parts: Vec<At<PartMap>>,
    pub(in crate::config) finish: Option<At<TextOr<StopSequence>>>,
    pub(in crate::config) usage: Option<UsageMap>,
    pub(in crate::config) model: Option<String>,
    pub(in crate::config) choices: Vec<At<TextOr<ReplyMap>>>,
    pub(in crate::config) safety: Vec<SafetyMap>,
    pub(in crate::config) tool_deltas: Option<ToolDeltasMap>,
}

impl Long for ReplyMap {
    const WHAT: &'static str = "a text, or a map that says a reply";
}

/// A part of a reply: one of these.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct PartMap {
    pub(in crate::config) audio: Option<At<AudioMap>>,
    pub(in crate::config) image: Option<At<ImageMap>>,
    pub(in crate::config) raw: Option<At<Json>>,
    pub(in crate::config) reasoning: Option<TextOr<ReasoningMap>>,
    pub(in crate::config) redacted_reasoning: Option<String>,
    pub(in crate::config) refusal: Option<String>,
    pub(in crate::config) server_tool: Option<At<ServerToolMap>>,
    pub(in crate::config) text: Option<TextOr<TextMap>>,
    pub(in crate::config) tool_call: Option<At<ToolCallMap>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct TextMap {
    pub(in crate::config) text: String,
    #[serde(default)]
    pub(in crate::config) citations: Vec<At<CitationMap>>,
}

impl Long for TextMap {
    const WHAT: &'static str = "a text, or a map of `text` and `citations`";
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ReasoningMap {
    pub(in crate::config) text: String,
    pub(in crate::config) signature: Option<String>,
}

impl Long for ReasoningMap {
    const WHAT: &'static str = "a text, or a map of `text` and `signature`";
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ToolCallMap {
    pub(in crate::config) name: String,
    pub(in crate::config) arguments: Option<At<Json>>,
    pub(in crate::config) raw_arguments: Option<At<String>>,
    pub(in crate::config) id: Option<String>,
}

/// What a text is taken from: a page, or a part of a document.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct CitationMap {
    pub(in crate::config) url: Option<String>,
    pub(in crate::config) document: Option<usize>,
    pub(in crate::config) characters: Option<(usize, usize)>,
    pub(in crate::config) pages: Option<(usize, usize)>,
    pub(in crate::config) blocks: Option<(usize, usize)>,
    pub(in crate::config) title: String,
    pub(in crate::config) quote: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ImageMap {
    pub(in crate::config) mime_type: String,
    /// In base64.
    pub(in crate::config) data: At<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct AudioMap {
    pub(in crate::config) mime_type: String,
    /// In base64.
    pub(in crate::config) data: At<String>,
    #[serde(default)]
    pub(in crate::config) transcript: String,
}

/// What the vendor's own servers did: one of these.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct ServerToolMap {
    pub(in crate::config) code: Option<CodeMap>,
    pub(in crate::config) mcp: Option<At<McpMap>>,
    pub(in crate::config) other: Option<At<OtherToolMap>>,
    pub(in crate::config) web_search: Option<WebSearchMap>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct CodeMap {
    pub(in crate::config) code: String,
    #[serde(default)]
    pub(in crate::config) output: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct McpMap {
    pub(in crate::config) server: String,
    pub(in crate::config) name: String,
    pub(in crate::config) input: Option<At<Json>>,
    #[serde(default)]
    pub(in crate::config) output: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct OtherToolMap {
    pub(in crate::config) name: String,
    pub(in crate::config) input: Option<At<Json>>,
    pub(in crate::config) result_type: String,
    pub(in crate::config) content: At<Json>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct WebSearchMap {
    pub(in crate::config) query: String,
    #[serde(default)]
    pub(in crate::config) results: Vec<WebPageMap>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct WebPageMap {
    pub(in crate::config) url: String,
    #[serde(default)]
    pub(in crate::config) title: String,
    pub(in crate::config) age: Option<String>,
}

/// Why it ends, where that has a text of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct StopSequence {
    pub(in crate::config) stop_sequence: String,
}

impl Long for StopSequence {
    const WHAT: &'static str = "a reason to stop, or a map with `stop_sequence`";
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct UsageMap {
    pub(in crate::config) input: u64,
    pub(in crate::config) output: u64,
    pub(in crate::config) reasoning: u64,
    pub(in crate::config) cached: u64,
    pub(in crate::config) cache_write: u64,
    pub(in crate::config) cache_write_1h: u64,
    pub(in crate::config) audio_input: u64,
    pub(in crate::config) audio_output: u64,
    pub(in crate::config) tool_input: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct SafetyMap {
    pub(in crate::config) category: String,
    pub(in crate::config) probability: String,
    #[serde(default)]
    pub(in crate::config) blocked: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct ToolDeltasMap {
    pub(in crate::config) fragment: Option<usize>,
    pub(in crate::config) interleaved: bool,
    pub(in crate::config) no_index: bool,
    pub(in crate::config) id_in_each: bool,
    pub(in crate::config) empty_names: bool,
}

/// Headers and such, in the order of the file.
pub(in crate::config) type Headers = Named<At<String>>;
