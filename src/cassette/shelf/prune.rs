//! Recordings that nobody needs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Fate, Recording, Shelved, replace};
use crate::cassette::interaction::Interaction;
use crate::cassette::usage::{Use, fingerprint, place};
use crate::error::Error;

/// What is taken out.
#[derive(Debug, Default)]
pub(crate) struct Prune {
    /// What broke off, which is never replayed.
    pub(crate) interrupted: bool,
    /// What another recording of the same file says too.
    pub(crate) duplicates: bool,
    /// What no test of a run used.
    pub(crate) used: Option<Used>,
}

/// What a run used.
#[derive(Debug, Default)]
pub(crate) struct Used(BTreeSet<Use>);

impl Used {
    /// From a file that `MOCK_LLM_USAGE` named.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::io(format!("read the list of used recordings {name}"), error)
        })?;
        let mut used = BTreeSet::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            let line = serde_json::from_str(line).map_err(|error| {
                let number = index + 1;
                // A process that was killed may leave half a line, and what it used would look unused.
                Error::cassette(format!(
                    "{name}:{number}: this is no line that MOCK_LLM_USAGE writes ({error}): remove \
                     the file and run the tests again"
                ))
            })?;
            used.insert(line);
        }
        Ok(Self(used))
    }
}

/// A recording that is taken out.
#[derive(Debug, Serialize)]
pub(crate) struct Pruned {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) request: String,
    pub(crate) why: &'static str,
}

/// What of these files is taken out; and takes it out, if it `is_real`. A file that cannot be read is an
/// error before anything is changed.
pub(crate) fn prune<'a>(
    paths: impl IntoIterator<Item = &'a PathBuf>,
    prune: &Prune,
    is_real: bool,
) -> Result<Vec<Pruned>, Error> {
    let mut all = Vec::new();
    let mut changed = Vec::new();
    for path in paths {
        let shelved = Shelved::open(path)?;
        let pruned = reasons(path, &shelved, prune);
        if !pruned.is_empty() {
            changed.push(path);
        }
        all.extend(pruned.into_values());
    }
    for path in changed.iter().filter(|_| is_real) {
        // Others may have written to it since.
        replace(path, &mut |old| {
            let shelved = Shelved::read(path.display().to_string(), old)?;
            let gone = reasons(path, &shelved, prune);
            let is_empty = shelved.recordings.iter().all(|it| gone.contains_key(&it.line()));
            if is_empty && (prune.interrupted || shelved.torn.is_empty()) {
                return Ok(Vec::new());
            }
            Ok(shelved.edited(!prune.interrupted, |index| {
                let is_gone = gone.contains_key(&shelved.recordings[index].line());
                if is_gone { Fate::Go } else { Fate::Stay }
            }))
        })?;
    }
    Ok(all)
}

/// What is taken out of a file, by line.
fn reasons(path: &Path, shelved: &Shelved, prune: &Prune) -> BTreeMap<usize, Pruned> {
    let mut gone = BTreeMap::new();
    let mut add = |line: usize, request: String, why| {
        let file = shelved.name.clone();
        gone.entry(line).or_insert(Pruned { file, line, request, why });
    };
    for recording in &shelved.recordings {
        if prune.interrupted && recording.interaction.interrupted.is_some() {
            add(recording.line(), request(recording), "interrupted");
        }
    }
    if prune.interrupted {
        // One mark for each that was cut off.
        let mut last = 0;
        for line in &shelved.torn {
            if line.number != last + 1 {
                add(line.number, String::new(), "cut off while it was written");
            }
            last = line.number;
        }
    }
    let used = prune.used.as_ref();
    let is_used = |recording: &Use| used.is_some_and(|used| used.0.contains(recording));
    let cassette = place(path);
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for recording in &shelved.recordings {
        let interaction = &recording.interaction;
        if interaction.interrupted.is_some() {
            continue;
        }
        let fingerprint = fingerprint(interaction);
        let nth = known.entry(fingerprint.clone()).or_default();
        *nth += 1;
        let own = Use { cassette: cassette.clone(), recording: fingerprint, nth: *nth };
        let is_duplicate = prune.duplicates && *nth > 1;
        if !is_used(&own) && (is_duplicate || used.is_some()) {
            let why = if used.is_some() { "not used" } else { "duplicate" };
            add(recording.line(), request(recording), why);
        }
    }
    gone
}

fn request(recording: &Recording) -> String {
    let Interaction { method, url, .. } = &recording.interaction;
    format!("{method} {url}")
}
