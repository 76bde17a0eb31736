//! The messages of a request, as they are read.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::provider::text_or::TextOr;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputMessage<'a> {
    #[serde(borrow)]
    pub(super) role: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) content: TextOr<'a, ContentBlock<'a>>,
    /// Of the vendor's directives.
    #[serde(rename = "output_config")]
    _output_config: Option<IgnoredAny>,
}

/// Any block: which fields are there depends on the type.
#[derive(Deserialize)]
pub(super) struct ContentBlock<'a> {
    #[serde(borrow)]
    pub(super) r#type: Cow<'a, str>,
    pub(super) text: Option<String>,
    pub(super) thinking: Option<String>,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) tool_use_id: Option<String>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) source: Option<&'a RawValue>,
}

/// Of a picture or a document; the data is skipped.
#[derive(Default, Deserialize)]
pub(super) struct Source {
    pub(super) r#type: Option<String>,
    pub(super) media_type: Option<String>,
    pub(super) url: Option<String>,
}

impl<'a> InputMessage<'a> {
    pub(super) fn blocks(&self) -> &[ContentBlock<'a>] {
        match &self.content {
            TextOr::List(blocks) => blocks,
            TextOr::Text(_) => &[],
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match &self.content {
            TextOr::List(blocks) => blocks.is_empty(),
            TextOr::Text(text) => text.is_empty(),
        }
    }
}

impl ContentBlock<'_> {
    /// The id of the call that it answers.
    pub(super) fn answers(&self) -> Option<&str> {
        (self.r#type == "tool_result").then_some(self.tool_use_id.as_deref()).flatten()
    }
}
