//! Which bytes stand in a JSON string as they are.

/// Whether this byte ends or escapes a JSON string, or may not stand in one.
fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// How many bytes come before the first that is special; `None` if none is.
pub(crate) fn find_special(bytes: &[u8]) -> Option<usize> {
    if bytes.len() < SHORT {
        return find_special_in_short(bytes);
    }
    // In pieces, so that a text of many short lines is not looked through again for each.
    let mut at = 0;
    for piece in bytes.chunks(PIECE) {
        let stop = memchr::memchr2(b'"', b'\\', piece);
        let before = &piece[..stop.unwrap_or(piece.len())];
        // No early end, so that the compiler looks at many bytes at once.
        if before.iter().fold(u8::MAX, |least, byte| least.min(*byte)) < 0x20 {
            return Some(at + before.iter().position(|byte| *byte < 0x20)?);
        }
        if let Some(stop) = stop {
            return Some(at + stop);
        }
        at += piece.len();
    }
    None
}

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
    // A byte below `limit` is the only one, before any borrow, that sets the highest bit.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | equal(b'"') | equal(b'\\')) & (ONES * 0x80)
}

/// Below this many bytes the vector search does not pay.
const SHORT: usize = 48;
const PIECE: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_is() {
        for length in [0, 1, 7, 8, 9, 15, 16, 47, 48, 49, 100, 511, 512, 513, 1100] {
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
