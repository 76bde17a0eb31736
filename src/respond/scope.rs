//! What a template can speak of.

use std::cell::LazyCell;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::Serde;
use minijinja::{Error, ErrorKind, Value};

use super::condition::is_secret;
use super::cue::Cue;
use crate::request::{LlmRequest, Role};
use crate::util::rng::{Rng, hash};

/// All variables and functions, beside Jinja's own.
pub(super) const NAMES: [&str; 16] = [
    "answer",
    "body",
    "captures",
    "headers",
    "last_user",
    "messages",
    "model",
    "pick",
    "provider",
    "random",
    "stream",
    "system",
    "tool_results",
    "tools",
    "turn",
    "uuid",
];

/// Those of them that are used.
pub(super) fn of(request: &LlmRequest, cue: &Cue<'_>, used: &[&'static str]) -> Value {
    // One for all, and only where one of them asks.
    let chance = LazyCell::new(|| Chance::new(request, cue.seed));
    Value::from_pairs(used.iter().map(|name| (*name, value(name, request, cue, &chance))))
}

fn value(
    name: &str,
    request: &LlmRequest,
    cue: &Cue<'_>,
    chance: &LazyCell<Chance, impl FnOnce() -> Chance>,
) -> Value {
    match name {
        "answer" => Value::from(cue.given + 1),
        "body" => Value::from(Serde(request.json())),
        "captures" => captures(request, cue),
        "headers" => Value::from_pairs(request.head.headers.iter().filter_map(|(name, value)| {
            let shown = !is_secret(name.as_str());
            Some((name.as_str(), value.to_str().ok()?)).filter(|_| shown)
        })),
        "last_user" => Value::from(request.last_user()),
        "messages" => list(request.messages.iter().map(|message| {
            Value::from_pairs([
                ("role", Value::from(role(message.role))),
                ("text", Value::from(message.text())),
            ])
        })),
        "model" => Value::from(&request.model[..]),
        "pick" => chance.pick(),
        "provider" => Value::from(request.provider.as_str()),
        "random" => chance.random(),
        "stream" => Value::from(request.stream),
        "system" => Value::from(request.system()),
        "tool_results" => list(request.tool_results().map(|(id, text)| {
            Value::from_pairs([("id", id), ("tool", request.tool_of(id)), ("text", text)])
        })),
        "tools" => list(request.tools.iter().map(|tool| {
            let schema = tool.schema.as_ref();
            let schema = schema.and_then(|json| serde_json::from_str(json.get()).ok());
            Value::from_pairs([
                ("name", Value::from(&tool.name[..])),
                ("description", Value::from(tool.description.as_deref().unwrap_or_default())),
                ("parameters", Value::from(Serde(schema.unwrap_or(serde_json::Value::Null)))),
            ])
        })),
        "turn" => Value::from(request.turn()),
        "uuid" => chance.uuid(),
        _ => Value::UNDEFINED,
    }
}

fn list(values: impl Iterator<Item = Value>) -> Value {
    Value::from(values.collect::<Vec<_>>())
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Assistant => "assistant",
        Role::System => "system",
        Role::Tool => "tool",
        Role::User => "user",
    }
}

/// The groups of the rule's expression, by number and by name.
fn captures(request: &LlmRequest, cue: &Cue<'_>) -> Value {
    let groups = cue.condition.and_then(|condition| condition.captures(request));
    let groups = groups.unwrap_or_default().0.into_iter().enumerate();
    Value::from_pairs(groups.flat_map(|(number, (name, text))| {
        let text = Value::from(text);
        let name = name.map(|name| (Value::from(name), text.clone()));
        [Some((Value::from(number), text)), name].into_iter().flatten()
    }))
}

/// Chance that follows from the seed and the conversation, so that a stream and a whole answer say
/// the same.
#[derive(Clone)]
struct Chance(Arc<Mutex<Rng>>);

impl Chance {
    fn new(request: &LlmRequest, seed: u64) -> Self {
        let seed = request.messages.iter().fold(seed, |seed, message| {
            let seed = hash(seed, role(message.role).as_bytes());
            hash(seed, message.text().as_bytes())
        });
        Self(Arc::new(Mutex::new(Rng::new(seed))))
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// `random(least, most)`.
    fn random(&self) -> Value {
        let chance = self.clone();
        Value::from_function(move |least: i64, most: i64| {
            let Some(span) = most.checked_sub(least).filter(|span| (0..i64::MAX).contains(span))
            else {
                let why =
                    format!("random({least}, {most}): the first is the least, the second the most");
                return Err(Error::new(ErrorKind::InvalidOperation, why));
            };
            Ok(least + chance.draw(|rng| rng.below(span as u64 + 1)) as i64)
        })
    }

    /// `pick(list)`.
    fn pick(&self) -> Value {
        let chance = self.clone();
        Value::from_function(move |list: Vec<Value>| {
            if list.is_empty() {
                return Err(Error::new(ErrorKind::InvalidOperation, "pick([]): there is nothing"));
            }
            let at = chance.draw(|rng| rng.below(list.len() as u64));
            Ok(list[at as usize].clone())
        })
    }

    /// `uuid()`, of version 4.
    fn uuid(&self) -> Value {
        let chance = self.clone();
        Value::from_function(move || {
            let (high, low) = chance.draw(|rng| (rng.next(), rng.next()));
            format!(
                "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
                high >> 32,
                (high >> 16) & 0xffff,
                high & 0xfff,
                (low >> 48) & 0x3fff | 0x8000,
                low & 0xffff_ffff_ffff,
            )
        })
    }
}
