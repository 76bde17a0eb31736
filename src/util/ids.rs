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
    fn letters(self) -> &'static [u8] {
        match self {
            Self::Base58 => b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
            Self::Base62 => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            Self::Base64 => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            Self::Base64Url => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
            Self::Hex => b"0123456789abcdef",
        }
    }

    /// Hands `count` letters drawn from `rng` to `push`, eight for each number drawn.
    pub(crate) fn draw(self, rng: &mut Rng, count: usize, mut push: impl FnMut(u8)) {
        let letters = self.letters();
        let base = letters.len() as u64;
        let mut left = count;
        while left > 0 {
            let mut word = u128::from(rng.next());
            for _ in 0..left.min(8) {
                word *= u128::from(base);
                push(letters[(word >> 64) as usize]);
                word &= u128::from(u64::MAX);
            }
            left -= left.min(8);
        }
    }
}

/// `prefix` and `count` letters.
pub(crate) fn id(rng: &mut Rng, prefix: &str, alphabet: Alphabet, count: usize) -> String {
    let mut id = Vec::with_capacity(prefix.len() + count);
    id.extend_from_slice(prefix.as_bytes());
    alphabet.draw(rng, count, |letter| id.push(letter));
    String::from_utf8(id).expect("letters and digits are UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_prefix_length_and_alphabet() {
        for alphabet in [Alphabet::Base58, Alphabet::Base62, Alphabet::Base64Url, Alphabet::Hex] {
            let id = id(&mut Rng::new(9), "x_", alphabet, 29);
            assert_eq!(id.len(), 31);
            assert!(id[2..].bytes().all(|b| alphabet.letters().contains(&b)), "{id}");
        }
    }
}
