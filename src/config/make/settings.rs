//! What is said of the layer as a whole.

use std::time::{Duration, SystemTime};

use super::{here, time, vendor, when};
use crate::caching::PromptCaching;
use crate::claim::{ApiKeys, Unmatched};
use crate::config::de::At;
use crate::config::fault::Fault;
use crate::config::file::File;
use crate::config::words::settings::{
    BudgetMap, Caching, CharactersMap, OnlyMap, PaceMap, QuotaMap, TokenizerName, UnmatchedName,
};
use crate::config::words::{OneOrMany, TextOr};
use crate::layer::MockLlmLayer;
use crate::quota::{Budget, Quota};
use crate::respond::Boxed;
use crate::util::tokens::Chunking;

/// The layer with all settings but what a provider of the file says, and the cassette.
pub(in crate::config) fn settings(
    file: &File,
    mut layer: MockLlmLayer,
) -> Result<MockLlmLayer, Fault> {
    if let Some(pace) = &file.pace {
        layer = layer.pace(here(pace.value.parse(), pace).map_err(|f| f.under("pace"))?);
    }
    for (index, At { value: PaceMap { when: condition, pace }, place }) in
        file.paces.iter().enumerate()
    {
        let under = |fault: Fault| fault.at(*place).under(format!("[{index}]")).under("paces");
        let made = here(pace.value.parse(), pace).map_err(|f| under(f.under("pace")))?;
        let condition = when::when(condition).map_err(|f| under(f.under("when")))?;
        layer = match condition {
            Some(condition) => layer.pace_when(Boxed(condition), made),
            None => {
                return Err(under(Fault::new(
                    "the key `when` is missing; without one, say `pace`",
                )));
            }
        };
    }
    if let Some(allowed) = file.pace_header {
        layer = layer.pace_header(allowed);
    }
    if let Some(allowed) = file.fault_header {
        layer = layer.fault_header(allowed);
    }
    if let Some(quota) = &file.quota {
        layer = layer.quota(self::quota(quota).map_err(|fault| fault.under("quota"))?);
    }
    if let Some(caching) = &file.prompt_caching {
        layer = prompt_caching(caching, layer).map_err(|fault| fault.under("prompt_caching"))?;
    }
    if let Some(tokenizer) = &file.tokenizer {
        layer = self::tokenizer(tokenizer, layer).map_err(|fault| fault.under("tokenizer"))?;
    }
    if let Some(At { place, value }) = &file.chunking {
        let chunking = chunking(value).map_err(|fault| fault.at(*place).under("chunking"))?;
        layer = layer.chunking(chunking);
    }
    if let Some(only) = &file.only {
        layer = claims(only, layer).map_err(|fault| fault.under("only"))?;
    }
    for host in &file.local_hosts.0 {
        layer = layer.local_host(host);
    }
    if let Some(unmatched) = file.unmatched {
        layer = layer.unmatched(match unmatched {
            UnmatchedName::Forward => Unmatched::Forward,
            UnmatchedName::Refuse => Unmatched::Refuse,
        });
    }
    if let Some(bytes) = file.max_request_body {
        layer = layer.max_request_body(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    if let Some(journal) = file.journal {
        let requests = journal.requests.unwrap_or(500);
        layer = layer.journal(requests, journal.bytes.unwrap_or(64 * 1024 * 1024));
    }
    Ok(if file.watch_client { layer.watch_client() } else { layer })
}

/// The status of strict mode, where it is on.
pub(in crate::config) fn strict(file: &File) -> Result<Option<http::StatusCode>, Fault> {
    let Some(At { place, value }) = &file.strict else { return Ok(None) };
    match value.as_str() {
        "true" => Ok(Some(http::StatusCode::BAD_REQUEST)),
        "false" => Ok(None),
        number => {
            let status = number.parse().ok().filter(|number| (400..=599).contains(number));
            let status = status.and_then(|number| http::StatusCode::from_u16(number).ok());
            status.map(Some).ok_or_else(|| {
                let fault = Fault::new(format!(
                    "expected `true`, `false` or a status from 400 to 599, but it is {number:?}"
                ));
                fault.at(*place).under("strict")
            })
        }
    }
}

fn quota(written: &QuotaMap) -> Result<Quota, Fault> {
    let QuotaMap {
        requests_per_minute,
        tokens_per_minute,
        requests_per_day,
        tokens_per_day,
        concurrent,
        budget,
        per_key,
        per_model,
        starting_at,
    } = written;
    let mut quota = Quota::new();
    type Limit<'a> = (&'a Option<u64>, fn(Quota, u64) -> Quota);
    let limits: [Limit<'_>; 5] = [
        (requests_per_minute, Quota::requests_per_minute),
        (tokens_per_minute, Quota::tokens_per_minute),
        (requests_per_day, Quota::requests_per_day),
        (tokens_per_day, Quota::tokens_per_day),
        (concurrent, Quota::concurrent),
    ];
    for (limit, set) in limits {
        if let Some(limit) = limit {
            quota = set(quota, *limit);
        }
    }
    if let Some(At { place, value }) = budget {
        quota = quota.budget(self::budget(value).map_err(|f| f.at(*place).under("budget"))?);
    }
    if *per_key {
        quota = quota.per_key();
    }
    if *per_model {
        quota = quota.per_model();
    }
    if let Some(seconds) = starting_at {
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(*seconds));
        quota = quota.starting_at(time.unwrap_or(SystemTime::UNIX_EPOCH));
    }
    Ok(quota)
}

