//! The messages of a request: each by itself, and what holds between them.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::diagnose::{BLOCK_TAGS, invalid, missing, unexpected_tag};
use crate::provider::text_or::TextOr;
use crate::reply::ApiError;
use crate::request::{Content, Message, Role};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputMessage<'a> {
    #[serde(borrow)]
    pub(super) role: Cow<'a, str>,
    #[serde(borrow)]
    content: TextOr<'a, ContentBlock<'a>>,
    /// Of the vendor's directives.
    #[serde(rename = "output_config")]
    _output_config: Option<IgnoredAny>,
}

/// Any block: which fields are there depends on the type.
#[derive(Deserialize)]
pub(super) struct ContentBlock<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    text: Option<String>,
    thinking: Option<String>,
    id: Option<String>,
    name: Option<String>,
    tool_use_id: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
}

/// Of a picture or a document; the data is skipped.
#[derive(Default, Deserialize)]
struct Source {
    r#type: Option<String>,
    media_type: Option<String>,
    url: Option<String>,
}

impl<'a> InputMessage<'a> {
    pub(super) fn check(&self, index: usize) -> Result<(), ApiError> {
        match self.role.as_ref() {
            "assistant" | "user" => {}
            "system" if index > 0 => {}
            "system" => {
                return Err(invalid(
                    "messages.0: use the top-level 'system' parameter for the initial system \
                     prompt; the directive-only form (content: [] with output_config) is accepted \
                     at any position",
                ));
            }
            role => {
                return Err(invalid(format!(
                    "messages: Unexpected role \"{role}\". Allowed roles are \"user\" or \
                     \"assistant\""
                )));
            }
        }
        for (at, block) in self.blocks().iter().enumerate() {
            block.check(&format!("messages.{index}.content.{at}"))?;
        }
        Ok(())
    }

    fn blocks(&self) -> &[ContentBlock<'a>] {
        match &self.content {
            TextOr::List(blocks) => blocks,
            TextOr::Text(_) => &[],
        }
    }

    fn is_empty(&self) -> bool {
        match &self.content {
            TextOr::List(blocks) => blocks.is_empty(),
            TextOr::Text(text) => text.is_empty(),
        }
    }

    /// What tools returned comes in messages of the user; here it is a message of its own, so
    /// that rules find it where it is with other vendors.
    pub(super) fn neutral(self, messages: &mut Vec<Message>) {
        let role = match self.role.as_ref() {
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => Role::User,
        };
        let content = neutral(self.content);
        let is_result = |content: &Content| matches!(content, Content::ToolResult { .. });
        let (results, rest): (Vec<_>, Vec<_>) = content.into_iter().partition(is_result);
        let has_results = !results.is_empty();
        if has_results {
            messages.push(Message::new(Role::Tool, results));
        }
        if !(has_results && rest.is_empty()) {
            messages.push(Message::new(role, rest));
        }
    }
}

impl ContentBlock<'_> {
    fn check(&self, path: &str) -> Result<(), ApiError> {
        let tag = self.r#type.as_ref();
        let is_known = BLOCK_TAGS.binary_search(&tag).is_ok()
            || tag.ends_with("_tool_use")
            || tag.ends_with("_tool_result");
        if !is_known {
            return Err(unexpected_tag(path, tag, &BLOCK_TAGS));
        }
        let absent = match tag {
            "text" if self.text.is_none() => "text",
            "thinking" if self.thinking.is_none() => "thinking",
            "image" | "document" if self.source.is_none() => "source",
            "tool_result" if self.tool_use_id.is_none() => "tool_use_id",
            "tool_use" if self.id.is_none() => "id",
            "tool_use" if self.name.is_none() => "name",
            "tool_use" if self.input.is_none() => "input",
            _ => return Ok(()),
        };
        Err(missing(&format!("{path}.{tag}.{absent}")))
    }

    pub(super) fn neutral(self) -> Content {
        match self.r#type.as_ref() {
            "text" => Content::Text(self.text.unwrap_or_default()),
            "thinking" => Content::Reasoning(self.thinking.unwrap_or_default()),
            "image" => {
                let source = source(self.source);
                Content::Image(source.url.or(source.media_type).unwrap_or_default())
            }
            "document" => {
                let source = source(self.source);
                Content::File(source.media_type.or(source.r#type).unwrap_or_default())
            }
            "tool_use" => Content::ToolCall {
                id: self.id.unwrap_or_default(),
                name: self.name.unwrap_or_default(),
                arguments: self.input.map_or("{}", RawValue::get).to_owned(),
            },
            "tool_result" => Content::ToolResult {
                id: self.tool_use_id.unwrap_or_default(),
                text: self.content.map(result_text).unwrap_or_default(),
            },
            other => Content::Other(other.to_owned()),
        }
    }
}

