//! Cassettes that only who has the key can read.

use std::fmt;
use std::io::{self, Read, Write};

use age::x25519::{Identity, Recipient};
use age::{Decryptor, Encryptor};

use super::{Store, TAIL};
use crate::error::Error;

/// A store whose cassettes are encrypted, in the format of [age](https://age-encryption.org/v1): the
/// command `age --decrypt -i KEY` reads them too. It wraps any other store.
///
/// What is written is encrypted as a whole, so that each recording writes the whole file anew; that is
/// done as [`Store::replace`] does it, and nothing of another process is lost.
///
/// ```
/// use tower_mock_llm::cassette::{Cassette, Encrypted, Folder};
///
/// # let scratch = std::env::temp_dir().join(format!("tower-mock-llm-age-{}", std::process::id()));
/// # let folder = Folder::new(scratch);
/// # let key = "AGE-SECRET-KEY-12WU2N5KY6FXK0RLKAHM7RA7GRJY6M79RJWPUS43SWRMXHFYRNRPSEXV8A5";
/// // let folder = Folder::new("tests/cassettes");
/// // let key = std::env::var("CASSETTE_AGE_KEY")?; // made by `age-keygen`
/// let store = Encrypted::new(folder, &key)?;
/// let cassette = Cassette::open_in(store, "weather.jsonl.age")?;
/// assert!(cassette.is_empty());
/// # Ok::<(), tower_mock_llm::BoxError>(())
/// ```
pub struct Encrypted<S> {
    inner: S,
    identity: Identity,
    recipients: Vec<Recipient>,
}

impl<S: Store> Encrypted<S> {
    /// A store over another, with a key as `age-keygen` prints it: `AGE-SECRET-KEY-1...`, or the whole
    /// of its file.
    ///
    /// # Errors
    ///
    /// If it is no such key.
    pub fn new(inner: S, key: &str) -> Result<Self, Error> {
        let line = key.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-1"));
        let identity: Option<Identity> = line.and_then(|line| line.parse().ok());
        let identity = identity.ok_or_else(|| {
            Error::config(
                "the key of a cassette is none: `age-keygen` makes one, AGE-SECRET-KEY-1...",
            )
        })?;
        let recipients = vec![identity.to_public()];
        Ok(Self { inner, identity, recipients })
    }

    /// Encrypts for somebody else too, by a public key: `age1...`.
    ///
    /// # Errors
    ///
    /// If it is no such key.
    pub fn recipient(mut self, key: &str) -> Result<Self, Error> {
        let recipient = key.trim().parse().map_err(|why| {
            Error::config(format!("{key:?} is no public key of age, age1...: {why}"))
        })?;
        self.recipients.push(recipient);
        Ok(self)
    }

    fn decrypt(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        if bytes.is_empty() {
            return Ok(text);
        }
        let bad = |error: age::DecryptError| {
            let why = format!("it cannot be decrypted with this key: {error}");
            io::Error::new(io::ErrorKind::InvalidData, why)
        };
        let decryptor = Decryptor::new_buffered(bytes).map_err(bad)?;
        let identity: &dyn age::Identity = &self.identity;
        decryptor.decrypt(std::iter::once(identity)).map_err(bad)?.read_to_end(&mut text)?;
        Ok(text)
    }

    fn encrypt(&self, text: &[u8]) -> io::Result<Vec<u8>> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let recipients = self.recipients.iter().map(|it| it as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let mut bytes = Vec::with_capacity(text.len() + 1024);
        let mut writer = encryptor.wrap_output(&mut bytes)?;
        writer.write_all(text)?;
        writer.finish()?;
        Ok(bytes)
    }
}

impl<S: Store> Store for Encrypted<S> {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.inner.read(name)?.map(|bytes| self.decrypt(&bytes)).transpose()
    }

    fn append(&self, name: &str, text: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> io::Result<()> {
        self.inner.replace(name, &mut |old| {
            let mut all = self.decrypt(old)?;
            let tail = all.len().saturating_sub(TAIL as usize);
            let more = text(&all[tail..]);
            if more.is_empty() {
                return Ok(old.to_vec());
            }
            all.extend_from_slice(&more);
            self.encrypt(&all)
        })
    }

    fn replace(
        &self,
        name: &str,
        text: &mut dyn FnMut(&[u8]) -> io::Result<Vec<u8>>,
    ) -> io::Result<()> {
        self.inner.replace(name, &mut |old| self.encrypt(&text(&self.decrypt(old)?)?))
    }

    fn locate(&self, name: &str) -> String {
        self.inner.locate(name)
    }
}

/// Shows no key.
impl<S: fmt::Debug> fmt::Debug for Encrypted<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted").field("inner", &self.inner).finish_non_exhaustive()
    }
}
