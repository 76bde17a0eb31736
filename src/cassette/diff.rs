//! How a request differs from one that was recorded.

use std::fmt;

use serde_json::Value;

use super::canon::{Asked, VOLATILE, canonical};
use super::redact::{Pointer, place};

/// One place in which a request differs from a recorded one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Where: a JSON Pointer into the body; `url` for the path and the query, `body` for a body that is
    /// no JSON.
    pub pointer: String,
    /// Of what kind it is.
    pub class: DifferenceClass,
    /// What was recorded, cut short, as JSON; `None` if there was nothing.
    pub recorded: Option<String>,
    /// What is asked now, in the same way.
    pub asked: Option<String>,
}

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DifferenceClass {
    /// Another model.
    Model,
    /// Another conversation: messages, system prompt, input.
    Prompt,
    /// Other tools, or another choice of them.
    Tools,
    /// Any other parameter.
    Parameters,
    /// It is ignored when requests are compared: who asks, made-up ids. It is never the reason.
    Volatile,
}

impl fmt::Display for DifferenceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model => "model",
            Self::Parameters => "parameters",
            Self::Prompt => "prompt",
            Self::Tools => "tools",
            Self::Volatile => "volatile",
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, class, recorded, asked } = self;
        write!(f, "{class} at {pointer}: ")?;
        match (recorded, asked) {
            (Some(recorded), Some(asked)) => write!(f, "recorded {recorded}, asked {asked}"),
            (Some(recorded), None) => write!(f, "recorded {recorded}, not asked"),
            (None, Some(asked)) => write!(f, "not recorded, asked {asked}"),
            (None, None) => Ok(()),
        }
    }
}

/// All differences, those that matter first.
pub(super) fn differences(recorded: &Asked, asked: &Asked, ignored: &[Pointer]) -> Vec<Difference> {
    let mut found = Found(Vec::new());
    let (recorded_place, asked_place) = (place(&recorded.url), place(&asked.url));
    if recorded_place != asked_place || recorded.method != asked.method {
        let written = |asked: &Asked| Some(format!("{} {}", asked.method, asked.url));
        let class =
            match (recorded_place.0.split_once("/models/"), asked_place.0.split_once("/models/")) {
                (Some(_), Some(_)) => DifferenceClass::Model,
                _ => DifferenceClass::Parameters,
            };
        found.0.push(Difference {
            pointer: "url".to_owned(),
            class,
            recorded: written(recorded),
            asked: written(asked),
        });
    }
    match (recorded.json(), asked.json()) {
        (Some(was), Some(is)) => {
            for name in VOLATILE {
                found.compare(&format!("/{name}"), was.get(name), is.get(name));
            }
            found.compare("", Some(&canonical(was, ignored)), Some(&canonical(is, ignored)));
        }
        _ if recorded.body == asked.body => {}
        _ => found.0.push(Difference {
            pointer: "body".to_owned(),
            class: DifferenceClass::Prompt,
            recorded: Some(format!("{} bytes", recorded.body.len())),
            asked: Some(format!("{} bytes", asked.body.len())),
        }),
    }
    found.0.sort_by_key(|difference| difference.class == DifferenceClass::Volatile);
    found.0
}

/// In which places two values differ, whatever they are.
#[cfg(feature = "cli")]
pub(super) fn changes(was: &Value, is: &Value) -> Vec<Difference> {
    let mut found = Found(Vec::new());
    found.compare("", Some(was), Some(is));
    found.0
}

struct Found(Vec<Difference>);

impl Found {
    fn compare(&mut self, pointer: &str, recorded: Option<&Value>, asked: Option<&Value>) {
        match (recorded, asked) {
            _ if recorded == asked => {}
            (Some(Value::Number(was)), Some(Value::Number(is))) if was.as_f64() == is.as_f64() => {}
            (Some(Value::Object(was)), Some(Value::Object(is))) => {
                let mut names: Vec<&String> = was.keys().chain(is.keys()).collect();
                names.sort_unstable();
                names.dedup();
                for name in names {
                    let step = name.replace('~', "~0").replace('/', "~1");
                    self.compare(&format!("{pointer}/{step}"), was.get(name), is.get(name));
                }
            }
            (Some(Value::Array(was)), Some(Value::Array(is))) => {
                for index in 0..was.len().max(is.len()) {
                    self.compare(&format!("{pointer}/{index}"), was.get(index), is.get(index));
                }
            }
            _ => {
                let start = first_difference(recorded, asked);
                let shown = |value: Option<&Value>| value.map(|value| excerpt(value, start));
                self.0.push(Difference {
                    pointer: pointer.to_owned(),
                    class: class(pointer),
                    recorded: shown(recorded),
                    asked: shown(asked),
                });
            }
        }
    }
}

