//! What Anthropic refuses although it could be read.

use super::diagnose::{BLOCK_TAGS, invalid, missing, unexpected_tag};
use super::limits::Limits;
use super::message::{ContentBlock, InputMessage};
use super::models;
use super::request::CreateMessage;
use super::tools::{Choice, ToolDefinition};
use crate::reply::ApiError;
use crate::request::Head;

impl CreateMessage<'_> {
    /// What the vendor refuses in single fields although they parse, in the order in which it looks.
    pub(super) fn check(&self) -> Result<Option<Choice>, ApiError> {
        if self.model.is_empty() {
            return Err(invalid("model: String should have at least 1 character"));
        }
        let tools = self.tools.as_deref().unwrap_or_default();
        let choice = self.tool_choice.map(|choice| Choice::read(choice, tools)).transpose()?;
        for (index, tool) in tools.iter().enumerate() {
            tool.check(index)?;
        }
        if self.messages.is_empty() {
            return Err(invalid("messages: at least one message is required"));
        }
        for (index, message) in self.messages.iter().enumerate() {
            message.check(index)?;
        }
        if let Some(thinking) = &self.thinking {
            thinking.check()?;
        }
        if self.max_tokens < 0 {
            return Err(invalid("max_tokens: must be greater than or equal to 0"));
        }
        for (name, value) in [("temperature", self.temperature), ("top_p", self.top_p)] {
            if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
                return Err(invalid(format!("{name}: range: 0..1")));
            }
        }
        if self.container.is_some_and(|container| !container.get().starts_with(['"', '{'])) {
            return Err(invalid(
                "container.ContainerParams: Input does not match the expected shape.",
            ));
        }
        if self.inference_geo.as_deref().is_some_and(|geo| !matches!(geo, "global" | "us")) {
            return Err(invalid("inference_geo: must be one of ['global', 'us']"));
        }
        Ok(choice)
    }

    /// What the vendor refuses in the whole although each field is right.
    pub(super) fn check_whole(
        &self,
        head: &Head<'_>,
        choice: Option<&Choice>,
    ) -> Result<(), ApiError> {
        check_conversation(&self.messages)?;
        let ends_with_prefill =
            self.messages.last().is_some_and(|message| message.role == "assistant");
        if ends_with_prefill && !models::takes_prefill(&self.model) {
            return Err(invalid(
                "This model does not support assistant message prefill. The conversation must \
                 end with a user message.",
            ));
        }
        let runs_code = |tool: &ToolDefinition<'_>| {
            tool.r#type.as_deref().is_some_and(|tag| tag.starts_with("code_execution"))
        };
        let is_named = self.container.is_some_and(|container| container.get().starts_with('"'));
        if is_named && !self.tools.iter().flatten().any(runs_code) {
            return Err(invalid(
                "container: Container identifier can only be provided when using the code \
                 execution tool",
            ));
        }
        let limits = Limits {
            model: &self.model,
            max_tokens: self.max_tokens,
            thinking: self.thinking.as_ref(),
            stop_sequences: self.stop_sequences.as_deref().unwrap_or_default(),
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            forces_tool: choice.is_some_and(Choice::forces),
            head,
        };
        limits.check()
    }
}

impl InputMessage<'_> {
    fn check(&self, index: usize) -> Result<(), ApiError> {
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
