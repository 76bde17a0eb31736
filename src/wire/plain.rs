//! Which bytes stand in a JSON string as they are.

use memchr::memchr2;

/// Whether this byte ends or escapes a JSON string, or may not stand in one.
fn is_special(byte: u8) -> bool {
    // With one bit turned, the quote stands right behind those below a space: two comparisons are
    // enough for what would take three.
    (byte ^ TURN <= TURNED_QUOTE) | (byte == b'\\')
}

const TURN: u8 = 0x02;
const TURNED_QUOTE: u8 = b'"' ^ TURN;

/// How many bytes come before the first that is special; `None` if none is.
pub(crate) fn find_special(bytes: &[u8]) -> Option<usize> {
    if bytes.len() < BLOCK {
        return find_special_in_short(bytes);
    }
    let found = memchr2(b'"', b'\\', bytes);
    let before = &bytes[..found.unwrap_or(bytes.len())];
    // Nearly never: what came up to here was written by a serializer.
    if has_control(before) {
        return before.iter().position(|byte| is_control(*byte));
    }
    found
}

fn is_control(byte: u8) -> bool {
    byte < b' '
}

fn has_control(bytes: &[u8]) -> bool {
    // No early end within a block, so that the compiler looks at many bytes at once.
    let is_in = |block: &[u8]| block.iter().fold(false, |found, byte| found | is_control(*byte));
    match (bytes.as_chunks::<BLOCK>(), bytes.last_chunk::<BLOCK>()) {
        // The last block has what the whole ones left, and perhaps some of them once more.
        ((blocks, _), Some(last)) => blocks.iter().any(|block| is_in(block)) || is_in(last),
        (_, None) => is_in(bytes),
    }
}

const BLOCK: usize = 32;

/// The same, for bytes of which the first special one is expected soon.
pub(crate) fn find_special_in_short(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let special = specials(u64::from_le_bytes(*word));
        if special != 0 {
            return Some(at + special.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    Some(at + bytes[at..].iter().position(|byte| is_special(*byte))?)
}

/// The highest bit of each special byte, and perhaps of some that come after one.
fn specials(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let each = |byte: u8| ONES * u64::from(byte);
    // A byte below `limit` is the only one, before any borrow, that sets the highest bit.
    let below = |word: u64, limit: u8| word.wrapping_sub(each(limit)) & !word;
    (below(word ^ each(TURN), TURNED_QUOTE + 1) | below(word ^ each(b'\\'), 1)) & each(0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_is() {
        for length in [0, 1, 7, 8, 9, 15, 16, 31, 32, 33, 63, 64, 65, 100, 1100] {
            for special in [b'"', b'\\', 0x1f, 0, b'\n'] {
                for plain in [b'a', b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                    let mut bytes = vec![plain; length];
                    assert_eq!(find_special(&bytes), None);
                    assert_eq!(find_special_in_short(&bytes), None);
                    bytes.push(special);
                    bytes.extend_from_slice(b"tail\"\n");
                    assert_eq!(find_special(&bytes), Some(length));
                    assert_eq!(find_special_in_short(&bytes), Some(length));
                }
            }
        }
    }

    #[test]
    fn special_are_a_quote_a_backslash_and_what_comes_before_a_space() {
        for byte in 0..=u8::MAX {
            let special = byte < b' ' || matches!(byte, b'"' | b'\\');
            assert_eq!(is_special(byte), special, "{byte:#x}");
            assert_eq!(find_special_in_short(&[byte; 8]), special.then_some(0), "{byte:#x}");
        }
    }

    #[test]
    fn it_finds_what_looking_at_each_byte_finds() {
        let mut rng = crate::util::rng::Rng::new(7);
        for _ in 0..2_000 {
            let length = rng.below(200);
            let bytes: Vec<u8> = (0..length).map(|_| (rng.below(250) + 6) as u8).collect();
            let first = bytes.iter().position(|byte| is_special(*byte));
            assert_eq!((find_special(&bytes), find_special_in_short(&bytes)), (first, first));
        }
    }
}
