//! What the vendor's own servers did for an answer.

use serde::Serialize;

/// A tool that runs at the vendor's, with what it was asked and what came of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ServerTool {
    /// A web search: Anthropic's `server_tool_use` and `web_search_tool_result`; the queries of
    /// Gemini's `groundingMetadata`. OpenAI's Chat Completions API shows only the citations.
    WebSearch {
        /// What was searched for.
        query: String,
        /// What was found.
        results: Vec<WebPage>,
    },
    /// Code that ran: Gemini's `executableCode` and `codeExecutionResult`, Anthropic's
    /// `bash_code_execution`.
    Code {
        /// The code.
        code: String,
        /// What it printed.
        output: String,
    },
    /// A tool of an MCP server that the vendor called: Anthropic's `mcp_tool_use` and
    /// `mcp_tool_result`.
    Mcp {
        /// The server, by the name that the request gave it.
        server: String,
        /// The tool.
        name: String,
        /// What it was asked: the text of a JSON object.
        input: String,
        /// The text that it returned.
        output: String,
    },
    /// Any other: Anthropic's `server_tool_use` with this name and the result block as it is given.
    Other {
        /// The tool.
        name: String,
        /// What it was asked: the text of a JSON object.
        input: String,
        /// The result block's `type`.
        result_type: String,
        /// The result block's `content`: JSON text.
        content: String,
    },
}

impl ServerTool {
    /// A web search.
    pub fn web_search(
        query: impl Into<String>,
        results: impl IntoIterator<Item = WebPage>,
    ) -> Self {
        Self::WebSearch { query: query.into(), results: results.into_iter().collect() }
    }

    /// Code that ran.
    pub fn code(code: impl Into<String>, output: impl Into<String>) -> Self {
        Self::Code { code: code.into(), output: output.into() }
    }

    /// A tool of an MCP server that the vendor called.
    ///
    /// # Panics
    ///
    /// If the input does not serialize to a JSON object.
    #[track_caller]
    pub fn mcp(
        server: impl Into<String>,
        name: impl Into<String>,
        input: impl Serialize,
        output: impl Into<String>,
    ) -> Self {
        let name = name.into();
        let input = super::part::object_text(format_args!("the input of `{name}`"), input);
        Self::Mcp { server: server.into(), name, input, output: output.into() }
    }

    /// Any other tool: its input and its result's content are anything that serializes.
    ///
    /// # Panics
    ///
    /// If the input does not serialize to a JSON object, or the content does not serialize.
    #[track_caller]
    pub fn other(
        name: impl Into<String>,
        input: impl Serialize,
        result_type: impl Into<String>,
        content: impl Serialize,
    ) -> Self {
        let name = name.into();
        let input = super::part::object_text(format_args!("the input of `{name}`"), input);
        let content = match serde_json::to_string(&content) {
            Ok(content) => content,
            Err(error) => panic!("the content of `{name}` does not serialize: {error}"),
        };
        Self::Other { name, input, result_type: result_type.into(), content }
    }
}

/// A page that a web search found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebPage {
    /// Its address.
    pub url: String,
    /// Its title.
    pub title: String,
    /// How old it is, as the vendor words it (Anthropic's `page_age`, such as `May 22, 2026`), where
    /// it is known.
    pub age: Option<String>,
}

impl WebPage {
    /// A page.
    pub fn new(url: impl Into<String>, title: impl Into<String>) -> Self {
        Self { url: url.into(), title: title.into(), age: None }
    }

    /// Sets how old it is.
    #[must_use]
    pub fn age(mut self, age: impl Into<String>) -> Self {
        self.age = Some(age.into());
        self
    }
}
