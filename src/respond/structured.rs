//! Answers in the form that the request demands, whole or broken on purpose.

use serde_json::value::RawValue;

use super::near_miss::NearMiss;
use super::{Cue, Respond, default};
use crate::provider::Operation;
use crate::reply::{Answer, ApiError, Finish, Part, Reply, ToolCall};
use crate::request::{LlmRequest, ResponseFormat, Tool, ToolChoice};
use crate::schema;

/// An answer in the form that the request demands: an instance of its JSON Schema, or a call of a
/// tool with arguments that fit the tool's. Broken in one way, if asked to: what an app must
/// survive, since models get it wrong in just these ways.
///
/// A tool is called where `tool_choice` demands one, else the form of `response_format` is kept,
/// else the first tool offered is called. A request that demands no form and offers no tool is left
/// to the next rule.
///
/// ```
/// use tower_mock_llm::respond::{NearMiss, StructuredOutput};
/// use tower_mock_llm::{MockLlmLayer, Rule};
///
/// // At first a required field is missing; when the app asks again, all is well.
/// let broken = StructuredOutput::new().near_miss(NearMiss::MissingField).at("/city");
/// let rule = Rule::always().first(broken).then_repeat(StructuredOutput::new());
/// let layer = MockLlmLayer::new().rule(rule);
/// # let _ = layer;
/// ```
///
/// The same request gets the same answer. Where a schema leaves no room for the near miss (nothing
/// is required, say), the answer is an error that says so.
#[derive(Clone, Debug, Default)]
pub struct StructuredOutput {
    at: Option<String>,
    near_miss: Option<NearMiss>,
    seed: Option<u64>,
    tool: Option<String>,
}

impl StructuredOutput {
    /// A valid answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An answer that is wrong in this way, and certainly so: whatever passes its check has a hole.
    #[must_use]
    pub fn near_miss(mut self, near_miss: NearMiss) -> Self {
        self.near_miss = Some(near_miss);
        self
    }

    /// Where the near miss is, as a JSON pointer into the answer: `/user/email`. For
    /// [`NearMiss::ExtraField`] the object that gets the field. Without it: the first place where
    /// it can be, or one that the seed picks. Near misses of the text as a whole have no place.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.at = Some(pointer.into());
        self
    }

    /// The seed of the values and of the place. Without it: the layer's. A `seed` of the client's is
    /// mixed in.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Calls this tool, if it is offered; without it the request is left to the next rule.
    #[must_use]
    pub fn tool(mut self, tool: impl Into<String>) -> Self {
        self.tool = Some(tool.into());
        self
    }

    fn target<'a>(&self, request: &'a LlmRequest) -> Option<Target<'a>> {
        let named = |name: &str| request.tools.iter().find(|tool| tool.name == name);
        if let Some(name) = &self.tool {
            return named(name).map(Target::Tool);
        }
        match (&request.tool_choice, &request.response_format) {
            (ToolChoice::Required, _) => request.tools.first().map(Target::Tool),
            (ToolChoice::Tool(name), _) => named(name).map(Target::Tool),
            (_, ResponseFormat::Json) => Some(Target::Json),
            (_, ResponseFormat::Schema(schema)) => Some(Target::Schema(schema)),
            (ToolChoice::None, ResponseFormat::Text) => None,
            (ToolChoice::Auto, ResponseFormat::Text) => request.tools.first().map(Target::Tool),
        }
    }

    fn reply(&self, target: &Target<'_>, seed: u64) -> Result<Reply, String> {
        let slip = self.near_miss.and_then(NearMiss::slip);
        let text = match (slip, target.schema()) {
            (Some(slip), schema) => {
                let any = || RawValue::from_string(r#"{"type":"object"}"#.to_owned());
                let schema = match schema {
                    Some(schema) => schema.to_owned(),
                    None => any().map_err(|error| error.to_string())?,
                };
                let made = schema::near_miss(&schema, seed, slip, self.at.as_deref());
                made.map(|made| made.get().to_owned())
            }
            (None, Some(schema)) => {
                let made = match target {
                    Target::Tool(_) => schema::object(schema, seed),
                    _ => schema::instance(schema, seed),
                };
                made.map(|made| made.get().to_owned()).map_err(|fault| fault.to_string())
            }
            (None, None) => Ok(target.any().to_owned()),
        };
        let text = match self.near_miss {
            None => text?,
            Some(near_miss) => {
                text.and_then(|text| near_miss.spoilt(text, seed)).map_err(|why| {
                    format!("the mock cannot make the near miss {near_miss:?}: {why}")
                })?
            }
        };
        let mut reply = match target {
            Target::Tool(tool) => {
                let call = ToolCall::with_raw_arguments(tool.name.as_str(), text);
                Reply::empty().part(Part::ToolCall(call))
            }
            Target::Json | Target::Schema(_) => Reply::text(text),
        };
        if self.near_miss == Some(NearMiss::TruncatedJson) {
            reply = reply.finish(Finish::Length);
        }
        Ok(reply)
    }
}

impl Respond for StructuredOutput {
    fn answers(&self, operation: Operation) -> bool {
        operation == Operation::Chat
    }

    fn respond(&self, request: &LlmRequest) -> Option<Answer> {
        self.respond_to(request, &Cue::default())
    }

    fn respond_to(&self, request: &LlmRequest, cue: &Cue<'_>) -> Option<Answer> {
        let target = self.target(request)?;
        let seed = default::seed_for(self.seed.unwrap_or(cue.seed), request);
        Some(match self.reply(&target, seed) {
            // Right or wrong, it is so by design.
            Ok(reply) => reply.unchecked(),
            Err(why) => ApiError::invalid_request(why).into(),
        })
    }
}

/// What must be filled.
enum Target<'a> {
    Json,
    Schema(&'a RawValue),
    Tool(&'a Tool),
}

impl<'a> Target<'a> {
    fn schema(&self) -> Option<&'a RawValue> {
        match self {
            Self::Json => None,
            Self::Schema(schema) => Some(schema),
            Self::Tool(tool) => tool.schema.as_deref(),
        }
    }

    /// What is said where there is no schema.
    fn any(&self) -> &'static str {
        match self {
            Self::Tool(_) => "{}",
            _ => default::ANY_JSON,
        }
    }
}
