//! Identifiers in the alphabets that vendors use.

use serde::ser::{Serialize, Serializer};

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
            Self::Hex => draw_hex(rng, place),
        }
    }
}

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Compiled for each alphabet: with the number of letters known, an index needs no check.
fn draw<const N: usize>(letters: &[u8; N], rng: &mut Rng, place: &mut [u8]) {
    in_eights(place, || {
        let mut word = rng.next();
        std::array::from_fn(|_| {
            let wide = u128::from(word) * N as u128;
            word = wide as u64;
            letters[(wide >> 64) as usize]
        })
    });
}

/// Fills `place` with eight letters at a time, of the last ones as many as there is room for: where it
/// is known that there are eight, they are written at once.
fn in_eights(place: &mut [u8], mut next: impl FnMut() -> [u8; 8]) {
    let (eights, rest) = place.as_chunks_mut();
    eights.fill_with(&mut next);
    if !rest.is_empty() {
        rest.copy_from_slice(&next()[..rest.len()]);
    }
}

/// The same letters as `draw` with those of hexadecimal digits, eight at once.
fn draw_hex(rng: &mut Rng, place: &mut [u8]) {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    in_eights(place, || {
        // Four bits to a byte, the first ones in front.
        let mut word = rng.next() >> 32;
        word = (word | word << 16) & 0x0000_ffff_0000_ffff;
        word = (word | word << 8) & 0x00ff_00ff_00ff_00ff;
        word = (word | word << 4) & (ONES * 0x0f);
        let is_letter = ((word + ONES * 6) >> 4) & ONES;
        let digits = word + ONES * u64::from(b'0');
        let letters = digits + is_letter * u64::from(b'a' - b'9' - 1);
        letters.to_be_bytes()
    });
}

/// `prefix` and `count` letters.
pub(crate) fn id(rng: &mut Rng, prefix: &str, alphabet: Alphabet, count: usize) -> String {
    let mut id = String::with_capacity(prefix.len() + count);
    id.push_str(prefix);
    let mut letters = [0; 64];
    let mut left = count;
    while left > 0 {
        let some = &mut letters[..left.min(64)];
        alphabet.draw(rng, some);
        id.push_str(std::str::from_utf8(some).expect("letters and digits are UTF-8"));
        left -= some.len();
    }
    id
}

/// An identifier of at most so many letters and digits, which needs no memory of its own.
#[derive(Clone, Copy)]
pub(crate) struct Id<const MOST: usize> {
    bytes: [u8; MOST],
    length: u8,
}

impl<const MOST: usize> Id<MOST> {
    /// `prefix` and `count` letters.
    ///
    /// # Panics
    ///
    /// If that is more than there is room for.
    pub(crate) fn new(rng: &mut Rng, prefix: &str, alphabet: Alphabet, count: usize) -> Self {
        let (mut bytes, length) = ([0; MOST], prefix.len() + count);
        bytes[..prefix.len()].copy_from_slice(prefix.as_bytes());
        alphabet.draw(rng, &mut bytes[prefix.len()..length]);
        Self { bytes, length: length as u8 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("it is made of texts")
    }
}

/// # Panics
///
/// If the text is longer than there is room for.
impl<const MOST: usize> From<&str> for Id<MOST> {
    fn from(text: &str) -> Self {
        let mut bytes = [0; MOST];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Self { bytes, length: text.len() as u8 }
    }
}

impl<const MOST: usize> Serialize for Id<MOST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<const MOST: usize> std::fmt::Debug for Id<MOST> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &[u8; 16] = b"0123456789abcdef";

    #[test]
    fn eight_hexadecimal_digits_at_once_are_the_same_as_one_by_one() {
        for length in [1, 7, 8, 9, 32, 63] {
            let (mut one, mut eight) = (vec![0; length], vec![0; length]);
            draw(HEX, &mut Rng::new(length as u64), &mut one);
            draw_hex(&mut Rng::new(length as u64), &mut eight);
            assert_eq!(one, eight);
        }
    }

    #[test]
    fn a_long_id_is_drawn_as_a_short_one_is() {
        let long = id(&mut Rng::new(3), "", Alphabet::Base64, 200);
        let mut letters = [0; 200];
        Alphabet::Base64.draw(&mut Rng::new(3), &mut letters);
        assert_eq!(long.as_bytes(), letters);
        let short = Id::<38>::new(&mut Rng::new(1), "chatcmpl-", Alphabet::Base62, 29);
        assert_eq!(short.as_str(), "chatcmpl-nsE3nE7JNh7BdipDY8lKSiBq1NcCc");
        assert_eq!(Id::<62>::from(short.as_str()).as_bytes(), short.as_bytes());
    }

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
