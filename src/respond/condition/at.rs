//! Reading one place of a JSON text, by pointer, without reading the rest into values: serde_json
//! takes one small buffer to skip what is nested, and nothing else is allocated.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The value at `pointer` (RFC 6901), given as its steps, if `json` has one there.
pub(super) fn at(json: &[u8], steps: &[String]) -> Option<Value> {
    At(steps).deserialize(&mut serde_json::Deserializer::from_slice(json)).ok().flatten()
}

/// The steps of a pointer; `None` if it is not one.
pub(super) fn steps(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let steps = pointer.strip_prefix('/')?.split('/');
    Some(steps.map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

struct At<'a>(&'a [String]);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Option<Value>, D::Error> {
        if self.0.is_empty() {
            Value::deserialize(json).map(Some)
        } else {
            json.deserialize_any(self)
        }
    }
}

/// What has no places within has none there.
macro_rules! nothing {
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Option<Value>, E> {
            Ok(None)
        })*
    };
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Value>, A::Error> {
        let (step, rest) = (&self.0[0], &self.0[1..]);
        let mut found = None;
        while let Some(here) = map.next_key_seed(Is(step))? {
            if here {
                // The last of several, as everywhere in serde_json.
                found = map.next_value_seed(At(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<Value>, A::Error> {
        let (step, rest) = (&self.0[0], &self.0[1..]);
        // As RFC 6901 has it: no sign, no zero in front.
        let canonical = step == "0" || !step.starts_with(['0', '+']);
        let index = step.parse::<usize>().ok().filter(|_| canonical);
        let mut found = None;
        for here in 0.. {
            if Some(here) == index {
                match seq.next_element_seed(At(rest))? {
                    Some(value) => found = value,
                    None => break,
                }
            } else if seq.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(found)
    }

    fn visit_unit<E>(self) -> Result<Option<Value>, E> {
        Ok(None)
    }

    nothing!(visit_bool: bool, visit_f64: f64, visit_i64: i64, visit_str: &str, visit_u64: u64);
}

/// Whether a key is this one.
struct Is<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<bool, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_serde_jsons_own_pointer() {
        let json = r#"{"a": {"b/c": [1, {"~": "x"}, null], "": 2}, "n": 1.5, "a\u0062": true}"#;
        let value: Value = serde_json::from_str(json).unwrap();
        for pointer in [
            "",
            "/a",
            "/a/b~1c",
            "/a/b~1c/0",
            "/a/b~1c/1/~0",
            "/a/b~1c/2",
            "/a/b~1c/3",
            "/a/",
            "/a/b~1c/00",
            "/a/b~1c/+1",
            "/a/b~1c/01",
            "/n",
            "/n/x",
            "/ab",
            "/zz",
            "/a/b~1c/x",
        ] {
            let found = at(json.as_bytes(), &steps(pointer).unwrap());
            assert_eq!(found.as_ref(), value.pointer(pointer), "{pointer}");
        }
        assert_eq!(steps("a"), None);
        assert_eq!(at(b"not json", &steps("/a").unwrap()), None);
    }
}
