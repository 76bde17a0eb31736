//! A part of a candidate's content.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::Serializer;
use serde_json::value::RawValue;

use super::identity::Identity;
use crate::reply::{self, ServerTool};
use crate::util::base64::base64;

/// <https://ai.google.dev/api/caching#Part> (read 2026-11-21), in the order of recorded traffic.
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inline_data: Option<Blob<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) executable_code: Option<ExecutableCode<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code_execution_result: Option<CodeExecutionResult<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<Cow<'a, str>>,
    /// A part in the words of whoever gave it, in place of all others.
    #[serde(skip)]
    pub(super) raw: Option<&'a RawValue>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob<'a> {
    mime_type: &'a str,
    data: String,
}

#[derive(Clone, Serialize)]
pub(super) struct FunctionCall<'a> {
    pub(super) name: &'a str,
    pub(super) args: Cow<'a, RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Cow<'a, str>>,
}

#[derive(Clone, Serialize)]
pub(super) struct ExecutableCode<'a> {
    language: &'static str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

#[derive(Clone, Serialize)]
pub(super) struct CodeExecutionResult<'a> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    output: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

impl<'a> Part<'a> {
    /// A part for text, if there is any: a stream has no chunk for a part without text, so a whole
    /// answer has no part for it.
    pub(super) fn text(text: &'a str, thought: bool) -> Option<Self> {
        (!text.is_empty()).then(|| Self { text: Some(text.into()), thought, ..Self::default() })
    }

    pub(super) fn is_plain_text(&self) -> bool {
        self.text.is_some() && !self.thought && self.thought_signature.is_none()
    }

    /// The parts for what is not cut into deltas, the one at `index` of the reply. `sign` gives the
    /// signature that is still owed, to the part that bears one.
    pub(super) fn whole(
        part: &'a reply::Part,
        index: usize,
        identity: &Identity<'_>,
        sign: impl FnOnce() -> Option<Cow<'a, str>>,
    ) -> Vec<Self> {
        let blob = |media: &'a reply::Media| {
            Some(Blob { mime_type: media.mime_type(), data: base64(media.data()) })
        };
        match part {
            // There is no field for the words that are heard in it.
            reply::Part::Audio(audio) => {
                vec![Self { inline_data: blob(audio.media()), ..Self::default() }]
            }
            reply::Part::Image(image) => vec![Self {
                inline_data: blob(image),
                thought_signature: sign(),
                ..Self::default()
            }],
            reply::Part::Raw(raw) => {
                let raw = serde_json::from_str(raw.json()).ok();
                vec![Self { raw, ..Self::default() }]
            }
            reply::Part::ServerTool(ServerTool::Code { code, output }) => {
                let id = identity.code_id(index);
                let code = ExecutableCode { language: "PYTHON", code, id: id.clone() };
                let result = CodeExecutionResult { outcome: "OUTCOME_OK", output, id };
                vec![
                    Self {
                        executable_code: Some(code),
                        thought_signature: sign(),
                        ..Self::default()
                    },
                    Self { code_execution_result: Some(result), ..Self::default() },
                ]
            }
            // A search stands beside the content; `can_say` names the others.
            _ => Vec::new(),
        }
    }
}

/// Whether the model thinks anew once it has seen what came of it.
pub(super) fn is_code(part: &reply::Part) -> bool {
    matches!(part, reply::Part::ServerTool(ServerTool::Code { .. }))
}

/// Parts, of which some may be raw.
pub(super) fn list<S: Serializer>(parts: &[Part<'_>], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Any<'a> {
        Own(&'a Part<'a>),
        Raw(&'a RawValue),
    }
    serializer.collect_seq(parts.iter().map(|part| match part.raw {
        Some(raw) => Any::Raw(raw),
        None => Any::Own(part),
    }))
}

/// The arguments of a call, if they are a JSON object: a user's own stream may spell anything.
pub(super) fn arguments(text: &str) -> Option<Cow<'_, RawValue>> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    serde_json::from_str::<&RawValue>(text)
        .ok()
        .filter(|raw| raw.get().starts_with('{'))
        .map(Cow::Borrowed)
}

pub(super) fn malformed(name: &str, arguments: &str) -> String {
    format!("Malformed function call: {name}({arguments})")
}
