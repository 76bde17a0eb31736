//! `mock-llm init`.

use std::fs::OpenOptions;
use std::io::Write;

use serde::Serialize;

use super::args::Init;
use super::{Failure, print_json};

const STARTER: &str = include_str!("starter.yaml");

/// What `--json` prints.
#[derive(Serialize)]
struct Written {
    file: Option<String>,
    config: Option<&'static str>,
}

pub(super) fn init(options: &Init, out: &mut dyn Write) -> Result<(), Failure> {
    let file = options.file.display();
    if options.file.as_os_str() == "-" {
        if options.json {
            return print_json(out, &Written { file: None, config: Some(STARTER) });
        }
        return Ok(out.write_all(STARTER.as_bytes())?);
    }
    let mut open = OpenOptions::new();
    open.write(true).create_new(!options.force).create(true).truncate(options.force);
    let written = open.open(&options.file).and_then(|mut to| to.write_all(STARTER.as_bytes()));
    match written {
        Ok(()) if options.json => {
            print_json(out, &Written { file: Some(file.to_string()), config: None })
        }
        Ok(()) => Ok(writeln!(out, "wrote {file}; next: mock-llm serve --config {file}")?),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(Failure::Other(format!("{file} is there already; to write over it, say --force")))
        }
        Err(error) => Err(Failure::Other(format!("cannot write {file}: {error}"))),
    }
}
