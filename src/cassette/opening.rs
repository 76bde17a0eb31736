//! How a cassette comes from where it is kept.

use std::path::Path;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, MutexGuard};

use super::deck::{Deck, unread};
use super::index::{self, Lazy};
use super::store::{Folder, Store};
use super::{Cassette, Inner, RecordMode};
use crate::error::Error;

impl Cassette {
    /// The cassette in this file, which need not be there yet. The ending is usually `.jsonl`.
    ///
    /// # Errors
    ///
    /// If there is a file but it cannot be read or is no cassette: the message has the line and the
    /// column. The file stays as it is.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let Some(name) = path.file_name() else {
            let message = format!("a cassette is a file, and {} is none", path.display());
            return Err(Error::config(message));
        };
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        Self::open_in(Folder::new(folder), name.to_string_lossy())
    }

    /// The cassette of this name in a store.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_in(store: impl Store, name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        let location = store.locate(&name);
        let deck = match Lazy::open(&store, &name) {
            Some(lazy) => Deck::lazy(lazy),
            None => {
                let bytes = store.read(&name).map_err(|error| unread(&location, error))?;
                Deck::read(&location, bytes.unwrap_or_default().into())?
            }
        };
        let mode = AtomicU8::new(RecordMode::default() as u8);
        let (store, deck) = (Arc::new(store), Mutex::new(deck));
        let (notes, warned, told_fuzzy) = Default::default();
        let inner = Inner { store, name, location, mode, deck, notes, warned, told_fuzzy };
        Ok(Self(Arc::new(inner)))
    }

    /// What [`cassette!`](crate::cassette!) opens.
    #[doc(hidden)]
    pub fn of_function(manifest_dir: &str, function: &str) -> Result<Self, Error> {
        let function = function.strip_suffix("::here").unwrap_or(function);
        // Each async block is one of them.
        let steps = function.split("::").filter(|step| !step.starts_with('{'));
        let mut path = Path::new(manifest_dir).join("tests/cassettes");
        path.extend(steps);
        path.as_mut_os_string().push(".jsonl");
        Self::open(path)
    }

    /// Writes an index beside the cassette, by the name with `.idx` at its end: with it, 100,000 recordings
    /// are opened in about a millisecond in place of 0.2 s. `mock-llm cassette index` does the same.
    ///
    /// It is of the file as it is now, and of requests as this cassette compares them: with
    /// [`normalize`](Self::normalize), [`exact`](Self::exact) and [`volatile`](Self::volatile) it is of no
    /// use, and with [`ignore`](Self::ignore) and [`redact`](Self::redact) for the same places. What does
    /// not fit is passed by when a cassette is opened, and never an error; see the
    /// [guide](crate::guide::cassettes#an-index). It follows from the cassette, so it belongs in
    /// `.gitignore`.
    ///
    /// # Errors
    ///
    /// If there is no cassette, or it cannot be read, or was edited so that its lines have another form
    /// than those that are written here; if the store is not one that is read
    /// [in parts](Store::stat), or cannot be written to.
    ///
    /// ```
    /// use tower_mock_llm::cassette::Cassette;
    ///
    /// let cassette = Cassette::open("tests/cassettes/none-yet.jsonl")?;
    /// let why = cassette.write_index().unwrap_err().to_string();
    /// assert!(why.contains("none-yet.jsonl cannot have an index: it is not there"), "{why}");
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    pub fn write_index(&self) -> Result<(), Error> {
        let left_out = self.deck().settings.unseen();
        let Inner { store, name, .. } = &*self.0;
        index::write(&**store, name, &left_out).map(|_| ())
    }

    /// All recordings: read now, if an index told of them until now.
    pub(super) fn whole(&self) -> Result<MutexGuard<'_, Deck>, Error> {
        let mut deck = self.deck();
        deck.load(self.location(), self.kept())?;
        Ok(deck)
    }

    /// Where it is kept, and by which name.
    pub(super) fn kept(&self) -> (&dyn Store, &str) {
        (&*self.0.store, &self.0.name)
    }
}
