//! Who is mocked, by API key.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest, Sha256};

use crate::claim::Mode;
use crate::error::Error;

/// Modes by API key, to be changed while it runs: one key is mocked while another goes live through
/// the same layer. Clones share one table.
///
/// Keys are written whole, as a prefix (`sk-test-*`), or as the SHA-256 of a key
/// (`sha256:` and 64 hexadecimal digits), so that no file needs to hold it. A whole key or its hash goes
/// before a prefix, and a longer prefix before a shorter one.
///
/// ```
/// use tower_mock_llm::{KeyModes, MockLlmLayer, Mode};
///
/// let keys = KeyModes::new(Mode::Mock);
/// keys.set("sk-live-*", Mode::Off)?;
/// let layer = MockLlmLayer::new().key_modes(keys.clone());
/// assert_eq!(keys.mode(Some("sk-live-7")), Mode::Off);
/// // Later, by the table or by the handle:
/// layer.handle().set_key_mode("sk-live-7", Mode::Mock)?;
/// assert_eq!(keys.mode(Some("sk-live-7")), Mode::Mock);
/// # Ok::<(), tower_mock_llm::Error>(())
/// ```
#[derive(Clone)]
pub struct KeyModes(Arc<RwLock<Table>>);

#[derive(Clone)]
struct Table {
    rows: Vec<(Keys, Mode)>,
    otherwise: Mode,
}

#[derive(Clone, PartialEq, Eq)]
enum Keys {
    One(String),
    Prefix(String),
    Sha256([u8; 32]),
}

impl KeyModes {
    /// A table in which every key, and a request without one, has this mode.
    #[must_use]
    pub fn new(otherwise: Mode) -> Self {
        Self(Arc::new(RwLock::new(Table { rows: Vec::new(), otherwise })))
    }

    /// Gives these keys a mode, in place of the one that they had.
    ///
    /// # Errors
    ///
    /// If `keys` is empty, or begins with `sha256:` and is no hash.
    pub fn set(&self, keys: &str, mode: Mode) -> Result<(), Error> {
        let keys = Keys::parse(keys)?;
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match table.rows.iter_mut().find(|(known, _)| *known == keys) {
            Some(row) => row.1 = mode,
            None => table.rows.push((keys, mode)),
        }
        Ok(())
    }

    /// The mode of a key.
    pub fn mode(&self, key: Option<&str>) -> Mode {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = key else { return table.otherwise };
        let has_hash = table.rows.iter().any(|(keys, _)| matches!(keys, Keys::Sha256(_)));
        let hash: Option<[u8; 32]> = has_hash.then(|| Sha256::digest(key).into());
        let fit = |keys: &Keys| match keys {
            Keys::One(one) => (one == key).then_some(usize::MAX),
            Keys::Prefix(prefix) => key.starts_with(prefix.as_str()).then_some(prefix.len()),
            Keys::Sha256(of) => (hash.as_ref() == Some(of)).then_some(usize::MAX),
        };
        let rows = table.rows.iter().filter_map(|(keys, mode)| Some((fit(keys)?, *mode)));
        rows.max_by_key(|row| row.0).map_or(table.otherwise, |row| row.1)
    }

    /// The rows without their secrets: prefixes as they are, of keys and hashes the beginning.
    #[cfg(feature = "server")]
    pub(crate) fn shown(&self) -> Vec<(String, Mode)> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let shown = |(keys, mode): &(Keys, Mode)| {
            let keys = match keys {
                Keys::One(key) => crate::admin::shown_key(key),
                Keys::Prefix(prefix) => format!("{prefix}*"),
                Keys::Sha256(hash) => {
                    let begin: String = hash[..4].iter().map(|b| format!("{b:02x}")).collect();
                    format!("sha256:{begin}…")
                }
            };
            (keys, *mode)
        };
        table.rows.iter().map(shown).collect()
    }

    /// The same as it is now, in a table of its own.
    pub(crate) fn copy(&self) -> Self {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        Self(Arc::new(RwLock::new(table)))
    }
}

impl Keys {
    fn parse(keys: &str) -> Result<Self, Error> {
        if let Some(hash) = keys.strip_prefix("sha256:") {
            let digit = |at: usize| char::from(*hash.as_bytes().get(at)?).to_digit(16);
            let byte = |at: usize| Some((digit(2 * at)? * 16 + digit(2 * at + 1)?) as u8);
            let mut bytes = [0; 32];
            for (at, into) in bytes.iter_mut().enumerate() {
                match byte(at).filter(|_| hash.len() == 64) {
                    Some(byte) => *into = byte,
                    None => {
                        return Err(Error::config(
                            "`sha256:` must be followed by the 64 hexadecimal digits of a key's \
                             hash: printf %s \"$KEY\" | sha256sum",
                        ));
                    }
                }
            }
            return Ok(Self::Sha256(bytes));
        }
        match keys.strip_suffix('*') {
            Some(prefix) => Ok(Self::Prefix(prefix.to_owned())),
            None if keys.is_empty() => Err(Error::config("a key must not be empty")),
            None => Ok(Self::One(keys.to_owned())),
        }
    }
}

/// Shows no key.
impl fmt::Debug for KeyModes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "KeyModes({} rows, otherwise {:?})", table.rows.len(), table.otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_exact_row_decides() {
        let keys = KeyModes::new(Mode::Mock);
        for (row, mode) in [
            ("sk-*", Mode::Off),
            ("sk-test-*", Mode::Mock),
            ("sk-test-7", Mode::Off),
            // Of `hunter2`, by sha256sum.
            ("sha256:f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7", Mode::Off),
        ] {
            keys.set(row, mode).unwrap();
        }
        for (key, mode) in [
            (None, Mode::Mock),
            (Some("other"), Mode::Mock),
            (Some("sk-live"), Mode::Off),
            (Some("sk-test-1"), Mode::Mock),
            (Some("sk-test-7"), Mode::Off),
            (Some("hunter2"), Mode::Off),
        ] {
            assert_eq!(keys.mode(key), mode, "{key:?}");
        }
        keys.set("sk-test-7", Mode::Mock).unwrap();
        assert_eq!(keys.mode(Some("sk-test-7")), Mode::Mock);
        assert_eq!(format!("{keys:?}"), "KeyModes(4 rows, otherwise Mock)");
    }

    #[test]
    fn no_hash_is_refused() {
        let keys = KeyModes::new(Mode::Mock);
        for row in ["", "sha256:", "sha256:12", &format!("sha256:{}", "g".repeat(64))] {
            assert!(keys.set(row, Mode::Off).is_err(), "{row}");
        }
    }
}
