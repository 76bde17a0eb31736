//! The parts of a reply.

use serde::Serialize;

/// A part of a reply.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// What the model thinks aloud.
    Reasoning(Reasoning),
    /// A refusal.
    Refusal(String),
    /// Text.
    Text(String),
    /// A call of a tool.
    ToolCall(ToolCall),
}

/// What the model thinks aloud.
#[derive(Clone, Debug, PartialEq)]
pub struct Reasoning {
    pub(super) text: String,
    pub(super) signature: Option<String>,
}

impl Reasoning {
    /// A thought.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), signature: None }
    }

    /// The vendor's signature over it (Anthropic's `signature`, Gemini's `thoughtSignature`).
    /// Without it one is made up.
    #[must_use]
    pub fn with_signature(mut self, signature: impl Into<String>) -> Self {
        self.signature = Some(signature.into());
        self
    }

    /// The thought.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature, when one was given.
    pub fn signature(&self) -> Option<&str> {
        self.signature.as_deref()
    }
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) arguments: String,
}

impl ToolCall {
    /// A call of `tool` with arguments that serialize to a JSON object.
    ///
    /// # Panics
    ///
    /// If they do not.
    pub fn new(tool: impl Into<String>, arguments: impl Serialize) -> Self {
        let name = tool.into();
        let arguments = match serde_json::to_string(&arguments) {
            Ok(json) if json.starts_with('{') => json,
            Ok(json) => {
                panic!("the arguments of tool call `{name}` must be a JSON object, not {json}")
            }
            Err(error) => panic!("the arguments of tool call `{name}` do not serialize: {error}"),
        };
        Self { id: None, name, arguments }
    }

    /// The id of the call, in place of one in the vendor's form. Gemini's older models have none.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The id, when one was given.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The tool.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments: the text of a JSON object.
    pub fn arguments(&self) -> &str {
        &self.arguments
    }
}
