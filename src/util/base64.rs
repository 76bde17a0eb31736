//! Bytes as text.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64 with padding (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    let letters = |word: u32| [18, 12, 6, 0].map(|shift| LETTERS[(word >> shift & 63) as usize]);
    let (threes, rest) = bytes.as_chunks::<3>();
    for [a, b, c] in threes {
        text.extend_from_slice(&letters(u32::from_be_bytes([0, *a, *b, *c])));
    }
    if let [a, rest @ ..] = rest {
        let b = rest.first().copied();
        let mut last = letters(u32::from_be_bytes([0, *a, b.unwrap_or_default(), 0]));
        last[rest.len() + 2..].fill(b'=');
        text.extend_from_slice(&last);
    }
    String::from_utf8(text).expect("letters are ASCII")
}

/// The bytes that [`base64`] wrote: letters of either alphabet, with or without padding.
#[cfg(any(feature = "cassette", feature = "config"))]
pub(crate) fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let letters = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut bytes = Vec::with_capacity(letters.len() / 4 * 3 + 2);
    for four in letters.chunks(4) {
        let mut word = 0;
        for letter in four {
            word = word << 6 | u32::from(six_bits(*letter)?);
        }
        let bits = word << (6 * (4 - four.len()));
        let [_, all @ ..] = bits.to_be_bytes();
        bytes.extend_from_slice(all.get(..four.len().checked_sub(1).filter(|n| *n > 0)?)?);
    }
    Some(bytes)
}

#[cfg(any(feature = "cassette", feature = "config"))]
fn six_bits(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::base64;

    /// RFC 4648, section 10.
    #[test]
    fn the_rfc_has_these() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
            #[cfg(feature = "cassette")]
            for text in [text, text.trim_end_matches('=')] {
                assert_eq!(super::from_base64(text.as_bytes()).unwrap(), bytes.as_bytes());
            }
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }
}
