//! `mock-llm cassette`.

mod args;
mod convert;
mod diff;
mod index;
mod ls;
mod show;
#[cfg(test)]
mod tests;
mod tidy;
mod verify;

use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) use self::args::Cassette;
use self::args::{Command, Paths, Rules};
use super::progress::over;
use super::{Failure, print_json};
use crate::cassette::shelf::{Recording, Shelved, files};
use crate::cassette::{Mask, Pointer, Redaction};

pub(super) fn cassette(options: &Cassette, out: &mut dyn Write) -> Result<(), Failure> {
    match &options.command {
        Command::Convert(options) => convert::convert(options, out),
        Command::Diff(options) => diff::diff(options, out),
        Command::Index(options) => index::index(options, out),
        Command::Lint(options) => tidy::lint(options, out),
        Command::Ls(options) => ls::ls(options, out),
        Command::Prune(options) => tidy::prune(options, out),
        Command::Redact(options) => tidy::redact(options, out),
        Command::Show(options) => show::show(options, out),
        Command::Stats(options) => ls::stats(options, out),
        Command::Verify(options) => verify::verify(options, out),
    }
}

impl Paths {
    fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        Ok(files(&self.paths)?)
    }
}

impl Rules {
    fn redaction(&self) -> Result<Redaction, Failure> {
        #[cfg(feature = "regex")]
        let pattern = |text: &String| {
            regex::Regex::new(text)
                .map_err(|error| Failure::Other(format!("--redact-regex: {error}")))
        };
        let key = |name: &String| {
            std::env::var(name)
                .map_err(|error| Failure::Other(format!("--pseudonyms {name}: {error}")))
        };
        let key = self.pseudonyms.as_ref().map(key).transpose()?;
        Ok(Redaction {
            mask: key.map(|key| Mask::by_key(key.as_bytes())).unwrap_or_default(),
            pointers: pointers(&self.redact)?,
            #[cfg(feature = "regex")]
            patterns: self.redact_regex.iter().map(pattern).collect::<Result<_, _>>()?,
        })
    }
}

fn pointers(texts: &[String]) -> Result<Vec<Pointer>, Failure> {
    Ok(texts.iter().map(|text| Pointer::parse(text)).collect::<Result<_, _>>()?)
}

/// A file, and which of its recordings are meant.
struct Chosen {
    file: Shelved,
    line: Option<usize>,
}

impl Chosen {
    /// `FILE` or `FILE:LINE`.
    fn read(text: &str) -> Result<Self, Failure> {
        let named = text.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
        let (file, line) = match named {
            // There may be colons in the name.
            Some((file, line)) if !Path::new(text).exists() => (file, Some(line)),
            _ => (text, None),
        };
        let chosen = Self { file: Shelved::open(Path::new(file))?, line };
        if chosen.recordings().is_empty() && line.is_some() {
            let lines: Vec<_> =
                chosen.file.recordings.iter().map(|it| it.line().to_string()).collect();
            return Err(Failure::Other(format!(
                "no recording is at {text}; they begin at the lines {}",
                lines.join(", ")
            )));
        }
        Ok(chosen)
    }

    fn recordings(&self) -> Vec<&Recording> {
        let is_meant = |recording: &&Recording| match self.line {
            None => true,
            Some(line) => recording.lines().contains(&line),
        };
        self.file.recordings.iter().filter(is_meant).collect()
    }
}

/// `1 recording`, `2 recordings`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
