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
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }
}
