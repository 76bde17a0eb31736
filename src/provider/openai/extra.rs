//! What few answers have: citations, sound, fields in the vendor's own words.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::identity::{audio_expiry, audio_id};
use super::request::Word;
use crate::provider::Entropy;
use crate::reply::{Part, Raw, Reply, Source};
use crate::util::base64::base64;

/// A source of some characters of the content, in the order of recorded traffic.
#[derive(Debug, Serialize)]
pub(super) struct Annotation<'a> {
    r#type: &'static str,
    url_citation: UrlCitation<'a>,
}

#[derive(Debug, Serialize)]
struct UrlCitation<'a> {
    end_index: usize,
    start_index: usize,
    title: Cow<'a, str>,
    url: Cow<'a, str>,
}

impl Annotation<'_> {
    pub(super) fn into_owned(self) -> Annotation<'static> {
        let UrlCitation { end_index, start_index, title, url } = self.url_citation;
        let (title, url) = (title.into_owned().into(), url.into_owned().into());
        let url_citation = UrlCitation { end_index, start_index, title, url };
        Annotation { r#type: self.r#type, url_citation }
    }
}

/// The citations of a reply: each for the whole of its part, in characters of the whole content.
pub(super) fn annotations(reply: &Reply) -> Vec<Annotation<'_>> {
    let mut found = Vec::new();
    let is_cited = |part: &Part| matches!(part, Part::Text(text) if !text.citations().is_empty());
    if !reply.parts().iter().any(is_cited) {
        return found;
    }
    let mut at = 0;
    for part in reply.parts() {
        let Part::Text(text) = part else { continue };
        let start_index = at;
        at += text.as_str().chars().count();
        for citation in text.citations() {
            // `can_say` names the others.
            let Source::Web { url } = citation.source() else { continue };
            let (url, title) = (url.into(), citation.title().into());
            let url_citation = UrlCitation { end_index: at, start_index, title, url };
            found.push(Annotation { r#type: "url_citation", url_citation });
        }
    }
    found
}

/// A spoken answer, in the order of recorded traffic.
#[derive(Debug, Serialize)]
pub(super) struct Spoken {
    id: String,
    data: String,
    expires_at: u64,
    transcript: String,
}

/// The spoken parts of a reply, as one.
pub(super) fn spoken(reply: &Reply, entropy: Entropy, created: u64) -> Option<Spoken> {
    let mut data = Vec::new();
    let mut transcript = String::new();
    let mut is_there = false;
    for part in reply.parts() {
        let Part::Audio(audio) = part else { continue };
        is_there = true;
        data.extend_from_slice(audio.media().data());
        transcript.push_str(audio.transcript());
    }
    is_there.then(|| Spoken {
        id: audio_id(entropy, created),
        data: base64(&data),
        expires_at: audio_expiry(created),
        transcript,
    })
}

/// Fields of a message that the API does not have: they come after its own, in their order. In a
/// stream each raw part is one delta. A client puts strings of the same name together, so they are
/// one string in a whole answer too; of anything else the last one counts.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

#[derive(Debug)]
enum Value<'a> {
    Json(&'a RawValue),
    Text(String),
}

/// Said by other parts: a stream could not take back what they said.
const OWN: [&str; 6] = ["role", "content", "tool_calls", "refusal", "audio", "annotations"];

pub(super) fn can_say(raw: &Raw) -> Result<(), &'static str> {
    let mut fields = Fields::default();
    fields.add(raw);
    match fields.0.iter().any(|(name, _)| OWN.contains(&&**name)) {
        false => Ok(()),
        true => Err("it adds fields to the message, and cannot set those that other parts set: \
                     `role`, `content`, `tool_calls`, `refusal`, `audio`, `annotations`"),
    }
}

impl<'a> Fields<'a> {
    pub(super) fn of(reply: &'a Reply) -> Self {
        let mut fields = Self::default();
        for part in reply.parts() {
            if let Part::Raw(raw) = part {
                fields.add(raw);
            }
        }
        fields
    }

    pub(super) fn add(&mut self, raw: &'a Raw) {
        // A raw part is the text of an object, always.
        let Ok(Object(fields)) = serde_json::from_str(raw.json()) else { return };
        for (name, json) in fields {
            let Some((_, value)) = self.0.iter_mut().find(|(known, _)| *known == name) else {
                self.0.push((name, Value::Json(json)));
                continue;
            };
            *value = match (value.text(), Value::Json(json).text()) {
                (Some(text), Some(more)) => Value::Text(text + &more),
                _ => Value::Json(json),
            };
        }
    }
}

impl Value<'_> {
    fn text(&self) -> Option<String> {
        match self {
            Self::Json(json) => serde_json::from_str(json.get()).ok(),
            Self::Text(text) => Some(text.clone()),
        }
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Json(json) => json.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

/// An object whose fields keep their order.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some((Word(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
