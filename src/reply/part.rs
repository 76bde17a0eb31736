//! The parts of a reply.

use bytes::Bytes;
use serde::Serialize;

use super::{Citation, ServerTool};

/// A part of a reply.
///
/// Text, reasoning, refusals and tool calls every provider can say. The rest only some can: a rule
/// that says what a provider has no words for is refused when it is mounted, if no provider could
/// say it, and else when it comes to be said (see [`ResponseSynth::can_say`]).
///
/// [`ResponseSynth::can_say`]: crate::ResponseSynth::can_say
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// Spoken words: OpenAI's `audio`, Gemini's `inlineData`.
    Audio(Audio),
    /// A picture: Gemini's `inlineData`.
    Image(Media),
    /// A JSON object as the vendor would write it, where a part goes: a content block for
    /// Anthropic, a part for Gemini, further fields of the message for OpenAI.
    Raw(Raw),
    /// What the model thinks aloud.
    Reasoning(Reasoning),
    /// What the model thinks, encrypted: Anthropic's `redacted_thinking`.
    RedactedReasoning(String),
    /// A refusal.
    Refusal(String),
    /// What the vendor's own servers did for the answer: a web search, code that ran.
    ServerTool(ServerTool),
    /// Text.
    Text(Text),
    /// A call of a tool.
    ToolCall(ToolCall),
}

/// Text, and what it is taken from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    pub(super) text: String,
    pub(super) citations: Vec<Citation>,
}

impl Text {
    /// Text without citations.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), citations: Vec::new() }
    }

    /// Adds a citation for the whole of this text. Text of which only a piece is cited is given as
    /// several parts.
    #[must_use]
    pub fn cite(mut self, citation: Citation) -> Self {
        self.citations.push(citation);
        self
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it is taken from.
    pub fn citations(&self) -> &[Citation] {
        &self.citations
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// A spoken answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    media: Media,
    transcript: String,
}

impl Audio {
    /// Sound, and the words that are heard in it.
    pub fn new(media: Media, transcript: impl Into<String>) -> Self {
        Self { media, transcript: transcript.into() }
    }

    /// The sound.
    pub fn media(&self) -> &Media {
        &self.media
    }

    /// The words.
    pub fn transcript(&self) -> &str {
        &self.transcript
    }
}

/// A picture or a sound: bytes of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    mime_type: String,
    data: Bytes,
}

impl Media {
    /// Bytes of a MIME type, such as `image/png`.
    pub fn new(mime_type: impl Into<String>, data: impl Into<Bytes>) -> Self {
        Self { mime_type: mime_type.into(), data: data.into() }
    }

    /// The MIME type.
    pub fn mime_type(&self) -> &str {
        &self.mime_type
    }

    /// The bytes, not encoded.
    pub fn data(&self) -> &Bytes {
        &self.data
    }
}

/// A JSON object in the vendor's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw(String);

impl Raw {
    /// What serializes to a JSON object.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[track_caller]
    pub fn new(object: impl Serialize) -> Self {
        Self(object_text("a raw part", object))
    }

    /// The object's text.
    pub fn json(&self) -> &str {
        &self.0
    }
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
    /// Whether the arguments were looked at, and are the text of an object.
    is_checked: bool,
}

impl ToolCall {
    /// A call of `tool` with arguments that serialize to a JSON object.
    ///
    /// # Panics
    ///
    /// If they do not.
    #[track_caller]
    pub fn new(tool: impl Into<String>, arguments: impl Serialize) -> Self {
        let name = tool.into();
        let arguments = object_text(format_args!("tool call `{name}`"), arguments);
        Self { id: None, name, arguments, is_checked: true }
    }

    /// A call of `tool` with arguments as a model may write them that was cut off or got lost: any
    /// text, JSON or not. OpenAI hands it on as it is; Gemini says that its model wrote a malformed
    /// call; Anthropic streams it as it is, and has no whole answer for it.
    pub fn with_raw_arguments(tool: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self { id: None, name: tool.into(), arguments: arguments.into(), is_checked: false }
    }

    /// The id of the call, in place of one in the vendor's form. Gemini's older models have none.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Whether the arguments are the text of a JSON object.
    pub(super) fn has_object(&self) -> bool {
        self.is_checked
            || (self.arguments.starts_with('{')
                && serde_json::from_str::<&serde_json::value::RawValue>(&self.arguments).is_ok())
    }

    /// Whether the arguments were given raw.
    pub(super) fn is_raw(&self) -> bool {
        !self.is_checked
    }

    /// The id, when one was given.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The tool.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments: the text of a JSON object, unless they were given
    /// [raw](Self::with_raw_arguments).
    pub fn arguments(&self) -> &str {
        &self.arguments
    }
}

/// The JSON text of an object; what is not one is misuse.
#[track_caller]
pub(super) fn object_text(of: impl std::fmt::Display, object: impl Serialize) -> String {
    match serde_json::to_string(&object) {
        Ok(json) if json.starts_with('{') => json,
        Ok(json) => panic!("{of} must be a JSON object, not {json}"),
        Err(error) => panic!("{of} does not serialize: {error}"),
    }
}
