//! Rules that came after the recordings.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Fate, Shelved, replace};
use crate::cassette::redact::Redaction;
use crate::error::Error;

/// A recording that was masked.
#[derive(Debug, Serialize)]
pub(crate) struct Scrubbed {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) request: String,
}

/// What of these files is masked; and masks it, if it `is_real`. A file that cannot be read is an error
/// before anything is changed.
pub(crate) fn scrub<'a>(
    paths: impl IntoIterator<Item = &'a PathBuf>,
    redaction: &Redaction,
    is_real: bool,
) -> Result<Vec<Scrubbed>, Error> {
    let mut all = Vec::new();
    let mut changed: Vec<&Path> = Vec::new();
    for path in paths {
        let shelved = Shelved::open(path)?;
        let before = all.len();
        for recording in &shelved.recordings {
            let cleaned = redaction.cleaned(&recording.interaction);
            if cleaned != recording.interaction {
                let (file, line) = (shelved.name.clone(), recording.line());
                let request = format!("{} {}", cleaned.method, cleaned.url);
                all.push(Scrubbed { file, line, request });
            }
        }
        if all.len() > before || !shelved.torn.is_empty() {
            changed.push(path);
        }
    }
    for path in changed.iter().filter(|_| is_real) {
        replace(path, &mut |old| {
            let shelved = Shelved::read(path.display().to_string(), old)?;
            // What was cut off cannot be read, and so not be searched either.
            Ok(shelved.edited(false, |index| {
                let recorded = &shelved.recordings[index].interaction;
                let cleaned = redaction.cleaned(recorded);
                if cleaned == *recorded { Fate::Stay } else { Fate::Become(Box::new(cleaned)) }
            }))
        })?;
    }
    Ok(all)
}
