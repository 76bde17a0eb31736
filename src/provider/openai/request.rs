//! What OpenAI is asked: the body of a chat completion, read.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::diagnose::diagnose;
use super::message::ChatMessage;
use super::scan::scan;
use super::tools::ChatTool;
use crate::provider::unquoted::unquoted;
use crate::provider::{Call, admit};
use crate::reply::{ApiError, ErrorKind};
use crate::request::{Head, LlmRequest, Message};

pub(super) fn parse(call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
    admit(head)?;
    // ASCII is told faster than UTF-8, and nearly all of a request's bytes are that.
    if !body.is_ascii() && std::str::from_utf8(body).is_err() {
        return Err(ApiError::new(ErrorKind::Malformed));
    }
    // Servers that imitate the vendor have fields of their own; only the vendor refuses them.
    let is_vendor = || !head.is_lenient() && head.host.is_some_and(|host| super::HOME.owns(host));
    let chat = match scan(body) {
        Some(chat) => chat,
        None => match serde_json::from_slice(body) {
            Ok(chat) => chat,
            Err(error) => {
                let bare = head.is_lenient().then(|| unquoted(body, &NUMBERS)).flatten();
                let Some(bare) = bare else { return Err(diagnose(body, is_vendor(), &error)) };
                let mut request = parse(call, head, &bare.into())?;
                request.body = body.clone();
                return Ok(request);
            }
        },
    };
    match chat.check(is_vendor) {
        // What one model takes and another does not is looked at last.
        Err(error)
            if head.is_lenient() && error.code.as_deref() == Some("unsupported_parameter") => {}
        checked => checked?,
    }
    chat.into_request(call, body)
}

/// What may come as a text where the client is judged leniently, `true` and `false` among them.
const NUMBERS: [&str; 10] = [
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "n",
    "parallel_tool_calls",
    "seed",
    "stream",
    "temperature",
    "top_logprobs",
    "top_p",
];

/// A struct that is read field by field, so that the first field which is none of its own nor one
/// of `unseen` is known by its name.
macro_rules! fields {
    ($($field:ident: $type:ty,)*; unseen $unseen:expr) => {
        /// The fields of
        /// <https://platform.openai.com/docs/api-reference/chat/create> (read 2026-11-21) that
        /// rules see or the vendor checks.
        #[derive(Debug, Default)]
        pub(super) struct CreateChatCompletion<'a> {
            $(pub(super) $field: Option<$type>,)*
            /// The first field that the vendor does not know.
            pub(super) unknown: Option<String>,
        }

        impl<'a> CreateChatCompletion<'a> {
            fn read<A: MapAccess<'a>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
                match key {
                    $(stringify!($field) => self.$field = map.next_value()?,)*
                    other => {
                        map.next_value::<IgnoredAny>()?;
                        if self.unknown.is_none() && !UNSEEN.contains(&other) {
                            self.unknown = Some(other.to_owned());
                        }
                    }
                }
                Ok(())
            }
        }

        /// What is accepted and has no bearing on the answer.
        const UNSEEN: &[&str] = $unseen;
        const SEEN: &[&str] = &[$(stringify!($field)),*];
    };
}

fields! {
    messages: Messages<'a>,
    model: String,
    logit_bias: IgnoredAny,
    logprobs: bool,
    max_completion_tokens: i64,
    max_tokens: i64,
    n: i64,
    parallel_tool_calls: bool,
    prediction: IgnoredAny,
    reasoning_effort: Word<'a>,
    response_format: Format<'a>,
    seed: i64,
    service_tier: Word<'a>,
    stop: Stop,
    stream: bool,
    stream_options: StreamOptions,
    temperature: f64,
    tool_choice: &'a RawValue,
    tools: Vec<ChatTool>,
    top_logprobs: i64,
    top_p: f64,
    ;
    unseen &[
        "audio", "frequency_penalty", "function_call", "functions", "metadata", "modalities",
        "moderation", "presence_penalty", "prompt_cache_key", "prompt_cache_options",
        "prompt_cache_retention", "safety_identifier", "store", "user", "verbosity",
        "web_search_options",
    ]
}

/// The first field of a body that the vendor does not know.
pub(super) fn unknown_field(body: &[u8]) -> Option<String> {
    struct Unknown(Option<String>);
    impl<'de> Deserialize<'de> for Unknown {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Keys;
            impl<'de> Visitor<'de> for Keys {
                type Value = Unknown;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unknown, A::Error> {
                    let mut unknown = None;
                    while let Some(Word(key)) = map.next_key()? {
                        map.next_value::<IgnoredAny>()?;
                        let is_known = SEEN.contains(&&*key) || UNSEEN.contains(&&*key);
                        if unknown.is_none() && !is_known {
                            unknown = Some(key.into_owned());
                        }
                    }
                    Ok(Unknown(unknown))
                }
            }
            deserializer.deserialize_map(Keys)
        }
    }
    serde_json::from_slice::<Unknown>(body).ok()?.0
}

impl<'de: 'a, 'a> Deserialize<'de> for CreateChatCompletion<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Chat;
        impl<'de> Visitor<'de> for Chat {
            type Value = CreateChatCompletion<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a request")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<CreateChatCompletion<'de>, A::Error> {
                let mut chat = CreateChatCompletion::default();
                while let Some(Word(key)) = map.next_key()? {
                    chat.read(&key, &mut map)?;
                }
                Ok(chat)
            }
        }
        deserializer.deserialize_map(Chat)
    }
}

/// The messages, as far as they were understood.
#[derive(Debug)]
pub(super) enum Messages<'a> {
    /// By the scanner: a role and a text each, and nothing that could be refused.
    Plain(Vec<Message>),
    Read(Vec<ChatMessage<'a>>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Messages<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::Read)
    }
}

/// A string, borrowed where it has no escapes.
#[derive(Debug, Deserialize)]
pub(super) struct Word<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

#[derive(Debug, Deserialize)]
pub(super) struct StreamOptions {
    pub(super) include_usage: Option<bool>,
    pub(super) include_obfuscation: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Stop {
    Many(Vec<String>),
    One(String),
}

#[derive(Debug, Deserialize)]
pub(super) struct Format<'a> {
    pub(super) r#type: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) json_schema: Option<FormatSchema<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FormatSchema<'a> {
    #[serde(borrow)]
    pub(super) schema: Option<&'a RawValue>,
}
