//! What Anthropic's own servers did for an answer.

use serde::Serialize;
use serde_json::value::RawValue;

use super::block::{Caller, ContentBlock, compact};
use crate::provider::{Alphabet, Entropy};
use crate::reply::{Part, Reply, ServerTool, WebPage};
use crate::util::time::rfc3339;
use crate::wire::JsonStyle;

/// A tool's run: the block that asks for it and the block with what came of it.
pub(super) struct Run<'a> {
    tool: &'a ServerTool,
    id: String,
    /// Which of the reply's runs it is, from 0.
    index: usize,
    entropy: Entropy,
}

/// After <https://platform.claude.com/docs/en/agents-and-tools/tool-use/server-tools> (read
/// 2026-11-21), in the order of recorded traffic.
#[derive(Serialize)]
pub(super) struct ToolResult<'a> {
    r#type: &'a str,
    tool_use_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_error: Option<bool>,
    content: ResultContent<'a>,
    /// Searches and fetches have it since 2026.
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<Caller>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ResultContent<'a> {
    Code(BashCodeExecutionResult<'a>),
    Mcp([TextBlock<'a>; 1]),
    Other(Box<RawValue>),
    Search(Vec<WebSearchResult<'a>>),
}

#[derive(Serialize)]
struct BashCodeExecutionResult<'a> {
    r#type: &'static str,
    stdout: &'a str,
    stderr: &'static str,
    return_code: i32,
    /// Files.
    content: [(); 0],
}

#[derive(Serialize)]
struct TextBlock<'a> {
    r#type: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct WebSearchResult<'a> {
    r#type: &'static str,
    title: &'a str,
    url: &'a str,
    encrypted_content: String,
    page_age: Option<&'a str>,
}

impl<'a> Run<'a> {
    /// The run at `index` of a reply's.
    pub(super) fn of(entropy: Entropy, index: usize, tool: &'a ServerTool) -> Self {
        let prefix = match tool {
            ServerTool::Mcp { .. } => "mcptoolu_01",
            _ => "srvtoolu_01",
        };
        let id = entropy.id(SALT_ID + index as u64, prefix, Alphabet::Base58, 22);
        Self { tool, id, index, entropy }
    }

    /// The block that asks for it; in a stream its input comes in deltas.
    pub(super) fn call(&self, input: Box<RawValue>) -> ContentBlock<'a> {
        let id = self.id.clone();
        match self.tool {
            ServerTool::Code { .. } => {
                ContentBlock::ServerToolUse { id, name: "bash_code_execution", input }
            }
            ServerTool::Mcp { server, name, .. } => {
                ContentBlock::McpToolUse { id, name, input, server_name: server }
            }
            ServerTool::Other { name, .. } => ContentBlock::ServerToolUse { id, name, input },
            ServerTool::WebSearch { .. } => {
                ContentBlock::ServerToolUse { id, name: "web_search", input }
            }
        }
    }

    /// What it was asked: JSON text without white space.
    pub(super) fn input(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "snake_case")]
        enum Input<'a> {
            Command(&'a str),
            Query(&'a str),
        }
        match self.tool {
            ServerTool::Code { code, .. } => JsonStyle::COMPACT.to_string(&Input::Command(code)),
            ServerTool::Mcp { input, .. } | ServerTool::Other { input, .. } => {
                JsonStyle::COMPACT.respace(input)
            }
            ServerTool::WebSearch { query, .. } => {
                JsonStyle::COMPACT.to_string(&Input::Query(query))
            }
        }
    }

    /// The block with what came of it.
    pub(super) fn result(&self) -> ContentBlock<'a> {
        let result = |r#type, content| ToolResult {
            r#type,
            tool_use_id: self.id.clone(),
            is_error: None,
            content,
            caller: None,
        };
        ContentBlock::Result(match self.tool {
            ServerTool::Code { output, .. } => result(
                "bash_code_execution_tool_result",
                ResultContent::Code(BashCodeExecutionResult {
                    r#type: "bash_code_execution_result",
                    stdout: output,
                    stderr: "",
                    return_code: 0,
                    content: [],
                }),
            ),
            ServerTool::Mcp { output, .. } => ToolResult {
                is_error: Some(false),
                ..result(
                    "mcp_tool_result",
                    ResultContent::Mcp([TextBlock { r#type: "text", text: output }]),
                )
            },
            ServerTool::Other { result_type, content, .. } => ToolResult {
                caller: Caller::of_result(result_type),
                ..result(result_type, ResultContent::Other(compact(content)))
            },
            ServerTool::WebSearch { results, .. } => ToolResult {
                caller: Some(Caller::Direct),
                ..result("web_search_tool_result", ResultContent::Search(self.pages(results)))
            },
        })
    }

    fn pages(&self, results: &'a [WebPage]) -> Vec<WebSearchResult<'a>> {
        let salt = SALT_CONTENT + ((self.index as u64) << 20);
        let pages = results.iter().zip(salt..).map(|(page, salt)| WebSearchResult {
            r#type: "web_search_result",
            title: &page.title,
            url: &page.url,
            encrypted_content: encrypted_content(self.entropy, salt),
            page_age: page.age.as_deref(),
        });
        pages.collect()
    }
}

/// Base64 of what begins and ends as the real ones do, a message of 288 bytes and a number.
fn encrypted_content(entropy: Entropy, salt: u64) -> String {
    let mut content = entropy.id(salt, "EqACCioIDBgCIiQ", Alphabet::Base64, 373);
    content.push_str("GAM=");
    content
}

/// How the servers' tools were used, when any was.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    pub(super) runs: usize,
    searches: u64,
    fetches: u64,
    ran_code: bool,
}

/// Of a usage; absent when no tool ran.
#[derive(Clone, Copy, Serialize)]
pub(super) struct ServerToolUsage {
    web_search_requests: u64,
    web_fetch_requests: u64,
}

/// Where code ran.
#[derive(Serialize)]
pub(super) struct Container {
    id: String,
    expires_at: String,
}

impl Used {
    pub(super) fn of(reply: &Reply) -> Self {
        let mut used = Self::default();
        for part in reply.parts() {
            if let Part::ServerTool(tool) = part {
                used.note(tool);
            }
        }
        used
    }

    pub(super) fn note(&mut self, tool: &ServerTool) {
        self.runs += 1;
        match tool {
            ServerTool::Code { .. } => self.ran_code = true,
            ServerTool::Mcp { .. } => {}
            ServerTool::Other { name, .. } => match name.as_str() {
                "web_fetch" => self.fetches += 1,
                "web_search" => self.searches += 1,
                name => self.ran_code |= name.ends_with("code_execution"),
            },
            ServerTool::WebSearch { .. } => self.searches += 1,
        }
    }

    pub(super) fn usage(self) -> Option<ServerToolUsage> {
        (self.runs > 0).then_some(ServerToolUsage {
            web_search_requests: self.searches,
            web_fetch_requests: self.fetches,
        })
    }

    /// A container lives for an hour.
    pub(super) fn container(self, entropy: Entropy, created: u64) -> Option<Container> {
        self.ran_code.then(|| {
            let until = rfc3339(created + 3600);
            let until = String::from_utf8_lossy(&until[..19]);
            let micros = entropy.below(SALT_EXPIRY, 1_000_000);
            Container {
                id: entropy.id(SALT_CONTAINER, "container_01", Alphabet::Base58, 22),
                expires_at: format!("{until}.{micros:06}Z"),
            }
        })
    }
}

const SALT_CONTAINER: u64 = 3;
const SALT_EXPIRY: u64 = 4;
const SALT_ID: u64 = 1 << 32;
const SALT_CONTENT: u64 = 1 << 48;
