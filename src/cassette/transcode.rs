//! A recording of one provider's that answers a client of another's.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde_json::Value;

use super::Cassette;
use super::deck::Settings;
use super::interaction::Interaction;
use super::note::Note;
use super::take::Take;
use crate::provider::{Operation, Room};
use crate::reply::Reply;
use crate::request::{Content, LlmRequest, RequestHead, ResponseFormat, Role, ToolChoice};
use crate::wire::events;

/// What was found for a request of another provider's wire.
pub(super) struct Transcoded {
    pub(super) key: u128,
    pub(super) take: Take,
    /// What it says, or why that cannot be told.
    pub(super) reply: Result<Reply, String>,
}

impl Cassette {
    /// The first recording, not replayed yet, in which another provider was asked the same.
    pub(super) fn transcoded(
        &self,
        request: &LlmRequest,
        rooms: &[Room],
        settings: &Settings,
    ) -> Option<Transcoded> {
        if !settings.transcode || request.operation() != Operation::Chat {
            return None;
        }
        let asked = Question::of(request);
        let (due, takes) = {
            let mut deck = self.whole().ok()?;
            (deck.due(), deck.takes().to_vec())
        };
        for take in takes {
            let Some(key) = due.get(&take.id()).copied() else { continue };
            let Some(interaction) = take.interaction() else { continue };
            let is_other = interaction.provider != request.provider.as_str();
            let room = rooms.iter().find(|room| room.provider().as_str() == interaction.provider);
            let Some(room) = room.filter(|_| is_other && interaction.status < 400) else {
                continue;
            };
            if understood(room, &interaction).is_some_and(|it| Question::of(&it) == asked) {
                let said = interaction.said();
                let events: Vec<_> = events(&said).into_iter().map(|event| event.data).collect();
                let place = self.place(interaction.line);
                let reply = room.decode(&events).map_err(|why| {
                    format!(
                        "tower-mock-llm: {place} is to answer a client of {}, but the room of {} \
                         cannot tell what the recording says: {why}. Nothing was sent. Record it for \
                         {} with MOCK_LLM=record_missing, or leave `Cassette::transcode` out.",
                        request.provider, interaction.provider, request.provider
                    )
                });
                self.deck().advance(key);
                if reply.is_ok() {
                    let (from, to) = (interaction.provider.clone(), request.provider.to_string());
                    self.tell(Note::Transcoded { recording: place, from, to });
                }
                return Some(Transcoded { key, take, reply });
            }
        }
        None
    }
}

/// The recorded request, in neutral words.
fn understood(room: &Room, interaction: &Interaction) -> Option<LlmRequest> {
    let mut headers = HeaderMap::new();
    for (name, value) in &interaction.request_headers {
        let name = HeaderName::try_from(name).ok()?;
        headers.append(name, HeaderValue::from_str(value).ok()?);
    }
    let (method, uri) = (&interaction.method, &interaction.url);
    let head = RequestHead {
        method: Method::try_from(&**method).ok()?,
        uri: Uri::try_from(uri).ok()?,
        headers,
    };
    let call = room.recognize(&head.as_head())?;
    (call.operation == Operation::Chat).then_some(())?;
    // Its key was never written down.
    let body = Bytes::clone(&interaction.body);
    room.parse(call, &head.as_head().judged(true), &body).ok()
}

/// What is asked, whoever is asked for it: all that one vendor's request has in common with another's.
#[derive(Debug, PartialEq)]
struct Question {
    said: Vec<(Role, Said)>,
    tools: Vec<String>,
    tool_choice: ToolChoice,
    format: Option<Value>,
}

#[derive(Debug, PartialEq)]
enum Said {
    Call(String, Value),
    Other(String),
    Result(String, Value),
    Text(String),
}

impl Question {
    fn of(request: &LlmRequest) -> Self {
        let mut said: Vec<(Role, Said)> = Vec::new();
        // Some have the system's words in a field of their own.
        let (system, rest): (Vec<_>, Vec<_>) =
            request.messages.iter().partition(|message| message.role == Role::System);
        for message in system.into_iter().chain(rest) {
            for content in message.content() {
                let (role, what) = match content {
                    // Vendors do not take it back from each other.
                    Content::Reasoning(_) => continue,
                    Content::Text(text) => (message.role, Said::Text(text.clone())),
                    Content::ToolCall { name, arguments, .. } => {
                        (message.role, Said::Call(name.clone(), json(arguments)))
                    }
                    Content::ToolResult { id, text } => {
                        let tool = request.tool_of(id).to_owned();
                        (Role::Tool, Said::Result(tool, plain(json(text))))
                    }
                    other => (message.role, Said::Other(format!("{other:?}"))),
                };
                match (said.last_mut(), what) {
                    (Some((last, Said::Text(before))), Said::Text(more)) if *last == role => {
                        before.push('\n');
                        before.push_str(&more);
                    }
                    (_, what) => said.push((role, what)),
                }
            }
        }
        let mut tools: Vec<_> = request.tools.iter().map(|tool| tool.name.clone()).collect();
        tools.sort_unstable();
        let format = match &request.response_format {
            ResponseFormat::Json => Some(Value::Bool(true)),
            ResponseFormat::Schema(schema) => Some(json(schema.get())),
            ResponseFormat::Text => None,
        };
        Self { said, tools, tool_choice: request.tool_choice.clone(), format }
    }
}

/// As JSON, if it is; or else the text.
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// A tool's result out of the object in which Gemini wants it.
fn plain(result: Value) -> Value {
    const WRAPPERS: [&str; 3] = ["content", "output", "result"];
    match result {
        Value::Object(mut fields) if fields.len() == 1 => {
            let wrapped = WRAPPERS.iter().find_map(|name| fields.remove(*name));
            match wrapped {
                Some(Value::String(text)) => json(&text),
                Some(value) => value,
                None => Value::Object(fields),
            }
        }
        other => other,
    }
}
