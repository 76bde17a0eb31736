//! `mock-llm cassette ls` and `stats`.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use super::args::{Ls, Stats};
use super::{Failure, count, over, print_json};
use crate::cassette::shelf::{self, Large, Recording, Shelved};

/// A recording, on one line.
#[derive(Serialize)]
struct Row<'a> {
    file: &'a str,
    line: usize,
    provider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    method: &'a str,
    url: &'a str,
    status: u16,
    /// Of the response's body.
    bytes: usize,
    frames: usize,
    /// Until the last frame, in microseconds.
    took_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    interrupted: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(file: &'a str, recording: &'a Recording) -> Self {
        let interaction = &recording.interaction;
        Self {
            file,
            line: recording.line(),
            provider: &interaction.provider,
            model: recording.model(),
            method: &interaction.method,
            url: &interaction.url,
            status: interaction.status,
            bytes: interaction.frames.iter().map(|frame| frame.bytes.len()).sum(),
            frames: interaction.frames.len(),
            took_us: interaction.after + interaction.frames.last().map_or(0, |frame| frame.at),
            interrupted: interaction.interrupted.as_deref(),
        }
    }
}

pub(super) fn ls(options: &Ls, out: &mut dyn Write) -> Result<(), Failure> {
    let shelved: Vec<_> =
        over(&options.paths.files()?).map(|file| Shelved::open(file)).collect::<Result<_, _>>()?;
    let rows: Vec<_> = shelved
        .iter()
        .flat_map(|file| file.recordings.iter().map(|recording| Row::of(&file.name, recording)))
        .collect();
    if options.json {
        return print_json(out, &rows);
    }
    for row in &rows {
        let Row { file, line, method, url, status, bytes, frames, took_us, .. } = row;
        let model = row.model.as_deref().unwrap_or("-");
        let frames = count(*frames, "frame");
        let seconds = *took_us as f64 / 1e6;
        write!(
            out,
            "{file}:{line}  {method} {url}  {model}  {status}  {bytes} bytes in {frames}, {seconds:.3} s"
        )?;
        match row.interrupted {
            Some(why) => writeln!(out, "  interrupted: {why}")?,
            None => writeln!(out)?,
        }
    }
    let (recordings, files) = (count(rows.len(), "recording"), count(shelved.len(), "file"));
    Ok(writeln!(out, "{recordings} in {files}")?)
}

pub(super) fn stats(options: &Stats, out: &mut dyn Write) -> Result<(), Failure> {
    let stats = shelf::stats(over(&options.paths.files()?), options.used.as_deref())?;
    if options.json {
        return print_json(out, &stats);
    }
    let shelf::Stats { files, bytes, recordings, frames, interrupted, .. } = stats;
    writeln!(out, "files         {files} ({bytes} bytes)")?;
    writeln!(out, "recordings    {recordings} ({})", count(frames, "frame"))?;
    writeln!(out, "interrupted   {interrupted}")?;
    writeln!(out, "cut off       {}", stats.cut_off)?;
    writeln!(out, "duplicates    {}", stats.duplicates)?;
    writeln!(out, "other answers {}", stats.answered_differently)?;
    writeln!(out, "providers     {}", counted(&stats.providers))?;
    writeln!(out, "models        {}", counted(&stats.models))?;
    for Large { bytes, file, line } in &stats.largest {
        writeln!(out, "large         {file}:{line} ({bytes} bytes)")?;
    }
    if let Some(unused) = &stats.unused {
        writeln!(out, "not used      {}", unused.len())?;
        for it in unused {
            writeln!(out, "not used      {}:{}: {}", it.file, it.line, it.request)?;
        }
    }
    Ok(())
}

fn counted(numbers: &BTreeMap<String, usize>) -> String {
    let texts: Vec<_> = numbers.iter().map(|(name, number)| format!("{name} {number}")).collect();
    texts.join(", ")
}
