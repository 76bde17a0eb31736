//! Numbers that stand for JSON values: equal where the values are, and only there.

use serde_json::{Map, Number, Value};

use crate::util::rng::hash_wide;

/// Two lanes of 64 bits: among 100,000 requests not even one pair is expected to fall together.
pub(super) fn of_bytes(bytes: &[u8]) -> u128 {
    match bytes.len() {
        0..=3 => {
            let word = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
            stirred(word, 0, bytes.len())
        }
        4..=7 => stirred(word::<4>(bytes), word::<4>(&bytes[bytes.len() - 4..]), bytes.len()),
        8..=16 => stirred(word::<8>(bytes), word::<8>(&bytes[bytes.len() - 8..]), bytes.len()),
        17..=32 => {
            let last = &bytes[bytes.len() - 16..];
            joined(
                stirred(word::<8>(bytes), word::<8>(&bytes[8..]), bytes.len()),
                stirred(word::<8>(last), word::<8>(&last[8..]), bytes.len()),
            )
        }
        _ => hash_wide(LANES[0], bytes),
    }
}

/// So many bytes from the start.
fn word<const N: usize>(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..N].copy_from_slice(&bytes[..N]);
    u64::from_le_bytes(word)
}

fn stirred(one: u64, other: u64, length: usize) -> u128 {
    let length = length as u64;
    joined(
        u128::from(one) << 64 | u128::from(other),
        u128::from(length) << 64 | u128::from(length ^ LANES[2]),
    )
}

/// The order matters. Each half of the outcome has all four halves in it.
pub(super) fn joined(one: u128, other: u128) -> u128 {
    let ([a, b], [c, d]) = (halves(one), halves(other));
    let first = fold(a ^ LANES[0], c ^ LANES[1]);
    let second = fold(b ^ LANES[2], d ^ LANES[3]);
    let high = fold(first ^ LANES[1], second.rotate_left(32) ^ d);
    let low = fold(second ^ LANES[3], first.rotate_left(17) ^ c);
    u128::from(high) << 64 | u128::from(low)
}

fn halves(whole: u128) -> [u64; 2] {
    [(whole >> 64) as u64, whole as u64]
}

fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    (wide as u64) ^ ((wide >> 64) as u64)
}

pub(super) const NULL: u128 = 1;
/// Where the fold over an array's elements begins.
pub(super) const ARRAY: u128 = 6;

pub(super) fn of_bool(value: bool) -> u128 {
    2 + u128::from(value)
}

pub(super) fn of_text(text: &[u8]) -> u128 {
    joined(5, of_bytes(text))
}

/// `1.0` is `1`.
pub(super) fn of_number(number: &Number) -> u128 {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(whole), ..) => of_whole(whole),
        (_, Some(large), _) => joined(8, u128::from(large)),
        (.., Some(float)) if float.fract() == 0.0 && float.abs() < 9e15 => of_whole(float as i64),
        (.., Some(float)) => joined(9, u128::from(float.to_bits())),
        _ => joined(10, of_bytes(number.to_string().as_bytes())),
    }
}

pub(super) fn of_whole(number: i64) -> u128 {
    joined(4, number as u128)
}

/// To be added up, since the order of fields says nothing.
pub(super) fn of_field(name: &[u8], value: u128) -> u128 {
    joined(of_bytes(name), value)
}

/// Of what the fields add up to.
pub(super) fn of_fields(sum: u128) -> u128 {
    joined(7, sum)
}

pub(super) fn of_value(value: &Value) -> u128 {
    match value {
        Value::Null => NULL,
        Value::Bool(value) => of_bool(*value),
        Value::Number(number) => of_number(number),
        Value::String(text) => of_text(text.as_bytes()),
        Value::Array(elements) => {
            elements.iter().fold(ARRAY, |array, element| joined(array, of_value(element)))
        }
        Value::Object(fields) => of_fields(of_map(fields)),
    }
}

fn of_map(fields: &Map<String, Value>) -> u128 {
    let field = |(name, value): (&String, &Value)| of_field(name.as_bytes(), of_value(value));
    fields.iter().map(field).fold(0, u128::wrapping_add)
}

const LANES: [u64; 4] =
    [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb, 0xd6e8_feb8_6659_fd93];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn bytes_of_any_length_differ_in_every_byte() {
        let mut seen = HashSet::new();
        for length in (0..100).chain([127, 128, 129, 191, 200]) {
            let bytes: Vec<u8> = (0..length).map(|at| at as u8).collect();
            assert!(seen.insert(of_bytes(&bytes)), "{length}");
            for at in 0..length {
                for bit in 0..8 {
                    let mut other = bytes.clone();
                    other[at] ^= 1 << bit;
                    assert!(seen.insert(of_bytes(&other)), "{length} {at} {bit}");
                }
            }
        }
        // Neither half alone falls together either.
        assert_eq!(seen.iter().map(|key| *key as u64).collect::<HashSet<_>>().len(), seen.len());
        assert_eq!(seen.iter().map(|key| key >> 64).collect::<HashSet<_>>().len(), seen.len());
    }

    #[test]
    fn what_is_joined_stays_in_order() {
        let keys = [0, 1, 2, u128::MAX, 1 << 64, of_bytes(b"a"), of_bytes(b"b")];
        let mut seen = HashSet::new();
        for one in keys {
            for other in keys {
                assert!(seen.insert(joined(one, other)), "{one} {other}");
            }
        }
    }
}
