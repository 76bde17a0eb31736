//! `mock-llm convert`: the files of other tools, made a config file.

mod aimock;
mod import;
mod llmposter;
mod mockllm;
mod stubllm;
#[cfg(test)]
mod tests;
mod words;

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use self::import::Import;
use super::args::Convert;
use super::progress::over;
use super::{Failure, print_json};
use crate::config::{Config, Node, read_tree};

/// A tool whose files are read.
pub(super) struct Importer {
    /// As `--from` has it.
    name: &'static str,
    /// Whether a file looks like one of its.
    is: fn(&Node) -> bool,
    import: fn(&Node, &mut Import<'_>),
}

/// Each tool, in the order in which a file is held against them.
const IMPORTERS: &[Importer] =
    &[aimock::IMPORTER, llmposter::IMPORTER, mockllm::IMPORTER, stubllm::IMPORTER];

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    from: &'static str,
    /// The file that was written; none where it was to be printed.
    output: Option<String>,
    /// The config file, where it was to be printed.
    config: Option<&'a str>,
    /// What could not be carried over.
    lost: &'a [String],
}

pub(super) fn convert(
    options: &Convert,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let files = files(&options.files)?;
    let mut trees = Vec::with_capacity(files.len());
    for file in over(&files) {
        trees.push(read_tree(file)?);
    }
    let importer = match &options.from {
        Some(name) => named(name)?,
        None => guessed(&files, &trees)?,
    };
    let mut lost = Vec::new();
    let mut all = import::Made::default();
    for (file, tree) in files.iter().zip(&trees) {
        let mut import = Import::new(file, &mut all, &mut lost);
        (importer.import)(tree, &mut import);
    }
    let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    let yaml = all.to_yaml(importer.name, &names);
    // What it makes must be a file that loads: with what a user would set in its environment.
    Config::from_yaml(&yaml).map_err(|error| {
        Failure::Other(format!("what came out makes no sense: {error}\n\n{yaml}"))
    })?;
    let output = options.output.as_deref().filter(|path| *path != Path::new("-"));
    if let Some(path) = output {
        if path.exists() && !options.force {
            let path = path.display();
            return Err(Failure::Other(format!("{path} is there already; --force writes over it")));
        }
        std::fs::write(path, &yaml)
            .map_err(|error| Failure::Other(format!("cannot write {}: {error}", path.display())))?;
    }
    if options.json {
        return print_json(
            out,
            &Report {
                from: importer.name,
                output: output.map(|path| path.display().to_string()),
                config: output.is_none().then_some(&yaml),
                lost: &lost,
            },
        );
    }
    match output {
        None => out.write_all(yaml.as_bytes())?,
        Some(path) => writeln!(out, "{}: written, from {}", path.display(), importer.name)?,
    }
    for lost in &lost {
        let _ = writeln!(err, "mock-llm: not carried over: {lost}");
    }
    Ok(())
}

fn named(name: &str) -> Result<&'static Importer, Failure> {
    IMPORTERS.iter().find(|importer| importer.name == name).ok_or_else(|| {
        let names: Vec<_> = IMPORTERS.iter().map(|importer| importer.name).collect();
        Failure::Other(format!("there is no tool `{name}`; it may be {}", names.join(", ")))
    })
}

fn guessed(files: &[PathBuf], trees: &[Node]) -> Result<&'static Importer, Failure> {
    let fits = |importer: &&Importer| trees.iter().all(|tree| (importer.is)(tree));
    IMPORTERS.iter().find(fits).ok_or_else(|| {
        let names: Vec<_> = IMPORTERS.iter().map(|importer| importer.name).collect();
        let first = files.first().map(|file| file.display().to_string()).unwrap_or_default();
        Failure::Other(format!(
            "{first}: not known as a file of any tool; say by --from which it is of: {}",
            names.join(", ")
        ))
    })
}

/// The files that are meant, those in folders in the order of their names.
fn files(given: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in given {
        if path.is_dir() {
            let before = files.len();
            collect(path, 0, &mut files).map_err(|error| {
                Failure::Other(format!("cannot read {}: {error}", path.display()))
            })?;
            files[before..].sort();
            if files.len() == before {
                let path = path.display();
                return Err(Failure::Other(format!("{path}: no .yaml, .yml or .json in it")));
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // Links are not followed, so that it ends.
        if entry.file_type()?.is_dir() {
            if depth < 16 {
                collect(&path, depth + 1, files)?;
            }
        } else if matches!(
            path.extension().and_then(|extension| extension.to_str()),
            Some("json" | "yaml" | "yml")
        ) {
            files.push(path);
        }
    }
    Ok(())
}
