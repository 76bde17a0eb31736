//! What was written: the file, key by key.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::de::{At, Named, Secret, from_map};
use super::node::Place;
use super::words::answer::{Answer, RuleMap, TroubleMap};
use super::words::settings::{
    Caching, CassetteMap, CharactersMap, JournalMap, OnlyMap, PaceMap, QuotaMap, TokenizerName,
    UnmatchedName,
};
use super::words::{OneOrMany, TextOr};

/// A whole file, its includes and its profile laid on it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    // Taken off before; here so that they are known.
    #[serde(rename = "include")]
    pub(super) _include: Option<IgnoredAny>,
    #[serde(rename = "profiles")]
    pub(super) _profiles: Option<IgnoredAny>,
    pub(super) providers: Named<Provider>,
    pub(super) models: Named<Model>,
    pub(super) keys: Named<At<KeyMode>>,
    pub(super) enabled: Option<bool>,
    pub(super) rules: Vec<At<RuleMap>>,
    pub(super) default_reply: Option<Answer>,
    pub(super) validation: Option<Validation>,
    pub(super) check_replies: Option<bool>,
    pub(super) strict: Option<At<String>>,
    pub(super) seed: Option<u64>,
    pub(super) pace: Option<At<String>>,
    pub(super) paces: Vec<At<PaceMap>>,
    pub(super) pace_header: Option<bool>,
    pub(super) trouble: Vec<At<TroubleMap>>,
    pub(super) fault_header: Option<bool>,
    pub(super) quota: Option<QuotaMap>,
    pub(super) prompt_caching: Option<Caching>,
    pub(super) tokenizer: Option<At<TokenizerName>>,
    pub(super) chunking: Option<At<TextOr<CharactersMap>>>,
    pub(super) cassette: Option<At<TextOr<CassetteMap>>>,
    pub(super) only: Option<OnlyMap>,
    pub(super) local_hosts: OneOrMany<String>,
    pub(super) unmatched: Option<UnmatchedName>,
    pub(super) max_request_body: Option<u64>,
    pub(super) journal: Option<JournalMap>,
    pub(super) watch_client: bool,
    pub(super) response_header: Option<bool>,
    pub(super) server: Server,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Provider {
    pub(super) r#type: Option<At<Kind>>,
    pub(super) enabled: Option<bool>,
    pub(super) api_key: Option<At<Secret>>,
    pub(super) base_url: Option<At<String>>,
    pub(super) latency_ms: Option<At<f64>>,
    pub(super) failure_rate: Option<At<f64>>,
    pub(super) deterministic: Option<bool>,
    pub(super) responses: Named<Responses>,
}

/// The mock, or a vendor that is called.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Mock,
    Openai,
    Anthropic,
    #[serde(alias = "google")]
    Gemini,
    Azure,
    Bedrock,
    Cohere,
    Custom,
    Deepseek,
    Groq,
    Mistral,
    Ollama,
    Openrouter,
    Together,
    Vertex,
    Xai,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub(super) provider: At<String>,
    pub(super) fallback_provider: Option<At<String>>,
}

/// What a model says.
#[derive(Debug, Default)]
pub(super) struct Responses {
    pub(super) default: Option<Answer>,
    pub(super) patterns: Vec<Pattern>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ResponsesMap {
    pub(super) default: Option<Answer>,
    pub(super) patterns: Patterns,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pattern {
    pub(super) pattern: At<String>,
    pub(super) response: Answer,
}

/// A map from pattern to response, or a list of both.
#[derive(Debug, Default)]
pub(super) struct Patterns(Vec<Pattern>);

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyMode {
    Mock,
    #[serde(alias = "off")]
    Live,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Validation {
    Strict,
    Lenient,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Server {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) admin_token: Option<Token>,
    pub(super) cors: Option<bool>,
    pub(super) sessions_by_key: Option<bool>,
}

/// A secret that is needed as it is.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Token(
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "only servers need it"))]
    pub(super) String,
);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl<'de> Deserialize<'de> for Responses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Responses;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a map with `default` and `patterns`")
            }

            fn visit_str<E>(self, text: &str) -> Result<Responses, E> {
                // Where it stands, who reads the model's name knows.
                let value = TextOr::Text(text.to_owned());
                let default = Some(At { place: Place::default(), value });
                Ok(Responses { default, patterns: Vec::new() })
            }

            fn visit_unit<E>(self) -> Result<Responses, E> {
                Ok(Responses::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Responses, A::Error> {
                let ResponsesMap { default, patterns: Patterns(patterns) } = from_map(map)?;
                Ok(Responses { default, patterns })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Patterns;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from pattern to response, or a list of `pattern` and `response`")
            }

            fn visit_unit<E>(self) -> Result<Patterns, E> {
                Ok(Patterns::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Patterns, A::Error> {
                let mut all = Vec::new();
                while let Some((pattern, response)) = map.next_entry()? {
                    all.push(Pattern { pattern, response });
                }
                Ok(Patterns(all))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Patterns, A::Error> {
                let mut all = Vec::new();
                while let Some(pattern) = seq.next_element()? {
                    all.push(pattern);
                }
                Ok(Patterns(all))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
