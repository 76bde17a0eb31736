//! What may be written where there is more than one way to write it.

pub(super) mod answer;
pub(super) mod reply;
pub(super) mod settings;
pub(super) mod when;

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    Deserialize, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};

use super::de::{JSON, JSON_OR_MAP, from_map};

/// A map, and what it is called where something else stands.
pub(super) trait Long {
    /// `a text, or a map that says a reply`
    const WHAT: &'static str;
}

/// The short way to write something, or the long one.
#[derive(Debug)]
pub(super) enum TextOr<M> {
    Text(String),
    Map(Box<M>),
}

/// One, or a list of them.
#[derive(Debug)]
pub(super) struct OneOrMany<T>(pub(super) Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// The text of a JSON value, its objects in the order of the file.
#[derive(Debug)]
pub(super) struct Json(pub(super) String);

/// A JSON value, or a map of tests on one.
#[derive(Debug)]
pub(super) enum JsonOr<M> {
    Json(Json),
    Map(Box<M>),
}

impl<'de, M: Deserialize<'de> + Long> Deserialize<'de> for TextOr<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<M>(PhantomData<M>);
        impl<'de, M: Deserialize<'de> + Long> Visitor<'de> for Either<M> {
            type Value = TextOr<M>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(M::WHAT)
            }

            fn visit_str<E>(self, text: &str) -> Result<TextOr<M>, E> {
                Ok(TextOr::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TextOr<M>, A::Error> {
                from_map(map).map(|map| TextOr::Map(Box::new(map)))
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Some<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Some<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one, or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany<T>, E> {
                let text: StrDeserializer<'_, E> = text.into_deserializer();
                Ok(OneOrMany(vec![T::deserialize(text)?]))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMany<T>, A::Error> {
                Ok(OneOrMany(vec![T::deserialize(MapAccessDeserializer::new(map))?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany<T>, A::Error> {
                let mut all = Vec::new();
                while let Option::Some(one) = seq.next_element()? {
                    all.push(one);
                }
                if all.is_empty() {
                    let empty = Unexpected::Other("an empty list");
                    return Err(serde::de::Error::invalid_type(empty, &self));
                }
                Ok(OneOrMany(all))
            }
        }
        deserializer.deserialize_any(Some(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_str<E>(self, json: &str) -> Result<Json, E> {
                Ok(Json(json.to_owned()))
            }
        }
        deserializer.deserialize_newtype_struct(JSON, Text)
    }
}

impl<'de, M: Deserialize<'de>> Deserialize<'de> for JsonOr<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<M>(PhantomData<M>);
        impl<'de, M: Deserialize<'de>> Visitor<'de> for Either<M> {
            type Value = JsonOr<M>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value, or a map of tests")
            }

            fn visit_str<E>(self, json: &str) -> Result<JsonOr<M>, E> {
                Ok(JsonOr::Json(Json(json.to_owned())))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<JsonOr<M>, A::Error> {
                from_map(map).map(|map| JsonOr::Map(Box::new(map)))
            }
        }
        deserializer.deserialize_newtype_struct(JSON_OR_MAP, Either(PhantomData))
    }
}
