//! What stands in place of a secret.

#[cfg(feature = "pseudonyms")]
use std::fmt;

#[cfg(feature = "pseudonyms")]
use hmac::{Hmac, Mac};
#[cfg(feature = "pseudonyms")]
use sha2::Sha256;

/// Shorter secrets have no pseudonym: there would be too few of them to tell secrets apart.
const SHORTEST: usize = 8;

/// Nothing of the secret; or a name that the same secret always has.
#[derive(Clone, Debug, Default)]
pub(crate) enum Mask {
    #[default]
    Stars,
    #[cfg(feature = "pseudonyms")]
    Pseudonyms(Pseudonyms),
}

/// Makes names by HMAC-SHA-256 (RFC 2104), so that nobody who lacks the key can try secrets out.
#[cfg(feature = "pseudonyms")]
#[derive(Clone)]
pub(crate) struct Pseudonyms(Hmac<Sha256>);

/// Shows nothing of the key.
#[cfg(feature = "pseudonyms")]
impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms(..)")
    }
}

#[cfg(feature = "pseudonyms")]
impl Pseudonyms {
    /// `p_` and digits, as many as are taken.
    fn name(&self, secret: &[u8]) -> impl Iterator<Item = u8> + use<> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hmac = self.0.clone();
        hmac.update(secret);
        let sum: [u8; 32] = hmac.finalize().into_bytes().into();
        let digit = move |at: usize| DIGITS[usize::from(sum[at / 2 % 32] >> (4 - at % 2 * 4) & 15)];
        LEAD.iter().copied().chain((0..).map(digit))
    }
}

const LEAD: &[u8; 2] = b"p_";

impl Mask {
    #[cfg(feature = "pseudonyms")]
    pub(crate) fn by_key(key: &[u8]) -> Self {
        Self::Pseudonyms(Pseudonyms(Hmac::new_from_slice(key).expect("HMAC takes any key")))
    }

    /// Puts something as long in place of a secret.
    pub(super) fn fill(&self, secret: &mut [u8]) {
        if is_pseudonym(secret) {
            return;
        }
        match self {
            #[cfg(feature = "pseudonyms")]
            Self::Pseudonyms(names) if secret.len() >= SHORTEST => {
                let name = names.name(secret);
                secret.iter_mut().zip(name).for_each(|(place, letter)| *place = letter);
            }
            _ => secret.fill(b'*'),
        }
    }

    /// What stands in place of a secret of which not even the length is kept.
    pub(super) fn hidden(&self, secret: &str) -> String {
        if is_pseudonym(secret.as_bytes()) {
            return secret.to_owned();
        }
        match self {
            #[cfg(feature = "pseudonyms")]
            Self::Pseudonyms(names) if secret != REDACTED => {
                // It begins as the name does that stands for the same secret elsewhere.
                names.name(secret.as_bytes()).take(18).map(char::from).collect()
            }
            _ => REDACTED.to_owned(),
        }
    }

    /// Whether the same secret is known again.
    pub(super) fn has_names(&self) -> bool {
        !matches!(self, Self::Stars)
    }
}

const REDACTED: &str = "redacted";

/// Whether something was masked already, by whatever key.
pub(super) fn is_pseudonym(bytes: &[u8]) -> bool {
    let digits = bytes.strip_prefix(LEAD).unwrap_or_default();
    digits.len() + LEAD.len() >= SHORTEST
        && digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
