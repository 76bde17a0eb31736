//! Nodes, read into structs: errors have the place and the path.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, StrDeserializer, U64Deserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};

use super::expand::not_set;
use super::fault::Fault;
use super::node::{Key, Node, Place, Scalar, Value};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) place: Place,
    pub(super) value: T,
}

/// Values by name, in the order of the file.
#[derive(Clone, Debug)]
pub(super) struct Named<T>(pub(super) Vec<(At<String>, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A text that may need a variable which is not set: then it is none. Its `Debug` form does not show it.
#[derive(Clone, Default)]
pub(super) struct Secret {
    pub(super) unset: Option<String>,
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "only servers send it"))]
    pub(super) text: Option<String>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

const AT: &str = "$at";
const SECRET: &str = "$secret";
/// Read as the text of its JSON.
pub(super) const JSON: &str = "$json";
/// A map is read as one, all else as the text of its JSON.
pub(super) const JSON_OR_MAP: &str = "$json_or_map";

pub(super) fn from_node<'n, T: Deserialize<'n>>(node: &'n Node) -> Result<T, Fault> {
    T::deserialize(Nodes(node)).map_err(|fault| fault.at(node.place))
}

/// A node as serde reads it.
#[derive(Clone, Copy)]
struct Nodes<'n>(&'n Node);

impl<'n> Nodes<'n> {
    fn scalar(self, wanted: &dyn fmt::Display) -> Result<&'n Scalar, Fault> {
        match &self.0.value {
            Value::Scalar(Scalar { unset: Some(name), .. }) => Err(not_set(name)),
            Value::Scalar(scalar) => Ok(scalar),
            _ => Err(self.wrong(wanted)),
        }
        .map_err(|fault| fault.at(self.0.place))
    }

    fn wrong(self, wanted: &dyn fmt::Display) -> Fault {
        Fault::new(format!("expected {wanted}, but it is {}", self.0.kind())).at(self.0.place)
    }

    fn parsed<T: std::str::FromStr>(self, wanted: &str) -> Result<T, Fault> {
        let scalar = self.scalar(&wanted)?;
        // TOML writes large numbers as 1_000.
        let is_number = scalar.text.starts_with(|c: char| c.is_ascii_digit());
        let text = if is_number { scalar.text.replace('_', "") } else { scalar.text.clone() };
        let parsed = scalar.plain.then(|| text.parse().ok()).flatten();
        parsed.ok_or_else(|| self.wrong(&wanted))
    }
}

/// Whole numbers and such: all by the same door.
macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty, $wanted:literal;)*) => {
        $(fn $method<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit::<Fault>(self.parsed::<$type>($wanted)?).map_err(|f| f.at(self.0.place))
        })*
    };
}

impl<'n> Deserializer<'n> for Nodes<'n> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Fault> {
        let done = match &self.0.value {
            Value::List(items) => visitor.visit_seq(Items { items, at: 0 }),
            Value::Map(entries) => visitor.visit_map(Entries { entries, at: 0 }),
            Value::Scalar(scalar) if scalar.is_null() => visitor.visit_unit(),
            Value::Scalar(_) => {
                let wanted = expected(&visitor);
                visitor.visit_str(&self.scalar(&wanted)?.text)
            }
        };
        done.map_err(|fault| fault.at(self.0.place))
    }

    numbers! {
        deserialize_u8 visit_u8 u8, "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16, "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 u32, "a whole number from 0 on";
        deserialize_u64 visit_u64 u64, "a whole number from 0 on";
        deserialize_i64 visit_i64 i64, "a whole number";
        deserialize_f64 visit_f64 f64, "a number";
    }

    fn deserialize_bool<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_bool(self.parsed("`true` or `false`")?)
    }

    fn deserialize_str<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Fault> {
        let scalar = self.scalar(&"a text")?;
        if scalar.is_null() {
            return Err(self.wrong(&"a text"));
        }
        visitor.visit_str(&scalar.text)
    }

    fn deserialize_string<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::List(items) => visitor.visit_seq(Items { items, at: 0 }),
            _ if self.0.is_null() => visitor.visit_seq(Items { items: &[], at: 0 }),
            _ => Err(self.wrong(&"a list")),
        }
    }

    fn deserialize_map<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Map(entries) => visitor.visit_map(Entries { entries, at: 0 }),
            _ if self.0.is_null() => visitor.visit_map(Entries { entries: &[], at: 0 }),
            _ => Err(self.wrong(&"a map")),
        }
        .map_err(|fault| fault.at(self.0.place))
    }

    fn deserialize_struct<V: Visitor<'n>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'n>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let names: Vec<_> = variants.iter().map(|name| format!("`{name}`")).collect();
        let scalar = self.scalar(&names.join(", "))?;
        let text: StrDeserializer<'_, Fault> = scalar.text.as_str().into_deserializer();
        visitor.visit_enum(text).map_err(|fault| fault.at(self.0.place))
    }

    fn deserialize_newtype_struct<V: Visitor<'n>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match (name, &self.0.value) {
            (AT, _) => visitor.visit_seq(Placed { place: Some(self.0.place), value: Some(self) }),
            (SECRET, Value::Scalar(Scalar { unset: Some(name), .. })) => visitor.visit_str(name),
            (SECRET, _) => {
                self.scalar(&"a text").and_then(|scalar| visitor.visit_string(scalar.text.clone()))
            }
            (JSON_OR_MAP, Value::Map(entries)) => visitor.visit_map(Entries { entries, at: 0 }),
            (JSON | JSON_OR_MAP, _) => visitor.visit_string(self.0.json()?),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'n>>
        i8 i16 i32 i128 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
        ignored_any
    }
}

