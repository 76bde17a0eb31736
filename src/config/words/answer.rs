//! Answers as they are written: one of the kinds, and what is said of any.

use serde::Deserialize;

use super::reply::{Headers, ReplyMap};
use super::when::When;
use super::{Json, Long, OneOrMany, TextOr};
use crate::config::de::At;

/// An answer: a text, or a map.
pub(in crate::config) type Answer = At<TextOr<AnswerMap>>;

/// Structs that say an answer beside other things. The keys stand in each, since serde refuses unknown
/// keys only of structs that have all of theirs themselves.
macro_rules! with_answer {
    ($($(#[$meta:meta])* struct $name:ident { $($(#[$attribute:meta])* $key:ident: $type:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(in crate::config) struct $name {
            $($(#[$attribute])* pub(in crate::config) $key: $type,)*
            pub(in crate::config) reply: Option<At<TextOr<ReplyMap>>>,
            pub(in crate::config) template: Option<At<TextOr<TemplateMap>>>,
            pub(in crate::config) error: Option<At<TextOr<ErrorMap>>>,
            pub(in crate::config) raw: Option<At<RawMap>>,
            pub(in crate::config) no_answer: Option<NoAnswerName>,
            pub(in crate::config) script: Option<At<ScriptMap>>,
            pub(in crate::config) structured_output: Option<At<StructuredMap>>,
            pub(in crate::config) call_tools_once: Option<ToolsOnceMap>,
            pub(in crate::config) embeddings: Option<EmbeddingsMap>,
            pub(in crate::config) token_count: Option<u64>,
            pub(in crate::config) pace: Option<At<String>>,
            pub(in crate::config) fault: Option<At<TextOr<FaultMap>>>,
            pub(in crate::config) unchecked: bool,
        }

        impl $name {
            /// What it says of an answer.
            pub(in crate::config) fn said(&self) -> Said<'_> {
                Said {
                    reply: self.reply.as_ref(),
                    template: self.template.as_ref(),
                    error: self.error.as_ref(),
                    raw: self.raw.as_ref(),
                    no_answer: self.no_answer,
                    script: self.script.as_ref(),
                    structured_output: self.structured_output.as_ref(),
                    call_tools_once: self.call_tools_once.as_ref(),
                    embeddings: self.embeddings.as_ref(),
                    token_count: self.token_count,
                    pace: self.pace.as_ref(),
                    fault: self.fault.as_ref(),
                    unchecked: self.unchecked,
                }
            }
        }
    )*};
}

with_answer! {
    /// An answer by itself.
    struct AnswerMap {
        times: Option<u64>,
    }

    /// A branch of a script's turn.
    struct BranchMap {
        when: When,
    }

    /// A rule: when this is asked, say that.
    struct RuleMap {
        name: Option<String>,
        when: When,
        in_state: crate::config::de::Named<String>,
        then_state: crate::config::de::Named<String>,
        times: Option<u64>,
        first: Option<Answer>,
        then: OneOrMany<TextOr<AnswerMap>>,
        then_repeat: Option<Answer>,
        expect: Option<At<String>>,
    }

    /// What goes wrong by itself, and when.
    struct TroubleMap {
        when: When,
        on_attempts: Option<At<String>>,
        probability: Option<At<f64>>,
        during: Option<DuringMap>,
        between: Option<DuringMap>,
    }
}

impl Long for AnswerMap {
    const WHAT: &'static str = "a text, or a map that says an answer";
}

impl Long for BranchMap {
    const WHAT: &'static str = "a text, or a map that says an answer, or a list of such";
}

/// What of an answer is said.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) struct Said<'a> {
    pub(in crate::config) reply: Option<&'a At<TextOr<ReplyMap>>>,
    pub(in crate::config) template: Option<&'a At<TextOr<TemplateMap>>>,
    pub(in crate::config) error: Option<&'a At<TextOr<ErrorMap>>>,
    pub(in crate::config) raw: Option<&'a At<RawMap>>,
    pub(in crate::config) no_answer: Option<NoAnswerName>,
    pub(in crate::config) script: Option<&'a At<ScriptMap>>,
    pub(in crate::config) structured_output: Option<&'a At<StructuredMap>>,
    pub(in crate::config) call_tools_once: Option<&'a ToolsOnceMap>,
    pub(in crate::config) embeddings: Option<&'a EmbeddingsMap>,
    pub(in crate::config) token_count: Option<u64>,
    pub(in crate::config) pace: Option<&'a At<String>>,
    pub(in crate::config) fault: Option<&'a At<TextOr<FaultMap>>>,
    pub(in crate::config) unchecked: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "templates"), expect(dead_code, reason = "only templates are made of it"))]
