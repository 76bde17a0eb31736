//! `mock-llm cassette lint`, `redact` and `prune`.

use std::io::Write;

use super::args::{Lint, Prune, Redact};
use super::{Failure, count, over, print_json};
use crate::cassette::shelf::{self, Used, lint_with};

pub(super) fn lint(options: &Lint, out: &mut dyn Write) -> Result<(), Failure> {
    let redaction = options.rules.redaction()?;
    let mut flaws = Vec::new();
    let files = options.paths.files()?;
    for file in over(&files) {
        flaws.extend(lint_with(file, &redaction)?);
    }
    if options.json {
        print_json(out, &flaws)?;
    } else if flaws.is_empty() {
        writeln!(out, "{}: nothing was found", count(files.len(), "file"))?;
    } else {
        for flaw in &flaws {
            writeln!(out, "{flaw}")?;
        }
    }
    if flaws.is_empty() { Ok(()) } else { Err(Failure::FoundSaid) }
}

pub(super) fn redact(options: &Redact, out: &mut dyn Write) -> Result<(), Failure> {
    let redaction = options.rules.redaction()?;
    let scrubbed = shelf::scrub(over(&options.paths.files()?), &redaction, !options.dry_run)?;
    if options.json {
        return print_json(out, &scrubbed);
    }
    for it in &scrubbed {
        writeln!(out, "{}:{}: {}", it.file, it.line, it.request)?;
    }
    let done = if options.dry_run { "would be masked" } else { "masked" };
    Ok(writeln!(out, "{} {done}", count(scrubbed.len(), "recording"))?)
}

pub(super) fn prune(options: &Prune, out: &mut dyn Write) -> Result<(), Failure> {
    let used = options.used.as_deref().map(Used::read).transpose()?;
    let Prune { interrupted, duplicates, .. } = *options;
    let what = shelf::Prune { interrupted, duplicates, used };
    let pruned = shelf::prune(over(&options.paths.files()?), &what, !options.dry_run)?;
    if options.json {
        return print_json(out, &pruned);
    }
    for it in &pruned {
        writeln!(out, "{}:{}: {}: {}", it.file, it.line, it.why, it.request)?;
    }
    let done = if options.dry_run { "would be taken out" } else { "taken out" };
    Ok(writeln!(out, "{} {done}", count(pruned.len(), "recording"))?)
}
