//! What is said of the layer as a whole.

use serde::Deserialize;

use super::when::When;
use super::{Long, OneOrMany, TextOr};
use crate::config::de::At;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct QuotaMap {
    pub(in crate::config) requests_per_minute: Option<u64>,
    pub(in crate::config) tokens_per_minute: Option<u64>,
    pub(in crate::config) requests_per_day: Option<u64>,
    pub(in crate::config) tokens_per_day: Option<u64>,
    pub(in crate::config) concurrent: Option<u64>,
    pub(in crate::config) budget: Option<At<BudgetMap>>,
    pub(in crate::config) per_key: bool,
    pub(in crate::config) per_model: bool,
    /// In seconds since 1970.
    pub(in crate::config) starting_at: Option<u64>,
}

/// Tokens, or dollars at prices for a million tokens.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct BudgetMap {
    pub(in crate::config) tokens: Option<u64>,
    pub(in crate::config) dollars: Option<f64>,
    pub(in crate::config) input_price: Option<f64>,
    pub(in crate::config) output_price: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct CachingMap {
    pub(in crate::config) ttl: Option<At<String>>,
}

impl Long for CachingMap {
    const WHAT: &'static str = "`true`, `false`, or a map with `ttl`";
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "cassette"), expect(dead_code, reason = "only cassettes are made of it"))]
pub(in crate::config) struct CassetteMap {
    pub(in crate::config) path: At<String>,
    pub(in crate::config) mode: Option<At<String>>,
    pub(in crate::config) timing: Option<At<f64>>,
    #[serde(default)]
    pub(in crate::config) repeat: bool,
    #[serde(default)]
    pub(in crate::config) transcode: bool,
    pub(in crate::config) fuzzy: Option<At<f64>>,
    pub(in crate::config) max_age: Option<MaxAgeMap>,
    pub(in crate::config) fork: Option<ForkMap>,
    #[serde(default)]
    pub(in crate::config) normalize: Vec<NormalizeMap>,
    #[serde(default)]
    pub(in crate::config) exact: Vec<At<String>>,
    #[serde(default)]
    pub(in crate::config) volatile: Vec<At<String>>,
    #[serde(default)]
    pub(in crate::config) ignore: Vec<At<String>>,
    #[serde(default)]
    pub(in crate::config) redact: Vec<At<String>>,
    #[serde(default)]
    pub(in crate::config) redact_regex: Vec<At<String>>,
}

#[cfg_attr(not(feature = "cassette"), expect(dead_code, reason = "only cassettes are made of it"))]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct MaxAgeMap {
    pub(in crate::config) age: At<String>,
    pub(in crate::config) stale: StaleName,
}

/// What becomes of what is too old.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum StaleName {
    Fail,
    Refresh,
    Warn,
}

/// From which turn on another cassette goes on.
#[cfg_attr(not(feature = "cassette"), expect(dead_code, reason = "only cassettes are made of it"))]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ForkMap {
    pub(in crate::config) turn: usize,
    pub(in crate::config) cassette: Box<At<TextOr<CassetteMap>>>,
}

/// What texts are taken to be when they are compared.
#[cfg_attr(
    not(all(feature = "cassette", feature = "regex")),
    expect(dead_code, reason = "only cassettes are made of it")
)]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct NormalizeMap {
    pub(in crate::config) regex: At<String>,
    pub(in crate::config) with: String,
}

impl Long for CassetteMap {
    const WHAT: &'static str = "a path, or a map with `path`";
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct CharactersMap {
    pub(in crate::config) characters: usize,
}

impl Long for CharactersMap {
    const WHAT: &'static str = "`tokens`, `words`, or a map with `characters`";
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum TokenizerName {
    Estimate,
    Tiktoken,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct PaceMap {
    #[serde(default)]
    pub(in crate::config) when: When,
    pub(in crate::config) pace: At<String>,
}

/// Which requests are claimed; the others go to the provider.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct OnlyMap {
    pub(in crate::config) providers: Option<At<OneOrMany<String>>>,
    pub(in crate::config) hosts: OneOrMany<String>,
    pub(in crate::config) key_prefix: OneOrMany<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum UnmatchedName {
    Forward,
    Refuse,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct JournalMap {
    pub(in crate::config) requests: Option<usize>,
    pub(in crate::config) bytes: Option<usize>,
}

/// Where a text is not enough.
pub(in crate::config) type Caching = At<TextOr<CachingMap>>;