pub(in crate::config) struct TemplateMap {
    #[serde(default)]
    pub(in crate::config) text: String,
    #[serde(default)]
    pub(in crate::config) tool_calls: Vec<At<TemplateCallMap>>,
}

impl Long for TemplateMap {
    const WHAT: &'static str = "a template, or a map of `text` and `tool_calls`";
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "templates"), expect(dead_code, reason = "only templates are made of it"))]
pub(in crate::config) struct TemplateCallMap {
    pub(in crate::config) name: String,
    /// A template of a JSON object.
    pub(in crate::config) arguments: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct ErrorMap {
    pub(in crate::config) kind: Option<At<String>>,
    pub(in crate::config) status: Option<At<u16>>,
    pub(in crate::config) message: Option<String>,
    pub(in crate::config) code: Option<String>,
    pub(in crate::config) param: Option<String>,
    pub(in crate::config) retry_after: Option<At<String>>,
    pub(in crate::config) limit: Option<LimitMap>,
}

impl Long for ErrorMap {
    const WHAT: &'static str = "a kind of error, a status, or a map of both";
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct LimitMap {
    pub(in crate::config) metric: MetricName,
    pub(in crate::config) limit: u64,
    pub(in crate::config) used: Option<u64>,
    pub(in crate::config) requested: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum MetricName {
    Concurrent,
    RequestsPerDay,
    RequestsPerMinute,
    TokensPerDay,
    TokensPerMinute,
}

/// A response by hand: with one body, or none.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawMap {
    pub(in crate::config) status: Option<At<u16>>,
    pub(in crate::config) headers: Headers,
    pub(in crate::config) body: Option<String>,
    pub(in crate::config) json: Option<Json>,
    pub(in crate::config) html: Option<String>,
    pub(in crate::config) base64: Option<At<String>>,
    pub(in crate::config) page_of: Option<ProxyName>,
}

/// Whose page of an error it is.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum ProxyName {
    Cloudflare,
    Nginx,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum NoAnswerName {
    Closed,
    Dns,
    Hang,
    Refused,
    Reset,
    Tls,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct ScriptMap {
    /// Each an answer, or its branches.
    pub(in crate::config) turns: Vec<At<OneOrMany<TextOr<BranchMap>>>>,
    pub(in crate::config) then_repeat: Option<Box<Answer>>,
    pub(in crate::config) by_call_order: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct StructuredMap {
    pub(in crate::config) near_miss: Option<NearMissName>,
    pub(in crate::config) at: Option<At<String>>,
    pub(in crate::config) seed: Option<u64>,
    pub(in crate::config) tool: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum NearMissName {
    Empty,
    ExtraField,
    InvalidEnum,
    MarkdownFence,
    MissingField,
    NotJson,
    NullField,
    OutOfRange,
    ProseAround,
    TrailingComma,
    TruncatedJson,
    WrongType,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct ToolsOnceMap {
    pub(in crate::config) one_by_one: bool,
    pub(in crate::config) then: Option<Box<Answer>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct EmbeddingsMap {
    pub(in crate::config) vectors: Vec<Vec<f64>>,
    pub(in crate::config) tokens: Option<u64>,
    pub(in crate::config) model: Option<String>,
}

/// A fault that does not go into one word.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct FaultMap {
    pub(in crate::config) error_after: Option<usize>,
    pub(in crate::config) error: Option<At<TextOr<ErrorMap>>>,
    pub(in crate::config) trailing: Option<String>,
}

impl Long for FaultMap {
    const WHAT: &'static str =
        "a fault such as `abort_after=3`, or a map of `error_after` and `error`";
}

/// When, counted from the first request.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct DuringMap {
    pub(in crate::config) from: Option<At<String>>,
    pub(in crate::config) to: Option<At<String>>,
}