fn expected<'n>(visitor: &impl Visitor<'n>) -> String {
    struct Expecting<'a, V>(&'a V);
    impl<'n, V: Visitor<'n>> fmt::Display for Expecting<'_, V> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.expecting(f)
        }
    }
    Expecting(visitor).to_string()
}

struct Items<'n> {
    items: &'n [Node],
    at: usize,
}

impl<'n> SeqAccess<'n> for Items<'n> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'n>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(item) = self.items.get(self.at) else { return Ok(None) };
        let read = seed.deserialize(Nodes(item));
        let read = read.map_err(|fault| fault.at(item.place).under(format!("[{}]", self.at)))?;
        self.at += 1;
        Ok(Some(read))
    }
}

struct Entries<'n> {
    entries: &'n [(Key, Node)],
    at: usize,
}

impl<'n> MapAccess<'n> for Entries<'n> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'n>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((key, _)) = self.entries.get(self.at) else { return Ok(None) };
        seed.deserialize(Keys(key)).map(Some).map_err(|fault| fault.at(key.place))
    }

    fn next_value_seed<V: DeserializeSeed<'n>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some((key, value)) = self.entries.get(self.at) else {
            return Err(Fault::custom("no value"));
        };
        self.at += 1;
        seed.deserialize(Nodes(value)).map_err(|fault| fault.at(value.place).under(&key.name))
    }
}

struct Keys<'n>(&'n Key);

impl<'n> Deserializer<'n> for Keys<'n> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(&self.0.name)
    }

    fn deserialize_newtype_struct<V: Visitor<'n>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match name {
            AT => visitor.visit_seq(Placed { place: Some(self.0.place), value: Some(self) }),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'n>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A place, and then what stands there: how [`At`] is read.
struct Placed<D> {
    place: Option<Place>,
    value: Option<D>,
}

impl<'n, D: Deserializer<'n, Error = Fault>> SeqAccess<'n> for Placed<D> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'n>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        if let Some(Place { file, line, column }) = self.place.take() {
            // Columns beyond 24 bits are in no file that a person wrote.
            let column = u64::from(column).min(0xff_ffff);
            let line = u64::from(line).min(0xff_ffff);
            let place = u64::from(file) << 48 | line << 24 | column;
            let place: U64Deserializer<Fault> = place.into_deserializer();
            return seed.deserialize(place).map(Some);
        }
        self.value.take().map(|value| seed.deserialize(value)).transpose()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Both<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Both<T> {
            type Value = At<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<At<T>, A::Error> {
                let missing = || A::Error::custom("no value");
                let place: u64 = seq.next_element()?.ok_or_else(missing)?;
                let value = seq.next_element()?.ok_or_else(missing)?;
                let file = (place >> 48) as u16;
                let (line, column) = ((place >> 24) as u32 & 0xff_ffff, place as u32 & 0xff_ffff);
                Ok(At { place: Place { file, line, column }, value })
            }
        }
        deserializer.deserialize_newtype_struct(AT, Both(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for All<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    all.push(entry);
                }
                Ok(Named(all))
            }
        }
        deserializer.deserialize_map(All(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, unset: &str) -> Result<Secret, E> {
                Ok(Secret { unset: Some(unset.to_owned()), text: None })
            }

            fn visit_string<E>(self, text: String) -> Result<Secret, E> {
                Ok(Secret { unset: None, text: Some(text) })
            }
        }
        deserializer.deserialize_newtype_struct(SECRET, Text)
    }
}

/// A struct, from a map that a visitor was given.
pub(super) fn from_map<'de, T: Deserialize<'de>, A: MapAccess<'de>>(map: A) -> Result<T, A::Error> {
    T::deserialize(MapAccessDeserializer::new(map))
}