pub(super) fn class(pointer: &str) -> DifferenceClass {
    let field = pointer.split('/').nth(1).unwrap_or_default();
    match field {
        "model" => DifferenceClass::Model,
        "messages" | "system" | "input" | "prompt" | "instructions" | "contents"
        | "systemInstruction" | "system_instruction" | "content" | "requests" | "documents" => {
            DifferenceClass::Prompt
        }
        "tools"
        | "tool_choice"
        | "functions"
        | "function_call"
        | "toolConfig"
        | "tool_config"
        | "parallel_tool_calls"
        | "mcp_servers" => DifferenceClass::Tools,
        _ if VOLATILE.contains(&field) => DifferenceClass::Volatile,
        _ => DifferenceClass::Parameters,
    }
}

/// In characters, of two texts.
fn first_difference(recorded: Option<&Value>, asked: Option<&Value>) -> usize {
    match (recorded.and_then(Value::as_str), asked.and_then(Value::as_str)) {
        (Some(was), Some(is)) => was.chars().zip(is.chars()).take_while(|(a, b)| a == b).count(),
        _ => 0,
    }
}

/// A value on one line, from a little before this character on.
fn excerpt(value: &Value, start: usize) -> String {
    const BEFORE: usize = 20;
    const LENGTH: usize = 80;
    let Value::String(text) = value else {
        let json = value.to_string();
        let cut: String = json.chars().take(LENGTH).collect();
        return if cut.len() < json.len() { cut + "..." } else { cut };
    };
    let skipped = start.saturating_sub(BEFORE);
    let cut: String = text.chars().skip(skipped).take(LENGTH).collect();
    let is_cut = text.chars().count() > skipped + LENGTH;
    let lead = if skipped > 0 { "..." } else { "" };
    format!("{lead}{}{}", Value::String(cut), if is_cut { "..." } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(body: &str) -> Asked {
        Asked {
            provider: "openai".into(),
            method: "POST".into(),
            url: "https://api.openai.com/v1/chat/completions".into(),
            content_type: None,
            body: body.to_owned().into(),
        }
    }

    fn shown(recorded: &str, is: &str) -> Vec<String> {
        let differences = differences(&asked(recorded), &asked(is), &[]);
        differences.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_difference_has_its_place_and_class() {
        let seen = shown(
            r#"{"model":"a","user":"x","temperature":0,"tools":[{"name":"f"}],
                "messages":[{"role":"user","content":"How is the weather in Paris today?"}]}"#,
            r#"{"model":"b","user":"y","temperature":0.0,"tools":[{"name":"f","strict":true}],"top_p":0.5,
                "messages":[{"role":"user","content":"How is the weather in Rome today?"},{"role":"x"}]}"#,
        );
        assert_eq!(
            seen,
            [
                r#"prompt at /messages/0/content: recorded ..."w is the weather in Paris today?", asked ..."w is the weather in Rome today?""#,
                r#"prompt at /messages/1: not recorded, asked {"role":"x"}"#,
                r#"model at /model: recorded "a", asked "b""#,
                r#"tools at /tools/0/strict: not recorded, asked true"#,
                r#"parameters at /top_p: not recorded, asked 0.5"#,
                r#"volatile at /user: recorded "x", asked "y""#,
            ]
        );
        assert!(shown("{\"a\": 1}", "{ \"a\": 1.0 }").is_empty());
        assert_eq!(shown("x", "xyz"), ["prompt at body: recorded 1 bytes, asked 3 bytes"]);
    }

    #[test]
    fn a_model_in_the_path_is_a_model() {
        let gemini = |model: &str| Asked {
            url: format!("https://g/v1beta/models/{model}:generateContent"),
            ..asked("{}")
        };
        let found = differences(&gemini("a"), &gemini("b"), &[]);
        assert_eq!((&*found[0].pointer, found[0].class), ("url", DifferenceClass::Model));
        assert_eq!(found.len(), 1);
    }
}
