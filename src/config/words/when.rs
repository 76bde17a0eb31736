//! Conditions as they are written.

use serde::Deserialize;

use super::{Json, JsonOr, Long, OneOrMany, TextOr};
use crate::config::de::{At, Named};

/// Tests on a text: all of them must hold. A list of such is met by one of them.
pub(in crate::config) type Texts = At<OneOrMany<TextOr<TextTests>>>;
pub(in crate::config) type Numbers = At<OneOrMany<TextOr<NumberTests>>>;
pub(in crate::config) type Jsons = At<JsonOr<JsonTests>>;

/// What a request must be: all that is said.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct When {
    pub(in crate::config) and: Vec<At<When>>,
    pub(in crate::config) or: Vec<At<When>>,
    pub(in crate::config) not: Option<Box<At<When>>>,
    pub(in crate::config) any_message: Option<Texts>,
    pub(in crate::config) any_message_of: Named<Texts>,
    pub(in crate::config) api_key: Option<Texts>,
    pub(in crate::config) audio: Option<Texts>,
    pub(in crate::config) file: Option<Texts>,
    pub(in crate::config) first_user: Option<Texts>,
    pub(in crate::config) header: Named<Texts>,
    pub(in crate::config) image: Option<Texts>,
    pub(in crate::config) json: Named<Jsons>,
    pub(in crate::config) last_assistant: Option<Texts>,
    pub(in crate::config) last_user: Option<Texts>,
    pub(in crate::config) max_tokens: Option<Numbers>,
    pub(in crate::config) message: OneOrMany<MessageAt>,
    pub(in crate::config) messages: Option<Numbers>,
    pub(in crate::config) metadata: Named<Texts>,
    pub(in crate::config) model: Option<Texts>,
    pub(in crate::config) n: Option<Numbers>,
    pub(in crate::config) operation: OneOrMany<OperationName>,
    pub(in crate::config) provider: Option<At<OneOrMany<String>>>,
    pub(in crate::config) query: Named<Texts>,
    pub(in crate::config) response_schema: Named<Jsons>,
    pub(in crate::config) seed: Option<Numbers>,
    pub(in crate::config) streaming: Option<bool>,
    pub(in crate::config) system: Option<Texts>,
    pub(in crate::config) temperature: Option<Numbers>,
    pub(in crate::config) tool_choice: Option<At<TextOr<ToolNamed>>>,
    pub(in crate::config) tool_offered: OneOrMany<String>,
    pub(in crate::config) tool_result: Option<Texts>,
    pub(in crate::config) tool_result_for: Named<Texts>,
    pub(in crate::config) tool_result_of: Named<Texts>,
    pub(in crate::config) tool_schema: Named<Named<Jsons>>,
    pub(in crate::config) top_p: Option<Numbers>,
    pub(in crate::config) turn: Option<Numbers>,
    pub(in crate::config) wants_json: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct TextTests {
    pub(in crate::config) contains: Option<String>,
    pub(in crate::config) contains_ignoring_case: Option<String>,
    pub(in crate::config) ends_with: Option<String>,
    pub(in crate::config) equals: Option<String>,
    pub(in crate::config) exists: Option<bool>,
    pub(in crate::config) glob: Option<String>,
    pub(in crate::config) regex: Option<At<String>>,
    pub(in crate::config) starts_with: Option<String>,
}

impl Long for TextTests {
    const WHAT: &'static str = "a text, or a map of tests such as `contains`";
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct NumberTests {
    pub(in crate::config) at_least: Option<f64>,
    pub(in crate::config) at_most: Option<f64>,
    pub(in crate::config) equals: Option<f64>,
    pub(in crate::config) exists: Option<bool>,
}

impl Long for NumberTests {
    const WHAT: &'static str = "a number, or a map of tests such as `at_least`";
}

/// Tests on a place in JSON: as on a number, as on a text, or as on any value.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct JsonTests {
    pub(in crate::config) at_least: Option<f64>,
    pub(in crate::config) at_most: Option<f64>,
    pub(in crate::config) contains: Option<String>,
    pub(in crate::config) contains_ignoring_case: Option<String>,
    pub(in crate::config) ends_with: Option<String>,
    pub(in crate::config) equals: Option<Json>,
    pub(in crate::config) exists: Option<bool>,
    pub(in crate::config) glob: Option<String>,
    pub(in crate::config) regex: Option<At<String>>,
    pub(in crate::config) starts_with: Option<String>,
}

/// One message: the `index`th of a role, from 0.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct MessageAt {
    pub(in crate::config) role: RoleName,
    pub(in crate::config) index: usize,
    pub(in crate::config) text: Texts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ToolNamed {
    pub(in crate::config) tool: String,
}

impl Long for ToolNamed {
    const WHAT: &'static str = "`auto`, `none`, `required`, or a map with `tool`";
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum RoleName {
    Assistant,
    System,
    Tool,
    User,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum OperationName {
    Chat,
    CountTokens,
    Embeddings,
    Models,
}