fn budget(written: &BudgetMap) -> Result<Budget, Fault> {
    let positive = |number: f64| number.is_finite() && number >= 0.0;
    match *written {
        BudgetMap {
            tokens: Some(tokens),
            dollars: None,
            input_price: None,
            output_price: None,
        } => Ok(Budget::tokens(tokens)),
        BudgetMap {
            tokens: None,
            dollars: Some(dollars),
            input_price: Some(input),
            output_price: Some(output),
        } if [dollars, input, output].into_iter().all(positive) => {
            Ok(Budget::dollars(dollars, input, output))
        }
        _ => Err(Fault::new(
            "a budget is `tokens`, or `dollars` with `input_price` and `output_price` for a million \
             tokens, all of them 0 or more",
        )),
    }
}

fn prompt_caching(written: &Caching, layer: MockLlmLayer) -> Result<MockLlmLayer, Fault> {
    let At { place, value } = written;
    Ok(match value {
        TextOr::Text(text) if text == "true" => layer.prompt_caching(PromptCaching::new()),
        TextOr::Text(text) if text == "false" => layer,
        TextOr::Text(text) => {
            let fault =
                format!("expected `true`, `false`, or a map with `ttl`, but it is {text:?}");
            return Err(Fault::new(fault).at(*place));
        }
        TextOr::Map(map) => {
            let mut caching = PromptCaching::new();
            if let Some(ttl) = &map.ttl {
                caching = caching.ttl(time(ttl).map_err(|fault| fault.under("ttl"))?);
            }
            layer.prompt_caching(caching)
        }
    })
}

fn tokenizer(
    At { place, value }: &At<TokenizerName>,
    layer: MockLlmLayer,
) -> Result<MockLlmLayer, Fault> {
    match value {
        TokenizerName::Estimate => Ok(layer),
        #[cfg(feature = "tiktoken")]
        TokenizerName::Tiktoken => {
            let _ = place;
            Ok(layer.tokenizer(crate::Tiktoken))
        }
        #[cfg(not(feature = "tiktoken"))]
        TokenizerName::Tiktoken => {
            let fault = Fault::new("it takes the feature `tiktoken` of tower-mock-llm");
            Err(fault.at(*place))
        }
    }
}

fn chunking(written: &TextOr<CharactersMap>) -> Result<Chunking, Fault> {
    match written {
        TextOr::Map(map) => Ok(Chunking::Chars(map.characters.max(1))),
        TextOr::Text(word) => match word.as_str() {
            "tokens" => Ok(Chunking::Tokens),
            "words" => Ok(Chunking::Words),
            other => Err(Fault::unknown("value", other, &["tokens", "words"])),
        },
    }
}

fn claims(only: &OnlyMap, mut layer: MockLlmLayer) -> Result<MockLlmLayer, Fault> {
    if let Some(At { place, value: OneOrMany(names) }) = &only.providers {
        let vendors: Result<Vec<_>, _> = names.iter().map(|name| vendor(name)).collect();
        layer = layer.providers(vendors.map_err(|fault| fault.at(*place).under("providers"))?);
    }
    if !only.hosts.0.is_empty() {
        layer = layer.hosts(only.hosts.0.iter());
    }
    if !only.key_prefix.0.is_empty() {
        let prefixes = only.key_prefix.0.clone();
        layer = layer.api_keys(ApiKeys::predicate(move |key| {
            key.is_some_and(|key| prefixes.iter().any(|prefix| key.starts_with(prefix.as_str())))
        }));
    }
    Ok(layer)
}
