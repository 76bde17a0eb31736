//! The agent loop that always ends.

use super::{Cue, DefaultReply, IntoRespond, Respond, default};
use crate::provider::Operation;
use crate::reply::{Answer, ApiError, Part, Reply};
use crate::request::{Content, LlmRequest, Message, ToolChoice};

/// Calls every offered tool once, with arguments that fit its schema, and then answers in text: an
/// agent's loop runs through all its tools, and ends.
///
/// What was called is read from the conversation, so nothing is remembered. Tools are called
/// together, or one a turn where the client forbids that (`parallel_tool_calls`) or
/// [`one_by_one`](Self::one_by_one) is set; a `tool_choice` that names a tool, or forbids all, is
/// kept until the tool was called. Requests that offer no tool are left to the next rule.
///
/// ```
/// use tower_mock_llm::respond::CallToolsOnce;
/// use tower_mock_llm::{MockLlmLayer, Rule};
///
/// let layer = MockLlmLayer::new()
///     .rule(Rule::always().respond_with(CallToolsOnce::new().then("All done.")));
/// # let _ = layer;
/// ```
#[derive(Default)]
pub struct CallToolsOnce {
    one_by_one: bool,
    last: Option<Box<dyn Respond>>,
}

impl CallToolsOnce {
    /// Calls the tools, and then says what the [`DefaultReply`] says.
    pub fn new() -> Self {
        Self::default()
    }

    /// One tool a turn, in the order in which they are offered.
    #[must_use]
    pub fn one_by_one(mut self) -> Self {
        self.one_by_one = true;
        self
    }

    /// What is said when every tool was called.
    #[must_use]
    pub fn then(mut self, respond: impl IntoRespond) -> Self {
        self.last = Some(respond.into_respond());
        self
    }
}

impl Respond for CallToolsOnce {
    fn answers(&self, operation: Operation) -> bool {
        operation == Operation::Chat
    }

    fn respond(&self, request: &LlmRequest) -> Option<Answer> {
        self.respond_to(request, &Cue::default())
    }

    fn respond_to(&self, request: &LlmRequest, cue: &Cue<'_>) -> Option<Answer> {
        if request.tools.is_empty() {
            return None;
        }
        let called = |tool: &str| {
            let mut contents = request.messages.iter().flat_map(Message::parts);
            contents.any(|c| matches!(c, Content::ToolCall { name, .. } if name == tool))
        };
        let allowed = |tool: &str| match &request.tool_choice {
            ToolChoice::Auto | ToolChoice::Required => true,
            ToolChoice::None => false,
            ToolChoice::Tool(name) => name == tool,
        };
        let single = self.one_by_one || request.sampling.parallel_tool_calls == Some(false);
        let most = if single { 1 } else { usize::MAX };
        let mut open = request
            .tools
            .iter()
            .filter(|tool| allowed(&tool.name) && !called(&tool.name))
            .take(most)
            .peekable();
        if open.peek().is_some() {
            let reply = open.try_fold(Reply::empty(), |reply, tool| {
                default::call(tool, default::seed_for(cue.seed, request))
                    .map(|call| reply.part(Part::ToolCall(call)))
            });
            return Some(match reply {
                Ok(reply) => reply.unchecked(),
                Err(fault) => ApiError::invalid_request(fault.to_string()).into(),
            });
        }
        if let Some(last) = &self.last {
            return last.respond_to(request, cue);
        }
        // The choice may still demand a tool, which would be called for ever.
        let mut request = request.clone();
        request.tool_choice = ToolChoice::None;
        DefaultReply::new(cue.seed).respond(&request)
    }

    fn says(&self) -> Vec<&Reply> {
        self.last.as_ref().map(|last| last.says()).unwrap_or_default()
    }
}

impl std::fmt::Debug for CallToolsOnce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallToolsOnce")
            .field("one_by_one", &self.one_by_one)
            .finish_non_exhaustive()
    }
}
