//! Identifiers in the alphabets that vendors use.

use super::rng::Rng;

/// The letters an identifier is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alphabet {
    /// `0-9 A-Z a-z` without the look-alikes `0 O I l`.
    Base58,
    /// `0-9 A-Z a-z`.
    Base62,
    /// `A-Z a-z 0-9 + /`, the letters of standard base64.
    Base64,
    /// `A-Z a-z 0-9 - _`, the letters of URL-safe base64.
    Base64Url,
    /// `0-9 a-f`.
    Hex,
}

impl Alphabet {
    /// Fills `place` with letters drawn from `rng`, eight for each number drawn.
    pub(crate) fn draw(self, rng: &mut Rng, place: &mut [u8]) {
        match self {
            Self::Base58 => draw(BASE58, rng, place),
            Self::Base62 => draw(BASE62, rng, place),
            Self::Base64 => draw(BASE64, rng, place),
            Self::Base64Url => draw(BASE64_URL, rng, place),
            Self::Hex => draw(HEX, rng, place),
        }
    }
}

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Compiled for each alphabet: with the number of letters known, an index needs no check.
fn draw<const N: usize>(letters: &[u8; N], rng: &mut Rng, place: &mut [u8]) {
    for eight in place.chunks_mut(8) {
        let mut word = rng.next();
        for letter in eight {
            let wide = u128::from(word) * N as u128;
            *letter = letters[(wide >> 64) as usize];
            word = wide as u64;
        }
    }
}

/// `prefix` and `count` letters.
pub(crate) fn id(rng: &mut Rng, prefix: &str, alphabet: Alphabet, count: usize) -> String {
    let mut id = vec![0; prefix.len() + count];
    let (start, rest) = id.split_at_mut(prefix.len());
    start.copy_from_slice(prefix.as_bytes());
    alphabet.draw(rng, rest);
    String::from_utf8(id).expect("letters and digits are UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_what_they_were() {
        let first = id(&mut Rng::new(1), "chatcmpl-", Alphabet::Base62, 29);
        assert_eq!(first, "chatcmpl-nsE3nE7JNh7BdipDY8lKSiBq1NcCc");
        assert_eq!(id(&mut Rng::new(2), "", Alphabet::Hex, 10), "a4eed024cf");
    }

    #[test]
    fn ids_keep_prefix_length_and_alphabet() {
        let alphabets: [(_, &[u8]); 5] = [
            (Alphabet::Base58, BASE58),
            (Alphabet::Base62, BASE62),
            (Alphabet::Base64, BASE64),
            (Alphabet::Base64Url, BASE64_URL),
            (Alphabet::Hex, HEX),
        ];
        for (alphabet, letters) in alphabets {
            let id = id(&mut Rng::new(9), "x_", alphabet, 29);
            assert_eq!(id.len(), 31);
            assert!(id[2..].bytes().all(|b| letters.contains(&b)), "{id}");
        }
    }
}