pub(super) fn neutral(content: TextOr<'_, ContentBlock<'_>>) -> Vec<Content> {
    match content {
        TextOr::List(blocks) => blocks.into_iter().map(ContentBlock::neutral).collect(),
        TextOr::Text(text) => vec![Content::Text(text.into_owned())],
    }
}

fn source(raw: Option<&RawValue>) -> Source {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// What a tool returned: a text, or the texts of blocks.
fn result_text(raw: &RawValue) -> String {
    match serde_json::from_str::<TextOr<'_, ContentBlock<'_>>>(raw.get()) {
        Ok(TextOr::List(blocks)) => blocks.into_iter().filter_map(|block| block.text).collect(),
        Ok(TextOr::Text(text)) => text.into_owned(),
        Err(_) => raw.get().to_owned(),
    }
}

/// The rules that hold between messages. Neighbours of one role count as one.
pub(super) fn check_conversation(messages: &[InputMessage<'_>]) -> Result<(), ApiError> {
    // Instructions in between part nothing.
    let spoken = messages.iter().enumerate();
    let spoken: Vec<_> = spoken.filter(|(_, message)| message.role != "system").collect();
    let mut open: Vec<&str> = Vec::new();
    let mut runs = spoken.chunk_by(|(_, one), (_, next)| one.role == next.role).peekable();
    while let Some(run) = runs.next() {
        let Some((first, message)) = run.first() else {
            continue;
        };
        let is_last = runs.peek().is_none();
        if run.iter().all(|(_, message)| message.is_empty()) {
            if message.role == "user" {
                return Err(invalid(format!(
                    "messages.{first}: user messages must have non-empty content"
                )));
            }
            if !is_last {
                return Err(invalid(format!(
                    "messages.{first}: all messages must have non-empty content except for the \
                     optional final assistant message"
                )));
            }
        }
        check_tools(run, &open)?;
        let calls = run.iter().flat_map(|(_, message)| message.blocks());
        open = calls
            .filter(|block| block.r#type == "tool_use")
            .filter_map(|block| block.id.as_deref())
            .collect();
        let answers: Vec<&str> = runs.peek().map_or_else(Vec::new, |next| {
            let blocks = next.iter().flat_map(|(_, message)| message.blocks());
            blocks.filter_map(ContentBlock::answers).collect()
        });
        let unanswered: Vec<&str> =
            open.iter().filter(|id| !answers.contains(id)).copied().collect();
        if !unanswered.is_empty() {
            let last = run.last().map_or(*first, |(last, _)| *last);
            return Err(invalid(format!(
                "messages.{last}: `tool_use` ids were found without `tool_result` blocks \
                 immediately after: {}. Each `tool_use` block must have a corresponding \
                 `tool_result` block in the next message.",
                unanswered.join(", "),
            )));
        }
    }
    Ok(())
}

/// What is returned must have been asked for.
fn check_tools(run: &[(usize, &InputMessage<'_>)], open: &[&str]) -> Result<(), ApiError> {
    for (index, message) in run {
        for (at, block) in message.blocks().iter().enumerate() {
            if block.r#type == "text" && block.text.as_deref() == Some("") {
                return Err(invalid("messages: text content blocks must be non-empty"));
            }
            let Some(id) = block.answers() else { continue };
            if !open.contains(&id) {
                return Err(invalid(format!(
                    "messages.{index}.content.{at}: unexpected `tool_use_id` found in \
                     `tool_result` blocks: {id}. Each `tool_result` block must have a \
                     corresponding `tool_use` block in the previous message."
                )));
            }
        }
    }
    Ok(())
}

impl ContentBlock<'_> {
    /// The id of the call that it answers.
    fn answers(&self) -> Option<&str> {
        (self.r#type == "tool_result").then_some(self.tool_use_id.as_deref()).flatten()
    }
}
