//! JSON, read into nodes.
//!
//! serde_json tells no places. But a raw value is a part of the text that it was borrowed from, and
//! so its address tells where it begins.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::fault::Fault;
use super::node::{Key, Node, Place, Scalar, Value};

pub(super) fn read(file: u16, text: &str) -> Result<Node, Fault> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let place = Place { file, line: number(error.line()), column: number(error.column()) };
        let message = error.to_string();
        // The place stands before it.
        let message = message.split(" at line ").next().unwrap_or_default();
        Fault::new(format!("no JSON: {message}")).at(place)
    })?;
    Text { file, text }.node(raw, 0)
}

struct Text<'a> {
    file: u16,
    text: &'a str,
}

impl<'a> Text<'a> {
    fn place(&self, raw: &str) -> Place {
        let offset = (raw.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        Place::of(self.file, self.text, offset)
    }

    fn node(&self, raw: &'a RawValue, depth: usize) -> Result<Node, Fault> {
        let text = raw.get();
        let place = self.place(text);
        if depth > super::DEEPEST {
            return Err(super::too_deep().at(place));
        }
        let wrong = |error: serde_json::Error| Fault::new(format!("no JSON: {error}")).at(place);
        let value = match text.as_bytes().first() {
            Some(b'{') => {
                let Entries(entries) = serde_json::from_str(text).map_err(wrong)?;
                let mut map: Vec<(Key, Node)> = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let place = self.place(key.get());
                    let name: String = serde_json::from_str(key.get()).map_err(wrong)?;
                    if map.iter().any(|(known, _)| known.name == name) {
                        return Err(super::twice(&name).at(place));
                    }
                    map.push((Key { name, place }, self.node(value, depth + 1)?));
                }
                Value::Map(map)
            }
            Some(b'[') => {
                let Items(items) = serde_json::from_str(text).map_err(wrong)?;
                let items = items.into_iter().map(|item| self.node(item, depth + 1));
                Value::List(items.collect::<Result<_, Fault>>()?)
            }
            Some(b'"') => {
                let text = serde_json::from_str(text).map_err(wrong)?;
                Value::Scalar(Scalar { text, plain: false, unset: None })
            }
            _ => Value::Scalar(Scalar { text: text.to_owned(), plain: true, unset: None }),
        };
        Ok(Node { place, value })
    }
}

struct Entries<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(All)
    }
}

struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(All)
    }
}
