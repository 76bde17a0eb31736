//! `mock-llm cassette convert`.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::Convert;
use super::{Failure, count, over, print_json};
use crate::cassette::Redaction;
use crate::cassette::import::{import, write};
use crate::error::Error;
use crate::provider::registry;

/// What was made.
#[derive(Default, Serialize)]
struct Report {
    written: Vec<Written>,
    left_out: Vec<String>,
}

#[derive(Serialize)]
struct Written {
    file: String,
    recordings: usize,
}

pub(super) fn convert(options: &Convert, out: &mut dyn Write) -> Result<(), Failure> {
    let redaction = options.rules.redaction()?;
    let provider = options.provider.as_deref();
    let known: Vec<_> =
        registry::builtin().iter().map(|room| room.provider().as_str().to_owned()).collect();
    if let Some(provider) = provider
        && !known.iter().any(|known| known == provider)
    {
        let known = known.join(", ");
        return Err(Failure::Other(format!("--provider {provider}: known are {known}")));
    }
    let mut report = Report::default();
    if options.from.is_dir() {
        let mut files = Vec::new();
        find(&options.from, &mut files)
            .map_err(|error| Error::io(format!("read {}", options.from.display()), error))?;
        for file in over(&files) {
            let inside = file.strip_prefix(&options.from).unwrap_or(file);
            let to = options.to.join(inside).with_extension("jsonl");
            match one(file, &to, provider, &redaction, &mut report) {
                // A folder may have other files in it.
                Err(error) if error.is_cassette() => report.left_out.push(error.to_string()),
                done => done?,
            }
        }
    } else {
        one(&options.from, &options.to, provider, &redaction, &mut report)?;
    }
    if options.json {
        print_json(out, &report)?;
    } else {
        for Written { file, recordings } in &report.written {
            writeln!(out, "{file}: {}", count(*recordings, "recording"))?;
        }
        for why in &report.left_out {
            writeln!(out, "left out: {why}")?;
        }
    }
    if report.written.is_empty() { Err(Failure::Said) } else { Ok(()) }
}

fn one(
    from: &Path,
    to: &Path,
    provider: Option<&str>,
    redaction: &Redaction,
    report: &mut Report,
) -> Result<(), Error> {
    let name = from.display().to_string();
    let text = fs::read(from).map_err(|error| Error::io(format!("read {name}"), error))?;
    let imported = import(&name, &text, provider, redaction)?;
    if !imported.interactions.is_empty() {
        write(to, &imported.interactions)?;
        let file = to.display().to_string();
        report.written.push(Written { file, recordings: imported.interactions.len() });
    }
    report.left_out.extend(imported.left_out);
    Ok(())
}

/// The files of other tools in a folder, in order.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        if entry.file_type()?.is_dir() {
            find(&path, files)?;
        } else if ["har", "json", "yaml", "yml"].contains(&ending) {
            files.push(path);
        }
    }
    Ok(())
}
