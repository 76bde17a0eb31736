//! What may be said after `mock-llm cassette`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::Upstreams;

/// A command about cassettes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Cassette {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes a cassette of another tool's recordings: VCR.py, pytest-recording, Ruby's VCR, HAR.
    #[command(
        after_help = "What it writes is scrubbed as a recording is. FROM may be a folder; TO is one \
        then. Nothing is written over.\n\n\
        Examples:\n  \
        mock-llm cassette convert tests/cassettes/test_chat.yaml tests/cassettes/chat.jsonl\n  \
        mock-llm cassette convert session.har session.jsonl --provider openai\n\n\
        Exit codes: 0 something was written; 1 nothing was."
    )]
    Convert(Convert),
    /// Lists recordings: where they stand, what was asked and what came of it.
    #[command(after_help = "Examples:\n  \
        mock-llm cassette ls                              # all in tests/cassettes\n  \
        mock-llm cassette ls tests/cassettes/weather.jsonl --json")]
    Ls(Ls),
    /// Prints a recording whole.
    #[command(after_help = "Examples:\n  \
        mock-llm cassette show tests/cassettes/weather.jsonl      # all of it\n  \
        mock-llm cassette show tests/cassettes/weather.jsonl:7    # the one at line 7\n  \
        mock-llm cassette show tests/cassettes/weather.jsonl:7 --frames")]
    Show(Show),
    /// Tells how recordings differ, place by place.
    #[command(
        after_help = "Recordings are compared that ask for the same, and then those of one path, \
        in their order.\n\n\
        Examples:\n  \
        mock-llm cassette diff old.jsonl new.jsonl\n  \
        mock-llm cassette diff a.jsonl:2 a.jsonl:9 --ignore /id --ignore /created\n\n\
        Exit codes: 0 they are alike; 1 a file cannot be read; 4 they differ."
    )]
    Diff(Diff),
    /// Counts recordings: providers, models, sizes, duplicates, what broke off.
    #[command(after_help = "Examples:\n  \
        mock-llm cassette stats\n  \
        MOCK_LLM_USAGE=$PWD/used.jsonl cargo test; mock-llm cassette stats --used used.jsonl")]
    Stats(Stats),
    /// Writes an index beside cassettes, with which large ones are opened at once.
    #[command(
        after_help = "FILE.jsonl gets FILE.jsonl.idx. It follows from the cassette and is passed by \
        where it does not fit: put *.jsonl.idx into .gitignore, and write it anew when recordings have \
        changed.\n\n\
        Examples:\n  \
        mock-llm cassette index                               # those of 1 MiB and more\n  \
        mock-llm cassette index tests/cassettes/library.jsonl # this one, however small\n  \
        mock-llm cassette index library.jsonl --ignore /seed  # for `Cassette::ignore(\"/seed\")`"
    )]
    Index(Index),
    /// Looks for secrets, and for files that cannot be read.
    #[command(after_help = "Examples:\n  \
        mock-llm cassette lint\n  \
        mock-llm cassette lint tests/cassettes --redact /metadata --redact-regex 'cust_[0-9]+'\n\n\
        Exit codes: 0 nothing was found; 1 a path cannot be read; 4 something was found.")]
    Lint(Lint),
    /// Masks secrets in files that are there already.
    #[command(after_help = "Files are changed in place, and only where something is masked.\n\n\
        Examples:\n  \
        mock-llm cassette redact tests/cassettes --dry-run\n  \
        mock-llm cassette redact tests/cassettes --redact '/messages/*/name'")]
    Redact(Redact),
    /// Takes recordings out: what broke off, what is there twice, what no test used.
    #[command(
        after_help = "Say at least one of --interrupted, --duplicates and --used. A file of which \
        nothing is left is removed; if one cannot be read, nothing is changed.\n\n\
        Examples:\n  \
        mock-llm cassette prune --interrupted --dry-run\n  \
        rm -f used.jsonl; MOCK_LLM_USAGE=$PWD/used.jsonl cargo test && \\\n    \
        mock-llm cassette prune --used used.jsonl"
    )]
    Prune(Prune),
    /// Asks the providers again, and tells whose answers have another shape by now.
    #[command(
        after_help = "Nothing is written. Keys come from OPENAI_API_KEY, ANTHROPIC_API_KEY, and \
        GEMINI_API_KEY or GOOGLE_API_KEY; the calls cost what such calls cost. Contents differ with each \
        answer and count for nothing; fields, their types and the kinds of events do.\n\n\
        Examples:\n  \
        mock-llm cassette verify\n  \
        mock-llm cassette verify tests/cassettes/weather.jsonl --upstream openai=http://127.0.0.1:11434/v1\n\n\
        Exit codes: 0 all are as recorded; 1 something could not be asked again; 4 something drifted."
    )]
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(super) struct Paths {
    /// Files, and folders in which each file that ends in `.jsonl` is a cassette.
    #[arg(value_name = "PATH", default_value = "tests/cassettes")]
    pub(super) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Convert {
    /// The other tool's file, or a folder of them (`.yaml`, `.yml`, `.json`, `.har`).
    pub(super) from: PathBuf,
    /// The cassette, or a folder for them.
    pub(super) to: PathBuf,
    /// Whose API it is where the host does not say it: `openai`, `anthropic`, `gemini`. Without it,
    /// requests to other hosts are left out.
    #[arg(long, value_name = "NAME")]
    pub(super) provider: Option<String>,
    #[command(flatten)]
    pub(super) rules: Rules,
    /// Prints one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Index {
    /// Files, and folders in which each file of 1 MiB and more that ends in `.jsonl` gets one: smaller
    /// ones are opened as fast without.
    #[arg(value_name = "PATH", default_value = "tests/cassettes")]
    pub(super) paths: Vec<PathBuf>,
    /// A place that is left out when requests are compared (`Cassette::ignore`, `Cassette::redact`), as a
    /// JSON Pointer in which `*` stands for every element. Say all of them, or the index is of no use.
    #[arg(long, value_name = "POINTER")]
    pub(super) ignore: Vec<String>,
    /// Prints one JSON array.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Ls {
    #[command(flatten)]
    pub(super) paths: Paths,
    /// Prints one JSON array.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// A file, or `FILE:LINE` for the recording that stands there.
    #[arg(value_name = "FILE[:LINE]")]
    pub(super) recording: String,
    /// Prints each piece of the body as the network gave it, and when.
    #[arg(long)]
    pub(super) frames: bool,
    /// Prints one JSON array.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Diff {
    /// A file, or `FILE:LINE` for one recording.
    #[arg(value_name = "A")]
    pub(super) left: String,
    /// The other.
    #[arg(value_name = "B")]
    pub(super) right: String,
    /// A place in bodies and events that does not matter, as a JSON Pointer in which `*` stands for
    /// every element.
    #[arg(long, value_name = "POINTER")]
    pub(super) ignore: Vec<String>,
    /// Prints one JSON array.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Stats {
    #[command(flatten)]
    pub(super) paths: Paths,
    /// The file that MOCK_LLM_USAGE named while tests ran: lists what they did not use.
    #[arg(long, value_name = "FILE")]
    pub(super) used: Option<PathBuf>,
    /// Prints one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// What is secret beside what always is.
#[derive(Debug, Args)]
pub(super) struct Rules {
    /// A place that is secret too, as a JSON Pointer in which `*` stands for every element.
    #[arg(long, value_name = "POINTER")]
    pub(super) redact: Vec<String>,
    /// A regular expression: what it finds is secret too.
    #[cfg(feature = "regex")]
    #[arg(long, value_name = "PATTERN")]
    pub(super) redact_regex: Vec<String>,
    /// Masks by pseudonyms in place of stars. NAME is the environment variable that has the key.
    #[arg(long, value_name = "NAME")]
    pub(super) pseudonyms: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Lint {
    #[command(flatten)]
    pub(super) paths: Paths,
    #[command(flatten)]
    pub(super) rules: Rules,
    /// Prints one JSON array.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Redact {
    #[command(flatten)]
    pub(super) paths: Paths,
    #[command(flatten)]
    pub(super) rules: Rules,
    /// Changes nothing, and says what would be.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Prints one JSON array.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    pub(super) paths: Paths,
    #[command(flatten)]
    pub(super) upstreams: Upstreams,
    /// Prints one JSON array.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
#[group(id = "what", args = ["interrupted", "duplicates", "used"], required = true, multiple = true)]
pub(super) struct Prune {
    #[command(flatten)]
    pub(super) paths: Paths,
    /// What broke off, or was cut off while it was written. It is never replayed.
    #[arg(long)]
    pub(super) interrupted: bool,
    /// What an earlier recording of the same file says too. A test that asks the same twice needs both,
    /// unless the cassette repeats; with --used, those that were used stay.
    #[arg(long)]
    pub(super) duplicates: bool,
    /// What is not in this file, which MOCK_LLM_USAGE named while all tests ran.
    #[arg(long, value_name = "FILE")]
    pub(super) used: Option<PathBuf>,
    /// Changes nothing, and says what would be.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Prints one JSON array.
    #[arg(long)]
    pub(super) json: bool,
}
