//! Recordings, counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::prune::{Prune, Pruned, Used, prune};
use super::{Recording, Shelved};
use crate::cassette::canon::Asked;
use crate::cassette::usage::fingerprint;
use crate::error::Error;

/// What there is.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Stats {
    pub(crate) files: usize,
    /// Of the files.
    pub(crate) bytes: u64,
    pub(crate) recordings: usize,
    /// Pieces of bodies, as the network gave them.
    pub(crate) frames: usize,
    pub(crate) interrupted: usize,
    /// Pieces that were cut off while they were written.
    pub(crate) cut_off: usize,
    /// Recordings that say the same as an earlier one, in whichever file.
    pub(crate) duplicates: usize,
    /// Requests that were recorded with more than one answer, in whichever file.
    pub(crate) answered_differently: usize,
    pub(crate) providers: BTreeMap<String, usize>,
    pub(crate) models: BTreeMap<String, usize>,
    pub(crate) largest: Vec<Large>,
    /// Those that no test of a run used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unused: Option<Vec<Pruned>>,
}

/// A recording, and how much of the file it takes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Large {
    pub(crate) bytes: usize,
    pub(crate) file: String,
    pub(crate) line: usize,
}

pub(crate) fn stats<'a>(
    paths: impl IntoIterator<Item = &'a PathBuf>,
    used: Option<&Path>,
) -> Result<Stats, Error> {
    const LARGEST: usize = 5;
    let mut stats = Stats::default();
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    let mut asked: BTreeMap<u128, Vec<String>> = BTreeMap::new();
    let mut all = Vec::new();
    for path in paths {
        all.push(path);
        let shelved = Shelved::open(path)?;
        stats.files += 1;
        stats.bytes += shelved.text.len() as u64;
        stats.recordings += shelved.recordings.len();
        stats.cut_off += usize::from(!shelved.torn.is_empty());
        for recording in &shelved.recordings {
            let interaction = &recording.interaction;
            stats.frames += interaction.frames.len();
            *stats.providers.entry(interaction.provider.clone()).or_default() += 1;
            let model = recording.model().unwrap_or_else(|| "none".to_owned());
            *stats.models.entry(model).or_default() += 1;
            let (file, line) = (shelved.name.clone(), recording.line());
            stats.largest.push(Large { bytes: recording.range().len(), file, line });
            if interaction.interrupted.is_some() {
                stats.interrupted += 1;
                continue;
            }
            let fingerprint = fingerprint(interaction);
            let times = said.entry(fingerprint.clone()).or_default();
            stats.duplicates += usize::from(*times > 0);
            *times += 1;
            let answers = asked.entry(recording.asked().key(&[])).or_default();
            if !answers.contains(&fingerprint) {
                answers.push(fingerprint);
            }
        }
        stats.largest.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.cmp(b)));
        stats.largest.truncate(LARGEST);
    }
    stats.answered_differently = asked.values().filter(|answers| answers.len() > 1).count();
    if let Some(used) = used {
        let used = Some(Used::read(used)?);
        let unused = prune(all, &Prune { used, ..Prune::default() }, false)?;
        stats.unused = Some(unused);
    }
    Ok(stats)
}

impl Recording {
    /// The model that was asked for.
    pub(crate) fn model(&self) -> Option<String> {
        let body = self.asked().json();
        let model = body.as_ref().and_then(|body| body.get("model")?.as_str());
        let in_path = || {
            let (_, rest) = self.interaction.url.split_once("/models/")?;
            rest.split(['/', ':', '?']).next().filter(|model| !model.is_empty())
        };
        model.or_else(in_path).map(str::to_owned)
    }

    pub(super) fn asked(&self) -> Asked {
        self.interaction.asked()
    }
}
