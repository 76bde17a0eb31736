//! The functions that a request offers, and which of them it wants called.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny};
use serde_json::value::RawValue;

use super::values::list;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tool {
    #[serde(alias = "function_declarations", default, deserialize_with = "list")]
    pub(super) function_declarations: Vec<FunctionDeclaration>,
    #[serde(alias = "google_search")]
    pub(super) google_search: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionDeclaration {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) parameters: Option<Box<RawValue>>,
    #[serde(alias = "parameters_json_schema")]
    pub(super) parameters_json_schema: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig {
    #[serde(alias = "function_calling_config")]
    pub(super) function_calling_config: Option<FunctionCallingConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionCallingConfig {
    #[serde(default)]
    pub(super) mode: Mode,
    #[serde(alias = "allowed_function_names", default, deserialize_with = "list")]
    pub(super) allowed_function_names: Vec<String>,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Mode {
    Any,
    #[default]
    Auto,
    None,
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mode = Option::<Cow<'_, str>>::deserialize(deserializer)?.unwrap_or_default();
        let known = MODES.iter().find(|known| known.eq_ignore_ascii_case(&mode));
        match (known.copied(), mode.is_empty()) {
            (Some("ANY"), _) => Ok(Self::Any),
            (Some("NONE"), _) => Ok(Self::None),
            (Some(_), _) | (_, true) => Ok(Self::Auto),
            (None, false) => Err(de::Error::custom("no such mode")),
        }
    }
}

pub(super) const MODES: [&str; 5] = ["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"];
