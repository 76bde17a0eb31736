//! Whether a reply is one that the request's own schemas allow.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use crate::reply::{Finish, Part, Reply, ToolCall};
use crate::request::{LlmRequest, ResponseFormat};
use crate::schema::{Judge, not_json};

/// Whether the request demands nothing of the answer's form: then there is nothing to check.
pub(crate) fn is_free(request: &LlmRequest) -> bool {
    request.tools.is_empty() && matches!(request.response_format, ResponseFormat::Text)
}

/// What of `reply` no vendor would have sent in answer to `request`. Replies that were cut short
/// or filtered, and refusals, need not fit.
pub(crate) fn misfit(request: &LlmRequest, reply: &Reply) -> Option<String> {
    reply.choices().find_map(|choice| misfit_of(request, choice))
}

fn misfit_of(request: &LlmRequest, reply: &Reply) -> Option<String> {
    if !matches!(reply.finish_reason(), Finish::Stop | Finish::ToolUse) {
        return None;
    }
    let calls: Vec<&ToolCall> = reply.parts().iter().filter_map(Part::as_tool_call).collect();
    if calls.is_empty() { text_misfit(request, reply) } else { call_misfit(request, &calls) }
}

fn text_misfit(request: &LlmRequest, reply: &Reply) -> Option<String> {
    let text = match request.response_format {
        ResponseFormat::Text => return None,
        ResponseFormat::Json | ResponseFormat::Schema(_) => text(reply)?,
    };
    let misfit = match &request.response_format {
        ResponseFormat::Schema(schema) => Judge::new(schema).misfit(&text),
        _ => not_json(&text),
    };
    Some(format!("its text does not fit what `response_format` demands: {}", misfit?))
}

/// The text of a reply; `None` if it has other things to say and no text.
fn text(reply: &Reply) -> Option<Cow<'_, str>> {
    let mut text = Cow::Borrowed("");
    let mut has_others = false;
    for part in reply.parts() {
        match part {
            Part::Text(more) if text.is_empty() => text = Cow::Borrowed(more.as_str()),
            Part::Text(more) => text.to_mut().push_str(more.as_str()),
            Part::Reasoning(_) | Part::RedactedReasoning(_) => {}
            _ => has_others = true,
        }
    }
    (!text.is_empty() || !has_others).then_some(text)
}

fn call_misfit(request: &LlmRequest, calls: &[&ToolCall]) -> Option<String> {
    if request.tools.is_empty() {
        return None;
    }
    if calls.len() > 1 && request.sampling.parallel_tool_calls == Some(false) {
        let count = calls.len();
        return Some(format!("it calls {count} tools at once, and the client takes one a turn"));
    }
    for tool in &request.tools {
        let judge = tool.schema.as_deref().map(Judge::new);
        for call in calls.iter().filter(|call| call.name() == tool.name) {
            let found = match &judge {
                Some(judge) => judge.misfit(call.arguments()),
                None => not_json(call.arguments()),
            };
            if let Some(misfit) = found {
                let name = &tool.name;
                return Some(format!(
                    "its call of `{name}` does not fit that tool's schema: {misfit}"
                ));
            }
        }
    }
    let stranger = calls.iter().find(|call| !is_offered(request, call.name()))?;
    let offered: Vec<String> =
        request.tools.iter().take(8).map(|tool| format!("`{}`", tool.name)).collect();
    let more = if request.tools.len() > 8 { ", ..." } else { "" };
    Some(format!(
        "it calls `{}`, and the request offers {}{more}",
        stranger.name(),
        offered.join(", ")
    ))
}

/// Whether the tool may be one that is offered: also in a way that the neutral words leave out, as
/// vendors' own tools and those of MCP servers are.
fn is_offered(request: &LlmRequest, name: &str) -> bool {
    if request.tools.iter().any(|tool| tool.name == name || tool.schema.is_none()) {
        return true;
    }
    let quoted = format!("\"{name}\"");
    memchr::memmem::find(&request.body, quoted.as_bytes()).is_some()
}

/// The replies that were refused, for the verdict.
#[derive(Debug, Default)]
pub(crate) struct Misfits(Mutex<Vec<String>>);

impl Misfits {
    /// Notes one, and says what the client is told.
    pub(crate) fn note(&self, who: &str, what: &str) -> String {
        let text = format!(
            "{who} has an answer that does not fit the request: {what}. To say it all the same, \
             give `Reply::unchecked()`; to check no reply, set \
             `MockLlmLayer::check_replies(false)`"
        );
        self.add(text.clone());
        text
    }

    /// Notes what went wrong otherwise.
    pub(crate) fn add(&self, text: String) {
        let mut misfits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if misfits.len() < MOST && !misfits.contains(&text) {
            misfits.push(text);
        }
    }

    /// All of them, a line each, after `report`.
    pub(crate) fn add_to(&self, report: Option<String>) -> Option<String> {
        let misfits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if misfits.is_empty() {
            return report;
        }
        Some(report.unwrap_or_default() + &misfits.join("\n") + "\n")
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// More tell nothing new, and a server may run for long.
const MOST: usize = 100;

impl Part {
    fn as_tool_call(&self) -> Option<&ToolCall> {
        match self {
            Self::ToolCall(call) => Some(call),
            _ => None,
        }
    }
}
