//! `/__mock/mode` and `/__mock/switches`: what can be switched while it runs.

use http::{Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::Admin;
use super::observer::Switches;
use super::respond::{Refusal, json};
use crate::claim::{Mode, is_forbidden};
use crate::fault;
use crate::pace::Pace;
use crate::provider::Entropy;
use crate::server::Other;

#[derive(Serialize)]
pub(super) struct Modes {
    mode: &'static str,
    /// Of API keys that have one of their own.
    keys: Vec<KeyMode>,
}

#[derive(Serialize)]
struct KeyMode {
    keys: String,
    mode: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetMode {
    mode: String,
    keys: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Switched {
    pace: Option<String>,
    fault: Option<String>,
}

/// What is absent stays; `null` switches off.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetSwitches {
    #[serde(default, deserialize_with = "given")]
    pace: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    fault: Option<Option<String>>,
}

fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(value).map(Some)
}

pub(super) fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Mock => "mock",
        Mode::Off => "off",
    }
}

impl Admin {
    pub(super) fn modes(&self) -> Modes {
        #[cfg(feature = "config")]
        let keys = self.mock.shared.keys.get().map(|keys| keys.shown()).unwrap_or_default();
        #[cfg(not(feature = "config"))]
        let keys: Vec<(String, Mode)> = Vec::new();
        let keys = keys.into_iter().map(|(keys, mode)| KeyMode { keys, mode: word(mode) });
        Modes { mode: word(self.mock.mode()), keys: keys.collect() }
    }

    pub(super) fn set_mode(&self, body: &[u8]) -> Result<Response<Other>, Refusal> {
        let SetMode { mode, keys } = parse(body)?;
        let mode = match mode.as_str() {
            "mock" => Mode::Mock,
            // As in a config file.
            "off" | "live" => Mode::Off,
            other => {
                return Err(Refusal::bad(format!(
                    "`mode` must be `mock` or `off`, and is {other:?}"
                )));
            }
        };
        if mode == Mode::Mock && is_forbidden() {
            let message = "MOCK_LLM_FORBID forbids to mock in this environment";
            return Err(Refusal::new(StatusCode::CONFLICT, message));
        }
        match keys {
            None => self.mock.set_mode(mode),
            Some(keys) => self.set_key_mode(&keys, mode)?,
        }
        Ok(json(StatusCode::OK, &self.modes()))
    }

    #[cfg(feature = "config")]
    fn set_key_mode(&self, keys: &str, mode: Mode) -> Result<(), Refusal> {
        let set = self.handle().set_key_mode(keys, mode);
        set.map_err(|error| Refusal::bad(format!("`keys`: {error}")))
    }

    #[cfg(not(feature = "config"))]
    fn set_key_mode(&self, _: &str, _: Mode) -> Result<(), Refusal> {
        Err(Refusal::new(
            StatusCode::NOT_IMPLEMENTED,
            "this program knows no modes of keys: it was built without the feature `config`",
        ))
    }

    pub(super) fn switches(&self) -> Switched {
        let Switches { pace, fault } = self.observer.switches();
        Switched { pace: pace.map(|(words, _)| words), fault: fault.map(|words| words.to_string()) }
    }

    pub(super) fn set_switches(&self, body: &[u8]) -> Result<Response<Other>, Refusal> {
        let SetSwitches { pace, fault } = parse(body)?;
        let pace = match pace {
            Some(Some(words)) => {
                let pace: Result<Pace, _> = words.parse();
                let pace = pace.map_err(|error| Refusal::bad(format!("`pace`: {error}")))?;
                Some(Some((words, pace)))
            }
            Some(None) => Some(None),
            None => None,
        };
        if let Some(Some(words)) = &fault {
            let parsed = fault::asked(words, Entropy::new(0), || 0);
            parsed.map_err(|error| {
                let message = error.message.unwrap_or_default();
                Refusal::bad(
                    message
                        .replace("tower-mock-llm: the header x-mock-llm-fault says", "`fault` is"),
                )
            })?;
        }
        self.observer.set_switches(|switches| {
            if let Some(pace) = pace {
                switches.pace = pace;
            }
            if let Some(fault) = fault {
                switches.fault = fault.map(Into::into);
            }
        });
        Ok(json(StatusCode::OK, &self.switches()))
    }
}

/// Says where in the body it is wrong: by line and column.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad(format!("the body is not what is wanted: {error}")))
}
