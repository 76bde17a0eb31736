//! Which bytes stand in a JSON string as they are.

/// Whether this byte ends or escapes a JSON string, or may not stand in one.
pub(crate) fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// How many bytes come before the first that is special; `None` if none is.
pub(crate) fn find_special(bytes: &[u8]) -> Option<usize> {
    // No early end within a block, so that the compiler looks at all its bytes at once.
    const BLOCK: usize = 32;
    let has_special = |block: &[u8]| block.iter().fold(false, |found, b| found | is_special(*b));
    let blocks = bytes.chunks_exact(BLOCK).take_while(|block| !has_special(block)).count();
    let rest = &bytes[blocks * BLOCK..];
    Some(blocks * BLOCK + rest.iter().position(|byte| is_special(*byte))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_is() {
        for length in 0..100 {
            for special in [b'"', b'\\', 0x1f, 0] {
                let mut bytes = vec![b'a'; length];
                assert_eq!(find_special(&bytes), None);
                bytes.push(special);
                bytes.extend_from_slice(b"tail\"");
                assert_eq!(find_special(&bytes), Some(length));
            }
        }
        assert_eq!(find_special(&[0x7f, 0x80, 0xff, b' ', b'"']), Some(4));
    }
}
