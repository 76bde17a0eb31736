//! `mock-llm cassette index`.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::args::Index;
use super::{Failure, count, pointers, print_json};
use crate::cassette::Folder;
use crate::cassette::index::{ENDING, Written, write};
use crate::cassette::shelf::files;

/// Smaller cassettes of a folder need no index.
const SMALL: u64 = 1 << 20;

#[derive(Serialize)]
struct Line {
    file: String,
    recordings: usize,
    bytes: usize,
}

pub(super) fn index(options: &Index, out: &mut dyn Write) -> Result<(), Failure> {
    let left_out = pointers(&options.ignore)?;
    let mut lines = Vec::new();
    for path in files(&options.paths)? {
        let is_small = std::fs::metadata(&path).is_ok_and(|known| known.len() < SMALL);
        if is_small && !options.paths.contains(&path) {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let folder = Folder::new(path.parent().unwrap_or(Path::new("")));
        let Written { recordings, bytes } = write(&folder, &name, &left_out)?;
        lines.push(Line { file: format!("{}{ENDING}", path.display()), recordings, bytes });
    }
    if options.json {
        return print_json(out, &lines);
    }
    for Line { file, recordings, bytes } in &lines {
        let kib = bytes.div_ceil(1024);
        writeln!(out, "{file}: {}, {kib} KiB", count(*recordings, "recording"))?;
    }
    if lines.is_empty() {
        writeln!(
            out,
            "no index was written: all are smaller than 1 MiB; name the files that need one"
        )?;
    }
    Ok(())
}
