//! The messages of a chat completion, as they are read.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::value::RawValue;

/// A message. What only some have is boxed: a message is moved several times while it is read.
#[derive(Debug, Default)]
pub(super) struct ChatMessage<'a> {
    pub(super) role: Option<ChatRole>,
    pub(super) content: Option<ChatContent<'a>>,
    pub(super) more: Option<Box<ChatMore>>,
}

#[derive(Debug, Default)]
pub(super) struct ChatMore {
    pub(super) tool_call_id: Option<String>,
    pub(super) tool_calls: Option<Vec<ChatToolCall>>,
    /// The older form of a tool call.
    pub(super) function_call: Option<ChatFunction>,
    pub(super) refusal: Option<String>,
    pub(super) has_audio: bool,
    pub(super) name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ChatRole {
    Assistant,
    Developer,
    Function,
    System,
    Tool,
    User,
}

#[derive(Debug)]
pub(super) enum ChatContent<'a> {
    /// A JSON string, with its quotes.
    Json(&'a [u8]),
    Parts(Vec<ChatPart>),
    Text(String),
}

#[derive(Debug, Deserialize)]
pub(super) struct ChatPart {
    pub(super) r#type: Option<String>,
    pub(super) text: Option<String>,
    pub(super) refusal: Option<String>,
    pub(super) image_url: Option<ImageUrl>,
    pub(super) input_audio: Option<InputAudio>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ImageUrl {
    pub(super) url: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct InputAudio {
    pub(super) format: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChatToolCall {
    pub(super) id: Option<String>,
    pub(super) function: Option<ChatFunction>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChatFunction {
    pub(super) name: String,
    #[serde(default)]
    pub(super) arguments: String,
}

impl<'de: 'a, 'a> Deserialize<'de> for ChatMessage<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "snake_case")]
        enum Field {
            Audio,
            Content,
            FunctionCall,
            Name,
            Refusal,
            Role,
            ToolCallId,
            ToolCalls,
            #[serde(other)]
            Other,
        }
        struct Message;
        impl<'de> Visitor<'de> for Message {
            type Value = ChatMessage<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message")
            }

            fn visit_map<A: de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<ChatMessage<'de>, A::Error> {
                let mut message = ChatMessage::default();
                while let Some(field) = map.next_key()? {
                    match field {
                        Field::Content => message.content = map.next_value()?,
                        Field::Other => drop(map.next_value::<de::IgnoredAny>()?),
                        Field::Role => message.role = map.next_value()?,
                        rare => {
                            let more = message.more.get_or_insert_default();
                            match rare {
                                Field::Audio => {
                                    let audio = map.next_value::<Option<de::IgnoredAny>>()?;
                                    more.has_audio = audio.is_some();
                                }
                                Field::FunctionCall => more.function_call = map.next_value()?,
                                Field::Name => more.name = map.next_value()?,
                                Field::Refusal => more.refusal = map.next_value()?,
                                Field::ToolCallId => more.tool_call_id = map.next_value()?,
                                _ => more.tool_calls = map.next_value()?,
                            }
                        }
                    }
                }
                Ok(message)
            }
        }
        deserializer.deserialize_map(Message)
    }
}

impl ChatRole {
    pub(super) fn of(role: &[u8]) -> Option<Self> {
        Some(match role {
            b"assistant" => Self::Assistant,
            b"developer" => Self::Developer,
            b"function" => Self::Function,
            b"system" => Self::System,
            b"tool" => Self::Tool,
            b"user" => Self::User,
            _ => return None,
        })
    }
}

impl<'de> Deserialize<'de> for ChatRole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Role;
        impl Visitor<'_> for Role {
            type Value = ChatRole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a role")
            }

            fn visit_str<E: de::Error>(self, role: &str) -> Result<ChatRole, E> {
                ChatRole::of(role.as_bytes()).ok_or_else(|| E::custom("no such role"))
            }
        }
        deserializer.deserialize_str(Role)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ChatContent<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        match raw.as_bytes().first() {
            // An escape may stand for half a character, which the vendor refuses: look now.
            Some(b'"') if raw.contains("\\u") => {
                serde_json::from_str(raw).map(ChatContent::Text).map_err(de::Error::custom)
            }
            Some(b'"') => Ok(ChatContent::Json(raw.as_bytes())),
            Some(b'[') => {
                serde_json::from_str(raw).map(ChatContent::Parts).map_err(de::Error::custom)
            }
            _ => Err(de::Error::custom("neither a string nor an array")),
        }
    }
}
